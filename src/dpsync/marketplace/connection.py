"""The way to the marketplace: aiohttp in the shape of a transport of httpx2.

A room of its own because it is what a read costs, and because it keeps aiohttp out of everything else: requests, answers,
urls, errors and TLS settings stay httpx2's (docs/adr/0016-aiohttp-in-the-shape-of-httpx2.md). Importing it takes longer than
all else that a command imports, so that the client does that when it first sends. Must never send a request a second time,
follow an answer, or decide what an error means.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from yarl import URL

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientTimeout
    from aiohttp.connector import Connection as Held
    from aiohttp.tracing import Trace

_LONGEST_HEAD: Final = 100 * 1024
_IDLE_FOR: Final = 30.0
"""The seconds after which a connection that nobody used is not trusted any more."""

_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""The headers that aiohttp would add to a request that does not have them."""

_BROKEN: Final = (aiohttp.ClientError, OSError, ValueError)
"""Whatever aiohttp raises."""


class Connection(httpx2.AsyncBaseTransport):
    """Carries requests to one marketplace, `at_once` at the same time and over as many connections at most.

    `secure` is for https; the way to an https host leads through the proxy of the environment, if there is one. An answer
    is read to its end before it is given back. Raises what httpx2's own transport raises: `httpx2.TransportError` of the
    kind that tells whether the request was sent.
    """

    def __init__(self, secure: ssl.SSLContext | None, at_once: int) -> None:
        if secure is not None:
            secure.set_alpn_protocols(["http/1.1"])
        self._secure = secure
        self._at_once = at_once
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        session = self._session or self._opened(request.url)
        try:
            response = await session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[
                    (name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw
                ],
                data=await request.aread() or None,
                timeout=_timeout(request.extensions.get("timeout", {})),
                allow_redirects=False,
            )
            if response.status == 101:
                response.close()
                raise httpx2.RemoteProtocolError("The server wants to speak another protocol.")
            content = await response.read()
        except _BROKEN as problem:
            raise _after_connecting(problem) from problem
        return httpx2.Response(response.status, headers=list(response.raw_headers), content=content)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self, url: httpx2.URL) -> aiohttp.ClientSession:
        """The session, which has to be made within the event loop."""
        secure = True if self._secure is None else self._secure
        self._session = aiohttp.ClientSession(
            connector=_Connector(ssl=secure, limit=self._at_once, keepalive_timeout=_IDLE_FOR),
            middlewares=[_once],
            proxy=_proxy_for(url),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ADDED,
            auto_decompress=False,  # httpx2 does that
            max_line_size=_LONGEST_HEAD,
            max_field_size=_LONGEST_HEAD,
        )
        return self._session


class _Connector(aiohttp.TCPConnector):
    """Gives out connections over which nothing came since, and tells what failed before a request was sent."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's name for it
    ) -> Held:
        try:
            while True:
                held = await super().connect(req, traces, timeout)
                if held.protocol is not None and not held.protocol.should_close:
                    return held
                # An answer came that nobody asked for. It would be taken for that of this request.
                held.close()
        except TimeoutError as problem:
            raise httpx2.ConnectTimeout(str(problem)) from problem
        except aiohttp.ClientHttpProxyError as problem:
            raise httpx2.ProxyError(f"{problem.status} {problem.message}") from problem
        except _BROKEN as problem:
            raise httpx2.ConnectError(_said(problem)) from problem


async def _once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Send a request, and let nobody send it again: aiohttp does where it sees an error of its own, but not one of httpx2."""
    try:
        return await send(request)
    except _BROKEN as problem:
        raise _after_connecting(problem) from problem


def _after_connecting(problem: Exception) -> httpx2.TransportError:
    """What httpx2 calls a failure of a connection that had been there."""
    said = str(problem)
    match problem:
        case TimeoutError():
            return httpx2.ReadTimeout(said)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return httpx2.RemoteProtocolError(said)
        case aiohttp.ClientConnectionResetError():
            return httpx2.WriteError(said)
        case ValueError():
            return httpx2.LocalProtocolError(said)
        case _:
            return httpx2.ReadError(said)


def _said(problem: Exception) -> str:
    """What the system said, without what aiohttp puts around it."""
    match problem:
        case aiohttp.ClientConnectorCertificateError():
            return str(problem.certificate_error)
        case aiohttp.ClientConnectorError():
            return str(problem.os_error)
        case _:
            return str(problem)


def _timeout(seconds: Mapping[str, float | None]) -> ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds.get("connect"), sock_read=seconds.get("read"))


def _proxy_for(url: httpx2.URL) -> str | None:
    """The proxy that the environment names for a url, if it makes no exception for the host.

    Raises httpx2.UnsupportedProtocol for one that aiohttp does not know how to ask.
    """
    if url.scheme != "https" or proxy_bypass(url.netloc.decode("ascii")):
        return None
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy:
        return None
    scheme, known, _ = proxy.partition("://")
    if known and scheme.casefold() not in {"http", "https"}:
        raise httpx2.UnsupportedProtocol(
            f"The proxy of the environment is {scheme}://; only http and https are known."
        )
    return proxy if known else f"http://{proxy}"

"""One connection: HTTP/1.1 over asyncio's own sockets, in the shape of a transport of httpx2.

A room of its own because it is what a read costs. The client keeps a connection for each request that may be under way,
and so needs nothing of what httpx2's own transport does besides (a pool, a choice of event loops, hooks for tracing),
which is half of the processor time of a read (benchmarks/README.md, docs/adr/0016-one-connection-each.md). What is sent
and what comes is still written and read by h11, which is strict. Must never retry or decide what an error means.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final
from urllib.request import getproxies

import h11
import httpx2

_LONGEST_HEAD: Final = 100 * 1024
_IDLE_FOR: Final = 30.0
"""The seconds after which a connection that nobody used is not trusted any more."""

_NEXT_ADDRESS_AFTER: Final = 0.25
"""The seconds after which the next address of a host is tried as well (RFC 8305)."""


def opener(secure: ssl.SSLContext | None) -> Callable[[], httpx2.AsyncBaseTransport]:
    """What opens one more connection; `secure` is for https.

    Where the environment names a proxy, connections are httpx2's own, which knows how to speak to one.
    """
    if secure is not None and getproxies().keys() & {"https", "all"}:
        return lambda: _ByProxy(secure)
    if secure is not None:
        secure.set_alpn_protocols(["http/1.1"])
    return lambda: Connection(secure)


class _ByProxy(httpx2.AsyncBaseTransport):
    """One connection through the proxy of the environment, if it does not make an exception for the host."""

    def __init__(self, secure: ssl.SSLContext) -> None:
        one = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_FOR)
        self._client = httpx2.AsyncClient(verify=secure, limits=one, http2=False, follow_redirects=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._client.send(request)

    async def aclose(self) -> None:
        await self._client.aclose()


class Connection(httpx2.AsyncBaseTransport):
    """Carries one request at a time; opens when it is first used, and again where the server has closed it meanwhile.

    `secure` is for https. An answer is read to its end before it is given back. Raises what httpx2's own transport
    raises: `httpx2.TransportError` of the kind that tells whether the request was sent.
    """

    def __init__(self, secure: ssl.SSLContext | None) -> None:
        self._secure = secure
        self._wire: _Wire | None = None
        self._trusted_until = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        timeouts = request.extensions.get("timeout", {})
        wire = await self._opened(request.url, timeouts.get("connect"))
        kept = False
        try:
            response = await _exchanged(wire, request, timeouts.get("read"))
            kept = wire.may_be_used_again()
        finally:
            # Also where the task is cancelled: what is left of the answer must not be taken for that of the next request.
            if kept:
                self._wire, self._trusted_until = wire, wire.loop.time() + _IDLE_FOR
            else:
                wire.close()
        return response

    async def aclose(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _opened(self, url: httpx2.URL, seconds: float | None) -> _Wire:
        """The wire that is idle, or a new one."""
        wire, self._wire = self._wire, None
        if wire is not None:
            if wire.is_silent and wire.loop.time() < self._trusted_until:
                return wire
            wire.close()
        secure = self._secure if url.scheme == "https" else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, wire = await loop.create_connection(
                    lambda: _Wire(loop),
                    url.host,
                    url.port or (443 if url.scheme == "https" else 80),
                    ssl=secure,
                    happy_eyeballs_delay=_NEXT_ADDRESS_AFTER,
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpx2.ConnectError(str(error)) from error
        return wire


class _Wire(asyncio.Protocol):
    """A socket that is open, and what came over it and was not asked for yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._came: list[bytes] = []
        self._ended = False
        self._error: Exception | None = None
        self._awaited: asyncio.Future[None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came.append(data)
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    # What a connection calls.

    @property
    def is_silent(self) -> bool:
        """Whether the server has neither closed it nor said anything that it was not asked."""
        return not (self._came or self._ended or self._transport.is_closing())

    def may_be_used_again(self) -> bool:
        """Whether another request can follow; makes it ready for that. Not where more came than the answer."""
        if (self.http.our_state, self.http.their_state) != (h11.DONE, h11.DONE) or self.http.trailing_data[0]:
            return False
        self.http.start_next_cycle()
        return True

    def send(self, content: bytes) -> None:
        """Send; nothing waits until it is sent, because after that an answer is waited for."""
        self._transport.write(content)

    async def received(self, seconds: float | None) -> bytes:
        """What came, at once or as soon as there is something; empty at the end. Raises OSError and TimeoutError."""
        if not self._came and not self._ended:
            self._awaited = self.loop.create_future()
            async with asyncio.timeout(seconds):
                await self._awaited
        if not self._came and self._error is not None:
            raise self._error
        came = b"".join(self._came)
        self._came.clear()
        return came

    def close(self) -> None:
        self._transport.abort()


async def _exchanged(wire: _Wire, request: httpx2.Request, seconds: float | None) -> httpx2.Response:
    """Send the request, and read the answer to its end."""
    try:
        await _send(wire, request)
        return await _answer(wire, seconds)
    except TimeoutError as error:
        raise httpx2.ReadTimeout(str(error)) from error
    except OSError as error:
        raise httpx2.ReadError(str(error)) from error
    except h11.LocalProtocolError as error:
        raise httpx2.LocalProtocolError(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx2.RemoteProtocolError(str(error)) from error


async def _send(wire: _Wire, request: httpx2.Request) -> None:
    http = wire.http
    url = request.url
    head = h11.Request(method=request.method, target=url.raw_path, headers=request.headers.raw)
    pieces = [http.send(head)]
    if body := await request.aread():
        pieces.append(http.send(h11.Data(body)))
    pieces.append(http.send(h11.EndOfMessage()))
    wire.send(b"".join(filter(None, pieces)))


async def _answer(wire: _Wire, seconds: float | None) -> httpx2.Response:
    http = wire.http
    head: h11.Response | None = None
    pieces: list[bytes] = []
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            came = await wire.received(seconds)
            if not came and head is None:
                raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
            http.receive_data(came)
        elif isinstance(event, h11.Data):
            pieces.append(bytes(event.data))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return httpx2.Response(
                head.status_code, headers=head.headers.raw_items(), content=b"".join(pieces)
            )

"""One request and what became of it, told apart finely: for `dpsync doctor`, which wants to know why.

A room of its own because the client (`client.py`) is patient, tries again, and says one sentence; here nothing is tried
again and every way to fail has a name. It asks who the token belongs to, a GET, through the same wall of hosts. It must
never be used for anything that a plan is made from.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx2

from dpsync import __version__
from dpsync.errors import MarketplaceError
from dpsync.marketplace import answers, hosts
from dpsync.marketplace.answers import moment_of
from dpsync.marketplace.client import ReadClient
from dpsync.marketplace.endpoints import data_product, domain, people
from dpsync.marketplace.paths import below
from dpsync.model.secret import Token
from dpsync.model.state import Caller, Domain

_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_TIMEOUT = 10.0
_MOST_ASKED = 5


class Trouble(StrEnum):
    """Why a request brought no usable answer."""

    CERTIFICATES = "certificates"
    HOST = "host"
    NAME = "name"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    WEB_PAGE = "web-page"
    TOKEN = "token"  # noqa: S105  # the name of a trouble
    STATUS = "status"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it: the caller, or a trouble with what was said. `server_time` is the marketplace's own clock.

    `segment` is where the tenant lives, as the answer says.
    """

    caller: Caller | None = None
    segment: str | None = None
    trouble: Trouble | None = None
    said: str = ""
    server_time: float | None = None


def proxy_of(environ: Mapping[str, str], host: str) -> str | None:
    """The proxy that requests to a host go through, without a user or a password in it; None without one."""
    without = [one.strip() for one in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",")]
    if any(
        one and (one == "*" or host == one.lstrip(".") or host.endswith("." + one.lstrip(".")))
        for one in without
    ):
        return None
    url = next((environ[name] for name in _PROXIES if environ.get(name)), None)
    if url is None:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "(not a url)"


@dataclass(frozen=True, slots=True)
class Inside:
    """What a token sees: whom it acts as, the domains that it may use, and whether forms say what they are for.

    `says_types` is None where no product with a form could be asked; it is what tells the vintages apart (FACTS 1.9).
    """

    caller: Caller
    domains: tuple[Domain, ...]
    says_types: bool | None


async def look_inside(client: ReadClient) -> Inside:
    """Read what a token sees. Raises MarketplaceError."""
    caller = people.caller(await client.get(people.CALLER))
    domains = domain.read(await client.get(domain.PATH))
    async for page in client.pages_by_token(data_product.COLLECTION):
        for product in page[:_MOST_ASKED]:
            payload = await client.get(below(data_product.COLLECTION, product["id"], "request-forms"))
            if isinstance(payload, list) and payload:
                says = any(isinstance(one, dict) and "requestType" in one for one in payload)
                return Inside(caller, domains, says)
        break
    return Inside(caller, domains, None)


async def probe(url: str, token: Token, allowed_hosts: Collection[str]) -> Probed:
    """Ask once who the token belongs to. Raises UsageError for a url that must not get it, and nothing else."""
    address = hosts.checked(url, allowed_hosts)
    secret = token.reveal()
    secure = address.startswith("https:")
    try:
        trusted = httpx2.create_ssl_context() if secure else None
    except (OSError, ssl.SSLError) as problem:
        return Probed(trouble=Trouble.CERTIFICATES, said=_said(problem, secret))
    from dpsync.marketplace.connection import Connection

    headers = {
        "Authorization": f"Bearer {secret}",
        "User-Agent": f"dpsync/{__version__}",
        "Accept": "application/json",
    }
    try:
        async with httpx2.AsyncClient(
            transport=Connection(trusted, 1), follow_redirects=False, timeout=_TIMEOUT, headers=headers
        ) as client:
            response = await client.get(f"{address}{people.CALLER}")
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.DecodingError, ValueError) as problem:
        return Probed(trouble=_trouble(problem, address), said=_said(problem, secret))
    return _understood(response, secret)


def _understood(response: httpx2.Response, secret: str) -> Probed:
    at = moment_of(response.headers.get("date", ""))
    status = response.status_code
    if 300 <= status < 400:
        where = answers.shown(urlsplit(response.headers.get("location", "")).hostname or "somewhere", secret)
        return Probed(trouble=Trouble.REDIRECT, said=where, server_time=at)
    if response.content[:200].lstrip().startswith(b"<"):
        return Probed(trouble=Trouble.WEB_PAGE, said=str(status), server_time=at)
    try:
        if status != 200:
            raise answers.error_of(response, "GET", people.CALLER, secret)
        payload = answers.content_of(response, "GET", people.CALLER)
        return Probed(people.caller(payload), _segment(payload), server_time=at)
    except MarketplaceError as problem:
        trouble = Trouble.TOKEN if status == 401 else Trouble.CONTENT if status == 200 else Trouble.STATUS
        return Probed(trouble=trouble, said=answers.shown(problem.message, secret), server_time=at)


def _segment(payload: Any) -> str | None:
    tenant = payload.get("tenantInfo") if isinstance(payload, dict) else None
    segment = tenant.get("globalSegment") if isinstance(tenant, dict) else None
    return segment if isinstance(segment, str) and segment else None


def _trouble(problem: Exception, address: str) -> Trouble:
    """Which trouble an exception of the connection means; what is said in it is all there is to tell some apart."""
    said = str(problem)
    if "CERTIFICATE" in said or "certificate" in said or isinstance(problem.__cause__, ssl.SSLError):
        return Trouble.CERTIFICATE
    proxied = (
        address.startswith("https:") and proxy_of(os.environ, urlsplit(address).hostname or "") is not None
    )
    if isinstance(problem, httpx2.ProxyError) or (proxied and isinstance(problem, httpx2.ConnectError)):
        return Trouble.PROXY
    if isinstance(problem, httpx2.TimeoutException):
        return Trouble.TIMEOUT
    if any(
        words in said
        for words in ("Name or service", "getaddrinfo", "nodename nor servname", "name resolution")
    ):
        return Trouble.NAME
    return Trouble.PROXY if isinstance(problem, ValueError | httpx2.InvalidURL) else Trouble.CONNECTION


def _said(problem: Exception, secret: str) -> str:
    return answers.shown(f"{type(problem).__name__}: {problem}".rstrip(": "), secret)

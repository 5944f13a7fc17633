"""The client: a few connections, one token, bounded and patient; `ReadClient` cannot write, `WriteClient` can.

A room of its own because it is where the wire begins: retries, timeouts, both styles of paging (FACTS 1.5), and errors
that name the call. What a payload means is not its business. A plan is read with a `ReadClient`, which refuses in its
lowest function every verb but GET, and one POST that only reads: the search for applied tags, by its exact path. It must
never be given another way round that.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Final, Self

import httpx2

from dpsync import __version__
from dpsync.errors import BadAnswer, MarketplaceError, Unreachable, UsageError
from dpsync.marketplace import answers, hosts
from dpsync.marketplace.assumptions import PAGE
from dpsync.marketplace.paths import operation
from dpsync.marketplace.slots import Slots
from dpsync.marketplace.tasks import together
from dpsync.model.call import Call
from dpsync.model.secret import Token

MOST_AT_ONCE: Final = 32
ATTEMPTS: Final = 5

TAG_SEARCH: Final = "/api/metadata/tags/applied/search"
"""The one path that planning may POST to: a search whose filters are its body (FACTS 0.11, 1.5)."""

_IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})
_NOT_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 20.0

Params = Mapping[str, str | int | Sequence[str]]
Settled = Callable[[], Awaitable[bool]]
"""Answers whether a write whose answer was lost took effect."""


class _Next(Enum):
    """What may follow a request that failed."""

    AGAIN = auto()  # it was not carried out: the same may be sent once more
    UNSURE = auto()  # it may have been carried out, and the reason may pass
    STOP = auto()


@dataclass(frozen=True, slots=True)
class _Failure:
    error: MarketplaceError
    follows: _Next
    wait: float | None = None


class ReadClient:
    """Reads a marketplace, and nothing else. An async context manager.

    It sends GET only, and a POST to `TAG_SEARCH`, which reads.

    `url` is an environment's, such as `https://na.api.immutacloud.com/marketplace`; paths are below it. `allowed_hosts`
    are hosts that may get the token besides the vendor's and this machine. `requests` counts what was sent, by operation.
    Raises UsageError for a url that must not get the token; every method may raise `MarketplaceError`.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"GET"})

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        allowed_hosts: Collection[str] = frozenset(),
        transport: httpx2.AsyncBaseTransport | None = None,
        parallelism: int = 10,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        if not 1 <= parallelism <= MOST_AT_ONCE:
            raise UsageError(f"The parallelism is from 1 to {MOST_AT_ONCE}, not {parallelism}.")
        check = hosts.checked if transport is None else hosts.checked_in_process
        self._url = check(url, allowed_hosts)
        self._secret = _usable(token)
        self.parallelism = parallelism
        self.requests: Counter[str] = Counter()
        self._slots = Slots(parallelism)
        self._sleep, self._jitter, self._clock, self._wall_clock = sleep, jitter, clock, wall_clock
        self._not_before = 0.0
        secure = self._url.startswith("https:")
        verify: ssl.SSLContext | bool = httpx2.create_ssl_context() if secure and transport is None else False

        def opened() -> httpx2.AsyncClient:
            return httpx2.AsyncClient(
                transport=transport,
                verify=verify,
                trust_env=secure,
                http2=False,
                follow_redirects=False,
                timeout=httpx2.Timeout(read_timeout, connect=connect_timeout, pool=None),
                limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0),
                headers={
                    "Authorization": f"Bearer {self._secret}",
                    "User-Agent": f"dpsync/{__version__}",
                    "Accept": "application/json",
                },
            )

        self._opened: Callable[[], httpx2.AsyncClient] = opened
        self._connections: list[httpx2.AsyncClient] = []
        self._idle: list[httpx2.AsyncClient] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for connection in self._connections:
            await connection.aclose()

    async def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON at a path."""
        response = await self._request("GET", path, params=params)
        return answers.content_of(response, "GET", path) if response is not None else None

    async def search(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a search answers whose filters are a body; sent again like a GET.

        There is one, `TAG_SEARCH`; any other path is refused, and nothing is sent.
        """
        if path != TAG_SEARCH:
            raise RuntimeError(f"POST {path} is not known to only read; nothing was sent.")
        response = await self._request("POST", path, body=dict(body))
        return answers.content_of(response, "POST", path) if response is not None else None

    async def pages_by_token(
        self, path: str, params: Params | None = None, *, key: str | tuple[str, ...] = "id"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list with a `nextToken`, to its end. Raises BadAnswer if it does not come to one.

        `key` names the id of an entry, or the fields that are one together: one that comes twice means that the list moved
        or does not advance.
        """
        seen: set[object] = set()
        tokens: set[str] = set()
        query: dict[str, str | int | Sequence[str]] = {**(params or {}), "limit": PAGE}
        while True:
            entries, meta = _page(await self._page_at(path, query), path)
            _note(entries, key, seen, path)
            token = meta.get("nextToken", 0)
            if token is not None and not (isinstance(token, str) and token):
                raise _bad_list(path, "a page does not say whether it is the last (`meta.nextToken`)")
            if token in tokens:
                raise _bad_list(path, "the same `nextToken` came twice")
            if token is not None and not entries:
                raise _bad_list(path, "an empty page says that there is more")
            yield entries
            if token is None:
                return
            tokens.add(token)
            query["nextToken"] = token

    async def pages_by_offset(
        self, path: str, params: Params | None = None, *, key: str | tuple[str, ...] = "id"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list with `offset` and `totalCount`, to its end; all but the first are read at once.

        Raises BadAnswer if the total changes, a page is short, or an entry comes twice.
        """
        seen: set[object] = set()
        query: dict[str, str | int | Sequence[str]] = {**(params or {}), "limit": PAGE}
        first, meta = _page(await self._page_at(path, {**query, "offset": 0}), path)
        total = _total(meta, path)
        step = len(first)
        if step > total or (step == 0 and total > 0):
            raise _bad_list(path, f"{step} of {total} entries came on the first page")
        _note(first, key, seen, path)
        yield first
        if step == total:
            return
        offsets = range(step, total, step)
        rest = await together(*(self._page_at(path, {**query, "offset": offset}) for offset in offsets))
        for offset, payload in zip(offsets, rest, strict=True):
            entries, meta = _page(payload, path)
            if _total(meta, path) != total:
                raise _bad_list(path, f"it had {total} entries, then {_total(meta, path)}")
            if len(entries) != min(step, total - offset):
                raise _bad_list(path, f"{len(entries)} entries came at {offset} of {total}")
            _note(entries, key, seen, path)
            yield entries

    async def _page_at(self, path: str, query: Params) -> Any:
        response = await self._request("GET", path, params=query, first=True)
        return answers.content_of(response, "GET", path) if response is not None else None

    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        first: bool = False,
        settled: Settled | None = None,
        look: str = "",
    ) -> httpx2.Response | None:
        """Send until there is a good answer, or no hope of one. None if a lost write turned out to have taken effect.

        `look` is what to do about a POST whose answer is lost and that cannot be settled.
        """
        if method not in self.methods and not _is_search(method, path):
            raise RuntimeError(f"{type(self).__name__} may not send {method} {path}; nothing was sent.")
        attempt = 1
        while True:
            async with self._slots.taken(first=first):
                outcome = await self._attempt(method, path, params, body)
                if isinstance(outcome, httpx2.Response):
                    return outcome
                self._raise_if_final(outcome, settled, look, again=_may_repeat(method, path))
                if attempt < ATTEMPTS:
                    await self._sleep(self._delay(outcome, attempt))
            if outcome.follows is _Next.UNSURE and settled is not None and await settled():
                return None
            if attempt == ATTEMPTS:
                raise _given_up(outcome.error)
            attempt += 1

    def _raise_if_final(self, failure: _Failure, settled: Settled | None, look: str, *, again: bool) -> None:
        """Raise what ends it. `again` says that the request does no harm if it is carried out twice."""
        if failure.follows is _Next.STOP:
            raise failure.error
        if failure.follows is _Next.UNSURE and not again and settled is None:
            raise _not_known(failure.error, look)

    async def _attempt(
        self, method: str, path: str, params: Params | None, body: Any
    ) -> httpx2.Response | _Failure:
        pause = self._not_before - self._clock()
        if pause > 0:
            await self._sleep(pause)
        self.requests[operation(method, path)] += 1
        try:
            response = await self._sent(method, path, params, body)
        except httpx2.DecodingError:
            text = f"{method} {path} was answered with bytes that cannot be decoded."
            return _Failure(BadAnswer(text, method=method, path=path), _Next.STOP)
        except httpx2.TransportError as problem:
            return self._broken(problem, method, path)
        if response.is_success:
            return response
        error = answers.error_of(response, method, path, self._secret)
        wait = answers.wait_of(response, self._wall_clock())
        if response.status_code == 429:
            return _Failure(error, _Next.AGAIN, wait)
        if response.status_code in answers.PASSING or (
            response.status_code >= 500 and not _may_repeat(method, path)
        ):
            return _Failure(error, _Next.UNSURE, wait)
        return _Failure(error, _Next.STOP)

    async def _sent(self, method: str, path: str, params: Params | None, body: Any) -> httpx2.Response:
        """Send on a connection that is idle, or on a new one.

        Each has a pool of its own: one pool looks over all of its connections for every request (benchmarks/README.md).
        """
        if not self._idle:
            self._idle.append(self._opened())
            self._connections.append(self._idle[-1])
        connection = self._idle.pop()
        try:
            return await connection.request(method, self._url + path, params=params, json=body)
        finally:
            self._idle.append(connection)

    def _broken(self, problem: httpx2.TransportError, method: str, path: str) -> _Failure:
        said = answers.shown(f"{type(problem).__name__}: {problem}".rstrip(": "), self._secret)
        text = f"{self._url} does not answer {method} {path} ({said})."
        if "CERTIFICATE_VERIFY_FAILED" in said:
            remedy = "Point SSL_CERT_FILE at your organisation's certificates if a proxy stands in between."
            return _Failure(Unreachable(text, remedy, method=method, path=path), _Next.STOP)
        remedy = "Check that this is the right url and that it can be reached from here, then run again."
        error = Unreachable(text, remedy, method=method, path=path)
        return _Failure(error, _Next.AGAIN if isinstance(problem, _NOT_SENT) else _Next.UNSURE)

    def _delay(self, failure: _Failure, attempt: int) -> float:
        """Full jitter, or what the server asks for; a server that limits is left alone by all until then."""
        if failure.wait is None:
            return self._jitter() * min(_LONGEST_DELAY, _FIRST_DELAY * float(2 ** (attempt - 1)))
        if failure.error.status == 429:
            self._not_before = max(self._not_before, self._clock() + failure.wait)
        return failure.wait


class WriteClient(ReadClient):
    """Reads and writes a marketplace."""

    methods: ClassVar[frozenset[str]] = frozenset({"GET", "POST", "PUT", "DELETE"})

    async def send(self, call: Call, *, settled: Settled | None = None) -> Any:
        """Make one write; the JSON of its answer, or None where there is none.

        A POST whose answer is lost is sent again only if `settled` says that it did not take effect; without `settled`,
        the error is raised. PUT and DELETE set a state, so that sending them again is safe.
        """
        response = await self._request(
            call.method, call.path, body=None if call.body is None else dict(call.body), settled=settled
        )
        return None if response is None else answers.confirmation_of(response, call.method, call.path)


def _is_search(method: str, path: str) -> bool:
    return method == "POST" and path == TAG_SEARCH


def _may_repeat(method: str, path: str) -> bool:
    return method in _IDEMPOTENT or _is_search(method, path)


def _usable(token: Token) -> str:
    text = token.reveal()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(
            "The token is empty, or has a blank or a line break in it."
            if text.isascii()
            else "The token has characters that no token has.",
            "Copy it again from the marketplace, Personal access tokens.",
        )
    return text


def _given_up(error: MarketplaceError) -> MarketplaceError:
    text = f"{error.message} Tried {ATTEMPTS} times."
    return type(error)(text, error.remedy, method=error.method, path=error.path, status=error.status)


def _not_known(error: MarketplaceError, look: str) -> MarketplaceError:
    text = f"{error.message.rstrip('.')}. Whether it took effect is not known."
    return type(error)(text, look or error.remedy, method=error.method, path=error.path, status=error.status)


def _bad_list(path: str, why: str) -> BadAnswer:
    return BadAnswer(
        f"The list {path} could not be read to its end: {why}.",
        "Somebody may have changed it meanwhile; run again.",
        method="GET",
        path=path,
        status=200,
    )


def _page(payload: Any, path: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    entries = payload.get("data") if isinstance(payload, dict) else None
    meta = payload.get("meta") if isinstance(payload, dict) else None
    if not isinstance(entries, list) or not isinstance(meta, dict):
        raise _bad_list(path, "a page has no `data` or no `meta`")
    return entries, meta


def _total(meta: Mapping[str, Any], path: str) -> int:
    total = meta.get("totalCount")
    if isinstance(total, bool) or not isinstance(total, int | float) or total < 0 or total != int(total):
        raise _bad_list(path, "a page does not say how many entries there are (`meta.totalCount`)")
    return int(total)


def _note(entries: list[dict[str, Any]], key: str | tuple[str, ...], seen: set[object], path: str) -> None:
    names = (key,) if isinstance(key, str) else key
    for entry in entries:
        identity = _identity(entry, names) if isinstance(entry, dict) else None
        if identity is None:
            raise _bad_list(path, f"an entry has no `{'`, `'.join(names)}`")
        if identity in seen:
            raise _bad_list(path, f"{answers.shown(' '.join(map(str, identity)))} came twice")
        seen.add(identity)


def _identity(entry: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | int | float, ...] | None:
    found = []
    for name in names:
        value = entry.get(name)
        if not isinstance(value, str | int | float) or value == "":
            return None
        found.append(value)
    return tuple(found)

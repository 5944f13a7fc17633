"""The client: a few connections, one token, bounded and patient; `ReadClient` cannot write, `WriteClient` can.

A room of its own because it is where the wire begins: retries, timeouts, both styles of paging (FACTS 1.5), and errors
that name the call. What a payload means is not its business. A plan is read with a `ReadClient`, which refuses in its
lowest function every verb but GET, and one POST that only reads: the search for applied tags, by its exact path. It must
never be given another way round that.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Final, Self

import httpx2

from dpsync import __version__
from dpsync.errors import BadAnswer, MarketplaceError, NotAuthenticated, Unreachable, UsageError
from dpsync.marketplace import answers, hosts
from dpsync.marketplace.assumptions import PAGE
from dpsync.marketplace.budget import RETRIES, RetryBudget
from dpsync.marketplace.paths import operation
from dpsync.marketplace.slots import Slots
from dpsync.marketplace.tasks import together
from dpsync.marketplace.watch import Watch
from dpsync.model.call import Call
from dpsync.model.secret import Token

MOST_AT_ONCE: Final = 32
ATTEMPTS: Final = 5

CALL_DEADLINE: Final = 120.0
"""The seconds that one call may take, with its retries and waits; `deadlines.call` of an environment is another figure."""

TAG_SEARCH: Final = "/api/metadata/tags/applied/search"
"""The one path that planning may POST to: a search whose filters are its body (FACTS 0.11, 1.5)."""

_MOST_PAGES: Final = 10_000
"""A list of more pages, a million entries, has no end or does not say how long it is."""

_IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})
_NOT_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 20.0

_TOO_SLOW: Final = "Try again later; `deadlines.call` of the environment in dpsync.yaml says how many seconds a call may take."
_OUTAGE: Final = (
    "The marketplace, or the way to it, fails too often. Wait until it answers steadily, then run again; "
    "what was done stays done."
)

Params = Mapping[str, str | int | Sequence[str]]
Settled = Callable[[], Awaitable[bool]]
"""Answers whether a write whose answer was lost took effect."""


class _Next(Enum):
    """What may follow a request that failed."""

    AGAIN = auto()  # it was not carried out: the same may be sent once more
    UNSURE = auto()  # it may have been carried out, and the reason may pass
    LOOK = auto()  # it may have been carried out, and sending it once more is no use
    STOP = auto()  # it was not carried out, and will not be


_IN_DOUBT: Final = frozenset({_Next.UNSURE, _Next.LOOK})


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
    `call_deadline` are the seconds that one call may take from its first attempt on, waits between attempts included;
    `budget` bounds the retries of all calls together. Both end in `Unreachable`.
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
        call_deadline: float = CALL_DEADLINE,
        budget: RetryBudget | None = None,
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
        self._echo = answers.echo_of(self._secret)
        self._call_deadline = call_deadline
        # Every call that can be under way may use up its attempts once.
        self._budget = budget or RetryBudget(max(RETRIES, ATTEMPTS * parallelism))
        self._slots = Slots(parallelism)
        self._sleep, self._jitter, self._clock, self._wall_clock = sleep, jitter, clock, wall_clock
        self._not_before = 0.0
        self._watch = Watch()
        self._headers = httpx2.Headers(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": f"dpsync/{__version__}",
                "Authorization": f"Bearer {self._secret}",
            }
        )
        timeout = httpx2.Timeout(read_timeout, connect=connect_timeout, pool=None)
        self._extensions = {"timeout": timeout.as_dict()}
        over_tls = self._url.startswith("https:") and transport is None
        self._secure = httpx2.create_ssl_context() if over_tls else None
        self._transport = transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._watch.stop()
        if self._transport is not None:
            await self._transport.aclose()

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
            if len(tokens) == _MOST_PAGES:
                raise _bad_list(path, f"after {_MOST_PAGES} pages there are still more")
            query["nextToken"] = token

    async def pages_by_offset(
        self, path: str, params: Params | None = None, *, key: str | tuple[str, ...] = "id"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list with `offset` and `totalCount`, to its end; all but the first are read at once.

        Each page is asked for from the last entry of the one before it. If that is not the first one to come, the list
        moved in between, also if it is as long as before, and an entry could be missing. Raises BadAnswer then, if the total
        changes, if a page is short, or if an entry comes twice.
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
        if total > step * _MOST_PAGES:
            raise _bad_list(path, f"{step} of {total} entries came on the first page")
        # A server that gives one entry a page leaves no room for one that was there before.
        overlap = 1 if step > 1 else 0
        offsets = range(step - overlap, total - overlap, step - overlap)
        rest = await together(*(self._page_at(path, {**query, "offset": offset}) for offset in offsets))
        last = first[-overlap:] if overlap else []
        for offset, payload in zip(offsets, rest, strict=True):
            entries, meta = _page(payload, path)
            if _total(meta, path) != total:
                raise _bad_list(path, f"it had {total} entries, then {_total(meta, path)}")
            if len(entries) != min(step, total - offset):
                raise _bad_list(path, f"{len(entries)} entries came at {offset} of {total}")
            if [_key_of(one, key) for one in entries[:overlap]] != [_key_of(one, key) for one in last]:
                raise _bad_list(path, f"another entry than before came at {offset} of {total}")
            fresh = entries[overlap:]
            _note(fresh, key, seen, path)
            last = entries[-overlap:] if overlap else []
            yield fresh

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
        doubt = False
        attempt, ends = 1, 0.0
        while True:
            async with self._slots.taken(first=first or attempt > 1):
                if attempt == 1:
                    ends = self._clock() + self._call_deadline
                outcome = await self._attempt(method, path, params, body, ends)
                if isinstance(outcome, httpx2.Response):
                    return outcome
                doubt = doubt or outcome.follows in _IN_DOUBT
                self._raise_if_final(outcome, look, settled=settled, doubt=doubt)
                wait = self._delay(outcome, attempt)
                error = self._ended(outcome, attempt, wait, ends)
                if error is None:
                    await self._sleep(wait)
            is_last = error is not None or method != "PUT"
            if outcome.follows in _IN_DOUBT and settled is not None and is_last:
                if await _has_settled(outcome.error, settled):
                    return None
                doubt = False
                error = error and _said(error, "It was looked up, and had not taken effect.")
            if error is not None:
                raise _not_known(error, look) if doubt and _writes(method, path) else error
            attempt += 1

    def _raise_if_final(self, failure: _Failure, look: str, *, settled: Settled | None, doubt: bool) -> None:
        """Raise what ends a call, unless `settled` can be asked. `doubt` says that it may have been carried out."""
        error, follows = failure.error, failure.follows
        if not _writes(error.method, error.path):
            if follows in {_Next.STOP, _Next.LOOK}:
                raise error
        elif follows is _Next.STOP:
            raise _not_known(error, look, "Whether an earlier attempt took effect") if doubt else error
        elif settled is None and (
            follows is _Next.LOOK or (follows is _Next.UNSURE and error.method not in _IDEMPOTENT)
        ):
            raise _not_known(error, look)

    def _ended(self, failure: _Failure, attempt: int, wait: float, ends: float) -> MarketplaceError | None:
        """The error that ends a call after this failure, or None if it may be sent once more after the wait."""
        if failure.follows is _Next.LOOK:
            return failure.error
        if attempt == ATTEMPTS:
            return _said(failure.error, f"Tried {ATTEMPTS} times.")
        if self._clock() + wait >= ends:
            why = f"A next attempt would come after the {self._call_deadline:g} seconds that a call may take."
            return _said(failure.error, why, _TOO_SLOW)
        take = self._budget.take_when_limited if failure.error.status == 429 else self._budget.take
        if not take():
            why = f"It is not tried again: {self._budget.used} retries are what this run had, and all are used up."
            return _said(failure.error, why, _OUTAGE)
        return None

    async def _attempt(
        self, method: str, path: str, params: Params | None, body: Any, ends: float
    ) -> httpx2.Response | _Failure:
        now = self._clock()
        pause = self._not_before - now
        if pause > 0:
            now = self._not_before
        if now >= ends:
            why = "is limiting how often it is asked" if pause > 0 else "is too slow"
            return self._not_sent(method, path, why)
        if pause > 0:
            await self._sleep(pause)
        pace = self._slots.pace
        self.requests[operation(method, path)] += 1
        try:
            # The timeouts of the connection are per piece of an answer: one that trickles would never end.
            response = await self._watch.within(ends - now, self._sent(method, path, params, body))
        except TimeoutError:
            return self._late(method, path)
        except httpx2.DecodingError:
            text = f"{method} {path} was answered with bytes that cannot be decoded."
            return _Failure(BadAnswer(text, answers.NOT_THE_API, method=method, path=path), _Next.LOOK)
        except httpx2.TransportError as problem:
            return self._broken(problem, method, path)
        if response.is_success:
            return self._good(response, method, path)
        return self._bad(response, method, path, pace)

    def _good(self, response: httpx2.Response, method: str, path: str) -> httpx2.Response | _Failure:
        """An answer of success: without the token, and, if it confirms a write, one that can be read."""
        self._budget.answered()
        self._slots.answered()
        if self._echo and self._echo in response.content:
            response = answers.without_echo(response, self._echo)
        if method != "GET" and _writes(method, path):
            try:
                answers.confirmation_of(response, method, path)
            except BadAnswer as error:
                return _Failure(error, _Next.LOOK)
        return response

    def _bad(self, response: httpx2.Response, method: str, path: str, pace: int) -> _Failure:
        error = answers.error_of(response, method, path, self._secret)
        wait = answers.wait_of(response, self._wall_clock())
        status = response.status_code
        if status == 429:
            self._slots.slow_down(pace)
            return _Failure(error, _Next.AGAIN, wait)
        if status in answers.PASSING:
            return _Failure(error, _Next.UNSURE, wait)
        if status >= 500:
            return _Failure(error, _Next.LOOK if _may_repeat(method, path) else _Next.UNSURE, wait)
        self._budget.answered()
        self._slots.answered()
        return _Failure(error, _Next.STOP)

    def _late(self, method: str, path: str) -> _Failure:
        text = f"{method} {path} was not answered within the {self._call_deadline:g} seconds that a call may take."
        return _Failure(Unreachable(text, _TOO_SLOW, method=method, path=path), _Next.LOOK)

    def _not_sent(self, method: str, path: str, why: str) -> _Failure:
        text = (
            f"{method} {path} could not be sent within the {self._call_deadline:g} seconds that a call may take: "
            f"the marketplace {why}."
        )
        return _Failure(Unreachable(text, _TOO_SLOW, method=method, path=path), _Next.STOP)

    async def _sent(self, method: str, path: str, params: Params | None, body: Any) -> httpx2.Response:
        """Send, once; what carries requests is imported and opened by the first."""
        if self._transport is None:
            from dpsync.marketplace.connection import Connection

            self._transport = Connection(self._secure, self.parallelism)
        request = httpx2.Request(
            method,
            self._url + path,
            params=params,
            json=body,
            headers=self._headers,
            extensions=self._extensions,
        )
        response = await self._transport.handle_async_request(request)
        await response.aread()
        return response

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
        the error is raised. PUT and DELETE set a state, so that sending them again is safe; of a PUT, `settled` is asked when
        it is not sent again.
        """
        response = await self._request(
            call.method, call.path, body=None if call.body is None else dict(call.body), settled=settled
        )
        return None if response is None else answers.confirmation_of(response, call.method, call.path)


def _is_search(method: str, path: str) -> bool:
    return method == "POST" and path == TAG_SEARCH


def _may_repeat(method: str, path: str) -> bool:
    return method in _IDEMPOTENT or _is_search(method, path)


def _writes(method: str, path: str) -> bool:
    return method != "GET" and not _is_search(method, path)


async def _has_settled(lost: MarketplaceError, settled: Settled) -> bool:
    """Whether the write that failed took effect all the same. If that cannot be found out, the error says both."""
    try:
        return await settled()
    except MarketplaceError as error:
        text = (
            f"{lost.message.rstrip('.')}. Whether it took effect is not known, and could not be looked up: "
            f"{error.message}"
        )
        kind = type(error) if isinstance(error, Unreachable | NotAuthenticated) else type(lost)
        raise kind(text, error.remedy, method=lost.method, path=lost.path, status=lost.status) from None


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


def _said(error: MarketplaceError, more: str, remedy: str = "") -> MarketplaceError:
    """The error with one more sentence, and with another remedy if there is one."""
    text = f"{error.message.rstrip('.')}. {more}"
    return type(error)(
        text, remedy or error.remedy, method=error.method, path=error.path, status=error.status
    )


def _not_known(error: MarketplaceError, look: str, what: str = "Whether it took effect") -> MarketplaceError:
    return _said(error, f"{what} is not known.", look)


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
    if isinstance(total, bool) or not isinstance(total, int | float) or total < 0 or total % 1 != 0:
        raise _bad_list(path, "a page does not say how many entries there are (`meta.totalCount`)")
    return int(total)


def _key_of(entry: Any, key: str | tuple[str, ...]) -> tuple[str | int | float, ...] | None:
    names = (key,) if isinstance(key, str) else key
    return _identity(entry, names) if isinstance(entry, dict) else None


def _note(entries: list[dict[str, Any]], key: str | tuple[str, ...], seen: set[object], path: str) -> None:
    names = (key,) if isinstance(key, str) else key
    for entry in entries:
        identity = _key_of(entry, key)
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

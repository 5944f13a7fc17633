"""What a network and a tired server can do to one call, and how the client comes out of it.

A room of its own because two kinds of tests play these: those of the client, one call at a time, and the fault matrix of a
whole apply. Waiting is waiting of the event loop, whose time leaps (`leaping`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import httpx2

from dpsync.errors import BadAnswer, Forbidden, MarketplaceError, NotAuthenticated, Unreachable

Forward = Callable[[], Awaitable[httpx2.Response]]
Play = Callable[[Forward], Awaitable[httpx2.Response]]


def answer(status: int, body: str | bytes = b"{}", **headers: str) -> Play:
    """An answer in the marketplace's place: the call does not arrive."""

    async def play(_forward: Forward) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers=headers)

    return play


def instead(status: int, body: str | bytes = b"{}", **headers: str) -> Play:
    """An answer in place of the marketplace's own: the call takes effect."""

    async def play(forward: Forward) -> httpx2.Response:
        await forward()
        return httpx2.Response(status, content=body, headers=headers)

    return play


def before(problem: type[httpx2.TransportError]) -> Play:
    """The connection fails before the call took effect."""

    async def play(_forward: Forward) -> httpx2.Response:
        raise problem("gone")

    return play


def after(problem: type[httpx2.TransportError]) -> Play:
    """The connection fails after the call took effect."""

    async def play(forward: Forward) -> httpx2.Response:
        await forward()
        raise problem("gone")

    return play


class Trickle(httpx2.AsyncByteStream):
    """An answer of which a piece comes every 20 seconds."""

    def __init__(self, pieces: list[bytes] | None) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces or ():
            await asyncio.sleep(20)
            yield piece
        while self._pieces is None:
            await asyncio.sleep(20)
            yield b" "


async def trickles_for_ever(_forward: Forward) -> httpx2.Response:
    return httpx2.Response(200, stream=Trickle(None))


async def trickles_for_ever_afterwards(forward: Forward) -> httpx2.Response:
    await forward()
    return httpx2.Response(200, stream=Trickle(None))


async def trickles_and_ends(forward: Forward) -> httpx2.Response:
    whole = await forward()
    return httpx2.Response(whole.status_code, stream=Trickle([whole.content[:5], whole.content[5:]]))


async def is_slow(forward: Forward) -> httpx2.Response:
    await asyncio.sleep(100)
    return await forward()


async def never_answers(_forward: Forward) -> httpx2.Response:
    await asyncio.sleep(1e9)
    raise AssertionError


async def says_that_json_is_a_web_page(forward: Forward) -> httpx2.Response:
    whole = await forward()
    return httpx2.Response(whole.status_code, content=whole.content, headers={"content-type": "text/html"})


HTML = "<!doctype html><title>Sign in</title>"
CUT = '{"id": "55555555-5555-45'

KINDS: Final = ("get", "post", "blind post", "put", "delete")
R, U, B, N, F = None, Unreachable, BadAnswer, NotAuthenticated, Forbidden
Expected = tuple[type[MarketplaceError] | None, ...]

AGAIN: Final[Expected] = (R, R, R, R, R)
LOST: Final[Expected] = (R, R, U, R, R)  # as AGAIN; only what cannot be looked up is not sent twice
OUT: Final[Expected] = (U, U, U, U, U)
OUT_AFTERWARDS: Final[Expected] = (U, R, U, U, R)  # what can be looked up is settled
UNREAD: Final[Expected] = (B, B, B, B, B)
UNREAD_AFTERWARDS: Final[Expected] = (B, R, B, B, R)

TROUBLES: Final[Mapping[str, tuple[Play, Expected, Expected]]] = {
    # what happens: how it comes out if it happens once, and if it happens always; in the order of KINDS
    "429 with seconds": (answer(429, **{"retry-after": "7"}), AGAIN, OUT),
    "429 with a date": (answer(429, **{"retry-after": "Thu, 01 Jan 1970 00:00:07 GMT"}), AGAIN, OUT),
    "429 without": (answer(429), AGAIN, OUT),
    "429 with an absurd wait": (answer(429, **{"retry-after": "9" * 400}), AGAIN, OUT),
    "429 with an absurd date": (answer(429, **{"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}), AGAIN, OUT),
    "429 with garbage": (answer(429, HTML, **{"retry-after": "soon"}), AGAIN, OUT),
    "500 before": (answer(500), (B, R, B, B, B), UNREAD),
    "500 afterwards": (instead(500), UNREAD_AFTERWARDS, UNREAD_AFTERWARDS),
    **{f"{status} before": (answer(status, HTML), LOST, OUT) for status in (502, 503, 504)},
    **{f"{status} afterwards": (instead(status, HTML), LOST, OUT_AFTERWARDS) for status in (502, 503, 504)},
    "503 with seconds": (answer(503, **{"retry-after": "30"}), LOST, OUT),
    "no connection": (before(httpx2.ConnectError), AGAIN, OUT),
    "no connection in time": (before(httpx2.ConnectTimeout), AGAIN, OUT),
    "reset before": (before(httpx2.ReadError), LOST, OUT),
    "reset while it is sent": (before(httpx2.WriteError), LOST, OUT),
    "not sent in time": (before(httpx2.WriteTimeout), LOST, OUT),
    "closed before": (before(httpx2.RemoteProtocolError), LOST, OUT),
    "reset afterwards": (after(httpx2.ReadError), LOST, OUT_AFTERWARDS),
    "not answered in time": (after(httpx2.ReadTimeout), LOST, OUT_AFTERWARDS),
    "closed amid the answer": (after(httpx2.RemoteProtocolError), LOST, OUT_AFTERWARDS),
    "a web page": (answer(200, HTML), UNREAD, UNREAD),
    "a web page afterwards": (instead(200, HTML), UNREAD_AFTERWARDS, UNREAD_AFTERWARDS),
    "cut short": (instead(200, CUT), UNREAD_AFTERWARDS, UNREAD_AFTERWARDS),
    "a text": (instead(200, b"OK \xff\x00"), UNREAD_AFTERWARDS, UNREAD_AFTERWARDS),
    "too deep": (instead(200, b"[" * 100_000), UNREAD_AFTERWARDS, UNREAD_AFTERWARDS),
    "not the encoding it says": (
        instead(200, b"no gzip", **{"content-encoding": "gzip"}),
        UNREAD_AFTERWARDS,
        UNREAD_AFTERWARDS,
    ),
    "the wrong content type": (says_that_json_is_a_web_page, AGAIN, AGAIN),
    "a redirect": (answer(302, location="https://evil.example/"), UNREAD, UNREAD),
    "a redirect to nowhere": (answer(302, location="https://[nowhere"), UNREAD, UNREAD),
    "a refused token": (answer(401), (N, N, N, N, N), (N, N, N, N, N)),
    "no permission": (answer(403), (F, F, F, F, F), (F, F, F, F, F)),
    "slow": (is_slow, AGAIN, AGAIN),
    "trickling to its end": (trickles_and_ends, AGAIN, AGAIN),
    "trickling": (trickles_for_ever, OUT, OUT),
    "trickling afterwards": (trickles_for_ever_afterwards, OUT_AFTERWARDS, OUT_AFTERWARDS),
    "silence": (never_answers, OUT, OUT),
}

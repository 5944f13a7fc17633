"""What a network and a tired server can do, for each kind of call: it comes out right, or with an error that is true.

The sandbox is the marketplace; between it and the client stands one fault, before or after the call took effect. Time leaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from dpsync.errors import BadAnswer, Forbidden, MarketplaceError, NotAuthenticated, NotFound, Unreachable
from dpsync.marketplace import Client
from dpsync.marketplace.client import ATTEMPTS, CALL_DEADLINE
from dpsync.marketplace.models import CreateDataUseAgreement
from dpsync.model.call import Action, Call
from dpsync.model.secret import Token
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from marketplace.leaping import clock, leaping
from sandbox import worlds

AGREEMENT = "55555555-5555-4555-8555-555555555555"
PATH = f"/api/data-use-agreement/{AGREEMENT}"
BODY = {"id": AGREEMENT, "name": "New", "body": "Be kind."}
RENAMED = "Renamed"

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


class Between(httpx2.AsyncBaseTransport):
    """The way into the sandbox, with a fault for a verb on it. Counts what arrives and what is made."""

    def __init__(self, inner: InProcess, method: str, play: Play, times: int) -> None:
        self._inner, self._method, self._play = inner, method, play
        self.times = times
        self.asked = self.made = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async def forward() -> httpx2.Response:
            response = await self._inner.handle_async_request(request)
            self.made += request.method == "POST" and response.is_success
            return response

        self.asked += 1
        if request.method == self._method and self.times:
            self.times -= 1
            return await self._play(forward)
        return await forward()


@dataclass(frozen=True)
class Came:
    """What came of a call, and how things are afterwards."""

    error: MarketplaceError | None
    value: Any
    name: str | None
    made: int
    asked: int
    seconds: float


async def create(client: Client) -> Any:
    return (await client.create_data_use_agreement(CreateDataUseAgreement(**BODY))).id


CALLS: Final[Mapping[str, tuple[str, Callable[[Client], Awaitable[Any]]]]] = {
    "get": ("GET", lambda client: client.get(PATH)),
    "post": ("POST", create),
    "blind post": (
        "POST",
        lambda client: client.send(Call(Action.CREATE, "POST", "/api/data-use-agreement", BODY)),
    ),
    "put": ("PUT", lambda client: client.send(Call(Action.UPDATE, "PUT", PATH, {"name": RENAMED}))),
    "delete": ("DELETE", lambda client: client.delete_data_use_agreement(AGREEMENT)),
}
TOOK_EFFECT: Final = {"get": BODY["name"], "post": "New", "blind post": "New", "put": RENAMED, "delete": None}
AS_BEFORE: Final = {"get": BODY["name"], "post": None, "blind post": None, "put": "New", "delete": "New"}


def came(kind: str, play: Play, times: int) -> Came:
    """Make a call of a kind while this is the trouble; then look, without."""
    method, call = CALLS[kind]
    with Store() as store:
        store.load(worlds.small())
        between = Between(InProcess(create_app(store)), method, play, 0)

        def client() -> Client:
            return Client(
                BASE_URL,
                Token("sandbox"),
                transport=between,
                parallelism=1,
                jitter=lambda: 1.0,
                clock=clock,
                wall_clock=lambda: 0.0,
            )

        async def name() -> str | None:
            async with client() as asking:
                try:
                    return str((await asking.get(PATH))["name"])
                except NotFound:
                    return None

        async def attempt() -> Came:
            async with client() as asking:
                if "post" not in kind:
                    await create(asking)
                between.asked = between.made = 0
                between.times = times
                error = value = None
                try:
                    value = await call(asking)
                except MarketplaceError as caught:
                    error = caught
            seconds, asked, between.times = clock(), between.asked, 0
            return Came(error, value, await name(), between.made, asked, seconds)

        return leaping(attempt())[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("times", [1, 1_000])
def test_a_call_comes_out_right_or_with_an_error_that_is_true(trouble: str, kind: str, times: int) -> None:
    play, once, always = TROUBLES[trouble]
    expected = (once if times == 1 else always)[KINDS.index(kind)]
    result = came(kind, play, times)

    assert type(result.error) is (type(None) if expected is None else expected), result
    assert result.made <= 1  # never a second create
    assert result.asked <= 2 * ATTEMPTS
    assert result.seconds <= CALL_DEADLINE
    assert result.name in {TOOK_EFFECT[kind], AS_BEFORE[kind]}
    if result.error is None:
        assert result.name == TOOK_EFFECT[kind]
        assert kind != "get" or result.value["name"] == "New"
        return
    message = result.error.message
    assert message.isprintable()
    assert len(message) < 500
    assert result.error.remedy
    is_written = result.name == TOOK_EFFECT[kind] and kind != "get"
    if is_written:
        assert "hether it took effect is not known" in message
    if "had not taken effect" in message:
        assert not is_written


def test_a_create_that_cannot_be_looked_up_says_so_and_why() -> None:
    async def attempt() -> MarketplaceError:
        def answered(request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(503 if request.method == "POST" else 401)

        transport = httpx2.MockTransport(answered)
        async with Client(BASE_URL, Token("sandbox"), transport=transport, clock=clock) as client:
            with pytest.raises(NotAuthenticated) as caught:
                await create(client)
        return caught.value

    error, _ = leaping(attempt())
    assert error.message == (
        "POST /api/data-use-agreement was not answered: status 503. Whether it took effect is not known, and could not "
        "be looked up: The marketplace does not accept the token (401)."
    )
    assert "segment" in error.remedy


# -- on a real connection --------------------------------------------------------------------------------------------

GOOD: Final = b'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"id":"x"}'
ECHOED: Final = "secret-token-0123456789"

BROKEN: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "no headers": b"HTTP/1.1 200 OK\r\n",
    "half a body": b'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"id"',
    "a chunk that is not one": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "no last chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "a header that is none": f"HTTP/1.1 200 OK\r\nauthorization {ECHOED}\r\n\r\n".encode(),
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
    "endless headers": b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000,
}


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("ends", ["closed", "reset"])
def test_a_connection_that_breaks_anywhere_is_survived(broken: str, method: str, ends: str) -> None:
    arrived = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length: 2" in head.lower():
            await reader.readexactly(2)
        arrived += 1
        writer.write(BROKEN[broken] if arrived == 1 else GOOD)
        await writer.drain()
        if ends == "reset" and arrived == 1:
            writer.transport.abort()
        writer.close()

    async def attempt() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with Client(url, Token(ECHOED), sleep=no_wait) as client:
                if method == "GET":
                    return await client.get("/x")
                body: dict[str, Any] | None = None if method == "DELETE" else {}
                return await client.send(Call(Action.UPDATE, method, "/x", body))

    if method == "POST":
        with pytest.raises(Unreachable, match="Whether it took effect is not known") as caught:
            asyncio.run(attempt())
        assert ECHOED not in caught.value.message
        assert arrived == 1
        return
    assert asyncio.run(attempt()) == {"id": "x"}
    assert arrived == 2

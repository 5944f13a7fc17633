"""What a network and a tired server can do, for each kind of call: it comes out right, or with an error that is true.

The sandbox is the marketplace; between it and the client stands one fault, before or after the call took effect. Time leaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from dpsync.errors import MarketplaceError, NotAuthenticated, NotFound, Unreachable
from dpsync.marketplace import Client
from dpsync.marketplace.client import ATTEMPTS, CALL_DEADLINE
from dpsync.marketplace.models import CreateDataUseAgreement
from dpsync.model.call import Action, Call
from dpsync.model.secret import Token
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from marketplace.leaping import clock, leaping
from marketplace.troubles import KINDS, TROUBLES, Play
from sandbox import worlds

AGREEMENT = "55555555-5555-4555-8555-555555555555"
PATH = f"/api/data-use-agreement/{AGREEMENT}"
BODY = {"id": AGREEMENT, "name": "New", "body": "Be kind."}
RENAMED = "Renamed"


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

"""The connection against servers that behave badly: each speaks over a real socket what a test tells it to."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dpsync.marketplace.connection import Connection, opener

LOOPBACK = Path(__file__).with_name("loopback.pem")
"""A certificate for this machine alone, and its key; it opens nothing anywhere."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": None}}

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """What a server counted, and where it is."""

    def __init__(self) -> None:
        self.url = ""
        self.opened = 0
        self.asked: list[bytes] = []
        self.was_asked = asyncio.Event()

    async def next_request(self, reader: asyncio.StreamReader) -> bool:
        """Read one request; whether there was one."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        self.asked.append(head + await reader.readexactly(length))
        self.was_asked.set()
        return True


@asynccontextmanager
async def serving(
    *answers: bytes, closes: bool = False, secure: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that gives these answers in order, whichever connection asks; it may close after each."""
    server, rest = Server(), list(answers)
    speaking: list[asyncio.Task[None]] = []

    def spoken_to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaking.append(asyncio.ensure_future(speak(reader, writer)))

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.opened += 1
        while await server.next_request(reader):
            for piece in rest.pop(0).split(b"|"):
                writer.write(piece)
                with suppress(ConnectionError):
                    await writer.drain()
                await asyncio.sleep(0)
            if closes:
                break
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    listening = await asyncio.start_server(spoken_to, "127.0.0.1", 0, ssl=secure)
    async with listening:
        host, port = listening.sockets[0].getsockname()
        server.url = f"{'https' if secure else 'http'}://{host}:{port}"
        yield server
        await asyncio.wait_for(asyncio.gather(*speaking), 5)


@asynccontextmanager
async def connected(secure: ssl.SSLContext | None = None) -> AsyncIterator[Connection]:
    connection = Connection(secure)
    try:
        yield connection
    finally:
        await connection.aclose()
        await asyncio.sleep(0)


async def asked(
    connection: httpx2.AsyncBaseTransport, server: Server, method: str = "GET", **rest: Any
) -> httpx2.Response:
    extensions = rest.pop("extensions", TIMEOUTS)
    return await connection.handle_async_request(
        httpx2.Request(method, f"{server.url}/a?b=c", extensions=extensions, **rest)
    )


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_requests_follow_each_other_on_one_connection() -> None:
    async def talk() -> None:
        async with serving(OK, OK, OK) as server, connected() as connection:
            for _ in range(3):
                response = await asked(connection, server)
                assert (response.status_code, response.content) == (200, b"{}")
            assert server.opened == 1
            assert server.asked[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")

    run(talk())


def test_a_body_is_sent_whole() -> None:
    async def talk() -> None:
        async with serving(OK) as server, connected() as connection:
            await asked(connection, server, "PUT", json={"name": "x" * 200_000})
            assert server.asked[0].endswith(b'{"name":"' + b"x" * 200_000 + b'"}')

    run(talk())


def test_pieces_chunks_compression_and_early_hints_are_put_together() -> None:
    packed = gzip.compress(b'{"a": 1}')
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n[1, |\r\n3\r\n|2]\n\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)

    async def talk() -> None:
        async with serving(hints + chunked, head + packed) as server, connected() as connection:
            assert (await asked(connection, server)).json() == [1, 2]
            assert (await asked(connection, server)).json() == {"a": 1}
            assert server.opened == 1

    if b"|" in packed:
        pytest.fail("the sign for a new piece is in the answer")
    run(talk())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", id="said so"),
        pytest.param(OK + b"HTTP/1.1 200 OK\r\n", id="said more than it was asked"),
        pytest.param(OK + b"|HTTP/1.1 200 OK\r\n", id="said more later"),
    ],
)
def test_a_connection_that_is_done_or_odd_is_not_used_again(answer: bytes) -> None:
    async def talk() -> None:
        async with serving(answer, OK) as server, connected() as connection:
            await asked(connection, server)
            await asyncio.sleep(0.01)
            assert (await asked(connection, server)).json() == {}
            assert server.opened == 2

    run(talk())


def test_what_the_server_closed_meanwhile_is_opened_anew() -> None:
    async def talk() -> None:
        async with serving(OK, OK, closes=True) as server, connected() as connection:
            await asked(connection, server)
            await asyncio.sleep(0.01)
            await asked(connection, server)
            assert server.opened == 2

    run(talk())


def test_what_was_idle_for_long_is_opened_anew() -> None:
    async def talk() -> None:
        async with serving(OK, OK) as server, connected() as connection:
            await asked(connection, server)
            connection._trusted_until -= 30.0
            await asked(connection, server)
            assert server.opened == 2

    run(talk())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-le", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n[1", id="half a chunk"),
        pytest.param(b"220 mail.example ESMTP\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", id="an upgrade"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, id="a head without an end"),
    ],
)
def test_what_is_no_whole_answer_is_a_broken_connection_and_the_next_request_gets_its_own(
    answer: bytes,
) -> None:
    async def talk() -> None:
        async with serving(answer, OK, closes=True) as server, connected() as connection:
            with pytest.raises(httpx2.ProtocolError):
                await asked(connection, server)
            assert (await asked(connection, server)).json() == {}

    run(talk())


def test_a_connection_that_is_reset_is_a_read_that_failed() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()

    async def talk() -> None:
        async with await asyncio.start_server(reset, "127.0.0.1", 0) as listening, connected() as connection:
            server = Server()
            server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
                await asked(connection, server)

    run(talk())


def test_nobody_who_listens_means_that_nothing_was_sent() -> None:
    async def talk() -> None:
        async with serving() as server:
            pass
        async with connected() as connection:
            with pytest.raises(httpx2.ConnectError):
                await asked(connection, server)

    run(talk())


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"])
def test_an_answer_that_does_not_come_is_a_timeout_and_is_not_taken_for_the_next_one(begun: bytes) -> None:
    soon = {"timeout": {"connect": 5.0, "read": 0.01}}

    async def talk() -> None:
        async with serving(begun, OK) as server, connected() as connection:
            with pytest.raises(httpx2.ReadTimeout):
                await asked(connection, server, extensions=soon)
            assert (await asked(connection, server)).json() == {}
            assert server.opened == 2

    run(talk())


def test_what_is_given_up_half_way_is_not_taken_for_the_next_answer() -> None:
    async def talk() -> None:
        async with serving(b"", OK) as server, connected() as connection:
            waiting = asyncio.ensure_future(asked(connection, server))
            await server.was_asked.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await asked(connection, server)).json() == {}
            assert server.opened == 2

    run(talk())


def _known() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=LOOPBACK)


def _certified() -> ssl.SSLContext:
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(LOOPBACK)
    return secure


def test_https_is_spoken_where_the_certificate_is_known() -> None:
    async def talk() -> None:
        async with serving(OK, OK, secure=_certified()) as server, connected(_known()) as connection:
            for _ in range(2):
                assert (await asked(connection, server)).json() == {}
            assert server.opened == 1

    run(talk())


def test_a_certificate_that_is_not_known_or_not_for_the_host_gets_no_request() -> None:
    async def talk() -> None:
        async with serving(OK, secure=_certified()) as server:
            elsewhere = Server()
            elsewhere.url = server.url.replace("127.0.0.1", "127.0.0.2")
            stranger = ssl.create_default_context()
            for secure, one in ((stranger, server), (_known(), elsewhere)):
                async with connected(secure) as connection:
                    with pytest.raises(httpx2.ConnectError):
                        await asked(connection, one)
            async with connected(stranger) as connection:
                with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await asked(connection, server)
            assert not server.asked

    run(talk())


def test_a_proxy_that_the_environment_names_is_asked_for_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
        async with serving(refusal, closes=True) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            connection = opener(_known())()
            away = httpx2.Request("GET", "https://na.api.immutacloud.com/x", extensions=TIMEOUTS)
            with pytest.raises(httpx2.ProxyError):
                await connection.handle_async_request(away)
            await connection.aclose()
            assert proxy.asked[0].startswith(b"CONNECT na.api.immutacloud.com:443 HTTP/1.1\r\n")

    run(talk())


def test_without_a_proxy_and_for_this_machine_the_way_is_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(opener(_known())(), Connection)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert isinstance(opener(None)(), Connection)

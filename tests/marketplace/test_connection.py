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

from dpsync.marketplace.connection import Connection

LOOPBACK = Path(__file__).with_name("loopback.pem")
"""A certificate for this machine alone, and its key; it opens nothing anywhere."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
OWN = b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n["its own"]'
TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": None}}

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """What a server counted, and where it is."""

    def __init__(self) -> None:
        self.url = ""
        self.opened = 0
        self.asked: list[bytes] = []
        self.was_asked = asyncio.Event()
        self.hang_up: Callable[[], None] = lambda: None

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
        server.hang_up = writer.close
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
    connection = Connection(secure, 1)
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


def test_exactly_the_headers_of_a_request_are_sent() -> None:
    async def talk() -> None:
        async with serving(OK, OK) as server, connected() as connection:
            await asked(connection, server, headers={"accept": "application/json", "X-Twice": "1"})
            await asked(connection, server, "PUT", json={})
            host = server.url.removeprefix("http://").encode()
            get = b"GET /a?b=c HTTP/1.1\r\nHost: %s\r\naccept: application/json\r\nX-Twice: 1\r\n\r\n"
            put = b"PUT /a?b=c HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
            assert server.asked == [get % host, put % host]

    run(talk())


@pytest.mark.parametrize(
    "path", ["/x%2Fy%20z%7e", "/a//b/../c", "/%E2%82%AC?q=a+b%2B&q=%3d&limit=1", "/;x=1,2:3@4"]
)
def test_a_path_is_sent_as_it_is_written(path: str) -> None:
    async def talk() -> None:
        async with serving(OK) as server, connected() as connection:
            request = httpx2.Request("GET", server.url + path, extensions=TIMEOUTS)
            await connection.handle_async_request(request)
            assert server.asked[0].split(b" ")[1] == request.url.raw_path

    run(talk())


def test_redirects_are_not_followed_and_cookies_are_not_kept() -> None:
    away = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /b\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"

    async def talk() -> None:
        async with serving(away, OK) as server, connected() as connection:
            response = await asked(connection, server)
            assert (response.status_code, response.headers["location"]) == (307, "/b")
            await asked(connection, server)
            assert len(server.asked) == 2
            assert b"cookie" not in server.asked[1].lower()

    run(talk())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_what_is_not_answered_is_never_sent_again_by_itself(method: str) -> None:
    async def talk() -> None:
        async with serving(OK, b"HTTP/1.1", OK, closes=False) as server, connected() as connection:
            await asked(connection, server)
            waiting = asyncio.ensure_future(asked(connection, server, method, json={"a": 1}))
            server.was_asked.clear()
            await server.was_asked.wait()
            server.hang_up()
            with pytest.raises(httpx2.RemoteProtocolError):
                await waiting
            assert (server.opened, len(server.asked)) == (1, 2)

    run(talk())


def test_what_cannot_be_sent_is_not_sent() -> None:
    async def talk() -> None:
        async with serving() as server, connected() as connection:
            with pytest.raises(httpx2.LocalProtocolError):
                await asked(connection, server, headers={"x": "a\r\nb: c"})
            assert not server.asked

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
        pytest.param(OK + OK, id="said more than it was asked"),
        pytest.param(OK + b"|" + OK, id="said more later"),
        pytest.param(
            OK + b"|HTTP/1.1 408 Request Timeout\r\ncontent-length: 9\r\n\r\n", id="began to say more"
        ),
    ],
)
def test_a_connection_that_is_done_or_odd_is_not_used_again(answer: bytes) -> None:
    async def talk() -> None:
        async with serving(answer, OWN) as server, connected() as connection:
            assert (await asked(connection, server)).json() == {}
            await asyncio.sleep(0.01)
            assert (await asked(connection, server)).json() == ["its own"]
            assert server.opened == 2

    run(talk())


@pytest.mark.parametrize(
    ("stray", "rest"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"", id="no more comes"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"content-length: 2\r\n\r\n{}", id="the rest comes first"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-le", b"ngth: 2\r\n\r\n{}", id="cut anywhere"),
    ],
)
@pytest.mark.parametrize("later", [b"", b"|"])
def test_half_a_head_that_nobody_asked_for_never_becomes_the_answer_to_the_next_request(
    stray: bytes, rest: bytes, later: bytes
) -> None:
    async def talk() -> None:
        async with serving(OK + later + stray, rest + OWN) as server, connected() as connection:
            assert (await asked(connection, server)).json() == {}
            await asyncio.sleep(0.01)
            with suppress(httpx2.ProtocolError):
                assert (await asked(connection, server)).json() == ["its own"]

    run(talk())


def test_what_the_server_closed_meanwhile_is_opened_anew() -> None:
    async def talk() -> None:
        async with serving(OK, OK, closes=True) as server, connected() as connection:
            await asked(connection, server)
            await asyncio.sleep(0.01)
            await asked(connection, server)
            assert server.opened == 2

    run(talk())


def test_what_was_idle_for_long_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsync.marketplace.connection._IDLE_FOR", 0.001)

    async def talk() -> None:
        async with serving(OK, OK) as server, connected() as connection:
            await asked(connection, server)
            await asyncio.sleep(0.01)
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
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", id="an upgrade"
        ),
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


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy yet."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"


def test_a_proxy_that_the_environment_names_is_asked_for_the_way_and_never_told_the_token(
    no_proxy: pytest.MonkeyPatch,
) -> None:
    async def talk() -> None:
        async with serving(REFUSAL, closes=True) as proxy, connected(_known()) as connection:
            no_proxy.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:secret@"))
            elsewhere = Server()
            elsewhere.url = "https://na.api.immutacloud.com"
            with pytest.raises(httpx2.ProxyError, match="502"):
                await asked(connection, elsewhere, headers={"authorization": "Bearer token"})
            assert proxy.asked[0].startswith(b"CONNECT na.api.immutacloud.com:443 HTTP/1.1\r\n")
            assert b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n" in proxy.asked[0]
            assert b"token" not in proxy.asked[0]

    run(talk())


@asynccontextmanager
async def tunnelling() -> AsyncIterator[Server]:
    """A proxy that opens the way it is asked for."""
    proxy = Server()
    tasks: list[asyncio.Task[None]] = []

    def spoken_to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.ensure_future(open_the_way(reader, writer)))

    async def open_the_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.opened += 1
        await proxy.next_request(reader)
        host, _, port = proxy.asked[-1].split(b" ")[1].decode().partition(":")
        onward = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(passed_on(reader, onward[1]), passed_on(onward[0], writer))

    async def passed_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(65536):
                sink.write(piece)
        sink.close()

    async with await asyncio.start_server(spoken_to, "127.0.0.1", 0) as listening:
        proxy.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield proxy
        await asyncio.wait_for(asyncio.gather(*tasks), 5)


def test_through_a_proxy_tls_is_spoken_with_the_marketplace_itself(no_proxy: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        async with (
            serving(OK, OK, secure=_certified()) as server,
            tunnelling() as proxy,
            connected(_known()) as connection,
            connected(ssl.create_default_context()) as stranger,
        ):
            no_proxy.setenv("ALL_PROXY", proxy.url.removeprefix("http://"))
            for _ in range(2):
                assert (await asked(connection, server)).json() == {}
            assert (proxy.opened, server.opened) == (1, 1)
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await asked(stranger, server)
            assert len(server.asked) == 2

    run(talk())


def test_a_proxy_of_a_kind_that_is_not_known_is_told_without_its_password(
    no_proxy: pytest.MonkeyPatch,
) -> None:
    async def talk() -> None:
        no_proxy.setenv("HTTPS_PROXY", "socks5://user:secret@127.0.0.1:1")
        async with connected(_known()) as connection:
            elsewhere = Server()
            elsewhere.url = "https://na.api.immutacloud.com"
            with pytest.raises(httpx2.UnsupportedProtocol, match="socks5") as raised:
                await asked(connection, elsewhere)
            assert "secret" not in str(raised.value)

    run(talk())


def test_where_the_environment_makes_an_exception_and_for_http_the_way_is_direct(
    no_proxy: pytest.MonkeyPatch,
) -> None:
    async def talk() -> None:
        no_proxy.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        no_proxy.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        async with serving(OK) as server, connected() as connection:
            assert (await asked(connection, server)).json() == {}
        no_proxy.setenv("NO_PROXY", "example.org,127.0.0.1")
        async with serving(OK, secure=_certified()) as server, connected(_known()) as connection:
            assert (await asked(connection, server)).json() == {}

    run(talk())

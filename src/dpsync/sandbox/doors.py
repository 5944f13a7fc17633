"""Doors: the two ways into a sandbox, in process and over the network.

In process is for tests: no socket, no thread, an exception for a broken connection. The network door is for people
and for programs that must be tested whole; it listens on this machine only, because the tokens are made up and
known. The only module that knows the HTTP client.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import httpx2
import uvicorn
from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from dpsync.sandbox.app import VintageName, create_app
from dpsync.sandbox.calls import Put
from dpsync.sandbox.faults import HANG_UP, ConnectionBroken, Fault, Faults
from dpsync.sandbox.store import Store

BASE_URL: Final = "http://sandbox.localhost/marketplace"
"""Base URL of the in-process door; no name of the network resolves to it."""

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""The only hosts that the network door listens on."""


class InProcess(httpx2.AsyncBaseTransport):
    """The in-process door: a transport for `httpx2.AsyncClient(base_url=BASE_URL, transport=...)`.

    Does what `httpx2.ASGITransport` does, which can be used too, in half the time, and knows broken connections.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer the request. Raises `httpx2.ReadError` where a fault broke the connection."""
        body = await request.aread()
        answered: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answered.append(message)

        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "server": (request.url.host, request.url.port),
            "client": ("127.0.0.1", 0),
            "root_path": "",
        }
        try:
            await self._app(scope, receive, send)
        except ConnectionBroken:
            raise httpx2.ReadError("The connection was broken.", request=request) from None
        start, *parts = answered
        content = b"".join(part.get("body", b"") for part in parts)
        return httpx2.Response(start["status"], headers=start["headers"], content=content)


def serve(
    store_path: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    vintage: VintageName = "v2",
    put: Put = "merge",
    faults: Sequence[Fault] = (),
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve the store in a file until SIGTERM or SIGINT, then return.

    `port` 0 takes any free one. When the sandbox really listens, `announce` gets the one line that says where; by
    default it goes to stdout. Raises ValueError for a host that is not this machine, OSError for a port in use.
    """
    if host not in LOOPBACK:
        raise ValueError(f"The sandbox listens on {', '.join(LOOPBACK)} only, not on {host}.")
    with Store(store_path) as store, _listening(host, port) as listener:
        app = create_app(store, vintage=vintage, put=put, faults=Faults(faults, sleep=asyncio.sleep))
        config = uvicorn.Config(
            app,
            http=HangUpProtocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        address = f"[{host}]" if ":" in host else host
        line = f"Sandbox marketplace on http://{address}:{listener.getsockname()[1]}/marketplace"
        with _signals_are_no_errors():
            _Announcing(config, line, announce or _say).run(sockets=[listener])


class HangUpProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; every call carries a function that closes its connection (`faults`)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the calls of this connection their way to close it."""
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope[HANG_UP] = transport.close
            await inner(scope, receive, send)

        self.app = app


class _Announcing(uvicorn.Server):
    """A server that says where it is as soon as it is there."""

    def __init__(self, config: uvicorn.Config, line: str, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._line = line
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce(self._line)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer takes 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        yield listener


@contextmanager
def _signals_are_no_errors() -> Iterator[None]:
    """The server raises the signal that ended it once more; being asked to end is how it should end."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        pass

    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, ignore) for number in signals}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dpsync.sandbox.doors", description=__doc__)
    parser.add_argument("--db", required=True, help="the file of the store")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--vintage", choices=("v1", "v2"), default="v2")
    parser.add_argument("--put", choices=("merge", "replace"), default="merge")
    parser.add_argument("--faults", type=Fault.from_json, default=(), help="a JSON list of faults")
    wanted = parser.parse_args(arguments)
    serve(
        wanted.db,
        host=wanted.host,
        port=wanted.port,
        vintage=wanted.vintage,
        put=wanted.put,
        faults=wanted.faults,
    )


if __name__ == "__main__":
    _main()

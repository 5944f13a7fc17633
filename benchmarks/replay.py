"""A marketplace that only replays: recorded answers behind a fixed latency, and the bare client that asks for them.

`record` asks the sandbox, in process and once, everything that a plan of a workspace asks, and keeps the bytes. `serve`
answers with them over HTTP/1.1 on loopback, each after the same time, so that what is measured is the client and not the
sandbox. `bare` makes the same requests with as little code as asyncio allows: that is the floor. Each is a process of its
own; `plan.py` starts them, and they end when their stdin does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import heapq
import json
import pickle
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

CALLER = "/marketplace/api/auth/user"
PRODUCTS = "/marketplace/api/data-product?"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request of a plan: what is asked, the answer's body, and the request that it had to wait for."""

    target: str
    body: bytes
    after: str | None


# -- recording -------------------------------------------------------------------------------------------------------


def record(workspace: Path, products: int, file: Path) -> None:
    """Write down every request of one plan of the workspace, made on a large world in process."""
    import os

    import httpx2

    from dpsync import pipeline
    from dpsync.cli.shared import settings_for
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.identity import computed_id
    from dpsync.sandbox import Store, create_app
    from dpsync.sandbox.doors import BASE_URL, InProcess
    from dpsync.sandbox.seed import large_world
    from dpsync.settings import token_of

    settings = settings_for(workspace, None)
    answers: dict[str, bytes] = {}

    class Recorder(InProcess):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            assert response.status_code == 200, request.url
            answers[request.url.raw_path.decode()] = response.content
            return response

    def identity(number: int) -> str:
        return computed_id(settings.workspace_id, "DataProduct", f"product-{number:05d}")

    async def plan() -> None:
        with Store() as store:
            store.load(large_world(products, product_id=identity))
            transport = Recorder(create_app(store))
            async with ReadClient(BASE_URL, token_of(settings, os.environ), transport=transport) as client:
                found = await pipeline.planned(settings, pipeline.declared(settings).desired, client)
        assert not found.has_changes, "the benchmark measures a plan with nothing to do"
        assert found.complete
        assert found.unchanged == products

    asyncio.run(plan())
    file.write_bytes(pickle.dumps([(one.target, one.body, one.after) for one in _in_order(answers)]))


def _in_order(answers: dict[str, bytes]) -> list[Recorded]:
    """The requests, each with the one whose answer says that it is needed."""
    pages = [target for target in answers if target.startswith(PRODUCTS)]
    page_of: dict[str, str] = {}
    after: dict[str, str | None] = dict.fromkeys(answers, CALLER)
    after[CALLER] = None
    after |= {page: before for before, page in pairwise(pages)}
    for page in pages:
        page_of |= {product["id"]: page for product in json.loads(answers[page])["data"]}
    for target in answers:
        path, _, query = target.partition("?")
        segments = path.split("/")
        if path.startswith("/marketplace/api/data-product/"):
            after[target] = page_of[segments[4]]
        elif path.startswith("/marketplace/api/metadata/domain/"):
            after[target] = "/marketplace/api/metadata/domain"
        elif path.startswith("/marketplace/api/request-form/"):
            after[target] = next(one for one in answers if one.startswith("/marketplace/api/request-form?"))
        if "offset=" in query and "offset=0" not in query.split("&"):
            after[target] = next(
                one
                for one in answers
                if one.startswith(f"{path}?") and "offset=0" in one.partition("?")[2].split("&")
            )
    return [Recorded(target, body, after[target]) for target, body in answers.items()]


def recorded(file: Path) -> list[Recorded]:
    """What was written down."""
    return [Recorded(*one) for one in pickle.loads(file.read_bytes())]


# -- serving ---------------------------------------------------------------------------------------------------------


class Replay(asyncio.Protocol):
    """One connection. Requests have no body, and come one at a time."""

    def __init__(self, answers: dict[bytes, bytes], latency: float) -> None:
        self._answers = answers
        self._latency = latency
        self._rest = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head, self._rest = self._rest[:end], self._rest[end + 4 :]
            answer = self._answers.get(head.split(b" ", 2)[1], _NOT_RECORDED)
            self._loop.call_later(self._latency, self._transport.write, answer)


def _answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


_NOT_RECORDED = _answer("500 Not Recorded", b'{"message": "this was not asked when the plan was recorded"}')


async def serve(file: Path, latency: float) -> None:
    """Serve the recording until stdin ends; the first line of stdout is the port."""
    answers = {one.target.encode(): _answer("200 OK", one.body) for one in recorded(file)}
    gc.freeze()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replay(answers, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)
        if hasattr(server, "close_clients"):  # Python 3.13
            server.close_clients()


# -- the floor -------------------------------------------------------------------------------------------------------


async def bare(file: Path, port: int, concurrency: int) -> dict[str, Any]:
    """Make the recorded requests, as many at once as allowed, none before the one it waits for; lists go first."""
    following: dict[str | None, list[str]] = {}
    requests = recorded(file)
    for one in requests:
        following.setdefault(one.after, []).append(one.target)
    ready: list[tuple[bool, int, str]] = []
    left, number = len(requests), 0
    del requests
    idle: list[asyncio.Future[None]] = []
    loop = asyncio.get_running_loop()

    def enable(target: str | None) -> None:
        nonlocal number
        for each in following.get(target, ()):
            number += 1
            heapq.heappush(ready, ("?" not in each, number, each))
        while idle and (ready or not left):
            idle.pop().set_result(None)

    async def work() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left:
            if not ready:
                turn: asyncio.Future[None] = loop.create_future()
                idle.append(turn)
                await turn
                continue
            target = heapq.heappop(ready)[2]
            writer.write(
                f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer sandbox\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), target
            await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))
            left -= 1
            enable(target)
        writer.close()

    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    enable(None)
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    modes = parser.add_subparsers(dest="mode", required=True)
    recording = modes.add_parser("record")
    recording.add_argument("workspace", type=Path)
    recording.add_argument("products", type=int)
    serving = modes.add_parser("serve")
    serving.add_argument("--latency", type=float, required=True, help="seconds")
    asking = modes.add_parser("bare")
    asking.add_argument("--port", type=int, required=True)
    asking.add_argument("--concurrency", type=int, required=True)
    for mode in (recording, serving, asking):
        mode.add_argument("--file", type=Path, required=True)
    given = parser.parse_args()
    if given.mode == "record":
        record(given.workspace, given.products, given.file)
    elif given.mode == "serve":
        asyncio.run(serve(given.file, given.latency))
    else:
        print(json.dumps(asyncio.run(bare(given.file, given.port, given.concurrency))))


if __name__ == "__main__":
    main()

"""A marketplace that only replays: recorded answers behind a fixed latency, and the bare client that asks for them.

`record` asks the sandbox, in process and once, everything that a plan of a workspace asks, and keeps the bytes: by method,
path and body, because the answer of the one search that is a POST depends on its body. `serve` answers with them over
HTTP/1.1 on loopback, each after the same time, so that what is measured is the client and not the sandbox. `bare` makes the
same requests with as little code as asyncio allows: that is the floor. Each is a process of its own; `plan.py` starts them,
and they end when their stdin does.
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
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dpsync.sandbox import World

PRODUCTS = "/marketplace/api/data-product?"
DRAFT, COUNTS, MANAGED = "draft", "counts", "managed"
STAGES = (DRAFT, COUNTS, MANAGED)
"""What a request is for: the draft of a plan, its impact without members (`--impact counts`), or with (`managed`)."""

SOURCES = 3
PER_CHANGED = 4
"""How many sources of its own a product's domain has for it, where products change: the fourth is what goes, or nobody's."""

MEMBERS = 30
"""How many members a product has, where products change. More than a guardrail lets lose something at once, 25."""


class Asked(NamedTuple):
    """A request, as far as its answer depends on it."""

    method: str
    target: str
    body: bytes = b""


CALLER = Asked("GET", "/marketplace/api/auth/user")
DRAFTED = Asked("", "the draft is complete")
"""No request: what the first of those about impact wait for is that all those of the draft are answered."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request of a plan: what is asked, the answer's body, the request that it had to wait for, and what it is for."""

    asked: Asked
    body: bytes
    after: Asked | None
    stage: str = DRAFT


# -- recording -------------------------------------------------------------------------------------------------------


def record(workspace: Path, products: int, changed: int, file: Path) -> None:
    """Write down every request of the plans of the workspace, made on a large world in process."""
    import os

    import httpx2

    from dpsync import pipeline
    from dpsync.cli.shared import settings_for
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.identity import computed_id
    from dpsync.model.impact import Reach
    from dpsync.pipeline.weighing import weighed
    from dpsync.sandbox import Store, create_app
    from dpsync.sandbox.doors import BASE_URL, InProcess
    from dpsync.sandbox.seed import large_world
    from dpsync.settings import token_of

    settings = settings_for(workspace, None)
    answers: dict[Asked, tuple[bytes, str]] = {}
    stage = DRAFT

    class Recorder(InProcess):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            assert response.status_code == 200, request.url
            asked = Asked(request.method, request.url.raw_path.decode(), await request.aread())
            answers.setdefault(asked, (response.content, stage))
            return response

    def identity(number: int) -> str:
        return computed_id(settings.workspace_id, "DataProduct", f"product-{number:05d}")

    async def plan() -> None:
        nonlocal stage
        world = large_world(products, product_id=identity)
        if changed:
            world = large_world(
                products, sources_per_product=PER_CHANGED, members_per_product=MEMBERS, product_id=identity
            )
            world = _changed(world, changed)
        with Store() as store:
            store.load(world)
            transport = Recorder(create_app(store))
            async with ReadClient(BASE_URL, token_of(settings, os.environ), transport=transport) as client:
                asked = await pipeline.drafted(settings, pipeline.declared(settings).desired, client)
                for reach in (Reach.COUNTS, Reach.MANAGED):
                    stage = reach.value
                    await weighed(asked, client, reach)
        assert len(asked.plan.changes) == changed, "the world is not what the benchmark is about"
        assert asked.plan.complete
        assert asked.plan.unchanged == products - changed

    asyncio.run(plan())
    kept = [
        (tuple(one.asked), one.body, one.after and tuple(one.after), one.stage) for one in _in_order(answers)
    ]
    file.write_bytes(pickle.dumps(kept))


def _changed(world: World, changed: int) -> World:
    """The world, in which so many products differ from their manifests: a source is missing, and one is too much.

    What is too much is every second time a source that another product has as well, and otherwise nobody's. What is missing
    has a tag, and every tenth time a sensitive one on a column.
    """
    from dpsync.sandbox.world import Tag

    stride = len(world.products) // changed
    products, sources = list(world.products), list(world.sources)
    for number, product in enumerate(products):
        place, rest = divmod(number, stride)
        first = number * PER_CHANGED + 1
        kept = tuple(range(first, first + SOURCES))
        if not rest and place < changed:
            neighbours, nobodys = first + PER_CHANGED, first + SOURCES
            missing = sources[kept[-1] - 1]
            column = replace(missing.columns[1], tags=("Discovered.PII.Name",) if place % 10 == 0 else ())
            columns = (missing.columns[0], column, *missing.columns[2:])
            sources[kept[-1] - 1] = replace(missing, tags=("Curated",), columns=columns)
            kept = (*kept[:-1], nobodys if place % 2 else neighbours)
        products[number] = replace(product, sources=kept)
    tags = (Tag(1, "Curated"), Tag(2, "Discovered.PII.Name", "system"))
    return replace(world, products=tuple(products), sources=tuple(sources), tags=tags)


def _in_order(answers: dict[Asked, tuple[bytes, str]]) -> list[Recorded]:
    """The requests, each with the one whose answer says that it is needed."""
    pages = [asked for asked in answers if asked.target.startswith(PRODUCTS)]
    page_of: dict[str, Asked] = {}
    after: dict[Asked, Asked | None] = {
        asked: CALLER if stage == DRAFT else DRAFTED for asked, (_, stage) in answers.items()
    }
    after[CALLER] = None
    after |= {page: before for before, page in pairwise(pages)}
    first_of: dict[str, Asked] = {}
    forms = next(one for one in answers if one.target.startswith("/marketplace/api/request-form?"))
    for page in pages:
        page_of |= {product["id"]: page for product in json.loads(answers[page][0])["data"]}
    searches = [asked for asked in answers if asked.method == "POST"]
    for asked, (_, stage) in answers.items():
        path, _, query = asked.target.partition("?")
        if stage == DRAFT and path.startswith("/marketplace/api/data-product/"):
            after[asked] = page_of[path.split("/")[4]]
        elif path.startswith("/marketplace/api/metadata/domain/"):
            after[asked] = Asked("GET", "/marketplace/api/metadata/domain")
        elif stage == DRAFT and path.startswith("/marketplace/api/request-form/"):
            after[asked] = forms
        if "offset=0" in query.split("&"):
            first_of[path] = asked
        elif "offset=" in query:
            after[asked] = first_of[path]
    after |= _search_before(searches)
    return [Recorded(asked, body, after[asked], stage) for asked, (body, stage) in answers.items()]


def _search_before(searches: list[Asked]) -> dict[Asked, Asked]:
    """For a search for tags the one that it follows from: of all sources, of one, then of the columns of that one."""
    found: dict[Asked, Asked] = {}
    of_source: dict[int, Asked] = {}
    for asked in searches:
        body = json.loads(asked.body)
        assert body["offset"] == 0, "the tags fit one page"
        if asked is searches[0]:
            assert len(searches) == 1 or len(body["dataSourceIds"]) > 1
            continue
        (source,) = body["dataSourceIds"]
        found[asked] = of_source.get(source, searches[0])
        of_source[source] = asked
    return found


def recorded(file: Path) -> list[Recorded]:
    """What was written down."""
    return [
        Recorded(Asked(*asked), body, None if after is None else Asked(*after), stage)
        for asked, body, after, stage in pickle.loads(file.read_bytes())
    ]


# -- serving ---------------------------------------------------------------------------------------------------------


class Replay(asyncio.Protocol):
    """One connection. Requests come one at a time."""

    def __init__(self, answers: dict[tuple[bytes, bytes, bytes], bytes], latency: float) -> None:
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
            head, end = self._rest[:end], end + 4
            method, target, _ = head.split(b" ", 2)
            length = 0 if method == b"GET" else _length(head)
            if len(self._rest) < end + length:
                return
            body, self._rest = self._rest[end : end + length], self._rest[end + length :]
            answer = self.answer((method, target, body))
            self._loop.call_later(self._latency, self._transport.write, answer)

    def answer(self, asked: tuple[bytes, bytes, bytes]) -> bytes:
        """What is answered, head and body."""
        return self._answers.get(asked, NOT_RECORDED)


def _length(head: bytes) -> int:
    """How long the body is; where that is not said, there is none."""
    return int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)


def answered(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


NOT_RECORDED = answered("500 Not Recorded", b'{"message": "this was not asked when the plan was recorded"}')


async def serve(file: Path, latency: float) -> None:
    """Serve the recording until stdin ends."""
    answers = {
        (one.asked.method.encode(), one.asked.target.encode(), one.asked.body): answered("200 OK", one.body)
        for one in recorded(file)
    }
    await listen(lambda: Replay(answers, latency))


async def listen(connection: Callable[[], asyncio.Protocol]) -> None:
    """Let these answer until stdin ends; the first line of stdout is the port."""
    gc.freeze()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)
        if hasattr(server, "close_clients"):  # Python 3.13
            server.close_clients()


# -- the floor -------------------------------------------------------------------------------------------------------


async def bare(file: Path, port: int, concurrency: int, last: str) -> dict[str, Any]:
    """Make the recorded requests, as many at once as allowed, none before the one it waits for; lists go first.

    Those of the stages up to `last`.
    """
    following: dict[Asked | None, list[Asked]] = {}
    requests = [one for one in recorded(file) if STAGES.index(one.stage) <= STAGES.index(last)]
    for one in requests:
        following.setdefault(one.after, []).append(one.asked)
    drafting = {one.asked for one in requests if one.stage == DRAFT}
    ready: list[tuple[bool, int, Asked]] = []
    left, number = len(requests), 0
    del requests
    idle: list[asyncio.Future[None]] = []
    loop = asyncio.get_running_loop()

    def enable(asked: Asked | None) -> None:
        nonlocal number
        for each in following.get(asked, ()):
            number += 1
            heapq.heappush(ready, ("?" not in each.target, number, each))
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
            asked = heapq.heappop(ready)[2]
            head = f"{asked.method} {asked.target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer sandbox\r\n"
            length = f"content-length: {len(asked.body)}\r\n" if asked.body else ""
            writer.write(f"{head}{length}\r\n".encode() + asked.body)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), asked
            await reader.readexactly(int(answer.rpartition(b"content-length: ")[2]))
            left -= 1
            enable(asked)
            drafting.discard(asked)
            if not drafting:
                enable(DRAFTED)
                following.pop(DRAFTED, None)
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
    recording.add_argument("--changed", type=int, default=0)
    serving = modes.add_parser("serve")
    serving.add_argument("--latency", type=float, required=True, help="seconds")
    asking = modes.add_parser("bare")
    asking.add_argument("--port", type=int, required=True)
    asking.add_argument("--concurrency", type=int, required=True)
    asking.add_argument(
        "--last", choices=STAGES, default=MANAGED, help="leave out what is only for a later stage"
    )
    for mode in (recording, serving, asking):
        mode.add_argument("--file", type=Path, required=True)
    given = parser.parse_args()
    if given.mode == "record":
        record(given.workspace, given.products, given.changed, given.file)
    elif given.mode == "serve":
        asyncio.run(serve(given.file, given.latency))
    else:
        print(json.dumps(asyncio.run(bare(given.file, given.port, given.concurrency, given.last))))


if __name__ == "__main__":
    main()

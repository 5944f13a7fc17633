"""What an apply costs: dpsync beside a bare client that makes the same calls, in one run.

    python benchmarks/apply.py --changes 1000 --latency 20 --concurrency 16 --rounds 3

First 1,000 creates, then 1,000 mixed changes: of ten, two creates, three new descriptions, two with a source more and one
less, one with both of these, one suspended, one deleted. It records a plan and an apply against the sandbox, in process and
once: every request, with the change that it is made for. Then, in turns, each against a server of its own that gives the
recorded answers, in their order, after a fixed latency: the bare client, which makes the requests of a change one after the
other and as many changes at once as dpsync; and dpsync, of which only the apply is measured, with its journal on disk. What
is measured is the share of the requests that so many connections can make at that latency; nothing is asserted about it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import pickle
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from plan import FORM, SOURCES, environ_for, replaying, run, write_workspace
from replay import NOT_RECORDED, Replay, answered, listen

if TYPE_CHECKING:
    from dpsync.model.change import Change
    from dpsync.sandbox import World

ME = __file__
CREATES, MIXED = KINDS = "creates", "mixed"
OF_ALL = 10
"""A mixed plan repeats after so many products; `what_becomes` says what becomes of each."""

Key = tuple[str, str, bytes]
"""Method, path and body."""

_STATUS = {200: "200 OK", 201: "201 Created", 204: "204 No Content", 404: "404 Not Found"}


def what_becomes(number: int, kind: str) -> str:
    """What the plan does to a product."""
    if kind == CREATES:
        return "create"
    places = ("create", "create", *("text",) * 3, *("sources",) * 2, "both", "suspend", "delete")
    return places[number % OF_ALL]


# -- the workspace and the world -------------------------------------------------------------------------------------


def write(folder: Path, changes: int, concurrency: int, kind: str) -> None:
    """The workspace: that of a plan with nothing to do, less what is deleted, and edited."""
    write_workspace(folder, changes, concurrency, FORM, SOURCES + 1)
    settings = folder / "dpsync.yaml"
    settings.write_text(
        settings.read_text().replace(
            "  environments:",
            "  guardrails: {too-many-deletes: {limit: 100000, share: 1}}\n  environments:",
        )
    )
    for file in sorted((folder / "products").glob("domain-*/*.yaml")):
        number = int(file.stem.removeprefix("product-"))
        becomes, text = what_becomes(number, kind), file.read_text()
        if becomes == "delete":
            file.unlink()
            continue
        if becomes in {"text", "both"}:
            text = text.replace("Records\n", "All records\n")
        if becomes == "suspend":
            text = text.replace("lifecycle: active", "lifecycle: suspended")
        file.write_text(text)


def world_of(changes: int, kind: str, workspace_id: str) -> World:
    """The marketplace before: without what is created, and with other sources where these change."""
    from dataclasses import replace

    from dpsync.model.identity import computed_id
    from dpsync.sandbox.seed import large_world

    world = large_world(
        changes,
        sources_per_product=SOURCES + 1,
        product_id=lambda number: computed_id(workspace_id, "DataProduct", f"product-{number:05d}"),
    )
    products = []
    for number, product in enumerate(world.products):
        becomes = what_becomes(number, kind)
        first = number * (SOURCES + 1) + 1
        sources = tuple(range(first, first + SOURCES))
        if becomes in {"sources", "both"}:
            sources = (*sources[:-1], first + SOURCES)
        if becomes != "create":
            requests = () if becomes == "delete" else product.requests
            products.append(replace(product, sources=sources, requests=requests))
    return replace(world, products=tuple(products))


# -- recording -------------------------------------------------------------------------------------------------------


def record(workspace: Path, changes: int, kind: str, file: Path) -> None:
    """Plan and apply once, in process, and write down every request, its answer, and the change that it is for."""
    import os

    import httpx2

    from dpsync import pipeline
    from dpsync.cli.shared import settings_for
    from dpsync.marketplace.client import WriteClient
    from dpsync.sandbox import Store, create_app
    from dpsync.sandbox.doors import BASE_URL, InProcess
    from dpsync.settings import token_of

    settings = settings_for(workspace, None)
    answers: dict[Key, list[tuple[int, bytes]]] = {}
    calls: dict[str, list[Key]] = {}

    class Recorder(InProcess):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            assert response.status_code in _STATUS, (request.url, response.content)
            asked = (request.method, request.url.raw_path.decode(), await request.aread())
            answers.setdefault(asked, []).append((response.status_code, response.content))
            if change := _CHANGE.get():
                calls.setdefault(change, []).append(asked)
            return response

    async def apply() -> None:
        with Store() as store:
            store.load(world_of(changes, kind, settings.workspace_id))
            transport = Recorder(create_app(store))
            async with WriteClient(BASE_URL, token_of(settings, os.environ), transport=transport) as client:
                known = await pipeline.planned(settings, pipeline.declared(settings).desired, client)
                assert len(known.plan.applicable) == changes, len(known.plan.applicable)
                during = _during("off", settings, known.plan.target)
                outcomes = await pipeline.applied(settings, known, client, during)
                assert all(one.is_good for one in outcomes)
                _CHANGE.set("")
                # Which of the first changes read their forms depends on who is answered first.
                for change in known.plan.changes:
                    if change.kind == "DataProduct" and change.after is not None:
                        await client.get(f"/api/data-product/{change.id}/request-forms")

    asyncio.run(apply())
    file.write_bytes(pickle.dumps((answers, calls)))


_CHANGE: ContextVar[str] = ContextVar("change", default="")


class _Watching:
    """Knows which change a request is for: it is told in the task that makes it."""

    def started(self, change: Change) -> None:
        _CHANGE.set(str(change.address))

    def calling(self, change: Change, call: Any) -> None: ...

    def called(self, change: Change, call: Any, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None: ...


def _during(where: str, settings: Any, target: Any) -> Any:
    from dpsync import pipeline
    from dpsync.cli.journals import journal_at

    return pipeline.During(journal_at(settings, target, where), _Watching(), asyncio.Event())


# -- serving ---------------------------------------------------------------------------------------------------------


class ReplayInOrder(Replay):
    """One connection to a marketplace that changes: what is asked twice is answered as it was the second time."""

    def __init__(self, latency: float, left: dict[tuple[bytes, bytes, bytes], list[bytes]]) -> None:
        super().__init__({}, latency)
        self._left = left

    def answer(self, asked: tuple[bytes, bytes, bytes]) -> bytes:
        left = self._left.get(asked, [NOT_RECORDED])
        return left.pop() if len(left) > 1 else left[0]


def serve(file: Path, latency: float) -> None:
    answers, _ = pickle.loads(file.read_bytes())
    left = {
        (method.encode(), target.encode(), body): [
            answered(_STATUS[status], content) for status, content in reversed(given)
        ]
        for (method, target, body), given in answers.items()
    }
    asyncio.run(listen(lambda: ReplayInOrder(latency, left)))


# -- the bare client -------------------------------------------------------------------------------------------------


async def bare(calls: Mapping[str, list[Key]], port: int, concurrency: int) -> dict[str, Any]:
    """Make the requests of each change one after the other, of as many changes at once as allowed."""
    waiting = iter(list(calls.values()))

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for asked in waiting:
            for method, target, body in asked:
                head = f"{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer sandbox\r\n"
                length = f"content-length: {len(body)}\r\n" if body else ""
                writer.write(f"{head}{length}\r\n".encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(answer.rpartition(b"content-length: ")[2]))
        writer.close()

    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "requests": sum(map(len, calls.values())),
    }


# -- dpsync ----------------------------------------------------------------------------------------------------------


def inside(workspace: Path, url: str) -> None:
    """Plan and apply once in this process, and print what the apply took."""
    from dpsync.cli.startup import prepare

    prepare()

    from dpsync import pipeline
    from dpsync.cli.connect import connected
    from dpsync.cli.shared import settings_for
    from dpsync.marketplace.client import ReadClient, WriteClient

    settings = settings_for(workspace, None, url)
    found = pipeline.declared(settings)
    said: list[dict[str, Any]] = []

    async def apply() -> None:
        async with connected(settings, ReadClient) as client:
            known = await pipeline.planned(settings, found.desired, client)
        wall, cpu = time.perf_counter(), time.process_time()
        async with connected(settings, WriteClient) as client:
            with tempfile.TemporaryDirectory() as folder:
                during = _during(folder, settings, known.plan.target)
                with during.journal:
                    outcomes = await pipeline.applied(settings, known, client, during)
                    done = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        bad = [one for one in outcomes if not one.is_good]
        assert not bad, bad[:3]
        calls = Counter(len(change.calls) for change in known.plan.applicable)
        said.append({**done, "requests": client.requests, "calls": calls, "changes": len(outcomes)})

    asyncio.run(apply())
    print(json.dumps(said[0]))


# -- what is measured ------------------------------------------------------------------------------------------------


def measure(kind: str, changes: int, latency: float, concurrency: int, rounds: int) -> None:
    python = sys.executable
    with tempfile.TemporaryDirectory(prefix="dpsync-benchmark-") as folder:
        workspace, file = Path(folder) / "workspace", Path(folder) / "recording"
        workspace.mkdir()
        write(workspace, changes, concurrency, kind)
        environ = environ_for(str(workspace))
        run([python, ME, "record", str(workspace), str(changes), kind, "--file", str(file)], environ)
        rows: list[dict[str, float]] = []
        made: dict[str, Any] = {}
        for _ in range(rounds):
            with replaying(file, latency, ME) as port:
                asking = ["bare", "--file", str(file), "--port", str(port), "--concurrency", str(concurrency)]
                floor = json.loads(run([python, ME, *asking], environ).text)
            with replaying(file, latency, ME) as port:
                url = f"http://127.0.0.1:{port}/marketplace"
                took = run([python, ME, "inside", str(workspace), url], environ)
            made = json.loads(took.text)
            requests = sum(made["requests"].values())
            possible = concurrency / latency
            rows.append(
                {
                    "floor": floor["wall"],
                    "floor cpu": floor["cpu"],
                    "floor share": floor["requests"] / floor["wall"] / possible,
                    "wall": made["wall"],
                    "cpu": made["cpu"],
                    "share": requests / made["wall"] / possible,
                    "ratio": (requests / made["wall"]) / (floor["requests"] / floor["wall"]),
                    "requests": requests,
                    "memory": took.memory,
                }
            )
    _print(kind, {name: median(row[name] for row in rows) for name in rows[0]}, made, rounds)


def _print(kind: str, took: Mapping[str, float], made: Mapping[str, Any], rounds: int) -> None:
    changes = made["changes"]
    print(f"\n{changes:,} {kind}, medians of {rounds} rounds")
    print(f"  floor (bare client)           {took['floor']:8.2f} s   {took['floor share']:.0%} of what fits")
    print(
        f"  apply within a process        {took['wall']:8.2f} s   {took['share']:.0%} of what fits (goal: 85%)"
    )
    print(f"  requests a second, x floor    {took['ratio']:8.2f}")
    print(f"  CPU per change                {took['cpu'] / changes * 1000:8.2f} ms")
    print(f"  CPU per request               {took['cpu'] / took['requests'] * 1000:8.2f} ms")
    print(f"  CPU per request, bare client  {took['floor cpu'] / took['requests'] * 1000:8.2f} ms")
    print(f"  peak memory, with its plan    {took['memory']:8.0f} MB")
    numbers = ", ".join(f"{number:,} of {calls}" for calls, number in sorted(made["calls"].items()))
    print(f"  changes by number of calls    {numbers}")
    print(
        f"  requests                      {took['requests']:8,.0f}   {took['requests'] / changes:.2f} a change"
    )
    for operation, count in sorted(made["requests"].items(), key=lambda one: (-one[1], one[0])):
        print(f"    {count:8,}  {operation}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    modes = parser.add_subparsers(dest="mode")
    recording = modes.add_parser("record")
    recording.add_argument("workspace", type=Path)
    recording.add_argument("changes", type=int)
    recording.add_argument("kind", choices=KINDS)
    serving = modes.add_parser("serve")
    serving.add_argument("--latency", type=float, required=True, help="seconds")
    asking = modes.add_parser("bare")
    asking.add_argument("--port", type=int, required=True)
    asking.add_argument("--concurrency", type=int, required=True)
    for mode in (recording, serving, asking):
        mode.add_argument("--file", type=Path, required=True)
    within = modes.add_parser("inside")
    within.add_argument("workspace", type=Path)
    within.add_argument("url")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=20, help="milliseconds before each answer")
    parser.add_argument("--concurrency", type=int, default=16, help="changes under way at once, 1 to 32")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.mode == "record":
        record(given.workspace, given.changes, given.kind, given.file)
    elif given.mode == "serve":
        serve(given.file, given.latency)
    elif given.mode == "bare":
        _, calls = pickle.loads(given.file.read_bytes())
        print(json.dumps(asyncio.run(bare(calls, given.port, given.concurrency))))
    elif given.mode == "inside":
        inside(given.workspace, given.url)
    else:
        changes = math.ceil(given.changes / OF_ALL) * OF_ALL
        for kind in KINDS:
            measure(kind, changes, given.latency / 1000, given.concurrency, given.rounds)


if __name__ == "__main__":
    main()

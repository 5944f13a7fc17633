"""A sandbox with dpsync before it: what is declared, planned and applied in process, and what the store says about it.

The door between the two watches every write, lets other requests go first now and then, so that concurrent changes really
are interleaved, and can close for good in the middle of an apply.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import httpx2
import yaml

from dpsync import pipeline
from dpsync.apply.journal import NoJournal
from dpsync.checks import GUARDRAILS
from dpsync.errors import InvalidManifests
from dpsync.marketplace.client import WriteClient
from dpsync.marketplace.live import read_live
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.model.secret import Token
from dpsync.model.state import LiveState, Scope
from dpsync.pipeline.weighing import Weighed
from dpsync.sandbox import DEFAULT_TOKEN, Received, Store, World, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.settings import Settings, Vintage

NOW: Final = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
WORKSPACE_ID: Final = "laws-7f3a9c"
FOLDER: Final = "products"

Pairs = frozenset[tuple[str, str, str]]
Document = Mapping[str, Any]
Put = Literal["merge", "replace"]

GUARDED: Final[Mapping[str, Mapping[str, object]]] = {}
UNGUARDED: Final[Mapping[str, Mapping[str, object]]] = {rule.name: {"severity": "off"} for rule in GUARDRAILS}

SETTINGS: Final = Settings(
    root=Path(),
    workspace="laws",
    workspace_id=WORKSPACE_ID,
    manifests=(FOLDER,),
    environment="sandbox",
    url="sandbox:",
    vintage="v2",
    prune=True,
    token_variable="DPSYNC_TOKEN",
    parallelism=10,
    policy=Policy(guardrails=UNGUARDED),
)


# -- manifests as text -----------------------------------------------------------------------------------------------


@contextmanager
def workspace(files: Sequence[Sequence[Document]]) -> Iterator[Path]:
    """A folder with these files of manifests, as YAML text."""
    with tempfile.TemporaryDirectory() as folder:
        for number, documents in enumerate(files):
            if documents:
                path = Path(folder, FOLDER, f"{number:02d}.yaml")
                path.parent.mkdir(exist_ok=True)
                path.write_text(as_yaml(documents), encoding="utf-8")
        yield Path(folder)


class _Plain(yaml.CSafeDumper):
    """Writes a value that stands twice twice: manifests know no aliases."""

    def ignore_aliases(self, _value: object) -> bool:
        return True


def as_yaml(documents: Sequence[Document]) -> str:
    """The documents as they could stand in one file."""
    return yaml.dump_all(documents, Dumper=_Plain, allow_unicode=True, sort_keys=False)


def declared(files: Sequence[Sequence[Document]], settings: Settings = SETTINGS) -> pipeline.Declared:
    """What the files declare. Fails with every finding if they are not valid: the estates of the laws are."""
    with workspace(files) as root:
        try:
            return pipeline.declared(replace(settings, root=root))
        except InvalidManifests as error:
            told = [f"{one.origin} {one.message}" for one in error.findings if one.is_error]
            raise AssertionError("\n".join([*told, *map(as_yaml, files)])) from None


# -- the marketplace -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """One write that took effect, and who had access to what after it."""

    method: str
    path: str
    body: Any
    status: int
    access: Pairs


@dataclass
class Door(httpx2.AsyncBaseTransport):
    """The way into the sandbox.

    It closes at write number `closes_at` (from 1), for good: before that write took effect, or just after it. It loses
    the answer of write number `loses`, once.
    """

    inner: InProcess
    store: Store
    received: list[Received]
    chance: random.Random
    closes_at: int = 0
    closes: Literal["before", "after"] = "before"
    loses: int = 0
    writes: int = 0
    closed: bool = False
    written: list[Written] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        for _ in range(self.chance.randrange(3)):
            await asyncio.sleep(0)
        if self.closed:
            raise httpx2.ReadError("The door is closed.", request=request)
        if request.method == "GET":
            return await self.inner.handle_async_request(request)
        self.writes += 1
        self.closed = self.writes == self.closes_at
        if self.closed and self.closes == "before":
            raise httpx2.ReadError("The door closed.", request=request)
        response = await self.inner.handle_async_request(request)
        last = self.received[-1]
        pairs = self.store.access_pairs()
        self.written.append(Written(last.method, last.path, last.body, last.status, pairs))
        if self.closed or self.writes == self.loses:
            raise httpx2.ReadError("The answer is lost.", request=request)
        return response


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an apply: its outcomes, the writes that took effect, and all calls."""

    outcomes: tuple[Outcome, ...]
    written: tuple[Written, ...]
    received: tuple[Received, ...]
    tried: int

    @property
    def bad(self) -> list[str]:
        """What did not end well, as texts for a failing test."""
        return [
            f"{one.change.address} {one.result}: {one.message}" for one in self.outcomes if not one.is_good
        ]

    def results(self, *wanted: Result) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.result in wanted)


class _Quiet:
    def started(self, change: Change) -> None: ...

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None: ...


class Market:
    """A sandbox over a world, and dpsync's ways of using it."""

    def __init__(
        self, store: Store, *, vintage: Vintage = "v2", put: Put = "merge", parallelism: int = 10
    ) -> None:
        self.store = store
        self.received: list[Received] = []
        self.requests: Counter[str] = Counter()
        """What the last client sent, by operation."""
        self.known: Weighed
        """The last plan, with what it was weighed with."""
        self.settings = replace(SETTINGS, vintage=vintage, parallelism=parallelism)
        self._inner = InProcess(create_app(store, vintage=vintage, put=put, received=self.received))

    def plan(
        self,
        files: Sequence[Sequence[Document]],
        *,
        prune: bool = True,
        guardrails: Mapping[str, Mapping[str, object]] = UNGUARDED,
    ) -> Plan:
        """The plan for these files, made with a client that could write."""
        settings = replace(self.settings, prune=prune, policy=Policy(guardrails=guardrails))
        return self.plan_of(declared(files, settings), settings)

    def plan_of(self, found: pipeline.Declared, settings: Settings) -> Plan:
        """The plan for what is declared."""

        async def planned() -> Plan:
            async with self.client(self._door()) as client:
                self.known = await pipeline.planned(settings, found.desired, client)
                return self.known.plan

        return asyncio.run(planned())

    def read(self, scope: Scope) -> LiveState:
        """The live state, as far as the scope needs it."""

        async def live() -> LiveState:
            async with self.client(self._door()) as client:
                return await read_live(client, scope, vintage=self.settings.vintage)

        return asyncio.run(live())

    def apply(
        self,
        plan: Plan,
        *,
        closes_at: int = 0,
        closes: Literal["before", "after"] = "before",
        loses: int = 0,
    ) -> Applied:
        """Carry the plan out, through a door that may close in between, or lose an answer."""
        door = self._door()
        door.closes_at, door.closes, door.loses = closes_at, closes, loses
        start = len(self.received)

        async def applied() -> tuple[Outcome, ...]:
            during = pipeline.During(NoJournal(), _Quiet(), asyncio.Event(), at_once)
            async with self.client(door) as client:
                known = replace(self.known, plan=plan)
                return await pipeline.applied(self.settings, known, client, during)

        outcomes = asyncio.run(applied())
        return Applied(outcomes, tuple(door.written), tuple(self.received[start:]), door.writes)

    def client(self, transport: httpx2.AsyncBaseTransport) -> WriteClient:
        """A client that waits for nothing; what it sends is counted in `requests`."""
        client = WriteClient(
            BASE_URL,
            Token(DEFAULT_TOKEN),
            transport=transport,
            parallelism=self.settings.parallelism,
            sleep=_no_sleep,
            jitter=lambda: 0.0,
            clock=lambda: 0.0,
            wall_clock=lambda: 0.0,
        )
        self.requests = client.requests
        return client

    def _door(self) -> Door:
        return Door(self._inner, self.store, self.received, random.Random(0))

    @contextmanager
    def as_it_is(self) -> Iterator[Moment]:
        """The marketplace at this moment, to return to as often as one likes."""
        moment = Moment(self.store)
        try:
            yield moment
        finally:
            moment.kept.close()


class Moment:
    """The rows of a store at one moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.kept = sqlite3.connect(":memory:")
        store._connection.backup(self.kept)

    def restore(self) -> None:
        self.kept.backup(self._store._connection)


async def _no_sleep(_seconds: float) -> None:
    pass


async def at_once(seconds: float) -> None:
    """A sleep that takes no time, and a grace period that has no end."""
    if seconds >= SETTINGS.deadlines.grace:
        await asyncio.Event().wait()


@contextmanager
def market(
    world: World, *, vintage: Vintage = "v2", put: Put = "merge", parallelism: int = 10
) -> Iterator[Market]:
    """A marketplace that holds the world."""
    with Store(":memory:", clock=lambda: NOW) as store:
        store.load(world)
        yield Market(store, vintage=vintage, put=put, parallelism=parallelism)

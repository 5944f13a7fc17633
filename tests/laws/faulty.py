"""A whole apply, with faults between dpsync and the marketplace; and everything that must be true of it whatever they are.

One plan that makes every kind of call there is. Faults hit the n-th call of a kind, in the reading as in the writing. Time
leaps, nothing sleeps, and the order in which concurrent calls arrive is drawn from a seed.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx2

from dpsync import pipeline
from dpsync.apply.journal import Journal, Run
from dpsync.cli.apply import _code_of_apply, _code_of_plan
from dpsync.errors import DpsyncError
from dpsync.marketplace import ReadClient, WriteClient
from dpsync.marketplace.paths import operation
from dpsync.model.change import Change
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Target
from dpsync.model.policy import Policy
from dpsync.model.report import Page, Report
from dpsync.model.secret import Token
from dpsync.pipeline.weighing import Weighed
from dpsync.reports import FORMATS
from dpsync.sandbox import Received, Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.settings import Settings
from laws.estates import _join
from laws.markets import NOW, SETTINGS, Document, Market, Moment, Pairs, _Quiet, declared
from marketplace.leaping import clock, leaping
from sandbox import worlds

TOKEN: Final = "sandbox-token-0123456789"
ALWAYS: Final = 10**6
TABLES: Final = {"DataProduct": "products", "RequestForm": "forms", "DataUseAgreement": "agreements"}

LENIENT: Final[dict[str, dict[str, object]]] = {
    rule: {"severity": "off"} for rule in ("probable-rename", "too-many-deletes")
}
POLICED: Final = replace(
    SETTINGS, parallelism=4, policy=Policy(guardrails=LENIENT, sensitive_tags=("Discovered.PII",))
)
"""With the guardrails that ask again before access is taken away."""


def _document(kind: str, key: str, **spec: object) -> Document:
    metadata = {"name": key}
    return {"apiVersion": "dpsync/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _agreement(key: str, body: str = "Be kind.") -> Document:
    return _document("DataUseAgreement", key, name=f"Agreement {key}", body=body)


def _form(key: str, *labels: str, **rest: object) -> Document:
    asked = [{"type": "SHORT_ANSWER", "label": label} for label in labels]
    flow = {"decision": "approve", "comment": "Open to everybody."}
    return _document("RequestForm", key, name=f"Form {key}", fields=asked, reviewFlow=flow, **rest)


def _product(key: str, *tables: str, form: str = "ask", **rest: object) -> Document:
    found = [{"table": f"ANALYTICS.SALES.{table}"} for table in tables]
    given = {"name": f"Product {key}", "domain": "Sales", "requestForm": form, "sources": found}
    return _document("DataProduct", key, **{**given, **rest})


BEFORE: Final = (
    _agreement("terms"),
    _agreement("gone-terms"),
    _form("ask", "Why?"),
    _form("gone-form", "Why?"),
    _product("fields", "ORDERS", description="Before."),
    _product("swaps", "ORDERS", "ITEMS"),
    _product("both", "RETURNS"),
    _product("gone", "ORDERS", form="gone-form"),
)
AFTER: Final = (
    _agreement("terms", "Be very kind."),
    _agreement("fresh"),
    _form("ask", "Why?", "How long?", agreements=["terms", "fresh"]),
    _form("new-form", "Which law?", agreements=["fresh"]),
    _product("fields", "ORDERS", description="After.", subjectMatterExpert="grace@acme.example"),
    _product("swaps", "ORDERS", "RETURNS"),
    _product("both", "ITEMS", "CUSTOMERS", form="new-form", name="Product renamed"),
    _product("new", "ORDERS", "CUSTOMERS", form="new-form"),
    _product("closed", "ITEMS", lifecycle="suspended"),
)


# -- what stands between ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exchange:
    """One call that a fault has hit: the request, the way to the marketplace, and what was answered to it before."""

    request: httpx2.Request
    forward: Callable[[], Awaitable[httpx2.Response]]
    earlier: Sequence[bytes]
    page_before: Sequence[Any]
    meddle: Callable[[], None]


Play = Callable[[Exchange], Awaitable[httpx2.Response]]


@dataclass
class Planted:
    """A fault at the `nth` call of a kind, and at the `times - 1` of that kind after it."""

    fault: str
    play: Play
    kind: str
    nth: int = 1
    times: int = 1
    played: int = 0

    def hits(self, kind: str, number: int) -> bool:
        return kind == self.kind and self.nth <= number < self.nth + self.times

    def __str__(self) -> str:
        return f"{self.fault} at {self.kind} {self.nth}{'' if self.times == 1 else '...'}"


@dataclass
class Between(httpx2.AsyncBaseTransport):
    """The way into the sandbox, with faults on it. Pages are small, so that every list has several."""

    inner: InProcess
    store: Store
    planted: Sequence[Planted]
    chance: random.Random
    page: int = 2
    counts: Counter[str] = field(default_factory=Counter)
    planning: Counter[str] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)
    earlier: dict[str, list[bytes]] = field(default_factory=dict)
    pages: dict[str, Sequence[Any]] = field(default_factory=dict)
    meddled: int = 0
    access: list[Pairs] = field(default_factory=list)
    cut_at: int = 0
    cut_is_before: bool = True
    lights_out: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        for _ in range(self.chance.randrange(3)):
            await asyncio.sleep(0)
        path = request.url.path.removeprefix("/marketplace")
        kind = operation(request.method, path)
        self.counts[kind] += 1
        number = self.counts[kind]
        is_last = self.cut_at and self.counts.total() >= self.cut_at
        if is_last and self.cut_is_before:
            await self._die()
        asked = self._in_small_pages(request)
        before = tuple(self.earlier.setdefault(str(asked.url), []))
        page_before = self.pages.get(asked.url.path, ())

        async def forward() -> httpx2.Response:
            response = await self.inner.handle_async_request(asked)
            if response.is_success and request.method == "POST" and "/applied/search" not in path:
                self.created[json.loads(request.content)["id"]] += 1
            if response.is_success and request.method == "GET":
                self.earlier[str(asked.url)].append(response.content)
                if asked is not request:
                    self.pages[asked.url.path] = json.loads(response.content)["data"]
            if request.method != "GET":
                self.access.append(self.store.access_pairs())
            if is_last:
                await self._die()
            return response

        for one in self.planted:
            if one.hits(kind, number):
                one.played += 1
                return await one.play(Exchange(request, forward, before, page_before, self._meddle))
        return await forward()

    async def _die(self) -> None:
        """The power is cut: whoever looks now sees what there is, and nothing more comes."""
        self.lights_out.set()
        await asyncio.Event().wait()

    def _meddle(self) -> None:
        self.meddled += 1
        meddle(self.store, self.meddled)

    def _in_small_pages(self, request: httpx2.Request) -> httpx2.Request:
        if request.method != "GET" or request.url.params.get("limit") != "100":
            return request
        if request.url.path.endswith(("/users", "/groups")):
            return request
        url = request.url.copy_set_param("limit", str(self.page))
        return httpx2.Request("GET", url, headers=request.headers)


MADE_BY_HAND: Final = {"agreements": worlds.TERMS, "forms": worlds.STANDARD, "products": worlds.ORDERS}


def meddle(store: Store, number: int) -> None:
    """What colleagues do: what they made is renamed, from the front of each list to its end, or back: no total changes."""
    name = f"{'~' if number % 2 else '!'}{number}"
    with store.transaction():
        for table, identity in MADE_BY_HAND.items():
            store.update(table, identity, {"name": name, "name_key": name})


# -- one apply -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a run said, how it ended, and how things are afterwards."""

    code: int
    told: str
    report: Report | None
    outcomes: tuple[Outcome, ...]
    journal: tuple[dict[str, Any], ...]
    counts: Counter[str]
    planning: Counter[str]
    created: Counter[str]
    seconds: float
    received: tuple[Received, ...]
    access: tuple[Pairs, ...]
    before: dict[str, dict[str, Any]]
    snapshot: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Cut:
    """What there was when the power was cut: the journal on the disk, what had arrived, and the marketplace."""

    journal: tuple[dict[str, Any], ...]
    received: tuple[Received, ...]
    access: tuple[Pairs, ...]
    moment: Moment


class Stage:
    """A marketplace at the moment before the mixed plan, to which every run returns."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.received: list[Received] = []
        self.settled: set[str] = set()
        self.app = create_app(store, received=self.received)
        self.market = Market(store, parallelism=4)
        assert self.market.apply(self.market.plan([BEFORE])).bad == []
        with store.transaction():
            for name in ("Product swaps", "Product both", "Product fields"):
                product = store.value("SELECT id FROM products WHERE name = ?", (name,))
                for user in (worlds.CONSUMER, worlds.STEWARD, worlds.OTHER):
                    _join(store, product, user)
        meddle(store, 0)
        self.start = self._ours()
        self.moment = Moment(store)
        self.found = declared([AFTER], POLICED)

    @cached_property
    def straight(self) -> Ran:
        """The run that nothing happens to."""
        return self.run(())

    @cached_property
    def expected(self) -> dict[str, dict[str, Any]]:
        assert self.straight.code == 0, self.straight.told
        return self.straight.snapshot

    @property
    def kinds(self) -> list[str]:
        """Every kind of call that the run makes."""
        return sorted(self.straight.counts)

    @cached_property
    def read_first(self) -> frozenset[str]:
        """The kinds of calls that are made before anything is written."""
        return frozenset(self.straight.planning)

    def nth(self, kind: str, position: str) -> int:
        """The number of the first, the middle or the last call of a kind."""
        count = self.straight.counts[kind]
        return {"first": 1, "middle": (count + 1) // 2, "last": count}[position]

    def run(
        self,
        planted: Sequence[Planted],
        *,
        seed: int = 0,
        afresh: bool = True,
        settings: Settings = POLICED,
        lasting: Callable[[Path], Journal] | None = None,
    ) -> Ran:
        """Plan and apply, as the command does, with these faults on the way."""
        if afresh:
            self.moment.restore()
        self.received.clear()
        before = self._ours()
        between = Between(InProcess(self.app), self.store, planted, random.Random(seed))
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            told, ended = leaping(self._told(between, settings, lasting or _journal, Path(folder)))
            lines = _lines(Path(folder))
        code, text, report = told
        return Ran(
            code,
            text,
            report,
            (report.outcomes or ()) if report is not None else (),
            lines,
            between.counts,
            between.planning,
            between.created,
            ended,
            tuple(self.received),
            tuple(between.access),
            before,
            self._ours(),
        )

    @cached_property
    def known(self) -> Weighed:
        """The mixed plan, made where nothing happens."""
        self.moment.restore()

        async def planned() -> Weighed:
            between = Between(InProcess(self.app), self.store, (), random.Random(0))
            async with self._client(ReadClient, between, POLICED) as reader:
                return await pipeline.planned(POLICED, self.found.desired, reader)

        return leaping(planned())[0]

    def cut_short(self, at: int, *, is_before: bool, seed: int) -> Cut | None:
        """Apply, and cut the power at the call `at`, before it arrives or just after; None if the run is over by then."""
        known = self.known
        self.moment.restore()
        self.received.clear()

        async def applied(folder: Path) -> Cut | None:
            between = Between(InProcess(self.app), self.store, (), random.Random(seed))
            between.cut_at, between.cut_is_before = at, is_before
            with _journal(folder) as journal:
                during = pipeline.During(journal, _Quiet(), asyncio.Event(), asyncio.sleep)
                async with self._client(WriteClient, between, POLICED) as writer:
                    applying = asyncio.ensure_future(pipeline.applied(POLICED, known, writer, during))
                    dark = asyncio.ensure_future(between.lights_out.wait())
                    await asyncio.wait({applying, dark}, return_when=asyncio.FIRST_COMPLETED)
                    if applying.done():
                        dark.cancel()
                        return None
                    cut = Cut(_lines(folder), tuple(self.received), tuple(between.access), Moment(self.store))
                    applying.cancel()
                    await applying
            return cut

        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            cut, _seconds = leaping(applied(Path(folder)))
        if cut is not None:
            cut.moment.restore()
        return cut

    def left_after(self, cut: Cut) -> Ran:
        """The run that follows; it has seen nothing of the one before but what that left in the marketplace."""
        cut.moment.restore()
        return self.run((), afresh=False)

    def _ours(self) -> dict[str, dict[str, Any]]:
        """What there is, without what colleagues made."""
        found: dict[str, dict[str, Any]] = self.store.snapshot()
        for table, identity in MADE_BY_HAND.items():
            del found[table][identity]
        return found

    async def _told(
        self, between: Between, settings: Settings, lasting: Callable[[Path], Journal], folder: Path
    ) -> tuple[int, str, Report | None]:
        try:
            async with self._client(ReadClient, between, settings) as reader:
                known = await pipeline.planned(settings, self.found.desired, reader)
            between.planning = Counter(between.counts)
            before = pipeline.report_of_plan(self.found, known.plan)
            if not known.plan.has_changes:
                return _code_of_plan(before), FORMATS["text"](before, Page()), before
            with lasting(folder) as journal:
                during = pipeline.During(journal, _Quiet(), asyncio.Event(), asyncio.sleep)
                async with self._client(WriteClient, between, settings) as writer:
                    outcomes = await pipeline.applied(settings, known, writer, during)
            report = pipeline.report_of_apply(before, outcomes, interrupted=False)
            return _code_of_apply(report), FORMATS["text"](report, Page()), report
        except DpsyncError as error:
            return error.exit_code, f"{error.message} {error.remedy}", None

    def _client(self, client: Any, between: Between, settings: Settings) -> Any:
        return client(
            BASE_URL,
            Token(TOKEN),
            transport=between,
            parallelism=settings.parallelism,
            jitter=lambda: 1.0,
            clock=clock,
            wall_clock=lambda: 0.0,
        )


@contextmanager
def staged() -> Iterator[Stage]:
    """The stage, over a world of its own."""
    with Store(":memory:", clock=lambda: NOW) as store, tempfile.TemporaryDirectory() as folder:
        world = worlds.small()
        store.load(replace(world, tokens={**world.tokens, TOKEN: world.caller}))
        yield Stage(store, Path(folder))


def _journal(folder: Path) -> Journal:
    return Journal.open(folder, _RUN, lambda: datetime(2026, 6, 1, tzinfo=UTC), lambda size: b"x" * size)


def _lines(folder: Path) -> tuple[dict[str, Any], ...]:
    files = list((folder / "runs").glob("*.jsonl"))
    if not files:
        return ()
    (file,) = files
    return tuple(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


_RUN: Final = Run(
    Target("laws", SETTINGS.workspace_id, "sandbox", "sandbox:", "acme.example"), "tester", "0.1.0"
)


# -- what is true of every run ---------------------------------------------------------------------------------------


def row(snapshot: Mapping[str, Mapping[str, Any]], change: Change) -> Any:
    """What the marketplace has of the object of a change; None if it is not there."""
    return snapshot[TABLES[change.kind]].get(change.id)


def nothing_is_hidden(stage: Stage, ran: Ran) -> None:
    """The run ended as it says, and says how it ended, whatever happened on the way."""
    assert ran.code in {0, 1, 3, 4, 5, 6}, ran.told
    assert "Traceback" not in ran.told
    assert TOKEN not in ran.told
    assert all(line.isprintable() for line in ran.told.split("\n"))
    assert max(ran.created.values(), default=0) <= 1  # never a second create
    for collection, expected in stage.expected.items():
        known = expected.keys() | stage.start[collection].keys()
        assert ran.snapshot[collection].keys() <= known
    if ran.code == 0:
        assert ran.snapshot == stage.expected
    for outcome in ran.outcomes:
        _is_true(stage, ran, outcome)
    if ran.report is not None and ran.report.outcomes is not None:
        is_all = all(outcome.is_good for outcome in ran.outcomes)
        plan = ran.report.plan
        assert plan is not None
        assert (ran.code == 0) == (is_all and plan.complete and not plan.blocked)
        words = " ".join(ran.told.split())
        for outcome in ran.outcomes:
            assert outcome.is_good or str(outcome.change.address) in words
    else:
        assert ran.snapshot == ran.before  # who plans changes nothing
    _is_journaled(ran)


def _is_true(stage: Stage, ran: Ran, outcome: Outcome) -> None:
    change, now = outcome.change, row(ran.snapshot, outcome.change)
    about = f"{change.address} {outcome.result}: {outcome.message}\nis {now}"
    if outcome.is_good:
        assert now == row(stage.expected, change), about
        return
    assert outcome.message, about
    assert outcome.remedy, about
    was = row(ran.before, change)
    if outcome.result is Result.FAILED:
        is_open = outcome.calls > 0 or "hether it took effect" in outcome.message
        assert now == was or is_open, about
        if "had not taken effect" in outcome.message and not outcome.calls:
            assert now == was, about
    else:
        assert now == was or now == row(stage.expected, change), about
        assert outcome.result is Result.STALE or now == was, about


def _is_journaled(ran: Ran) -> None:
    """Every write that arrived stands in the journal before it; what it says was confirmed took effect."""
    writes = [one for one in ran.received if one.method != "GET" and "/applied/search" not in one.path]
    if not ran.journal:
        assert writes == []
        return
    first, *lines, last = ran.journal
    assert (first["type"], last["type"], last["complete"]) == ("run", "finished", True)
    begun = {line["sequence"]: line for line in lines if line["type"] == "begin"}
    ended = {line["sequence"]: line for line in lines if line["type"] == "end"}
    assert begun.keys() == ended.keys()
    assert last["calls"] == len(begun)
    journaled = {_told_call(line["method"], line["path"], line["body"]) for line in begun.values()}
    arrived = Counter(_told_call(one.method, _path(one), one.body) for one in writes)
    taken = {_told_call(one.method, _path(one), one.body) for one in writes if 200 <= one.status < 300}
    assert arrived.keys() <= journaled
    for number, line in ended.items():
        call = begun[number]
        if line["result"] == "ok" and call["method"] != "DELETE":
            assert _told_call(call["method"], call["path"], call["body"]) in taken
        assert line["result"] == "ok" or line["message"]


def _path(one: Received) -> str:
    return one.path.removeprefix("/marketplace")


def _told_call(method: str, path: str, body: object) -> str:
    return f"{method} {path} {json.dumps(body, sort_keys=True)}"


def ends_well(stage: Stage, ran: Ran) -> None:
    """A run without faults makes what is left, and the one after it finds nothing to do.

    What follows depends on what there is and on nothing else, so that it is asked once for each state.
    """
    state = json.dumps(ran.snapshot, sort_keys=True)
    if state in stage.settled:
        return
    stage.settled.add(state)
    again = stage.run((), afresh=False)
    nothing_is_hidden(stage, again)
    assert again.code == 0, again.told
    assert again.snapshot == stage.expected
    assert bool(again.outcomes) == (ran.snapshot != stage.expected)
    if again.outcomes:
        ends_well(stage, again)
    else:
        assert not again.journal

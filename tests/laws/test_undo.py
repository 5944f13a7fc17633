"""Applying and undoing leaves the marketplace as it was, but for approvals that ended with a product.

What is compared is every object by its id, whoever made it. Four things cannot come back, and are left out by name: a product
whose id only the marketplace can give has another one; a review flow that its form does not use is not written; what nothing
can clear stays set, and the plan says so; and what is blocked, by a rule that the law names, is as the run made it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync import pipeline
from dpsync.apply.history import read_run
from dpsync.apply.journal import Journal, Run
from dpsync.kinds.data_product import DataProductSpec, ReviewFlows
from dpsync.kinds.request_form import RequestFormSpec
from dpsync.model.base import Spec
from dpsync.model.compare import mismatches
from dpsync.model.history import PastRun
from dpsync.model.identity import computed_id
from dpsync.model.outcome import Outcome
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, is_uuid
from dpsync.model.state import Scope
from dpsync.pipeline.undo import planned
from dpsync.planner.undo import undoing
from dpsync.settings import Vintage
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import NOW, WORKSPACE_ID, Market, market

World = Mapping[tuple[str, str], Spec]

MAY_BLOCK = {
    "unresolved-reference",  # a product in several domains, which no call can make
    "unresolved-source",  # a source that is in none of the domains that were read
    "name-taken",  # somebody else has the former name by now
    "name-swap",
    "still-used",
    "held-back",
    "not-created-here",  # an undo made again what was made by hand, under its former id
    "name-pattern",  # v1 takes no name like the one that somebody gave the object in another way
}
"""What may keep an undo from restoring an object."""


class _Quiet:
    """A progress that says nothing, whatever it is told."""

    def __getattr__(self, _name: str) -> object:
        return lambda *_args, **_kwargs: None


def journaled(one: Market, plan: Plan, folder: Path) -> tuple[PastRun, tuple[Outcome, ...]]:
    """Carry the plan out with a journal; what the journal says, and what became of each change."""
    number = iter(range(100))

    async def applied(journal: Journal) -> tuple[Outcome, ...]:
        during = pipeline.During(journal, _Quiet(), asyncio.Event())  # type: ignore[arg-type]
        async with one.client(one._door()) as client:
            return await pipeline.applied(one.settings, replace(one.known, plan=plan), client, during)

    run = Run(plan.target, "law", "0", "c0ffee" + "0" * 34)
    with Journal.open(folder, run, lambda: NOW, lambda size: bytes([next(number)] * size)) as journal:
        outcomes = asyncio.run(applied(journal))
    return read_run(journal.path), outcomes


def undo_plan(one: Market, run: PastRun) -> Plan:
    """The plan that undoes the run."""

    async def made() -> Plan:
        async with one.client(one._door()) as client:
            one.known = await planned(one.settings, run, client)
            return one.known.plan

    return asyncio.run(made())


def world(one: Market) -> World:
    """Every object with all that can be read of it."""
    products = frozenset(one.store.snapshot()["products"])
    live = one.read(Scope(WORKSPACE_ID, sources=products, forms=products))
    assert live.gaps == ()
    specs = {(resource.kind, resource.id): resource.spec for resource in live.resources}
    return {key: _with_active_flows(spec, specs) for key, spec in specs.items()}


def _with_active_flows(spec: Spec, specs: World) -> Spec:
    """A product with those of its own review flows that its forms use."""
    if not isinstance(spec, DataProductSpec) or spec.review_flows is None:
        return spec
    flows = {
        name: getattr(spec.review_flows, name)
        for name in ("data_access", "masking_exception")
        if _delegates(spec, name, specs)
    }
    return spec.with_values(review_flows=ReviewFlows.of(**flows))


def _delegates(spec: DataProductSpec, name: str, specs: World) -> bool:
    reference = getattr(spec.request_forms, name, None)
    form = specs.get(("RequestForm", reference.id or "")) if reference is not None else None
    return isinstance(form, RequestFormSpec) and form.review_flow.delegates


def renamed(before: World, plan: Plan, ran: Plan) -> World:
    """The world before, with the ids under which deleted products come back."""
    ids = {change.id: change.address for change in ran.deletions if not is_uuid(change.id)}
    assert all(plan.by_address[address].id != old for old, address in ids.items())
    return {
        (kind, computed_id(WORKSPACE_ID, kind, ids[live_id].key) if live_id in ids else live_id): spec
        for (kind, live_id), spec in before.items()
    }


def differing(before: World, after: World) -> dict[tuple[str, str], set[str]]:
    """The objects that are not as they were, each with the paths at which they differ."""
    gone = {key: {"gone"} for key in before.keys() - after.keys()}
    new = {key: {"new"} for key in after.keys() - before.keys()}
    both = {
        key: {one.dotted for one in mismatches(before[key], after[key])}
        for key in before.keys() & after.keys()
    }
    return {key: paths for key, paths in (gone | new | both).items() if paths}


def staying(plan: Plan, run: PastRun) -> Mapping[tuple[str, str], set[str]]:
    """What the run set for good, by object: only where the plan says so."""
    told = {
        finding.address: finding.message for finding in plan.findings if finding.rule == "cannot-be-cleared"
    }
    return {
        (past.address.kind, past.live_id): {
            path for path in past.set_for_good if path in told.get(past.address, "")
        }
        for past in undoing(run, WORKSPACE_ID).pasts
    }


def held(plan: Plan) -> dict[Address, set[str]]:
    return {change.address: {finding.rule for finding in change.blocked} for change in plan.blocked}


def carry_out(one: Market, plan: Plan, folder: Path) -> PastRun:
    """Carry the plan out to its end; what the journal says of it."""
    run, outcomes = journaled(one, plan, folder)
    assert [outcome.message for outcome in outcomes if not outcome.is_good] == []
    return run


@contextmanager
def a_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def closing(one: Market, number: int, closes: str) -> Iterator[None]:
    """The way into the marketplace closes at a write, before or after it took effect."""
    door = one._door
    one._door = lambda: replace(door(), closes_at=number, closes=closes)  # type: ignore[method-assign,arg-type]
    yield
    one._door = door  # type: ignore[method-assign]


def is_undone(one: Market, ran: Plan, folder: Path, before: World) -> Plan:
    """Apply the plan, undo it, and compare; answers the plan of the undo."""
    run = carry_out(one, ran, folder)
    plan = undo_plan(one, run)
    assert {rule for rules in held(plan).values() for rule in rules} <= MAY_BLOCK
    again = carry_out(one, plan, folder / "again")
    assert len(again.calls) == sum(len(change.calls) for change in plan.applicable)
    assert left_over(one, plan, run, renamed(before, plan, ran)) == {}
    assert undo_plan(one, run).applicable == ()
    return plan


def left_over(one: Market, plan: Plan, run: PastRun, before: World) -> dict[tuple[str, str], set[str]]:
    """What is not as it was, of all that is not blocked, and of which the plan does not say that it stays."""
    blocked = {(change.kind, change.id) for change in plan.blocked}
    stays = staying(plan, run)
    different = {
        key: paths - stays.get(key, set())
        for key, paths in differing(before, world(one)).items()
        if key not in blocked
    }
    return {key: paths for key, paths in different.items() if paths}


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_apply_and_undo_leave_every_object_as_it_was(vintage: Vintage) -> None:
    @law(0.3)
    @given(estates(vintage))
    def undone(estate: Estate) -> None:
        with market(estate.world, vintage=vintage) as one, a_folder() as folder:
            one.apply(one.plan(in_files(estate.first), prune=estate.prune))
            estate.by_hand(one.store)
            before = world(one)
            is_undone(one, one.plan(in_files(estate.second), prune=estate.prune), folder, before)

    undone()


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_after_an_undo_the_manifests_of_before_have_nothing_to_change(vintage: Vintage) -> None:
    @law(0.3)
    @given(estates(vintage))
    def nothing_to_change(estate: Estate) -> None:
        with market(estate.world, vintage=vintage) as one, a_folder() as folder:
            files = in_files(estate.first)
            one.apply(one.plan(files, prune=estate.prune))
            settled = one.plan(files, prune=estate.prune)
            if settled.applicable:
                return
            ran = one.plan(in_files(estate.second), prune=estate.prune)
            plan = is_undone(one, ran, folder, world(one))
            if plan.blocked:
                return
            moved = {change.address for change in ran.deletions if not is_uuid(change.id)}
            comes_back = {computed_id(WORKSPACE_ID, address.kind, address.key) for address in moved}
            again = one.plan(files, prune=estate.prune)
            assert {change.id for change in again.applicable} <= comes_back
            assert held(again).keys() - moved <= held(settled).keys()

    nothing_to_change()


@law(0.3)
@given(estates())
def test_undoing_an_undo_makes_again_what_the_run_made(estate: Estate) -> None:
    with market(estate.world) as one, a_folder() as folder:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        run = carry_out(one, one.plan(in_files(estate.second), prune=estate.prune), folder)
        made = world(one)
        undo = undo_plan(one, run)
        undone = carry_out(one, undo, folder / "undo")
        redo = undo_plan(one, undone)
        assert {rule for rules in held(redo).values() for rule in rules} <= MAY_BLOCK
        carry_out(one, redo, folder / "redo")
        assert left_over(one, redo, undone, made) == {}


@law(0.3)
@given(estates(most=4), st.integers(1, 12), st.sampled_from(("before", "after")))
def test_a_run_and_its_undo_may_break_off_anywhere(estate: Estate, number: int, closes: str) -> None:
    with market(estate.world) as one, a_folder() as folder:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        before = world(one)
        ran = one.plan(in_files(estate.second), prune=estate.prune)
        with closing(one, number, closes):
            run, _ = journaled(one, ran, folder)
        first = undo_plan(one, run)
        assert {rule for rules in held(first).values() for rule in rules} <= MAY_BLOCK
        with closing(one, 1 + number % 3, closes):
            journaled(one, first, folder / "first")
        second = undo_plan(one, run)
        assert {rule for rules in held(second).values() for rule in rules} <= MAY_BLOCK
        carry_out(one, second, folder / "second")
        gone = {change.id for change in ran.deletions if not is_uuid(change.id)}
        comes_back = {change.id for change in first.changes}
        left = {
            key: paths
            for key, paths in left_over(one, second, run, before).items()
            if key[1] not in gone and not (paths == {"new"} and key[1] in comes_back)
        }
        assert first.blocked or left == {}


@law(0.3)
@given(estates())
def test_what_somebody_did_since_the_run_is_never_taken_back(estate: Estate) -> None:
    with market(estate.world) as one, a_folder() as folder:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        run = carry_out(one, one.plan(in_files(estate.second), prune=estate.prune), folder)
        made = world(one)
        estate.by_hand(one.store)
        since = world(one)
        plan = undo_plan(one, run)
        carry_out(one, plan, folder / "undo")
        after = world(one)
        assert after.keys() <= since.keys() | {(change.kind, change.id) for change in plan.changes}
        for key, paths in differing(made, since).items():
            if key in after and key in since:
                assert paths.isdisjoint(differing(since, after).get(key, set()))

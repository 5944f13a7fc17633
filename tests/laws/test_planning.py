"""What holds for every plan: it only reads, its order is safe, nothing in it is empty, and apply makes exactly it."""

from __future__ import annotations

from hypothesis import given

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Plan
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import GUARDED, Market, market


def plans(one: Market, estate: Estate) -> tuple[Plan, Plan]:
    """The plans of both revisions, the first of them applied."""
    first = one.plan(in_files(estate.first), prune=estate.prune)
    one.apply(first)
    estate.by_hand(one.store)
    return first, one.plan(in_files(estate.second), prune=estate.prune)


@law(0.6)
@given(estates())
def test_planning_never_writes(estate: Estate) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first)))
        estate.by_hand(one.store)
        before = one.store.snapshot(), one.store.access_pairs()
        start = len(one.received)
        for guardrails in (GUARDED, {}):
            for prune in (True, False):
                one.plan(in_files(estate.second), prune=prune, guardrails=guardrails)
        calls = one.received[start:]
        assert calls
        assert {call.method for call in calls} == {"GET"}
        assert {call.status for call in calls} == {200}
        assert (one.store.snapshot(), one.store.access_pairs()) == before


@law(0.6)
@given(estates())
def test_no_wave_needs_a_later_one(estate: Estate) -> None:
    with market(estate.world) as one:
        for plan in plans(one, estate):
            for change in plan.changes:
                for first in (*change.needs, *change.follows):
                    assert first in plan.by_address or first in change.follows
                    if first in plan.by_address:
                        assert plan.by_address[first].wave < change.wave
            waves = {change.wave for change in plan.changes}
            assert waves == set(range(1, len(waves) + 1))


@law(0.6)
@given(estates())
def test_nothing_waits_for_what_is_blocked(estate: Estate) -> None:
    with market(estate.world) as one:
        for plan in plans(one, estate):
            blocked = {change.address for change in plan.blocked}
            assert [str(each.address) for each in plan.applicable if blocked.intersection(each.needs)] == []


@law(0.6)
@given(estates())
def test_no_change_is_empty_and_every_action_has_its_reason(estate: Estate) -> None:
    with market(estate.world) as one:
        for plan in plans(one, estate):
            assert len({change.address for change in plan.changes}) == len(plan.changes)
            assert len({(change.kind, change.id) for change in plan.changes}) == len(plan.changes)
            for change in plan.applicable:
                assert _is_no_ghost(change), change


def _is_no_ghost(change: Change) -> bool:
    if change.action is Action.CREATE:
        return change.before is None and change.after is not None and bool(change.fields)
    if change.action is Action.DELETE:
        return change.before is not None and not change.fields and bool(change.reason)
    differs = all(field.before != field.after for field in change.fields)
    replaces = Action.REPLACE_SOURCES in change.actions
    updates = Action.UPDATE in change.actions
    return differs and replaces == (not change.sources.is_empty) and updates == bool(change.fields)


@law(0.6)
@given(estates())
def test_apply_calls_about_the_applicable_changes_and_about_nothing_else(estate: Estate) -> None:
    with market(estate.world) as one:
        for documents in (estate.first, estate.second):
            plan = one.plan(in_files(documents), prune=estate.prune, guardrails=GUARDED)
            run = one.apply(plan)
            assert [outcome.change for outcome in run.outcomes] == list(plan.applicable)
            ids = {change.id for change in plan.applicable}
            for call in run.received:
                if call.method == "GET" and call.path.endswith("/members"):
                    continue  # who keeps a source through another product, asked again before it is taken away
                about = call.body["id"] if call.method == "POST" else call.path.split("/")[4]
                assert about in ids, (call.method, call.path)
            estate.by_hand(one.store)


@law(0.6)
@given(estates())
def test_what_is_unmanaged_is_never_touched(estate: Estate) -> None:
    with market(estate.world) as one:
        plan = one.plan(in_files(estate.first), prune=True)
        before = one.store.snapshot()
        one.apply(plan)
        after = one.store.snapshot()
        ours = {change.id for change in plan.changes}
        for table, rows in before.items():
            for identity, row in rows.items():
                assert identity in ours or after[table][identity] == row


@law(0.6)
@given(estates())
def test_a_change_writes_at_most_three_times_and_a_delete_once(estate: Estate) -> None:
    with market(estate.world) as one:
        for documents in (estate.first, estate.second):
            plan = one.plan(in_files(documents), prune=estate.prune)
            run = one.apply(plan)
            for outcome in run.outcomes:
                bound = 1 if outcome.change.action is Action.DELETE else 3
                assert 1 <= outcome.calls <= bound
            assert sum(outcome.calls for outcome in run.outcomes) == run.tried
            estate.by_hand(one.store)

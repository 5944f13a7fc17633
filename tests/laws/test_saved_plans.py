"""A plan survives being saved, its changes are recognised when they are planned again, and nothing else is ever made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from dpsync.model.change import Change
from dpsync.model.fingerprint import canonical, fingerprint, plan_fingerprint
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.planner.planfile import dump, read
from dpsync.planner.reviewed import Split, contained, from_digest, from_plan, only_reviewed
from dpsync.sandbox.doors import BASE_URL
from dpsync.sandbox.seed import random_world
from dpsync.settings import Vintage
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import GUARDED, Applied, Document, Market, market
from planner.saving import against_the_schema, anatomy


def fingerprints(plan: Plan) -> dict[str, str]:
    return {str(one.address): fingerprint(one, plan.target) for one in plan.changes}


def changed_by_hand(one: Market, estate: Estate) -> None:
    """The first revision is applied, and people do what they do."""
    one.apply(one.plan(in_files(estate.first), prune=estate.prune))
    estate.by_hand(one.store)


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_what_is_read_is_what_was_saved(vintage: Vintage) -> None:
    @law(0.5)
    @given(estates(vintage))
    def saved(estate: Estate) -> None:
        with market(estate.world, vintage=vintage) as one:
            for documents in (estate.first, estate.second):
                plan = one.plan(in_files(documents), prune=estate.prune, guardrails=GUARDED)
                text = dump(plan)
                again = read(text)
                assert again == plan
                assert anatomy(again) == anatomy(plan)
                assert dump(again) == text
                assert against_the_schema(text) == []
                one.apply(plan)
                estate.by_hand(one.store)

    saved()


@law(0.5)
@given(estates())
def test_a_plan_that_was_saved_is_applied_like_one_that_was_not(estate: Estate) -> None:
    with market(estate.world) as one:
        changed_by_hand(one, estate)
        with one.as_it_is() as start:
            plan = one.plan(in_files(estate.second), prune=estate.prune)
            run = one.apply(plan)
            expected = one.store.snapshot(), one.store.access_pairs()
            start.restore()
            again = one.apply(read(dump(plan)))
            assert again.bad == run.bad == []
            assert (one.store.snapshot(), one.store.access_pairs()) == expected
            assert writes(again) == writes(run)


def writes(run: Applied) -> Counter[tuple[str, str, str]]:
    """What took effect, by method, path below the url, and body."""
    below = urlsplit(BASE_URL).path
    return Counter((one.method, one.path.removeprefix(below), canonical(one.body)) for one in run.written)


def planned_calls(changes: Iterable[Change]) -> Counter[tuple[str, str, str]]:
    return Counter((call.method, call.path, canonical(call.body)) for one in changes for call in one.calls)


@law(0.5)
@given(estates())
def test_the_calls_of_a_plan_are_those_that_are_sent(estate: Estate) -> None:
    with market(estate.world) as one:
        for documents in (estate.first, estate.second):
            plan = one.plan(in_files(documents), prune=estate.prune, guardrails=GUARDED)
            assert writes(one.apply(plan)) == planned_calls(plan.applicable)
            estate.by_hand(one.store)


@law(0.5)
@given(estates(), st.integers(1, 99))
def test_a_fingerprint_does_not_depend_on_files_lines_and_order(estate: Estate, seed: int) -> None:
    with market(estate.world) as one:
        changed_by_hand(one, estate)
        plan = one.plan(in_files(estate.second), prune=estate.prune)
        moved = [
            {**document, "metadata": {**document["metadata"], "labels": {"moved": "yes"}}}
            for document in estate.second
        ]
        again = one.plan(in_files(moved, seed), prune=estate.prune)
        assert fingerprints(again) == fingerprints(plan)
        assert plan_fingerprint(again) == plan_fingerprint(plan)
        assert only_reviewed(again, from_digest(plan_fingerprint(plan))) == Split(again)


@law(0.5)
@given(estates())
def test_two_changes_never_have_one_fingerprint(estate: Estate) -> None:
    with market(estate.world) as one:
        changed_by_hand(one, estate)
        plan = one.plan(in_files(estate.second), prune=estate.prune)
        assert len({*fingerprints(plan).values()}) == len(plan.changes)
        elsewhere = replace(plan, target=replace(plan.target, tenant="other"))
        assert not {*fingerprints(plan).values()} & {*fingerprints(elsewhere).values()}


def parted(reviewed: Plan, fresh: Plan) -> tuple[Split, Split]:
    return only_reviewed(fresh, from_plan(reviewed)), contained(reviewed, fresh)


@law(0.5)
@given(estates())
def test_a_plan_is_parted_without_a_rest_and_nothing_left_in_it_needs_what_is_not(estate: Estate) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        reviewed = one.plan(in_files(estate.second), prune=estate.prune, guardrails=GUARDED)
        estate.by_hand(one.store)
        fresh = one.plan(in_files(estate.second), prune=estate.prune, guardrails=GUARDED)
        for split in parted(reviewed, fresh):
            assert len(split.plan.changes) + len(split.unreviewed) + split.others == len(fresh.changes)
            assert not {*split.gone} & {change.address for change in fresh.changes}
            made = {change.address for change in split.plan.applicable}
            for change in split.plan.applicable:
                assert {need for need in change.needs if need in fresh.by_address} <= made
                assert fresh.by_address[change.address] == change


@law(0.5)
@given(estates())
def test_nothing_is_sent_that_was_not_reviewed(estate: Estate) -> None:
    """People do what they do between the review and the apply; then only calls of the reviewed plan are sent."""
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        reviewed = one.plan(in_files(estate.second), prune=estate.prune)
        estate.by_hand(one.store)
        with one.as_it_is() as start:
            fresh = one.plan(in_files(estate.second), prune=estate.prune)
            for split in parted(reviewed, fresh):
                start.restore()
                run = one.apply(split.plan)
                assert run.bad == []
                assert writes(run) <= planned_calls(reviewed.applicable)


@law(0.5)
@given(estates())
def test_what_was_reviewed_as_blocked_is_not_sent_even_if_nothing_blocks_it_now(estate: Estate) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        reviewed = one.plan(in_files(estate.second), prune=estate.prune, guardrails=GUARDED)
        estate.by_hand(one.store)
        with one.as_it_is() as start:
            fresh = one.plan(in_files(estate.second), prune=estate.prune)
            for split in parted(reviewed, fresh):
                start.restore()
                assert writes(one.apply(split.plan)) <= planned_calls(reviewed.applicable)
        if reviewed.blocked:
            event("something was blocked")


@law(0.5)
@given(estates())
def test_a_plan_that_was_trusted_makes_what_is_as_it_was_and_leaves_the_rest(estate: Estate) -> None:
    """The file is carried out although people did what they do: what moved is left, and nothing else is sent."""
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        reviewed = read(dump(one.plan(in_files(estate.second), prune=estate.prune)))
        estate.by_hand(one.store)
        run = one.apply(reviewed)
        assert writes(run) <= planned_calls(reviewed.applicable)
        assert all(_is_told(outcome) for outcome in run.outcomes)


def _is_told(outcome: Outcome) -> bool:
    return outcome.result is Result.DONE or bool(outcome.message)


# Another team's merge in between.


def _product(key: str, domain: str, **spec: object) -> Document:
    named = {"name": key.title(), "domain": {"id": domain}, "sources": [], **spec}
    return {"apiVersion": "dpsync/v1beta1", "kind": "DataProduct", "metadata": {"name": key}, "spec": named}


def _form(key: str) -> Document:
    spec = {"name": key.title(), "fields": [], "reviewFlow": {"decision": "delegate"}}
    return {"apiVersion": "dpsync/v1beta1", "kind": "RequestForm", "metadata": {"name": key}, "spec": spec}


def test_the_delete_of_a_product_is_the_same_change_whether_or_not_its_form_goes_as_well() -> None:
    world = random_world(1, 2)
    domain = world.domains[0].id
    mine, form = _product("mine", domain, requestForm="form"), _form("form")
    theirs = _product("theirs", domain, requestForm="other")
    first = [mine, form, theirs, _form("other")]
    with market(world) as one:
        one.apply(one.plan([first]))
        with_form = one.plan([[theirs, _form("other")]])
        alone = one.plan([[form, theirs, _form("other")]])
        (deleted,) = alone.changes
        assert len(with_form.changes) == 2
        assert fingerprint(deleted, alone.target) in fingerprints(with_form).values()
        assert contained(with_form, alone).plan.applicable == alone.applicable


def test_a_change_is_the_same_when_another_team_changes_what_it_does_not_touch() -> None:
    world = random_world(1, 2)
    domain = world.domains[0].id
    first = [
        _product("mine", domain, requestForm="form"),
        _form("form"),
        _product("theirs", domain, requestForm="form"),
    ]
    mine = _product("mine", domain, requestForm="form", description="Mine")
    theirs = _product("theirs", domain, requestForm="form", description="Theirs")
    with market(world) as one:
        one.apply(one.plan([first]))
        reviewed = one.plan([[mine, *first[1:]]])
        both = one.plan([[mine, first[1], theirs]])
        split = only_reviewed(both, from_plan(reviewed))
        assert [change.address.key for change in split.plan.applicable] == ["mine"]
        assert [change.address.key for change in split.unreviewed] == ["theirs"]
        assert contained(reviewed, both).others == 1

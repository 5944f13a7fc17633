"""What holds for every plan of a part: it is the plan of everything, restricted, and what changed is in it (ADR 19)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dpsync.model.call import Action
from dpsync.model.change import Change, Provenance
from dpsync.model.fingerprint import fingerprint
from dpsync.model.impact import People, Reach
from dpsync.model.part import Part, Wanted
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.model.state import DesiredState
from dpsync.pipeline.part import drafted_part
from dpsync.pipeline.weighing import weighed
from dpsync.planner.part import part_of
from dpsync.planner.provenance import with_provenance
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import GUARDED, UNGUARDED, Document, Market, declared, market


def desired(one: Market, documents: Sequence[Document]) -> DesiredState:
    return declared(in_files(documents), one.settings).desired


def plan_of_part(
    one: Market,
    now: DesiredState,
    part: Part,
    *,
    prune: bool,
    guardrails: Mapping[str, Mapping[str, object]] = UNGUARDED,
) -> Plan:
    settings = replace(one.settings, prune=prune, policy=Policy(guardrails=guardrails))
    reach = Reach.MANAGED

    async def planned() -> Plan:
        async with one.client(one._door()) as client:
            asked = await drafted_part(settings, now, part, reach, client)
            return (await weighed(asked, client, reach)).plan

    return asyncio.run(planned())


def is_restricted(partial: Plan, full: Plan, part: Part) -> None:
    """The changes are those of the plan of everything that the part covers, and what these need; each is the same."""
    assert partial.complete == full.complete
    for change in partial.changes:
        same = full.by_address[change.address]
        assert fingerprint(change, partial.target) == fingerprint(same, full.target), change.address
        assert change.actions == same.actions
        assert set(change.needs) <= partial.by_address.keys()
        assert {one.rule for one in same.blocked} <= {one.rule for one in change.blocked} | {"held-back"}, (
            change
        )
    for change in full.changes:
        if covers(part, change):
            assert change.address in partial.by_address, change.address
    needed = {need for change in partial.changes for need in change.needs}
    for change in partial.changes:
        assert covers(part, change) or change.address in needed


def covers(part: Part, change: Change) -> bool:
    return part.prunes(change.kind, change.id) if change.after is None else part.covers(change.address)


def applied(one: Market, estate: Estate) -> tuple[DesiredState, DesiredState, Plan]:
    """The base and the manifests of now, with the plan of everything; the base is applied, and meddled with."""
    one.apply(one.plan(in_files(estate.first), prune=estate.prune))
    estate.by_hand(one.store)
    full = one.plan(in_files(estate.second), prune=estate.prune)
    return desired(one, estate.first), desired(one, estate.second), full


@law(0.5)
@given(estates())
def test_what_changed_is_planned_as_in_the_plan_of_everything(estate: Estate) -> None:
    with market(estate.world) as one:
        base, now, full = applied(one, estate)
        part = part_of(Wanted(since="main"), now, base, "0" * 40)
        partial = plan_of_part(one, now, part, prune=estate.prune)
        is_restricted(partial, full, part)


@law(0.5)
@given(estates())
def test_what_the_manifests_declare_is_in_what_changed(estate: Estate) -> None:
    with market(estate.world) as one:
        base, now, full = applied(one, estate)
        part = part_of(Wanted(since="main"), now, base, "0" * 40)
        for change in with_provenance(full, now, base).changes:
            if change.provenance is Provenance.DECLARED:
                assert covers(part, change), change.address


@law(0.5)
@given(estates(), st.randoms(use_true_random=False))
def test_targets_are_planned_as_in_the_plan_of_everything(estate: Estate, chance: random.Random) -> None:
    with market(estate.world) as one:
        _base, now, full = applied(one, estate)
        known = sorted(now.by_address)
        targets = tuple(str(one) for one in chance.sample(known, min(len(known), chance.randint(1, 3))))
        orphans = [str(change.address) for change in full.changes if change.after is None]
        targets += tuple(chance.sample(orphans, min(1, len(orphans))))
        part = part_of(Wanted(targets=targets), now, None)
        assert set(part.covered) >= {one for one in known if str(one) in targets}
        is_restricted(plan_of_part(one, now, part, prune=estate.prune), full, part)


@law(0.5)
@given(estates(), st.randoms(use_true_random=False))
def test_what_is_excluded_is_left_and_the_rest_is_the_same(estate: Estate, chance: random.Random) -> None:
    with market(estate.world) as one:
        _base, now, full = applied(one, estate)
        known = [str(address) for address in sorted(now.by_address)]
        part = part_of(Wanted(excludes=(chance.choice(known),)), now, None)
        partial = plan_of_part(one, now, part, prune=estate.prune)
        assert not {str(address) for address in partial.by_address} & set(part.excludes)
        for change in full.changes:
            if str(change.address) not in part.excludes:
                same = partial.by_address[change.address]
                assert fingerprint(change, full.target) == fingerprint(same, partial.target)
                waits = {str(need) for need in change.needs} & set(part.excludes)
                assert not waits or same.is_blocked


def chosen(estate: Estate, base: DesiredState, now: DesiredState) -> Part:
    """What changed, or a few resources and objects by name."""
    chance = random.Random(estate.hand)
    if chance.random() < 0.5:
        return part_of(Wanted(since="main"), now, base, "0" * 40)
    known = sorted(now.by_address)
    targets = tuple(str(one) for one in chance.sample(known, min(len(known), 4)))
    gone = part_of(Wanted(since="main"), now, base, "0" * 40).gone or ()
    return part_of(Wanted(targets=(*targets, *map(str, gone))), now, None)


@law(0.6)
@given(estates())
def test_a_plan_of_a_part_never_understates_whom_it_touches_or_what_holds_it_back(estate: Estate) -> None:
    """Held against the same part, for which everything was read."""
    with market(estate.world) as one:
        base, now, _full = applied(one, estate)
        part = chosen(estate, base, now)
        partial = plan_of_part(one, now, part, prune=estate.prune, guardrails=GUARDED)
        everything = replace(part, since="", targets=())
        truth = plan_of_part(one, now, everything, prune=estate.prune, guardrails=GUARDED)
        assert truth.owned is not None
        assert partial.owned is None
        assert truth.by_address.keys() == partial.by_address.keys()
        for true in truth.changes:
            said = partial.by_address[true.address]
            if true.impact is not None:
                assert said.impact is not None
                assert at_least(said.impact.losers, true.impact.losers), true.address
                assert at_least(said.impact.gainers, true.impact.gainers), true.address
                assert said.impact.products == true.impact.products
                assert said.impact.ended == true.impact.ended
            rules = {finding.rule for finding in true.blocked}
            if true.action is Action.CREATE:
                rules -= {"probable-rename"}  # as the notice says; what it may be is not deleted by this plan
            if rules - {"held-back"}:
                assert said.is_blocked, (true.address, rules)


def at_least(said: People, true: People) -> bool:
    """Whether everybody is said, or that it is not known who they are."""
    return said is None or (true is not None and said >= true)

"""What a plan says about people is what happens to them, as the marketplace's own rows tell it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import event, given
from hypothesis import strategies as st

from dpsync.impact import analyze, questions
from dpsync.marketplace.client import TAG_SEARCH
from dpsync.marketplace.evidence import read_evidence
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Evidence, Impact, Questions, Reach, SourceImpact
from dpsync.model.plan import Plan, Target
from dpsync.model.state import LiveState
from dpsync.planner import pruning_plan, resolve, scope_of
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import WORKSPACE_ID, Market, Pairs, declared, market

TARGET = Target("laws", WORKSPACE_ID, "sandbox", "sandbox:", "random")
SENSITIVE = ("Discovered*", "C*")

Reached = frozenset[tuple[str, str]]
"""Pairs of a user and a source."""


@dataclass(frozen=True)
class Told:
    """A plan with its impact, what it was worked out from, and who had access when."""

    plan: Plan
    live: LiveState
    asked: Questions
    evidence: Evidence
    before: Pairs
    after: Pairs

    @property
    def really_lost(self) -> Reached:
        return reached(self.before) - reached(self.after)

    @property
    def really_gained(self) -> Reached:
        return reached(self.after) - reached(self.before)

    @property
    def lost(self) -> Reached:
        return union(impact_of(change).lost for change in self.plan.applicable)

    @property
    def gained(self) -> Reached:
        return union(impact_of(change).gained for change in self.plan.applicable)

    @property
    def moved(self) -> frozenset[str]:
        """Ids of the products that the plan moves to another domain."""
        return frozenset(change.id for change in self.plan.applicable if impact_of(change).uncertain)


def reached(access: Iterable[tuple[str, str, str]]) -> Reached:
    return frozenset((user, source) for _product, user, source in access)


def union(groups: Iterable[tuple[SourceImpact, ...]]) -> Reached:
    """Everybody in the impacts, with the source; all are known, for the token may read everything."""
    found: set[tuple[str, str]] = set()
    for group in groups:
        for one in group:
            assert one.people is not None
            found |= {(user, str(one.source.id)) for user in one.people}
    return frozenset(found)


def impact_of(change: Change) -> Impact:
    """The impact of a change; one of what is only declared has none, and is never made."""
    return change.impact if change.impact is not None else Impact()


def told(one: Market, estate: Estate, reach: Reach, blocks: int = 0) -> Told:
    """The second revision planned, weighed and applied; `blocks`: of so many changes one is blocked."""
    one.apply(one.plan(in_files(estate.first), prune=estate.prune))
    estate.by_hand(one.store)
    desired = declared(in_files(estate.second)).desired
    live = one.read(scope_of(desired))
    plan = pruning_plan(resolve(desired, live), live, TARGET)
    if blocks:
        every = plan.changes[::blocks]
        plan = plan.with_findings(
            Finding("law", Severity.ERROR, "No.", address=each.address) for each in every
        )
    asked = questions(plan, live, SENSITIVE, reach)
    evidence = answers(one, asked)
    before = one.store.access_pairs()
    plan = analyze(plan, live, evidence)
    applied = one.apply(plan)
    assert applied.bad == []
    return Told(plan, live, asked, evidence, before, one.store.access_pairs())


def answers(one: Market, asked: Questions) -> Evidence:
    async def read() -> Evidence:
        async with one.client(one._door()) as client:
            return await read_evidence(client, asked)

    return asyncio.run(read())


@law()
@given(estates())
def test_all_changes_together_lose_and_gain_what_the_plan_really_takes_and_gives(estate: Estate) -> None:
    """With everything looked at; what only a product that moves still gives is taken for lost."""
    with market(estate.world) as one:
        found = told(one, estate, Reach.FULL)
        assert found.evidence.everywhere
        assert found.gained == found.really_gained
        still = reached(each for each in found.after if each[0] in found.moved)
        assert found.lost - still <= found.really_lost <= found.lost
        if found.really_lost or found.really_gained:
            event("somebody loses or gains something")


@law()
@given(estates(), st.integers(2, 3))
def test_it_holds_for_what_is_left_when_changes_are_blocked(estate: Estate, blocks: int) -> None:
    with market(estate.world) as one:
        found = told(one, estate, Reach.FULL, blocks)
        assert found.gained == found.really_gained
        still = reached(each for each in found.after if each[0] in found.moved)
        assert found.lost - still <= found.really_lost <= found.lost


@law(0.6)
@given(estates(), st.integers(2, 3))
def test_a_blocked_change_says_what_it_would_do_on_top_of_the_others(estate: Estate, blocks: int) -> None:
    """Told is the way from before the plan: what another change gives as well, and what one takes and this gives back."""
    with market(estate.world) as one:
        found = told(one, estate, Reach.FULL, blocks)
        waiting = {change.address for change in found.plan.blocked}
        with one.as_it_is() as start:
            for change in found.plan.blocked:
                if waiting & {*change.needs} or impact_of(change).uncertain:
                    continue
                alone = replace(change, blocked=(), needs=(), follows=())
                start.restore()
                if one.apply(replace(found.plan, changes=(alone,))).bad:
                    continue  # what it refers to is blocked as well
                now, impact = reached(one.store.access_pairs()), impact_of(change)
                was = reached(found.after)
                assert union([impact.gained]) - was == now - was - reached(found.before)
                still = reached(each for each in found.after if each[0] in found.moved)
                assert (union([impact.lost]) & was) - still <= was - now <= union([impact.lost])
                event("a blocked change was made")


@law(0.6)
@given(estates())
def test_as_far_as_managed_products_show_nothing_that_is_lost_or_gained_is_missing(estate: Estate) -> None:
    """Too many are told at most: those who have the source through a product that was not looked at, or that moves."""
    with market(estate.world) as one:
        found = told(one, estate, Reach.MANAGED)
        known = {each.id for each in found.live.resources if "sources" in each.parts}
        hidden = {each.id for each in found.live.resources if each.id not in known} | found.moved
        both = reached(each for each in found.before | found.after if each[0] in hidden)
        assert found.lost - both <= found.really_lost <= found.lost
        assert found.gained - both <= found.really_gained <= found.gained


@law(0.6)
@given(estates())
def test_only_changes_that_say_so_take_or_give_access(estate: Estate) -> None:
    with market(estate.world) as one:
        found = told(one, estate, Reach.MANAGED)
        changes = {change.id: change for change in found.plan.applicable}
        for product, _user, _source in found.before - found.after:
            assert changes[product].removes_access
        for product, _user, _source in found.after - found.before:
            assert changes[product].grants_access
        for change in found.plan.changes:
            impact = impact_of(change)
            assert not any(each.people for each in impact.lost) or change.removes_access
            assert not any(each.people for each in impact.gained) or change.grants_access


@law(0.6)
@given(estates())
def test_without_members_read_nobody_is_said_to_lose_nothing_unless_the_product_has_no_request(
    estate: Estate,
) -> None:
    with market(estate.world) as one:
        found = told(one, estate, Reach.COUNTS)
        lost = {change.id for change in found.plan.applicable if impact_of(change).losers != frozenset()}
        gained = {change.id for change in found.plan.applicable if impact_of(change).gainers != frozenset()}
        assert {product for product, _user, _source in found.before - found.after} <= lost
        assert {product for product, _user, _source in found.after - found.before} <= gained


@law(0.6)
@given(estates(), st.sampled_from(Reach))
def test_every_question_is_one_request_and_none_of_them_writes(estate: Estate, reach: Reach) -> None:
    with market(estate.world) as one:
        found = told(one, estate, reach)
        state = one.store.snapshot(), one.store.access_pairs()
        start = len(one.received)
        answers(one, found.asked)
        calls = Counter(
            (call.method, call.path.removeprefix("/marketplace")) for call in one.received[start:]
        )
        assert (one.store.snapshot(), one.store.access_pairs()) == state
        searches = calls.pop(("POST", TAG_SEARCH), 0)
        assert {method for method, _path in calls} <= {"GET"}
        assert searches <= (1 + 2 * len(found.asked.added) if found.asked.added else 0)
        reads = [path for _method, path in calls.elements()]
        assert len(reads) == len(set(reads)) or any(path.endswith("/columns") for path in reads)
        members = {path for path in reads if path.endswith("/members")}
        assert len(members) <= len(found.asked.products) + len(found.asked.elsewhere)
        if reach is Reach.COUNTS:
            assert not members


@law(0.6)
@given(estates())
def test_tags_are_those_of_the_source_and_of_its_columns(estate: Estate) -> None:
    with market(estate.world) as one:
        found = told(one, estate, Reach.COUNTS)
        rows = one.store.rows('SELECT source, "column", tag FROM applied_tags')
        meant = [row for row in rows if row["tag"].startswith(("Discovered", "C"))]
        for source in found.asked.added:
            tags = {row["tag"] for row in meant if str(row["source"]) == source}
            on_columns = {row["tag"] for row in meant if str(row["source"]) == source and row["column"]}
            assert set(found.evidence.tags[source]) == tags
            assert set(found.evidence.column_tags.get(source, ())) == on_columns
        if any(found.evidence.tags.values()):
            event("something is sensitive")


@law(0.6)
@given(estates())
def test_the_same_evidence_gives_the_same_impact(estate: Estate) -> None:
    with market(estate.world) as one:
        found = told(one, estate, Reach.FULL)
        shuffled = replace(found.live, resources=tuple(reversed(found.live.resources)))
        assert analyze(found.plan, shuffled, found.evidence) == found.plan

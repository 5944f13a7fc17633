"""Weighing a plan: who gains and who loses by it, and what the guardrails hold back because of that.

A page of its own because the two depend on each other: what a change takes away is judged with all others made, and what
is held back is not made. So they are asked in turn until nothing more is held back. Before a change takes access away,
apply has it weighed once more, with members read anew. Nothing here can write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from dpsync import checks
from dpsync.checks import exemptions
from dpsync.checks.rule import Planned
from dpsync.impact import Weighing, analyze, lossless, questions
from dpsync.marketplace.again import read_again
from dpsync.marketplace.evidence import read_evidence
from dpsync.model.access import Accesses
from dpsync.model.change import Change
from dpsync.model.finding import Finding, in_order
from dpsync.model.impact import Audience, Evidence, Impact, Questions, Reach
from dpsync.model.plan import Plan, held_back
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.planner.waves import in_waves

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient

One = TypeVar("One")


@dataclass(frozen=True)
class Weighed:
    """A plan with its impact, what the guardrails hold back held back, and what it was weighed with."""

    plan: Plan
    asked: Planned
    evidence: Evidence
    reach: Reach

    @cached_property
    def _changes_by_product(self) -> Mapping[str, Change]:
        return {change.id: change for change in self.plan.applicable}

    @cached_property
    def _products_by_source(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the products that have a source, or are to get it, by its id."""
        live = {one.id: _held(one) for one in self.asked.live.resources} | dict(self.evidence.contents)
        given = ((change.id, frozenset(_ids(change))) for change in self.plan.applicable)
        return _by_source((*live.items(), *given))

    def relied_on(self, change: Change) -> frozenset[str]:
        """The ids of other products that may keep something for somebody who is in the product of the change."""
        mine = self.evidence.audiences.get(change.id, Audience()).members
        near = {one for source in _touched(change) for one in self._products_by_source.get(source, ())}
        return frozenset(
            one
            for one in near - {change.id}
            if not mine.isdisjoint(self.evidence.audiences.get(one, Audience()).members)
        )

    def changes_of(self, products: Iterable[str]) -> tuple[Change, ...]:
        """The changes that are made of these products."""
        return tuple(
            self._changes_by_product[one] for one in sorted(products) if one in self._changes_by_product
        )


async def weighed(asked: Planned, client: ReadClient, reach: Reach) -> Weighed:
    """The plan in `asked`, weighed and judged. Reads what has to be known, and nothing where nothing changes."""
    wanted = questions(asked.plan, asked.live, asked.policy.sensitive_tags, reach)
    evidence = await read_evidence(client, wanted)
    return Weighed(judged(asked, evidence), asked, evidence, reach)


def judged(asked: Planned, evidence: Evidence) -> Plan:
    """The plan with its impact and what the guardrails say to it.

    What is held back in one round stays held back, also if a later round would let it pass: the others were judged without
    it. A further round is about those changes only to which it makes a difference what the one before held back.
    """
    weighing = Weighing(asked.plan, asked.live, evidence)
    planned = replace(asked, plan=weighing.plan)
    found = checks.found(planned)
    about_people = _by_address(one for one in found if one.rule in checks.ABOUT_PEOPLE)
    others = [one for one in found if one.rule not in checks.ABOUT_PEOPLE]
    holding = _Holding(planned.plan)
    newly = holding.held_with(exemptions.allowing(found, planned))
    while newly:
        changes = weighing.hold(newly)
        again = checks.found_about_people(replace(planned, plan=replace(planned.plan, changes=changes)))
        about_people |= {change.address: () for change in changes} | _by_address(again)
        newly = holding.held_with(exemptions.allowing(again, planned))
    planned = replace(asked, plan=weighing.plan)
    found = (*others, *(one for findings in about_people.values() for one in findings))
    plan = planned.plan.with_findings(exemptions.exempted(found, planned))
    loose = [address for address in holding.held if not plan.by_address[address].is_blocked]
    plan = plan.with_findings(finding for address in loose for finding in holding.held[address])
    return lossless(plan, asked.live, evidence, in_waves)


class _Holding:
    """Which changes of a plan are held back by now, and why: blocked, or in need of one that is."""

    def __init__(self, plan: Plan) -> None:
        self.held: dict[Address, tuple[Finding, ...]] = {}
        self._by_address = plan.by_address
        self._needed_by: dict[Address, list[Change]] = {}
        for change in plan.changes:
            for need in change.needs:
                self._needed_by.setdefault(need, []).append(change)
        self._fresh = self._with_what_needs_it({one.address: one.blocked for one in plan.blocked})

    def held_with(self, findings: Iterable[Finding]) -> tuple[Address, ...]:
        """What is held back by now and was not when this was asked before: also by errors among these findings."""
        errors = _by_address(
            one
            for one in findings
            if one.is_error and one.address not in self.held and one.address in self._by_address
        )
        fresh, self._fresh = self._fresh, []
        return (*fresh, *self._with_what_needs_it({one: in_order(why) for one, why in errors.items()}))

    def _with_what_needs_it(self, newly: Mapping[Address, tuple[Finding, ...]]) -> list[Address]:
        self.held.update(newly)
        addresses = list(newly)
        for address in addresses:  # grows meanwhile
            for change in self._needed_by.get(address, ()):
                if change.address not in self.held:
                    first = next(need for need in change.needs if need in self.held)
                    self.held[change.address] = (held_back(change, first, self._by_address[first].title),)
                    addresses.append(change.address)
        return addresses


def _by_address(findings: Iterable[Finding]) -> dict[Address, tuple[Finding, ...]]:
    """The findings that are about a change, by its address."""
    found: dict[Address, list[Finding]] = {}
    for one in findings:
        if one.address is not None:
            found.setdefault(one.address, []).append(one)
    return {address: tuple(members) for address, members in found.items()}


async def weighed_again(known: Weighed, change: Change, client: ReadClient) -> tuple[Finding, ...]:
    """What the guardrails about people hold against a change, judged by what is live now; empty if nothing.

    Nothing of what was read for the plan is believed any more: neither who is in the product, nor who is in the products
    that keep something for them, nor whether these are suspended, nor what they hold. What cannot be read keeps nobody.
    """
    if not change.removes_access:
        return ()
    relied = known.relied_on(change)
    ids = relied | {change.id}
    now = await read_again(client, ids)
    fresh = await read_evidence(client, Questions(products=ids))
    evidence = replace(known.evidence, audiences=fresh.audiences, contents={}, everywhere=False)
    near = tuple(_as_it_is(one, now) for one in known.changes_of(now.keys() & relied))
    mine = _as_it_is(change, now)
    products = tuple(replace(one, accesses=Accesses()) for _, one in sorted(now.items()))
    live = replace(known.asked.live, resources=products)
    plan = analyze(replace(known.plan, changes=(*near, mine)), live, evidence)
    again = replace(plan, changes=(plan.by_address[change.address],))
    asked = replace(known.asked, plan=again, live=live)
    return tuple(finding for finding in checks.findings_about_people(asked) if finding.is_error)


def _as_it_is(change: Change, now: Mapping[str, LiveResource]) -> Change:
    """The change, of a product of which nobody knows yet who is in it, and that is suspended now or not."""
    before = change.before
    if before is None:
        return change
    unasked = replace(before, accesses=Accesses(None, before.accesses.pending))
    if change.id in now and now[change.id].spec.manages("lifecycle"):
        lifecycle = getattr(now[change.id].spec, "lifecycle", None)
        unasked = replace(unasked, spec=before.spec.with_values(lifecycle=lifecycle))
    return replace(change, before=unasked)


def without_names(plan: Plan) -> Plan:
    """The plan without the names of people: they are shown where they were asked for, and nowhere else."""
    return replace(plan, changes=tuple(_nameless(change) for change in plan.changes))


def _nameless(change: Change) -> Change:
    impact: Impact | None = change.impact
    return change if impact is None or not impact.names else replace(change, impact=replace(impact, names={}))


def _by_source(pairs: Iterable[tuple[One, frozenset[str]]]) -> Mapping[str, tuple[One, ...]]:
    found: dict[str, list[One]] = {}
    for one, sources in pairs:
        for source in sources:
            found.setdefault(source, []).append(one)
    return {source: tuple(members) for source, members in found.items()}


def _touched(change: Change) -> frozenset[str]:
    """The sources that the change gives or takes: those that come and go, and all that its product has."""
    return frozenset(_ids(change)) | (_held(change.before) if change.before is not None else frozenset())


def _ids(change: Change) -> Iterator[str]:
    for source in (*change.sources.added, *change.sources.removed):
        if source.id is not None:
            yield source.id


def _held(one: LiveResource) -> frozenset[str]:
    return frozenset(
        source.id for source in getattr(one.spec, "sources", None) or () if source.id is not None
    )

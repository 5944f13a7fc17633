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
from dpsync.checks.rule import Planned
from dpsync.impact import analyze, questions
from dpsync.marketplace.evidence import read_evidence
from dpsync.model.change import Change
from dpsync.model.finding import Finding
from dpsync.model.impact import Evidence, Impact, Reach
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState

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
    def _changes_by_source(self) -> Mapping[str, tuple[Change, ...]]:
        return _by_source((change, _touched(change)) for change in self.plan.changes)

    @cached_property
    def _products_by_source(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the products that have a source, by its id, whether the plan or the evidence read them."""
        found = {one.id: _held(one) for one in self.asked.live.resources} | dict(self.evidence.contents)
        return _by_source(found.items())

    def neighbourhood(self, change: Change) -> tuple[Plan, LiveState]:
        """The part of the plan and of the live state that decides what this change takes away."""
        sources = _touched(change)
        near = {one.address: one for source in sources for one in self._changes_by_source.get(source, ())} | {
            change.address: change
        }
        ids = {one.id for one in near.values()}
        ids |= {product for source in sources for product in self._products_by_source.get(source, ())}
        live = replace(
            self.asked.live, resources=tuple(one for one in self.asked.live.resources if one.id in ids)
        )
        return replace(self.plan, changes=tuple(near.values())), live


async def weighed(asked: Planned, client: ReadClient, reach: Reach) -> Weighed:
    """The plan in `asked`, weighed and judged. Reads what has to be known, and nothing where nothing changes."""
    wanted = questions(asked.plan, asked.live, asked.policy.sensitive_tags, reach)
    evidence = await read_evidence(client, wanted)
    return Weighed(judged(asked, evidence), asked, evidence, reach)


def judged(asked: Planned, evidence: Evidence) -> Plan:
    """The plan with its impact and what the guardrails say to it.

    What one round holds back stays held back, also if a later round would let it pass: the others were judged without it.
    """
    held: dict[Address, tuple[Finding, ...]] = {
        change.address: change.blocked for change in asked.plan.blocked
    }
    while True:
        plan = analyze(asked.plan, asked.live, evidence, frozenset(held))
        plan = plan.with_findings(checks.findings(replace(asked, plan=plan)))
        loose = [address for address in held if not plan.by_address[address].is_blocked]
        plan = plan.with_findings(finding for address in loose for finding in held[address])
        blocked = {change.address: change.blocked for change in plan.blocked}
        if blocked.keys() <= held.keys():
            return plan
        held = blocked


async def weighed_again(known: Weighed, change: Change, client: ReadClient) -> tuple[Finding, ...]:
    """What the guardrails about people hold against a change, with its members read anew; empty if nothing."""
    if not change.removes_access:
        return ()
    plan, live = known.neighbourhood(change)
    alone = replace(plan, changes=(change,))
    wanted = questions(alone, live, known.asked.policy.sensitive_tags, known.reach)
    evidence = _newer(known.evidence, wanted.products, await read_evidence(client, wanted))
    again = analyze(plan, live, evidence).by_address[change.address]
    asked = replace(known.asked, plan=replace(plan, changes=(again,)), live=live)
    return tuple(finding for finding in checks.findings_about_people(asked) if finding.is_error)


def without_names(plan: Plan) -> Plan:
    """The plan without the names of people: they are shown where they were asked for, and nowhere else."""
    return replace(plan, changes=tuple(_nameless(change) for change in plan.changes))


def _nameless(change: Change) -> Change:
    impact: Impact | None = change.impact
    return change if impact is None or not impact.names else replace(change, impact=replace(impact, names={}))


def _newer(old: Evidence, asked: Iterable[str], new: Evidence) -> Evidence:
    """The old evidence with what was read anew; what could not be read anew is not known any more."""
    gone = set(asked)
    audiences = {product: one for product, one in old.audiences.items() if product not in gone}
    return replace(
        old,
        audiences={**audiences, **new.audiences},
        people={**old.people, **new.people},
        contents={**old.contents, **new.contents},
    )


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

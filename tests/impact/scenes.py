"""Plans and evidence as small as a test of impact needs them: products with members, and what is declared of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dpsync.impact import analyze, questions
from dpsync.model.access import Accesses
from dpsync.model.change import Change
from dpsync.model.impact import Audience, Evidence, Impact, People, Questions, Reach, SourceImpact
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import LiveState, Person, Source
from planner.states import at, live, live_product, product, pruning

ANNA, BEN, CLEO = "u-anna", "u-ben", "u-cleo"
PEOPLE = {
    ANNA: Person(ANNA, "anna", "Anna Adams"),
    BEN: Person(BEN, "ben", "Ben Berg", "ben@acme.example"),
    CLEO: Person(CLEO, "cleo", "Ben Berg"),
}


def there(
    live_id: str,
    *sources: Source,
    approved: int | None = 1,
    pending: int | None = 0,
    unread: bool = False,
    **values: Any,
) -> LiveResource:
    """A live product with an id, titled by it. With `unread` its sources were not read."""
    found = live_product(live_id, live_id.title(), sources=at(*sources), **values)
    spec = found.spec.without("sources") if unread else found.spec
    return replace(found, spec=spec, accesses=Accesses(approved, pending))


def wanted(live_id: str, *sources: Source, **values: Any) -> Resource:
    """What a manifest says about the live product with this id."""
    given = {"name": live_id.title(), "domain": Reference("Sales")} | values
    return product(live_id, pinned=live_id, sources=at(*sources), **given)


def evidence(members: Mapping[str, str] | None = None, **rest: Any) -> Evidence:
    """Evidence of who is in which product: `{"one": "u-anna u-ben"}`."""
    audiences = {each: Audience(frozenset(who.split())) for each, who in (members or {}).items()}
    return Evidence(audiences, PEOPLE, **rest)


def asked(plan: Plan, on: LiveState, reach: Reach = Reach.MANAGED, *sensitive: str) -> Questions:
    return questions(plan, on, sensitive, reach)


def weighed(
    *declared: Resource, on: LiveState, given: Evidence, held: frozenset[Address] = frozenset()
) -> dict[str, Impact]:
    """The impact of each change of the plan for what is declared, by key; a live id where no manifest names it."""
    return impacts(analyze(pruning(*declared, on=on), on, given, held))


def impacts(plan: Plan) -> dict[str, Impact]:
    return {change.address.key: impact_of(change) for change in plan.changes}


def impact_of(change: Change) -> Impact:
    assert change.impact is not None
    return change.impact


def gained(impact: Impact) -> dict[str, People]:
    return _by_source(impact.gained)


def lost(impact: Impact) -> dict[str, People]:
    return _by_source(impact.lost)


def _by_source(sources: tuple[SourceImpact, ...]) -> dict[str, People]:
    return {str(one.source.id): one.people for one in sources}


def who(*people: str) -> frozenset[str]:
    return frozenset(people)


def market(*resources: LiveResource) -> LiveState:
    return live(*resources)

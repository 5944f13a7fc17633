"""Rounds of guardrails: what they come to is as if each had judged everything, and they cost as much as the plan is long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.asking import planned
from counting import growth
from dpsync import checks
from dpsync.checks.rule import Planned
from dpsync.impact import analyze, lossless
from dpsync.model.finding import Finding
from dpsync.model.impact import Evidence
from dpsync.model.plan import Plan
from dpsync.model.policy import Exemption, Policy
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.state import Catalog, Source
from dpsync.pipeline.weighing import judged
from dpsync.planner.waves import in_waves
from impact.scenes import evidence, there, wanted
from planner.states import CATALOG, SALES, live, product, source

MANY = " ".join(f"u-{number}" for number in range(3))
FEW = {"source-removal": {"members": 1}}


def round_after_round(asked: Planned, evidence: Evidence) -> Plan:
    """The rule as it is meant: every round judges the whole plan, less what is held back by then."""
    held: dict[Address, tuple[Finding, ...]] = {one.address: one.blocked for one in asked.plan.blocked}
    while True:
        plan = analyze(asked.plan, asked.live, evidence, frozenset(held))
        plan = plan.with_findings(checks.findings(replace(asked, plan=plan)))
        loose = [address for address in held if not plan.by_address[address].is_blocked]
        plan = plan.with_findings(finding for address in loose for finding in held[address])
        blocked = {one.address: one.blocked for one in plan.blocked}
        if blocked.keys() <= held.keys():
            return lossless(plan, asked.live, evidence, in_waves)
        held = blocked


SOURCES = tuple(source(number, f"S{number}", f"T{number}") for number in range(1, 7))
ESTATE = live(catalog=Catalog(CATALOG.domains, {SALES.id: SOURCES}))
some = st.lists(st.sampled_from(SOURCES), max_size=4, unique=True)
people = st.lists(st.sampled_from(["u-1", "u-2", "u-3"]), max_size=3, unique=True).map(" ".join)
product_ = st.tuples(some, some, people, st.sampled_from(["", "renamed", "suspended", "resumed", "gone"]))


@settings(max_examples=50, deadline=None)
@given(st.lists(product_, min_size=1, max_size=6), st.booleans(), st.sets(st.integers(0, 5), max_size=2))
def test_rounds_come_to_what_judging_everything_each_time_comes_to(
    estate: list[tuple[list[Source], list[Source], str, str]], is_strict: bool, exempt: set[int]
) -> None:
    here, manifests, who = [], [], {}
    for number, (now, then, members, what) in enumerate(estate):
        key = f"p{number}"
        who[key] = members
        lifecycle = "suspended" if what == "resumed" else "active"
        here.append(there(key, *now, lifecycle=lifecycle, approved=len(members.split())))
        values = {"name": "all small"} if what == "renamed" else {}
        if what in {"suspended", "resumed"}:
            values["lifecycle"] = "suspended" if what == "suspended" else "active"
        if what == "gone":
            values["lifecycle"] = "retired"
        manifests.append(wanted(key, *then, **values))
    granted = tuple(Exemption("source-removal", f"DataProduct/p{number}", "Meant.") for number in exempt)
    policy = Policy(
        guardrails={"source-removal": {"members": 0 if is_strict else 1}},
        names={"Sales": "[A-Z].*"},
        exemptions=granted,
    )
    asked = planned(*manifests, on=replace(ESTATE, resources=tuple(here)), policy=policy)
    found = evidence(who)
    assert judged(asked, found) == round_after_round(asked, found)


def chain(length: int) -> tuple[Planned, Evidence]:
    """Products that each take over the source of the one before, with the same people; the last is held back."""
    sources = [source(number, f"S{number}", f"T{number}") for number in range(length + 1)]
    market = live(
        *(there(f"p{number}", sources[number]) for number in range(length)),
        catalog=Catalog(CATALOG.domains, {SALES.id: tuple(sources)}),
    )
    manifests: list[Resource] = [wanted(f"p{number}", sources[number + 1]) for number in range(length)]
    manifests[-1] = replace(manifests[-1], spec=manifests[-1].spec.with_values(name="in small letters"))
    policy = Policy(guardrails=FEW, names={"Sales": "[A-Z].*"})
    return planned(*manifests, on=market, policy=policy), evidence(
        {f"p{number}": MANY for number in range(length)}
    )


def renamed(number: int) -> tuple[Planned, Evidence]:
    """So many products that go, and as many that come with other names and other sources."""
    sources = [source(each, f"S{each}", f"T{each}") for each in range(2 * number)]
    ours = [product(f"old{each}", sources=()) for each in range(number)]
    market = live(
        *(
            replace(there(one.id, sources[each]), parts=frozenset({"sources"}))
            for each, one in enumerate(ours)
        ),
        catalog=Catalog(CATALOG.domains, {SALES.id: tuple(sources)}),
    )
    made = [wanted(f"new{each}", sources[number + each]) for each in range(number)]
    manifests = [replace(one, pinned=False, id=product(one.key).id) for one in made]
    return planned(*manifests, on=market), Evidence()


def shared(number: int) -> tuple[Planned, Evidence]:
    """So many products in one domain, each with a source of its own and a new description."""
    sources = [source(each, f"S{each}", f"T{each}") for each in range(number)]
    market = live(
        *(there(f"p{each}", one, description="Old.") for each, one in enumerate(sources)),
        catalog=Catalog(CATALOG.domains, {SALES.id: tuple(sources)}),
    )
    manifests = [wanted(f"p{each}", one, description="New.") for each, one in enumerate(sources)]
    return planned(*manifests, on=market), Evidence()


@pytest.mark.parametrize("scene", [chain, renamed, shared])
def test_twice_as_many_changes_cost_twice_as_much_to_judge(
    scene: Callable[[int], tuple[Planned, Evidence]],
) -> None:
    def work(size: int) -> Callable[[], Plan]:
        asked, found = scene(size)
        return lambda: judged(asked, found)

    assert growth(work, 40) < 2.3


def test_the_chain_is_held_back_to_its_beginning() -> None:
    asked, found = chain(12)
    plan = judged(asked, found)
    assert len(plan.blocked) == 12

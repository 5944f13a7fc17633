"""Impact and guardrails asked in turns: what is held back is not made, and what that does to the others."""

from __future__ import annotations

from dataclasses import replace

from checks.asking import planned
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.pipeline.weighing import judged
from impact.scenes import ANNA, BEN, evidence, market, there, wanted
from planner.states import ITEMS, ORDERS, rules

FEW = {"source-removal": {"members": 1}}


def the_plan(policy: Policy) -> Plan:
    """One product loses a source, another one with the same members gets it and another name."""
    live = market(there("one", ORDERS, ITEMS), there("two", ORDERS))
    other = wanted("two", ORDERS, ITEMS)
    other = replace(other, spec=other.spec.with_values(name="two, in small letters"))
    asked = planned(wanted("one", ORDERS), other, on=live, policy=policy)
    given = evidence({"one": f"{ANNA} {BEN}", "two": f"{ANNA} {BEN}"})
    return judged(asked, given)


def blocked(plan: Plan) -> dict[str, list[str]]:
    return {change.address.key: rules(change) for change in plan.blocked}


def test_who_gets_a_source_elsewhere_in_the_same_plan_does_not_lose_it() -> None:
    plan = the_plan(Policy(guardrails=FEW))
    assert blocked(plan) == {}
    (one, two) = plan.changes
    assert one.impact is not None
    assert two.impact is not None
    assert one.impact.losers == two.impact.gainers == frozenset()


def test_a_grant_that_is_held_back_lets_a_removal_weigh_more_and_holds_it_back_too() -> None:
    plan = the_plan(Policy(guardrails=FEW, names={"Sales": "[A-Z].*"}))
    assert blocked(plan) == {"one": ["source-removal"], "two": ["display-name-pattern"]}
    (one, _two) = plan.changes
    assert one.impact is not None
    assert one.impact.losers == frozenset({ANNA, BEN})

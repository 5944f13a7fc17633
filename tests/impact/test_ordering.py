"""Who goes first, so that nobody is without what they keep; and what is said where that cannot be."""

from __future__ import annotations

from dataclasses import replace

from dpsync.impact import lossless
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Evidence
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import LiveState
from dpsync.planner.waves import in_waves
from impact.scenes import ANNA, BEN, CLEO, evidence, market, there, wanted
from planner.states import ITEMS, LEDGER, ORDERS, pruning, rules


def ordered(
    *declared: Resource,
    on: LiveState,
    given: Evidence,
    blocked: str = "",
    needs: dict[str, str] | None = None,
) -> Plan:
    plan = pruning(*declared, on=on)
    if blocked:
        plan = plan.with_findings(
            [Finding("no", Severity.ERROR, "No.", address=Address("DataProduct", blocked))]
        )
    changes = tuple(
        replace(change, needs=(Address("DataProduct", (needs or {})[change.address.key]),))
        if change.address.key in (needs or {})
        else change
        for change in plan.changes
    )
    return lossless(replace(plan, changes=changes), on, given, in_waves)


def waits(plan: Plan) -> dict[str, list[str]]:
    return {
        change.address.key: [need.key for need in change.needs] for change in plan.changes if change.needs
    }


def wave(plan: Plan) -> dict[str, int]:
    return {change.address.key: change.wave for change in plan.changes}


def told(plan: Plan) -> list[tuple[str, str]]:
    return [
        (one.address.key, one.message) for one in plan.findings if one.rule == "access-gap" and one.address
    ]


def moves_to(source_of_two: LiveResource | None = None) -> LiveState:
    """One has the orders, two has not."""
    return market(there("one", ORDERS, ITEMS), source_of_two or there("two", ITEMS))


def test_who_takes_a_source_waits_for_who_gives_it_to_the_same_people() -> None:
    plan = ordered(
        wanted("one", ITEMS),
        wanted("two", ITEMS, ORDERS),
        on=moves_to(),
        given=evidence({"one": f"{ANNA} {BEN}", "two": f"{BEN} {CLEO}"}),
    )
    assert waits(plan) == {"one": ["two"]}
    assert wave(plan) == {"one": 2, "two": 1}
    assert told(plan) == []


def test_other_people_are_not_waited_for() -> None:
    given = evidence({"one": ANNA, "two": CLEO})
    plan = ordered(wanted("one", ITEMS), wanted("two", ITEMS, ORDERS), on=moves_to(), given=given)
    assert waits(plan) == {}
    assert wave(plan) == {"one": 1, "two": 1}


def test_who_has_it_all_the_time_through_a_third_product_is_not_waited_for() -> None:
    live = market(there("one", ORDERS), there("two", ITEMS), there("three", ORDERS))
    plan = ordered(
        wanted("one"),
        wanted("two", ITEMS, ORDERS),
        wanted("three", ORDERS),
        on=live,
        given=evidence({"one": ANNA, "two": ANNA, "three": ANNA}),
    )
    assert waits(plan) == {}


def test_a_delete_waits_for_who_takes_its_people_over() -> None:
    live = market(there("one", ORDERS), there("two", ITEMS))
    plan = ordered(
        wanted("one", lifecycle="retired"),
        wanted("two", ITEMS, ORDERS),
        on=live,
        given=evidence({"one": ANNA, "two": ANNA}),
    )
    assert waits(plan) == {"one": ["two"]}


def test_suspending_waits_for_what_is_resumed_in_its_place() -> None:
    live = market(there("one", ORDERS), there("two", ORDERS, lifecycle="suspended"))
    plan = ordered(
        wanted("one", ORDERS, lifecycle="suspended"),
        wanted("two", ORDERS, lifecycle="active"),
        on=live,
        given=evidence({"one": ANNA, "two": ANNA}),
    )
    assert waits(plan) == {"one": ["two"]}


def test_a_grant_that_is_blocked_is_not_relied_on() -> None:
    given = evidence({"one": ANNA, "two": ANNA})
    plan = ordered(
        wanted("one", ITEMS), wanted("two", ITEMS, ORDERS), on=moves_to(), given=given, blocked="two"
    )
    assert waits(plan) == {}
    assert not plan.by_address[Address("DataProduct", "one")].is_blocked


def test_members_that_were_not_read_are_waited_for() -> None:
    plan = ordered(wanted("one", ITEMS), wanted("two", ITEMS, ORDERS), on=moves_to(), given=evidence())
    assert waits(plan) == {"one": ["two"]}


def test_products_without_members_wait_for_nobody() -> None:
    live = moves_to(there("two", ITEMS, approved=0))
    plan = ordered(wanted("one", ITEMS), wanted("two", ITEMS, ORDERS), on=live, given=evidence())
    assert waits(plan) == {}


def test_one_giver_is_enough() -> None:
    live = market(there("one", ORDERS), there("two"), there("three"))
    plan = ordered(
        wanted("one"),
        wanted("two", ORDERS),
        wanted("three", ORDERS),
        on=live,
        given=evidence({"one": f"{ANNA} {BEN}", "two": ANNA, "three": f"{ANNA} {BEN}"}),
    )
    assert waits(plan) == {"one": ["three"]}


def test_of_two_that_take_the_same_from_the_same_people_only_one_has_to_wait() -> None:
    live = market(there("one", ORDERS), there("two", ORDERS), there("three"))
    plan = ordered(
        wanted("one"),
        wanted("two"),
        wanted("three", ORDERS),
        on=live,
        given=evidence({"one": ANNA, "two": ANNA, "three": ANNA}),
    )
    assert waits(plan) == {"one": ["three"]}


# Circles


def swapped(given: Evidence) -> Plan:
    """One has the orders and gets the ledger, two has the ledger and gets the orders."""
    live = market(there("one", ORDERS), there("two", LEDGER))
    return ordered(wanted("one", LEDGER), wanted("two", ORDERS), on=live, given=given)


def test_in_a_swap_fewer_people_have_the_gap_and_the_plan_says_who_and_what_to_do() -> None:
    given = evidence({"one": f"{ANNA} {BEN}", "two": f"{ANNA} {BEN}"})
    plan = swapped(given)
    assert waits(plan) == {"one": ["two"]}
    ((key, message),) = told(plan)
    assert key == "two"
    assert message == (
        "2 people will be without ANALYTICS.FINANCE.LEDGER for a while: this change takes it before "
        "DataProduct/one gives it, because that one has to come later. If that one fails, they stay without."
    )
    (finding,) = (one for one in plan.findings if one.rule == "access-gap")
    assert finding.severity is Severity.WARNING
    assert finding.remedy.startswith("To go without the gap, make it two steps")
    assert [rules(change) for change in plan.changes] == [[], []]


def test_a_swap_whose_members_are_not_known_says_that() -> None:
    ((_, message),) = told(swapped(evidence()))
    assert message.startswith("People (how many is not known) will be without ANALYTICS.")


def test_a_swap_between_products_of_different_people_is_none() -> None:
    plan = swapped(evidence({"one": ANNA, "two": BEN}))
    assert waits(plan) == {}
    assert told(plan) == []


def test_where_a_name_decides_the_order_the_gap_is_told() -> None:
    """Two takes the name of one, so one has to go first, be it renamed or deleted."""
    given = evidence({"one": ANNA, "two": ANNA})
    plan = ordered(
        wanted("one", ITEMS),
        wanted("two", ITEMS, ORDERS),
        on=moves_to(),
        given=given,
        needs={"two": "one"},
    )
    assert waits(plan) == {"two": ["one"]}
    ((key, message),) = told(plan)
    assert key == "one"
    assert message.startswith("1 person will be without ANALYTICS.SALES.ORDERS for a while")


def test_a_gap_is_none_for_whoever_has_it_through_another_product_that_waits() -> None:
    live = market(there("one", ORDERS), there("two"), there("three", ORDERS))
    plan = ordered(
        wanted("one"),
        wanted("two", ORDERS),
        wanted("three"),
        on=live,
        given=evidence({"one": ANNA, "two": ANNA, "three": ANNA}),
        needs={"two": "one"},
    )
    assert waits(plan) == {"two": ["one"], "three": ["two"]}
    assert told(plan) == []


def test_a_plan_in_which_nobody_relies_on_anybody_is_left_as_it_is() -> None:
    live = moves_to()
    plan = pruning(wanted("one", ITEMS), wanted("two", ITEMS), on=live)
    assert lossless(plan, live, evidence({"one": ANNA, "two": ANNA}), in_waves) is plan

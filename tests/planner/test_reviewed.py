"""Of a fresh plan only what was reviewed is left, with everything that it needs or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dpsync.errors import UsageError
from dpsync.kinds.shared import RequestForms
from dpsync.model.finding import Finding, Severity
from dpsync.model.fingerprint import plan_fingerprint
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import LiveResource, Resource
from dpsync.planner.planfile import dump, read
from dpsync.planner.reviewed import (
    OTHERWISE,
    Split,
    contained,
    from_digest,
    from_plan,
    must_be_for,
    only_reviewed,
    unmet,
)
from planner import states
from planner.saving import with_calls

TERMS, ORDERS, RETURNS = (
    Address("DataUseAgreement", "terms"),
    Address("DataProduct", "orders"),
    Address("DataProduct", "returns"),
)
STRICT = Address("RequestForm", "strict")
LIVE = (states.as_live(states.product("orders")), states.as_live(states.product("returns")))


def planned(*resources: Resource, on: tuple[LiveResource, ...] = LIVE) -> Plan:
    return with_calls(states.keeping(*resources, on=states.live(*on)))


def orders(description: str = "Orders of all") -> Resource:
    return states.product("orders", description=description)


def returns(description: str = "Returns of all") -> Resource:
    return states.product("returns", description=description)


def made(split: Split) -> list[Address]:
    return [change.address for change in split.plan.applicable]


def left(split: Split) -> list[Address]:
    return [change.address for change in split.unreviewed]


def blocked(plan: Plan, address: Address, message: str = "Nine members.") -> Plan:
    return plan.with_findings([Finding("delete-with-members", Severity.ERROR, message, address=address)])


By = Callable[[Plan, Plan], Split]
BOTH_WAYS: dict[str, By] = {
    "expect-plan": lambda saved, fresh: only_reviewed(fresh, from_plan(saved)),
    "apply-file": contained,
}
both_ways = pytest.mark.parametrize("by", BOTH_WAYS.values(), ids=BOTH_WAYS.keys())


@both_ways
def test_the_same_plan_is_made_as_it_is(by: By) -> None:
    plan = planned(orders(), returns(), states.agreement("terms"))
    assert by(plan, plan) == Split(plan)
    assert by(read(dump(plan)), plan) == Split(plan)


@both_ways
def test_a_change_that_differs_now_is_left_and_shown_as_it_is_now(by: By) -> None:
    fresh = planned(orders("Newer"), returns())
    split = by(planned(orders(), returns()), fresh)
    assert made(split) == [RETURNS]
    assert split.unreviewed == (replace(fresh.by_address[ORDERS], reason=OTHERWISE),)
    assert split.gone == ()


@both_ways
def test_a_hand_edit_of_a_reviewed_field_makes_it_another_change(by: By) -> None:
    fresh = planned(
        orders(), returns(), on=(states.as_live(states.product("orders"), description="By hand"), LIVE[1])
    )
    split = by(planned(orders(), returns()), fresh)
    assert (made(split), left(split)) == ([RETURNS], [ORDERS])


@both_ways
def test_a_hand_edit_of_something_else_makes_no_difference(by: By) -> None:
    on = (
        replace(states.as_live(states.product("orders"), lifecycle="suspended"), revision="2031"),
        LIVE[1],
    )
    split = by(planned(orders()), planned(orders(), on=on))
    assert (made(split), left(split)) == ([ORDERS], [])


@both_ways
def test_what_is_true_already_is_not_made_again(by: By) -> None:
    fresh = planned(
        orders(),
        returns(),
        on=(states.as_live(states.product("orders"), description="Orders of all"), LIVE[1]),
    )
    split = by(planned(orders(), returns()), fresh)
    assert (made(split), left(split), split.gone) == ([RETURNS], [], (ORDERS,))


def test_with_a_reviewed_plan_a_change_of_somebody_else_is_shown_and_left() -> None:
    split = only_reviewed(planned(orders(), returns()), from_plan(planned(orders())))
    assert (made(split), left(split), split.others) == ([ORDERS], [RETURNS], 0)
    assert RETURNS not in split.plan.by_address


def test_with_a_saved_plan_a_change_of_somebody_else_is_only_counted() -> None:
    fresh = planned(orders(), returns(), states.agreement("terms"))
    fresh = blocked(fresh, RETURNS).with_findings(
        [
            Finding("a-rule", Severity.WARNING, "Mind.", address=TERMS),
            Finding("b-rule", Severity.WARNING, "All."),
        ]
    )
    split = contained(planned(orders()), fresh)
    assert (made(split), left(split), split.others) == ([ORDERS], [], 2)
    assert [change.address for change in split.plan.changes] == [ORDERS]
    assert [finding.rule for finding in split.plan.findings] == ["b-rule"]


@both_ways
def test_what_is_blocked_now_stays_blocked_and_shown(by: By) -> None:
    fresh = blocked(planned(orders(), returns()), ORDERS)
    split = by(planned(orders(), returns()), fresh)
    assert made(split) == [RETURNS]
    assert [change.address for change in split.plan.blocked] == [ORDERS]
    assert (split.unreviewed, split.gone) == ((), ())


@both_ways
def test_what_was_reviewed_as_blocked_stays_blocked_by_what_blocked_it(by: By) -> None:
    split = by(blocked(planned(orders(), returns()), ORDERS), planned(orders(), returns()))
    assert made(split) == [RETURNS]
    assert split.unreviewed == ()
    (held,) = split.plan.blocked
    assert [finding.message for finding in held.blocked] == ["Nine members."]
    assert held.address == ORDERS


@both_ways
def test_what_was_blocked_and_differs_now_is_left(by: By) -> None:
    split = by(blocked(planned(orders(), returns()), ORDERS), planned(orders("Newer"), returns()))
    assert (made(split), left(split)) == ([RETURNS], [ORDERS])


def with_form(body: str) -> tuple[Resource, ...]:
    """A product whose forms are replaced by a new one, which needs a new agreement."""
    forms = RequestForms.of(
        data_access=Reference("strict", "key"), masking_exception=Reference("strict", "key")
    )
    return (
        states.agreement("terms", body=body),
        states.form("strict", agreements=(Reference("terms", "key"),)),
        states.product("orders", request_forms=forms),
        returns(),
    )


@both_ways
def test_what_needs_a_change_that_is_left_is_held_back_and_says_why(by: By) -> None:
    fresh = planned(*with_form("Newer terms."))
    assert fresh.by_address[ORDERS].needs == (STRICT,)
    split = by(planned(*with_form("Terms.")), fresh)
    assert (made(split), left(split)) == ([RETURNS], [TERMS])
    held = {change.address: change.blocked[0] for change in split.plan.blocked}
    assert list(held) == [STRICT, ORDERS]
    assert {finding.rule for finding in held.values()} == {"held-back"}
    assert held[STRICT].message.startswith("It waits for DataUseAgreement/terms ('Terms'), which ")
    assert held[ORDERS].message == "It waits for RequestForm/strict ('Strict'), which is blocked."


def test_what_needs_a_change_that_the_saved_plan_does_not_have_is_held_back() -> None:
    terms, strict, product, other = with_form("Terms.")
    saved = planned(terms, strict, product, other)
    without = replace(saved, changes=tuple(one for one in saved.changes if one.address != TERMS))
    split = contained(without, saved)
    assert (made(split), split.others) == ([RETURNS], 1)
    assert [change.address for change in split.plan.blocked] == [STRICT, ORDERS]


def test_a_digest_lets_the_whole_plan_pass_or_nothing() -> None:
    plan = planned(orders(), returns())
    assert only_reviewed(plan, from_digest(plan_fingerprint(plan))) == Split(plan)
    other = planned(orders(), returns("Others"), states.agreement("terms"))
    split = only_reviewed(blocked(other, TERMS), from_digest(plan_fingerprint(plan)))
    assert (made(split), left(split), split.gone) == ([], [ORDERS, RETURNS], ())
    assert [change.address for change in split.plan.changes] == [TERMS]


@pytest.mark.parametrize("text", ["sha256:", "sha256:abc", "plan.json", "sha256:" + "G" * 64])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the fingerprint of a plan") as raised:
        from_digest(text)
    assert repr(text) in raised.value.message
    assert "64" in raised.value.remedy


@both_ways
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("tenant", "the tenant 'acme', and this is the tenant 'other'"),
        ("environment", "the environment 'sandbox', and this is the environment 'other'"),
        ("workspace_id", "the workspace id 'planner-tests-1', and this is the workspace id 'other'"),
    ],
)
def test_a_plan_for_another_marketplace_is_refused(by: By, where: str, said: str) -> None:
    plan = planned(orders())
    elsewhere = replace(plan, target=replace(plan.target, **{where: "other"}))
    with pytest.raises(UsageError, match=said):
        by(plan, elsewhere)


def test_an_environment_may_have_moved_to_another_url() -> None:
    plan = planned(orders())
    moved = replace(plan, target=replace(plan.target, url="https://new.example", workspace="renamed"))
    must_be_for(plan.target, moved.target)
    assert made(contained(plan, moved)) == [ORDERS]


def test_a_key_that_was_renamed_with_its_id_pinned_is_the_same_change() -> None:
    live_id = states.product("orders").id
    renamed = states.product("sales-orders", pinned=live_id, name="Orders", description="Orders of all")
    split = contained(planned(orders()), planned(renamed))
    assert (made(split), split.gone, split.others) == ([Address("DataProduct", "sales-orders")], (), 0)


@both_ways
def test_a_reviewed_change_still_waits_for_what_it_waited_for_when_it_was_reviewed(by: By) -> None:
    fresh = planned(orders(), returns("Edited by hand since"))
    saved = planned(orders(), returns())
    waiting = tuple(
        replace(change, needs=(RETURNS,)) if change.address == ORDERS else change for change in saved.changes
    )
    split = by(replace(saved, changes=waiting), fresh)
    assert left(split) == [RETURNS]
    assert made(split) == []
    assert [finding.rule for finding in split.plan.by_address[ORDERS].blocked] == ["held-back"]


def test_what_was_reviewed_and_is_neither_live_nor_asked_for_is_unmet() -> None:
    saved = planned(orders(), returns())
    as_before = states.live(*LIVE)
    assert unmet(saved, (ORDERS,), as_before) == (ORDERS,)
    carried_out = states.live(states.as_live(states.product("orders"), description="Orders of all"))
    assert unmet(saved, (ORDERS,), carried_out) == ()

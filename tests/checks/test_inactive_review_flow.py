"""A review flow that the form never asks for is told, and left out of the plan."""

from __future__ import annotations

from checks.asking import about, ask, planned
from dpsync.checks.inactive_review_flow import RULE
from dpsync.kinds.data_product import ReviewFlows
from dpsync.kinds.review_flow import DEFAULT_FLOW, Delegate
from dpsync.model.finding import Severity
from planner.states import APPROVES, as_live, both, form, live, product

DELEGATES = Delegate.of(decision="delegate")
FLOWS = ReviewFlows.of(data_access=APPROVES, masking_exception=None)


def test_each_flow_under_a_form_that_decides_is_told_whether_or_not_something_changes() -> None:
    ours = form("strict")
    wanted = product("p", request_forms=both("strict"), review_flows=FLOWS)
    found = ask(RULE, ours, wanted, on=live())
    assert about(found) == [("DataProduct/p", Severity.WARNING)] * 2
    assert found[0].message == (
        "The form Strict decides by itself, so the product's review flow has no effect."
    )
    resolved = planned(ours, wanted, on=live()).resolved[1]
    there = as_live(wanted, request_forms=getattr(resolved.spec, "request_forms"))  # noqa: B009
    assert about(ask(RULE, ours, wanted, on=live(there))) == about(found)


def test_under_a_form_that_delegates_nothing_is_said() -> None:
    ours = form("open", review_flow=DELEGATES)
    wanted = product("p", request_forms=both("open"), review_flows=FLOWS)
    assert ask(RULE, ours, wanted, on=live()) == ()


def test_the_flow_that_every_product_has_is_not_told() -> None:
    flows = ReviewFlows.of(data_access=DEFAULT_FLOW)
    assert (
        ask(RULE, form("strict"), product("p", request_forms=both("strict"), review_flows=flows), on=live())
        == ()
    )


def test_where_the_form_is_not_known_nothing_is_said() -> None:
    assert ask(RULE, product("p", review_flows=FLOWS), on=live()) == ()


def test_the_live_form_counts_where_none_is_declared() -> None:
    ours = form("strict")
    forms = getattr(  # noqa: B009
        planned(ours, product("p", request_forms=both("strict")), on=live()).resolved[1].spec, "request_forms"
    )
    wanted = product("p", review_flows=FLOWS)
    found = ask(RULE, ours, wanted, on=live(as_live(wanted, request_forms=forms)))
    assert [finding.message.startswith("The form Strict decides") for finding in found] == [True, True]


def test_a_product_that_cannot_be_resolved_or_that_goes_is_left_in_peace() -> None:
    ours = form("strict")
    broken = product("p", request_forms=both("strict-er"), review_flows=FLOWS)
    retired = product("q", request_forms=both("strict"), review_flows=FLOWS, lifecycle="retired")
    assert ask(RULE, ours, broken, retired, on=live()) == ()

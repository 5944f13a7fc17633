"""What is protected stays, whatever became of its manifest."""

from __future__ import annotations

import pytest

from checks.asking import about, ask
from dpsync.checks.protected import RULE
from dpsync.model.finding import Finding, Severity
from dpsync.model.policy import Policy, Protection
from dpsync.model.reference import Reference
from dpsync.model.resource import Resource
from dpsync.model.state import LiveState
from planner.states import FINANCE, ITEMS, ORDERS, as_live, at, domain, form, live, live_form, product, table

MINE = product("orders", sources=())
HERS = as_live(MINE, sources=at(ORDERS, ITEMS))


def protecting(*, resources: str = "", names: str = "", domains: str = "") -> Policy:
    return Policy(
        protected=Protection(tuple(resources.split()), tuple(names.split()), tuple(domains.split()))
    )


def said(*resources: Resource, on: LiveState, policy: Policy) -> tuple[Finding, ...]:
    return ask(RULE, *resources, on=on, policy=policy)


@pytest.mark.parametrize(
    "policy",
    [
        protecting(resources="DataProduct/orders"),
        protecting(resources=f"DataProduct/{MINE.id}"),
        protecting(names="ord*"),
        protecting(domains="Sales"),
        protecting(domains="sales"),
        protecting(domains="d-sales"),
    ],
)
def test_a_delete_is_held_back_though_the_manifest_is_gone(policy: Policy) -> None:
    (finding,) = said(on=live(HERS), policy=policy)
    assert finding.is_error
    assert str(finding.address) == f"DataProduct/{MINE.id}"
    assert "Bring its manifest back" in finding.remedy


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        protecting(resources="DataProduct/others RequestForm/orders"),
        protecting(names="rders Order"),
        protecting(domains="Finance"),
    ],
)
def test_what_is_not_protected_may_go(policy: Policy) -> None:
    assert said(on=live(HERS), policy=policy) == ()


def test_a_key_protects_what_was_made_with_it_under_another_key_too() -> None:
    renamed = product("all-orders", pinned=MINE.id, lifecycle="retired")
    on = live(HERS)
    assert said(renamed, on=on, policy=protecting(resources="DataProduct/orders"))
    assert said(renamed, on=on, policy=protecting(resources="DataProduct/all-orders"))


def test_retiring_suspending_and_emptying_are_held_back_at_their_lines() -> None:
    policy = protecting(resources="DataProduct/orders")
    on = live(HERS)
    words = {
        "retired": "deletes it",
        "suspended": "suspends it",
    }
    for lifecycle, expected in words.items():
        wanted = product(
            "orders",
            lifecycle=lifecycle,
            sources=(table("ANALYTICS.SALES.ORDERS"), table("ANALYTICS.SALES.ORDER_ITEMS")),
        )
        (finding,) = said(wanted, on=on, policy=policy)
        assert expected in finding.message
        assert finding.origin is not None
    (finding,) = said(MINE, on=on, policy=policy)
    assert "removes every source that it has" in finding.message


def test_to_put_other_sources_in_the_place_of_all_is_to_empty_it() -> None:
    wanted = product("orders", sources=(table("ANALYTICS.SALES.ORDERS"),))
    policy = protecting(names="*")
    assert len(said(wanted, on=live(as_live(MINE, sources=at(ITEMS))), policy=policy)) == 1
    assert said(wanted, on=live(HERS), policy=policy) == ()


def test_everyday_changes_of_what_is_protected_go_on() -> None:
    policy = protecting(names="*")
    wanted = product("orders", name="All Orders", domain=Reference("Finance"), lifecycle="active")
    assert said(wanted, on=live(as_live(MINE, lifecycle="suspended")), policy=policy) == ()
    assert said(product("new", lifecycle="suspended"), on=live(), policy=policy) == ()


def test_a_form_is_protected_by_its_address_and_by_its_name() -> None:
    gone = form("open")
    on = live(live_form(gone.id, "Open Access"))
    assert len(said(on=on, policy=protecting(resources="RequestForm/open"))) == 1
    assert len(said(on=on, policy=protecting(names="OPEN*"))) == 1
    assert said(on=on, policy=protecting(domains="Sales")) == ()


def test_a_key_that_means_one_domain_and_a_name_that_is_another_protect_both() -> None:
    key = domain("sales", "Finance")
    in_finance = product("ledger")
    ledger = as_live(in_finance, domain=Reference("Finance", "id", FINANCE.id))
    found = said(key, on=live(HERS, ledger), policy=protecting(domains="sales"))
    assert {str(finding.address) for finding in found} == {
        f"DataProduct/{MINE.id}",
        f"DataProduct/{in_finance.id}",
    }


def test_a_domain_that_does_not_exist_protects_nothing_and_that_is_told_when_something_goes() -> None:
    policy = protecting(domains="Salse")
    (finding,) = said(on=live(HERS), policy=policy)
    assert about((finding,)) == [("", Severity.WARNING)]
    assert "'Salse'" in finding.message
    assert said(product("new"), on=live(), policy=policy) == ()

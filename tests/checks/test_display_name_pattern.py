"""Products of a domain are called as the domain has agreed to."""

from __future__ import annotations

import pytest

from checks.asking import ask
from dpsync.checks.display_name_pattern import RULE
from dpsync.model.policy import Policy
from dpsync.model.reference import Reference
from planner.states import FINANCE, as_live, domain, form, live, product

AGREED = Policy(names={"Sales": "Sales - .+"})


@pytest.mark.parametrize("name", ["Orders", "sales - Orders", "New Sales - Orders", "Sales - "])
def test_a_new_name_must_match_as_a_whole_and_as_it_is_written(name: str) -> None:
    (finding,) = ask(RULE, product("orders", name=name), on=live(), policy=AGREED)
    assert finding.is_error
    assert f"{name!r} does not match `Sales - .+`" in finding.message
    assert "the domain Sales" in finding.message


def test_a_name_that_matches_and_one_of_another_domain_are_let_pass() -> None:
    ours = product("orders", name="Sales - Orders")
    others = product("ledger", domain=Reference("Finance"))
    assert ask(RULE, ours, others, form("open"), on=live(), policy=AGREED) == ()


def test_it_is_asked_when_a_product_is_renamed_or_moves_and_otherwise_not() -> None:
    wanted = product("orders", name="Orders", description="Every order.")
    assert ask(RULE, wanted, on=live(as_live(wanted)), policy=AGREED) == ()
    assert len(ask(RULE, wanted, on=live(as_live(wanted, name="Sales - Orders")), policy=AGREED)) == 1
    moved = as_live(wanted, domain=Reference("Finance", "id", FINANCE.id))
    assert len(ask(RULE, wanted, on=live(moved), policy=AGREED)) == 1


def test_what_goes_may_be_called_anything() -> None:
    gone, retired = product("gone"), product("retired", lifecycle="retired")
    assert ask(RULE, retired, on=live(as_live(gone), as_live(retired)), policy=AGREED) == ()


@pytest.mark.parametrize("text", ["sales", "Sales", "d-sales", "shop"])
def test_a_domain_is_meant_by_its_name_its_id_and_its_key(text: str) -> None:
    found = ask(
        RULE, domain("shop", "Sales"), product("orders"), on=live(), policy=Policy(names={text: "X.*"})
    )
    assert len(found) == 1

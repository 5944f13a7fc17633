"""A product that is made says what it is and whom to ask, and none stops saying it."""

from __future__ import annotations

from typing import Any

from checks.asking import ask
from dpsync.checks.undocumented_product import RULE
from dpsync.model.finding import Severity
from dpsync.model.reference import Reference
from planner.states import JANE, as_live, form, live, product

DOCUMENTED: dict[str, Any] = {"description": "Every order.", "subject_matter_expert": Reference("jane")}
HER = Reference("Jane", "id", JANE.id)


def test_what_is_missing_is_told_in_one_sentence() -> None:
    (finding,) = ask(RULE, product("orders"), on=live())
    assert finding.severity is Severity.WARNING
    assert finding.message == "It has no description and no expert."
    assert "`description` and `subjectMatterExpert`" in finding.remedy
    (finding,) = ask(RULE, product("orders", description="Every order."), on=live())
    assert finding.message == "It has no expert."
    assert ask(RULE, product("orders", **DOCUMENTED), on=live()) == ()


def test_a_blank_description_is_none() -> None:
    (finding,) = ask(RULE, product("orders", **(DOCUMENTED | {"description": " \n"})), on=live())
    assert finding.message == "It has no description."


def test_a_product_that_never_said_it_may_change_without_saying_it() -> None:
    wanted = product("orders", name="All Orders")
    there = as_live(wanted, name="Orders", description="Every order.", subject_matter_expert=HER)
    assert ask(RULE, wanted, on=live(there)) == ()
    assert ask(RULE, wanted, on=live(as_live(wanted, name="Orders"))) == ()


def test_a_product_that_stops_saying_it_is_told() -> None:
    wanted = product("orders", description=None)
    there = as_live(wanted, description="Every order.", subject_matter_expert=HER)
    (finding,) = ask(RULE, wanted, on=live(there))
    assert finding.message == "It has no description."


def test_what_does_not_change_or_goes_or_is_no_product_is_left_in_peace() -> None:
    same, gone = product("same"), product("gone")
    retired = product("retired", lifecycle="retired")
    on = live(as_live(same), as_live(gone), as_live(retired))
    assert ask(RULE, same, retired, form("open"), on=on) == ()

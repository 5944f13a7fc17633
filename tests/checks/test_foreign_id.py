"""An id that another workspace made is not pinned unnoticed."""

from __future__ import annotations

import pytest

from checks.asking import about, ask
from dpsync.checks.foreign_id import RULE, is_made_by_dpsync
from dpsync.model.finding import Severity
from dpsync.model.identity import computed_id
from planner.states import WORKSPACE, as_live, form, live, live_form, live_product, product

FOREIGN = computed_id("somebody-else-1", "DataProduct", "orders")
BY_HAND = "5b0c7d1e-4f7a-4b39-9d0e-2f6a1c3b8d90"


@pytest.mark.parametrize(
    ("live_id", "expected"),
    [
        (FOREIGN, True),
        (FOREIGN.upper(), True),
        (BY_HAND, False),
        ("cm5x0c8q0000008l4abcd1234", False),
        ("6f1d3c52-6a3e-8d0e-1f0b-6c5c4a1e2b77", False),  # version 8, and not the variant of RFC 9562
        ("", False),
    ],
)
def test_an_id_is_taken_for_one_of_dpsync_by_its_version_and_variant(live_id: str, *, expected: bool) -> None:
    assert is_made_by_dpsync(live_id) is expected


def test_a_change_of_a_foreign_object_is_blocked() -> None:
    wanted = product("orders", pinned=FOREIGN, name="All Orders")
    (finding,) = ask(RULE, wanted, on=live(live_product(FOREIGN, "Orders")))
    assert (str(finding.address), finding.severity) == ("DataProduct/orders", Severity.ERROR)
    assert FOREIGN in finding.message
    assert "'Orders'" in finding.message


def test_without_a_change_it_is_a_warning() -> None:
    wanted = product("orders", pinned=FOREIGN)
    assert about(ask(RULE, wanted, on=live(live_product(FOREIGN, "Orders")))) == [
        ("DataProduct/orders", Severity.WARNING)
    ]


def test_to_retire_a_foreign_object_is_blocked_and_to_release_it_is_not() -> None:
    on = live(live_product(FOREIGN, "Orders"))
    assert about(ask(RULE, product("orders", pinned=FOREIGN, lifecycle="retired"), on=on)) == [
        ("DataProduct/orders", Severity.ERROR)
    ]
    assert ask(RULE, product("orders", pinned=FOREIGN, lifecycle="released"), on=on) == ()


def test_every_kind_is_looked_at() -> None:
    foreign = computed_id("somebody-else-1", "RequestForm", "open")
    wanted = form("open", pinned=foreign, name="Open to All")
    assert about(ask(RULE, wanted, on=live(live_form(foreign, "Open")))) == [
        ("RequestForm/open", Severity.ERROR)
    ]


def test_an_own_id_under_another_key_is_no_foreign_one() -> None:
    own = computed_id(WORKSPACE, "DataProduct", "former-key")
    assert ask(RULE, product("orders", pinned=own), on=live(live_product(own, "Orders"))) == ()


def test_what_was_made_by_hand_and_what_is_not_live_are_no_business_of_the_rule() -> None:
    by_hand = product("stores", pinned=BY_HAND)
    assert ask(RULE, by_hand, on=live(live_product(BY_HAND, "Stores"))) == ()
    assert ask(RULE, product("orders", pinned=FOREIGN), on=live()) == ()
    mine = product("mine")
    assert ask(RULE, mine, on=live(as_live(mine))) == ()

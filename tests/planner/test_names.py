"""Names are unique: what frees one goes before what takes it, and a name that stays taken blocks."""

from __future__ import annotations

import pytest

from dpsync.model.call import Action
from planner.states import (
    as_live,
    form,
    keeping,
    live,
    live_form,
    live_product,
    product,
    pruning,
    rules,
)


def test_a_rename_waits_for_the_rename_that_frees_its_name() -> None:
    first, second = product("a", name="New"), product("b", name="Old")
    plan = pruning(first, second, on=live(as_live(first, name="Old"), as_live(second, name="Other")))
    waves = {change.address.key: change.wave for change in plan.applicable}
    assert waves == {"a": 1, "b": 2}


def test_a_create_waits_for_the_delete_that_frees_its_name() -> None:
    gone = product("gone", name="Orders")
    plan = pruning(product("new", name="orders "), on=live(as_live(gone)))
    actions = {change.action: change.wave for change in plan.applicable}
    assert actions == {Action.DELETE: 1, Action.CREATE: 2}


def test_a_name_that_an_unmanaged_object_has_blocks_and_says_how_to_adopt_it() -> None:
    plan = pruning(product("new", name="Orders"), on=live(live_product("c" + "1" * 24, "ORDERS")))
    (change,) = plan.blocked
    assert rules(change) == ["name-taken"]
    assert f"id: c{'1' * 24}" in change.blocked[0].remedy


def test_a_name_that_an_orphan_keeps_blocks_while_pruning_is_off() -> None:
    gone = product("gone", name="Orders")
    plan = keeping(product("new", name="Orders"), on=live(as_live(gone)))
    (change,) = plan.blocked
    assert rules(change) == ["name-taken"]
    assert "restore its manifest" in change.blocked[0].remedy
    assert [one.id for one in plan.kept] == [gone.id]


@pytest.mark.parametrize("number", [2, 3])
def test_a_swap_of_names_blocks_everybody_in_the_circle(number: int) -> None:
    products = [product(f"p{n}", name=f"Name {n}") for n in range(number)]
    alive = [as_live(one, name=f"Name {(n + 1) % number}") for n, one in enumerate(products)]
    plan = pruning(*products, on=live(*alive))
    assert [rules(change) for change in plan.changes] == [["name-swap"]] * number
    assert "waits for" not in plan.changes[0].blocked[0].message
    assert all(f"DataProduct/p{n}" in plan.changes[0].blocked[0].message for n in range(number))


def test_a_name_freed_only_by_a_change_that_is_blocked_stays_taken() -> None:
    first, second = product("a", name="Taken"), product("b", name="Old")
    here = live(
        as_live(first, name="Old"), as_live(second, name="Other"), live_product("c" + "2" * 24, "Taken")
    )
    plan = pruning(first, second, on=here)
    assert {change.address.key: rules(change) for change in plan.blocked} == {
        "a": ["name-taken"],
        "b": ["held-back"],
    }


def test_a_change_of_case_alone_takes_no_name() -> None:
    one = product("a", name="ORDERS")
    plan = pruning(one, on=live(as_live(one, name="Orders")))
    assert [change.fields[0].path for change in plan.applicable] == ["name"]


def test_names_of_different_kinds_do_not_collide() -> None:
    plan = pruning(product("a", name="Same"), on=live(live_form("f-1", "Same")))
    assert plan.blocked == ()
    assert pruning(form("a", name="Same"), on=live(live_product("c" + "1" * 24, "Same"))).blocked == ()

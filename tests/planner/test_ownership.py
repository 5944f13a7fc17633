"""Whose a live object is: what this workspace made or adopted, and everybody else's."""

from __future__ import annotations

from dpsync.model.call import Action
from dpsync.model.identity import computed_id
from dpsync.planner.ownership import ownership
from planner.states import (
    WORKSPACE,
    as_live,
    desired,
    form,
    keeping,
    live,
    live_form,
    live_product,
    one_change,
    product,
    pruning,
    rules,
)

BY_HAND = "c" + "1" * 24


def test_what_the_workspace_made_is_known_by_its_id_alone() -> None:
    gone = product("gone")
    found = ownership(desired(product("here")), live(as_live(gone), live_product(BY_HAND, "By Hand")))
    assert [one.id for one in found.orphans] == [gone.id]
    assert (found.owned, found.unmanaged) == (1, {"DataProduct": 1})


def test_what_another_workspace_made_is_unmanaged() -> None:
    other = computed_id("another-workspace", "DataProduct", "gone")
    found = ownership(desired(product("here")), live(live_product(other, "Theirs")))
    assert (found.orphans, found.unmanaged) == ((), {"DataProduct": 1})


def test_the_id_of_another_kind_is_not_ours() -> None:
    mixed = computed_id(WORKSPACE, "DataProduct", "gone")
    found = ownership(desired(product("here")), live(live_form(mixed, "A Form")))
    assert (found.orphans, found.unmanaged) == ((), {"RequestForm": 1})


def test_an_adopted_object_is_owned_and_never_pruned_once_its_file_is_gone() -> None:
    here = live(live_product(BY_HAND, "By Hand"))
    assert ownership(desired(product("mine", pinned=BY_HAND)), here).owned == 1
    assert pruning(product("other"), on=here).deletions == ()


def test_an_orphan_is_deleted_by_pruning_and_kept_without() -> None:
    gone, stays = product("gone"), product("stays")
    here = live(as_live(gone), as_live(stays))
    deletion = one_change(pruning(stays, on=here))
    assert (deletion.action, deletion.id) == (Action.DELETE, gone.id)
    assert deletion.removes_access
    kept = keeping(stays, on=here)
    assert kept.changes == ()
    assert [one.id for one in kept.kept] == [gone.id]


def test_a_retired_object_is_deleted_even_if_it_was_adopted_and_pruning_is_off() -> None:
    plan = keeping(product("old", pinned=BY_HAND, lifecycle="retired"), on=live(live_product(BY_HAND, "Old")))
    assert one_change(plan).action is Action.DELETE


def test_a_tombstone_of_what_is_gone_is_no_change() -> None:
    assert pruning(product("old", lifecycle="retired"), product("new"), on=live()).count(Action.DELETE) == 0


def test_a_released_object_is_neither_changed_nor_deleted() -> None:
    one = product("free", name="New Name", lifecycle="released")
    assert pruning(one, on=live(as_live(one, name="Old Name"))).changes == ()


def test_a_pinned_id_that_is_not_live_is_never_created() -> None:
    assert rules(one_change(pruning(product("mine", pinned=BY_HAND), on=live()))) == ["pinned-id-not-live"]
    plan = pruning(form("f", pinned=BY_HAND), on=live())
    assert rules(one_change(plan)) == ["pinned-id-not-live"]

"""The order of the changes: waves in which nothing depends on anything else, deletes last."""

from __future__ import annotations

from itertools import permutations

from dpsync.kinds.shared import RequestForms
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.reference import Reference
from dpsync.planner.waves import in_waves
from planner.states import (
    agreement,
    as_live,
    both,
    change,
    form,
    live,
    live_agreement,
    live_form,
    product,
    pruning,
    rules,
)


def waves(*changes: Change) -> dict[str, int]:
    return {one.address.key: one.wave for one in in_waves(changes)}


def test_what_depends_on_nothing_is_in_the_first_wave() -> None:
    assert waves(change("a"), change("b")) == {"a": 1, "b": 1}


def test_needs_and_follows_both_come_first() -> None:
    assert waves(change("c", follows="b"), change("b", needs="a"), change("a")) == {"a": 1, "b": 2, "c": 3}


def test_a_change_that_is_not_in_the_plan_is_waited_for_by_nobody() -> None:
    assert waves(change("a", needs="elsewhere")) == {"a": 1}


def test_deletes_come_last_unless_something_waits_for_one() -> None:
    found = waves(
        change("late", Action.DELETE),
        change("early", Action.DELETE),
        change("new", Action.CREATE, needs="early"),
    )
    assert found == {"early": 1, "new": 2, "late": 3}


def test_a_circle_is_blocked_and_what_follows_it_is_not_lost() -> None:
    found = in_waves([change("a", needs="b"), change("b", needs="a"), change("c")])
    assert {one.address.key: rules(one) for one in found} == {"a": ["name-swap"], "b": ["name-swap"], "c": []}


def test_two_circles_are_both_blocked() -> None:
    changes = [change("a", needs="b"), change("b", needs="a"), change("c", needs="d"), change("d", needs="c")]
    assert [rules(one) for one in in_waves(changes)] == [["name-swap"]] * 4


def test_a_change_that_waits_for_itself_is_a_circle() -> None:
    assert [rules(one) for one in in_waves([change("a", needs="a")])] == [["name-swap"]]


def test_a_delete_that_waits_for_a_change_which_waits_for_it_is_a_circle() -> None:
    found = in_waves([change("gone", Action.DELETE, needs="new"), change("new", needs="gone")])
    assert all(one.is_blocked for one in found)


def test_agreements_then_forms_then_products() -> None:
    plan = pruning(
        product("p", request_forms=both("f")),
        form("f", agreements=(Reference("a", "key"),)),
        agreement("a"),
        on=live(),
    )
    assert [(one.kind, one.wave) for one in plan.changes] == [
        ("DataUseAgreement", 1),
        ("RequestForm", 2),
        ("DataProduct", 3),
    ]


def test_deletes_go_in_reverse() -> None:
    gone = agreement("a"), form("f"), product("p")
    used = Reference("F", "id", gone[1].id)
    here = live(
        live_agreement(gone[0].id, "A"),
        live_form(gone[1].id, "F", agreements=(Reference("A", "id", gone[0].id),)),
        as_live(gone[2], request_forms=RequestForms.of(data_access=used, masking_exception=used)),
    )
    plan = pruning(product("stays"), on=here)
    assert [(one.kind, one.wave) for one in plan.deletions] == [
        ("DataProduct", 2),
        ("RequestForm", 3),
        ("DataUseAgreement", 4),
    ]


def test_what_is_still_used_is_not_deleted() -> None:
    gone, stays = agreement("a"), form("f")
    here = live(
        live_agreement(gone.id, "A"), live_form(stays.id, "F", agreements=(Reference("A", "id", gone.id),))
    )
    plan = pruning(form("f", name="F"), on=here)
    assert [rules(one) for one in plan.deletions] == [["still-used"]]


def test_what_is_let_go_in_the_same_plan_is_deleted_after_that() -> None:
    gone, stays = agreement("a"), form("f", name="F", agreements=())
    here = live(
        live_agreement(gone.id, "A"), live_form(stays.id, "F", agreements=(Reference("A", "id", gone.id),))
    )
    plan = pruning(stays, on=here)
    assert [(one.kind, one.wave, one.is_blocked) for one in plan.changes] == [
        ("RequestForm", 1, False),
        ("DataUseAgreement", 2, False),
    ]


def test_in_a_circle_who_only_follows_does_not_wait() -> None:
    found = waves(change("a", follows="c"), change("b", needs="a"), change("c", needs="b"))
    assert found == {"a": 1, "b": 2, "c": 3}


def test_a_circle_that_only_following_closed_blocks_nobody() -> None:
    assert not any(one.is_blocked for one in in_waves([change("a", follows="b"), change("b", follows="a")]))


def test_the_order_of_the_changes_does_not_decide_who_is_blocked() -> None:
    changes = [
        change("a", needs="b c"),
        change("b", needs="d"),
        change("c", needs="d"),
        change("d", needs="a"),
    ]
    expected = in_waves(changes)
    assert all(in_waves(each) == expected for each in permutations(changes))


def test_a_form_takes_the_name_of_one_that_its_products_let_go_in_the_same_plan() -> None:
    """The products go first: they only follow the form that they get, and the old form needs them to let go."""
    old, new = form("old"), form("new", name="Ask")
    mine = [product(key, request_forms=both("new")) for key in ("p", "q")]
    used = Reference("Ask", "id", old.id)
    here = live(
        live_form(old.id, "Ask"),
        live_form(new.id, "Ask Anew"),
        *(
            as_live(one, request_forms=RequestForms.of(data_access=used, masking_exception=used))
            for one in mine
        ),
    )
    plan = pruning(new, *mine, on=here)
    assert plan.blocked == ()
    assert [(one.title, one.wave) for one in plan.changes] == [
        ("Ask Anew", 3),
        ("P", 1),
        ("Q", 1),
        ("Ask", 2),
    ]

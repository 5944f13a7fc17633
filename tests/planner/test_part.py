"""What changed, and what belongs to it, with states made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dpsync.kinds.data_product import ReviewFlows
from dpsync.kinds.review_flow import Delegate, Deny, Review
from dpsync.kinds.shared import RequestForms
from dpsync.model.part import Part, Wanted
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import Resource
from dpsync.planner.part import part_of, the_same_part, with_concerned, with_needed
from planner import states
from planner.states import both, desired, domain, form, live, live_product, product

KEY_ITEMS = SourceReference("key", "items")


def covered(now: tuple[Resource, ...], base: tuple[Resource, ...], **wanted: Any) -> set[str]:
    part = part_of(Wanted(since="main", **wanted), desired(*now), desired(*base), "0" * 40)
    return {one.key for one in part.covered}


def gone(now: tuple[Resource, ...], base: tuple[Resource, ...], **wanted: Any) -> tuple[Address, ...] | None:
    return part_of(Wanted(since="main", **wanted), desired(*now), desired(*base), "0" * 40).gone


def test_what_asks_for_the_same_has_not_changed_wherever_it_stands() -> None:
    base = (form("open"), product("orders", request_forms=both("open")))
    moved = replace(base[1], origins=states.Line(99), labels={"team": "new"})
    assert covered((moved, form("open")), base) == set()


def test_a_field_that_came_went_or_changed_is_a_change() -> None:
    bare, told = product("orders"), product("orders", description="All.")
    assert covered((told,), (bare,)) == {"orders"}
    assert covered((bare,), (told,)) == {"orders"}
    assert covered((product("orders", description="Some."),), (told,)) == {"orders"}
    assert covered((product("orders", description=None),), (bare,)) == {"orders"}


def test_the_order_of_sources_is_no_change() -> None:
    one, other = states.table("A.B.C"), states.table("A.B.D")
    assert covered((product("p", sources=(one, other)),), (product("p", sources=(other, one)),)) == set()
    assert covered((product("p", sources=(one,)),), (product("p", sources=(other, one)),)) == {"p"}


def test_what_a_resource_refers_to_counts_as_its_own() -> None:
    uses = product("orders", domain=Reference("sales", "key"), sources=(KEY_ITEMS,))
    other = product("other", sources=(SourceReference("key", "rest"),))
    rest = states.data_source("rest", table="REST")

    def on(table: str, name: str) -> tuple[Resource, ...]:
        return (states.data_source("items", table=table), domain("sales", name), uses, other, rest)

    assert covered(on("ITEMS", "Sales"), on("ORDER_ITEMS", "Sales")) == {"items", "orders"}
    assert covered(on("ITEMS", "Sales"), on("ITEMS", "Vertrieb")) == {"sales", "orders"}


def test_who_decides_counts_for_products_with_a_flow_of_their_own() -> None:
    decides, leaves = form("open"), form("open", review_flow=Delegate.of(decision="delegate"))
    plain = product("plain", request_forms=both("open"))
    assert covered((leaves, plain), (decides, plain)) == {"open"}
    refuses = form("open", review_flow=Deny.of(decision="deny", comment="No.", rules=()))
    assert covered((refuses, plain), (decides, plain)) == {"open"}
    own = ReviewFlows.of(data_access=Review.of(decision="review", stages=()))
    decided = product("own", request_forms=both("open"), review_flows=own)
    left = product("left", review_flows=own)  # whatever form it has live
    assert covered((leaves, decided, left, plain), (decides, decided, left, plain)) == {"open", "own", "left"}
    assert covered((decides, decided, left, product("plain")), (decides, decided, left, plain)) == {
        "plain",
        "left",
    }


def test_a_key_that_was_renamed_with_its_id_is_no_change_and_without_it_two() -> None:
    before = product("orders", name="Orders")
    kept = product("sales-orders", pinned=before.id, name="Orders")
    assert covered((kept,), (before,)) == {"sales-orders"}  # its id is stated now; nothing will come of it
    assert gone((kept,), (before,)) == ()
    anew = product("sales-orders", name="Orders")
    assert covered((anew,), (before,)) == {"sales-orders"}
    assert gone((anew,), (before,)) == (Address("DataProduct", before.id),)


def test_what_was_adopted_and_is_named_no_more_is_not_deleted() -> None:
    adopted = product("orders", pinned="c" + "0" * 24)
    assert gone((), (adopted,)) == ()


def test_options_narrow_each_other() -> None:
    now = tuple(
        replace(product(key), labels={"team": team}) for key, team in (("a", "x"), ("b", "x"), ("c", "y"))
    )
    assert covered(now, (), targets=("a", "c")) == {"a", "c"}
    assert covered(now, (), selectors=("team=x",)) == {"a", "b"}
    assert covered(now, (), selectors=("team=x", "team!=x")) == set()
    assert covered(now, (), targets=("a", "c"), selectors=("team=x",)) == {"a"}
    assert covered(now, (), selectors=("team=x",), excludes=("a",)) == {"b"}
    assert gone((), now, selectors=("team=y",)) == (Address("DataProduct", now[2].id),)
    assert gone((), now, targets=("b",)) == (Address("DataProduct", now[1].id),)
    assert gone((), now, targets=(f"DataProduct/{now[0].id}",)) == (Address("DataProduct", now[0].id),)


def test_without_git_only_a_target_by_its_id_is_deleted() -> None:
    away, here = product("away"), product("here")
    named = part_of(Wanted(targets=(f"DataProduct/{away.id}",)), desired(here), None)
    assert (named.covered, named.gone) == ((), (Address("DataProduct", away.id),))
    by_hand = part_of(
        Wanted(targets=("DataProduct/4c8f6d82-e4c6-4478-92eb-d9342500f006",)), desired(here), None
    )
    assert by_hand.gone == ()
    assert part_of(Wanted(selectors=("!team",)), desired(here), None).gone == ()


def test_with_nothing_but_exclusions_everything_is_read_and_pruned() -> None:
    part = part_of(Wanted(excludes=("a",)), desired(product("a"), product("b")), None)
    assert not part.is_narrow
    assert part.covered == (Address("DataProduct", "b"),)
    assert part.prunes("DataProduct", "anything")


@pytest.mark.parametrize(
    "reference", [Reference("open", "key"), Reference("open", "name"), Reference("OPEN")]
)
def test_what_is_referred_to_belongs_to_it_however_it_is_named(reference: Reference) -> None:
    used, other = form("open", agreements=(Reference("terms", "key"),)), form("other")
    uses = product("orders", request_forms=RequestForms.of(data_access=reference))
    now = desired(used, other, uses, states.agreement("terms"), product("rest"))
    assert {one.key for one in with_needed(now, [uses.address])} == {"orders", "open", "terms"}
    assert with_needed(now, [used.address]) == {used.address, Address("DataUseAgreement", "terms")}


def test_who_has_the_name_or_uses_what_goes_has_to_let_go_first() -> None:
    taker, holder = product("taker", name="Orders"), product("holder", name="Former Orders")
    user = product("user", request_forms=both("open"))
    going = form("going", lifecycle="retired")
    now = desired(taker, holder, user, form("open"), going, product("rest"))
    seen = live(
        live_product(holder.id, "orders"),
        live_product(
            user.id,
            "User",
            request_forms=RequestForms.of(data_access=Reference("Going", "id", going.id)),
        ),
        live_product("stranger", "Orders"),
    )
    mine = frozenset({taker.address})
    assert {one.key for one in with_concerned(now, seen, mine, ())} == {"taker", "holder"}
    retiring = frozenset({going.address})
    assert {one.key for one in with_concerned(now, seen, retiring, ())} == {"going", "user", "open"}
    assert with_concerned(now, live(), mine, ()) == mine


def test_a_saved_part_is_the_same_resources_as_far_as_they_are_declared() -> None:
    saved = Part(
        "main", "0" * 40, covered=(Address("DataProduct", "a"), Address("DataProduct", "b")), declared=9
    )
    again = the_same_part(saved, desired(product("b"), product("c")))
    assert again.covered == (Address("DataProduct", "b"),)
    assert (again.since, again.declared) == ("main", 2)

"""What is read before the impact of a plan is worked out, and what is not worth a request."""

from __future__ import annotations

from dataclasses import replace

from dpsync.model.impact import Questions, Reach
from dpsync.model.reference import Reference
from dpsync.model.state import Gap
from impact.scenes import asked, market, there, wanted
from planner.states import (
    FINANCE,
    ITEMS,
    ORDERS,
    agreement,
    at,
    form,
    live_agreement,
    live_form,
    product,
    pruning,
)


def test_a_plan_without_changes_asks_nothing() -> None:
    live = market(there("one", ORDERS))
    assert asked(pruning(wanted("one", ORDERS), on=live), live) == Questions()


def test_a_change_that_touches_nobody_asks_nothing() -> None:
    live = market(there("one", ORDERS))
    assert asked(pruning(wanted("one", ORDERS, description="New"), on=live), live) == Questions()


def test_members_of_every_product_are_asked_for_whose_change_touches_access() -> None:
    live = market(*(there(one, ORDERS) for one in ("adds", "drops", "moves", "retires", "stays", "suspends")))
    plan = pruning(
        wanted("adds", ORDERS, ITEMS),
        wanted("drops"),
        wanted("moves", domain=Reference(FINANCE.name)),
        wanted("retires", lifecycle="retired"),
        wanted("suspends", ORDERS, lifecycle="suspended"),
        wanted("stays", ORDERS, name="Renamed"),
        on=live,
    )
    found = asked(plan, live)
    assert found.products >= {"adds", "drops", "moves", "retires", "suspends"}
    assert found.added == {ITEMS.id}
    assert found.touched == {ORDERS.id, ITEMS.id}


def test_a_product_without_approved_requests_is_not_asked_and_one_that_does_not_say_is() -> None:
    live = market(there("none", ORDERS, approved=0), there("unsaid", ORDERS, approved=None))
    assert asked(pruning(wanted("none"), wanted("unsaid"), on=live), live).products == {"unsaid"}


def test_other_products_are_asked_only_if_they_may_give_what_comes_or_goes() -> None:
    live = market(
        there("one", ORDERS),
        there("gives", ORDERS),
        there("other", ITEMS),
        there("empty", ORDERS, approved=0),
        there("suspended", ORDERS, lifecycle="suspended"),
        there("stranger", unread=True),
    )
    plan = pruning(wanted("one"), on=live)
    assert asked(plan, live).products == {"one", "gives"}
    assert asked(plan, live).elsewhere == frozenset()


def test_a_source_that_nobody_gains_or_loses_is_not_looked_for_elsewhere() -> None:
    live = market(there("one", approved=0), there("gives", ORDERS))
    found = asked(pruning(wanted("one", ORDERS), product("new", sources=at(ORDERS)), on=live), live)
    assert (found.products, found.touched) == (frozenset(), frozenset())
    assert found.added == {ORDERS.id}


def test_with_full_reach_products_are_asked_whose_sources_were_not_read() -> None:
    live = market(
        there("one", ORDERS),
        there("stranger", unread=True),
        there("empty", unread=True, approved=0),
        there("suspended", unread=True, lifecycle="suspended"),
    )
    found = asked(pruning(wanted("one"), on=live), live, Reach.FULL)
    assert found.elsewhere == {"stranger"}
    assert found.everywhere


def test_full_reach_does_not_claim_everything_where_the_list_of_products_broke_off() -> None:
    live = replace(market(there("one", ORDERS)), gaps=(Gap("DataProduct", "", "503"),))
    assert not asked(pruning(wanted("one"), on=live), live, Reach.FULL).everywhere


def test_counts_alone_ask_for_nobody_and_still_for_forms_and_tags() -> None:
    mine = form("ask", name="New name")
    live = market(there("one", ORDERS), live_form(mine.id, "Ask"))
    plan = pruning(wanted("one", ITEMS), mine, on=live)
    found = asked(plan, live, Reach.COUNTS, "PII*")
    assert found == Questions(added=frozenset({ITEMS.id}), forms=frozenset({mine.id}), sensitive=("PII*",))


def test_a_form_that_changes_is_asked_for_its_products_and_a_new_one_is_not() -> None:
    mine = form("ask", name="New name")
    live = market(live_form(mine.id, "Ask"))
    assert asked(pruning(mine, form("other"), on=live), live).forms == {mine.id}


def test_for_an_agreement_that_changes_the_forms_that_show_it_are_asked() -> None:
    terms = agreement("terms", body="Be bold.")
    live = market(
        live_agreement(terms.id, "Terms"),
        live_form("f-1", "One", agreements=(Reference("Terms", "id", terms.id),)),
        live_form("f-2", "Two"),
    )
    assert asked(pruning(terms, on=live), live).forms == {"f-1"}


def test_columns_are_looked_up_in_the_first_product_that_has_the_source() -> None:
    live = market(there("one"), there("c", ORDERS), there("b", ORDERS), there("a", ITEMS))
    plan = pruning(wanted("one", ORDERS), on=live)
    assert asked(plan, live, Reach.MANAGED, "PII").shown == {ORDERS.id: "b"}
    assert asked(plan, live).shown == {}

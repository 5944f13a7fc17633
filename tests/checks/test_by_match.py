"""Sources that come and go by a pattern are marked, so that a rule can tell them from those that somebody wrote."""

from __future__ import annotations

from dpsync.model.reference import Reference, SourceReference
from dpsync.model.state import Catalog
from planner.states import (
    CATALOG,
    FINANCE,
    ITEMS,
    LEDGER,
    ORDERS,
    SALES,
    as_live,
    at,
    live,
    one_change,
    product,
    pruning,
    table,
)

ALL_ORDERS = SourceReference("match", "table ORDER*", pattern=(("table", "ORDER*"),))
WITHOUT_ITEMS = Catalog(
    CATALOG.domains, {**CATALOG.sources, SALES.id: (ORDERS,)}, CATALOG.people, strays=(ITEMS,)
)


def removed(*entries: SourceReference, catalog: Catalog = WITHOUT_ITEMS, domain: str = "Sales") -> list[bool]:
    one = product("p", domain=Reference(domain), sources=entries)
    change = one_change(
        pruning(one, on=live(as_live(one, sources=at(ORDERS, ITEMS), domain=_SALES), catalog=catalog))
    )
    return [source.by_match for source in change.sources.removed]


_SALES = Reference(SALES.name, "id", SALES.id)


def test_a_source_that_left_the_domain_goes_by_the_pattern_that_means_it() -> None:
    assert removed(ALL_ORDERS) == [True]


def test_a_source_that_the_manifest_does_not_name_any_more_goes_by_the_manifest() -> None:
    assert removed(table("ANALYTICS.SALES.ORDERS")) == [False]
    facts = SourceReference("match", "table *RDERS", pattern=(("table", "*RDERS"),))
    assert removed(facts) == [False]


def test_a_pattern_counts_also_where_everything_it_still_finds_is_listed_too() -> None:
    assert removed(table("ANALYTICS.SALES.ORDERS"), ALL_ORDERS) == [True]


def test_a_source_of_which_nothing_is_known_may_have_come_by_any_pattern() -> None:
    assert removed(ALL_ORDERS, catalog=Catalog(CATALOG.domains, WITHOUT_ITEMS.sources)) == [True]


def test_what_goes_with_a_move_to_another_domain_does_not_go_by_match() -> None:
    anything = SourceReference("match", "table *", pattern=(("table", "*"),))
    assert removed(anything, domain=FINANCE.name) == [False, False]


def test_what_comes_by_match_is_marked_and_what_is_listed_too_is_not() -> None:
    one = product("p", sources=(ALL_ORDERS, table("ANALYTICS.SALES.ORDERS")))
    change = one_change(pruning(one, on=live(as_live(one, sources=at(LEDGER)))))
    assert {source.id: source.by_match for source in change.sources.added} == {
        ORDERS.id: False,
        ITEMS.id: True,
    }

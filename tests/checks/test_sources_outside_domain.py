"""A source of another domain is shown in the plan, and held back."""

from __future__ import annotations

from checks.asking import about, ask, planned
from dpsync.checks.sources_outside_domain import RULE
from dpsync.model.finding import Severity
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.state import Catalog, Gap
from planner.states import CATALOG, FINANCE, LEDGER, ORDERS, SALES, as_live, at, live, product, table

OUTSIDE = table("ANALYTICS.FINANCE.LEDGER")


def test_the_finding_says_which_source_and_which_domain_at_its_line() -> None:
    wanted = product("p", sources=(table("ANALYTICS.SALES.ORDERS"), OUTSIDE))
    (finding,) = ask(RULE, wanted, on=live())
    assert about((finding,)) == [("DataProduct/p", Severity.ERROR)]
    assert "ANALYTICS.FINANCE.LEDGER is not in the domain Sales. It is in Finance" in finding.message


def test_what_it_holds_back_is_shown_in_full() -> None:
    (change,) = planned(product("p", sources=(OUTSIDE,)), on=live()).plan.changes
    assert not change.is_blocked
    assert [one.text for one in change.sources.added] == ["ANALYTICS.FINANCE.LEDGER"]


def test_a_source_that_is_in_both_domains_is_inside() -> None:
    catalog = Catalog(CATALOG.domains, {SALES.id: (ORDERS, LEDGER), FINANCE.id: (LEDGER,)})
    assert ask(RULE, product("p", sources=(OUTSIDE,)), on=live(catalog=catalog)) == ()


def test_a_move_that_leaves_its_sources_behind_is_held_back() -> None:
    wanted = product("p", domain=Reference("Finance"), sources=(table("ANALYTICS.SALES.ORDERS"),))
    there = as_live(wanted, domain=Reference("Sales", "id", SALES.id), sources=at(ORDERS))
    assert about(ask(RULE, wanted, on=live(there))) == [("DataProduct/p", Severity.ERROR)]


def test_what_is_there_already_is_a_warning() -> None:
    wanted = product("p", sources=(SourceReference("id", "3"),))
    there = as_live(wanted, sources=at(LEDGER))
    assert about(ask(RULE, wanted, on=live(there))) == [("DataProduct/p", Severity.WARNING)]


def test_a_product_that_leaves_dpsync_may_have_what_it_has() -> None:
    entries = (SourceReference("id", "3"),)
    retired = product("a", lifecycle="retired", sources=entries)
    released = product("b", lifecycle="released", sources=entries)
    on = live(as_live(retired, sources=at(LEDGER)), as_live(released, sources=at(LEDGER)))
    assert ask(RULE, retired, released, on=on) == ()


def test_a_domain_that_could_not_be_read_is_not_taken_for_an_empty_one() -> None:
    catalog = Catalog(CATALOG.domains, {FINANCE.id: (LEDGER,)})
    gaps = (Gap("DataSource", SALES.id, "500"),)
    assert ask(RULE, product("p", sources=(OUTSIDE,)), on=live(catalog=catalog, gaps=gaps)) == ()

"""Products that nobody keeps in Git are reported where all should be."""

from __future__ import annotations

from checks.asking import about, ask
from dpsync.checks.exclusive_domain import RULE
from dpsync.model.finding import Severity
from dpsync.model.policy import Policy
from dpsync.model.reference import Reference
from dpsync.model.state import Catalog, Gap
from planner.states import CATALOG, FINANCE, LEDGER, as_live, domain, live, live_product, product

ALONE = Policy(exclusive=("Sales",))


def test_up_to_five_are_named_and_the_rest_is_counted() -> None:
    others = [live_product(f"cm-{number}", f"Product {number}") for number in range(7)]
    (finding,) = ask(RULE, on=live(*reversed(others)), policy=ALONE)
    assert finding.severity is Severity.WARNING
    assert "and 7 data products in it are in no manifest: 'Product 0', " in finding.message
    assert finding.message.endswith("'Product 4', 2 more.")


def test_one_is_told_in_the_singular() -> None:
    (finding,) = ask(RULE, on=live(live_product("cm-1", "Orders")), policy=ALONE)
    assert "1 data product in it is in no manifest: 'Orders'." in finding.message


def test_what_the_workspace_made_or_declares_is_not_reported() -> None:
    mine, gone = product("mine"), product("gone")
    adopted = product("adopted", pinned="cm-1")
    given_up = product("given-up", pinned="cm-2", lifecycle="released")
    on = live(as_live(mine), as_live(gone), live_product("cm-1", "Adopted"), live_product("cm-2", "Given-Up"))
    assert ask(RULE, mine, adopted, given_up, on=on, policy=ALONE) == ()


def test_only_the_domain_counts_and_only_where_it_is_read() -> None:
    elsewhere = live_product("cm-1", "Ledger", domain=Reference("Finance", "id", FINANCE.id))
    assert ask(RULE, on=live(elsewhere), policy=ALONE) == ()
    here = live_product("cm-2", "Orders")
    unread = Catalog(CATALOG.domains, {FINANCE.id: (LEDGER,)})
    assert ask(RULE, on=live(here, catalog=unread), policy=ALONE) == ()
    in_vain = (Gap("DataSource", "d-sales", "500"),)
    assert len(ask(RULE, on=live(here, catalog=unread, gaps=in_vain), policy=ALONE)) == 1
    assert ask(RULE, on=live(here), policy=Policy()) == ()


def test_a_list_that_broke_off_says_at_least() -> None:
    on = live(live_product("cm-1", "Orders"), gaps=(Gap("DataProduct", "", "500"),))
    (finding,) = ask(RULE, on=on, policy=ALONE)
    assert "at least 1 data product in it" in finding.message


def test_the_finding_is_about_the_domain_by_its_key_where_it_has_one() -> None:
    on = live(live_product("cm-1", "Orders"))
    assert about(ask(RULE, on=on, policy=ALONE)) == [("", Severity.WARNING)]
    assert about(ask(RULE, domain("shop", "Sales"), on=on, policy=Policy(exclusive=("shop", "Sales")))) == [
        ("Domain/shop", Severity.WARNING)
    ]

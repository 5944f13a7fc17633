"""Whose path a manifest stands in decides what it may declare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.asking import ask, planned, written
from dpsync.checks.outside_ownership import RULE, covers, owners_by_path, owners_of
from dpsync.model.finding import Finding
from dpsync.model.place import Layer, Origin
from dpsync.model.policy import Owner, Policy
from dpsync.model.reference import Reference
from dpsync.model.resource import Resource
from dpsync.model.state import LiveState
from planner.states import FINANCE, as_live, domain, form, live, live_product, product

SALES_TEAM = Owner("sales-eng", ("products/sales/**",), ("Sales",), ("DataProduct",), {"team": "sales-eng"})
FINANCE_TEAM = Owner("finance", ("products/finance/**",), ("Finance",))
TEAMS = Policy(owners=(SALES_TEAM, FINANCE_TEAM))
IN_FINANCE = Reference("Finance", "id", FINANCE.id)


def said(*resources: Resource, on: LiveState | None = None, policy: Policy = TEAMS) -> tuple[Finding, ...]:
    return ask(RULE, *resources, on=on or live(), policy=policy)


@pytest.mark.parametrize(
    ("pattern", "file", "expected"),
    [
        ("products/sales/**", "products/sales/orders.yaml", True),
        ("products/sales/**", "products/sales/2026/q1/orders.yaml", True),
        ("products/sales/**", "products/salesforce/orders.yaml", False),
        ("products/sales/**", "products/sales.yaml", False),
        ("products/sales/*.yaml", "products/sales/orders.yaml", True),
        ("products/sales/*.yaml", "products/sales/2026/orders.yaml", False),
        ("products/sales/", "products/sales/2026/orders.yaml", True),
        ("products/sales", "products/sales/orders.yaml", False),
        ("./products/sales/*", "products/sales/orders.yaml", True),
        ("**/orders.yaml", "orders.yaml", True),
        ("**/orders.yaml", "products/sales/orders.yaml", True),
        ("products/**/orders.yaml", "products/orders.yaml", True),
        ("products/**/sales/**/*.yaml", "products/a/sales/b/c/orders.yaml", True),
        ("products/**/sales/**/*.yaml", "products/a/b/orders.yaml", False),
        ("products/sales-?/*", "products/sales-1/orders.yaml", True),
        ("products/[a-f]*/*", "products/sales/orders.yaml", False),
        ("Products/Sales/**", "products/sales/orders.yaml", False),
        ("**", "anything/at/all.yaml", True),
        ("/".join(["**"] * 40) + "/x", "/".join(["a"] * 40), False),
    ],
)
def test_a_path_is_covered_as_a_reader_of_globs_expects(pattern: str, file: str, *, expected: bool) -> None:
    assert covers(pattern, file) is expected


def test_what_the_owner_may_declare_is_let_pass() -> None:
    mine = written(product("orders"), "products/sales/orders.yaml", team="sales-eng")
    assert said(mine) == ()


def test_without_owners_nothing_is_said() -> None:
    assert said(written(product("orders"), "anywhere.yaml"), policy=Policy()) == ()


def test_a_path_without_an_owner_is_an_error() -> None:
    (finding,) = said(written(product("orders"), "products/new/orders.yaml"))
    assert "No owner in dpsync.yaml covers this path: products/new/orders.yaml." in finding.message
    assert finding.is_error


def test_every_reason_is_told_with_what_is_allowed_and_where_it_stands() -> None:
    mine = written(
        product("ledger", domain=Reference("Finance")), "products/sales/ledger.yaml", team="finance"
    )
    domain_finding, label_finding = said(mine)
    assert (
        "sales-eng, who may declare what is in the domain Sales, and not in Finance" in domain_finding.message
    )
    assert domain_finding.origin is not None
    assert domain_finding.origin.line == 2
    assert "carry the label `team: sales-eng`, and this one has `team: finance`" in label_finding.message


def test_who_may_declare_it_is_named() -> None:
    mine = written(
        product("ledger", domain=Reference("Finance")), "products/sales/ledger.yaml", team="sales-eng"
    )
    (finding,) = said(mine)
    assert "Move the manifest to a path of finance (products/finance/**), who may" in finding.remedy


def test_a_kind_that_the_owner_may_not_declare_is_an_error() -> None:
    (finding,) = said(written(form("open"), "products/sales/forms.yaml", team="sales-eng"))
    assert "who may declare DataProduct and not RequestForm" in finding.message


def test_an_owner_of_domains_may_declare_what_is_in_none() -> None:
    assert said(written(form("open"), "products/finance/forms.yaml")) == ()


def test_a_move_must_be_allowed_where_it_leaves_and_where_it_comes_to() -> None:
    taken = written(product("ledger"), "products/sales/ledger.yaml", team="sales-eng")
    (leaving,) = said(taken, on=live(as_live(taken, domain=IN_FINANCE)))
    assert "change what is in the domain Sales, and 'Ledger' is in Finance" in leaving.message
    given = written(
        product("orders", domain=Reference("Finance")), "products/sales/orders.yaml", team="sales-eng"
    )
    (coming,) = said(given, on=live(as_live(given)))
    assert "and not in Finance" in coming.message


def test_nobody_retires_what_is_in_a_domain_of_others() -> None:
    pinned = "5b0c7d1e-4f7a-4b39-9d0e-2f6a1c3b8d90"
    tombstone = written(
        product("ledger", pinned=pinned, lifecycle="retired"), "products/sales/x.yaml", team="sales-eng"
    )
    (finding,) = said(tombstone, on=live(live_product(pinned, "Ledger", domain=IN_FINANCE)))
    assert "'Ledger' is in Finance" in finding.message


def test_a_product_in_several_domains_needs_all_of_them() -> None:
    mine = written(product("orders"), "products/sales/orders.yaml", team="sales-eng")
    both = Reference("Sales, Finance", "id", f"d-sales,{FINANCE.id}")
    assert len(said(mine, on=live(as_live(mine, domain=both)))) == 1


def test_of_several_owners_one_that_allows_it_is_enough() -> None:
    platform = Owner("platform", ("products/**",))
    mine = written(form("open"), "products/sales/forms.yaml")
    assert said(mine, policy=Policy(owners=(SALES_TEAM, platform))) == ()
    strict = Owner("platform", ("products/**",), kinds=("DataUseAgreement",))
    owners = {
        finding.message.split(", who")[0]
        for finding in said(mine, policy=Policy(owners=(SALES_TEAM, strict)))
    }
    assert {owner.rpartition(" ")[2] for owner in owners} == {"sales-eng", "platform"}


def test_what_no_manifest_names_any_more_is_nobodys() -> None:
    assert said(on=live(as_live(product("orders")))) == ()


def test_what_does_not_change_is_left_in_peace() -> None:
    wanted = written(product("orders"), "elsewhere.yaml")
    assert said(wanted, on=live(as_live(wanted))) == ()


def test_a_default_must_come_from_who_may_declare_the_domain() -> None:
    wanted = written(
        product("ledger", domain=Reference("Finance"), subject_matter_expert=Reference("jane")),
        "products/finance/ledger.yaml",
        defaults={"subjectMatterExpert": "products/sales/finance-domain.yaml"},
    )
    (finding,) = said(wanted, on=live(as_live(wanted, domain=IN_FINANCE)))
    assert "`subjectMatterExpert` is a default from products/sales/finance-domain.yaml" in finding.message
    assert "who may not declare the Domain 'Finance'" in finding.message
    unowned = written(
        wanted, "products/finance/ledger.yaml", defaults={"subjectMatterExpert": "domains/finance.yaml"}
    )
    (finding,) = said(unowned, on=live(as_live(wanted, domain=IN_FINANCE)))
    assert "No owner in dpsync.yaml covers this path: domains/finance.yaml." in finding.message
    allowed = written(
        wanted, "products/finance/ledger.yaml", defaults={"subjectMatterExpert": "products/finance/d.yaml"}
    )
    assert said(allowed, on=live(as_live(wanted, domain=IN_FINANCE))) == ()


def test_a_manifest_cannot_give_another_domain_the_name_that_an_owner_may_use() -> None:
    theirs = domain("sales", "Finance")
    wanted = written(
        product("ledger", domain=Reference("sales", "key")), "products/sales/ledger.yaml", team="sales-eng"
    )
    policy = Policy(owners=(Owner("sales-eng", ("products/sales/**",), ("sales",)),))
    (finding,) = said(theirs, wanted, policy=policy)
    assert "and not in Finance" in finding.message


def test_an_owner_may_be_given_a_domain_by_its_key() -> None:
    ours = domain("shop", "Sales")
    wanted = written(product("orders", domain=Reference("shop", "key")), "products/shop/orders.yaml")
    policy = Policy(owners=(Owner("shop", ("products/shop/**",), ("shop",)),))
    assert said(ours, wanted, policy=policy) == ()


def test_a_change_belongs_to_whoever_owns_its_manifest() -> None:
    asked = planned(written(product("orders"), "products/sales/orders.yaml"), on=live(), policy=TEAMS)
    assert owners_of(asked) == {asked.plan.changes[0].address: ("sales-eng",)}


def test_what_no_manifest_names_belongs_to_whoever_owns_its_domain() -> None:
    gone = as_live(product("orders"), domain=IN_FINANCE)
    asked = planned(on=live(gone), policy=TEAMS)
    (change,) = asked.plan.changes
    assert change.origin is None
    assert owners_of(asked) == {change.address: ("finance",)}
    assert owners_by_path(asked.plan, TEAMS.owners) == {}


def test_a_patch_stands_below_a_path_of_somebody_who_may_declare_what_it_patches() -> None:
    mine = written(product("orders"), "products/sales/orders.yaml", team="sales-eng")
    patched = replace(mine, patches=(Origin("products/finance/dev/orders.yaml", 1, 1, Layer.PATCH),))
    (finding,) = said(patched)
    assert finding.message.startswith(
        "products/finance/dev/orders.yaml belongs to the owner finance, who may declare what is in the domain Finance"
    )
    assert finding.origin == Origin("products/finance/dev/orders.yaml", 1, 1, Layer.PATCH)
    (finding,) = said(replace(mine, patches=(Origin("environments/dev/orders.yaml", 1, 1, Layer.PATCH),)))
    assert finding.message == "No owner in dpsync.yaml covers this path: environments/dev/orders.yaml."
    assert not said(replace(mine, patches=(Origin("products/sales/dev.yaml", 1, 1, Layer.PATCH),)))

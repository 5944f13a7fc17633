"""What manifests name becomes what is live; what does not, blocks its resource and says what looks alike."""

from __future__ import annotations

import pytest

from dpsync.model.change import Change
from dpsync.model.reference import Reference, SourcePath, SourceReference
from dpsync.model.resource import Resource
from dpsync.model.state import Catalog, Domain, Gap, Source
from dpsync.planner.resolve import resolve
from planner.states import (
    CATALOG,
    FINANCE,
    ITEMS,
    JANE,
    LEDGER,
    ORDERS,
    SALES,
    as_live,
    both,
    data_source,
    desired,
    domain,
    form,
    live,
    live_form,
    one_change,
    product,
    pruning,
    rules,
    source,
    table,
)


def blocked(resource: Resource, catalog: Catalog = CATALOG, gaps: tuple[Gap, ...] = ()) -> Change:
    change = one_change(pruning(resource, on=live(catalog=catalog, gaps=gaps)))
    assert change.is_blocked
    return change


def ids(resource: Resource, *others: Resource) -> list[str | None]:
    found = resolve(desired(resource, *others), live()).resources[0]
    return [one.id for one in getattr(found.spec, "sources")]  # noqa: B009


@pytest.mark.parametrize(
    "entry",
    [
        SourceReference("id", "1"),
        SourceReference("name", "orders"),
        table("ANALYTICS.SALES.ORDERS"),
        table("analytics.sales.orders"),
        SourceReference("path", "", SourcePath(platform="Snowflake", schema="SALES", table="ORDERS")),
        SourceReference("key", "the-orders"),
    ],
)
def test_a_source_is_found_by_whatever_it_is_called(entry: SourceReference) -> None:
    key = data_source("the-orders", database="ANALYTICS", db_schema="SALES", table="ORDERS")
    assert ids(product("p", sources=(entry,)), key) == ["1"]


def test_a_pattern_finds_every_source_of_the_domain_that_matches() -> None:
    pattern = SourceReference("match", "table order*", pattern=(("table", "order*"),))
    assert ids(product("p", sources=(pattern,))) == ["1", "2"]
    assert ids(product("p", sources=(pattern, SourceReference("id", "1")))) == ["1", "2"]


def test_an_unknown_source_names_those_that_look_alike() -> None:
    change = blocked(product("p", sources=(table("ANALYTICS.SALES.ORDER"),)))
    assert rules(change) == ["unresolved-source"]
    assert "Did you mean ANALYTICS.SALES.ORDERS" in change.blocked[0].remedy


def test_a_source_of_another_domain_is_found_there_if_it_is_the_only_one() -> None:
    elsewhere = product("p", sources=(table("analytics.finance.ledger"), SourceReference("id", "1")))
    assert ids(elsewhere) == ["3", "1"]


def test_several_sources_of_other_domains_are_told_and_none_is_chosen() -> None:
    more = Domain("d-hr", "People")
    other = source(4, "Ledger", "LEDGER", "HR")
    catalog = Catalog((*CATALOG.domains, more), {**CATALOG.sources, more.id: (other, ITEMS)})
    change = blocked(product("p", sources=(SourceReference("name", "Ledger"),)), catalog=catalog)
    assert rules(change) == ["unresolved-source"]
    assert "ANALYTICS.FINANCE.LEDGER (id 3) in Finance, ANALYTICS.HR.LEDGER (id 4) in People" in (
        change.blocked[0].remedy
    )


def test_elsewhere_an_exact_spelling_wins_and_one_source_in_two_domains_is_one() -> None:
    more = Domain("d-hr", "People")
    other = source(4, "LEDGER", "LEDGER", "HR")
    catalog = Catalog((*CATALOG.domains, more), {**CATALOG.sources, more.id: (other, LEDGER)})
    wanted = product("p", sources=(SourceReference("name", "Ledger"),))
    found = resolve(desired(wanted), live(catalog=catalog)).resources[0]
    assert [one.id for one in getattr(found.spec, "sources")] == ["3"]  # noqa: B009


def test_what_the_own_domain_has_is_never_looked_for_elsewhere() -> None:
    own = source(9, "ledger", "ledger", "SALES")
    catalog = Catalog(CATALOG.domains, {SALES.id: (ORDERS, own), FINANCE.id: (LEDGER,)})
    wanted = product("p", sources=(SourceReference("name", "Ledger"),))
    found = resolve(desired(wanted), live(catalog=catalog)).resources[0]
    assert [one.id for one in getattr(found.spec, "sources")] == ["9"]  # noqa: B009


def test_a_pattern_never_leaves_the_domain() -> None:
    pattern = SourceReference("match", "table LEDGER", pattern=(("table", "LEDGER"),))
    assert rules(blocked(product("p", sources=(pattern,)))) == ["unresolved-source"]


def test_a_declared_source_must_be_in_the_domain_that_its_manifest_names() -> None:
    wrong = data_source("ledger", database="ANALYTICS", db_schema="FINANCE", table="LEDGER")
    change = blocked(wrong)
    assert rules(change) == ["unresolved-source"]
    assert "It is in the domain Finance." in change.blocked[0].remedy


def test_an_exact_spelling_wins_over_others_in_another_case() -> None:
    catalog = Catalog((SALES,), {SALES.id: (ORDERS, source(9, "orders", "orders"))})
    wanted = product("p", sources=(table("ANALYTICS.SALES.orders"),))
    found = resolve(desired(wanted), live(catalog=catalog)).resources[0]
    assert [one.id for one in getattr(found.spec, "sources")] == ["9"]  # noqa: B009


def test_a_spelling_that_could_be_two_sources_is_not_guessed() -> None:
    catalog = Catalog((SALES,), {SALES.id: (ORDERS, source(9, "orders", "orders"))})
    change = blocked(product("p", sources=(table("ANALYTICS.SALES.Orders"),)), catalog=catalog)
    assert rules(change) == ["ambiguous-source"]
    assert "(id 1)" in change.blocked[0].message
    assert "(id 9)" in change.blocked[0].message


def test_a_pattern_that_matches_nothing_blocks() -> None:
    pattern = SourceReference("match", "table X*", pattern=(("table", "X*"),))
    assert rules(blocked(product("p", sources=(pattern,)))) == ["unresolved-source"]


def test_an_unknown_person_and_an_unknown_domain_are_both_told() -> None:
    wrong = product("p", domain=Reference("Sale"), subject_matter_expert=Reference("jane.do@acme.example"))
    change = blocked(wrong)
    assert rules(change) == ["unresolved-reference", "unresolved-reference"]
    remedies = " ".join(finding.remedy for finding in change.blocked)
    assert "Did you mean Sales?" in remedies
    assert "Did you mean jane.doe@acme.example?" in remedies


@pytest.mark.parametrize("text", ["jane", "JANE", "Jane.Doe@acme.example", "u-jane"])
def test_a_person_is_found_by_username_mail_and_id(text: str) -> None:
    wanted = product("p", subject_matter_expert=Reference(text))
    assert (
        pruning(
            wanted, on=live(as_live(wanted, subject_matter_expert=Reference("Jane", "id", JANE.id)))
        ).changes
        == ()
    )


def test_a_form_is_found_by_key_and_one_made_by_hand_by_name() -> None:
    ours = form("ours")
    wanted = product("p", request_forms=both("ours"))
    found = resolve(desired(wanted, ours), live()).resources[0]
    assert getattr(found.spec, "request_forms").data_access.id == ours.id  # noqa: B009
    by_name = product("p", request_form=Reference("by hand"))
    found = resolve(desired(by_name), live(live_form("f-9", "By Hand"))).resources[0]
    assert getattr(found.spec, "request_forms").masking_exception.id == "f-9"  # noqa: B009


def test_a_released_form_that_is_not_live_cannot_be_referred_to() -> None:
    free = form("free", lifecycle="released")
    wanted = product("p", request_forms=both("free"))
    change = one_change(pruning(wanted, free, on=live()))
    assert set(rules(change)) == {"unresolved-reference"}
    assert "is released, and nothing live has its id" in change.blocked[0].message
    assert pruning(wanted, free, on=live(live_form(free.id, "Free"))).blocked == ()


def test_what_needs_a_blocked_form_is_held_back_with_it_and_nothing_else_is() -> None:
    wrong = form("f", agreements=(Reference("No Such Text"),))
    plan = pruning(wrong, product("p", request_forms=both("f")), product("q"), on=live())
    assert {change.address.key: rules(change) for change in plan.blocked} == {
        "f": ["unresolved-reference"],
        "p": ["held-back"],
    }
    assert [change.address.key for change in plan.applicable] == ["q"]


def test_a_domain_whose_sources_could_not_be_read_blocks_what_needs_them() -> None:
    gap = Gap("DataSource", SALES.id, "500")
    change = blocked(product("p", sources=(table("ANALYTICS.SALES.ORDERS"),)), gaps=(gap,))
    assert rules(change) == ["unreadable"]
    assert pruning(product("p", sources=()), on=live(gaps=(gap,))).blocked == ()


def test_a_declared_domain_that_is_not_live_is_told_at_the_domain() -> None:
    plan = pruning(domain("shop", "Shopping"), product("p"), on=live())
    assert {change.address.key: rules(change) for change in plan.blocked} == {
        "shop": ["unresolved-reference"]
    }


def test_resolving_changes_nothing_that_is_known() -> None:
    listing: tuple[Source, ...] = CATALOG.sources[FINANCE.id]
    assert listing == (LEDGER,)
    assert ids(product("p", domain=Reference(FINANCE.id, "id"), sources=(SourceReference("id", "3"),))) == [
        "3"
    ]
    assert ITEMS in CATALOG.sources[SALES.id]

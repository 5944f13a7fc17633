from __future__ import annotations

from dataclasses import replace

import pytest

from dpsync.kinds.data_product import ReviewFlows
from dpsync.kinds.domain import DomainSpec
from dpsync.kinds.review_flow import Delegate
from dpsync.kinds.shared import RequestForms
from dpsync.model.change import Provenance
from dpsync.model.finding import Finding, Severity
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import Catalog, LiveState
from dpsync.planner.provenance import only_declared, with_provenance
from planner.states import (
    CATALOG,
    ITEMS,
    ORDERS,
    SALES,
    TARGET,
    as_live,
    at,
    both,
    change,
    data_source,
    declared,
    desired,
    domain,
    form,
    live,
    live_form,
    product,
    pruning,
    source,
    table,
)

DECLARED, DRIFTED = Provenance.DECLARED, Provenance.DRIFTED
LEFT_OVER, BY_MATCH = Provenance.LEFT_OVER, Provenance.BY_MATCH


def traced(now: list[Resource], base: list[Resource], on: LiveState) -> dict[str, Provenance | None]:
    """Where each change comes from, by its address (by its title, if no manifest names it)."""
    plan = with_provenance(pruning(*now, on=on), desired(*now), desired(*base))
    return {str(one.address) if one.after else one.title: one.provenance for one in plan.changes}


def the_one(
    now: Resource, base: Resource | None, *on: LiveResource, catalog: Catalog = CATALOG
) -> Provenance | None:
    (found,) = traced([now], [] if base is None else [base], live(*on, catalog=catalog)).values()
    return found


def matching(pattern: str) -> SourceReference:
    return SourceReference("match", f"table {pattern}", pattern=(("table", pattern),))


# Updates.


def test_a_field_that_the_manifests_changed_is_declared() -> None:
    now, base = product("a", description="New."), product("a", description="Old.")
    assert the_one(now, base, as_live(now, name="A", description="Old.")) is DECLARED


def test_a_field_that_the_manifests_did_not_change_has_drifted() -> None:
    now = product("a", description="Agreed.")
    assert the_one(now, now, as_live(now, name="A", description="By hand.")) is DRIFTED


def test_a_field_that_was_not_managed_at_the_base_is_declared() -> None:
    now, base = product("a", lifecycle="active"), product("a")
    assert the_one(now, base, as_live(now, name="A", lifecycle="suspended")) is DECLARED
    cleared = product("a", description=None)
    assert the_one(cleared, base, as_live(now, name="A", description="By hand.")) is DECLARED


def test_a_change_of_both_kinds_is_declared_as_a_whole() -> None:
    now, base = product("a", description="New.", sources=()), product("a", description="Old.", sources=())
    assert the_one(now, base, as_live(now, name="A", description="Old.", sources=at(ORDERS))) is DECLARED


def test_a_declared_change_says_what_drift_it_puts_back() -> None:
    def reason(now: Resource, base: Resource, there: LiveResource) -> str:
        (found,) = with_provenance(pruning(now, on=live(there)), desired(now), desired(base)).changes
        assert found.provenance is DECLARED
        return found.reason

    orders, items = table("ANALYTICS.SALES.ORDERS"), table("ANALYTICS.SALES.ORDER_ITEMS")
    now = product("a", description="New.", lifecycle="active", sources=(orders,))
    base = product("a", description="Old.", lifecycle="active", sources=(orders,))
    by_hand = as_live(now, name="A", description="Old.", lifecycle="suspended", sources=at(ORDERS, ITEMS))
    assert reason(now, base, by_hand) == "puts back drift as well: lifecycle, sources"
    assert reason(now, base, as_live(now, name="A", description="By hand.", sources=at(ORDERS))) == ""
    more = product("a", sources=(orders, items))
    assert reason(more, product("a", sources=(orders,)), as_live(more, name="A", sources=at(ORDERS))) == ""
    less = product("a", sources=(orders,))
    assert reason(less, more, as_live(more, name="A", sources=at(ORDERS, ITEMS))) == ""


def test_what_somebody_did_by_hand_already_leaves_only_the_drift() -> None:
    now, base = product("a", description="New."), product("a", description="Old.")
    assert the_one(now, base, as_live(now, name="A", description="New.", sources=at(ORDERS))) is DRIFTED


def test_a_source_is_declared_if_the_manifests_added_or_removed_it() -> None:
    one, two = product("a", sources=(table("ANALYTICS.SALES.ORDERS"),)), product("a", sources=())
    assert the_one(one, two, as_live(one, name="A")) is DECLARED
    assert the_one(two, one, as_live(one, name="A", sources=at(ORDERS))) is DECLARED
    assert the_one(one, one, as_live(one, name="A")) is DRIFTED
    assert the_one(two, two, as_live(one, name="A", sources=at(ORDERS))) is DRIFTED


def test_another_source_than_the_manifests_added_has_drifted() -> None:
    orders, items = table("ANALYTICS.SALES.ORDERS"), table("ANALYTICS.SALES.ORDER_ITEMS")
    now, base = product("a", sources=(orders, items)), product("a", sources=(orders,))
    assert the_one(now, base, as_live(now, name="A", sources=at(ITEMS))) is DRIFTED
    assert the_one(now, base, as_live(now, name="A", sources=at(ORDERS))) is DECLARED


def test_the_order_of_sources_and_other_words_for_them_are_no_difference() -> None:
    orders, items = table("ANALYTICS.SALES.ORDERS"), table("ANALYTICS.SALES.ORDER_ITEMS")
    now, base = product("a", sources=(orders, items)), product("a", sources=(items, orders))
    assert the_one(now, base, as_live(now, name="A")) is DRIFTED
    key = data_source("items", database="ANALYTICS", db_schema="SALES", table="ORDER_ITEMS")
    spelled = product("a", sources=(orders, SourceReference("key", "items")))
    assert traced([spelled, key], [base], live(as_live(now, name="A"))) == {"DataProduct/a": DRIFTED}


# What a resource refers to counts as its own.


def test_a_source_whose_path_changed_in_its_own_manifest_is_declared() -> None:
    made = product("a", sources=(SourceReference("key", "it"),))
    base = data_source("it", database="ANALYTICS", db_schema="SALES", table="ORDERS")
    now = data_source("it", database="ANALYTICS", db_schema="SALES", table="ORDER_ITEMS")
    there = live(as_live(made, name="A", sources=at(ORDERS)))
    assert traced([made, now], [made, base], there) == {"DataProduct/a": DECLARED}
    assert traced([made, now], [made, now], there) == {"DataProduct/a": DRIFTED}


def test_a_domain_whose_name_changed_in_its_own_manifest_is_declared() -> None:
    made = product("a", domain=Reference("it", "key"))
    there = live(as_live(made, name="A"))
    now, base = domain("it", "Finance"), domain("it", "Sales")
    assert traced([made, now], [made, base], there) == {"DataProduct/a": DECLARED}
    assert traced([made, now], [made, now], there) == {"DataProduct/a": DRIFTED}


def test_a_form_key_that_means_another_form_is_declared() -> None:
    made = product("a", request_forms=both("strict"))
    old = live_form("5f0c8a52-0000-4000-8000-000000000001", "Strict")
    now, base = form("strict", pinned="5f0c8a52-0000-4000-8000-000000000001"), form("strict")
    forms = RequestForms.of(
        data_access=Reference("x", "id", base.id), masking_exception=Reference("x", "id", base.id)
    )
    there = live(as_live(made, name="A", request_forms=forms), old, live_form(base.id, "Strict Old"))
    assert traced([made, now], [made, base], there)["DataProduct/a"] is DECLARED
    assert traced([made, now], [made, now], there)["DataProduct/a"] is DRIFTED


def test_a_review_flow_that_comes_alive_because_its_form_delegates_is_declared() -> None:
    made = product("a", request_forms=both("strict"), review_flows=ReviewFlows.of(data_access=None))
    now, base = form("strict", review_flow=Delegate.of(decision="delegate")), form("strict")
    there = live(
        as_live(
            made,
            name="A",
            request_forms=_ids(both("strict"), base.id),
            review_flows=ReviewFlows.of(data_access=None, masking_exception=None),
        ),
        live_form(base.id, "Strict"),
    )
    found = traced([made, now], [made, base], there)
    assert found["RequestForm/strict"] is DECLARED
    assert found["DataProduct/a"] is DECLARED


def _ids(forms: RequestForms, live_id: str) -> RequestForms:
    return RequestForms.of(
        data_access=replace(forms.data_access, id=live_id),
        masking_exception=replace(forms.masking_exception, id=live_id),
    )


# Keys, ids, creates and deletes.


def test_a_key_that_was_renamed_with_its_id_is_no_difference() -> None:
    base = product("old", name="A")
    now = product("new", name="A", pinned=base.id)
    assert the_one(now, base, as_live(base, name="By hand")) is DRIFTED


def test_an_id_that_was_pinned_since_is_declared() -> None:
    base = product("a", name="A")
    now = product("a", name="A", pinned="5f0c8a52-0000-4000-8000-000000000001")
    assert the_one(now, base, as_live(now, name="B")) is DECLARED


def test_a_manifest_that_came_is_declared_and_one_that_was_there_is_left_over() -> None:
    made = product("a")
    assert the_one(made, None) is DECLARED
    assert the_one(made, made) is LEFT_OVER
    assert the_one(product("a", description="New."), made) is DECLARED


def test_a_pinned_object_that_is_gone_has_drifted() -> None:
    made = product("a", pinned="5f0c8a52-0000-4000-8000-000000000001")
    assert the_one(made, made) is DRIFTED


def test_a_manifest_that_went_is_declared_and_one_that_was_gone_before_is_left_over() -> None:
    gone, stays = product("gone"), product("stays")
    there = live(as_live(gone), as_live(stays))
    assert traced([stays], [stays, gone], there) == {"Gone": DECLARED}
    assert traced([stays], [stays], there) == {"Gone": LEFT_OVER}
    assert traced([stays], [stays, product("gone", lifecycle="retired")], there) == {"Gone": LEFT_OVER}
    assert traced([stays], [stays, product("gone", lifecycle="released")], there) == {"Gone": DECLARED}


def test_a_manifest_that_was_retired_is_declared_and_one_that_was_retired_before_is_left_over() -> None:
    retired = product("a", lifecycle="retired")
    assert the_one(retired, product("a"), as_live(retired)) is DECLARED
    assert the_one(retired, None, as_live(retired)) is DECLARED
    assert the_one(retired, retired, as_live(retired)) is LEFT_OVER


@pytest.mark.parametrize("ended", ["retired", "released"])
def test_management_that_begins_again_is_declared(ended: str) -> None:
    now, base = product("a", description="Agreed."), product("a", description="Agreed.", lifecycle=ended)
    assert the_one(now, base, as_live(now, description="By hand.")) is DECLARED


# Patterns.

DIMENSION = source(4, "Dimension", "DIM_STORE")
WITH_DIMENSION = replace(CATALOG, sources={**CATALOG.sources, SALES.id: (ORDERS, ITEMS, DIMENSION)})


def test_a_source_that_comes_by_a_pattern_of_the_base_is_by_match() -> None:
    made = product("a", sources=(matching("DIM_*"),))
    assert the_one(made, made, as_live(made, name="A"), catalog=WITH_DIMENSION) is BY_MATCH


def test_a_pattern_that_is_new_declares_what_it_brings() -> None:
    now, base = product("a", sources=(matching("DIM_*"),)), product("a", sources=())
    assert the_one(now, base, as_live(now, name="A"), catalog=WITH_DIMENSION) is DECLARED


def test_a_pattern_beside_other_drift_is_drift() -> None:
    made = product("a", description="Agreed.", sources=(matching("DIM_*"),))
    there = as_live(made, name="A", description="By hand.")
    assert the_one(made, made, there, catalog=WITH_DIMENSION) is DRIFTED


def test_a_source_that_leaves_the_domain_goes_by_match_and_one_put_in_by_hand_does_not() -> None:
    made = product("a", sources=(matching("ORDER*"),))
    gone = replace(CATALOG, sources={SALES.id: (ORDERS, ITEMS)}, strays=(replace(DIMENSION, id="9"),))
    stray = source(9, "Orders Old", "ORDERS_OLD")
    left = replace(gone, strays=(stray,))
    assert (
        the_one(made, made, as_live(made, name="A", sources=at(ORDERS, ITEMS, stray)), catalog=left)
        is BY_MATCH
    )
    by_hand = as_live(made, name="A", sources=at(ORDERS, ITEMS, DIMENSION))
    assert the_one(made, made, by_hand, catalog=WITH_DIMENSION) is DRIFTED


# What cannot be worked out.


def test_a_reference_that_leads_nowhere_since_the_manifests_changed_is_declared() -> None:
    now, base = product("a", domain=Reference("Sale")), product("a", domain=Reference("Sales"))
    assert the_one(now, base, as_live(now)) is DECLARED
    assert the_one(base, base, as_live(now), catalog=Catalog()) is DRIFTED


def test_what_is_only_verified_is_told_by_its_key() -> None:
    now, base = domain("sales", "Sale"), domain("sales", "Sales")
    assert the_one(now, base) is DECLARED
    assert the_one(now, now) is DRIFTED
    assert the_one(now, None) is DECLARED
    assert the_one(declared("Domain", "sales", DomainSpec.of(name="Sale")), now) is DRIFTED


# Only what is declared.


def plan_of(*changes: tuple[str, Provenance, str]) -> Plan:
    """A plan of product changes, each with its key, where it comes from, and the keys that it needs."""
    return Plan(
        TARGET,
        tuple(replace(change(key, needs=needs), provenance=whence) for key, whence, needs in changes),
    )


def test_only_declared_changes_are_kept_with_what_they_need() -> None:
    plan = plan_of(
        ("a", DECLARED, "b"),
        ("b", LEFT_OVER, "c"),
        ("c", DRIFTED, ""),
        ("d", DRIFTED, "a"),
        ("e", BY_MATCH, ""),
        ("f", LEFT_OVER, ""),
    )
    assert [one.address.key for one in only_declared(plan).changes] == ["a", "b", "c"]


def test_findings_about_what_was_left_out_go_with_it() -> None:
    about = [
        Finding("x", Severity.WARNING, key, address=Address("DataProduct", key)) for key in ("a", "d", "z")
    ]
    loose = Finding("incomplete", Severity.WARNING, "Something.")
    plan = replace(plan_of(("a", DECLARED, ""), ("d", DRIFTED, "")), findings=(*about, loose))
    assert only_declared(plan).findings == (about[0], about[2], loose)


def test_a_plan_of_drift_alone_has_nothing_declared() -> None:
    plan = only_declared(plan_of(("a", DRIFTED, ""), ("b", BY_MATCH, "")))
    assert plan.changes == ()
    assert plan.effect is None


def test_what_was_retired_and_is_made_anew_says_that_approvals_do_not_come_back() -> None:
    now, base = product("orders"), product("orders", lifecycle="retired")
    on = live()
    (anew,) = with_provenance(pruning(now, on=on), desired(now), desired(base)).changes
    assert anew.reason == "it was retired: approvals that it had do not come back, also under the same id"
    (first,) = with_provenance(pruning(now, on=on), desired(now), desired()).changes
    assert not first.reason

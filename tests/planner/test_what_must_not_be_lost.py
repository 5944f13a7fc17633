"""Ways in which a plan could take something away that nobody meant to lose, each of them closed."""

from __future__ import annotations

from datetime import UTC, datetime

from dpsync import checks
from dpsync.checks.rule import Planned
from dpsync.kinds.review_flow import DEFAULT_FLOW
from dpsync.model.call import Action
from dpsync.model.identity import computed_id
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.model.reference import Reference
from dpsync.model.resource import Resource
from dpsync.model.state import Catalog, Gap, LiveState
from planner.states import (
    CATALOG,
    ORDERS,
    SALES,
    WORKSPACE,
    at,
    both,
    desired,
    form,
    live,
    live_form,
    live_product,
    product,
    pruning,
    rules,
    table,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = computed_id(WORKSPACE, "DataProduct", "old")


def guarded(*resources: Resource, on: LiveState) -> Plan:
    plan = pruning(*resources, on=on)
    return plan.with_findings(checks.findings(Planned(desired(*resources), on, plan, Policy(), NOW)))


def test_an_object_that_could_not_be_read_completely_is_not_deleted() -> None:
    state = live(live_product(OLD, "Old"), gaps=(Gap("DataProduct", OLD, "500"),))
    (delete,) = pruning(on=state).changes
    assert "unreadable" in rules(delete)


def test_a_rename_is_recognised_where_the_sources_of_the_new_one_cannot_be_found_out() -> None:
    gaps = (Gap("DataSource", SALES.id, "500"),)
    state = live(live_product(OLD, "Old", sources=at(ORDERS)), catalog=Catalog(CATALOG.domains), gaps=gaps)
    plan = guarded(product("new", sources=(table("ANALYTICS.SALES.ORDERS"),)), on=state)
    delete = next(change for change in plan.changes if change.action is Action.DELETE)
    assert "probable-rename" in rules(delete)


def test_a_rename_is_recognised_where_the_domain_of_the_new_one_is_misspelt() -> None:
    state = live(live_product(OLD, "Old", sources=at(ORDERS)))
    plan = guarded(product("new", domain=Reference("Sals"), sources=()), on=state)
    delete = next(change for change in plan.changes if change.action is Action.DELETE)
    assert "probable-rename" in rules(delete)


def test_a_form_that_a_new_product_names_is_not_deleted() -> None:
    orphan = computed_id(WORKSPACE, "RequestForm", "gone")
    named = both("x").of(data_access=Reference("Gone"), masking_exception=Reference("Gone"))
    plan = pruning(product("new", request_forms=named), on=live(live_form(orphan, "Gone")))
    delete = next(change for change in plan.changes if change.action is Action.DELETE)
    assert rules(delete) == ["still-used"]


def test_what_lets_people_in_waits_for_the_form_that_decides_about_them() -> None:
    strict = form("strict", review_flow=DEFAULT_FLOW)
    kept = product("kept", request_forms=both("strict"), description="New words")
    state = live(
        live_form(strict.id, "Strict"),
        live_product(
            kept.id,
            "Kept",
            request_forms=both("x").of(
                data_access=Reference("Strict", "id", strict.id),
                masking_exception=Reference("Strict", "id", strict.id),
            ),
        ),
    )
    plan = pruning(strict, product("new", request_forms=both("strict")), kept, on=state)
    waits = {change.address.key: change for change in plan.changes}
    assert waits["new"].needs == (strict.address,)
    assert waits["kept"].needs == ()
    assert waits["kept"].follows == (strict.address,)


def test_an_id_in_capital_letters_is_still_the_one_that_a_manifest_names() -> None:
    pinned = product("new", pinned=OLD)
    state = live(live_product(OLD.upper(), "Old"))
    assert not [change for change in pruning(pinned, on=state).changes if change.action is Action.DELETE]

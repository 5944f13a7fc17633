"""Applying a plan leaves nothing to plan, whatever was live before."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given

from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.settings import Vintage
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import GUARDED, UNGUARDED, Document, Market, market


def converges(
    one: Market,
    documents: tuple[Document, ...],
    *,
    prune: bool,
    guardrails: Mapping[str, Mapping[str, object]] = UNGUARDED,
) -> Plan:
    """Plan, apply, plan again; answers the first plan."""
    files = in_files(documents)
    plan = one.plan(files, prune=prune, guardrails=guardrails)
    applied = one.apply(plan)
    assert applied.bad == []
    again = one.plan(files, prune=prune, guardrails=guardrails)
    assert [str(change.address) for change in again.applicable] == []
    assert held(again) == held(plan)
    return plan


def held(plan: Plan) -> dict[Address, set[str]]:
    """The blocked changes, each with the rules that block it."""
    return {change.address: {finding.rule for finding in change.blocked} for change in plan.blocked}


@law(1.5)
@given(estates())
def test_applying_a_plan_leaves_nothing_to_plan_from_any_live_state(estate: Estate) -> None:
    with market(estate.world) as one:
        converges(one, estate.first, prune=estate.prune)
        estate.by_hand(one.store)
        converges(one, estate.second, prune=estate.prune)


@law()
@given(estates())
def test_what_guardrails_hold_back_stays_held_back_and_the_rest_converges(estate: Estate) -> None:
    with market(estate.world) as one:
        converges(one, estate.first, prune=True, guardrails=GUARDED)
        estate.by_hand(one.store)
        converges(one, estate.second, prune=True, guardrails=GUARDED)


@law(0.75)
@given(estates(vintage="v1"))
def test_the_older_api_converges_too(estate: Estate) -> None:
    with market(estate.world, vintage="v1") as one:
        converges(one, estate.first, prune=estate.prune)
        estate.by_hand(one.store)
        converges(one, estate.second, prune=estate.prune)


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_an_estate_of_every_kind_is_made_in_one_apply(vintage: Vintage) -> None:
    """The one example that is the same in every run and that can be read."""
    agreement = {"name": "Terms", "body": "Be careful."}
    form = {
        "name": "Ask",
        "fields": [{"type": "SHORT_ANSWER", "label": "Why?"}],
        "reviewFlow": {"decision": "delegate"},
        "agreements": ["terms"],
    }
    product = {
        "name": "Orders",
        "domain": {"name": "Domain 1"},
        "sources": [{"match": {"name": "*"}}],
        "requestForm": "ask",
        "reviewFlows": {"dataAccess": {"decision": "approve"}},
        "lifecycle": "suspended",
    }
    declared = (
        ("DataUseAgreement", "terms", agreement),
        ("RequestForm", "ask", form),
        ("DataProduct", "o", product),
    )
    documents = tuple(
        {"apiVersion": "dpsync/v1beta1", "kind": kind, "metadata": {"name": key}, "spec": spec}
        for kind, key, spec in declared
    )
    estate = Estate(seed=1, size=2, first=documents, second=(), hand=0, prune=True)
    with market(estate.world, vintage=vintage) as one:
        plan = converges(one, documents, prune=True)
        assert [change.wave for change in plan.changes] == [1, 2, 3]
        products = one.store.snapshot()["products"]
        assert products[plan.changes[-1].id]["suspended"]

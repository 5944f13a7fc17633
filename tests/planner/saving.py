"""A plan in which every value of the model says something, what it is made of to the last part, and the published schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import dpsync.planner
from dpsync.kinds.data_product import ReviewFlows
from dpsync.kinds.request_form import AccessDurationField, ChoiceField, ShortAnswerField
from dpsync.kinds.review_flow import (
    DEFAULT_FLOW,
    AttributeReviewer,
    CatalogPermissionReviewer,
    Delegate,
    Deny,
    DomainPermissionReviewer,
    GroupReviewer,
    PermissionReviewer,
    Review,
    Stage,
    UserReviewer,
)
from dpsync.kinds.shared import RequestForms
from dpsync.marketplace.endpoints import calls_of
from dpsync.marketplace.endpoints.data_product import LiveProduct
from dpsync.model.access import Accesses
from dpsync.model.base import Spec
from dpsync.model.change import Change, Provenance
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact, SourceImpact
from dpsync.model.part import Part
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import Group
from planner import states

SCHEMA = Path(dpsync.planner.__file__).parent / "plan.schema.json"
RULE = {"conditions": {"all": [{"fact": "user", "$": "reference", "value": [1, 2.5, None]}]}, "event": {}}


@cache
def schema() -> Draft202012Validator:
    read = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(read)
    return Draft202012Validator(read)


def against_the_schema(text: str) -> list[str]:
    """What the published schema has against a saved plan."""
    return [f"{one.json_path}: {one.message[:300]}" for one in schema().iter_errors(json.loads(text))]


def with_calls(plan: Plan, vintage: str = "v2") -> Plan:
    return replace(plan, changes=tuple(replace(one, calls=calls_of(one, vintage)) for one in plan.changes))


_PLACES = {"origins", "patches"}


def anatomy(value: Any) -> Any:
    """Everything that a value holds and `==` may pass over: what a reference is called, which fields are managed.

    Left out are where each field of a document and each of its patches stands, and what the wire knows of a live product.
    """
    if isinstance(value, Spec):
        inner = {name: anatomy(one) for name, one in value.__dict__.items()}
        return (type(value).__name__, inner, sorted(value.model_fields_set))
    if is_dataclass(value) and not isinstance(value, type):
        cls = LiveResource if isinstance(value, LiveResource) else type(value)
        found = {
            one.name: anatomy(getattr(value, one.name)) for one in fields(cls) if one.name not in _PLACES
        }
        return (cls.__name__, found | ({"place": value.origin} if isinstance(value, Resource) else {}))
    if isinstance(value, Mapping):
        return {name: anatomy(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(anatomy(one) for one in value)
    if isinstance(value, list):
        return [anatomy(one) for one in value]
    return value


def _name(value: Any) -> str:
    return "LiveResource" if isinstance(value, LiveResource) else type(value).__name__


def said_nowhere(value: Any) -> set[str]:
    """The fields of the model's values that have nothing but their default in everything below this value."""
    seen: set[str] = set()
    said: set[str] = set()

    def look(one: Any) -> None:
        if isinstance(one, Spec):
            look(tuple(one.__dict__.values()))
        elif is_dataclass(one) and not isinstance(one, type):
            for each in fields(one):
                name, inner = f"{_name(one)}.{each.name}", getattr(one, each.name)
                seen.add(name)
                if inner != each.default and inner not in (None, {}, ()):
                    said.add(name)
                look(inner)
        elif isinstance(one, tuple | list | frozenset):
            for inner in one:
                look(inner)

    look(value)
    return seen - said


def _widened(one: Change) -> Change:
    source = SourceReference(
        "match",
        "Orders",
        replace(states.ORDERS.path, prefix="s3"),
        (("name", "O*"),),
        "1",
        by_match=True,
        index=3,
    )
    finding = Finding(
        "rule", Severity.WARNING, "Mind: “this”.", "Do.", Origin("a.yaml", 3, 4, Layer.DEFAULT), one.address
    )
    gained = SourceImpact(
        source,
        people=frozenset({"u-2", "u-1"}),
        keepers=frozenset({"u-3"}),
        through=("A", "B"),
        tags=("PII", "Secret"),
        column_tags=("PII",),
        columns=("email",),
        is_new=True,
    )
    impact = Impact(
        gained=(gained,),
        lost=(SourceImpact(source, None, tags=None),),
        members=frozenset({"u-9", "u-1"}),
        ended=3,
        exceptions=2,
        pending=7,
        products=4,
        uncertain="It moves.",
        everywhere=True,
        nearby=True,
        names={"u-2": "Zoë", "u-1": "Adam"},
    )
    return replace(
        one,
        impact=impact,
        provenance=Provenance.LEFT_OVER,
        blocked=(*one.blocked, finding),
        reason="Because.",
        follows=(Address("RequestForm", "strict"),),
        after=replace(one.after, labels={"team": "sales"}) if one.after else None,
    )


def _product_before(live_id: str) -> LiveProduct:
    read = states.live_product(
        live_id,
        "Orders",
        sources=states.at(states.ITEMS),
        domain=Reference("Sales, Finance", "id", "d-sales,d-finance"),
        request_forms=RequestForms.of(
            data_access=Reference("Open", "id", "f-1"), masking_exception=Reference("Strict", "id", "f-2")
        ),
    )
    return LiveProduct(
        read.kind, read.id, read.spec, "2026-01-01", Accesses(3, None), frozenset({"fields", "sources"}), {"x": 1}
    )  # fmt: skip


def _without_sources(one: LiveResource) -> LiveResource:
    """As a product is whose sources were not read."""
    one.spec.model_fields_set.discard("sources")
    return one


def plan_with_everything() -> Plan:
    """Creates, updates, deletes, what is blocked and unresolved; of every kind, with every field and every way to refer."""
    product, form = states.product("orders"), states.form("strict")
    flow = Review.of(
        decision="review",
        stages=(
            Stage.of(
                any=(
                    UserReviewer.of(user=Reference("jane.doe@acme.example")),
                    GroupReviewer.of(group=Reference("Stewards"), iam="okta"),
                    PermissionReviewer.of(permission="AUDIT"),
                )
            ),
            Stage.of(
                all=(
                    DomainPermissionReviewer.of(
                        domain_permission="Manage Policies", domain=Reference("Finance")
                    ),
                    AttributeReviewer.of(attribute="Department", value="1"),
                    CatalogPermissionReviewer.of(catalog_permission=True),
                )
            ),
        ),
        rules=(RULE,),
    )
    on = states.live(
        _product_before(product.id),
        states.live_form(form.id, "Strict", review_flow=Delegate.of(decision="delegate")),
        states.as_live(
            states.product("gone"),
            sources=states.at(states.ORDERS, states.LEDGER),
            request_forms=RequestForms.of(data_access=Reference("Open", "id", "f-1")),
        ),
        _without_sources(states.as_live(states.product("lost"))),
        states.live_agreement("by-hand", "Terms"),
        states.live_agreement("another", "Rules"),
        catalog=replace(states.CATALOG, groups=(Group("g-1", "Stewards", "okta"),)),
    )
    pattern = SourceReference("match", "schema SALES", pattern=(("schema", "SAL*"), ("table", "*")))
    plan = states.pruning(
        states.domain("sales", "Sales"),
        states.domain("nowhere", "Nowhere"),
        states.data_source("items", database="ANALYTICS", db_schema="SALES", table="MISSING"),
        states.agreement("new-terms", body="One.\nTwo: \ud800 ü"),
        states.form(
            "strict",
            fields=(
                ChoiceField.of(type="DROPDOWN", label="Team", options=("yes", "no"), key="team"),
                ShortAnswerField.of(type="SHORT_ANSWER", label="Why?", required=False),
                AccessDurationField.of(type="ACCESS_DURATION"),
            ),
            review_flow=Deny.of(decision="deny", comment="Closed", rules=(RULE,)),
            agreements=(Reference("Terms"), Reference("Rules"), Reference("new-terms", "key")),
        ),
        states.form("delegating", review_flow=Delegate.of(decision="delegate"), agreements=()),
        states.product(
            "orders",
            name="Orders of All",
            description=None,
            subject_matter_expert=Reference("jane"),
            sources=(pattern,),
            request_forms=states.both("delegating"),
            review_flows=ReviewFlows.of(data_access=flow, masking_exception=DEFAULT_FLOW),
            lifecycle="suspended",
        ),
        states.product("lost", sources=(pattern, SourceReference("key", "items"), states.table("A.B.C"))),
        on=on,
    )
    plan = plan.with_findings([Finding("a-rule", Severity.NOTICE, "Mind the plan.")])
    changed = [_widened(one) if one.address.key == "orders" else one for one in plan.changes]
    return with_calls(
        replace(
            plan,
            changes=tuple(changed),
            kept=(states.live_agreement("kept", "Old Terms"),),
            complete=False,
            unchanged=4,
            allowed=("delete-with-members:DataProduct/gone",),
            part=Part(
                "origin/main",
                "4f" * 20,
                ("DataProduct/*",),
                ("old",),
                ("team=sales",),
                (Address("DataProduct", "orders"),),
                (Address("DataProduct", "5589b702-24d5-8c43-ad42-947049fdc05b"),),
                40,
            ),
        )
    )

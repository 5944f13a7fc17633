"""Small worlds, made by hand: everything that a test of the sandbox needs and nothing that looks like an estate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dpsync.sandbox.world import (
    Agreement,
    Column,
    Domain,
    Form,
    Group,
    Product,
    Request,
    Source,
    Tag,
    User,
    World,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LONG_AGO, FAR_AHEAD = "2020-01-01T00:00:00+02:00", "2999-01-01T00:00:00Z"

SALES, FINANCE = "4d004a3a-4568-4c1d-822e-30958ef898dc", "domain-finance"
GOVERNOR = "11111111-1111-4111-8111-111111111111"
STEWARD = "22222222-2222-4222-8222-222222222222"
CONSUMER = "33333333-3333-4333-8333-333333333333"
OTHER = "44444444-4444-4444-8444-444444444444"

STANDARD, DELEGATING, AUTOMATIC, DENYING = (
    "a0000000-0000-4000-8000-000000000001",
    "a0000000-0000-4000-8000-000000000002",
    "a0000000-0000-4000-8000-000000000003",
    "a0000000-0000-4000-8000-000000000004",
)
TERMS = "d0000000-0000-4000-8000-000000000001"
ORDERS = "c1111111111111111111orders"
LEDGER = "c1111111111111111111ledger"

REVIEW_BY_GOVERNANCE = {
    "rules": [],
    "defaultEvent": {
        "type": "review",
        "params": {"stages": [{"any": [{"type": "PERMISSION", "permission": "GOVERNANCE"}]}]},
    },
}
TWO_STAGES: dict[str, Any] = {
    "rules": [],
    "defaultEvent": {
        "type": "review",
        "params": {
            "stages": [
                {"any": [{"type": "USER", "id": STEWARD}, {"type": "GROUP", "name": "Data Stewards"}]},
                {"all": [{"type": "PERMISSION", "permission": "GOVERNANCE"}]},
            ]
        },
    },
}
DELEGATE = {"rules": [], "defaultEvent": {"type": "dataProductPolicy"}}
APPROVE = {
    "rules": [],
    "defaultEvent": {
        "type": "approve",
        "params": {"comment": "Public", "duration": 30, "durationUnit": "DAYS"},
    },
}
DENY = {"rules": [], "defaultEvent": {"type": "deny", "params": {"comment": "Closed"}}}

FIELD: dict[str, Any] = {
    "id": "f0000000-0000-4000-8000-000000000001",
    "type": "SHORT_ANSWER",
    "label": "What is it for?",
    "required": True,
}
ANSWERS = {FIELD["id"]: "To forecast the demand"}
"""What the delegating form wants to hear."""


def source(number: int, name: str, *, masked: str | None = None) -> Source:
    """A table with two columns, the second of which may be masked."""
    return Source(
        id=number,
        name=name,
        platform="Snowflake" if number % 2 else "Databricks",
        hostname="acme.example",
        database="ANALYTICS",
        schema="SALES",
        table=name.upper(),
        tags=("Sales",),
        columns=(
            Column("id", "INTEGER"),
            Column("email", "TEXT", tags=("Discovered.PII",), masking=masked),
        ),
    )


def small() -> World:
    """Two domains, six sources, four people, four forms, two products with requests."""
    return World(
        tenant="acme.example",
        caller=GOVERNOR,
        domains=(
            Domain(SALES, "Sales", "What is sold", (1, 2, 3, 4)),
            Domain(FINANCE, "Finance", "What is paid", (4, 5, 6)),
        ),
        sources=(
            source(1, "Orders", masked="Hash"),
            source(2, "Items"),
            source(3, "Returns"),
            source(4, "Customers", masked="Hash"),
            source(5, "Ledger"),
            source(6, "Invoices"),
        ),
        users=(
            User(1, GOVERNOR, "gov", "Grace Governor", "grace@acme.example", permissions=("GOVERNANCE",)),
            User(
                2,
                STEWARD,
                "stew",
                "Stan Steward",
                domains=((FINANCE, "Manage Data Products"), (SALES, "Audit Activity")),
                groups=("Data Stewards",),
                attributes=(("region", "EMEA"), ("region", "APAC")),
            ),
            User(3, CONSUMER, "cons", "Connie Consumer", "connie@acme.example"),
            User(4, OTHER, "other", "Otto Other"),
        ),
        groups=(Group(7, "Data Stewards", "okta"), Group(8, "Nobody", None)),
        tags=(Tag(1, "Sales"), Tag(2, "Discovered.PII", "discovered"), Tag(3, "Unused")),
        agreements=(Agreement(TERMS, "Terms of Use", "Be careful."),),
        forms=(
            Form(STANDARD, "Standard Request Form", (), REVIEW_BY_GOVERNANCE, built_in=True),
            Form(DELEGATING, "Delegating", (FIELD,), DELEGATE, agreements=(TERMS,)),
            Form(AUTOMATIC, "Automatic", (), APPROVE),
            Form(DENYING, "Closed", (), DENY),
        ),
        products=(
            Product(
                ORDERS,
                "Orders and Items",
                SALES,
                (1, 2),
                DELEGATING,
                description="All orders",
                expert=STEWARD,
                flow=TWO_STAGES,
                requests=(
                    Request("c11111111111111111request1", CONSUMER, "APPROVED"),
                    Request("c11111111111111111request2", OTHER, "PENDING"),
                    Request(
                        "c11111111111111111request3",
                        OTHER,
                        "APPROVED",
                        "MASKING_EXCEPTION",
                        columns=((1, "email"),),
                    ),
                ),
            ),
            Product(
                LEDGER,
                "Ledger",
                FINANCE,
                (5,),
                AUTOMATIC,
                masking_form=DENYING,
                requests=(
                    Request(
                        "c11111111111111111request4",
                        CONSUMER,
                        "APPROVED",
                        expiration=LONG_AGO,
                    ),
                    Request(
                        "c11111111111111111request5",
                        OTHER,
                        "APPROVED",
                        expiration=FAR_AHEAD,
                    ),
                ),
            ),
        ),
        tokens={"steward": STEWARD, "consumer": CONSUMER, "other": OTHER},
    )

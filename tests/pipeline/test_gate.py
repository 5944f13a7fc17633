"""Asked again just before access is taken away: what moved since the plan, and what apply does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dpsync.model.outcome import Result
from dpsync.sandbox.seed import random_world
from dpsync.sandbox.world import Domain, Form, Product, Request, Source, User, World
from laws.markets import UNGUARDED, Market, market

SALES, FORM = "d0000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000001"
PEOPLE = tuple(f"u{number:07d}-1111-4111-8111-111111111111" for number in range(2, 42))
GUARDS = {
    name: {} if name in {"source-removal", "delete-with-members"} else off for name, off in UNGUARDED.items()
}


def live_id(number: int) -> str:
    return f"cprod{number:020d}"


def world(*products: Product) -> World:
    governor = User(
        1, "11111111-1111-4111-8111-111111111111", "gov", "Gov", "gov@x.example", permissions=("GOVERNANCE",)
    )
    members = tuple(
        User(number, each, f"user{number}", f"User {number}", f"user{number}@x.example")
        for number, each in enumerate(PEOPLE, 2)
    )
    sources = tuple(Source(one, f"S{one}", "Snowflake", "h", "DB", "SC", f"T{one}") for one in (1, 2))
    policy = random_world(1, 1).forms[0].policy
    return World(
        "acme",
        governor.global_id,
        (Domain(SALES, "Sales", sources=(1, 2)),),
        sources,
        (governor, *members),
        forms=(Form(FORM, "Open", (), policy),),
        products=products,
    )


def there(number: int, *sources: int, members: int = 0, suspended: bool = False) -> Product:
    requests = tuple(
        Request(f"creq{number}_{place}", each, "APPROVED") for place, each in enumerate(PEOPLE[:members])
    )
    return Product(
        live_id(number), f"P{number}", SALES, sources, FORM, suspended=suspended, requests=requests
    )


def wanted(number: int, *sources: int) -> dict[str, Any]:
    spec = {"name": f"P{number}", "domain": {"id": SALES}, "sources": [{"id": str(one)} for one in sources]}
    metadata = {"name": f"p{number}", "id": live_id(number)}
    return {"apiVersion": "dpsync/v1beta1", "kind": "DataProduct", "metadata": metadata, "spec": spec}


def joined(one: Market, number: int, members: int) -> None:
    for each in PEOPLE[:members]:
        one.store.insert(
            "requests",
            {"id": one.store.new_cuid(), "product": live_id(number), "user": each, "requesting_user": each}
            | {
                "type": "DATA_ACCESS",
                "status": "APPROVED",
                "form_version": "",
                "form": "{}",
                "expiration": None,
            }
            | {"created_at": "", "updated_at": ""},
        )


def set_suspended(one: Market, number: int, suspended: int) -> None:
    one.store.update("products", live_id(number), {"suspended": suspended})


KEEPER = there(2, 2, members=40)
GIVER = there(2, 1, members=40)


@pytest.mark.parametrize(
    ("products", "declared", "meanwhile"),
    [
        ((there(1, 1, 2),), (wanted(1, 1),), lambda one: joined(one, 1, 40)),
        (
            (there(1, 1, 2, members=40), KEEPER),
            (wanted(1, 1), wanted(2, 2)),
            lambda one: set_suspended(one, 2, 1),
        ),
        (
            (there(1, 1, 2, members=40), KEEPER),
            (wanted(1, 1), wanted(2, 2)),
            lambda one: one.store.delete("product_sources", "product", live_id(2)),
        ),
        (
            (there(1, 1, 2, members=40), GIVER),
            (wanted(1, 1), wanted(2, 1, 2)),
            lambda one: one.store.delete("requests", "product", live_id(2)),
        ),
    ],
    ids=[
        "people joined",
        "a keeper was suspended",
        "a keeper was emptied",
        "nobody is in the giver",
    ],
)
def test_what_moved_since_the_plan_is_counted_before_a_source_is_taken_away(
    products: tuple[Product, ...], declared: tuple[dict[str, Any], ...], meanwhile: Callable[[Market], None]
) -> None:
    with market(world(*products)) as one:
        plan = one.plan([list(declared)], guardrails=GUARDS)
        assert not plan.blocked, "when it was planned, nobody lost anything"
        with one.store.transaction():
            meanwhile(one)
        before = {(user, source) for _, user, source in one.store.access_pairs()}
        left = one.apply(plan).results(Result.STALE)
        after = {(user, source) for _, user, source in one.store.access_pairs()}
    assert [str(outcome.change.address) for outcome in left] == ["DataProduct/p1"]
    assert "40 people lose DB.SC.T2" in left[0].message
    assert before <= after


def test_what_did_not_move_is_made() -> None:
    with market(world(there(1, 1, 2, members=40), KEEPER)) as one:
        plan = one.plan([[wanted(1, 1), wanted(2, 2)]], guardrails=GUARDS)
        assert one.apply(plan).bad == []

"""Users and groups on the wire: searches without a second page (FACTS 0.13), the caller (FACTS 1.2), and members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dpsync.marketplace.assumptions import GOVERNANCE, MANAGE_PRODUCTS, MILLISECONDS_FROM
from dpsync.marketplace.endpoints.data_product import COLLECTION as PRODUCTS
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import Id, Wire, listing, parsed, parsed_each
from dpsync.model.impact import Audience
from dpsync.model.state import Caller, Group, Person

CALLER = "/api/auth/user"
USERS = "/api/metadata/users"
GROUPS = "/api/metadata/groups"


class _User(Wire):
    global_user_id: Id
    username: str
    name: str = ""
    email: str | None = None


class _Group(Wire):
    id: Id
    name: str
    iam_id: str | None = None


class _Tenant(Wire):
    id: str
    fqdn: str | None = None


class _Right(Wire):
    permission: str


class _Asker(Wire):
    global_user_id: Id
    username: str = ""
    name: str = ""
    email: str | None = None


class _Member(Wire):
    user: _Asker
    type: str = "DATA_ACCESS"
    status: str = "APPROVED"


class _Caller(Wire):
    global_user_id: Id
    username: str = ""
    display_name: str = ""
    expiration: float | None = None
    tenant_info: _Tenant
    global_permissions: tuple[str, ...] | None = None
    collection_permissions: dict[str, tuple[_Right, ...]] | None = None


def users(payload: Any) -> tuple[Person, ...]:
    """The people that a search found."""
    what = "The list of users"
    found = parsed_each(_User, listing(payload, "users", what), what)
    return tuple(Person(each.global_user_id, each.username, each.name, each.email) for each in found)


def groups(payload: Any) -> tuple[Group, ...]:
    """The groups that a search found."""
    what = "The list of groups"
    found = [parsed(_Group, each, what) for each in listing(payload, "groups", what)]
    return tuple(Group(each.id, each.name, each.iam_id) for each in found)


def members_path(product_id: str) -> str:
    """Where the approved requests of a product that have not ended are read, page by page."""
    return below(PRODUCTS, product_id, "members")


def audience(entries: Iterable[Any]) -> tuple[Audience, tuple[Person, ...]]:
    """Who is in a product, and what they are called, from its approved requests of both types (FACTS 1.9, 2.6).

    A request that does not say its type gives access, which is the risky side. Who only has a masking exception is no
    member.
    """
    found = parsed_each(_Member, list(entries), "The list of a product's members")
    approved = [each for each in found if each.status == "APPROVED"]
    inside = {each.user.global_user_id: each.user for each in approved if each.type != "MASKING_EXCEPTION"}
    people = tuple(Person(one.global_user_id, one.username, one.name, one.email) for one in inside.values())
    exceptions = sum(each.type == "MASKING_EXCEPTION" for each in approved)
    return Audience(frozenset(inside), exceptions), people


def caller(payload: Any) -> Caller:
    """Whom the token acts as, and what that user may do."""
    user = parsed(_Caller, payload, "The answer about who the token belongs to")
    rights = user.collection_permissions or {}
    return Caller(
        user.global_user_id,
        user.display_name or user.username,
        user.tenant_info.fqdn or user.tenant_info.id,
        _seconds(user.expiration),
        GOVERNANCE in (user.global_permissions or ()),
        frozenset(
            domain
            for domain, granted in rights.items()
            if any(right.permission == MANAGE_PRODUCTS for right in granted)
        ),
    )


def _seconds(expiration: float | None) -> float | None:
    """The moment when the token ends, in seconds since 1970; None for one that does not."""
    if not expiration or expiration < 0:
        return None
    return expiration / 1000 if expiration >= MILLISECONDS_FROM else expiration

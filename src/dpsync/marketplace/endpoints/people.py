"""Users and groups on the wire: searches without a second page (FACTS 0.13), and the caller (FACTS 1.2)."""

from __future__ import annotations

from typing import Any

from dpsync.marketplace.assumptions import GOVERNANCE, MANAGE_PRODUCTS, MILLISECONDS_FROM
from dpsync.marketplace.wire import Id, Wire, listing, parsed, parsed_each
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

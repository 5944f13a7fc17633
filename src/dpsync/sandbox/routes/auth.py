"""Auth: who the token acts as, what that person may do where, and which tokens there are (FACTS 1.2)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from dpsync.sandbox import assumptions, identifiers, moments
from dpsync.sandbox.answers import Answer, not_authenticated, not_found
from dpsync.sandbox.calls import Call, Operation


def user(call: Call) -> Answer:
    """The person behind the token (FACTS 1.2)."""
    who = call.caller.user
    row = call.store.row("SELECT * FROM users WHERE global_id = ?", (who,))
    if row is None:
        raise not_authenticated()
    groups = call.store.rows("SELECT name FROM user_groups WHERE user = ? ORDER BY name", (who,))
    payload = {
        "displayName": row["name"],
        "username": row["username"],
        "expiration": int((call.moment + timedelta(days=assumptions.TOKEN_DAYS)).timestamp()),
        "globalUserId": who,
        "trackingId": identifiers.uuid("tracking", who),
        "tenantInfo": _tenant(call),
        "email": row["email"],
        "globalPermissions": sorted(call.caller.permissions),
        "collectionPermissions": _domain_permissions(call, row["id"]),
        "authorizations": json.loads(row["authorizations"]),
        "groups": [group["name"] for group in groups],
    }
    return Answer(200, payload)


def _tenant(call: Call) -> dict[str, str]:
    name = call.store.value("SELECT name FROM tenant")
    try:
        identity = str(UUID(name))
    except ValueError:
        identity = str(uuid5(NAMESPACE_URL, name))
    return {"id": identity, "fqdn": name, "organizationName": name, "globalSegment": "na"}


def _domain_permissions(call: Call, profile: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    made_at = call.store.value("SELECT made_at FROM tenant")
    for row in call.store.rows(
        "SELECT domain, permission FROM user_domains WHERE user = ? ORDER BY domain, permission",
        (call.caller.user,),
    ):
        permission = {
            "id": identifiers.uuid("permission", profile, row["domain"], row["permission"]),
            "createdAt": made_at,
            "collectionId": row["domain"],
            "permission": row["permission"],
            "profileId": profile,
            "groupId": None,
        }
        found.setdefault(row["domain"], []).append(permission)
    return found


def tokens(call: Call) -> Answer:
    """The caller's own tokens, without the tokens themselves."""
    rows = call.store.rows("SELECT token FROM tokens WHERE user = ? ORDER BY token", (call.caller.user,))
    return Answer(200, [_token(call, row["token"]) for row in rows])


def token(call: Call) -> Answer:
    """One of the caller's own tokens."""
    for each in tokens(call).body:
        if each["tokenId"] == call.path["id"]:
            return Answer(200, each)
    raise not_found("Personal access token", call.path["id"])


def _token(call: Call, secret: str) -> dict[str, Any]:
    return {
        "tokenId": identifiers.uuid("token", secret),
        "userId": call.caller.user,
        "tenantId": _tenant(call)["id"],
        "description": "A token of the sandbox",
        "active": True,
        "creationDate": call.store.value("SELECT made_at FROM tenant"),
        "expirationDate": moments.text(call.moment + timedelta(days=assumptions.TOKEN_DAYS)),
    }


OPERATIONS: Final = (
    Operation("GET", "/api/auth/user", user),
    Operation("GET", "/api/auth/tokens", tokens),
    Operation("GET", "/api/auth/tokens/{id}", token),
)

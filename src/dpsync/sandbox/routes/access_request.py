"""Access requests across all products: those that the caller made, manages or reviews (FACTS 1.9)."""

from __future__ import annotations

from typing import Final

from dpsync.sandbox import payloads, requesting
from dpsync.sandbox.answers import Answer, forbidden
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import MANAGE, Row

_REQUESTOR: Final = "(r.user = :caller OR r.requesting_user = :caller)"
_MANAGER: Final = f"""
(EXISTS (SELECT 1 FROM user_permissions g WHERE g.user = :caller AND g.permission = 'GOVERNANCE')
 OR EXISTS (SELECT 1 FROM product_domains d JOIN user_domains m ON m.domain = d.domain
            WHERE d.product = r.product AND m.user = :caller AND m.permission = '{MANAGE}'))
"""  # noqa: S608
_STEWARD: Final = """
EXISTS (SELECT 1 FROM approval_records a, json_each(a.approvers) e WHERE a.request = r.id
        AND json_extract(e.value, '$.type') = 'USER' AND json_extract(e.value, '$.id') = :caller)
"""
_ROLES: Final = {"requestor": _REQUESTOR, "manager": _MANAGER, "steward": _STEWARD}


def search(call: Call) -> Answer:
    """The requests in which the caller has one of the roles asked for, or any."""
    found = requesting.conditions(call)
    requesting.without_temporary(call, found)
    roles = call.query.many("role", tuple(_ROLES)) or tuple(_ROLES)
    found.add(f"({' OR '.join(_ROLES[role] for role in roles)})")
    return Answer(200, requesting.page(call, found))


def get(call: Call) -> Answer:
    """One request."""
    return Answer(200, payloads.requests(call.store, [_visible(call)])[0])


def cancel(call: Call) -> Answer:
    """A pending request less, with its open records."""
    row = _visible(call)
    requesting.end(call, row, expected="PENDING", becomes="CANCELED")
    return Answer(204)


def records(call: Call) -> Answer:
    """The approval records of a request, stage by stage."""
    rows = call.store.rows(
        "SELECT * FROM approval_records WHERE request = ? ORDER BY position", (_visible(call)["id"],)
    )
    return Answer(200, {"approvalRecords": payloads.approval_records(call.store, rows)})


def _visible(call: Call) -> Row:
    row = requesting.one(call, call.path["id"])
    allowed = call.store.row(
        f"SELECT 1 FROM requests r WHERE r.id = :id AND ({' OR '.join(_ROLES.values())})",  # noqa: S608
        {"id": row["id"], "caller": call.caller.user},
    )
    if allowed is None:
        raise forbidden("see this access request")
    return row


OPERATIONS: Final = (
    Operation("GET", "/api/access-request", search),
    Operation("GET", "/api/access-request/{id}/records", records),
    Operation("GET", "/api/access-request/{id}", get),
    Operation("DELETE", "/api/access-request/{id}", cancel),
)

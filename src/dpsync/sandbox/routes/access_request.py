"""Access requests across all products: those that the caller made, manages or reviews (FACTS 1.9)."""

from __future__ import annotations

from typing import Final

from dpsync.sandbox import payloads, requesting, review
from dpsync.sandbox.answers import Answer, forbidden, invalid
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import MANAGE, Row

_REQUESTOR: Final = "(r.user = :caller OR r.requesting_user = :caller)"
_MANAGER: Final = f"""
(EXISTS (SELECT 1 FROM user_permissions g WHERE g.user = :caller AND g.permission = 'GOVERNANCE')
 OR EXISTS (SELECT 1 FROM product_domains d JOIN user_domains m ON m.domain = d.domain
            WHERE d.product = r.product AND m.user = :caller AND m.permission = '{MANAGE}'))
"""  # noqa: S608
_ROLES: Final = {"requestor": _REQUESTOR, "manager": _MANAGER, "steward": review.STEWARD}


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
    """A pending request less, with its open records; only for those who made it or for whom it was made."""
    row = _visible(call)
    if not requesting.has_role(call, row["id"], [_REQUESTOR]):
        raise forbidden("cancel somebody else's access request")
    requesting.end(call, row, expected="PENDING", becomes="CANCELED")
    return Answer(204)


def records(call: Call) -> Answer:
    """The approval records of a request, stage by stage."""
    rows = call.store.rows(
        "SELECT * FROM approval_records WHERE request = ? ORDER BY position, rowid", (_visible(call)["id"],)
    )
    return Answer(200, {"approvalRecords": payloads.approval_records(call.store, rows)})


def masking_exception_columns(call: Call) -> Answer:
    """The columns that a request for a masking exception is about, as everybody else sees them."""
    window = call.query.window
    found = {"request": _visible(call)["id"], "limit": window.limit, "offset": window.offset}
    joined = """
        FROM request_columns q JOIN columns c ON c.source = q.source AND c.name = q."column"
        WHERE q.request = :request
    """
    total = call.store.value(f"SELECT count(*) {joined}", found)
    rows = call.store.rows(
        f"""
        SELECT c.*, (SELECT name FROM sources WHERE id = c.source) AS source_name {joined}
        ORDER BY c.name, c.source LIMIT :limit OFFSET :offset
        """,  # noqa: S608
        found,
    )
    return Answer(200, {"data": payloads.columns(call.store, rows), "meta": window.meta(total, len(rows))})


def approved_masking_exception_columns(call: Call) -> Answer:
    """The columns that a person sees as they are because an exception was approved, in all products."""
    user = call.query.text("userId")
    if not user:
        raise invalid(["userId: is required"])
    if user != call.caller.user and not call.caller.manages_somewhere:
        raise forbidden("see the masking exceptions of somebody else")
    rows = call.store.rows(
        f"SELECT c.source, c.name FROM columns c WHERE {payloads.UNMASKED} ORDER BY c.source, c.name",  # noqa: S608
        {"now": call.now, "caller": user},
    )
    return Answer(200, [{"columnName": row["name"], "sourceId": str(row["source"])} for row in rows])


def _visible(call: Call) -> Row:
    row = requesting.one(call, call.path["id"])
    if not requesting.has_role(call, row["id"], _ROLES.values()):
        raise forbidden("see this access request")
    return row


OPERATIONS: Final = (
    Operation("GET", "/api/access-request", search),
    Operation(
        "GET", "/api/access-request/approved-masking-exception-columns", approved_masking_exception_columns
    ),
    Operation("GET", "/api/access-request/{id}/records", records),
    Operation("GET", "/api/access-request/{id}/masking-exception-columns", masking_exception_columns),
    Operation("GET", "/api/access-request/{id}", get),
    Operation("DELETE", "/api/access-request/{id}", cancel),
)

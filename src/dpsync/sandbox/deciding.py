"""Deciding: what people do with approval records, and what that makes of the request.

A room of its own because nothing else in the sandbox is decided by several people one after the other (FACTS 2.4,
2.6). Which records there are is written when a request is made; which of them the caller may decide is a question for
`review`. Must never make a record.
"""

from __future__ import annotations

import json
from datetime import datetime

from dpsync.sandbox import assumptions, bodies, moments, requesting, review
from dpsync.sandbox.answers import Refusal, forbidden, not_found
from dpsync.sandbox.calls import Call
from dpsync.sandbox.store import Row, dump

KIND = "Approval record"


def decide(call: Call, body: bodies.Decision) -> Row:
    """Approve or deny the record of the call's path, and the request with it if that settles it; the record after it.

    Only a person who fulfils one of the record's approvers may; governing is not enough (FACTS 1.3).
    """
    record = _row(call)
    met = review.criteria(call.store, record["id"], call.caller.user)
    if not met:
        raise forbidden("decide about this approval record: you are none of its approvers")
    if body.status not in {"APPROVED", "DENIED"}:
        raise Refusal(
            assumptions.NOT_A_DECISION,
            f"An approval record can be APPROVED or DENIED by its approvers, not {body.status}.",
        )
    if record["status"] != "PENDING":
        raise Refusal(
            assumptions.NOT_DECIDABLE,
            f"The approval record is {record['status']}; only one that is PENDING can be decided.",
        )
    lasting = body.lasting if body.status == "APPROVED" else {}
    decided = {"status": body.status, "reason": body.reason, "action_by": call.caller.user}
    call.store.update(
        "approval_records",
        record["id"],
        {**decided, **lasting, "criteria": dump(met), "updated_at": call.now},
    )
    _settle(call, record["request"])
    return _row(call)


def _row(call: Call) -> Row:
    row = call.store.row("SELECT * FROM approval_records WHERE id = ?", (call.path["id"],))
    if row is None:
        raise not_found(KIND, call.path["id"])
    return row


def _settle(call: Call, request: str) -> None:
    """Make of the request what its records say: denied by one, approved by all, or still waiting."""
    records = call.store.rows("SELECT * FROM approval_records WHERE request = ?", (request,))
    approved = {record["id"] for record in records if record["status"] == "APPROVED"}
    if any(record["status"] == "DENIED" for record in records):
        requesting.settle(call, request, status="DENIED")
    elif len(approved) == len(records):
        requesting.settle(call, request, status="APPROVED", expiration=_expiration(call, records))
    else:
        for record in records:
            if record["status"] == "BLOCKED" and approved.issuperset(json.loads(record["prerequisites"])):
                changed = {"status": "PENDING", "updated_at": call.now}
                call.store.update("approval_records", record["id"], changed)


def _expiration(call: Call, records: list[Row]) -> str | None:
    """When the access ends: the shortest duration that an approver gave, from now (see `assumptions.EFFECTS`)."""
    ends: list[datetime] = [
        moments.later(call.moment, record["duration"], record["duration_unit"])
        for record in records
        if record["duration"] is not None
    ]
    return moments.text(min(ends)) if ends else None

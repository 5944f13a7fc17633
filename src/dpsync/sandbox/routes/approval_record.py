"""Approval records: what a reviewer is asked, one stage of one request, and the answer to it (FACTS 2.4, 2.6)."""

from __future__ import annotations

from typing import Final

from dpsync.sandbox import bodies, deciding, payloads
from dpsync.sandbox.answers import Answer
from dpsync.sandbox.calls import Call, Operation


def update(call: Call) -> Answer:
    """A decided record; the request is decided with it when nothing else is waited for."""
    body = bodies.parse(bodies.Decision, call.body)
    return Answer(200, payloads.approval_records(call.store, [deciding.decide(call, body)])[0])


OPERATIONS: Final = (Operation("PUT", "/api/approval-record/{id}", update),)

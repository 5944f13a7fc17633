"""With whom a request is, read off its approval records."""

from __future__ import annotations

from typing import Any

from dpsync.marketplace.models.access_requests import ApprovalRecord
from dpsync.marketplace.waiting import waiting


def record(
    identity: str, *approvers: dict[str, Any], after: tuple[str, ...] = (), status: str = "PENDING"
) -> ApprovalRecord:
    at = "2026-01-05T09:00:00Z"
    payload = {"id": identity, "dataAccessRequestId": "r", "createdAt": at, "updatedAt": at, "status": status}
    return ApprovalRecord.model_validate({**payload, "approvers": approvers, "prerequisites": after})


STEWARDS = {"type": "GROUP", "name": "Stewards"}
GOVERNANCE = {"type": "PERMISSION", "permission": "GOVERNANCE"}
JANE = {"type": "USER", "id": "u", "displayName": "Jane Doe"}


def test_any_of_a_stage_is_or_all_of_a_stage_is_and_stages_follow_each_other() -> None:
    records = (
        record("c", JANE, after=("a", "b"), status="BLOCKED"),
        record("a", STEWARDS, GOVERNANCE),
        record("b", {"type": "ATTRIBUTE", "key": "Department", "value": "HR"}),
    )
    assert waiting(records) == "group Stewards or GOVERNANCE and Department = HR, then Jane Doe"


def test_what_is_decided_is_waited_for_no_more() -> None:
    records = (record("a", STEWARDS, status="APPROVED"), record("b", JANE, after=("a",)))
    assert waiting(records) == "Jane Doe"
    assert waiting((record("a", STEWARDS, status="DENIED"),)) == ""


def test_a_type_of_reviewer_that_is_new_is_called_by_what_it_has() -> None:
    assert waiting((record("a", {"type": "ROBOT"}),)) == "robot"
    assert waiting((record("a"),)) == "nobody"

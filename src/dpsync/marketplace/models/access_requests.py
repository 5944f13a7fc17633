"""Access requests, the decisions about them, and the columns that masking exceptions are about (FACTS 2.6)."""

from __future__ import annotations

from typing import Any, Literal

from dpsync.marketplace.models.base import Answer, Body, Json, Moment, Number
from dpsync.marketplace.models.people import Person
from dpsync.marketplace.models.review import Reviewer
from dpsync.marketplace.wire import Id

DurationUnit = Literal["HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"]


class RequestedProduct(Answer):
    """The product that a request is for."""

    id: Id
    name: str = ""
    description: str | None = None


class AccessRequest(Answer):
    """A request of `requesting_user` for the access of `user`; approved, it is a membership.

    `status` is APPROVED, CANCELED, DENIED, EXPIRED, PENDING or REVOKED; `type` is DATA_ACCESS or MASKING_EXCEPTION.
    `expiration` is when approved access ends, None if it does not. `form` holds the answers that were given.
    """

    id: Id
    user: Person
    requesting_user: Person | None = None
    type: str = "DATA_ACCESS"
    status: str
    form_version: Id | None = None
    form: Json = None
    metadata: Json = None
    expiration: Moment | None = None
    created_at: Moment
    updated_at: Moment
    data_product: RequestedProduct | None = None
    asset: Json = None


class Determination(Answer):
    """A decision that somebody took about a request. `action_by` is who took it."""

    id: Id
    user: Person
    requesting_user: Person | None = None
    action_by: Person | None = None
    status: str
    reason: str | None = None
    created_at: Moment
    updated_at: Moment
    expiration: Moment | None = None


class ApprovalRecord(Answer):
    """One stage of the review of a request: whom it waits for, or what was decided.

    `status` is PENDING, BLOCKED (until its `prerequisites`, ids of records, are approved), APPROVED, DENIED or CANCELED.
    `approvers` may decide; `approver_criteria_met` are those of them as whom `action_by` did. `duration` is in
    `duration_unit`s (HOURS, DAYS, WEEKS, MONTHS, YEARS).
    """

    id: Id
    data_access_request_id: Id
    approvers: tuple[Reviewer, ...] = ()
    prerequisites: tuple[Id, ...] = ()
    action_by: Person | None = None
    status: str
    reason: str | None = None
    created_at: Moment
    updated_at: Moment
    approver_criteria_met: tuple[Reviewer, ...] | None = None
    duration: Number | None = None
    duration_unit: str | None = None


class MaskedColumn(Answer):
    """A column that a masking exception is approved for."""

    column_name: str
    source_id: Id


class ColumnReference(Body):
    """A column that a masking exception is asked for: the id of its source as text, and its name."""

    source_id: str
    column_name: str


class CreateAccessRequest(Body):
    """A request for access of `user`, with the answers to the form."""

    user: str
    form: Any = None


class CreateMaskingExceptionRequest(CreateAccessRequest):
    """A request that `user` sees these columns as they are."""

    columns: tuple[ColumnReference, ...]


class UpdateApprovalRecord(Body):
    """A decision: APPROVED, for `duration` `duration_unit`s or for good, or DENIED; with a `reason`."""

    status: Literal["APPROVED", "BLOCKED", "CANCELED", "DENIED", "PENDING"]
    reason: str | None = None
    duration: int | None = None
    duration_unit: DurationUnit | None = None

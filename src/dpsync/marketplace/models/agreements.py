"""Data use agreements: what is acknowledged with a form (FACTS 2.5)."""

from __future__ import annotations

from dpsync.marketplace.models.base import Answer, Body, Moment
from dpsync.marketplace.models.people import Author
from dpsync.marketplace.wire import Id


class DataUseAgreement(Answer):
    """An agreement and its text."""

    id: Id
    name: str
    body: str = ""
    created_by: Author | None = None
    created_at: Moment | None = None
    updated_by: Author | None = None
    updated_at: Moment | None = None


class AssociatedRequestForm(Answer):
    """A form that an agreement is attached to."""

    id: Id
    name: str = ""


class CreateDataUseAgreement(Body):
    """A new agreement. For `id` see `CreateDataProduct`."""

    name: str
    body: str
    id: str | None = None


class UpdateDataUseAgreement(Body):
    """What changes of an agreement; what is not given stays."""

    name: str | None = None
    body: str | None = None

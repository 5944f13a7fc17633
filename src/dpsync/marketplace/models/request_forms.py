"""Request forms: what a person who asks for access is asked (FACTS 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dpsync.marketplace.assumptions import BOTH_REQUEST_TYPES_UNLESS_SAID
from dpsync.marketplace.models.base import Answer, Body, Moment
from dpsync.marketplace.models.people import Author
from dpsync.marketplace.models.review import Policy
from dpsync.marketplace.wire import Id


class FieldOption(Answer):
    """One of the values that may be chosen."""

    value: str


class FormField(Answer):
    """A question. `type` is DROPDOWN, CHECKBOXES (both have `options`), SHORT_ANSWER or ACCESS_DURATION."""

    id: Id
    type: str
    label: str
    required: bool = True
    options: tuple[FieldOption, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that may be chosen."""
        return tuple(option.value for option in self.options)


class AttachedAgreement(Answer):
    """An agreement that must be acknowledged with the form."""

    id: Id
    name: str
    body: str = ""


class RequestForm(Answer):
    """A form. Every update makes a new `version`; requests keep the one that they were made with.

    `associated_domains` are ids of domains in which it is used; only `search_request_forms` tells them.
    """

    id: Id
    name: str
    fields: tuple[FormField, ...] = ()
    policy: Policy
    data_use_agreements: tuple[AttachedAgreement, ...] = ()
    associated_domains: tuple[Id, ...] | None = None
    version: Id | None = None
    created_by: Author | None = None
    created_at: Moment | None = None
    updated_by: Author | None = None
    updated_at: Moment | None = None


class LinkedDataProduct(Answer):
    """A product that uses a form, and for which types of requests."""

    id: Id
    name: str = ""
    request_types: tuple[str, ...] = BOTH_REQUEST_TYPES_UNLESS_SAID


class LinkedAsset(Answer):
    """An asset that uses a form: a product, or an object of a catalog."""

    id: Id
    name: str = ""
    type: str
    request_type: str | None = None


class FormFieldOption(Body):
    """One of the values that may be chosen."""

    value: str


class FormFieldBody(Body):
    """A question in a body. `id` is a UUID of one's own; a question that keeps its id stays the same question."""

    id: str
    type: Literal["DROPDOWN", "CHECKBOXES", "SHORT_ANSWER", "ACCESS_DURATION"]
    label: str
    required: bool
    options: tuple[FormFieldOption, ...] | None = None


class CreateRequestForm(Body):
    """A new form. `policy` is its review flow as the API writes it (FACTS 2.4). For `id` see `CreateDataProduct`."""

    name: str
    fields: tuple[FormFieldBody, ...]
    policy: Mapping[str, Any]
    id: str | None = None
    data_use_agreement_ids: tuple[str, ...] | None = None


class UpdateRequestForm(Body):
    """What changes of a form, for new requests only; what is not given stays."""

    name: str | None = None
    fields: tuple[FormFieldBody, ...] | None = None
    policy: Mapping[str, Any] | None = None
    data_use_agreement_ids: tuple[str, ...] | None = None

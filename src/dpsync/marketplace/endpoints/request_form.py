"""Request forms on the wire (FACTS 2.3); the review flow is called `policy` there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dpsync.kinds.request_form import (
    REQUEST_FORM,
    AccessDurationField,
    ChoiceField,
    RequestFormSpec,
    ShortAnswerField,
)
from dpsync.marketplace.assumptions import BOTH_REQUEST_TYPES_UNLESS_SAID
from dpsync.marketplace.endpoints import review_flow
from dpsync.marketplace.endpoints.calls import changed_fields, desired, one_object_calls
from dpsync.marketplace.endpoints.endpoint import Endpoint, Parts
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import Wire, listing, named, parsed, parsed_each, unreadable
from dpsync.model.base import Spec
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.reference import Reference
from dpsync.model.resource import LiveResource

COLLECTION = "/api/request-form"


class _Option(Wire):
    value: str


class _Question(Wire):
    id: str
    type: str
    label: str
    required: bool = True
    options: tuple[_Option, ...] = ()


class _Agreement(Wire):
    id: str
    name: str


class _Form(Wire):
    id: str
    name: str
    fields: tuple[_Question, ...]
    policy: Any
    data_use_agreements: tuple[_Agreement, ...] | None = None
    updated_at: str | None = None


class _Linked(Wire):
    id: str
    request_types: tuple[str, ...] = BOTH_REQUEST_TYPES_UNLESS_SAID


def read(payload: Any, parts: Parts) -> LiveResource:
    """A live form from its payload."""
    what = named(payload, REQUEST_FORM.noun)
    form = parsed(_Form, payload, what)
    agreements = sorted(form.data_use_agreements or (), key=lambda agreement: agreement.id)
    return LiveResource(
        REQUEST_FORM.name,
        form.id,
        RequestFormSpec.of(
            name=form.name,
            fields=tuple(_read_field(question, what) for question in form.fields),
            review_flow=review_flow.read(form.policy, parts.domains, what),
            agreements=tuple(Reference(each.name, "id", each.id) for each in agreements),
            lifecycle="active",
        ),
        form.updated_at or "",
        parts=frozenset({"fields"}),
    )


def linked_path(live_id: str) -> str:
    """Where the products that use a form are read."""
    return below(COLLECTION, live_id, "data-products")


def linked(payload: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The products that use a form: their ids, each with its request types."""
    what = "The list of products that use a form"
    found = parsed_each(_Linked, listing(payload, "data", what), what)
    return tuple((product.id, product.request_types) for product in found)


def calls(change: Change, _now: LiveResource | None, _vintage: str) -> tuple[Call, ...]:
    """The one call that makes the change."""
    return one_object_calls(change, COLLECTION, _created, _updated)


def _created(change: Change) -> dict[str, Any]:
    spec = desired(change, RequestFormSpec)
    agreements = _WRITTEN["agreements"](spec) if spec.manages("agreements") else {}
    return {"id": change.id} | _needed(spec) | agreements


def _needed(spec: RequestFormSpec) -> dict[str, Any]:
    return _WRITTEN["name"](spec) | _WRITTEN["fields"](spec) | _WRITTEN["reviewFlow"](spec)


def _updated(change: Change) -> dict[str, Any]:
    spec = desired(change, RequestFormSpec)
    body: dict[str, Any] = {}
    for name in changed_fields(change):
        if name in _WRITTEN:
            body |= _WRITTEN[name](spec)
    return body


_WRITTEN: Mapping[str, Callable[[RequestFormSpec], dict[str, Any]]] = {
    "name": lambda spec: {"name": spec.name},
    "fields": lambda spec: {"fields": [_written_field(field) for field in spec.fields]},
    "reviewFlow": lambda spec: {"policy": review_flow.written(spec.review_flow)},
    "agreements": lambda spec: {
        "dataUseAgreementIds": sorted(str(reference.id) for reference in spec.agreements)
    },
}
"""What is sent for a field, by its manifest name."""


def _read_field(question: _Question, what: str) -> Spec:
    made = _FIELDS.get(question.type)
    if made is None:
        raise unreadable(what, f"it has a field of the type {question.type!r}")
    values: dict[str, Any] = {
        "id": question.id,
        "type": question.type,
        "label": question.label,
        "required": question.required,
    }
    if made is ChoiceField:
        values["options"] = tuple(option.value for option in question.options)
    return made.of(**values)


_FIELDS: Mapping[str, type[Spec]] = {
    "DROPDOWN": ChoiceField,
    "CHECKBOXES": ChoiceField,
    "SHORT_ANSWER": ShortAnswerField,
    "ACCESS_DURATION": AccessDurationField,
}


def _written_field(field: ChoiceField | ShortAnswerField | AccessDurationField) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": field.id,
        "type": field.type,
        "label": field.label,
        "required": field.required,
    }
    if isinstance(field, ChoiceField):
        body["options"] = [{"value": option} for option in field.options]
    return body


ENDPOINT = Endpoint(REQUEST_FORM, COLLECTION, read, calls)

"""Data use agreements on the wire (FACTS 2.5)."""

from __future__ import annotations

from typing import Any

from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT, DataUseAgreementSpec
from dpsync.marketplace.endpoints.calls import changed_fields, desired, one_object_calls
from dpsync.marketplace.endpoints.endpoint import Endpoint, Parts
from dpsync.marketplace.wire import Wire, named, parsed
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.resource import LiveResource

COLLECTION = "/api/data-use-agreement"


class _Agreement(Wire):
    id: str
    name: str
    body: str
    updated_at: str | None = None


def read(payload: Any, _parts: Parts) -> LiveResource:
    """A live agreement from its payload."""
    agreement = parsed(_Agreement, payload, named(payload, DATA_USE_AGREEMENT.noun))
    return LiveResource(
        DATA_USE_AGREEMENT.name,
        agreement.id,
        DataUseAgreementSpec.of(name=agreement.name, body=agreement.body, lifecycle="active"),
        agreement.updated_at or "",
        parts=frozenset({"fields"}),
    )


def calls(change: Change, _now: LiveResource | None, _vintage: str) -> tuple[Call, ...]:
    """The one call that makes the change."""
    return one_object_calls(change, COLLECTION, _created, _updated)


def _created(change: Change) -> dict[str, Any]:
    spec = desired(change, DataUseAgreementSpec)
    return {"id": change.id, "name": spec.name, "body": spec.body}


def _updated(change: Change) -> dict[str, Any]:
    spec = desired(change, DataUseAgreementSpec)
    written = {"name": spec.name, "body": spec.body}
    return {name: written[name] for name in changed_fields(change) if name in written}


ENDPOINT = Endpoint(DATA_USE_AGREEMENT, COLLECTION, read, calls)

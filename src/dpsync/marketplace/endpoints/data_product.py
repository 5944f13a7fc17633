"""Data products on the wire (FACTS 1.8 to 1.10, 2.1).

A product is read in up to three parts: its payload, its sources, its forms (FACTS 0.8). It is written by up to three
calls, because sources have an operation of their own (FACTS 0.7) and a create knows no `suspended`; what restricts comes
before what grants, so that an interruption anywhere leaves nobody with access that nobody wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from pydantic import Field

from dpsync.kinds.data_product import DATA_PRODUCT, DataProductSpec, ReviewFlows
from dpsync.kinds.review_flow import DEFAULT_FLOW
from dpsync.kinds.shared import V1, V2, RequestForms
from dpsync.marketplace import assumptions
from dpsync.marketplace.endpoints import review_flow
from dpsync.marketplace.endpoints.calls import changed_fields, deleted, desired
from dpsync.marketplace.endpoints.endpoint import Endpoint, FormPair, Parts
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import Id, Wire, listing, named, parsed, parsed_each, unreadable
from dpsync.model.access import Accesses
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource

COLLECTION = "/api/data-product"

FIELDS, SOURCES, FORMS = "fields", "sources", "forms"
"""The parts of a product."""


@dataclass(frozen=True, slots=True)
class LiveProduct(LiveResource):
    """A live product, with its `metadata` as it came, into which an update is merged."""

    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


class _Expert(Wire):
    id: str
    username: str | None = None
    name: str | None = None


class _Stats(Wire):
    approved_request_count: int | None = None
    pending_request_count: int | None = None


class _Product(Wire):
    id: str
    name: str
    description: str | None = None
    domains: Annotated[tuple[str, ...], Field(min_length=1)]
    suspended: bool
    updated_at: str | None = None
    stats: _Stats | None = None
    metadata: dict[str, Any] | None = None
    data_access_policy: Any = None
    masking_exception_policy: Any = None


class _Source(Wire):
    source_id: Id


class _ProductForm(Wire):
    id: str
    name: str
    request_type: str | None = None


# -- reading ---------------------------------------------------------------------------------------------------------


def read(payload: Any, parts: Parts) -> LiveProduct:
    """A live product from its payload and what else was read of it.

    Fields whose part was not read are not managed: sources are then empty, forms None, and `parts` says so.
    """
    what = named(payload, DATA_PRODUCT.noun)
    product = parsed(_Product, payload, what)
    stats = product.stats or _Stats()
    given: dict[str, Any] = {
        "name": product.name,
        "description": product.description,
        "domain": _domain(product.domains, parts.domains),
        "subject_matter_expert": _expert(product.metadata, what),
        "sources": tuple(SourceReference("id", each, id=each) for each in parts.sources or ()),
        "review_flows": _read_flows(product, parts.domains, what),
        "lifecycle": "suspended" if product.suspended else "active",
    }
    known = {FIELDS}
    if parts.forms is not None:
        known.add(FORMS)
        given["request_forms"] = _pair(parts.forms)
    spec = DataProductSpec.of(**given)
    if parts.sources is not None:
        known.add(SOURCES)
    else:
        spec.model_fields_set.discard("sources")
    return LiveProduct(
        DATA_PRODUCT.name,
        product.id,
        spec,
        product.updated_at or "",
        Accesses(stats.approved_request_count, stats.pending_request_count),
        frozenset(known),
        product.metadata or {},
    )


def sources_path(live_id: str) -> str:
    """Where the ids of a product's sources are read."""
    return below(COLLECTION, live_id, "datasources", "all")


def named_sources_path(live_id: str) -> str:
    """Where a product's sources are read with what they are called, page by page."""
    return below(COLLECTION, live_id, "datasources")


def sources(payload: Any) -> tuple[str, ...]:
    """The ids of a product's sources, in order."""
    what = "The list of a product's sources"
    found = parsed_each(_Source, listing(payload, "dataSources", what), what)
    return in_order({each.source_id for each in found})


def forms_path(live_id: str) -> str:
    """Where a product's forms are read."""
    return below(COLLECTION, live_id, "request-forms")


def forms(payload: Any) -> FormPair:
    """A product's form of each request type."""
    what = "The list of a product's forms"
    found: dict[str, Reference] = {}
    for entry in listing(payload, "data", what):
        form = parsed(_ProductForm, entry, what)
        types = (form.request_type,) if form.request_type else assumptions.BOTH_REQUEST_TYPES_UNLESS_SAID
        for request_type in types:
            if found.get(request_type, Reference(form.name, "id", form.id)).id != form.id:
                raise unreadable(what, f"it has two forms for {request_type}")
            found[request_type] = Reference(form.name, "id", form.id)
    return pair(found)


def pair(by_request_type: Mapping[str, Reference]) -> FormPair:
    """A pair of forms from the forms by the wire's names of request types."""
    return FormPair(by_request_type.get("DATA_ACCESS"), by_request_type.get("MASKING_EXCEPTION"))


def in_order(source_ids: Iterable[str]) -> tuple[str, ...]:
    """Ids of sources by number, which is how people count."""
    return tuple(sorted(source_ids, key=lambda text: (len(text), text)))


def _read_flows(product: _Product, domains: Mapping[str, str], what: str) -> ReviewFlows:
    access = review_flow.read_or_default(product.data_access_policy, domains, what)
    masking = review_flow.read_or_default(product.masking_exception_policy, domains, what)
    if access is masking is DEFAULT_FLOW:
        return _DEFAULT_FLOWS
    return ReviewFlows.of(data_access=access, masking_exception=masking)


_DEFAULT_FLOWS = ReviewFlows.of(data_access=DEFAULT_FLOW, masking_exception=DEFAULT_FLOW)
"""The flows of most products: one value for all."""


def _domain(ids: tuple[str, ...], names: Mapping[str, str]) -> Reference:
    """The product's domain. One with several is known by all their ids, and so never equal to one with a single one."""
    return Reference(", ".join(names.get(each, each) for each in ids), "id", ",".join(ids))


def _expert(metadata: Mapping[str, Any] | None, what: str) -> Reference | None:
    payload = (metadata or {}).get("subjectMatterExpert")
    if payload is None:
        return None
    expert = parsed(_Expert, payload, what)
    return Reference(expert.username or expert.name or expert.id, "id", expert.id)


def _pair(found: FormPair) -> RequestForms | None:
    if found.data_access is None and found.masking_exception is None:
        return None
    return RequestForms.of(data_access=found.data_access, masking_exception=found.masking_exception)


# -- writing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Vintage:
    """How a vintage names what the other names otherwise (FACTS 1.8)."""

    forms: Callable[[RequestForms], dict[str, Any]]
    data_access_flow: str
    masking_exception_flow: str


_VINTAGES: Mapping[str, _Vintage] = {
    V1: _Vintage(
        lambda forms: _ids(requestFormId=forms.data_access), "dataAccessPolicy", "maskingExceptionPolicy"
    ),
    V2: _Vintage(
        lambda forms: _ids(
            dataAccessRequestFormId=forms.data_access, maskingExceptionRequestFormId=forms.masking_exception
        ),
        "dataAccessReviewFlow",
        "maskingExceptionReviewFlow",
    ),
}


def calls(change: Change, now: LiveResource | None, vintage: str) -> tuple[Call, ...]:
    """The calls that make the change, what restricts before what grants."""
    if change.action is Action.DELETE:
        return (deleted(change, COLLECTION),)
    if change.action is Action.CREATE:
        return _creating(change, _VINTAGES[vintage])
    return _updating(change, now or change.before, _VINTAGES[vintage])


def _creating(change: Change, vintage: _Vintage) -> tuple[Call, ...]:
    spec = desired(change, DataProductSpec)
    suspended = spec.lifecycle == "suspended"
    body = {
        "id": change.id,
        **_written(spec, ("name", "description", "subjectMatterExpert", "domain"), {}, vintage),
        "dataSources": [] if suspended else _written_sources(spec),
        **_written(spec, ("requestForms", "reviewFlows"), {}, vintage),
    }
    post = Call(Action.CREATE, "POST", COLLECTION, body)
    if not suspended:
        return (post,)
    rest = _written(spec, tuple(_WRITTEN), {}, vintage) if assumptions.SEND_WHOLE_OBJECT else {}
    suspend = _put(change, {**rest, "suspended": True})
    return (post, suspend, _replace(change, spec)) if spec.sources else (post, suspend)


def _updating(change: Change, now: LiveResource | None, vintage: _Vintage) -> tuple[Call, ...]:
    spec = desired(change, DataProductSpec)
    changed = changed_fields(change)
    replaces = Action.REPLACE_SOURCES in change.actions
    resumes = "lifecycle" in changed and spec.lifecycle == "active"
    last = ("lifecycle",) if replaces and resumes else ()
    made = []
    if body := _body(spec, tuple(name for name in changed if name not in last), now, vintage):
        made.append(_put(change, body))
    if replaces:
        made.append(_replace(change, spec))
    if last:
        made.append(
            _put(change, _body(spec, changed if assumptions.SEND_WHOLE_OBJECT else last, now, vintage))
        )
    return tuple(made)


def _body(
    spec: DataProductSpec, names: tuple[str, ...], now: LiveResource | None, vintage: _Vintage
) -> dict[str, Any]:
    """What is sent for these fields, where the server needs it within everything else that is known of the product."""
    metadata = now.metadata if isinstance(now, LiveProduct) else {}
    body = _written(spec, names, metadata, vintage)
    if not body or not assumptions.SEND_WHOLE_OBJECT or now is None:
        return body
    return {**_written(cast("DataProductSpec", now.spec), tuple(_WRITTEN), metadata, vintage), **body}


def _put(change: Change, body: dict[str, Any]) -> Call:
    return Call(Action.UPDATE, "PUT", below(COLLECTION, change.id), body)


def _replace(change: Change, spec: DataProductSpec) -> Call:
    path = below(COLLECTION, change.id, "datasources")
    return Call(Action.REPLACE_SOURCES, "PUT", path, {"dataSources": _written_sources(spec)})


def _written_sources(spec: DataProductSpec) -> list[dict[str, str]]:
    return [{"sourceId": each} for each in in_order({str(source.id) for source in spec.sources})]


def _written(
    spec: DataProductSpec, names: Iterable[str], metadata: Mapping[str, Any], vintage: _Vintage
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name in names:
        if name in _WRITTEN:
            body |= _WRITTEN[name](spec, metadata, vintage)
    return body


def _metadata(spec: DataProductSpec, metadata: Mapping[str, Any], _vintage: _Vintage) -> dict[str, Any]:
    """`metadata` with the expert put into what was read; null where nothing is left (FACTS 1.10)."""
    rest = {name: value for name, value in metadata.items() if name != "subjectMatterExpert"}
    if spec.subject_matter_expert is not None:
        rest["subjectMatterExpert"] = {"id": spec.subject_matter_expert.id}
    return {"metadata": rest or None}


def _flows(spec: DataProductSpec, _metadata: Mapping[str, Any], vintage: _Vintage) -> dict[str, Any]:
    flows = spec.review_flows
    if flows is None:
        return {}
    body = {}
    if flows.manages("data_access"):
        body[vintage.data_access_flow] = review_flow.written(flows.data_access or DEFAULT_FLOW)
    if flows.manages("masking_exception"):
        body[vintage.masking_exception_flow] = review_flow.written(flows.masking_exception or DEFAULT_FLOW)
    return body


def _ids(**references: Reference | None) -> dict[str, Any]:
    return {name: reference.id for name, reference in references.items() if reference is not None}


def _forms(spec: DataProductSpec, _metadata: Mapping[str, Any], vintage: _Vintage) -> dict[str, Any]:
    return vintage.forms(spec.request_forms) if spec.request_forms is not None else {}


_WRITTEN: Mapping[str, Callable[[DataProductSpec, Mapping[str, Any], _Vintage], dict[str, Any]]] = {
    "name": lambda spec, _metadata, _vintage: {"name": spec.name},
    "description": lambda spec, _metadata, _vintage: {"description": spec.description},
    "subjectMatterExpert": _metadata,
    "domain": lambda spec, _metadata, _vintage: {"domains": [spec.domain.id]},
    "requestForms": _forms,
    "reviewFlows": _flows,
    "lifecycle": lambda spec, _metadata, _vintage: {"suspended": spec.lifecycle == "suspended"},
}
"""What is sent for a field, by its manifest name."""

ENDPOINT = Endpoint(DATA_PRODUCT, COLLECTION, read, calls)

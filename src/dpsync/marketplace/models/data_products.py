"""Data products, their sources, columns and forms (FACTS 1.9, 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from dpsync.marketplace.models.base import Answer, Body, Json, Moment
from dpsync.marketplace.models.request_forms import RequestForm
from dpsync.marketplace.models.review import Policy
from dpsync.marketplace.wire import Id


class Expert(Answer):
    """The person whom consumers may ask about a product. `id` is a global user id."""

    id: Id
    username: str | None = None
    name: str | None = None


class Statistics(Answer):
    """Counts of a product. A count of requests is of requests, not of people; None where it is not told."""

    data_source_count: int | None = None
    pending_request_count: int | None = None
    approved_request_count: int | None = None
    revoked_request_count: int | None = None
    canceled_request_count: int | None = None
    denied_request_count: int | None = None
    total_request_count: int | None = None


class DataProduct(Answer):
    """A product as the caller sees it.

    `status`, `expiration` and `request_id` are the caller's own access and not the product's lifecycle (FACTS 2.1). Its
    sources and forms are not part of it (FACTS 0.8): `get_all_data_sources`, `get_request_forms`.
    """

    id: Id
    name: str
    description: str | None = None
    domains: tuple[Id, ...]
    suspended: bool
    created_by: Id | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    status: str | None = None
    expiration: Moment | None = None
    request_id: Id | None = None
    source_types: tuple[str, ...] = ()
    stats: Statistics | None = None
    metadata: Json = None
    data_access_policy: Policy | None = None
    masking_exception_policy: Policy | None = None

    @property
    def expert(self) -> Expert | None:
        """The subject matter expert that `metadata` names."""
        found = self.metadata.get("subjectMatterExpert") if isinstance(self.metadata, dict) else None
        return Expert.model_validate(found) if isinstance(found, dict) and "id" in found else None


class ProductSource(Answer):
    """A source of a product, with the access of the user that was asked about.

    `status` is NONE, RESTRICTED or SUBSCRIBED; without a user it is about the caller.
    """

    source_id: Id
    name: str
    type: str = ""
    status: str | None = None
    hostname: str | None = None
    database: str | None = None
    schema_: str | None = Field(None, alias="schema")
    table: str | None = None
    prefix: str | None = None
    id: Id | None = None


class Masking(Answer):
    """How a policy masks a column."""

    masking_type: str


class Column(Answer):
    """A column of a source of a product, as the caller sees it: masked where one of the two policies is there."""

    name: str
    source_id: Id
    source_name: str = ""
    type: str | None = None
    tags: tuple[str, ...] = ()
    global_policy_info: Masking | None = None
    local_policy_info: Masking | None = None

    @property
    def masked(self) -> bool:
        """Whether the caller sees it masked."""
        return self.global_policy_info is not None or self.local_policy_info is not None


class ProductRequestForm(RequestForm):
    """A form of a product. `request_type` is DATA_ACCESS or MASKING_EXCEPTION; None in vintage v1: for both."""

    request_type: str | None = None
    inherited_from: Json = None


class SourceIdentity(Answer):
    """The id of a source, and nothing else of it."""

    source_id: Id


class DataSourceBody(Body):
    """A source in a body. `source_id` is text, although it looks like a number (FACTS 0.11)."""

    source_id: str


class UpdateDataSources(Body):
    """All sources that a product shall have."""

    data_sources: tuple[DataSourceBody, ...]


class UpdateDataProduct(Body):
    """What changes of a product; what is not given stays (FACTS 1.9). Sources: `update_data_sources` (FACTS 0.7).

    `metadata` replaces what is there: merge into what was read. `data_access_request_form_id` and the three that follow are
    of vintage v2; v1 has `request_form_id`, `data_access_policy` and `masking_exception_policy` (FACTS 1.8).
    """

    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] | None = None
    domains: tuple[str, ...] | None = None
    suspended: bool | None = None
    data_access_request_form_id: str | None = None
    masking_exception_request_form_id: str | None = None
    data_access_review_flow: Mapping[str, Any] | None = None
    masking_exception_review_flow: Mapping[str, Any] | None = None
    request_form_id: str | None = None
    data_access_policy: Mapping[str, Any] | None = None
    masking_exception_policy: Mapping[str, Any] | None = None


class CreateDataProduct(Body):
    """A new product. With an `id` (a UUID of one's own), a lost answer can be settled (FACTS 0.2).

    `source_ids` are of sources of the domain. Forms and flows as in `UpdateDataProduct`.
    """

    name: str
    domains: tuple[str, ...]
    source_ids: tuple[str, ...] = ()
    id: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_access_request_form_id: str | None = None
    masking_exception_request_form_id: str | None = None
    data_access_review_flow: Mapping[str, Any] | None = None
    masking_exception_review_flow: Mapping[str, Any] | None = None
    request_form_id: str | None = None
    data_access_policy: Mapping[str, Any] | None = None
    masking_exception_policy: Mapping[str, Any] | None = None

    def sent(self) -> dict[str, Any]:
        """The JSON that is sent; `metadata` and `dataSources` are always, for they are needed (FACTS 1.10)."""
        body = super().sent()
        body.pop("sourceIds", None)
        sources = [{"sourceId": each} for each in self.source_ids]
        return {"metadata": None} | body | {"dataSources": sources}

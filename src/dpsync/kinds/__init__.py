"""The shelf of resource kinds: one file per kind, and here the list of them.

A kind says what its spec looks like, how its fields are compared and what they refer to. It reads no file and opens no
socket; its wire format is in `marketplace/endpoints/`, in a file of the same name.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.kinds.data_source import DATA_SOURCE
from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT
from dpsync.kinds.domain import DOMAIN
from dpsync.kinds.request_form import REQUEST_FORM
from dpsync.model.kind import Kind

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (DATA_PRODUCT, REQUEST_FORM, DATA_USE_AGREEMENT, DOMAIN, DATA_SOURCE)
}
"""Every kind by its name, in the order in which people think of them."""

WRITTEN: tuple[Kind, ...] = tuple(
    sorted((kind for kind in KINDS.values() if kind.written), key=lambda kind: (kind.rank, kind.name))
)
"""The kinds that the API can write, what is referred to first."""

API_VERSION = "dpsync/v1beta1"

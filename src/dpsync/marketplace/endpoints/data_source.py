"""Data sources on the wire: the listing of a domain, where ids are numbers, and that of a product, where they are not
(FACTS 0.11, 1.9, 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from dpsync.marketplace.endpoints.domain import PATH as DOMAINS
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import Id, Wire, parsed_each
from dpsync.model.reference import SourcePath
from dpsync.model.state import Source

KEY = "dataSourceId"


class _Path(Wire):
    name: str
    platform: str | None = None
    hostname: str | None = None
    database: str | None = None
    db_schema: Annotated[str | None, Field(alias="schema")] = None
    table: str | None = None
    prefix: str | None = None


class _Source(_Path):
    data_source_id: Id


class _OfProduct(_Path):
    source_id: Id


def path(domain_id: str) -> str:
    """Where the sources of a domain are listed."""
    return below(DOMAINS, domain_id, "datasources")


def read(entries: Iterable[Any]) -> tuple[Source, ...]:
    """The sources of a domain's listing, by number. An empty part of a path is one that is not said."""
    found = parsed_each(_Source, list(entries), "The list of a domain's sources")
    listing = (Source(each.data_source_id, each.name, _path(each)) for each in found)
    return tuple(sorted(listing, key=lambda source: (len(source.id), source.id)))


def read_of_product(entries: Iterable[Any]) -> tuple[Source, ...]:
    """The sources of a product's own listing, which has those that are in no domain any more."""
    found = parsed_each(_OfProduct, list(entries), "The list of a product's sources")
    return tuple(Source(each.source_id, each.name, _path(each)) for each in found)


def _path(source: _Path) -> SourcePath:
    return SourcePath(
        source.platform or None,
        source.hostname or None,
        source.database or None,
        source.db_schema or None,
        source.table or None,
        source.prefix or None,
    )

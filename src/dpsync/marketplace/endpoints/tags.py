"""Tags on the wire: the search for those that are applied to sources and to their columns, and a product's columns.

Apart from the kinds because nothing here can be declared. The search is a POST that only reads (FACTS 0.11, 1.5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dpsync.marketplace.assumptions import PAGE
from dpsync.marketplace.endpoints.data_product import COLLECTION as PRODUCTS
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import Wire, listing, parsed, parsed_each

SOURCE, COLUMN = "datasource", "column"
"""What a tag is on, in the words of the search."""

COLUMN_KEY: Final = ("sourceId", "name")
"""What tells the columns of a product apart."""

_OF_PRODUCTS: Final = "Immuta Marketplace Data Product"
"""The root of the tags that the marketplace itself puts on the sources of products (FACTS 0.3); they are of no interest."""

_WHAT: Final = "The list of applied tags"


@dataclass(frozen=True, slots=True)
class TagPage:
    """The names of the tags on one page, how many entries it had, and how many there are in all."""

    names: tuple[str, ...]
    entries: int
    total: int


class _Tag(Wire):
    name: str
    deleted: bool = False


class _Total(Wire):
    total: float


class _Column(Wire):
    name: str
    tags: tuple[str, ...] = ()


def is_number(source_id: str) -> bool:
    """Whether the id can be asked about: ids of sources are numbers in this search (FACTS 0.11)."""
    return source_id.isascii() and source_id.isdigit()


def body(sources: Iterable[str], on: Sequence[str], offset: int) -> dict[str, Any]:
    """The search for the tags on these sources or on their columns, from `offset` on."""
    return {
        "dataSourceIds": sorted(int(one) for one in sources),
        "modelType": list(on),
        "excludedHierarchies": [_OF_PRODUCTS],
        "offset": offset,
        "limit": PAGE,
    }


def page(payload: Any) -> TagPage:
    """One page of the search."""
    found = parsed_each(_Tag, listing(payload, "data", _WHAT), _WHAT)
    total = parsed(_Total, payload, _WHAT).total
    return TagPage(tuple(each.name for each in found if not each.deleted), len(found), int(total))


def columns_path(product_id: str) -> str:
    """Where the columns of a product's sources are read, page by page."""
    return below(PRODUCTS, product_id, "columns")


def columns_with(tags: Collection[str], entries: Iterable[Any]) -> tuple[str, ...]:
    """The names of the columns that have one of the tags, sorted."""
    found = parsed_each(_Column, list(entries), "The list of a product's columns")
    return tuple(sorted({each.name for each in found if not set(tags).isdisjoint(each.tags)}))

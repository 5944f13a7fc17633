"""Patterns for the sources of a product, proposed only where one describes exactly what is there.

A pattern follows the domain from the day on which it is written, so it is only for who asks for it (`--globs`). Each is tried
on the listing of the domain: one that finds a source more or less is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, takewhile
from typing import Any

from dpsync.kinds.catalog import find_sources
from dpsync.model.reference import SourceReference
from dpsync.model.state import Source

FEWEST = 3
"""Fewer sources than this are written one by one: a pattern would hide more than it saves."""

_SIGNS = frozenset("*?[")


def grouped(
    sources: Iterable[Source], listing: tuple[Source, ...]
) -> tuple[tuple[dict[str, Any], ...], tuple[Source, ...]]:
    """Entries with `match` for as many of the sources as they fit exactly, and the other sources, in order."""
    rest = tuple(sources)
    found: list[dict[str, Any]] = []
    for pattern in _candidates(rest):
        entry = SourceReference("match", "", pattern=tuple(pattern.items()))
        meant = {one.id for one in find_sources(entry, listing)}
        if len(meant) >= FEWEST and meant <= {one.id for one in rest}:
            found.append({"match": pattern})
            rest = tuple(one for one in rest if one.id not in meant)
    return tuple(found), rest


def _candidates(sources: tuple[Source, ...]) -> Iterator[dict[str, str]]:
    """Whole schemas first, then tables that begin alike."""
    schemas: dict[tuple[str, str], list[str]] = {}
    for one in sources:
        path = one.path
        if path.database and path.schema and path.table and not _SIGNS & set(path.database + path.schema):
            schemas.setdefault((path.database, path.schema), []).append(path.table)
    for database, schema in schemas:
        yield {"database": database, "schema": schema, "table": "*"}
    for (database, schema), tables in schemas.items():
        for start in _beginnings(tables):
            yield {"database": database, "schema": schema, "table": f"{start}*"}


def _beginnings(tables: list[str]) -> Iterator[str]:
    """What tables begin with up to an underscore, longest first."""
    found: set[str] = set()
    for one, other in pairwise(tables):
        common = "".join(
            a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
        )
        end = common.rfind("_")
        if end > 0 and not _SIGNS & set(common):
            found.add(common[: end + 1])
    yield from sorted(found, key=lambda text: (-len(text), text))

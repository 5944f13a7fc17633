"""Tables of products, forms, agreements, domains and data sources, readable in 80 columns.

A room of its own because all tables look alike: a head, a row for each, and a line that counts them. Ids that fill a line
by themselves are left to the JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dpsync.model.showing import (
    ListedAgreement,
    ListedDomain,
    ListedForm,
    ListedProduct,
    ListedSource,
    Standing,
    Table,
)
from dpsync.reports.paper import Row, paragraph, table
from dpsync.reports.show.product import UNKNOWN, listed


@dataclass(frozen=True, slots=True)
class _Look:
    """How one sort of table looks: what one and several of its things are called, its head, and a row of it."""

    one: str
    several: str
    headers: tuple[str, ...]
    cells: Callable[[Any], tuple[str, ...]]


def table_rows(shown: Table, width: int) -> Iterator[Row]:
    """The table, and how many there are."""
    look = _LOOKS[shown.thing]
    where = f" in {shown.domain.name}" if shown.domain is not None else ""
    if not shown.rows:
        yield from paragraph(f"No {look.several}{where}.", width)
        return
    yield from table(look.headers, [look.cells(row) for row in shown.rows], width)
    yield Row("")
    count = len(shown.rows)
    yield from paragraph(f"{count} {look.one if count == 1 else look.several}{where}.", width)


def _product(row: ListedProduct) -> tuple[str, ...]:
    return (
        row.name,
        listed(domain.name for domain in row.domains),
        "suspended" if row.suspended else "active",
        _count(row.approved),
        _count(row.pending),
        _whose(row.standing),
    )


def _form(row: ListedForm) -> tuple[str, ...]:
    agreements = listed(each.name for each in row.agreements)
    return row.name, str(len(row.questions)), agreements, row.review, _whose(row.standing)


def _agreement(row: ListedAgreement) -> tuple[str, ...]:
    return row.name, listed(each.name for each in row.forms), _whose(row.standing)


def _domain(row: ListedDomain) -> tuple[str, ...]:
    return row.domain.name, row.key or "", row.domain.description


def _source(row: ListedSource) -> tuple[str, ...]:
    source = row.source
    return str(source.path), source.name, source.path.platform or "", source.id


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else str(number)


def _whose(standing: Standing) -> str:
    return str(standing.belonging or UNKNOWN)


_LOOKS: Mapping[str, _Look] = {
    "products": _Look(
        "data product",
        "data products",
        ("NAME", "DOMAIN", "LIFECYCLE", "APPROVED", "PENDING", "WHOSE"),
        _product,
    ),
    "forms": _Look(
        "request form",
        "request forms",
        ("NAME", "QUESTIONS", "AGREEMENTS", "REVIEW", "WHOSE"),
        _form,
    ),
    "agreements": _Look("data use agreement", "data use agreements", ("NAME", "FORMS", "WHOSE"), _agreement),
    "domains": _Look("domain", "domains", ("NAME", "KEY", "DESCRIPTION"), _domain),
    "sources": _Look("data source", "data sources", ("PATH", "NAME", "PLATFORM", "ID"), _source),
}
"""How each table looks, by what its rows are."""

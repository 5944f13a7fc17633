"""Listing: what forms and agreements have in common: names that are taken, authors, and pages by name or time.

Rows only; a room of its own because both groups of operations list alike and products do not (FACTS 1.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from dpsync.sandbox.calls import Call
from dpsync.sandbox.store import Row, Store

Table = Literal["agreements", "forms", "products"]

_ORDERS: Final = {"name": "name", "createdAt": "created_at", "updatedAt": "updated_at"}
_DIRECTIONS: Final = {"asc": "ASC", "desc": "DESC"}


def direction(call: Call, default: str) -> str:
    """The direction that the call sorts in, in SQL."""
    return _DIRECTIONS[call.query.choice("sortOrder", ("asc", "desc"), default)]


def named(call: Call, table: Table) -> tuple[list[Row], dict[str, int]]:
    """A page of the table by `nameFilter` and `exactMatch`, and what the page says about itself (FACTS 1.5)."""
    window = call.query.window
    order = _ORDERS[call.query.choice("sortBy", tuple(_ORDERS), "name")]
    exact = call.query.flag("exactMatch")
    where = "name = :text" if exact else "instr(lower(name), lower(:text))"
    shown = {"text": call.query.text("nameFilter"), "limit": window.limit, "offset": window.offset}
    condition = f"(:text = '' OR {where})"
    turn = direction(call, "asc")
    total = call.store.value(f"SELECT count(*) FROM {table} WHERE {condition}", shown)  # noqa: S608
    rows = call.store.rows(
        f"""
        SELECT * FROM {table} WHERE {condition} ORDER BY {order} {turn}, id {turn} LIMIT :limit OFFSET :offset
        """,  # noqa: S608
        shown,
    )
    return rows, window.meta(total, len(rows))


def name_is_taken(store: Store, table: Table, identity: str, name: str) -> bool:
    """Whether another row has the name (see `assumptions`, FACTS 1.7)."""
    taken = store.row(f"SELECT 1 FROM {table} WHERE name_key = ? AND id <> ?", (name.strip(), identity))  # noqa: S608
    return taken is not None


def authored(author: Mapping[str, str]) -> dict[str, Any]:
    """The four columns of something new; `author` says `by` whom and `at` which time."""
    by, at = author["by"], author["at"]
    return {"created_by": by, "created_at": at, "updated_by": by, "updated_at": at}

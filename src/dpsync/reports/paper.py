"""Rows with a style, tables that fit a page, and how both are put down.

A room of its own because a plan, the page about a product and the tables of many are made of the same. Whatever stands in a row
is escaped here or in `layout.wrapped`, at the last moment; nothing foreign is taken for markup. Must never shorten a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from dpsync.model.report import Page
from dpsync.reports.layout import cells, visible, wrapped

_GAP = 2
_HANG = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it is printed, and how it looks on a terminal."""

    text: str
    style: str = ""


def written(rows: Iterable[Row], page: Page) -> str:
    """The rows as one text, with escape sequences only if the page shows colour."""
    if not page.colour:
        return "".join(f"{row.text}\n" for row in rows)
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        width=page.width,
        markup=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as captured:
        for row in rows:
            console.print(Text(row.text, style=row.style), soft_wrap=True)
    return captured.get()


def paragraph(text: str, width: int, indent: int = 0, style: str = "") -> Iterator[Row]:
    """A text as wrapped rows; a line break in it begins a new row."""
    for line in text.strip("\n").split("\n"):
        for each in wrapped(line.rstrip("\r"), width, indent):
            yield Row(each, style)


def field(name: str, text: str, width: int, label: int) -> Iterator[Row]:
    """A name and what it holds, side by side; `label` is how wide the names are."""
    return (Row(each) for each in wrapped(f"{name:<{label}}  {text}", width, 2, label + _GAP))


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: int = 0
) -> Iterator[Row]:
    """A table with a head. Cells are wrapped at blanks until the table fits, and hang; numbers stand to the right.

    Where words are too long for that the table is as wide as they need, so that each can still be copied whole.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    columns = list(zip(headers, *shown, strict=True))
    widths = _fitted(columns, width - indent)
    right = [bool(rows) and all(cell.isdigit() or not cell for cell in column[1:]) for column in columns]
    yield Row(_line(headers, widths, right, indent), "bold")
    for row in shown:
        parts = [list(wrapped(cell, size, 0, _HANG)) for cell, size in zip(row, widths, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            yield Row(_line(line, widths, right, indent))


def _fitted(columns: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column is: as wide as its widest cell, less what must be saved, never less than its longest word."""
    widths = [max(map(cells, column)) for column in columns]
    least = [max(map(_least, column)) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        spare = [index for index, size in enumerate(widths) if size > least[index]]
        if not spare:
            break
        widest = max(spare, key=lambda index: widths[index])
        widths[widest] -= 1
    return widths


def _least(cell: str) -> int:
    """The width below which a word would stick out; all but the first hang."""
    first, *others = cell.split(" ")
    return max((cells(first), *(_HANG + cells(word) for word in others)))


def _line(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool], indent: int) -> str:
    padded = []
    for text, size, to_the_right in zip(texts, widths, right, strict=True):
        blanks = " " * (size - cells(text))
        padded.append(blanks + text if to_the_right else text + blanks)
    return (" " * indent + (" " * _GAP).join(padded)).rstrip(" ")

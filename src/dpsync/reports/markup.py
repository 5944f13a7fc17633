"""Foreign text inside Markdown: in a fence, in a code span or in raw HTML, where it can do nothing.

A room of its own because three formats write Markdown, and because it is here that text from a manifest or from the
marketplace is kept from ending a fence, breaking a table, becoming a link or calling somebody. Text that passes through
none of these functions must be our own. It must never shorten a text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from dpsync.reports.layout import Line, visible, wrapped

WIDTH = 100
"""Where lines inside a fence are wrapped; a fence does not wrap by itself."""

_MARKS = frozenset({"+", "-", "!", " "})
"""Signs that a diff fence colours when they stand in the first column."""


def joined(*parts: str) -> str:
    """The parts as one text, an empty line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"


def fence(language: str, rows: Iterable[str]) -> str:
    """A fenced block that nothing inside it can end. No line of it looks like a hidden mark of ours (`sticky.py`)."""
    body = "\n".join(f" {row}" if row.startswith("<!--") else row for row in rows)
    marks = _longer_than_any_run(body, 3)
    return f"{marks}{language}\n{body}\n{marks}"


def code(text: str) -> str:
    """A code span that nothing inside it can end. Not for a table: there, a bar in it ends the cell."""
    shown = visible(text)
    marks = _longer_than_any_run(shown, 1)
    pad = " " if shown[:1] in {"`", " ", ""} or shown[-1:] == "`" else ""
    return f"{marks}{pad}{shown}{pad}{marks}"


def inert(text: str) -> str:
    """The text as HTML code, for inside a summary: no tag, no mention, no link, also where a host looks for them later.

    Not for a paragraph: there, Markdown inside HTML is read as Markdown.
    """
    return f"<code>{escaped(text)}</code>"


def escaped(text: str) -> str:
    """Words of ours for inside a summary."""
    return html.escape(visible(text)).replace("@", "@\u200b")


def folded(summary: str, *parts: str, is_open: bool = False) -> str:
    """A part that a reader opens. `summary` is HTML that was made safe already."""
    opening = "<details open>" if is_open else "<details>"
    return f"{opening}\n<summary>{summary}</summary>\n\n{joined(*parts)}\n</details>"


def plain_rows(lines: Iterable[Line]) -> Iterator[str]:
    """Lines for a fence of text."""
    for line in lines:
        yield from wrapped(line.signed, WIDTH, 2 * line.depth, 2)


def diff_rows(lines: Iterable[Line], every: str = "") -> Iterator[str]:
    """Lines for a diff fence: what goes and what comes has its mark in the first column; `every` marks all lines."""
    for line in lines:
        turns = line.turns or ((line.sign, line.text),)
        for sign, text in turns:
            mark = every or (sign if sign in _MARKS else "")
            words = text if sign in _MARKS or not sign else f"{sign} {text}"
            for row in wrapped(words, WIDTH, 2 + 2 * line.depth, 2):
                yield f"{mark}{row[len(mark) :]}"


def _longer_than_any_run(text: str, least: int) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)

"""How text becomes lines: what is invisible made visible, and long lines wrapped.

A room of its own because every format for people needs both, and because this is the last moment at which a control
character of a foreign text can be stopped. It knows nothing of plans, and must never shorten a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_WIDE_BLANK = "\u3000"


@dataclass(frozen=True, slots=True)
class Line:
    """One line below a heading: how deep it stands, the sign before it, and its words, not yet escaped."""

    depth: int
    text: str
    sign: str = ""

    @property
    def signed(self) -> str:
        return f"{self.sign} {self.text}" if self.sign else self.text


def visible(text: str) -> str:
    r"""The text with every control, format and odd blank character written out, as `\x1b`, `\u202e` or `\n`."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == _WIDE_BLANK
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def cells(text: str) -> int:
    """How many columns of a terminal the text takes; letters of East Asian scripts take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int, indent: int = 0, hang: int = 0) -> Iterator[str]:
    """The text in lines of at most `width` cells, all indented, the following ones by `hang` more.

    Lines are broken at blanks only, so that a path or an id that is wider than the page can still be copied whole.
    """
    text = visible(text).rstrip(" ")
    body = text.lstrip(" ")
    margin = " " * (indent + len(text) - len(body))
    line = margin
    width_so_far = len(margin)
    is_empty = True
    for word in body.split(" "):
        size = cells(word)
        if not is_empty and width_so_far + 1 + size > width:
            yield line.rstrip(" ")
            line = margin + " " * hang
            width_so_far = len(line)
            is_empty = True
        if not is_empty:
            line += " "
            width_so_far += 1
        line += word
        width_so_far += size
        is_empty = is_empty and not word
    yield line.rstrip(" ")

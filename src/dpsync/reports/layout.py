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
    """One line below a heading: how deep it stands, the sign before it, and its words, not yet escaped.

    `turns` is the same as lines that go (`-`) and come (`+`), for where those have colours; empty if it does neither.
    """

    depth: int
    text: str
    sign: str = ""
    turns: tuple[tuple[str, str], ...] = ()

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

    Lines are broken at blanks only, so that a path or an id that is wider than the page can still be copied whole; and
    not between two backticks, as long as what stands there fits into a line.
    """
    text = visible(text).rstrip(" ")
    body = text.lstrip(" ")
    margin = " " * (indent + len(text) - len(body))
    line = margin
    width_so_far = len(margin)
    is_empty = True
    for word in _words(body, width - len(margin) - hang):
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


def _words(text: str, room: int) -> Iterator[str]:
    """What may stand at the end of a line: the words, and what is quoted as one command if there is room for it."""
    words = text.split(" ")
    at = 0
    while at < len(words):
        end = _end_of_command(words, at)
        command = " ".join(words[at : end + 1])
        if cells(command) <= room:
            yield command
        else:
            yield from words[at : end + 1]
        at = end + 1


def _end_of_command(words: list[str], start: int) -> int:
    """Where what is opened in a word is closed, or the word itself."""
    if words[start].count("`") % 2 == 0:
        return start
    return next((at for at in range(start + 1, len(words)) if words[at].count("`") % 2), start)

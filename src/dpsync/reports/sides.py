"""Two values side by side: which line stands beside which, and which words of it differ.

A room of its own because the page for a browser shows before and after in two columns, where the terminal shows one. It
compares text only; which value stands where is decided by whoever asks. It escapes nothing and must never shorten a line
that differs.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from dpsync.model.base import Spec
from dpsync.reports.values import plain, told

AROUND = 2
"""How many equal lines stand before and after a difference."""

_ALIKE = 0.4
"""From which likeness on the words of two lines are compared; below it the lines as a whole differ."""

_PARTNERS = 0.6
"""From which likeness on two lines are the same line, changed."""

_MANY_PAIRS = 400
_MANY_WORDS = 400
_LONG = 2_000
"""Of longer texts only whole blocks are compared: comparing costs the square."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line, and whether it is what differs in it."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lines beside each other; one that is None has no partner. Of a `gap`, `hidden` lines are the same on both sides."""

    kind: Literal["same", "changed", "added", "removed", "gap"]
    before: tuple[Part, ...] | None = None
    after: tuple[Part, ...] | None = None
    hidden: int = 0


def sides(before: Any, after: Any, *, owner: type[Spec] | None = None, path: str = "") -> tuple[Pair, ...]:
    """The lines of two values, those that belong together beside each other. `owner` is the spec that declares the field."""
    left, right = told(before, owner=owner, path=path), told(after, owner=owner, path=path)
    if left == right and before != after:
        left, right = _as_json(before), _as_json(after)
    return tuple(_paired(left, right))


def _as_json(value: Any) -> list[str]:
    return json.dumps(plain(value), indent=2, ensure_ascii=False).split("\n")


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    if max(len(left), len(right)) > _LONG:
        yield from _beside(left, right)
        return
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    blocks = matcher.get_opcodes()
    for number, (what, first, last, other_first, other_last) in enumerate(blocks):
        if what == "equal":
            yield from _equal(left[first:last], number > 0, number < len(blocks) - 1)
        else:
            yield from _beside(left[first:last], right[other_first:other_last])


def _equal(lines: Sequence[str], has_before: bool, has_after: bool) -> Iterator[Pair]:
    """Equal lines, as many as help to find one's way."""
    head, tail = AROUND * has_before, AROUND * has_after
    hidden = len(lines) - head - tail
    if hidden <= 1 or not (has_before or has_after):
        yield from (_same(line) for line in lines)
        return
    yield from (_same(line) for line in lines[:head])
    yield Pair("gap", hidden=hidden)
    yield from (_same(line) for line in lines[len(lines) - tail :])


def _same(line: str) -> Pair:
    return Pair("same", (Part(line),), (Part(line),))


def _beside(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    """Lines that differ: those that are alike beside each other, and between them the others as they come."""
    partners = _partners(left, right) if len(left) * len(right) <= _MANY_PAIRS else ()
    first, second = 0, 0
    for old, new in (*partners, (len(left), len(right))):
        for line, other in zip_longest(left[first:old], right[second:new]):
            if line is None:
                yield Pair("added", after=(Part(other),))
            elif other is None:
                yield Pair("removed", before=(Part(line),))
            else:
                yield Pair("changed", *_words(line, other))
        if old < len(left):
            yield Pair("changed", *_words(left[old], right[new]))
        first, second = old + 1, new + 1


def _partners(left: Sequence[str], right: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """The places of lines that are alike, in the order of both texts, so that together they are as alike as can be."""
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]] = [[(0.0, ())] * (len(right) + 1)]
    for old, line in enumerate(left):
        row = [best[0][0]]
        for new, other in enumerate(right):
            likeness = difflib.SequenceMatcher(
                None, _in_words(line), _in_words(other), autojunk=False
            ).ratio()
            options = [best[old][new + 1], row[new]]
            if likeness >= _PARTNERS:
                score, pairs = best[old][new]
                options.append((score + likeness, (*pairs, (old, new))))
            row.append(max(options, key=lambda option: option[0]))
        best.append(row)
    return best[-1][-1][1]


def _in_words(line: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", line)


def _words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both lines in parts, the words that differ marked; where hardly a word is the same nothing is."""
    before, after = _in_words(old), _in_words(new)
    whole = (Part(old),), (Part(new),)
    if max(len(before), len(after)) > _MANY_WORDS:
        return whole
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return whole
    left, right = [], []
    for what, first, last, other_first, other_last in matcher.get_opcodes():
        if last > first:
            left.append(Part("".join(before[first:last]), what != "equal"))
        if other_last > other_first:
            right.append(Part("".join(after[other_first:other_last]), what != "equal"))
    return tuple(left), tuple(right)

r"""A file as a tree that has its comments: each with the entry that it stands before, beside, or at the end of.

A reading of its own beside `document.py`, which is made to be fast and has no use for comments. The events of PyYAML say
where values stand; what lies between them is blanks, signs and comments, and nothing else. It is only given text that
`document.py` found nothing wrong with, with `\n` for every line break.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[int, int]
"""A line and a column, both from 0."""

_BEYOND: Place = (1 << 62, 0)


class NotFormatted(Exception):
    """What is in the way, in the words of a problem."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its sign. `alone`: on a line of its own; `blank`: after an empty line.

    `more` is what goes on below it in the same column, where it began beside something.
    """

    text: str
    place: Place
    alone: bool
    blank: bool
    more: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """A value. `raw` is a scalar as it is written; `is_block` says that a collection has its entries on lines of their own."""

    form: Literal["scalar", "map", "list"]
    start: Place
    end: Place
    anchor: str = ""
    value: str = ""
    style: str = ""
    raw: str = ""
    is_block: bool = False
    was_block: bool = False
    entries: list[Entry] = field(default_factory=list)
    foot: list[Comment] = field(default_factory=list)

    @property
    def column(self) -> int:
        """Where the entries of a block begin."""
        return self.entries[0].start[1] if self.entries else self.start[1]

    @property
    def last(self) -> Place:
        """Where the last thing in it ends. The end of a block is where the next thing begins, so its own is not asked."""
        if self.form == "scalar" or not self.was_block or not self.entries:
            return self.end
        return self.entries[-1].value.last


@dataclass(slots=True)
class Entry:
    """An entry of a collection, or the root of a document: what stands above it, itself, and beside it."""

    start: Place
    value: Node
    key: Node | None = None
    before: list[Comment] = field(default_factory=list)
    beside: list[Comment] = field(default_factory=list)
    blank: bool = False


@dataclass(slots=True)
class Page:
    """One document: its root, and the comments after everything."""

    root: Entry
    foot: list[Comment] = field(default_factory=list)
    is_empty: bool = False


@dataclass(slots=True)
class Tree:
    """A file: its documents, and what every comment in it says."""

    pages: list[Page]
    comments: list[str]


def read_tree(text: str) -> Tree:
    """The tree of a text that is YAML. Raises NotFormatted for what it cannot take."""
    reading = _Reading(text)
    pages = reading.pages()
    return Tree(pages, [comment.text for comment in reading.comments])


_DASH = re.compile(r"-(?=\s|$)")
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)\s*")


class _Reading:
    """One reading of a text: its events, and what lies between them."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._text = text
        self._done = 0
        self.comments: list[Comment] = []
        self._dashes: list[Place] = []

    def pages(self) -> list[Page]:
        loader = _LOADER(self._text)
        try:
            self._events = iter(loader.get_event, None)
            pages = list(self._pages())
        finally:
            loader.dispose()
        begin: Place = (-1, 0)
        for page, end in zip(pages, [*self._begins[1:], _BEYOND], strict=False):
            mine = [one for one in self.comments if begin <= one.place < end]
            _attach(page, mine, self._is_blank)
            begin = end
        if not pages:
            nothing = Page(Entry((0, 0), Node("scalar", (0, 0), (0, 0))), is_empty=True)
            _attach(nothing, self.comments, self._is_blank)
            pages = [nothing]
        return pages

    def _is_blank(self, line: int) -> bool:
        return line >= 0 and not self.lines[line].strip()

    def _pages(self) -> Iterator[Page]:
        self._begins: list[Place] = []
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if event.version or event.tags:
                    raise NotFormatted(
                        _place_of(event.start_mark)[0] + 1,
                        "a directive (`%`) stands before the document",
                        "remove the line: it has no effect",
                    )
                self._begins.append(_place_of(event.start_mark))
            elif isinstance(event, StreamEndEvent):
                self._skip_to(len(self._text))
                return
            elif not isinstance(event, StreamStartEvent | DocumentEndEvent):
                root = self._node(event)
                is_empty = root.form == "scalar" and not root.raw and not root.anchor
                yield Page(Entry(root.start, root), is_empty=is_empty)

    def _node(self, event: Any) -> Node:
        start, end = _place_of(event.start_mark), _place_of(event.end_mark)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, start, end)
        is_block = not event.flow_style
        form: Literal["map", "list"] = "map" if isinstance(event, MappingStartEvent) else "list"
        node = Node(form, start, end, event.anchor or "", is_block=is_block, was_block=is_block)
        for inner in self._events:
            if isinstance(inner, MappingEndEvent | SequenceEndEvent):
                node.end = _place_of(inner.end_mark)
                if not is_block:
                    self._skip_to(self._offset(node.end))
                return node
            if isinstance(inner, SequenceStartEvent | MappingStartEvent | ScalarEvent):
                self._skip_to(self._offset(_place_of(inner.start_mark)))
            if form == "list":
                place = self._dashes.pop(0) if is_block else _place_of(inner.start_mark)
                node.entries.append(Entry(place, self._node(inner)))
            else:
                key = self._node(inner)
                value = next(self._events)
                self._skip_to(self._offset(_place_of(value.start_mark)))
                node.entries.append(Entry(key.start, self._node(value), key))
        raise AssertionError("a collection ends")

    def _scalar(self, event: Any, start: Place, end: Place) -> Node:
        first, last = self._offset(start), self._offset(end)
        self._skip_to(first)
        anchor = _ANCHOR.match(self._text, first) if event.anchor else None
        if anchor is not None:
            first = anchor.end()
            while first < last and self._text[first] == "#":  # between the anchor and what it names
                first = self._comment(first)
                first += len(self._text[first:last]) - len(self._text[first:last].lstrip())
        raw = self._text[first:last]
        if event.style in {"|", ">"}:
            header = raw.partition("\n")[0]
            if "#" in header:
                self._comment(first + header.index("#"))
        self._done = max(self._done, last)
        return Node(
            "scalar",
            start,
            end,
            event.anchor or "",
            event.value,
            event.style or "",
            raw if event.style in {"|", ">"} else raw.rstrip(),
        )

    def _comment(self, offset: int) -> int:
        """Note the comment that begins at an offset; the offset of its end."""
        found = _COMMENT.match(self._text, offset)
        assert found is not None
        line = bisect_right(self._starts, offset) - 1
        column = offset - self._starts[line]
        alone = not self.lines[line][:column].strip()
        self.comments.append(
            Comment(found[0].rstrip(), (line, column), alone, alone and self._is_blank(line - 1))
        )
        return found.end()

    def _skip_to(self, offset: int) -> None:
        """Note the comments and dashes between what was read and an offset."""
        position = self._done
        while position < offset:
            sign = self._text[position]
            if sign == "#":
                position = self._comment(position)
                continue
            if (marker := _MARKER.match(self._text, position)) and self._is_line_start(position):
                position = marker.end()
                continue
            if sign == "-" and _DASH.match(self._text, position):
                line = bisect_right(self._starts, position) - 1
                self._dashes.append((line, position - self._starts[line]))
            position += 1
        self._done = max(self._done, offset)

    def _is_line_start(self, offset: int) -> bool:
        return offset == 0 or self._text[offset - 1] == "\n"

    def _offset(self, place: Place) -> int:
        return self._starts[place[0]] + place[1]


def _place_of(mark: Any) -> Place:
    return mark.line, mark.column


# ------------------------------------------------------------------------------------- whose comment it is


def _attach(page: Page, comments: list[Comment], is_blank: Any) -> None:
    """Give each comment of a document to the entry that it is about."""
    root = page.root.value
    _explode(root, comments)
    if root.entries:
        root.is_block = True
    entries = [page.root, *_entries(root)]
    starts = [entry.start for entry in entries]
    alone: list[Comment] = []
    for comment in _joined(comments):
        index = bisect_right(starts, comment.place) - 1
        if comment.alone:
            alone.append(comment)
        elif index < 0:
            page.root.before.append(comment)
        else:
            entries[index].beside.append(comment)
    head = [comment for comment in alone if comment.place < page.root.start or page.is_empty]
    rest = [comment for comment in alone if comment not in head]
    page.root.before.extend(head)
    page.root.before.sort(key=lambda one: one.place)
    if root.is_block:
        _place(root, rest)
        page.foot, root.foot = root.foot, []
    else:
        page.foot = rest
    for entry in entries:
        entry.blank = is_blank(entry.start[0] - 1)
    _forget_first_blanks(root)


def _forget_first_blanks(node: Node) -> None:
    """No blank line is kept between what opens a block and its first entry, which may become another one."""
    for index, entry in enumerate(node.entries):
        entry.blank = entry.blank and (index > 0 or bool(entry.before))
        _forget_first_blanks(entry.value)


def _joined(comments: list[Comment]) -> Iterator[Comment]:
    """The comments, those that go on in the lines below as one."""
    begun: Comment | None = None
    for comment in comments:
        line, column = comment.place
        if comment.alone and begun and (line - 1 - len(begun.more), column) == begun.place:
            begun.more.append(comment.text)
            continue
        begun = None if comment.alone else comment
        yield comment


def _explode(node: Node, comments: list[Comment]) -> None:
    """Put the entries of a flow collection that has a comment inside on lines of their own."""
    if not node.is_block and any(node.start < comment.place < node.end for comment in comments):
        node.is_block = bool(node.entries)
    for entry in node.entries:
        _explode(entry.value, comments)


def _entries(node: Node) -> Iterator[Entry]:
    """The entries that have lines of their own, in the order of the text."""
    if node.is_block:
        for entry in node.entries:
            yield entry
            yield from _entries(entry.value)


def _place(node: Node, comments: list[Comment]) -> None:
    """Give the comments on lines of their own, all within a block, to its entries; those after everything to its foot."""
    first = node.entries[0].start
    node.entries[0].before.extend(comment for comment in comments if comment.place < first)
    ends = [*(entry.start for entry in node.entries[1:]), _BEYOND]
    for index, (entry, end) in enumerate(zip(node.entries, ends, strict=True)):
        value = entry.value
        inner: list[Comment] = []
        outer: list[Comment] = []
        for comment in comments:
            if not entry.start <= comment.place < end:
                continue
            if _is_within(value, comment, node, first_outer=not outer):
                inner.append(comment)
            else:
                outer.append(comment)
        if value.is_block:
            _place(value, inner)
        else:
            entry.before.extend(inner)
        following = node.entries[index + 1].before if index + 1 < len(node.entries) else node.foot
        following.extend(outer)


def _is_within(value: Node, comment: Comment, around: Node, *, first_outer: bool) -> bool:
    """Whether a comment after the start of an entry is still about what stands in it."""
    if not value.is_block or not value.was_block:
        return comment.place < value.end
    if comment.place < value.last:
        return True
    return first_outer and around.was_block and comment.place[1] > around.column

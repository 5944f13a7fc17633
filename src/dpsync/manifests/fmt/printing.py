"""The tree of a file as text, in the one style: two blanks, short flow on one line, comments where they were.

It writes what the tree has and decides nothing about its meaning; `__init__.py` compares that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dpsync.manifests.fmt.order import Order, Orders
from dpsync.manifests.fmt.tree import Comment, Entry, Node, Page, Tree
from dpsync.manifests.write import quoted

WIDTH = 100
"""How long a line may be that has a collection in brackets; a longer one is written on lines of its own."""

_STEP = 2
_APART = 2


def printed(tree: Tree, orders: Orders) -> str:
    """The text of a file; empty where there is nothing in it."""
    lines: list[str] = []
    for index, page in enumerate(tree.pages):
        if index or (page.is_empty and len(tree.pages) > 1):
            lines.append("---")
        lines.extend(_Printer(orders).page(page))
    return "".join(f"{line}\n" for line in lines)


class _Printer:
    """One document being written, line by line."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._lines: list[str] = []
        self._keeps = False

    def page(self, page: Page) -> list[str]:
        root = page.root.value
        self._comments(page.root.before, 0)
        if page.root.before:
            self._blank(page.root.blank)
        if not page.is_empty:
            order = self._orders.of(_kind(root))
            if root.is_block:
                _settle(root, 0, order)
            if root.is_block and not root.anchor:
                self._comments(page.root.beside, 0)
                self._block(root, 0, order)
            else:
                self._value("", page.root, -_STEP, order)
        else:
            self._comments(page.root.beside, 0)
        self._comments(page.foot, 0)
        return self._lines

    # Lines.

    def _blank(self, wanted: bool) -> None:
        if wanted and self._lines and self._lines[-1] and not self._keeps:
            self._lines.append("")

    def _line(self, text: str, beside: Comment | None = None) -> None:
        self._keeps = False
        if beside is None:
            self._lines.append(text)
            return
        column = max(beside.place[1], len(text) + _APART)
        self._lines.append(f"{text:<{column}}{beside.text}")
        self._lines.extend(" " * column + more for more in beside.more)

    def _comments(self, comments: list[Comment], indent: int, *, first: bool = False) -> None:
        for comment in comments:
            self._blank(comment.blank and not first)
            for text in (comment.text, *comment.more):
                self._line(" " * indent + text)
            first = False

    # Collections.

    def _block(self, node: Node, indent: int, order: Order, lead: str = "") -> None:
        """The entries of a collection, each on lines of its own. `lead` stands before the first instead of blanks."""
        for index, entry in enumerate(_sorted(node, order)):
            is_first = index == 0
            begin = lead if lead and is_first else " " * indent
            if not lead or not is_first:
                above = [*entry.before, *_above(entry, order)]
                self._comments(above, indent, first=is_first and indent > 0)
                self._blank(entry.blank and (bool(above) or not is_first))
            if entry.key is None:
                self._item(begin, entry, indent, order)
            else:
                self._value(f"{begin}{_key(entry.key)}:", entry, indent, order.inside(entry.key.value))
        self._comments(node.foot, indent)

    def _item(self, begin: str, entry: Entry, indent: int, order: Order) -> None:
        """An entry of a list; a collection in it begins on the line of its dash."""
        value = entry.value
        if value.is_block and not value.anchor:
            self._block(value, indent + _STEP, order, f"{begin}- ")
        else:
            self._value(f"{begin}-", entry, indent, order)

    def _value(self, begin: str, entry: Entry, indent: int, order: Order) -> None:
        """A value after what stands before it on its line. `indent` is that of the entries around it."""
        node = entry.value
        named = _joined(begin, f"&{node.anchor}" if node.anchor else "")
        if node.is_block:
            self._line(named, entry.beside[0] if entry.beside else None)
            self._block(node, indent + _STEP, order)
            return
        beside = entry.beside[-1] if entry.beside else None
        if node.form == "scalar":
            self._scalar(named, node, max(indent, 0) + _STEP, beside)
        else:
            self._line(_joined(begin, _flow(node, order)), beside)

    # Scalars.

    def _scalar(self, begin: str, node: Node, indent: int, beside: Comment | None) -> None:
        if node.style in {"|", ">"}:
            header, *lines = _block_scalar(node)
            if beside is not None and beside.more:
                raise AssertionError("below the header of a block scalar stands its text")
            self._line(_joined(begin, header), beside)
            self._lines.extend(" " * indent + line if line else "" for line in lines)
            self._keeps = "+" in header
            return
        first, *others = _inline(node)
        lines = [_joined(begin, first), *(" " * indent + line if line else "" for line in others)]
        for line in lines[:-1]:
            self._line(line)
        self._line(lines[-1], beside)


def _joined(begin: str, text: str) -> str:
    """What begins a line, and what follows it."""
    return f"{begin} {text}" if text and begin.strip() else begin + text


def _settle(node: Node, indent: int, order: Order) -> None:
    """Put collections in brackets on lines of their own where one line is too short for them."""
    for entry in node.entries:
        value = entry.value
        inner = order.inside(entry.key.value) if entry.key else order
        begin = f"{_key(entry.key)}:" if entry.key else "-"
        if value.entries and not value.is_block:
            value.is_block = indent + len(_joined(begin, _flow(value, inner))) > WIDTH
        if value.is_block:
            _settle(value, indent + _STEP, inner)


def _kind(root: Node) -> str:
    found = [entry.value.value for entry in root.entries if entry.key and entry.key.value == "kind"]
    return found[0] if found else ""


def _sorted(node: Node, order: Order) -> list[Entry]:
    """The entries of a collection in their order: a list's is its own."""
    if node.form == "list":
        return node.entries
    names = [entry.key.value if entry.key else "" for entry in node.entries]
    return [node.entries[index] for index in order.sorted(names)]


def _above(entry: Entry, order: Order) -> Iterator[Comment]:
    """The comments that stand beside or inside an entry and have no place there any more."""
    value = entry.value
    if value.is_block and entry.key is None and not value.anchor:  # begins on the line of the dash
        yield from entry.beside
        first = _sorted(value, order)[0]
        yield from first.before
        yield from _above(first, order)
    elif value.is_block:
        yield from entry.beside[1:]
    else:
        yield from entry.beside[:-1]


def _inline(node: Node) -> list[str]:
    """A plain or quoted scalar in its lines, without what indents them."""
    first, *others = node.raw.split("\n")
    if not others and node.style == "'" and not re.search(r'["\\]', node.value):
        return [f'"{node.value}"']
    lines = [first, *(line.lstrip(" \t") for line in others)]
    return [*(_trimmed(line) for line in lines[:-1]), lines[-1]]


def _trimmed(line: str) -> str:
    """The line without blanks at its end, but for one that a backslash makes part of the text."""
    bare = line.rstrip(" \t")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if slashes % 2 and len(line) > len(bare) else bare


def _block_scalar(node: Node) -> list[str]:
    """A literal or folded scalar: its header, and its lines without what indents them."""
    header, *raw = node.raw.split("\n")
    mark = header.split("#")[0].strip()
    if node.style == ">" and mark in {">", ">-"}:
        filled = [line for line in raw if line.strip()]
        indent = len(filled[0]) - len(filled[0].lstrip(" ")) if filled else 0
        lines = [line[indent:] for line in raw]
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            return [mark, *lines]
    last = node.value.rstrip("\n").rpartition("\n")[2]
    if not node.value or (
        last and not last.strip(" \t")
    ):  # a blank line could be taken for one between entries
        return [quoted(node.value)]
    *lines, rest = node.value.split("\n")
    chomp = "-" if rest else ""
    lines = [*lines, rest] if rest else lines
    if not rest and ((len(lines) > 1 and not lines[-1]) or not any(lines)):
        chomp = "+"
    begins = next((line for line in lines if line), "")
    return [f"|{_STEP if begins[:1] in {' ', chr(9)} else ''}{chomp}", *lines]


def _key(node: Node) -> str:
    anchor = f"&{node.anchor} " if node.anchor else ""
    return anchor + _short(node)


def _short(node: Node) -> str:
    """A scalar on one line."""
    if node.style in {"|", ">"} or ("\n" in node.raw and (node.style or "\n" in node.value)):
        return quoted(node.value)
    if "\n" in node.raw:
        return node.value
    return _inline(node)[0]


def _flow(node: Node, order: Order) -> str:
    """A value on one line."""
    anchor = f"&{node.anchor} " if node.anchor else ""
    if node.form == "scalar":
        return anchor + _short(node)
    if node.form == "list":
        return anchor + "[" + ", ".join(_flow(entry.value, order) for entry in node.entries) + "]"
    pairs = [
        f"{_key(entry.key)}: {_flow(entry.value, order.inside(entry.key.value))}"
        for entry in _sorted(node, order)
        if entry.key is not None
    ]
    return anchor + "{" + ", ".join(pairs) + "}"

"""Values of a manifest put into its text: what changed is written in its place, and everything else stays as somebody wrote it.

A room of its own beside `rename.py`, which puts one text in the place of another: here a document is to mean another value, and
the fewest lines are changed that make it so. Places are those of `fmt/tree.py`, which knows where values end. Whatever it
does, the result is read again: it has to mean exactly what was asked for and to have every comment, but for those beside a
line that went; otherwise nothing is edited, and that is said. It is given bytes and opens no file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from dpsync.kinds import KINDS
from dpsync.manifests.document import read_documents
from dpsync.manifests.files import File
from dpsync.manifests.fmt.order import Order
from dpsync.manifests.fmt.tree import Entry, Node, NotFormatted, Place, read_tree
from dpsync.manifests.load import Manifest
from dpsync.manifests.origins import DocumentOrigins
from dpsync.manifests.rewriting import Rewritten
from dpsync.manifests.write import field_lines, flow, inline, item_lines
from dpsync.model.resource import Resource

_BOM = "\ufeff"


class NotEdited(Exception):
    """Why a text is left as it is, as the end of a sentence."""


def edited(content: bytes, index: int, value: Mapping[str, Any]) -> bytes:
    """The file in which the document with this index means the value. Raises NotEdited."""
    documents, problems = read_documents(content)
    if problems or index >= len(documents):
        raise NotEdited("the file is not what it was when it was read")
    text = content.decode()
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    ending = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or plain.replace("\n", ending) != text:
        raise NotEdited("its lines end in different ways")
    plain += "" if plain.endswith("\n") else "\n"
    try:
        tree = read_tree(plain)
        editing = _Editing(plain)
        old: Any = documents[index].root
        name = old.get("kind") if isinstance(old, dict) else None
        kind = KINDS.get(name) if isinstance(name, str) else None
        order = Order((Manifest,), spec=(kind.spec,) if kind else ())
        editing.change(tree.pages[index].root, old, value, order)
        after = editing.text()
        _must_be_meant(after, [one.root for one in documents], index, value)
        lost = Counter(tree.comments) - Counter(read_tree(after).comments)
    except (NotFormatted, IndexError):
        raise NotEdited("it is written in a way that cannot be edited") from None
    if lost - editing.gone:
        raise NotEdited("comments stand inside of what changed")
    return (mark + after.replace("\n", ending)).encode()


def pinned(content: bytes, index: int, live_id: str, environment: str, environments: Sequence[str]) -> bytes:
    """The file in which a document pins a live id in an environment; in the others it keeps what it has. Raises NotEdited."""
    documents, _problems = read_documents(content)
    root: Any = documents[index].root if index < len(documents) else {}
    metadata = dict(root.get("metadata") or {})
    ids = metadata.get("id")
    if isinstance(ids, str):
        ids = dict.fromkeys((name for name in environments if name != environment), ids)
    many = len(environments) > 1
    metadata["id"] = {**(ids or {}), environment: live_id} if many else live_id
    return edited(content, index, {**root, "metadata": metadata})


def index_of(one: Resource) -> int:
    """The number of a resource's document in its file."""
    assert isinstance(one.origins, DocumentOrigins), "the loader makes no other"
    return (one.origins.written or one.origins.document).index


def rewritten(file: File, before: bytes, after: bytes) -> Rewritten:
    """A file with its new content, for who writes it: with the lines that are new."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    lines = tuple(
        (number + 1, new[number].strip())
        for what, _first, _last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if what != "equal"
        for number in range(begin, end)
    )
    return Rewritten(file.name, Path(file.path), before, after, lines)


def _must_be_meant(after: str, roots: Sequence[Any], index: int, value: Any) -> None:
    again, problems = read_documents(after.encode())
    meant = [value if number == index else root for number, root in enumerate(roots)]
    if problems or [_told(one.root) for one in again] != [_told(one) for one in meant]:
        raise NotEdited("it is written in a way that cannot be edited")


def _told(value: Any) -> str:
    """A value as a text that tells 1 from true and from 1.0."""
    return json.dumps(value, sort_keys=True)


def _beside(entry: Entry) -> Iterator[str]:
    """The comments that stand on the lines of an entry."""
    for one in entry.beside:
        yield from (one.text, *one.more)
    for inner in entry.value.entries:
        yield from _beside(inner)


def _grows(node: Node, old: Any, new: Any) -> bool:
    """Whether a mapping in braces keeps all that it has, if with other values, so that it need not be written anew."""
    is_in_braces = node.form == "map" and not node.was_block
    both = isinstance(old, dict) and isinstance(new, dict)
    whole = all(entry.value.raw or entry.value.form != "scalar" for entry in node.entries)
    return is_in_braces and both and bool(node.entries) and old.keys() <= new.keys() and whole


def _alike(one: Any, other: Any) -> bool:
    """Whether an entry of a list is another one by some of its parts, and not another altogether."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    if any(isinstance(value, dict | list) for value in one.values()):
        return one.keys() == other.keys()
    return any(name in other and _told(other[name]) == _told(value) for name, value in one.items())


class _Editing:
    """A text being edited: pieces of it, each with what takes its place."""

    def __init__(self, text: str) -> None:
        self._source = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._edits: list[tuple[int, int, str]] = []
        self.gone: Counter[str] = Counter()
        """The comments that stood beside a line that went."""

    def text(self) -> str:
        """The text with every edit. Raises NotEdited if two are about the same place."""
        pieces: list[str] = []
        done = 0
        for start, end, put in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < done:
                raise NotEdited("it is written in a way that cannot be edited")
            pieces += (self._source[done:start], put)
            done = end
        return "".join((*pieces, self._source[done:]))

    def change(self, entry: Entry, old: Any, new: Any, order: Order) -> None:
        """Let the value of an entry be another one, by as few lines as it takes."""
        if _told(old) == _told(new):
            return
        node = entry.value
        if node.anchor:
            raise NotEdited("it has an anchor")
        if node.was_block and old and new and isinstance(old, dict) and isinstance(new, dict):
            self._mapping(node, old, new, order)
        elif node.was_block and old and new and isinstance(old, list) and isinstance(new, list):
            self._list(node, old, new, order)
        elif _grows(node, old, new):
            self._in_braces(node, old, new, order)
        else:
            self._replace(entry, new)

    def _in_braces(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any], order: Order) -> None:
        """A mapping on one line: each value in its place, and what is new at the end."""
        for entry in node.entries:
            assert entry.key is not None, "a mapping has keys"
            name = entry.key.value
            if _told(old[name]) == _told(new[name]):
                continue
            if entry.value.form == "scalar":
                self._edits.append((self._offset(entry.value.start), self._end(entry), flow(new[name])))
            else:
                self.change(entry, old[name], new[name], order.inside(name))
        added = ", ".join(f"{flow(name)}: {flow(value)}" for name, value in new.items() if name not in old)
        if added:
            place = self._end(node.entries[-1])
            self._edits.append((place, place, f", {added}"))

    # Collections in block style.

    def _mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any], order: Order) -> None:
        entries = {entry.key.value: entry for entry in node.entries if entry.key is not None}
        if len(entries) != len(old):
            raise NotEdited("it is written in a way that cannot be edited")
        column = node.entries[0].start[1]
        for name, entry in entries.items():
            if name in new:
                self.change(entry, old[name], new[name], order.inside(name))
            else:
                self._remove(entry)
        names = [*entries, *(name for name in new if name not in entries)]
        ordered = [names[at] for at in order.sorted(names)]
        for name in new:
            if name not in entries:
                before = [one for one in ordered[: ordered.index(name)] if one in entries]
                self._insert(
                    node, entries[before[-1]] if before else None, field_lines(name, new[name], column)
                )

    def _list(self, node: Node, old: Sequence[Any], new: Sequence[Any], order: Order) -> None:
        column = node.entries[0].start[1]
        matcher = SequenceMatcher(
            None, [_told(one) for one in old], [_told(one) for one in new], autojunk=False
        )
        for what, first, last, begin, end in matcher.get_opcodes():
            if what == "equal":
                continue
            pairs = zip(old[first:last], new[begin:end], strict=False)
            if what == "replace" and last - first == end - begin and all(_alike(*pair) for pair in pairs):
                for at, to in zip(range(first, last), range(begin, end), strict=True):
                    self.change(node.entries[at], old[at], new[to], order)
                continue
            for at in range(first, last):
                self._remove(node.entries[at])
            lines = [line for one in new[begin:end] for line in item_lines(one, column)]
            if lines:
                self._insert(node, node.entries[last - 1] if last else None, lines)

    def _insert(self, node: Node, after: Entry | None, lines: Sequence[str]) -> None:
        """Put lines below an entry, or above the first one."""
        if after is not None:
            place = self._line_end(self._end(after))
        else:
            first = node.entries[0]
            self._must_begin_a_line(first)
            place = self._starts[first.start[0]]
        self._edits.append((place, place, "".join(f"{line}\n" for line in lines)))

    def _remove(self, entry: Entry) -> None:
        self._must_begin_a_line(entry)
        start, end = self._starts[entry.start[0]], self._line_end(self._end(entry))
        self._edits.append((start, end, ""))
        self.gone.update(_beside(entry))

    # One value.

    def _replace(self, entry: Entry, new: Any) -> None:
        """Write another value in the place of one, in the style of what stands around it."""
        node = entry.value
        start, end = self._offset(node.start), self._end(entry)
        is_text = not isinstance(new, dict | list) and not (isinstance(new, str) and "\n" in new)
        if isinstance(new, str) and "#" in self._source[end : self._line_end(end)]:
            is_text = True  # below a comment that stands beside it, a text of several lines would swallow it
        is_empty = node.form == "scalar" and not node.raw
        if node.form != "scalar" and not node.was_block:
            self._edits.append((start, end, flow(new)))
        elif not is_empty and is_text and node.form == "scalar" and node.style not in {"|", ">"}:
            self._edits.append((start, end, inline(new)))
        elif entry.key is not None:
            self._must_begin_a_line(entry)
            begin = self._offset(entry.start)
            lines = field_lines(entry.key.value, new, entry.start[1])
            lines[0] = lines[0].lstrip()
            self._edits.append((begin, end, "\n".join(lines)))
        else:
            self._must_begin_a_line(entry)
            lines = item_lines(new, entry.start[1])
            lines[0] = lines[0].lstrip()
            self._edits.append((self._offset(entry.start), end, "\n".join(lines)))

    # Places.

    def _end(self, entry: Entry) -> int:
        """The offset at which the value of an entry ends: of what was left empty, where the sign before it does."""
        node = entry.value
        while node.form != "scalar" and node.was_block and node.entries:
            entry = node.entries[-1]
            node = entry.value
        if node.form != "scalar":
            return self._offset(node.end)
        if not node.raw:
            key = entry.key
            return (
                self._offset(key.start) + len(key.raw) + 1
                if key is not None
                else self._offset(entry.start) + 1
            )
        return self._offset(node.start) + len(node.raw.rstrip())

    def _offset(self, place: Place) -> int:
        return self._starts[place[0]] + place[1]

    def _line_end(self, offset: int) -> int:
        """Where the line after an offset begins."""
        return self._source.index("\n", offset) + 1

    def _must_begin_a_line(self, entry: Entry) -> None:
        start = self._starts[entry.start[0]]
        if self._source[start : self._offset(entry.start)].strip():
            raise NotEdited("it is written in a way that cannot be edited")

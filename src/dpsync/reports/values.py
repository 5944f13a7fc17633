"""Values as text: what a field holds, and how it differs from what it held, line by line.

A room of its own because it is the same for every kind and every format: it asks a value what it is, never which field
of which kind it came from. It escapes nothing (`layout.py` does) and decides nothing about access (`sentences.py` does).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from dpsync.model.base import Spec, rules_of
from dpsync.model.reference import Reference, SourceReference
from dpsync.reports.layout import Line

NONE = "(none)"
_GOES, _COMES = "-", "+"
_ONE_LINE = 66
"""Up to how many characters before and after stand in one line."""
_IDENTIFIERS = frozenset({"id", "key"})
"""Attributes of an entry of a list that say which one it is, not what it is."""


def plain(value: Any) -> Any:
    """The value in JSON's own types: a spec as the fields it manages, by their manifest names."""
    match value:
        case Spec():
            return {
                rule.name: plain(getattr(value, rule.attribute))
                for rule in rules_of(type(value))
                if value.manages(rule.attribute)
            }
        case Reference():
            return {"id": value.id, "text": value.text}
        case SourceReference():
            return {"id": value.id, "text": value.text, "by_match": value.by_match}
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case tuple() | list():
            return [plain(inner) for inner in value]
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)


def inline(value: Any) -> str:
    """The value in a few words, on one line."""
    match value:
        case None | ():
            return NONE
        case bool():
            return "yes" if value else "no"
        case str():
            return quoted(value)
        case tuple() | list():
            return ", ".join(inline(entry) for entry in value)
        case Mapping():
            return json.dumps(plain(value), ensure_ascii=False)
        case Spec() if not says_itself(value):
            return ", ".join(f"{name} {inline(inner)}" for name, inner in _managed(value))
        case _:
            return str(value)


def quoted(text: str) -> str:
    """The text between double quotes."""
    return '"' + text.replace('"', '\\"') + '"'


def says_itself(value: Spec) -> bool:
    """Whether the spec has a sentence of its own, as review flows and form fields have."""
    return type(value).__str__ is not BaseModel.__str__


def set_lines(path: str, value: Any, *, owner: type[Spec] | None = None, depth: int = 0) -> Iterator[Line]:
    """What a new object has in one field. `owner` is the spec class that declares the field."""
    if isinstance(value, Spec) and not says_itself(value):
        for name, inner in _managed(value):
            yield from set_lines(f"{path}.{name}", inner, owner=type(value), depth=depth)
    elif isinstance(value, Spec):
        yield Line(depth, f"{path}: {_sentence(None, value, value)}")
        for inner, before, after in _unsaid(None, value):
            if _is_addable(inner, before, after):
                continue
            if _is_opaque(after):
                yield from _differing(inner, _json_of(before), _json_of(after), depth + 1)
            else:
                yield Line(depth + 1, f"{inner}: {inline(after)}")
    elif isinstance(value, tuple) and any(isinstance(entry, Spec) for entry in value):
        yield Line(depth, f"{path}: {len(value)}")
        for entry in value:
            yield Line(depth + 1, _entry(entry))
    elif isinstance(value, str) and "\n" in value.strip("\n"):
        rows = value.strip("\n").split("\n")
        yield Line(depth, f"{path}: {quoted(rows[0])} … ({len(rows)} lines)")
    else:
        yield Line(depth, f"{path}: {_word(value, owner, path)}")


def changed_lines(
    path: str, before: Any, after: Any, *, owner: type[Spec] | None = None, depth: int = 0
) -> Iterator[Line]:
    """What one field held and will hold."""
    specs = [value for value in (before, after) if isinstance(value, Spec)]
    tuples = [value for value in (before, after) if isinstance(value, tuple)]
    if specs and all(says_itself(value) for value in specs):
        yield from _sentences(path, before, after, depth)
    elif specs and all(value is None or isinstance(value, Spec) for value in (before, after)):
        for name, old, new in _pairs(before, after):
            if after is not None and name not in dict(_managed(after)):
                continue
            yield from changed_lines(f"{path}.{name}", old, new, owner=type(specs[0]), depth=depth)
    elif tuples and any(_is_opaque(value) for value in tuples):
        yield from _differing(path, _json_of(before), _json_of(after), depth)
    elif tuples and all(value is None or isinstance(value, tuple) for value in (before, after)):
        yield from _entries(path, before or (), after or (), depth)
    elif any(isinstance(value, str) and "\n" in value for value in (before, after)):
        yield from _differing(path, _rows(before), _rows(after), depth)
    else:
        yield from _from_to(path, _word(before, owner, path), _word(after, owner, path), depth)


def _from_to(path: str, before: str, after: str, depth: int) -> Iterator[Line]:
    text = f"{path}: {before} → {after}"
    if len(text) + 2 * depth <= _ONE_LINE:
        turns = ((_GOES, f"{path}: {before}"), (_COMES, f"{path}: {after}"))
        yield Line(depth, text, turns=turns)
    else:
        yield Line(depth, f"{path}:")
        yield from _was_and_now(before, after, depth + 1)


def _was_and_now(before: str, after: str, depth: int) -> Iterator[Line]:
    for words, mark in ((f"was: {before}", _GOES), (f"now: {after}", _COMES)):
        yield Line(depth, words, turns=((mark, words),))


def _sentences(path: str, before: Spec | None, after: Spec | None, depth: int) -> Iterator[Line]:
    """Was and now in the words of the values, then what those words leave out."""
    was, now = (_sentence(before, after, side) for side in (before, after))
    yield Line(depth, f"{path}:")
    if was == now:
        yield Line(depth + 1, f"still: {now}")
    else:
        yield from _was_and_now(was, now, depth + 1)
    for inner, old, new in _unsaid(before, after):
        if not _is_addable(inner, old, new):
            yield from changed_lines(inner, old, new, depth=depth + 1)


def _sentence(before: Spec | None, after: Spec | None, side: Spec | None) -> str:
    """The words of one of the two values, with the simple values in which they differ and which the words leave out."""
    added = [
        f"{path} {inline(value)}"
        for path, old, new in _unsaid(before, after)
        if _is_addable(path, old, new) and (value := new if side is after else old) is not None
    ]
    return ", ".join((inline(side), *added))


def _is_addable(path: str, before: Any, after: Any) -> bool:
    """Whether it is a simple value of the whole, such as a comment, that can be added to a sentence."""
    return "[" not in path and all(isinstance(value, str | int | None) for value in (before, after))


def _unsaid(before: Spec | None, after: Spec | None) -> Iterator[tuple[str, Any, Any]]:
    """The differences that do not show in the sentences of the two values: (path, before, after)."""
    was, now = inline(before), inline(after)
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for path in dict.fromkeys((*old, *new)):
        (before_leaf, is_choice), (after_leaf, also_choice) = (
            leaves.get(path, (None, True)) for leaves in (old, new)
        )
        if before_leaf == after_leaf:
            continue
        is_said = (is_choice and also_choice) or (_is_said(before_leaf, was) and _is_said(after_leaf, now))
        is_gone = after_leaf is None and "[" in path  # the sentence without it says so
        if was == now or not (is_said or is_gone):
            yield path, before_leaf, after_leaf


def _is_said(value: Any, sentence: str) -> bool:
    if value is None:
        return True
    if isinstance(value, str | int) and not isinstance(value, bool):
        return re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", sentence, re.IGNORECASE) is not None
    return False


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, bool]]]:
    """The values inside a spec that hold no other spec, by path, and whether each is one of a fixed choice."""
    if not isinstance(value, Spec):
        return
    for name, inner in _managed(value):
        here = f"{path}.{name}" if path else name
        if isinstance(inner, Spec):
            yield from _leaves(inner, here)
        elif isinstance(inner, tuple) and any(isinstance(entry, Spec) for entry in inner):
            for index, entry in enumerate(inner):
                yield from _leaves(entry, f"{here}[{index + 1}]")
        elif isinstance(inner, Reference):
            yield here, (str(inner), False)
        elif inner not in (None, ()):
            yield here, (inner, _is_choice(type(value), name))


def _entries(path: str, before: tuple[Any, ...], after: tuple[Any, ...], depth: int) -> Iterator[Line]:
    """What comes to a list, what goes, what changes in place, and whether the order does."""
    partners = _partners(before, after)
    used = {id(old) for old in partners.values()}
    added = sum(1 for index in range(len(after)) if index not in partners)
    removed = len(before) - len(partners)
    changed = [index for index, old in partners.items() if not _is_same(after[index], old)]
    kept = len(partners) - len(changed)
    positions = [
        next(place for place, entry in enumerate(before) if entry is old) for old in partners.values()
    ]
    is_ordered = any(isinstance(entry, Spec) for entry in after) or not (added or removed or changed)
    moved = is_ordered and positions != sorted(positions)
    counts = {"added": added, "removed": removed, "changed": len(changed), "kept": kept}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    yield Line(depth, f"{path}: {said or NONE}")
    for index, entry in enumerate(after):
        if index not in partners:
            yield Line(depth + 1, _entry(entry), "+")
        elif index in changed:
            yield Line(depth + 1, str(entry), "~")
            for name, old, new in _pairs(partners[index], entry):
                if name not in _IDENTIFIERS or (old is not None and new is not None):
                    yield from changed_lines(name, old, new, owner=type(entry), depth=depth + 2)
    for entry in before:
        if id(entry) not in used:
            yield Line(depth + 1, _entry(entry), "-")
    if moved:
        yield Line(depth + 1, "the order becomes: " + ", ".join(inline(entry) for entry in after))


def _partners(before: tuple[Any, ...], after: tuple[Any, ...]) -> dict[int, Any]:
    """For the index of each entry that was there before, the entry as it was."""
    left = list(before)
    found: dict[int, Any] = {}
    for is_partner in (_is_same, _has_same_id, _has_same_words):
        for index, entry in enumerate(after):
            if index in found:
                continue
            place = next((place for place, old in enumerate(left) if is_partner(entry, old)), None)
            if place is not None:
                found[index] = left.pop(place)
    return dict(sorted(found.items()))


def _is_same(entry: Any, other: Any) -> bool:
    return entry.matches(other) if isinstance(entry, Spec) else bool(entry == other)


def _has_same_id(entry: Any, other: Any) -> bool:
    mine = getattr(entry, "id", None)
    return isinstance(entry, Spec) and mine is not None and mine == getattr(other, "id", None)


def _has_same_words(entry: Any, other: Any) -> bool:
    return isinstance(entry, Spec) and type(entry) is type(other) and str(entry) == str(other)


def _entry(entry: Any) -> str:
    """An entry of a list in its words and, where it is a spec, with what they leave out."""
    if not isinstance(entry, Spec):
        return inline(entry)
    sentence = inline(entry)
    fields = type(entry).model_fields
    rest = [
        f"{rule.name}: {inline(value)}"
        for rule in rules_of(type(entry))
        if rule.attribute not in _IDENTIFIERS
        and (value := getattr(entry, rule.attribute)) is not None
        and value != fields[rule.attribute].default
        and not _is_said(value, sentence)
    ]
    return f"{sentence}, {', '.join(rest)}" if rest and says_itself(entry) else sentence


def _differing(path: str, before: list[str], after: list[str], depth: int) -> Iterator[Line]:
    """The lines that come and go, with one line around them."""
    yield Line(depth, f"{path}:")
    hunks = 0
    for row in difflib.unified_diff(before, after, lineterm="", n=1):
        if row.startswith(("---", "+++")) and not hunks:
            continue
        if row.startswith("@@"):
            hunks += 1
            if hunks > 1:
                yield Line(depth + 1, "…")
            continue
        text = row[1:]
        words = text.rstrip(" ")
        text = words + "\\x20" * (len(text) - len(words))
        yield Line(depth + 1, text, row[0])


def _rows(value: Any) -> list[str]:
    return str(value).split("\n") if value else []


def _json_of(value: Any) -> list[str]:
    if not value:
        return []
    return json.dumps(plain(value), indent=2, ensure_ascii=False).split("\n")


def _is_opaque(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, tuple) and any(isinstance(entry, Mapping) for entry in value)
    )


def _managed(value: Spec) -> Iterator[tuple[str, Any]]:
    for rule in rules_of(type(value)):
        if value.manages(rule.attribute):
            yield rule.name, getattr(value, rule.attribute)


def _pairs(before: Spec | None, after: Spec | None) -> Iterator[tuple[str, Any, Any]]:
    """The fields of two values that differ, by manifest name. Of a value that is not there, all are None."""
    rules = {
        rule.name: rule for value in (after, before) if value is not None for rule in rules_of(type(value))
    }
    for name, rule in rules.items():
        old, new = (getattr(value, rule.attribute, None) for value in (before, after))
        if old != new:
            yield name, old, new


def _word(value: Any, owner: type[Spec] | None, path: str) -> str:
    """A value as text; one of a fixed choice needs no quotes."""
    if isinstance(value, str) and owner is not None and _is_choice(owner, path.rpartition(".")[2]):
        return value
    return inline(value)


def _is_choice(owner: type[Spec], name: str) -> bool:
    rule = next((rule for rule in rules_of(owner) if rule.name == name), None)
    if rule is None:
        return False
    annotation = owner.model_fields[rule.attribute].annotation
    return any(get_origin(part) is Literal for part in (annotation, *get_args(annotation)))


def under(line: Line, depth: int) -> Line:
    """The same line, deeper."""
    return replace(line, depth=line.depth + depth)


def told(value: Any, *, owner: type[Spec] | None = None, path: str = "") -> list[str]:
    """The value by itself, in lines: what stands on one side of two."""
    if isinstance(value, Spec) and says_itself(value):
        return [inline(value), *_left_unsaid(value)]
    if isinstance(value, Spec):
        return [
            line
            for name, inner in _managed(value)
            for line in _named(name, told(inner, owner=type(value), path=name))
        ]
    if _is_opaque(value):
        return _json_of(value)
    if isinstance(value, tuple) and value:
        return [line for entry in value for line in (_entry(entry).split("\n"))]
    if value is None or value == ():
        return []
    if isinstance(value, str) and "\n" in value:
        return value.split("\n")
    return [_word(value, owner, path)]


def _left_unsaid(value: Spec) -> Iterator[str]:
    """What the sentence of a spec leaves out."""
    for name, _, inner in _unsaid(None, value):
        yield from _named(name, told(inner))


def _named(name: str, lines: list[str]) -> list[str]:
    if len(lines) == 1:
        return [f"{name}: {lines[0]}"]
    return [f"{name}:", *(f"  {line}" for line in lines)] if lines else [f"{name}: {NONE}"]

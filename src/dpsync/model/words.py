"""Specs as a journal holds them: a manifest's words, with ids, and read back later by whoever undoes.

A module of its own because apply writes these words and others read them. A reference is `{"id": …}`, which outlives a
name, with `called` beside it where the name was known; one that has no id is what the manifest said. What is read back was
live once, which is not always what a manifest may say: what cannot be understood is named, and the rest is used. Must never
be used to read a manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from dpsync.model.base import FieldPath, FieldRule, Spec, map_references, rules_of
from dpsync.model.fields import Refers
from dpsync.model.reference import Reference, SourceReference

Words = Mapping[str, Any]
"""The fields of a spec by their manifest names, as plain JSON."""

_CALLED = "called"


def in_words(value: object) -> dict[str, Any]:
    """A value that JSON does not know, as a journal holds it: of a spec what is managed."""
    if isinstance(value, Spec):
        return {
            rule.name: getattr(value, rule.attribute)
            for rule in rules_of(type(value))
            if value.manages(rule.attribute)
        }
    if isinstance(value, Reference | SourceReference):
        if value.id is None:
            return {value.how: value.text}
        return {"id": value.id} | ({_CALLED: value.text} if value.text != value.id else {})
    raise TypeError(f"{type(value).__name__} has no place in a journal")


@dataclass(frozen=True, slots=True)
class Understood:
    """A spec read back from words: only what the words name is managed. `lost` are the dotted names of what is not there."""

    spec: Spec
    lost: tuple[str, ...] = ()


def understood(kind: type[Spec], words: Words) -> Understood:
    """The spec that the words describe. References keep the ids that they had, and what they were called."""
    values: dict[str, Any] = {}
    lost: list[str] = []
    for rule in rules_of(kind):
        if rule.name not in words:
            continue
        word = words[rule.name]
        group = _group(kind, rule.attribute)
        if group is not None and rule.touches is None and isinstance(word, Mapping):
            inner = understood(group, word)
            values[rule.attribute] = inner.spec
            lost += [f"{rule.name}.{name}" for name in inner.lost]
            continue
        try:
            read = _reader(kind, rule.attribute).validate_python(
                _prepared(word, SourceReference if rule.replaced_whole else Reference)
            )
        except ValidationError:
            lost.append(rule.name)
        else:
            values[rule.attribute] = read
    lost += sorted(words.keys() - {rule.name for rule in rules_of(kind)})
    spec: Spec = map_references(_whole(kind, values), _known)
    return Understood(spec, tuple(lost))


def _whole(kind: type[Spec], values: Mapping[str, Any]) -> Spec:
    """A spec that can be asked for every field: what is required and not there is None, and not managed."""
    missing = {
        name: None for name, one in kind.model_fields.items() if one.is_required() and name not in values
    }
    spec = kind.of(**values, **missing)
    spec.model_fields_set.difference_update(missing)
    return spec


def word_at(words: Words, path: str) -> tuple[bool, Any]:
    """Whether the words have something at a dotted path, and what."""
    value: Any = words
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False, None
        value = value[name]
    return True, value


def narrowed(words: Words, paths: Iterable[str]) -> dict[str, Any]:
    """Only what stands at these dotted paths."""
    kept: dict[str, Any] = {}
    for path in paths:
        is_there, value = word_at(words, path)
        if not is_there:
            continue
        *groups, last = path.split(".")
        inner = kept
        for name in groups:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return kept


def paths_in(kind: type[Spec], words: Words) -> Iterator[str]:
    """The dotted paths of everything that the words say, down through groups of fields."""
    return (path for path, _rule in _ruled(kind, words))


def without_what_stays(kind: type[Spec], words: Words) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The words less each null at which nothing can clear what is there by now; and the dotted paths of these."""
    stays = tuple(
        path
        for path, rule in _ruled(kind, words)
        if not rule.clearable and word_at(words, path) == (True, None)
    )
    return _less(words, stays), stays


def _less(words: Words, paths: Iterable[str]) -> dict[str, Any]:
    kept = dict(words)
    for path in paths:
        first, _, rest = path.partition(".")
        if rest:
            kept[first] = _less(kept[first], (rest,))
        else:
            del kept[first]
    return kept


def _ruled(kind: type[Spec], words: Words) -> Iterator[tuple[str, FieldRule]]:
    for rule in rules_of(kind):
        word = words.get(rule.name)
        group = _group(kind, rule.attribute)
        if group is not None and rule.touches is None and isinstance(word, Mapping):
            yield from ((f"{rule.name}.{name}", inner) for name, inner in _ruled(group, word))
        elif rule.name in words:
            yield rule.name, rule


def _prepared(word: Any, made: type[Reference | SourceReference]) -> Any:
    """The word with what was called something as the reference that it is, which no manifest could say."""
    if isinstance(word, list):
        return [_prepared(entry, made) for entry in word]
    if not isinstance(word, Mapping):
        return word
    is_source = made is SourceReference and word.keys() <= {"id", _CALLED}
    if "id" in word and (is_source or word.keys() == {"id", _CALLED}):
        identity = str(word["id"])
        return made(text=str(word.get(_CALLED, identity)), how="id", id=identity)
    return {name: _prepared(entry, made) for name, entry in word.items()}


def _known(_path: FieldPath, reference: Reference, _refers: Refers) -> Reference:
    """A reference by id as one that is resolved: it was, when it was written down."""
    if reference.how != "id" or reference.id is not None:
        return reference
    return reference.resolved(reference.text, reference.text)


@cache
def _group(kind: type[Spec], attribute: str) -> type[Spec] | None:
    """The class of a field that is one group of fields, or None."""
    annotation = kind.model_fields[attribute].annotation
    found = [
        one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, Spec)
    ]
    return found[0] if len(found) == 1 else None


@cache
def _reader(kind: type[Spec], attribute: str) -> TypeAdapter[Any]:
    return TypeAdapter(kind.model_fields[attribute].rebuild_annotation())

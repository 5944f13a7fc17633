"""Values of a spec as JSON and back, nothing lost: what is managed, what a reference resolved to, which class a value is.

A room of its own because every such value says itself what it is, under the name `$`, which no field of a manifest has:
`reference`, `source`, `json`, or a class of spec. So reading needs no knowledge of any kind, and validates nothing: what
is live may be what no manifest could say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, get_args

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, rules_of
from dpsync.model.reference import Reference, SourcePath, SourceReference

IS: Final = "$"
"""Under this name a value says what it is."""

UNMANAGED: Final = "$unmanaged"
"""The fields of a spec that have a value and are not managed: what was not read of a live object."""


class Unreadable(Exception):
    """A plan file does not have the shape of one; the text says where."""


def taken(entry: Any, what: str, *names: str, **otherwise: Any) -> tuple[Any, ...]:
    """The values of these fields, in this order: `names` must be there, `otherwise` may be, and nothing else."""
    if not isinstance(entry, dict):
        raise Unreadable(f"{what} is not an object")
    missing = [name for name in names if name not in entry]
    if missing:
        raise Unreadable(f"{what} has no `{missing[0]}`")
    unknown = sorted(entry.keys() - {*names, *otherwise})
    if unknown:
        raise Unreadable(f"{what} has a field `{unknown[0]}` that this dpsync does not know")
    return (
        *(entry[name] for name in names),
        *(entry.get(name, value) for name, value in otherwise.items()),
    )


def packed(value: Any) -> Any:
    """A spec, or a value of one, as JSON."""
    if isinstance(value, Spec):
        return _packed_spec(value)
    if isinstance(value, Reference):
        return {IS: "reference", "text": value.text, "how": value.how} | _said(
            id=value.id, within=value.within
        )
    if isinstance(value, SourceReference):
        return packed_source(value)
    if isinstance(value, Mapping | list):
        return {IS: "json", "value": value}
    if isinstance(value, tuple):
        return [packed(entry) for entry in value]
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given. Raises Unreadable."""
    if isinstance(value, list):
        return tuple(unpacked(entry) for entry in value)
    if isinstance(value, dict):
        name = str(value.get(IS))
        rest = {field: inner for field, inner in value.items() if field != IS}
        if name in _READERS:
            return _READERS[name](rest)
        if name in specs():
            return _spec(specs()[name], rest)
        raise Unreadable(f"a value is {name!r}, which this dpsync does not know")
    return value


def packed_source(one: SourceReference) -> dict[str, Any]:
    """An entry of a list of sources as JSON. What it does not say is left out."""
    return {IS: "source", "text": one.text, "how": one.how} | _said(
        id=one.id,
        path=dict(one.path.parts) if one.path is not None else None,
        pattern=[list(part) for part in one.pattern] or None,
        by_match=one.by_match or None,
        index=one.index or None,
    )


def unpacked_spec(value: Any, kind: str) -> Spec:
    """The spec of an object of this kind. Raises Unreadable if it is that of another."""
    found = unpacked(value)
    if not isinstance(found, KINDS[kind].spec):
        raise Unreadable(f"a {KINDS[kind].noun} has the spec of something else")
    return found


@cache
def specs() -> Mapping[str, type[Spec]]:
    """Every class of spec that can occur in a plan, by its name: those of the kinds, and those of their fields."""
    found: dict[str, type[Spec]] = {}
    for kind in KINDS.values():
        found.update((one.__name__, one) for one in _specs_in(kind.spec))
    return found


def _specs_in(annotation: Any) -> Iterator[type[Spec]]:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _specs_in(field.annotation)
    for part in get_args(annotation):
        yield from _specs_in(part)


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _packed_spec(spec: Spec) -> dict[str, Any]:
    body: dict[str, Any] = {IS: type(spec).__name__}
    unmanaged = []
    for rule in rules_of(type(spec)):
        if rule.attribute not in spec.__dict__:
            continue
        value = getattr(spec, rule.attribute)
        if not spec.manages(rule.attribute):
            if value == type(spec).model_fields[rule.attribute].default:
                continue
            unmanaged.append(rule.name)
        body[rule.name] = packed(value)
    return body | ({UNMANAGED: unmanaged} if unmanaged else {})


def _spec(cls: type[Spec], entry: dict[str, Any]) -> Spec:
    attributes = {rule.name: rule.attribute for rule in rules_of(cls)}
    unmanaged = entry.pop(UNMANAGED, [])
    unknown = sorted({*entry, *unmanaged} - attributes.keys())
    if unknown:
        raise Unreadable(f"{cls.__name__} has a field `{unknown[0]}` that this dpsync does not know")
    spec = cls.of(**{attributes[name]: unpacked(value) for name, value in entry.items()})
    spec.model_fields_set.difference_update(attributes[name] for name in unmanaged)
    return spec


def _reference(entry: dict[str, Any]) -> Reference:
    return Reference(*taken(entry, "a reference", "text", "how", id=None, within=None))


def _source(entry: dict[str, Any]) -> SourceReference:
    text, how, live_id, path, pattern, by_match, index = taken(
        entry, "a source", "text", "how", id=None, path=None, pattern=[], by_match=False, index=0
    )
    return SourceReference(
        how,
        text,
        SourcePath(**path) if path is not None else None,
        tuple((name, glob) for name, glob in pattern),
        live_id,
        by_match,
        index,
    )


def _json(entry: dict[str, Any]) -> Any:
    (value,) = taken(entry, "a JSON value", "value")
    return value


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "reference": _reference,
    "source": _source,
    "json": _json,
}
"""What reads a value that is no spec, by what it says it is."""

"""What a model is made of, field by field, as a person asks about it: names, meanings, types in words, what is inside.

A module of its own because the JSON Schema, `explain` and `fmt` need the same answers and none of them may know a kind from
another. It reads declarations only, never a value, and must never be used to validate one.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dpsync.model.base import Spec
from dpsync.model.fields import Clearable, Refers, ReplacedWhole, Touches, Unordered
from dpsync.model.reference import Reference, SourceReference

Mark = TypeVar("Mark")

_PARTS = ("platform", "hostname", "database", "schema", "table", "name", "prefix")
"""What a source may be known by, from the widest to the narrowest."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model.

    `shape` is its type in words; `default` is None where it has none: it is required, or a spec's, which is not managed
    where it is left out. `models` are what may stand in it, field by field; `by_name`: under names of one's own;
    `whole`: what stands in it is compared as one; `parts` are
    the names in a source, which is no model.
    """

    name: str
    meaning: str
    shape: str
    required: bool
    default: Any
    clearable: bool
    unordered: bool
    replaced_whole: bool
    managed: bool
    examples: tuple[Any, ...]
    refers: str
    inherits: bool
    models: tuple[type[BaseModel], ...]
    by_name: bool
    whole: bool
    parts: tuple[str, ...]


@cache
def names_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The declared fields of a model by the names that they have in a document, in the order of declaration."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


@cache
def models_of(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """A model and all that its fields lead to, each once."""
    found: dict[type[BaseModel], None] = {model: None}
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            found.update(dict.fromkeys(models_of(inner)))
    return tuple(found)


@cache
def outline(model: type[BaseModel]) -> tuple[Field, ...]:
    """Every field of a model, in the order of declaration."""
    return tuple(_field(model, name, field) for name, field in names_of(model).items())


def _field(model: type[BaseModel], name: str, field: FieldInfo) -> Field:
    refers = _mark(field, Refers)
    is_spec = issubclass(model, Spec)
    default = None if is_spec or field.is_required() else field.get_default(call_default_factory=True)
    return Field(
        name=name,
        meaning=field.description or "",
        shape=_shape(field, refers),
        required=field.is_required(),
        default=None if default in ((), {}) else default,
        clearable=_mark(field, Clearable) is not None,
        unordered=_mark(field, Unordered) is not None,
        replaced_whole=_mark(field, ReplacedWhole) is not None,
        managed=is_spec,
        examples=tuple(field.examples or ()),
        refers=refers.to if refers else "",
        inherits=refers.inherits if refers else False,
        models=tuple(dict.fromkeys(_models_in(field.annotation))),
        by_name=_is_by_name(field.annotation),
        whole=_mark(field, Touches) is not None or get_origin(field.annotation) is tuple,
        parts=_PARTS if _has_sources(field.annotation) else (),
    )


def _mark(field: FieldInfo, mark: type[Mark]) -> Mark | None:
    return next((one for one in field.metadata if isinstance(one, mark)), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _has_sources(annotation: Any) -> bool:
    return annotation is SourceReference or any(_has_sources(inner) for inner in get_args(annotation))


def _is_by_name(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(
        _is_by_name(inner)
        for inner in get_args(annotation)
        if get_origin(annotation) in {Union, types.UnionType, Annotated}
    )


# ------------------------------------------------------------------------------------- types in words


def _shape(field: FieldInfo, refers: Refers | None) -> str:
    limits = {
        name: getattr(mark, name) for mark in field.metadata for name in ("ge", "le") if hasattr(mark, name)
    }
    text = _words(field.annotation, refers)
    text += f" from {limits['ge']}" if "ge" in limits else ""
    return text + (f" to {limits['le']}" if "le" in limits else "")


def _words(annotation: Any, refers: Refers | None) -> str:
    """A type in words, singular."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(inner[0], refers)
    if origin in {Union, types.UnionType}:
        members = [member for member in inner if member is not type(None)]
        if len(members) == 1:
            return _words(members[0], refers)
        return "mapping"
    if origin is Literal:
        *others, last = [_written(value) for value in inner]
        return f"{', '.join(others)} or {last}" if others else last
    if origin is tuple:
        return _LISTS.get(_words(inner[0], refers)) or f"list of {_words(inner[0], refers)}s"
    if origin is dict:
        if inner[1] is Any:
            return "mapping"
        return f"{_words(inner[1], refers)}s by name"
    if annotation is Reference:
        return f"reference to a {_NOUNS.get(refers.to, refers.to)}" if refers else "reference"
    if annotation is SourceReference:
        return "source"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return _PLAIN.get(annotation, "value")


_PLAIN: Mapping[Any, str] = {str: "text", int: "whole number", bool: "true or false", float: "number"}
_LISTS: Mapping[str, str] = {"source": "list of sources"}
_NOUNS: Mapping[str, str] = {"User": "person", "Group": "group"}


def _written(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"

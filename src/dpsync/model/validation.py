"""What is wrong with a document, in our own words: pydantic's errors become findings with a place and a way out.

A room of its own because the wording of these messages is the product, and manifests and settings need the same ones.
Pydantic says where by a path that holds the tags of unions; walking the model along that path tells tags from fields,
and which names are known at that point. It must never decide what is valid: that is said where a field is declared.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from dpsync.model.base import FieldPath, Spec
from dpsync.model.fields import Clearable
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin, Place, Places
from dpsync.model.reference import Address

UNKNOWN_FIELD = "unknown-field"
MISSING_FIELD = "missing-field"
WRONG_TYPE = "wrong-type"
NOT_ALLOWED = "not-allowed"
INVALID_VALUE = "invalid-value"
NOT_NULL = "not-null"

M = TypeVar("M", bound=BaseModel)

_SHOWN = 60


def validated(
    model: type[M],
    value: Any,
    places: Places,
    file: str,
    *,
    prefix: FieldPath = (),
    address: Address | None = None,
) -> tuple[M | None, tuple[Finding, ...]]:
    """The value as an instance of the model, or None, and everything that is wrong with it.

    `prefix` is the path of the value in its document. A null is refused where the field cannot be cleared.
    """
    nulls = tuple(_nulls(model, value, ())) if _has_null(value) else ()
    findings = [
        _finding(NOT_NULL, _null(prefix, spot), places.at((*prefix, *spot.path)), file, address)
        for spot in nulls
    ]
    try:
        made = model.model_validate(value)
    except ValidationError as error:
        known = frozenset(spot.path for spot in nulls)
        findings += _findings(
            error, places, file, model=model, prefix=prefix, address=address, reported=known
        )
        return None, tuple(findings)
    return (None if findings else made), tuple(findings)


def understood(model: type[M], value: Any) -> M | None:
    """The value without the fields that the model does not know, if those are all that is wrong with it."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        if any(one["type"] != "extra_forbidden" for one in problems):
            return None
        paths = [_spot(model, one["loc"]).path for one in problems]
    try:
        return model.model_validate(_without(value, paths))
    except ValidationError:
        return None


def _without(value: Any, paths: list[FieldPath]) -> Any:
    """A copy of nested mappings and lists that lacks what stands at these paths."""
    inner: dict[str | int, list[FieldPath]] = {}
    for path in paths:
        inner.setdefault(path[0], []).append(path[1:])
    if isinstance(value, Mapping):
        return {
            name: _without(entry, inner[name]) if name in inner else entry
            for name, entry in value.items()
            if () not in inner.get(name, ())
        }
    return [_without(entry, inner[index]) if index in inner else entry for index, entry in enumerate(value)]


def findings_of(
    error: ValidationError, places: Places, file: str, *, model: type[BaseModel], prefix: FieldPath = ()
) -> tuple[Finding, ...]:
    """Every error of pydantic as a finding. `prefix` is the path of what was validated in its document."""
    return tuple(_findings(error, places, file, model=model, prefix=prefix))


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody who wrote this one probably meant, if there is one."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(_folded(candidate), candidate)
    found = difflib.get_close_matches(_folded(word), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def shown(value: Any) -> str:
    """A value as a message may quote it: one short line, in a manifest's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def path_text(path: FieldPath) -> str:
    """A path as a message shows it: `spec.reviewFlow.stages[0].any`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text if len(text) <= 2 * _SHOWN else "…" + text[-2 * _SHOWN :]


# ------------------------------------------------------------------------------------------- findings


class _Said(NamedTuple):
    message: str
    remedy: str


def _finding(rule: str, said: _Said, place: Place, file: str, address: Address | None) -> Finding:
    return Finding(rule, Severity.ERROR, said.message, said.remedy, Origin.at(file, place), address)


def _findings(
    error: ValidationError,
    places: Places,
    file: str,
    *,
    model: type[BaseModel],
    prefix: FieldPath,
    address: Address | None = None,
    reported: frozenset[FieldPath] = frozenset(),
) -> Iterator[Finding]:
    for one in error.errors(include_url=False):
        spot = _spot(model, one["loc"])
        context = one.get("ctx") or {}
        if spot.path in reported or _is_echo(one["type"], one["input"], context):
            continue
        rule, said, place = _said(one, spot, prefix, places)
        yield _finding(rule, said, place, file, address)


def _is_echo(kind: str, value: Any, context: Mapping[str, Any]) -> bool:
    """Whether this only repeats other errors: pydantic counts the items of a list that are valid."""
    return kind == "too_short" and isinstance(value, list | tuple) and len(value) >= context["min_length"]


def _said(error: ErrorDetails, spot: _Spot, prefix: FieldPath, places: Places) -> tuple[str, _Said, Place]:
    """The rule, the words and the place of one error of pydantic."""
    kind, value, context = error["type"], error["input"], error.get("ctx") or {}
    path = (*prefix, *spot.path)
    where = path_text(path) or "The document"
    if kind == "extra_forbidden":
        return UNKNOWN_FIELD, _unknown(path, spot), places.key_at(path)
    if kind == "missing":
        return MISSING_FIELD, _missing(path, spot.field), places.at(path[:-1])
    if kind == "union_tag_not_found":
        tag = str(context["discriminator"]).strip("'")
        remedy = f"Add `{tag}:` with one of: {_listed(_tags(spot.type))}."
        return MISSING_FIELD, _Said(f"{where} needs `{tag}`.", remedy), places.at(path)
    if kind == "union_tag_invalid":
        tag = str(context["discriminator"]).strip("'")
        here = (*path, tag)
        written = value.get(tag) if isinstance(value, Mapping) else value
        said = _not_allowed(path_text(here), written, _tags(spot.type))
        return NOT_ALLOWED, said, places.at(here)
    if value is None and kind not in _OURS:
        return NOT_NULL, _null(prefix, spot), places.at(path)
    if kind == "literal_error":
        return NOT_ALLOWED, _not_allowed(where, value, _literals(spot.type)), places.at(path)
    if kind in _EXPECTED:
        return WRONG_TYPE, _wrong_type(where, value, _EXPECTED[kind]), places.at(path)
    return INVALID_VALUE, _invalid(error, where, spot), places.at(path)


_OURS = frozenset({"value_error", "assertion_error", "reviewer"})

_TEXT, _SWITCH, _WHOLE, _LIST, _MAPPING = "a text", "true or false", "a whole number", "a list", "a mapping"

_EXPECTED = {
    "string_type": _TEXT,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": "a number",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}


def _unknown(path: FieldPath, spot: _Spot) -> _Said:
    name = str(path[-1])
    owner = path_text(path[:-1]) or "the document"
    message = f"{_quoted(name)} is not a field of {owner}."
    meant = closest(name, spot.known)
    if meant is not None:
        return _Said(message, f"Did you mean `{meant}`?")
    if not spot.known:
        return _Said(message, "Remove the line.")
    return _Said(message, f"Remove the line, or use one of: {', '.join(spot.known)}.")


def _missing(path: FieldPath, field: FieldInfo | None) -> _Said:
    name = path[-1]
    owner = path_text(path[:-1]) or "The document"
    about = f" {_sentence(field.description)}" if field is not None and field.description else ""
    return _Said(f"{owner} needs `{name}`.", f"Add `{name}:`.{about}")


def _null(prefix: FieldPath, spot: _Spot) -> _Said:
    message = f"{path_text((*prefix, *spot.path)) or 'The document'} cannot be null."
    field = spot.field
    leave_out = "leave the line out" + (" to not manage it." if spot.managed else ".")
    if spot.path and isinstance(spot.path[-1], int):
        return _Said(message, "Write a value after the `-`, or remove the line.")
    if field is not None and get_origin(_plain(field.annotation)) is tuple:
        return _Said(
            message, "Write `[]` for none." if field.is_required() else f"Write `[]` for none, or {leave_out}"
        )
    if field is not None and field.is_required():
        return _Said(message, "Write a value after the `:`.")
    return _Said(message, f"Write a value, or {leave_out}")


def _not_allowed(where: str, value: Any, allowed: tuple[Any, ...]) -> _Said:
    message = f"{where} cannot be {shown(value)}."
    if allowed in ((True,), (False,)):
        return _Said(message, f"Write `{shown(allowed[0])}`, or leave the line out.")
    if len(allowed) == 1:
        return _Said(message, f"Write {_listed(allowed)}.")
    texts = [entry for entry in allowed if isinstance(entry, str)]
    meant = closest(value, texts) if isinstance(value, str) else None
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    return _Said(message, f"{hint}Write one of: {_listed(allowed)}.")


def _wrong_type(where: str, value: Any, expected: str) -> _Said:
    message = f"{where} has to be {expected}, not {shown(value)}."
    if expected == _TEXT and isinstance(value, bool | int | float):
        return _Said(message, f'Put it in quotes: "{shown(value)}".')
    if expected == _SWITCH:
        return _Said(
            message, f"Write `{shown(_meant(value))}`." if _is_switch(value) else "Write `true` or `false`."
        )
    if expected == _WHOLE and isinstance(value, str) and value.strip().isdigit():
        return _Said(message, "Write it without quotes.")
    if expected == _LIST:
        return _Said(message, "Write each entry on a line of its own that begins with `- `.")
    if expected == _MAPPING:
        return _Said(message, "Write its fields below it, indented, each as `name: value`.")
    return _Said(message, f"Write {expected}.")


_YES = frozenset({"yes", "y", "on", "true", "1"})
_NO = frozenset({"no", "n", "off", "false", "0"})


def _is_switch(value: Any) -> bool:
    return str(value).casefold() in _YES | _NO


def _meant(value: Any) -> bool:
    return str(value).casefold() in _YES


def _invalid(error: ErrorDetails, where: str, spot: _Spot) -> _Said:
    kind, message, value, context = error["type"], error["msg"], error["input"], error.get("ctx") or {}
    if "remedy" in context:
        return _Said(message, str(context["remedy"]))
    if kind == "string_too_short":
        return _Said(f"{where} cannot be empty.", _about(spot.field) or "Write a text.")
    if kind == "too_short":
        return _Said(f"{where} cannot be empty.", "Write at least one entry, or leave the line out.")
    if kind == "string_pattern_mismatch":
        return _Said(
            f"{where} cannot be {shown(value)}.",
            f"It has to match {context['pattern']}. {_about(spot.field)}".rstrip(),
        )
    if any(name in context for name in _LIMITS):
        limits = _limits(spot.field) or [f"{_LIMITS[name]} {limit}" for name, limit in context.items()]
        return _Said(f"{where} cannot be {shown(value)}.", f"Write a number that is {' and '.join(limits)}.")
    reason = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    problem, semicolon, remedy = reason.rpartition("; ")
    if semicolon and repr(value) in problem:
        return _Said(f"{where}: {_cut(problem)}.", _sentence(remedy))
    if isinstance(value, Mapping | list | tuple):
        subject = f"{where} is not right"
        meant = next((tag for name in value if (tag := closest(str(name), _tags(spot.type)))), None)
        remedy = f"Did you mean `{meant}`? {_sentence(remedy)}" if meant is not None else remedy
    else:
        subject = f"{where} cannot be {shown(value)}"
    return _Said(f"{subject}: {_cut(problem)}." if semicolon else f"{subject}.", _sentence(_cut(remedy)))


_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def _limits(field: FieldInfo | None) -> list[str]:
    marks = field.metadata if field is not None else []
    return [
        f"{words} {getattr(mark, name)}"
        for mark in marks
        for name, words in _LIMITS.items()
        if getattr(mark, name, None) is not None
    ]


def _about(field: FieldInfo | None) -> str:
    return _sentence(field.description) if field is not None and field.description else ""


def _sentence(text: str) -> str:
    text = text.strip()
    end = "" if text.endswith((".", "?", "!")) else "."
    return text[:1].upper() + text[1:] + end


def _cut(text: str) -> str:
    return text if len(text) <= 4 * _SHOWN else text[: 4 * _SHOWN - 1] + "…"


def _quoted(name: str) -> str:
    short = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
    return f"`{short}`" if short.isprintable() else repr(short)


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(value if isinstance(value, str) else shown(value) for value in values)


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


# ------------------------------------------------------------------------ walking a model along a path


class _Spot(NamedTuple):
    """Where an error is: its path in the document, the type and the field there, the names known beside it.

    `managed`: it is a field of a spec, where omitting it means that it is not managed.
    """

    path: FieldPath
    type: Any
    field: FieldInfo | None
    known: tuple[str, ...] = ()
    managed: bool = False


def _spot(model: type[BaseModel], loc: tuple[str | int, ...]) -> _Spot:
    """What stands at a location of pydantic's; tags of unions are in the location and not in the document."""
    path: list[str | int] = []
    here: Any = model
    field: FieldInfo | None = None
    known: tuple[str, ...] = ()
    managed = False
    for step in loc:
        here = _plain(here)
        member = _tagged(here).get(step)
        if member is not None:
            here = member
            continue
        path.append(step)
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = _fields(here)
            known = tuple(fields)
            managed = issubclass(here, Spec)
            field = fields.get(str(step))
            here = field.annotation if field is not None else Any
        elif get_origin(here) in {tuple, list} and get_args(here):
            here = get_args(here)[0]
        elif get_origin(here) in {dict, Mapping} or _is_mapping(here):
            here = get_args(here)[1]
        else:
            here, field, known = Any, None, ()
    return _Spot(tuple(path), _plain(here), field, known, managed)


def _is_mapping(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _plain(annotation: Any) -> Any:
    """The type without its marks, and without `| None` where that leaves a single one."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _plain(members[0])
    return annotation


def _tagged(annotation: Any) -> Mapping[Any, Any]:
    """The members of a union of models, by their tags; nothing where it is not one."""
    if get_origin(annotation) not in {Union, types.UnionType}:
        return {}
    found: dict[Any, Any] = {}
    for member in get_args(annotation):
        marks = [mark.tag for mark in getattr(member, "__metadata__", ()) if isinstance(mark, Tag)]
        model = _plain(member)
        if marks:
            found.update(dict.fromkeys(marks, model))
        elif isinstance(model, type) and issubclass(model, BaseModel):
            found.update(
                (value, model)
                for field in model.model_fields.values()
                if field.is_required() and get_origin(field.annotation) is Literal
                for value in get_args(field.annotation)
            )
    return found


def _tags(annotation: Any) -> tuple[Any, ...]:
    return tuple(_tagged(annotation))


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


# ------------------------------------------------------------------------------------------- nulls


def _has_null(value: Any) -> bool:
    """Whether there is a null anywhere: asked of every manifest, so that only those with one are walked by type."""
    stack = [value]
    while stack:
        node = stack.pop()
        entries = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        if None in entries:
            return True
        stack.extend(entry for entry in entries if isinstance(entry, dict | list))
    return False


def _nulls(annotation: Any, value: Any, path: FieldPath) -> Iterator[_Spot]:
    """The fields of models that are null and cannot be cleared."""
    here = _plain(annotation)
    if isinstance(value, list):
        if get_origin(here) in {tuple, list}:
            for index, entry in enumerate(value):
                yield from _nulls(get_args(here)[0], entry, (*path, index))
        return
    if not isinstance(value, dict):
        return
    if _is_mapping(here):
        for name, entry in value.items():
            yield from _nulls(get_args(here)[1], entry, (*path, name))
        return
    model = _member(here, value)
    if model is None:
        return
    for name, entry in value.items():
        field = _fields(model).get(name)
        if field is None:
            continue
        if entry is not None:
            yield from _nulls(field.annotation, entry, (*path, name))
        elif not any(isinstance(mark, Clearable) for mark in field.metadata):
            yield _Spot((*path, name), field.annotation, field, managed=issubclass(model, Spec))


def _member(annotation: Any, value: Mapping[str, Any]) -> type[BaseModel] | None:
    """The model that a mapping is meant to be: the one there is, or that of the union which its tag names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for tag, model in _tagged(annotation).items():
        literal = any(value.get(name) == tag for name in _fields(model) if isinstance(value.get(name), str))
        if tag in value or literal:
            found: type[BaseModel] = model
            return found
    return None

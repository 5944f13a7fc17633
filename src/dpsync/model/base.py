"""The base of every spec: a frozen model that knows which of its fields are managed.

Omitted is not empty: a field that the manifest does not name is neither sent nor compared. A spec remembers that in
pydantic's set of given fields, and answers `manages("description")`. The live side is expressed in the same classes, so
that "what differs" is a question about two values of one type. No I/O, and nothing about one kind in particular.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from dpsync.model.fields import Clearable, Effect, Refers, ReplacedWhole, Touches, Unordered
from dpsync.model.finding import Severity
from dpsync.model.reference import Reference

FieldPath = tuple[str | int, ...]
"""Names as they stand in a manifest, and list indexes."""

Mark = TypeVar("Mark")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What is declared about one field: its attribute, its manifest name, and its marks."""

    attribute: str
    name: str
    unordered: bool
    clearable: bool
    replaced_whole: bool
    refers: Refers | None
    touches: Touches | None

    def effects(self, before: Any, after: Any) -> frozenset[Effect]:
        return self.touches.effects(before, after) if self.touches else frozenset({Effect.DESCRIPTIVE})


@dataclass(frozen=True, slots=True)
class Note:
    """Something a spec has to say about one of its own fields; the loader or planner turns it into a finding."""

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
    path: FieldPath = ()


SpecOf = Callable[[str, Reference], "Spec | None"]
"""Answers the spec of what a reference to a kind means, or None where that is not known."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a spec may look at when it is settled: its id, its live counterpart, and what it refers to.

    `spec_of(kind, reference)` is the spec that the referred object has once the plan is applied, or None.
    """

    id: str
    live: Spec | None
    spec_of: SpecOf


class Spec(BaseModel):
    """The `spec` of a manifest, and equally the state of a live object expressed in a manifest's words.

    Attributes are snake_case, manifest names camelCase. Unknown fields are errors.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        defer_build=True,  # a validator is built when it is first asked for: most commands ask few models
    )

    shorthands: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {}
    """Fields that are short for a group: by manifest name, the group and the fields of it that all get the value."""

    gives_access: ClassVar[bool] = False
    """Whether people have access by an object of this kind, so that deleting it takes access away."""

    @classmethod
    def of(cls, **values: Any) -> Self:
        """A spec of already valid values, given by attribute; what is not named is not managed. Not validated."""
        names = _aliases(cls)
        given = {names[name]: value for name, value in values.items()}
        return cast("Self", cls.model_construct(_fields_set=set(values), **given))

    def manages(self, attribute: str) -> bool:
        """Whether the field was given, be it as null."""
        return attribute in self.model_fields_set

    def with_values(self, **values: Any) -> Self:
        """The same spec with these fields set, and thereby managed. Not validated."""
        return self.model_copy(update=values)

    def without(self, *attributes: str) -> Self:
        """The same spec with these fields not managed."""
        return self.of(
            **{name: getattr(self, name) for name in self.model_fields_set if name not in attributes}
        )

    @property
    def title(self) -> str:
        """What people call the object: its `name`, where it has one."""
        return str(getattr(self, "name", "") or "")

    # What a kind may say about itself. The base has nothing to say.

    def normalised(self) -> Self:
        """The spec in its one canonical form (`requestForm` written out as both `requestForms`)."""
        return self

    def notes(self, _vintage: str) -> Iterator[Note]:
        """What is wrong or doubtful about the spec alone, without looking at anything live."""
        yield from ()

    def undecided(self, _spec_of: SpecOf) -> tuple[str, ...]:
        """The manifest names of fields that decide about access and are left to the marketplace."""
        return ()

    @property
    def looks_at_live(self) -> bool:
        """Whether `settled` depends on what the live side refers to and this one leaves to it."""
        return False

    def settled(self, _around: Surroundings) -> tuple[Self, tuple[Note, ...]]:
        """The spec as it would stand in the marketplace, and what there is to say about that."""
        return self, ()

    def matches(self, live: Any) -> bool:
        """Whether the live value is what this one asks for."""
        return bool(self == live)


@cache
def _aliases(cls: type[Spec]) -> Mapping[str, str]:
    return {name: field.alias or name for name, field in cls.model_fields.items()}


@cache
def rules_of(cls: type[Spec]) -> tuple[FieldRule, ...]:
    """What is declared about each field of a spec class, in the order of declaration."""
    return tuple(
        FieldRule(
            attribute=attribute,
            name=field.alias or attribute,
            unordered=_mark(field.metadata, Unordered) is not None,
            clearable=_mark(field.metadata, Clearable) is not None,
            replaced_whole=_mark(field.metadata, ReplacedWhole) is not None,
            refers=_mark(field.metadata, Refers),
            touches=_mark(field.metadata, Touches),
        )
        for attribute, field in cls.model_fields.items()
    )


@cache
def groups_of(cls: type[Spec]) -> Mapping[str, type[Spec]]:
    """The fields that hold a group of fields, each managed by itself: by manifest name, with the class of the group."""
    found: dict[str, type[Spec]] = {}
    for rule in rules_of(cls):
        annotation = cls.model_fields[rule.attribute].annotation
        members = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
        groups = [one for one in members if issubclass(one, Spec)]
        if len(groups) == 1 and rule.touches is None:
            found[rule.name] = groups[0]
    return found


def _mark(metadata: list[Any], mark: type[Mark]) -> Mark | None:
    return next((entry for entry in metadata if isinstance(entry, mark)), None)


def references_in(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Reference, Refers]]:
    """Every reference in the managed fields of a spec, with its path and what kind it refers to."""
    if isinstance(value, Spec):
        for rule in rules_of(type(value)):
            if not value.manages(rule.attribute):
                continue
            inner = getattr(value, rule.attribute)
            here = (*path, rule.name)
            if rule.refers is None:
                if isinstance(inner, Spec | tuple):
                    yield from references_in(inner, here)
            elif isinstance(inner, Reference):
                yield here, _narrowed(inner, value, rule.refers), rule.refers
            elif isinstance(inner, tuple):
                for index, entry in enumerate(inner):
                    if isinstance(entry, Reference):
                        yield (*here, index), entry, rule.refers
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            if isinstance(entry, Spec):
                yield from references_in(entry, (*path, index))


def _narrowed(reference: Reference, spec: Spec, refers: Refers) -> Reference:
    return replace(reference, within=getattr(spec, refers.within)) if refers.within else reference


def map_references(
    value: Any, put: Callable[[FieldPath, Reference, Refers], Reference], path: FieldPath = ()
) -> Any:
    """The same spec with each reference of its managed fields replaced by what `put` answers."""
    if isinstance(value, Spec):
        changed: dict[str, Any] = {}
        for rule in rules_of(type(value)):
            if not value.manages(rule.attribute):
                continue
            inner = getattr(value, rule.attribute)
            here = (*path, rule.name)
            if rule.refers is not None and isinstance(inner, Reference):
                changed[rule.attribute] = put(here, _narrowed(inner, value, rule.refers), rule.refers)
            elif rule.refers is not None and isinstance(inner, tuple):
                refers = rule.refers
                changed[rule.attribute] = tuple(
                    put((*here, index), entry, refers) if isinstance(entry, Reference) else entry
                    for index, entry in enumerate(inner)
                )
            elif isinstance(inner, Spec | tuple):
                mapped = map_references(inner, put, here)
                if mapped is not inner:
                    changed[rule.attribute] = mapped
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        entries = tuple(
            map_references(entry, put, (*path, index)) if isinstance(entry, Spec) else entry
            for index, entry in enumerate(value)
        )
        return entries if any(new is not old for new, old in zip(entries, value, strict=True)) else value
    return value

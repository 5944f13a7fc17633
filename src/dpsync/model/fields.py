"""Marks on the fields of a spec: how a field is compared, what it refers to, whether null clears it, what it touches.

A mark stands where the field is declared (`Annotated[tuple[SourceReference, ...], Unordered()]`), so that the planner, the
loader and the reports treat all kinds alike and none of them asks which kind it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What a change does to the people who use the object, gravest first."""

    REMOVES_ACCESS = "access-removing"
    GRANTS_ACCESS = "access-granting"
    REVIEW = "review"
    RENAME = "rename"
    DESCRIPTIVE = "descriptive"


@dataclass(frozen=True, slots=True)
class Unordered:
    """The order of the values has no meaning: they are compared, shown and sent as a sorted set."""


@dataclass(frozen=True, slots=True)
class Refers:
    """The value names an object of the kind `to`: a resource kind, `User` or `Group`.

    `inherits` says that what is omitted here is taken from the `defaults` of the resource referred to. `within` is the
    attribute beside it that narrows the search: the identity provider of a group.
    """

    to: str
    inherits: bool = False
    within: str = ""


@dataclass(frozen=True, slots=True)
class Clearable:
    """`null` is allowed and clears the field."""


@dataclass(frozen=True, slots=True)
class ReplacedWhole:
    """The field is written by a call of its own, which replaces the whole list (FACTS 0.7)."""


@dataclass(frozen=True, slots=True)
class Touches:
    """What a change of this field does. `effects(before, after)` answers; the default is DESCRIPTIVE."""

    effects: Callable[[Any, Any], frozenset[Effect]]


def always(*effects: Effect) -> Touches:
    """The mark of a field whose every change has these effects."""
    constant = frozenset(effects)
    return Touches(lambda _before, _after: constant)

"""Two environments side by side: what their desired states have in common, and in what they differ.

A value of its own because it is no plan: nothing is live in it, nobody gains or loses, and nothing can be made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Side:
    """What one environment asks for in a field, and where that was written. `is_managed`: whether it asks for anything."""

    value: Any
    is_managed: bool
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that two environments ask for in different ways. `path` is dotted, in manifest names."""

    path: str
    left: Side
    right: Side


@dataclass(frozen=True, slots=True)
class ResourceDifference:
    """A resource that both environments have, and its fields that differ."""

    left: Resource
    right: Resource
    fields: tuple[FieldDifference, ...]

    @property
    def address(self) -> Address:
        return self.right.address


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `right` has otherwise than `left`, each sorted by address. `alike` counts what does not differ."""

    workspace: str
    left: str
    right: str
    only_left: tuple[Resource, ...] = ()
    only_right: tuple[Resource, ...] = ()
    differing: tuple[ResourceDifference, ...] = ()
    alike: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.only_left or self.only_right or self.differing)

"""An endpoint as a value: where a written kind lives on the wire, how it is read, and which calls change it.

The endpoints themselves are one file per kind; they are listed in `endpoints/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dpsync.marketplace.paths import below
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.kind import Kind
from dpsync.model.reference import Reference
from dpsync.model.resource import LiveResource


@dataclass(frozen=True, slots=True)
class FormPair:
    """The forms that a product has, by request type; None where it has none."""

    data_access: Reference | None = None
    masking_exception: Reference | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What belongs to an object and is not in its payload; None is 'not read'. `domains` are names by id."""

    sources: tuple[str, ...] | None = None
    forms: FormPair | None = None
    domains: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A written kind on the wire. `read` raises BadAnswer; `calls` are in the order in which they must be made."""

    kind: Kind
    collection: str
    read: Callable[[Any, Parts], LiveResource]
    calls: Callable[[Change, LiveResource | None, str], tuple[Call, ...]]

    def path(self, live_id: str) -> str:
        """Where one object is read, updated and deleted."""
        return below(self.collection, live_id)

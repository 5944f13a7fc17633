"""The two sides of the comparison: a resource that a manifest declares, and one that is live.

Both carry a spec of the same class. What only one side knows (a key, a place in a file; a revision, a number of members)
stands only there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dpsync.model.access import Accesses
from dpsync.model.base import FieldPath, Spec
from dpsync.model.place import Origin
from dpsync.model.reference import Address


class Origins(Protocol):
    """Answers where a field of a resource was written."""

    def of(self, path: FieldPath) -> Origin: ...


@dataclass(frozen=True, slots=True)
class Resource:
    """A declared resource. `id` is the live id: pinned by the manifest, or computed from the key (ADR 0001)."""

    address: Address
    id: str
    pinned: bool
    spec: Spec
    origins: Origins = field(compare=False, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    patches: tuple[Origin, ...] = field(default=(), compare=False, repr=False)
    """Where the patches stand that this environment lays over the manifest."""

    @property
    def kind(self) -> str:
        return self.address.kind

    @property
    def key(self) -> str:
        return self.address.key

    @property
    def title(self) -> str:
        return self.spec.title or self.key

    @property
    def lifecycle(self) -> str:
        """active, suspended, retired, released, or empty where it is not managed."""
        return str(getattr(self.spec, "lifecycle", None) or "")

    @property
    def origin(self) -> Origin:
        return self.origins.of(())


@dataclass(frozen=True, slots=True)
class LiveResource:
    """A live object, in a manifest's words. `revision` is its `updatedAt`: shown, never compared."""

    kind: str
    id: str
    spec: Spec
    revision: str = ""
    accesses: Accesses = Accesses()
    parts: frozenset[str] = frozenset()
    """Which parts were read: `fields`, and for products `sources` and `forms`."""

    def __eq__(self, other: object) -> bool:
        """By what every live object has: what one room knows besides, and does not compare, makes no other object."""
        return isinstance(other, LiveResource) and self._compared == other._compared

    def __hash__(self) -> int:
        return hash(self._compared)

    @property
    def title(self) -> str:
        return self.spec.title or self.id

    @property
    def _compared(self) -> tuple[object, ...]:
        return (self.kind, self.id, self.spec, self.revision, self.accesses, self.parts)

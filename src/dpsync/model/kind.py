"""A resource kind as a value: its names, its spec, and whether the API can write it.

The kinds themselves are on the floor above (`kinds/`), one file each, listed in `kinds/__init__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dpsync.model.base import Spec


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. `rank` orders kinds among themselves: what is referred to comes first.

    A kind that is not `written` is declared and verified against the marketplace, never sent.
    """

    name: str
    plural: str
    noun: str
    rank: int
    written: bool
    spec: type[Spec]
    lifecycles: tuple[str, ...] = ()
    pinned_by: str = "metadata.id"
    """Where a manifest names the live id."""
    cuids: bool = False
    """Whether its live ids may be cuids as well as uuids (FACTS 0.2)."""

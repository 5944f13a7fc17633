"""Which live objects belong to this workspace: those it made (their id says so) and those it adopted (a manifest does).

Everything else is unmanaged: counted, and never touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dpsync.kinds import WRITTEN
from dpsync.model.identity import is_of_workspace
from dpsync.model.resource import LiveResource
from dpsync.model.state import DesiredState, LiveState


@dataclass(frozen=True)
class Ownership:
    """The live objects by whose they are. `orphans` were made by this workspace and are in no manifest."""

    orphans: tuple[LiveResource, ...]
    owned: int
    unmanaged: dict[str, int]


def ownership(desired: DesiredState, live: LiveState) -> Ownership:
    """Sort every live object of the kinds that can be written."""
    orphans: list[LiveResource] = []
    owned = 0
    unmanaged: Counter[str] = Counter()
    for kind in WRITTEN:
        declared = {one.id.casefold(): one.lifecycle for one in desired.of_kind(kind.name)}
        for one in live.of_kind(kind.name):
            if one.id.casefold() in declared:
                owned += declared[one.id.casefold()] != "released"
            elif is_of_workspace(desired.workspace_id, kind.name, one.id):
                owned += 1
                orphans.append(one)
            else:
                unmanaged[kind.name] += 1
    return Ownership(
        tuple(sorted(orphans, key=lambda one: (one.kind, one.title, one.id))),
        owned,
        {kind.name: unmanaged[kind.name] for kind in WRITTEN if unmanaged[kind.name]},
    )

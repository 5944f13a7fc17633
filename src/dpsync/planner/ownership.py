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
    """The live objects by whose they are.

    `orphans` were made by this workspace and are in no manifest; `strangers` are nobody's business here.
    """

    orphans: tuple[LiveResource, ...]
    owned: int
    strangers: tuple[LiveResource, ...]

    @property
    def unmanaged(self) -> dict[str, int]:
        """How many strangers there are of each kind that has some."""
        return dict(Counter(one.kind for one in self.strangers))


def ownership(desired: DesiredState, live: LiveState) -> Ownership:
    """Sort every live object of the kinds that can be written."""
    orphans: list[LiveResource] = []
    owned = 0
    strangers: list[LiveResource] = []
    for kind in WRITTEN:
        declared = {one.id.casefold(): one.lifecycle for one in desired.of_kind(kind.name)}
        for one in live.of_kind(kind.name):
            if one.id.casefold() in declared:
                owned += declared[one.id.casefold()] != "released"
            elif is_of_workspace(desired.workspace_id, kind.name, one.id):
                owned += 1
                orphans.append(one)
            else:
                strangers.append(one)
    return Ownership(tuple(sorted(orphans, key=_by_title)), owned, tuple(sorted(strangers, key=_by_title)))


def _by_title(one: LiveResource) -> tuple[str, str, str]:
    return (one.kind, one.title, one.id)

"""Which live objects are to become manifests: all, those of domains, those of a name, those of nobody, or picked ones.

The choice is about products and, where everything is meant or a name fits, about forms and agreements too. What is declared
already is never chosen.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from dpsync.errors import UsageError
from dpsync.kinds import WRITTEN
from dpsync.kinds.catalog import DOMAINS
from dpsync.model.identity import is_of_workspace
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.model.state import DesiredState, LiveState

BUILT_IN = frozenset({"Standard Request Form"})
"""What every tenant has and nobody can change (FACTS 2.3): it is referred to by name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. `picked` are ids; `everything` and `unmanaged` say how far the rest goes."""

    everything: bool = False
    unmanaged: bool = False
    domains: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    picked: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether nothing was asked for."""
        return not (self.everything or self.unmanaged or self.domains or self.names or self.picked)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The objects that are meant, by kind and title; those of them that are declared, and the others."""

    new: tuple[LiveResource, ...]
    declared: tuple[LiveResource, ...]


def chosen(wish: Wish, desired: DesiredState, live: LiveState) -> Chosen:
    """The live objects that the wish means. Raises UsageError for a domain that there is not."""
    domains = frozenset(identity for name in wish.domains for identity in _domain(name, desired, live))
    declared = {(one.kind, one.id.casefold()) for one in desired.resources}
    new: list[LiveResource] = []
    known: list[LiveResource] = []
    for kind in WRITTEN:
        for one in sorted(live.of_kind(kind.name), key=lambda one: (one.title, one.id)):
            if one.title in BUILT_IN or not _is_meant(one, wish, domains, desired.workspace_id):
                continue
            is_declared = (one.kind, one.id.casefold()) in declared
            (known if is_declared else new).append(one)
    return Chosen(tuple(new), tuple(known))


def _is_meant(one: LiveResource, wish: Wish, domains: frozenset[str], workspace_id: str) -> bool:
    if wish.picked:
        return one.id in wish.picked
    if wish.unmanaged and is_of_workspace(workspace_id, one.kind, one.id):
        return False
    if wish.names and not any(
        fnmatch.fnmatchcase(one.title.casefold(), name.casefold()) for name in wish.names
    ):
        return False
    if wish.domains:
        mine = getattr(getattr(one.spec, "domain", None), "id", None)
        return mine is not None and any(each in domains for each in mine.split(","))
    return True


def _domain(name: str, desired: DesiredState, live: LiveState) -> frozenset[str]:
    """The ids of the domains that are called so: by id, by key, or by name in any case."""
    declared = desired.by_address.get(Address(DOMAINS, name))
    title = declared.title if declared is not None and not declared.pinned else name
    wanted = declared.id if declared is not None and declared.pinned else name
    found = frozenset(
        one.id for one in live.catalog.domains if wanted == one.id or title.casefold() == one.name.casefold()
    )
    if not found:
        known = ", ".join(sorted(one.name for one in live.catalog.domains)) or "none"
        raise UsageError(f"There is no domain {name!r} that the token can see.", f"It sees: {known}.")
    return found

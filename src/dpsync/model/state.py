"""Desired state and live state: everything that a plan is made from, and nothing that reads it.

`DesiredState` is what the manifests say, in one environment. `LiveState` is what was read of the marketplace: the objects
that dpsync can write, the catalog of those it only refers to, who is asking, and what could not be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dpsync.model.reference import Address, Reference, SourcePath
from dpsync.model.resource import LiveResource, Resource


@dataclass(frozen=True)
class DesiredState:
    """The resources that the manifests declare, in one environment of one workspace."""

    workspace_id: str
    environment: str
    resources: tuple[Resource, ...]

    @cached_property
    def by_address(self) -> Mapping[Address, Resource]:
        return {resource.address: resource for resource in self.resources}

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[Resource, ...]]:
        kinds: dict[str, list[Resource]] = {}
        for resource in self.resources:
            kinds.setdefault(resource.kind, []).append(resource)
        return {kind: tuple(members) for kind, members in kinds.items()}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan needs of the live side. References stand for themselves; ids are live ids, computed or pinned.

    `sources` and `forms` are the ids of products whose sources or forms are compared; `leaving` are the ids of declared
    objects that are to be deleted. `only` are the objects to be read of each kind, by id, with the name that each is to
    have, or an empty text; None: all that there are. `ids` are all declared ones.
    """

    workspace_id: str
    domains: frozenset[Reference] = frozenset()
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    only: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain that the token may use (FACTS 0.14)."""

    id: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A data source of a domain's listing. `id` is a string here, whatever the listing has (FACTS 0.11)."""

    id: str
    name: str
    path: SourcePath


@dataclass(frozen=True, slots=True)
class Person:
    """A user; `id` is the global user id."""

    id: str
    username: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users."""

    id: str
    name: str
    iam: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read to its end: of what, and why. `id` names one object, or is empty for a list."""

    kind: str
    id: str
    reason: str


@dataclass(frozen=True)
class Catalog:
    """What a manifest may refer to and dpsync never writes. `sources` holds the listing of each domain that was read.

    `strays` are sources of products that stand in none of these listings; they are there to be called by name.
    """

    domains: tuple[Domain, ...] = ()
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    people: tuple[Person, ...] = ()
    groups: tuple[Group, ...] = ()
    strays: tuple[Source, ...] = ()

    @cached_property
    def source_by_id(self) -> Mapping[str, Source]:
        listed = {source.id: source for listing in self.sources.values() for source in listing}
        return {source.id: source for source in self.strays} | listed

    @cached_property
    def domains_by_source(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the domains whose listings have a source, by its id."""
        found: dict[str, tuple[str, ...]] = {}
        for domain, listing in self.sources.items():
            for source in listing:
                found[source.id] = (*found.get(source.id, ()), domain)
        return found

    @cached_property
    def domain_by_id(self) -> Mapping[str, Domain]:
        return {domain.id: domain for domain in self.domains}


@dataclass(frozen=True, slots=True)
class Caller:
    """The user that the token acts as, with the rights that matter here (FACTS 1.2, 1.3)."""

    id: str
    name: str
    tenant: str
    expires: float | None = None
    governance: bool = False
    domains: frozenset[str] = frozenset()
    """Ids of the domains in which the caller holds `Manage Data Products`."""

    def may_manage(self, domain_id: str) -> bool:
        return self.governance or domain_id in self.domains

    @property
    def may_manage_somewhere(self) -> bool:
        return self.governance or bool(self.domains)


@dataclass(frozen=True)
class LiveState:
    """What was read of the marketplace. `confirmed_absent` are ids that a read by id answered with 404."""

    caller: Caller
    resources: tuple[LiveResource, ...] = ()
    catalog: Catalog = Catalog()
    gaps: tuple[Gap, ...] = ()
    confirmed_absent: frozenset[str] = frozenset()

    @cached_property
    def by_id(self) -> Mapping[tuple[str, str], LiveResource]:
        return {(resource.kind, resource.id): resource for resource in self.resources}

    def of_kind(self, kind: str) -> tuple[LiveResource, ...]:
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[LiveResource, ...]]:
        kinds: dict[str, list[LiveResource]] = {}
        for resource in self.resources:
            kinds.setdefault(resource.kind, []).append(resource)
        return {kind: tuple(members) for kind, members in kinds.items()}

    def gap(self, kind: str, live_id: str = "") -> Gap | None:
        """What could not be read of this object, or of the list where `live_id` is empty."""
        return self._gaps.get((kind, live_id))

    @cached_property
    def _gaps(self) -> Mapping[tuple[str, str], Gap]:
        return {(gap.kind, gap.id): gap for gap in self.gaps}

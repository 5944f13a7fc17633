"""Turns what manifests name into what is live: every reference to exactly one id, every pattern to sources.

A room of its own because this is where a manifest meets the marketplace. What cannot be resolved blocks the resource that
says it, with the near misses; it never guesses. Nothing here compares or decides about changes.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from dpsync.kinds import KINDS
from dpsync.kinds.catalog import (
    CANDIDATES,
    DOMAINS,
    SOURCE_KIND,
    Candidate,
    find_sources,
    near_sources,
    source_text,
)
from dpsync.model.base import FieldPath, Note, Spec, Surroundings, map_references, rules_of
from dpsync.model.fields import Refers
from dpsync.model.finding import Finding, Severity
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, LiveState, Source

_LISTED = 5

_ALIKE = 0.75
"""From which likeness on a name is worth suggesting; less than this finds what has nothing to do with it."""


@dataclass(frozen=True)
class Resolved:
    """The resources of `desired`, or some of them, with every reference resolved, and what could not be.

    `unresolved` holds, by address, the errors that block a resource; `findings` everything else worth saying.
    """

    desired: DesiredState
    resources: tuple[Resource, ...]
    unresolved: Mapping[Address, tuple[Finding, ...]]
    findings: tuple[Finding, ...]

    def patterns(self, address: Address) -> tuple[SourceReference, ...]:
        """The `match` entries of a resource, which are no longer told from the sources that they brought."""
        declared = self.desired.by_address.get(address)
        if declared is None:
            return ()
        return tuple(
            entry
            for rule in rules_of(type(declared.spec))
            if rule.replaced_whole and declared.spec.manages(rule.attribute)
            for entry in getattr(declared.spec, rule.attribute)
            if isinstance(entry, SourceReference) and entry.how == "match"
        )


def resolve(desired: DesiredState, live: LiveState) -> Resolved:
    """Resolve every declared resource against the live state."""
    return _Resolution(desired, live).run(desired.resources)


def resolve_part(desired: DesiredState, live: LiveState, addresses: Collection[Address]) -> Resolved:
    """Resolve some of the declared resources; all of them are known by their keys."""
    return _Resolution(desired, live).run(tuple(one for one in desired.resources if one.address in addresses))


@dataclass
class _Resolution:
    desired: DesiredState
    live: LiveState
    specs: dict[tuple[str, str], Spec] = field(default_factory=dict)
    errors: dict[Address, list[Finding]] = field(default_factory=dict)
    notices: list[Finding] = field(default_factory=list)

    def run(self, resources: tuple[Resource, ...]) -> Resolved:
        order = sorted(resources, key=lambda one: (KINDS[one.kind].rank, one.address))
        done: dict[Address, Resource] = {}
        for resource in order:
            if resource.lifecycle in {"retired", "released"}:
                done[resource.address] = resource
                continue
            done[resource.address] = self._resource(resource)
        return Resolved(
            self.desired,
            tuple(done[resource.address] for resource in resources),
            {address: tuple(findings) for address, findings in self.errors.items()},
            tuple(self.notices),
        )

    def _resource(self, resource: Resource) -> Resource:
        kind = KINDS[resource.kind]
        before = len(self.errors.get(resource.address, ()))
        if not kind.written:
            return self._verified(resource)
        spec = map_references(
            resource.spec, lambda path, one, refers: self._reference(resource, path, one, refers)
        )
        spec = self._with_sources(resource, spec)
        if len(self.errors.get(resource.address, ())) == before:
            counterpart = self.live.by_id.get((resource.kind, resource.id))
            around = Surroundings(resource.id, counterpart.spec if counterpart else None, self._spec_of)
            spec, notes = spec.settled(around)
            self.notices.extend(_finding(resource, note) for note in notes)
            self.specs[resource.kind, resource.id] = spec
        return replace(resource, spec=spec)

    def _spec_of(self, kind: str, reference: Reference) -> Spec | None:
        if reference.id is None:
            return None
        declared = self.specs.get((kind, reference.id))
        if declared is not None:
            return declared
        counterpart = self.live.by_id.get((kind, reference.id))
        return counterpart.spec if counterpart else None

    # Declared and verified, never written.

    def _verified(self, resource: Resource) -> Resource:
        entry = getattr(resource.spec, "reference", None)
        if isinstance(entry, SourceReference):
            self._declared_source(resource, entry)
        else:
            wanted = Reference(resource.id, "id") if resource.pinned else Reference(resource.title, "name")
            self._live_only(resource, (), wanted, resource.kind)
        return resource

    def _declared_source(self, resource: Resource, entry: SourceReference) -> Source | None:
        listing = self._listing(resource, resource.spec, ("domain",))
        if listing is None:
            return None
        return self._one_source(resource, (), entry, listing)

    # References to one object.

    def _reference(
        self, resource: Resource, path: FieldPath, reference: Reference, refers: Refers
    ) -> Reference:
        if refers.to in CANDIDATES:
            declared = self.desired.by_address.get(Address(refers.to, reference.text))
            if reference.how == "key" and declared is not None:
                wanted = (
                    Reference(declared.id, "id") if declared.pinned else Reference(declared.title, "name")
                )
                return self._live_only(resource, path, wanted, refers.to)
            return self._live_only(resource, path, reference, refers.to, refers.within)
        return self._written(resource, path, reference, refers.to)

    def _live_only(
        self,
        resource: Resource,
        path: FieldPath,
        reference: Reference,
        to: str,
        within: str | None = None,
    ) -> Reference:
        gap = self.live.gap(to) or self.live.gap(to, reference.text)
        if gap is not None:
            self._error(
                resource, path, "unreadable", f"{_noun(to)} {reference} cannot be looked up: {gap.reason}"
            )
            return reference
        return self._one_of(resource, path, reference, to, self._candidates[to], within=within)

    def _written(self, resource: Resource, path: FieldPath, reference: Reference, to: str) -> Reference:
        declared = (
            self.desired.by_address.get(Address(to, reference.text)) if reference.how == "key" else None
        )
        if declared is not None and declared.lifecycle != "released":
            return reference.resolved(declared.id, declared.title)
        if declared is not None and (to, declared.id) in self.live.by_id:
            return reference.resolved(declared.id, declared.title)
        gap = self.live.gap(to)
        if gap is not None:
            self._error(
                resource, path, "unreadable", f"{_noun(to)} {reference} cannot be looked up: {gap.reason}"
            )
            return reference
        if declared is not None:
            self._error(
                resource,
                path,
                "unresolved-reference",
                f"The {_noun(to).lower()} {reference.text!r} is released, and nothing live has its id {declared.id}.",
                f"Refer to another one, or remove `lifecycle: released` from {declared.address} so that it is made.",
            )
            return reference
        return self._one_of(resource, path, reference, to, self._written_candidates(to))

    def _written_candidates(self, to: str) -> _Candidates:
        if to not in self._written_cache:
            live = {one.id: Candidate(one.id, one.title) for one in self.live.of_kind(to)}
            ours = {
                one.id: Candidate(one.id, one.title)
                for one in self.desired.of_kind(to)
                if one.lifecycle not in {"retired", "released"}
            }
            self._written_cache[to] = _Candidates({**live, **ours}.values())
        return self._written_cache[to]

    @cached_property
    def _written_cache(self) -> dict[str, _Candidates]:
        return {}

    @cached_property
    def _candidates(self) -> Mapping[str, _Candidates]:
        return {to: _Candidates(candidates(self.live.catalog)) for to, candidates in CANDIDATES.items()}

    def _one_of(
        self,
        resource: Resource,
        path: FieldPath,
        reference: Reference,
        to: str,
        among: _Candidates,
        *,
        within: str | None = None,
    ) -> Reference:
        found = among.find(reference)
        if len(found) == 1:
            return reference.resolved(found[0].id, found[0].name)
        if found:
            listed = ", ".join(_told_apart(one) for one in found[:_LISTED])
            self._error(
                resource,
                path,
                "ambiguous-reference",
                f"{reference.text!r} means {len(found)} {_nouns(to)}: {listed}.",
                _which_one(to, found, within),
            )
        else:
            near = among.near(reference.text)
            self._error(
                resource,
                path,
                "unresolved-reference",
                f"There is no {_noun(to).lower()} {reference.text!r} that the token can see.",
                f"Did you mean {near}?" if near else "Check the spelling, and that the token may see it.",
            )
        return reference

    # Sources.

    def _with_sources(self, resource: Resource, spec: Spec) -> Spec:
        for rule in rules_of(type(spec)):
            entries = getattr(spec, rule.attribute)
            if rule.replaced_whole and spec.manages(rule.attribute) and isinstance(entries, tuple):
                spec = spec.with_values(**{rule.attribute: self._sources(resource, spec, rule.name, entries)})
        return spec

    def _sources(
        self, resource: Resource, spec: Spec, name: str, entries: tuple[SourceReference, ...]
    ) -> tuple[SourceReference, ...]:
        if not entries:
            return ()
        listing = self._listing(resource, spec, (name,))
        if listing is None:
            return entries
        found: dict[str, SourceReference] = {}
        for index, entry in enumerate(entries):
            path: FieldPath = (name, index)
            if entry.how == "match":
                matched = find_sources(entry, listing)
                if not matched:
                    self._error(
                        resource,
                        path,
                        "unresolved-source",
                        f"No source of the domain matches {entry.text}.",
                        "Correct the pattern, or remove it; `sources: []` means none.",
                    )
                for one in matched:
                    found.setdefault(one.id, _resolved(entry, one, index))
                continue
            source = self._source_anywhere(resource, path, self._spelled_out(entry), listing)
            if source is not None:
                found[source.id] = _resolved(entry, source, index)
        return tuple(sorted(found.values(), key=lambda one: (one.text, one.id or "")))

    def _spelled_out(self, entry: SourceReference) -> SourceReference:
        """What a key stands for; everything else stands for itself."""
        if entry.how != "key":
            return entry
        declared = self.desired.by_address.get(Address(SOURCE_KIND, entry.text))
        reference = getattr(declared.spec, "reference", entry) if declared is not None else entry
        return reference if isinstance(reference, SourceReference) else entry

    def _one_source(
        self, resource: Resource, path: FieldPath, entry: SourceReference, listing: tuple[Source, ...]
    ) -> Source | None:
        """The one source of the domain that is meant, or None, with an error."""
        found = self._found(entry, listing)
        if found:
            return self._unique(resource, path, entry, found)
        self._not_found(resource, path, entry, listing)
        return None

    def _source_anywhere(
        self, resource: Resource, path: FieldPath, entry: SourceReference, listing: tuple[Source, ...]
    ) -> Source | None:
        """As `_one_source`, or else the one source that is meant in the other domains that were read.

        Whether a product may have one of those is not decided here; a guardrail does.
        """
        found = self._found(entry, listing)
        if found:
            return self._unique(resource, path, entry, found)
        elsewhere = self._elsewhere(entry, listing)
        if len(elsewhere) == 1:
            return elsewhere[0]
        self._not_found(resource, path, entry, listing)
        return None

    def _unique(
        self, resource: Resource, path: FieldPath, entry: SourceReference, found: tuple[Source, ...]
    ) -> Source | None:
        if len(found) == 1:
            return found[0]
        listed = ", ".join(f"{source_text(one)} (id {one.id})" for one in found[:_LISTED])
        self._error(
            resource,
            path,
            "ambiguous-source",
            f"{entry.text} means {len(found)} sources: {listed}.",
            "Write the path of the one that you mean, or its {id: …}."
            if entry.how == "name"
            else "Say more of the path (platform, hostname), or write {id: …}.",
        )
        return None

    def _not_found(
        self, resource: Resource, path: FieldPath, entry: SourceReference, listing: tuple[Source, ...]
    ) -> None:
        elsewhere = self._elsewhere(entry, listing)
        near = near_sources(entry, listing)
        if len(elsewhere) == 1:
            where = " and ".join(self._domains_of(elsewhere[0]))
            remedy = f"It is in the domain {where}."
        elif elsewhere:
            listed = ", ".join(
                f"{source_text(one)} (id {one.id}) in {' and '.join(self._domains_of(one))}"
                for one in elsewhere[:_LISTED]
            )
            remedy = (
                f"Other domains have {len(elsewhere)} of that name: {listed}; "
                "a product has sources of its own domain only."
            )
        elif near:
            remedy = f"Did you mean {' or '.join(near)}?"
        else:
            remedy = "Check the spelling, and that the source is registered and assigned to the domain."
        self._error(resource, path, "unresolved-source", f"The domain has no source {entry.text}.", remedy)

    def _elsewhere(self, entry: SourceReference, listing: tuple[Source, ...]) -> tuple[Source, ...]:
        """What an entry means in the listings of other domains, each source once; exact spelling first."""
        found = {
            one.id: one
            for _domain, sources in sorted(self.live.catalog.sources.items())
            if sources is not listing
            for one in self._found(entry, sources)
        }
        return find_sources(entry, found.values())

    def _domains_of(self, source: Source) -> tuple[str, ...]:
        """What the domains are called that list a source, as far as they were read."""
        known = self.live.catalog.domain_by_id
        return tuple(
            sorted(
                known[domain].name if domain in known else domain
                for domain, sources in self.live.catalog.sources.items()
                if any(one.id == source.id for one in sources)
            )
        )

    def _found(self, entry: SourceReference, listing: tuple[Source, ...]) -> tuple[Source, ...]:
        """As `find_sources`, but a plain path with a table is looked up instead of searched for."""
        path = entry.path
        if entry.how == "path" and path is not None and path.database and path.schema and path.table:
            key = (path.database.casefold(), path.schema.casefold(), path.table.casefold())
            return find_sources(entry, self._index_of(listing).get(key, ()))
        return find_sources(entry, listing)

    def _index_of(self, listing: tuple[Source, ...]) -> Mapping[tuple[str, str, str], list[Source]]:
        index = self._indexes.get(id(listing))
        if index is None:
            index = {}
            for source in listing:
                path = source.path
                if path.database and path.schema and path.table:
                    key = (path.database.casefold(), path.schema.casefold(), path.table.casefold())
                    index.setdefault(key, []).append(source)
            self._indexes[id(listing)] = index
        return index

    @cached_property
    def _indexes(self) -> dict[int, dict[tuple[str, str, str], list[Source]]]:
        return {}

    def _listing(self, resource: Resource, spec: Spec, path: FieldPath) -> tuple[Source, ...] | None:
        """The sources of the domain that the spec names, or None (with an error, once) where that is not known."""
        domain = getattr(spec, "domain", None)
        if not isinstance(domain, Reference):
            return None
        if domain.id is None:
            domain = self._reference(resource, ("domain",), domain, Refers(DOMAINS))
        if domain.id is None:
            return None
        gap = self.live.gap(SOURCE_KIND, domain.id)
        if gap is not None:
            self._error(
                resource,
                path,
                "unreadable",
                f"The sources of the domain {domain} cannot be read: {gap.reason}",
            )
            return None
        return self.live.catalog.sources.get(domain.id, ())

    def _error(self, resource: Resource, path: FieldPath, rule: str, message: str, remedy: str = "") -> None:
        finding = Finding(rule, Severity.ERROR, message, remedy, resource.origins.of(path), resource.address)
        findings = self.errors.setdefault(resource.address, [])
        if finding not in findings:
            findings.append(finding)


class _Candidates:
    """What a reference may mean, found by exact spelling first and then by any case."""

    def __init__(self, among: Iterable[Candidate]) -> None:
        self._exact: dict[str, list[Candidate]] = {}
        self._loose: dict[str, list[Candidate]] = {}
        for one in among:
            for name in {one.id, one.name, *one.also}:
                self._exact.setdefault(name, []).append(one)
            for name in {one.name.casefold(), *(other.casefold() for other in one.also)}:
                self._loose.setdefault(name, []).append(one)

    def find(self, reference: Reference) -> tuple[Candidate, ...]:
        found = self._exact.get(reference.text, ()) or self._loose.get(reference.text.casefold(), ())
        return tuple(one for one in found if reference.within in {None, one.within})

    def near(self, text: str) -> str:
        """The names that look most like the text, joined by 'or'; empty if none does."""
        spelled = {_local(name): name for name in sorted(self._exact) if name.casefold() in self._loose}
        close = difflib.get_close_matches(_local(text), spelled, n=3, cutoff=_ALIKE)
        return " or ".join(spelled[name] for name in close)


def _local(name: str) -> str:
    """What a name is compared by: of an e-mail what stands before the @, because the rest is everybody's."""
    return name.casefold().partition("@")[0]


def _finding(resource: Resource, note: Note) -> Finding:
    return Finding(
        note.rule, note.severity, note.message, note.remedy, resource.origins.of(note.path), resource.address
    )


def _resolved(entry: SourceReference, source: Source, index: int) -> SourceReference:
    return SourceReference(
        entry.how,
        source_text(source),
        source.path,
        id=source.id,
        by_match=entry.how == "match",
        index=index,
    )


def _told_apart(one: Candidate) -> str:
    return f"{one.name} ({one.id}{f' in {one.within}' if one.within else ''})"


def _which_one(to: str, found: tuple[Candidate, ...], within: str | None) -> str:
    places = sorted({one.within for one in found if one.within})
    if within is not None and len(places) > 1:
        return f"Say which one with `{within}: {places[0]}` or `{within}: {'` or `'.join(places[1:])}` beside it."
    return f"Write {{id: …}} with the id of the {_noun(to).lower()} that you mean."


def _noun(to: str) -> str:
    kind = KINDS.get(to)
    return (kind.noun if kind else to).capitalize()


def _nouns(to: str) -> str:
    kind = KINDS.get(to)
    return kind.plural if kind else f"{to.lower()}s"

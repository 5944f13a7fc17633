"""A live spec in the words that a person would write: names instead of ids, and nothing that goes without saying.

A module of its own because import and write-back say the same things. Of several names it takes the shortest that a plan
would understand as exactly this object; whether it would is asked of the same shelf that a plan asks (`kinds/catalog.py`).
What has no such name is `Unsayable`. It never invents a value, and it leaves out no value that differs from the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dpsync.kinds import KINDS
from dpsync.kinds.catalog import DOMAINS, PEOPLE, find_sources
from dpsync.kinds.review_flow import GroupReviewer
from dpsync.model.base import Spec, rules_of
from dpsync.model.fields import Refers
from dpsync.model.reference import Reference, SourcePath, SourceReference, is_uuid
from dpsync.model.state import LiveState, Person, Source

_PARTS = ("platform", "hostname", "database", "schema", "table", "prefix")
_PATHS = (
    ("database", "schema", "table", "prefix"),
    ("platform", "database", "schema", "table", "prefix"),
    ("hostname", "database", "schema", "table", "prefix"),
    _PARTS,
)
"""Which parts of a path are tried, in this order, where `table:` does not tell a source from others."""


class Unsayable(Exception):
    """What no manifest could say, in a sentence without its beginning: `the user 4711, who is not there any more`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Words:
    """How things are called: by the keys that manifests give them, or else by their names in the marketplace.

    `keys` are by kind and live id, those of sources too.
    """

    live: LiveState
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)

    # Values of specs.

    def of(self, value: Any) -> Any:
        """A value of a live spec as it would stand in a manifest. Raises Unsayable."""
        if isinstance(value, GroupReviewer):
            return self._group(value)
        if isinstance(value, Spec):
            return self._spec(value)
        if isinstance(value, Mapping):
            return {str(name): self.of(entry) for name, entry in value.items()}
        if isinstance(value, tuple | list):
            return [self.of(entry) for entry in value]
        return value

    def field(self, spec: Spec, attribute: str) -> Any:
        """The value of one field. Raises Unsayable."""
        rule = next(one for one in rules_of(type(spec)) if one.attribute == attribute)
        return self._value(getattr(spec, attribute), rule.refers)

    def _spec(self, spec: Spec) -> dict[str, Any]:
        """The fields that say something: those that are given, and not what they would be without being written."""
        said: dict[str, Any] = {}
        for rule in rules_of(type(spec)):
            declared = type(spec).model_fields[rule.attribute]
            value = getattr(spec, rule.attribute)
            if spec.manages(rule.attribute) and (declared.is_required() or value != declared.default):
                said[rule.name] = self._value(value, rule.refers)
        return said

    def _value(self, value: Any, refers: Refers | None) -> Any:
        if refers is None or value is None:
            return self.of(value)
        if isinstance(value, Reference):
            return self.reference(value, refers.to)
        return sorted((self.reference(one, refers.to) for one in value), key=str)

    # References.

    def reference(self, reference: Reference, to: str) -> Any:
        """A live object as others refer to it. Raises Unsayable."""
        identity = reference.id or ""
        key = self.keys.get((to, identity))
        if key is not None:
            return key
        if to == DOMAINS:
            return self._domain(reference)
        if to == PEOPLE:
            return self._person(reference)
        return self._written(reference, to)

    def _written(self, reference: Reference, to: str) -> Any:
        found = self.live.by_id.get((to, reference.id or ""))
        if found is None:
            raise Unsayable(f"the {KINDS[to].noun} {reference.text}, which cannot be read")
        same = self._count(to).get(found.title.casefold(), 0)
        return {"name": found.title} if same == 1 else {"id": found.id}

    def _count(self, to: str) -> Mapping[str, int]:
        return self._counts.setdefault(to, _counted(one.title for one in self.live.of_kind(to)))

    @cached_property
    def _counts(self) -> dict[str, Mapping[str, int]]:
        return {}

    def _domain(self, reference: Reference) -> Any:
        found = self.live.catalog.domain_by_id.get(reference.id or "")
        if found is None:
            raise Unsayable(f"the domain {reference.text}, which the token cannot see")
        same = sum(one.name.casefold() == found.name.casefold() for one in self.live.catalog.domains)
        return {"name": found.name} if same == 1 else {"id": found.id}

    def _person(self, reference: Reference) -> Any:
        found = self._people.get(reference.id or "")
        if found is None:
            raise Unsayable(f"the user {reference.text}, who cannot be found (any more)")
        for name in (found.email, found.username):
            if (
                name
                and self.live.gap(PEOPLE, name) is None
                and len(self._called.get(name.casefold(), ())) == 1
            ):
                return {"name": name} if is_uuid(name) or not name.strip() else name
        return {"id": found.id}

    @cached_property
    def _people(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.live.catalog.people}

    @cached_property
    def _called(self) -> Mapping[str, set[str]]:
        """Who is meant by a name, by all the names there are, in one case."""
        called: dict[str, set[str]] = {}
        for person in self.live.catalog.people:
            for name in {person.id, person.username, person.email or person.username}:
                called.setdefault(name.casefold(), set()).add(person.id)
        return called

    def _group(self, reviewer: GroupReviewer) -> dict[str, Any]:
        name = reviewer.group.text
        found = tuple(one for one in self.live.catalog.groups if one.name == name)
        if len(found) == 1:
            return {"group": _plain(name)}
        narrowed = tuple(one for one in found if reviewer.iam is not None and one.iam == reviewer.iam)
        if len(narrowed) == 1:
            return {"group": _plain(name), "iam": reviewer.iam}
        why = "which means several" if found else "which cannot be found (any more)"
        raise Unsayable(f"the group {name}, {why}")

    # Sources.

    def source(self, source: Source, domain: str) -> Any:
        """A source as an entry of a product of this domain (its id). Raises Unsayable."""
        key = self.keys.get(("DataSource", source.id))
        if key is not None:
            return key
        listing = self._listing(domain)
        if source.id not in listing.ids:
            raise Unsayable(f"the source {source.name}, which is in no domain that can be read")
        return self._among(source, listing)

    def is_plain(self, source: Source, domain: str) -> bool:
        """Whether a source has a path or a name that tells it from the others of the domain."""
        listing = self._listing(domain)
        return source.id in listing.ids and "id" not in self._among(source, listing)

    def _among(self, source: Source, listing: _Listing) -> dict[str, Any]:
        path = source.path
        if path.database and path.schema and path.table:
            table = SourcePath(database=path.database, schema=path.schema, table=path.table)
            if listing.means(SourceReference("path", str(table), table), source):
                return {"table": str(table)}
        have = dict(path.parts)
        for names in _PATHS:
            said = {name: have[name] for name in _PARTS if name in names and name in have}
            ends = "table" if "table" in have else "prefix"
            if ends in said and len(said) > ("table" in said):
                shorter = SourcePath(**said)
                if listing.means(SourceReference("path", str(shorter), shorter), source):
                    return said
        if source.name.strip() and listing.means(SourceReference("name", source.name), source):
            return {"name": source.name}
        return {"id": int(source.id) if source.id.isdecimal() else source.id}

    def _listing(self, domain: str) -> _Listing:
        if domain not in self._listings:
            self._listings[domain] = _Listing(self.live.catalog.sources.get(domain, ()))
        return self._listings[domain]

    @cached_property
    def _listings(self) -> dict[str, _Listing]:
        return {}


class _Listing:
    """The sources of a domain, found by their last part: a thousand are looked up one by one."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.ids = frozenset(source.id for source in sources)
        self._by_end: dict[str, list[Source]] = {}
        self._by_name: dict[str, list[Source]] = {}
        for source in sources:
            self._by_end.setdefault(_end(source.path), []).append(source)
            self._by_name.setdefault(source.name.casefold(), []).append(source)

    def means(self, entry: SourceReference, source: Source) -> bool:
        """Whether a plan would take the entry for exactly this source."""
        near = (
            self._by_name.get(source.name.casefold(), ())
            if entry.path is None
            else self._by_end.get(_end(source.path), ())
        )
        return tuple(one.id for one in find_sources(entry, near)) == (source.id,)


def _end(path: SourcePath) -> str:
    return (path.table or path.prefix or "").casefold()


def sources_in_order(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Sources as people look for them: by platform and schema, then by table; what has none comes last."""

    def order(source: Source) -> tuple[Any, ...]:
        parts = (getattr(source.path, name) or "" for name in _PARTS)
        return (source.path.table is None, *parts, source.name, len(source.id), source.id)

    return tuple(sorted(sources, key=order))


def _plain(name: str) -> Any:
    """A name of something that has no manifests, as a reference to it."""
    return name if name.strip() and not is_uuid(name) else {"name": name}


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name.casefold()] = found.get(name.casefold(), 0) + 1
    return found

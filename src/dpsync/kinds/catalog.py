"""Who and what a reference can mean among the things that dpsync never writes: domains, people, groups, sources.

Here, on the shelf of kinds, so that the planner can look anything up without knowing one kind from another.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dpsync.model.reference import SourceReference
from dpsync.model.state import Catalog, Source

SOURCE_KIND = "DataSource"
"""The kind that a key in a list of sources belongs to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a reference may mean: its live id, what it is called, the other names it answers to, and in what it is."""

    id: str
    name: str
    also: tuple[str, ...] = ()
    within: str | None = None


def _domains(catalog: Catalog) -> tuple[Candidate, ...]:
    return tuple(Candidate(domain.id, domain.name) for domain in catalog.domains)


def _people(catalog: Catalog) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(person.id, person.username, (person.email,) if person.email else ())
        for person in catalog.people
    )


def _groups(catalog: Catalog) -> tuple[Candidate, ...]:
    return tuple(Candidate(group.id, group.name, within=group.iam) for group in catalog.groups)


CANDIDATES: Mapping[str, Callable[[Catalog], tuple[Candidate, ...]]] = {
    "Domain": _domains,
    "User": _people,
    "Group": _groups,
}
"""Where to look for what is live only, by the name that `Refers` gives it."""

PEOPLE = "User"
GROUPS = "Group"
DOMAINS = "Domain"


def source_text(source: Source) -> str:
    """What a source is called in a plan: its path where it has one, its display name otherwise."""
    path = source.path
    return str(path) if path.table is not None or path.prefix is not None else source.name


def find_sources(entry: SourceReference, listing: Iterable[Source]) -> tuple[Source, ...]:
    """The sources of a listing that an entry means; exact spelling first, then any case if that is unique.

    A pattern finds every source that it matches, whatever the case.
    """
    sources = tuple(listing)
    if entry.how == "match":
        return tuple(source for source in sources if _matches(entry, source))
    exact = tuple(source for source in sources if _means(entry, source, str))
    return exact or tuple(source for source in sources if _means(entry, source, str.casefold))


def near_sources(entry: SourceReference, listing: Iterable[Source], at_most: int = 3) -> tuple[str, ...]:
    """The texts of the sources that look most like what was written."""
    import difflib

    texts = {source_text(source).casefold(): source_text(source) for source in listing}
    texts |= {source.name.casefold(): source.name for source in listing} if entry.how == "name" else {}
    wanted = entry.text.casefold()
    found = difflib.get_close_matches(wanted, texts, n=3 * at_most, cutoff=0.7)
    alike = [
        text for text in found if difflib.SequenceMatcher(None, _last(wanted), _last(text)).ratio() >= 0.75
    ]
    return tuple(texts[text] for text in alike[:at_most])


def _last(text: str) -> str:
    """What a text is judged by: of a path its last part, because the others are those of all its neighbours."""
    return text.rpartition(".")[2]


def _means(entry: SourceReference, source: Source, fold: Callable[[str], str]) -> bool:
    if entry.how == "key":
        return False
    if entry.how == "id":
        return source.id == entry.text
    if entry.how == "name" and fold(source.name) != fold(entry.text):
        return False
    wanted = entry.path.parts if entry.path is not None else ()
    have = dict(source.path.parts)
    return all(name in have and fold(have[name]) == fold(value) for name, value in wanted)


def _matches(entry: SourceReference, source: Source) -> bool:
    have = {**dict(source.path.parts), "name": source.name}
    return all(
        name in have and fnmatch.fnmatchcase(have[name].casefold(), pattern.casefold())
        for name, pattern in entry.pattern
    )

"""probable-rename: an object is not deleted and made again because its key was renamed.

The live id is computed from the key. After `metadata.name` was changed, the old object looks like one that no manifest
names, and the new manifest like one to create. Carrying that out would end every access to the old one (FACTS 0.3). The
rule recognises the pair by the display name, or by the same domain and at least `share` of the sources (default 0.5).
Where the domain or the sources of either could not be found out, that counts as alike. A plan of a part looks at what it
deletes, and at the manifests outside of it that resemble that; whether what it creates is an object that no manifest names
any more is known by its name only, and a notice says so.

What to do: add the printed `id` line under `metadata` of the new manifest. The object is then kept under its new key.
`dpsync rename` changes a key and keeps the id in one go. If it really is another object, retire the old one first: keep
its manifest with `lifecycle: retired` for one apply.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.base import Spec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import LiveResource, Resource

NAME = "probable-rename"

_LISTED = 3


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block both halves of what looks like a renamed key."""
    plan = planned.plan
    orphans: list[_Orphan] = [
        (change.before, change) for change in plan.deletions if change.after is None and change.before
    ]
    orphans += [(one, None) for one in plan.kept]
    left = _Orphans(orphans)
    for create in plan.changes:
        if create.action is not Action.CREATE or create.after is None:
            continue
        for live, delete in left.alike(create.after, numbers["share"]):
            yield _finding(create.after, live, create)
            if delete is not None:
                yield _finding(create.after, live, delete)
    for beside in planned.beside:
        for live, delete in left.alike(beside, numbers["share"]):
            if delete is not None:
                yield _finding(beside, live, delete)
    if plan.part is not None and plan.owned is None:
        yield from _unknown(planned)


def _unknown(planned: Planned) -> Iterable[Finding]:
    """That not everything was looked at that a create may be another key of; only products are told by what they hold."""
    created = [
        str(change.address)
        for change in planned.plan.changes
        if change.action is Action.CREATE
        and change.after is not None
        and hasattr(change.after.spec, "domain")
    ]
    if created:
        listed = ", ".join([*created[:_LISTED], *(["…"] if len(created) > _LISTED else [])])
        yield Finding(
            NAME,
            Severity.NOTICE,
            f"What no manifest names any more was not all read for this partial plan, so that {listed} could be the new key "
            "of something live was looked for by name only.",
            "A plan of everything looks at domains and sources, too.",
        )


_Orphan = tuple[LiveResource, Change | None]
"""An object that no manifest names any more, with the change that deletes it, if one does."""

_Places = dict[Hashable, list[int]]


class _Orphans:
    """Orphans, to be found by what a renamed key leaves as it is: comparing each with each create would take too long."""

    def __init__(self, orphans: Sequence[_Orphan]) -> None:
        self._orphans = orphans
        self._sources = [frozenset(_ids(live.spec)) for live, _ in orphans]
        self._of_kind: _Places = defaultdict(list)
        self._by_title: _Places = defaultdict(list)
        self._by_domain: _Places = defaultdict(list)
        self._by_source: _Places = defaultdict(list)
        self._unread: _Places = defaultdict(list)
        for place, (live, _) in enumerate(orphans):
            domain = getattr(live.spec, "domain", None)
            self._of_kind[live.kind].append(place)
            self._by_title[live.kind, _folded(live.title)].append(place)
            self._by_domain[live.kind, domain].append(place)
            if "sources" not in live.parts:
                self._unread[live.kind, domain].append(place)
            for source in self._sources[place]:
                self._by_source[live.kind, domain, source].append(place)

    def alike(self, wanted: Resource, share: float) -> Iterator[_Orphan]:
        """Those that may be what this resource was before its key was renamed, in their order."""
        places = {*self._by_title.get((wanted.kind, _folded(wanted.title)), ()), *self._inside(wanted, share)}
        return (self._orphans[place] for place in sorted(places))

    def _inside(self, wanted: Resource, share: float) -> Iterator[int]:
        """Those in the same domain with enough of the same sources; what is not known counts as the same."""
        kind, domain = wanted.kind, getattr(wanted.spec, "domain", None)
        if domain is None:
            return
        if domain.id is None:
            yield from self._of_kind.get(kind, ())
            return
        mine = set(_ids(wanted.spec))
        if None in mine or (mine and not share):
            yield from self._by_domain.get((kind, domain), ())
            return
        yield from self._unread.get((kind, domain), ())
        shared = Counter(
            place for source in mine for place in self._by_source.get((kind, domain, source), ())
        )
        for place, number in shared.items():
            if number >= share * max(len(mine), len(self._sources[place])):
                yield place


def _ids(spec: Spec) -> Iterator[str | None]:
    return (one.id for one in getattr(spec, "sources", None) or ())


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def _finding(create: Resource, live: LiveResource, about: Change) -> Finding:
    return Finding(
        NAME,
        Severity.ERROR,
        f"{create.address} would be created while {live.title!r} ({live.id}) is in no manifest any more: "
        "this looks like a renamed key.",
        f"To keep that object and its accesses, add `id: {live.id}` under metadata of {create.address}. "
        "`dpsync rename`, asked before the key is changed, does that and adapts the references.",
        create.origin,
        about.address,
    )


RULE = Rule(NAME, check, {"share": 0.5})

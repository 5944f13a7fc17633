"""Where each change comes from, compared with a base: the manifests as they were before.

A room of its own because it is about three states and not two: what the manifests ask for now, what they asked for at the
base, and what is live. Nothing here looks at the wire: the live side is in the changes. The first of these that holds:

1. DECLARED. At least one thing that the change does is asked for now and was not asked for at the base: a field, a source,
   a manifest that came, went, was retired or suspended, an id that was pinned. What a resource refers to by key counts as
   its own: the path of a DataSource, the name of a Domain, the defaults that it gives, whether a form delegates. A change
   that does this and puts back drift as well is DECLARED as a whole, and its reason says what it puts back.
2. BY_MATCH. The rest is sources alone, and each comes or goes by a pattern.
3. LEFT_OVER. A create or a delete that the base asked for as much: an earlier apply did not come to it. There is no memory
   (ADR 1), so an object that somebody deleted by hand looks alike; one that a pinned id names did exist, and is DRIFTED.
4. DRIFTED. Everything else: the base asks for the same, and the live side is different.

Objects are told by their live ids and not by their keys: a key that was renamed with its id pinned is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dpsync.kinds import KINDS
from dpsync.kinds.catalog import SOURCE_KIND, find_sources
from dpsync.model.base import FieldPath, Spec, Surroundings, map_references, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change, Provenance
from dpsync.model.compare import mismatches
from dpsync.model.fields import Refers
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference, SourcePath, SourceReference
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, Source

_ENDED = frozenset({"retired", "released"})


def with_provenance(plan: Plan, now: DesiredState, base: DesiredState) -> Plan:
    """The same plan, each change with where it comes from; one that makes anew what was retired says what is lost."""
    sides = Asked(now), Asked(base)
    changes = (_traced(change, *sides) for change in plan.changes)
    return replace(plan, changes=tuple(_told(change, sides[1]) for change in changes))


def _told(change: Change, base: Asked) -> Change:
    """The change; with the reason that it has no approvals, if it is a create of what the base retired (FACTS 0.3)."""
    former = base.counterpart(change, change.after)
    if change.action is not Action.CREATE or former is None or former.lifecycle != "retired":
        return change
    return replace(
        change, reason="it was retired: approvals that it had do not come back, also under the same id"
    )


def only_declared(plan: Plan) -> Plan:
    """The plan without the changes that are not declared, unless a declared one cannot be made without them.

    Made before impact and guardrails, which are about what will be done. Findings about what was left out go with it. What
    no manifest names and is not deleted is kept: a key that was renamed earlier is recognised by it.
    """
    by_address = plan.by_address
    kept: set[Address] = set()
    pending = [change.address for change in plan.changes if change.provenance is Provenance.DECLARED]
    while pending:
        address = pending.pop()
        if address not in kept and address in by_address:
            kept.add(address)
            pending.extend(by_address[address].needs)
    dropped = by_address.keys() - kept
    orphans = (
        change.before for change in plan.deletions if change.address in dropped and change.after is None
    )
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.address in kept),
        kept=(*plan.kept, *(orphan for orphan in orphans if orphan is not None)),
        findings=tuple(finding for finding in plan.findings if finding.address not in dropped),
    )


# ------------------------------------------------------------------------------------------ one change


def _traced(change: Change, now: Asked, base: Asked) -> Change:
    """The change with where it comes from; a declared one that does more than that says what it puts back."""
    provenance = _provenance(change, now, base)
    besides = _put_back(change, now, base) if provenance is Provenance.DECLARED else ()
    words = f"puts back drift as well: {', '.join(besides)}" if besides else ""
    reason = "; ".join(part for part in (change.reason, words) if part)
    return replace(change, provenance=provenance, reason=reason)


def _put_back(change: Change, now: Asked, base: Asked) -> tuple[str, ...]:
    """What a declared update changes although the base asked for it as much: its fields, and `sources`."""
    declared = now.state.by_address.get(change.address)
    before = base.counterpart(change, declared)
    if change.action is not Action.UPDATE or declared is None or before is None or before.lifecycle in _ENDED:
        return ()
    asks, asked_before = now.spec(declared, change), base.spec(before, change)
    paths = _newly_asked(asks, asked_before)
    found = [field.path for field in change.fields if not any(_concerns(field.path, path) for path in paths)]
    added, removed = _declared_sources(change, asks, asked_before)
    others = {*change.sources.added, *change.sources.removed} - {*added, *removed}
    if any(not source.by_match for source in others):
        found.append("sources")
    return tuple(found)


def _provenance(change: Change, now: Asked, base: Asked) -> Provenance:
    declared = now.state.by_address.get(change.address)
    before = base.counterpart(change, declared)
    if declared is None:  # nothing names it now; a manifest that went named it, or none did for longer
        was_named = before is not None and before.lifecycle != "retired"
        return Provenance.DECLARED if was_named else Provenance.LEFT_OVER
    if declared.lifecycle == "retired":
        was_retired = before is not None and before.lifecycle == "retired"
        return Provenance.LEFT_OVER if was_retired else Provenance.DECLARED
    if before is None or before.lifecycle in _ENDED:
        return Provenance.DECLARED
    if _is_declared(change, now.spec(declared, change), base.spec(before, change)):
        return Provenance.DECLARED
    sources = (*change.sources.added, *change.sources.removed)
    if change.action is Action.CREATE:
        return Provenance.DRIFTED if declared.pinned else Provenance.LEFT_OVER
    if sources and not change.fields and all(source.by_match for source in sources):
        return Provenance.BY_MATCH
    return Provenance.DRIFTED


def _is_declared(change: Change, now: Spec, base: Spec) -> bool:
    """Whether anything that the change does is asked for now and was not at the base."""
    paths = _newly_asked(now, base)
    if not change.fields and change.sources.is_empty:  # it could not be worked out, or is never written
        return bool(paths)
    if any(_concerns(field.path, path) for field in change.fields for path in paths):
        return True
    return any(_declared_sources(change, now, base))


def _declared_sources(
    change: Change, now: Spec, base: Spec
) -> tuple[tuple[SourceReference, ...], tuple[SourceReference, ...]]:
    """The sources that come by an entry that came, and those that go with an entry that went."""
    asked, asked_before = _entries(now), _entries(base)
    come = set(asked) - set(asked_before)
    gone = set(asked_before) - set(asked)
    added = tuple(
        source
        for source in change.sources.added
        if not 0 <= source.index < len(asked) or asked[source.index] in come
    )
    removed = tuple(
        source for source in change.sources.removed if any(_means(entry, source) for entry in gone)
    )
    return added, removed


def _newly_asked(now: Spec, base: Spec) -> frozenset[str]:
    """The dotted paths of what is asked for now and was not, or not so, at the base."""
    fresh = {
        rule.name
        for rule in rules_of(type(now))
        if now.manages(rule.attribute) and not base.manages(rule.attribute)
    }
    return frozenset(fresh | {one.dotted for one in mismatches(now, base)})


def _concerns(changed: str, asked: str) -> bool:
    return changed == asked or changed.startswith(f"{asked}.") or asked.startswith(f"{changed}.")


def _entries(spec: Spec) -> tuple[SourceReference, ...]:
    """The entries of the list of sources, in the order of the manifest."""
    for rule in rules_of(type(spec)):
        if rule.replaced_whole and spec.manages(rule.attribute):
            return tuple(getattr(spec, rule.attribute))
    return ()


def _means(entry: SourceReference, removed: SourceReference) -> bool:
    """Whether an entry that went may have brought a live source. Of what is not known to be otherwise, it may."""
    if entry.how == "name" or removed.path is None:
        return True
    found = Source(removed.id or "", removed.text, removed.path or SourcePath())
    return bool(find_sources(entry, (found,)))


# --------------------------------------------------------------------------- what the manifests ask for


@dataclass(frozen=True)
class Asked:
    """What the manifests of one moment ask for, said so that two moments can be compared without the live side."""

    state: DesiredState

    @cached_property
    def _by_id(self) -> Mapping[tuple[str, str], Resource]:
        return {(one.kind, one.id.casefold()): one for one in self.state.resources}

    def counterpart(self, change: Change, declared: Resource | None) -> Resource | None:
        """The resource of this moment that a change is about: of a kind that is only verified, that with the key."""
        if declared is not None and not KINDS[declared.kind].written:
            return self.state.by_address.get(declared.address)
        return self._by_id.get((change.kind, change.id.casefold()))

    def spec(self, resource: Resource, change: Change) -> Spec:
        """The spec with every key replaced by what it means at this moment, as it would stand in the marketplace."""
        return self.settled(resource, change.before.spec if change.before is not None else None)

    def settled(self, resource: Resource, live: Spec | None) -> Spec:
        """The same, beside this live side of the resource."""
        settled, _notes = self.meant(resource).settled(Surroundings(resource.id, live, self._spec_of))
        return settled

    def meant(self, resource: Resource) -> Spec:
        """The spec with every key replaced by what it means at this moment, and nothing left out."""
        spec: Spec = map_references(resource.spec, self._meaning)
        for rule in rules_of(type(spec)):
            if rule.replaced_whole and spec.manages(rule.attribute):
                entries = tuple(self._spelled_out(getattr(spec, rule.attribute)))
                spec = spec.with_values(**{rule.attribute: entries})
        return spec

    def _meaning(self, _path: FieldPath, reference: Reference, refers: Refers) -> Reference:
        if reference.how == "id":
            return reference.resolved(reference.text, reference.text)
        if reference.how == "name":
            return reference
        declared = self.state.by_address.get(Address(refers.to, reference.text))
        if declared is None:
            return reference
        if declared.pinned or KINDS[declared.kind].written:
            return reference.resolved(declared.id, declared.title)
        return Reference(declared.title, "name")

    def _spelled_out(self, entries: Iterable[SourceReference]) -> Iterable[SourceReference]:
        for entry in entries:
            declared = (
                self.state.by_address.get(Address(SOURCE_KIND, entry.text)) if entry.how == "key" else None
            )
            meant = getattr(declared.spec, "reference", entry) if declared is not None else entry
            yield meant if isinstance(meant, SourceReference) else entry

    def _spec_of(self, kind: str, reference: Reference) -> Spec | None:
        declared = self._by_id.get((kind, (reference.id or "").casefold()))
        return declared.spec if declared is not None else None

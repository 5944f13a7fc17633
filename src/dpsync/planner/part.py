"""The part of the estate that a plan is about: what changed, what was asked for, and what those need (ADR 19).

A room of its own because a plan of a part must be the plan of everything, restricted: the same changes, and none that was
not asked for. Values in, values out. It must never be taken for what is known: what is outside was not looked at, which is
for the guardrails and the reports to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, references_in
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.compare import mismatches
from dpsync.model.identity import is_of_workspace
from dpsync.model.part import Part, Wanted
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import DesiredState, LiveState
from dpsync.planner.names import same_name
from dpsync.planner.provenance import Asked
from dpsync.planner.resolve import resolve_part
from dpsync.planner.reviewed import without
from dpsync.planner.selecting import (
    live_id_in,
    means,
    must_be_carried,
    must_mean_something,
    requirements,
    selects,
)

_ENDED = frozenset({"retired", "released"})


# Choosing.


def part_of(wanted: Wanted, now: DesiredState, base: DesiredState | None, commit: str = "") -> Part:
    """What a plan covers for which this was asked: each option narrows what the others leave.

    `base` are the manifests that `wanted.since` means, at this commit. Raises UsageError for what means nothing.
    """
    before = base.resources if base is not None else ()
    known = {one.address for one in chain(now.resources, before)}
    must_mean_something("--target", wanted.targets, known)
    must_mean_something("--exclude", wanted.excludes, known)
    asked = tuple(chain.from_iterable(requirements(one) for one in wanted.selectors))
    must_be_carried(asked, (one.labels for one in chain(now.resources, before)))

    def is_meant(address: Address, labels: Mapping[str, str]) -> bool:
        if wanted.targets and not any(means(pattern, address) for pattern in wanted.targets):
            return False
        return selects(asked, labels) and not _is_excluded(wanted.excludes, address)

    changed = None if base is None else _changed(now, base)
    covered = (
        one.address
        for one in now.resources
        if (changed is None or one.address in changed) and is_meant(one.address, one.labels)
    )
    part = Part(
        wanted.since,
        commit,
        wanted.targets,
        wanted.excludes,
        wanted.selectors,
        tuple(sorted(covered)),
        declared=len(now.resources),
    )
    if not part.is_narrow:
        return replace(part, gone=None)
    by_id = {(one.kind, one.id.casefold()) for one in now.resources}
    gone = {
        Address(one.kind, one.id)
        for one in before
        if (one.kind, one.id.casefold()) not in by_id
        and is_of_workspace(now.workspace_id, one.kind, one.id)
        and (is_meant(one.address, one.labels) or _is_named(wanted, Address(one.kind, one.id)))
    }
    if base is None and not wanted.selectors:
        named = (live_id_in(pattern) for pattern in wanted.targets)
        gone |= {
            one
            for one in named
            if one is not None
            and (one.kind, one.key) not in by_id
            and is_of_workspace(now.workspace_id, one.kind, one.key)
            and not _is_excluded(wanted.excludes, one)
        }
    return replace(part, gone=tuple(sorted(gone)))


def the_same_part(saved: Part, now: DesiredState) -> Part:
    """A part that was saved with a plan, in the manifests of now: the same resources, as far as they are declared."""
    covered = tuple(address for address in saved.covered if address in now.by_address)
    return replace(saved, covered=covered, declared=len(now.resources))


def _is_named(wanted: Wanted, gone: Address) -> bool:
    return any(means(pattern, gone) for pattern in wanted.targets) and not _is_excluded(wanted.excludes, gone)


def _is_excluded(excludes: Iterable[str], address: Address) -> bool:
    return any(means(pattern, address) for pattern in excludes)


def _changed(now: DesiredState, base: DesiredState) -> frozenset[Address]:
    """The declared resources of which the manifests ask for something else than at the base.

    What a resource inherits, and what that means to which it refers, counts as its own; where a text stands does not.
    """
    asked, asked_before = Asked(now), Asked(base)
    by_id = {(one.kind, one.id.casefold()): one for one in base.resources if KINDS[one.kind].written}
    changed: set[Address] = set()
    unsure: list[Resource] = []
    for one in now.resources:
        former = (
            by_id.get((one.kind, one.id.casefold()))
            if KINDS[one.kind].written
            else base.by_address.get(one.address)
        )
        if (
            former is None
            or one.pinned != former.pinned
            or _differ(asked.meant(one), asked_before.meant(former))
            or _differ(asked.settled(one, None), asked_before.settled(former, None))
        ):
            changed.add(one.address)
        elif one.spec.looks_at_live:
            unsure.append(one)
    if any(KINDS[address.kind].written for address in changed):
        changed.update(one.address for one in unsure)
    return frozenset(changed)


def _differ(one: Spec, other: Spec) -> bool:
    """Whether two specs do not ask for the same, down to what is not asked for."""
    return (
        one.model_fields_set != other.model_fields_set
        or bool(mismatches(one, other))
        or bool(mismatches(other, one))
    )


# What belongs to it.


def with_needed(desired: DesiredState, addresses: Iterable[Address]) -> frozenset[Address]:
    """The addresses, and those of all declared resources that can be written and that these refer to, directly or not."""
    declared = _Declared(desired)
    found: set[Address] = set()
    pending = list(addresses)
    while pending:
        address = pending.pop()
        if address in found or address not in desired.by_address:
            continue
        found.add(address)
        one = desired.by_address[address]
        if one.lifecycle not in _ENDED:
            pending.extend(declared.targets(one.spec))
    return frozenset(found)


def with_concerned(
    desired: DesiredState, live: LiveState, addresses: frozenset[Address], gone: Iterable[Address]
) -> frozenset[Address]:
    """The addresses, and those of declared resources that must be planned as well: they have to let something go first.

    One that has the name that another is to get, and one that uses what is to be deleted.
    """
    outside = {
        (one.kind, one.id.casefold()): one for one in desired.resources if one.address not in addresses
    }
    mine = [one for one in desired.resources if one.address in addresses]
    wanted = {
        (one.kind, same_name(one.title)) for one in mine if one.lifecycle not in _ENDED and _is_new(one, live)
    }
    leaving = {(one.kind, one.key.casefold()) for one in gone}
    leaving |= {(one.kind, one.id.casefold()) for one in mine if one.lifecycle == "retired"}
    more = {
        outside[found].address
        for one in live.resources
        if (found := (one.kind, one.id.casefold())) in outside
        and ((one.kind, same_name(one.title)) in wanted or _uses_any(one, leaving))
    }
    return with_needed(desired, addresses | more) if more else addresses


def _is_new(one: Resource, live: LiveState) -> bool:
    """Whether a resource is to get a name that it does not have."""
    counterpart = live.by_id.get((one.kind, one.id))
    return counterpart is None or same_name(counterpart.title) != same_name(one.title)


def _uses_any(one: LiveResource, leaving: set[tuple[str, str]]) -> bool:
    return bool(leaving) and any(
        (refers.to, (reference.id or "").casefold()) in leaving
        for _path, reference, refers in references_in(one.spec)
    )


@dataclass(frozen=True)
class _Declared:
    """Finds what a reference may mean among what is declared and can be written."""

    desired: DesiredState

    def targets(self, spec: Spec) -> Iterator[Address]:
        for _path, reference, refers in references_in(spec):
            kind = KINDS.get(refers.to)
            if kind is not None and kind.written:
                yield from self._meant(refers.to, reference)

    def _meant(self, kind: str, reference: Reference) -> Iterator[Address]:
        address = Address(kind, reference.text)
        if reference.how == "key" and address in self.desired.by_address:
            yield address
            return
        text = reference.text.casefold()
        for one in self.desired.of_kind(kind):
            if text in {one.id.casefold(), one.title.casefold()}:
                yield one.address


# Keeping to it.


def narrowed(plan: Plan, part: Part, desired: DesiredState) -> Plan:
    """The plan with the changes that the part covers, and those that they need; what is excluded is never made.

    Made before impact and guardrails, which are about what will be done. What no manifest names and is not deleted is kept:
    a key that was renamed is recognised by it.
    """
    excluded = tuple(
        change
        for change in plan.changes
        if _is_excluded(part.excludes, change.address) and not _covers(part, change)
    )
    plan = without(
        plan, excluded, "which --exclude leaves out", "Leave that option out, or exclude this one as well."
    )
    by_address = plan.by_address
    kept: set[Address] = set()
    pending = [change.address for change in plan.changes if _covers(part, change)]
    while pending:
        address = pending.pop()
        if address not in kept and address in by_address:
            kept.add(address)
            pending.extend(by_address[address].needs)
    dropped = [change for change in (*plan.changes, *excluded) if change.address not in kept]
    away = {change.address for change in dropped}
    left = (change.before for change in dropped if change.action is Action.DELETE and change.after is None)

    def is_about(address: Address | None) -> bool:
        if address is None or address in kept or part.covers(address):
            return True
        return address not in away and address not in desired.by_address

    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.address in kept),
        findings=tuple(finding for finding in plan.findings if is_about(finding.address)),
        kept=(*plan.kept, *(one for one in left if one is not None)),
        unchanged=sum(
            1
            for address in part.covered
            if address not in kept
            and KINDS[address.kind].written
            and desired.by_address[address].lifecycle not in _ENDED
        ),
        part=part,
    )


def _covers(part: Part, change: Change) -> bool:
    if change.after is None:
        is_left_out = _is_excluded(part.excludes, change.address)
        return not is_left_out and part.prunes(change.kind, change.id)
    return part.covers(change.address)


# What to look at besides.


def not_made(resolved: Iterable[Resource], plan: Plan, live: LiveState) -> Iterator[Resource]:
    """What is declared and not live, and what the plan leaves out: something that it deletes may be one of these."""
    for one in resolved:
        is_to_be = KINDS[one.kind].written and one.lifecycle not in _ENDED
        if is_to_be and one.address not in plan.by_address and (one.kind, one.id) not in live.by_id:
            yield one


def neighbours(
    plan: Plan, desired: DesiredState, live: LiveState, addresses: Collection[Address]
) -> tuple[Resource, ...]:
    """The declared resources outside of the plan by whose live side the plan is judged, sorted.

    Those whose manifests name a source that comes or goes: through them, people keep it or have it already. And those that
    are called like an object that is deleted because no manifest names it: it may be one of them under another key.
    """
    outside = {
        one.address: one
        for one in desired.resources
        if one.address not in addresses and KINDS[one.kind].written and one.lifecycle not in _ENDED
    }
    touched = frozenset(chain.from_iterable(_touched(change) for change in plan.changes))
    titles = {(one.kind, same_name(one.title)) for one in plan.deletions if one.after is None}
    if touched:
        outside = {one.address: one for one in resolve_part(desired, live, outside).resources}
    return tuple(
        outside[address]
        for address in sorted(outside)
        if (address.kind, same_name(outside[address].title)) in titles
        or not touched.isdisjoint(_sources(outside[address]))
    )


def _touched(change: Change) -> Iterator[str]:
    """Ids of the sources that the change may give to somebody, or take."""
    ids = (one.id for one in (*change.sources.added, *change.sources.removed))
    yield from (one for one in ids if one is not None)
    if change.before is not None and (change.removes_access or change.grants_access):
        yield from _sources(change.before)


def _sources(one: Resource | LiveResource) -> frozenset[str]:
    entries: tuple[SourceReference, ...] = getattr(one.spec, "sources", None) or ()
    return frozenset(entry.id for entry in entries if entry.id is not None)

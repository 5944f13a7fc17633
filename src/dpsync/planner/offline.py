"""Two desired states side by side: what the manifests ask for now, and what those of a base asked for.

A module of its own because no marketplace is asked: nothing is resolved, so references and patterns are compared as they
are written. What comes of it looks like a plan so that it can be shown like one. It must never be applied, saved, weighed
or given a fingerprint: what is live may be something else altogether.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange, SourceChange
from dpsync.model.compare import mismatches
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import DesiredState

RETIRED = "retired"


def held_against(desired: DesiredState, base: DesiredState, target: Target) -> Plan:
    """What is declared, changed or no longer declared. `target` names the workspace; nothing is asked there.

    An object is the same where its live id is, whatever key it is declared by: another key is no delete and no create.
    """
    now, former = _by_object(desired), _by_object(base)
    changes = [change for one in {**former, **now} for change in _changes(now.get(one), former.get(one))]
    changes = [_apart(change, desired) for change in changes]
    changes.sort(key=lambda one: (KINDS[one.kind].rank, one.address, one.id))
    unchanged = len(desired.resources) - sum(1 for one in changes if one.after)
    return Plan(target, tuple(changes), owned=None, unchanged=unchanged, unmanaged=None)


def _by_object(state: DesiredState) -> dict[tuple[str, str], Resource]:
    """What is declared by what it means: by live id, and by key where a manifest only names what others made."""
    return {
        (one.kind, one.id.casefold() if KINDS[one.kind].written else one.key): one for one in state.resources
    }


def _apart(change: Change, desired: DesiredState) -> Change:
    """What goes is called by its id where its key means another object now: two changes never have the same address."""
    if change.after is None and change.address in desired.by_address:
        return replace(change, address=Address(change.kind, change.id))
    return change


def _changes(after: Resource | None, before: Resource | None) -> Iterator[Change]:
    was_there, is_there = (one is not None and one.lifecycle != RETIRED for one in (before, after))
    if after is not None and is_there and not was_there:
        yield _added(after)
    elif before is not None and was_there and not is_there:
        yield _removed(before, after)
    elif before is not None and after is not None and is_there:
        yield from _changed(before, after)


def _added(after: Resource) -> Change:
    sources = next((value for _, value in _sources(after.spec)), ())
    return Change(
        after.address,
        after.id,
        after.title,
        (Action.CREATE,),
        None,
        after,
        sources=SourceChange(_in_order(sources)),
        origin=after.origin,
    )


def _removed(before: Resource, after: Resource | None) -> Change:
    return Change(
        (after or before).address,
        before.id,
        before.title,
        (Action.DELETE,),
        _as_it_was(before),
        after,
        sources=SourceChange(removed=_in_order(next((value for _, value in _sources(before.spec)), ()))),
        reason="retired" if after is not None else "in no manifest any more",
        origin=(after or before).origin,
    )


def _changed(before: Resource, after: Resource) -> Iterator[Change]:
    whole = {name for spec in (before.spec, after.spec) for name, _ in _sources(spec)}
    fields = tuple(
        FieldChange(
            found.dotted,
            found.before,
            found.after,
            found.rule.effects(found.before, found.after),
            after.origins.of(found.path),
        )
        for found in mismatches(after.spec, before.spec)
        if found.dotted not in whole
    )
    sources = _moved(before.spec, after.spec)
    left = tuple(_left(before.spec, after.spec))
    if not fields and sources.is_empty and not left:
        return
    actions = ((Action.UPDATE,) if fields or left else ()) + (
        () if sources.is_empty else (Action.REPLACE_SOURCES,)
    )
    reasons = (
        f"{before.address} in the base" if before.key != after.key else "",
        f"no longer named, and left as it is: {', '.join(left)}" if left else "",
    )
    yield Change(
        after.address,
        after.id,
        after.title,
        actions,
        _as_it_was(before),
        after,
        fields=fields,
        sources=sources,
        reason="; ".join(one for one in reasons if one),
        origin=after.origin,
    )


def _left(before: Spec, after: Spec) -> Iterator[str]:
    """The fields that only the base names."""
    for rule in rules_of(type(after)):
        if before.manages(rule.attribute) and not after.manages(rule.attribute):
            yield rule.name


def _moved(before: Spec, after: Spec) -> SourceChange:
    had, has = (
        {source for _, value in _sources(spec) for source in value if isinstance(source, SourceReference)}
        for spec in (before, after)
    )
    if not any(True for _ in _sources(after)):
        return SourceChange()
    return SourceChange(_in_order(has - had), _in_order(had - has), len(has & had))


def _sources(spec: Spec) -> Iterator[tuple[str, tuple[SourceReference, ...]]]:
    """The fields that a call of their own replaces, by name."""
    for rule in rules_of(type(spec)):
        if rule.replaced_whole and spec.manages(rule.attribute):
            yield rule.name, getattr(spec, rule.attribute) or ()


def _in_order(sources: set[SourceReference] | tuple[SourceReference, ...]) -> tuple[SourceReference, ...]:
    return tuple(sorted(sources, key=str))


def _as_it_was(resource: Resource) -> LiveResource:
    return LiveResource(resource.kind, resource.id, resource.spec)

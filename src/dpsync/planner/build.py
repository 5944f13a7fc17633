"""Builds the plan: resolves, pairs, compares, orders. Values in, one value out; nothing here reads or writes anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dpsync.kinds import KINDS
from dpsync.model.base import references_in, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import is_of_workspace
from dpsync.model.part import Part
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import LiveState
from dpsync.planner.diff import creation, difference, removal
from dpsync.planner.names import with_name_order
from dpsync.planner.ownership import ownership
from dpsync.planner.resolve import Resolved
from dpsync.planner.waves import in_waves


def pruning_plan(resolved: Resolved, live: LiveState, target: Target) -> Plan:
    """The plan that also deletes what this workspace made and no manifest names any more."""
    orphans = ownership(resolved.desired, live).orphans
    return _plan(resolved, live, target, prunes=frozenset(one.id for one in orphans))


def keeping_plan(resolved: Resolved, live: LiveState, target: Target) -> Plan:
    """The plan that keeps, and names, what this workspace made and no manifest names any more."""
    return _plan(resolved, live, target, prunes=frozenset())


def pruning_part(resolved: Resolved, live: LiveState, target: Target, part: Part) -> Plan:
    """The plan for a part, of whose live side no more is known than was read for it; it deletes what the part does."""
    orphans = ownership(resolved.desired, live).orphans
    prunes = frozenset(one.id for one in orphans if part.prunes(one.kind, one.id))
    return _of_part(_plan(resolved, live, target, prunes=prunes))


def keeping_part(resolved: Resolved, live: LiveState, target: Target, _part: Part) -> Plan:
    """The plan for a part, without deletes of what no manifest names any more."""
    return _of_part(_plan(resolved, live, target, prunes=frozenset()))


def _of_part(plan: Plan) -> Plan:
    return replace(plan, owned=None, unmanaged=None)


def _plan(resolved: Resolved, live: LiveState, target: Target, *, prunes: frozenset[str]) -> Plan:
    whose = ownership(resolved.desired, live)
    drafts = [
        draft for resource in resolved.resources if (draft := _declared(resource, live, resolved)) is not None
    ]
    drafts.extend(_orphan(one, live) for one in whose.orphans if one.id in prunes)
    kept = tuple(one for one in whose.orphans if one.id not in prunes)
    changes = with_name_order(_with_needs(drafts, resolved, live), live, {one.id: one for one in kept})
    changes = in_waves(changes)
    plan = Plan(
        target=target,
        changes=changes,
        kept=kept,
        owned=whose.owned,
        unchanged=_unchanged(resolved, drafts),
        unmanaged=whose.unmanaged,
        complete=not live.gaps,
    )
    return plan.with_findings((*resolved.findings, *_gap_findings(live), *_limits(plan, live)))


def _unchanged(resolved: Resolved, drafts: Iterable[Change]) -> int:
    changed = {draft.address for draft in drafts}
    return sum(
        1
        for one in resolved.resources
        if one.address not in changed
        and KINDS[one.kind].written
        and one.lifecycle not in {"retired", "released"}
    )


def _declared(resource: Resource, live: LiveState, resolved: Resolved) -> Change | None:
    """The change that a declared resource asks for, or None."""
    errors = resolved.unresolved.get(resource.address, ())
    if not KINDS[resource.kind].written:
        return _unverified(resource, errors) if errors else None
    counterpart = live.by_id.get((resource.kind, resource.id))
    if resource.lifecycle == "released":
        return None
    if resource.lifecycle == "retired":
        return _retired(resource, counterpart, live) if counterpart is not None else None
    if errors:
        return _unresolved(resource, counterpart, errors)
    gap = live.gap(resource.kind, resource.id)
    if gap is not None:
        return _unresolved(
            resource,
            counterpart,
            (_finding(resource, "unreadable", f"The live object cannot be read completely: {gap.reason}"),),
        )
    if counterpart is None:
        return _create(resource, live, resolved.desired.workspace_id)
    return _update(resource, counterpart, live, resolved)


def _create(resource: Resource, live: LiveState, workspace_id: str) -> Change:
    made = creation(resource)
    change = Change(
        address=resource.address,
        id=resource.id,
        title=resource.title,
        actions=(Action.CREATE,),
        before=None,
        after=resource,
        fields=made.fields,
        sources=made.sources,
        origin=resource.origin,
    )
    if resource.pinned and not is_of_workspace(workspace_id, resource.kind, resource.id):
        return replace(
            change,
            blocked=(
                _finding(
                    resource,
                    "pinned-id-not-live",
                    f"The manifest pins the id {resource.id}, and nothing live has it.",
                    "Correct `metadata.id`, or remove that line to create a new object with an id of its own.",
                ),
            ),
        )
    if live.gap(resource.kind) is not None and resource.id not in live.confirmed_absent:
        return replace(
            change,
            blocked=(
                _finding(
                    resource,
                    "absence-not-confirmed",
                    "The list of live objects could not be read to its end, so this one may exist already.",
                    "Run the plan again.",
                ),
            ),
        )
    return change


def _update(
    resource: Resource, counterpart: LiveResource, live: LiveState, resolved: Resolved
) -> Change | None:
    patterns = resolved.patterns(resource.address)
    found = difference(resource, counterpart, live.catalog.source_by_id, patterns)
    if found.is_empty:
        return None
    actions = []
    if found.fields:
        actions.append(Action.UPDATE)
    if not found.sources.is_empty:
        actions.append(Action.REPLACE_SOURCES)
    return Change(
        address=resource.address,
        id=resource.id,
        title=counterpart.title,
        actions=tuple(actions),
        before=counterpart,
        after=resource,
        fields=found.fields,
        sources=found.sources,
        origin=resource.origin,
    )


def _retired(resource: Resource, counterpart: LiveResource, live: LiveState) -> Change:
    return Change(
        address=resource.address,
        id=resource.id,
        title=counterpart.title,
        actions=(Action.DELETE,),
        before=counterpart,
        after=resource,
        sources=removal(counterpart, live.catalog.source_by_id).sources,
        reason="its manifest says lifecycle: retired",
        origin=resource.origin,
    )


def _orphan(one: LiveResource, live: LiveState) -> Change:
    return Change(
        address=Address(one.kind, one.id),
        id=one.id,
        title=one.title,
        actions=(Action.DELETE,),
        before=one,
        after=None,
        sources=removal(one, live.catalog.source_by_id).sources,
        reason="made by this workspace, and in no manifest any more",
    )


def _unresolved(resource: Resource, counterpart: LiveResource | None, errors: tuple[Finding, ...]) -> Change:
    """A change that cannot be worked out: it says what stands in the way and nothing about what would change."""
    return Change(
        address=resource.address,
        id=resource.id,
        title=counterpart.title if counterpart else resource.title,
        actions=(Action.UPDATE if counterpart else Action.CREATE,),
        before=counterpart,
        after=resource,
        origin=resource.origin,
        blocked=errors,
    )


def _unverified(resource: Resource, errors: tuple[Finding, ...]) -> Change:
    return Change(
        address=resource.address,
        id=resource.id,
        title=resource.title,
        actions=(Action.UPDATE,),
        before=None,
        after=resource,
        reason="declared and verified only; dpsync never writes it",
        origin=resource.origin,
        blocked=errors,
    )


def _finding(resource: Resource, rule: str, message: str, remedy: str = "") -> Finding:
    return Finding(rule, Severity.ERROR, message, remedy, resource.origin, resource.address)


@dataclass(frozen=True, slots=True)
class _Users:
    """Who refers to an object: live ones now, by kind and id; and a declared one, once the plan is applied.

    `later` are declared ones that the plan is not about, by kind and what they call the object.
    """

    now: Mapping[tuple[str, str], list[tuple[str, str]]]
    then: Mapping[tuple[str, str], Resource]
    later: Mapping[tuple[str, str], Resource]


def _with_needs(drafts: list[Change], resolved: Resolved, live: LiveState) -> tuple[Change, ...]:
    """The changes with what each waits for: what it refers to, and, for a delete, what refers to it now."""
    by_id = {(draft.kind, draft.id): draft for draft in drafts}
    users: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in live.resources if any(draft.action is Action.DELETE for draft in drafts) else ():
        for _path, reference, refers in references_in(one.spec):
            if reference.id is not None and refers.to in KINDS and KINDS[refers.to].written:
                users.setdefault((refers.to, reference.id), []).append((one.kind, one.id))
    then = {
        (refers.to, reference.id): one
        for one in resolved.resources
        if one.lifecycle not in {"retired", "released"}
        for _path, reference, refers in references_in(one.spec)
        if reference.id is not None
    }
    known = _Users(users, then, _later(resolved))
    return tuple(_needing(draft, by_id, known, live) for draft in drafts)


def _later(resolved: Resolved) -> Mapping[tuple[str, str], Resource]:
    """What the resources refer to that were not resolved, because the plan is about a part."""
    done = {one.address for one in resolved.resources}
    if len(done) == len(resolved.desired.resources):
        return {}
    return {
        (refers.to, reference.text.casefold()): one
        for one in resolved.desired.resources
        if one.address not in done and one.lifecycle not in {"retired", "released"}
        for _path, reference, refers in references_in(one.spec)
        if refers.to in KINDS and Address(refers.to, reference.text) not in resolved.desired.by_address
    }


def _needing(
    draft: Change,
    by_id: Mapping[tuple[str, str], Change],
    users: _Users,
    live: LiveState,
) -> Change:
    needs: list[Address] = []
    follows: list[Address] = []
    if draft.action is Action.DELETE:
        wanted_by = users.then.get((draft.kind, draft.id)) or next(
            (
                users.later[draft.kind, name.casefold()]
                for name in (draft.id, draft.title)
                if (draft.kind, name.casefold()) in users.later
            ),
            None,
        )
        if wanted_by is not None:
            return replace(draft, blocked=(*draft.blocked, _still_used(draft, wanted_by)))
        for user in sorted(set(users.now.get((draft.kind, draft.id), ()))):
            freeing = by_id.get(user)
            if freeing is not None and _lets_go(freeing, draft):
                needs.append(freeing.address)
            else:
                return replace(draft, blocked=(*draft.blocked, _still_used(draft, live.by_id[user])))
    elif draft.after is not None:
        for _path, reference, refers in references_in(draft.after.spec):
            first = by_id.get((refers.to, reference.id or ""))
            if first is None or first.action is Action.DELETE:
                continue
            (needs if _is_needed(first, draft) else follows).append(first.address)
    return replace(
        draft,
        needs=tuple(dict.fromkeys((*draft.needs, *needs))),
        follows=tuple(dict.fromkeys((*draft.follows, *follows))),
    )


def _is_needed(first: Change, draft: Change) -> bool:
    """Whether a change must not be made without another: one that makes what it refers to, or decides who gets in (ADR 7)."""
    comes_under = any(
        isinstance(field.after, Reference) and field.after.id == first.id for field in draft.fields
    )
    opens = draft.action is Action.CREATE or draft.grants_access or comes_under
    return first.action is Action.CREATE or (opens and Effect.REVIEW in first.effects)


def _lets_go(user: Change, gone: Change) -> bool:
    if user.action is Action.DELETE:
        return True
    if user.after is None or user.before is None:
        return False
    touched = {field.path for field in user.fields}
    for path, reference, refers in references_in(user.before.spec):
        if refers.to == gone.kind and reference.id == gone.id:
            dotted = ".".join(part for part in path if isinstance(part, str))
            if dotted not in touched:
                return False
    return not any(
        refers.to == gone.kind and reference.id == gone.id
        for _path, reference, refers in references_in(user.after.spec)
    )


def _still_used(draft: Change, user: LiveResource | Resource) -> Finding:
    return Finding(
        "still-used",
        Severity.ERROR,
        f"{draft.title!r} is still used by the {KINDS[user.kind].noun} {user.title!r}.",
        "Let that one use another first; the marketplace refuses to delete what is in use.",
        draft.origin,
        draft.address,
    )


# What holds for every change, whatever it does.


def _gap_findings(live: LiveState) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "incomplete",
            Severity.WARNING,
            f"{_what(gap.kind, gap.id)} could not be read completely: {gap.reason}",
            "Nothing that depends on it is changed. Run the plan again.",
        )
        for gap in live.gaps
    )


def _what(kind: str, live_id: str) -> str:
    known = KINDS.get(kind)
    if not live_id:
        return f"The list of {known.plural if known else kind}"
    return f"{known.noun.capitalize() if known else kind} {live_id}"


def _limits(plan: Plan, live: LiveState) -> Iterable[Finding]:
    lists = tuple(gap for gap in live.gaps if not gap.id)
    for change in plan.changes:
        if change.is_blocked:
            continue
        if lists and change.removes_access:
            yield Finding(
                "incomplete",
                Severity.ERROR,
                f"{_what(lists[0].kind, '')} was not read to its end, so nothing that takes access away is done.",
                "Run the plan again.",
                change.origin,
                change.address,
            )
        gap = live.gap(change.kind, change.id) if change.action is Action.DELETE else None
        if gap is not None:
            yield Finding(
                "unreadable",
                Severity.ERROR,
                f"The live object cannot be read completely, so it is not deleted: {gap.reason}",
                "Run the plan again.",
                change.origin,
                change.address,
            )
        place = _forbidden_in(change, live)
        if place is not None:
            yield Finding(
                "no-permission",
                Severity.ERROR,
                f"The token acts as {live.caller.name}, who may not manage data products {place}.",
                "Use a token with GOVERNANCE, or with Manage Data Products there.",
                change.origin,
                change.address,
            )


def _forbidden_in(change: Change, live: LiveState) -> str | None:
    """Where the caller lacks the right that the change takes (FACTS 1.3), as a phrase; None if nowhere."""
    domains = [
        value
        for side in (change.before, change.after)
        if side is not None
        for rule in rules_of(type(side.spec))
        if rule.refers is not None
        and rule.refers.inherits
        and isinstance(value := getattr(side.spec, rule.attribute), Reference)
        and value.id is not None
    ]
    for domain in domains:
        if not all(live.caller.may_manage(one) for one in str(domain.id).split(",")):
            return f"in the domain {domain}"
    return None if domains or live.caller.may_manage_somewhere else "in any domain"

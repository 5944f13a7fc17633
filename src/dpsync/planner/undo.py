"""Planning an undo: what a run changed, as a desired state that asks for what was there before.

A room of its own because the desired state comes from a journal and not from manifests: it manages what the run changed
and nothing else, so that resolving, comparing and ordering are those of every plan. Values in, values out. It must never
restore what it cannot know: what the journal does not hold is said, and left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dpsync.errors import UsageError
from dpsync.kinds import KINDS
from dpsync.kinds.catalog import GROUPS
from dpsync.model.base import FieldPath, Spec, map_references, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.compare import Mismatch, mismatches
from dpsync.model.fields import Refers
from dpsync.model.finding import Finding, Severity
from dpsync.model.history import ACCESS, PastCall, PastRun
from dpsync.model.identity import computed_id, is_of_workspace
from dpsync.model.place import Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, Reference, SourceReference, is_uuid
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import DesiredState, LiveState
from dpsync.model.words import narrowed, paths_in, understood, without_what_stays
from dpsync.planner.build import keeping_plan
from dpsync.planner.resolve import Resolved, resolve
from dpsync.planner.waves import in_waves


@dataclass(frozen=True, slots=True)
class Past:
    """One object that a run touched: as it shall be again, and as the run made it.

    `was` is None for what the run created; `made` is None for what it deleted. `context` are attributes that both have and
    that the run did not change: what the object is in, without which its sources are not found. `approved` is how many had
    access to what was deleted. `lost` are the fields that the journal names and does not hold,
    `set_for_good` those that had no value and that nothing can clear.
    """

    address: Address
    live_id: str
    title: str
    action: Action
    was: Resource | None
    made: Resource | None
    context: frozenset[str] = frozenset()
    approved: int | None = None
    lost: tuple[str, ...] = ()
    set_for_good: tuple[str, ...] = ()
    origin: Origin | None = None

    @property
    def id_now(self) -> str:
        """The id that the object has if it is live, or under which it comes back."""
        return self.live_id if self.was is None else self.was.id

    @property
    def wanted(self) -> Resource | None:
        """What is to be asked for: the object as it was, or that what the run created goes."""
        if self.was is not None or self.made is None:
            return self.was
        return replace(self.made, spec=self.made.spec.with_values(lifecycle="retired"))


@dataclass(frozen=True)
class Undoing:
    """A run as what it touched, before anything live is looked at."""

    run: PastRun
    workspace_id: str
    pasts: tuple[Past, ...]

    @property
    def named(self) -> DesiredState:
        """Both sides of every object: what has to be read of the live side follows from it."""
        return self.state_of(side for past in self.pasts for side in (past.wanted, past.made))

    def state_of(self, resources: Iterable[Resource | None]) -> DesiredState:
        """A state that asks for these resources and nothing else."""
        asked = tuple(resource for resource in resources if resource is not None)
        return DesiredState(self.workspace_id, self.run.target.environment, asked)


@dataclass(frozen=True, slots=True)
class Undone:
    """The plan of an undo, and what it was made from."""

    plan: Plan
    desired: DesiredState
    resources: tuple[Resource, ...]


def undoing(run: PastRun, workspace_id: str) -> Undoing:
    """What a run touched, by its journal. Raises UsageError for one that made no changes of a plan."""
    if run.command == ACCESS:
        raise UsageError(
            f"The run {run.run} was one of `dpsync access`: it changed who has access, and no object.",
            "`dpsync access list` shows who is in; `access revoke` and `access request` change it.",
        )
    by_object: dict[str, list[PastCall]] = {}
    for call in run.calls:
        if call.fields is None:
            raise UsageError(
                f"{run.file}:{call.line} does not say what the call changed: it is of an older dpsync.",
                "Revert the commit and apply, which puts back what the manifests manage.",
            )
        if call.may_have_taken_effect:
            by_object.setdefault(call.address, []).append(call)
    return Undoing(run, workspace_id, tuple(_past(run, calls, workspace_id) for calls in by_object.values()))


def undone(undo: Undoing, live: LiveState, target: Target, vintage: str) -> Undone:
    """The plan that restores what the run changed, as far as it is not as it was."""
    gone = tuple(past for past in undo.pasts if _is_gone(past, live))
    pasts = tuple(_beside(past, live) for past in undo.pasts if past not in gone)
    resolved = _resolved(undo.state_of(past.wanted for past in pasts), live)
    made = _resolved(undo.state_of(past.made for past in pasts if _counterpart(past, live)), live)
    by_address = {past.address: past for past in pasts}
    plan = keeping_plan(resolved, live, target)
    changes = tuple(_told(change) for change in plan.changes)
    plan = replace(
        plan,
        changes=in_waves((*changes, *(_impossible(past) for past in gone))),
        findings=tuple(_reworded(one) for one in plan.findings),
        kept=(),
        unmanaged={},
    )
    said = [
        *(one for past in pasts for one in _not_restored(past, plan.by_address.get(past.address), live)),
        *(one for change in changes for one in _refused(change, vintage)),
        *(
            one
            for change in changes
            for one in _not_created_here(change, by_address[change.address], undo.workspace_id)
        ),
        *(
            one
            for change in changes
            for one in _changed_again(change, by_address[change.address], made, live)
        ),
    ]
    return Undone(plan.with_findings(said), resolved.desired, resolved.resources)


# From the journal.


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the manifest stood when the run was made; where its fields stood is not known any more."""

    origin: Origin

    def of(self, _path: FieldPath) -> Origin:
        return self.origin


def _past(run: PastRun, calls: list[PastCall], workspace_id: str) -> Past:
    """What became of one object. All calls of a change carry the same `before`."""
    first = calls[0]
    kind, _, key = first.address.partition("/")
    if kind not in KINDS or not KINDS[kind].written:
        message = f"The journal {run.file} has a {kind!r}, which this dpsync does not know."
        raise UsageError(message, "Use a newer dpsync.")
    action = _action_of(calls)
    spec_of = KINDS[kind].spec
    before, after = first.before or {}, _merged(calls)
    paths = tuple(dict.fromkeys(path for call in calls for path in call.fields or ()))
    context: Mapping[str, Any] = {}
    if action is Action.UPDATE:
        around = {rule.name for rule in rules_of(spec_of) if rule.refers and rule.refers.inherits}
        context = {name: after[name] for name in around - {*paths} if name in after}
        before, after = narrowed(before, paths), narrowed(after, paths)
    held = {*paths_in(spec_of, before)}
    before, set_for_good = without_what_stays(spec_of, before)
    was, lost = _understood(spec_of, {**before, **context})
    made, _ = _understood(spec_of, {**after, **context})
    origin = first.origin or Origin(run.file, first.line)
    live_id = str(first.id)

    def resource(spec: Spec, identity: str) -> Resource:
        return Resource(Address(kind, key), identity, False, spec, _Place(origin), first.labels)

    comes_back_as = live_id if is_uuid(live_id) else computed_id(workspace_id, kind, key)
    return Past(
        address=Address(kind, key),
        live_id=live_id,
        title=first.title or key,
        action=action,
        was=None
        if action is Action.CREATE
        else resource(was, comes_back_as if action is Action.DELETE else live_id),
        made=None if action is Action.DELETE else resource(made, live_id),
        context=frozenset(rule.attribute for rule in rules_of(spec_of) if rule.name in context),
        approved=first.approved,
        lost=(*lost, *(path for path in paths if path not in held and action is Action.UPDATE)),
        set_for_good=set_for_good if action is Action.UPDATE else (),
        origin=origin,
    )


def _action_of(calls: Iterable[PastCall]) -> Action:
    actions = {call.action for call in calls}
    created = any(call.before is None and call.action != Action.DELETE for call in calls)
    return Action.DELETE if Action.DELETE in actions else Action.CREATE if created else Action.UPDATE


def _merged(calls: Iterable[PastCall]) -> dict[str, Any]:
    """What the calls of one object made of it, together."""
    return {name: word for call in calls for name, word in (call.after or {}).items()}


def _understood(kind: type[Spec], words: Mapping[str, Any]) -> tuple[Spec, tuple[str, ...]]:
    found = understood(kind, words)
    spec: Spec = map_references(found.spec, _to_look_up)
    for rule in rules_of(kind):
        if rule.replaced_whole and spec.manages(rule.attribute):
            sources = tuple(
                SourceReference("id", one.id or one.text, id=one.id) for one in getattr(spec, rule.attribute)
            )
            spec = spec.with_values(**{rule.attribute: sources})
    return spec, found.lost


def _to_look_up(_path: FieldPath, reference: Reference, refers: Refers) -> Reference:
    """A reference as it is looked up again: by its id, but a group by its name, which is what the marketplace takes."""
    if reference.id is None:
        return reference
    if refers.to == GROUPS:
        return Reference(reference.text, "name", within=reference.within)
    return Reference(reference.id, "id")


# Beside what is live.


def _counterpart(past: Past, live: LiveState) -> LiveResource | None:
    return live.by_id.get((past.address.kind, past.id_now))


def _is_gone(past: Past, live: LiveState) -> bool:
    """Whether somebody deleted since what the run updated. What could not be read is not gone."""
    kind, live_id = past.address.kind, past.id_now
    is_listed = live.gap(kind) is None or live_id in live.confirmed_absent
    is_known = is_listed and live.gap(kind, live_id) is None
    return past.action is Action.UPDATE and is_known and _counterpart(past, live) is None


def _beside(past: Past, live: LiveState) -> Past:
    """The object with what is not to be restored as it is live: there to be looked at, and not managed."""
    counterpart = _counterpart(past, live)
    if past.action is not Action.UPDATE or counterpart is None:
        return past
    was, made = (
        side and replace(side, spec=_on_top_of(side.spec.without(*past.context), counterpart.spec))
        for side in (past.was, past.made)
    )
    return replace(past, was=was, made=made)


def _resolved(desired: DesiredState, live: LiveState) -> Resolved:
    """As `resolve`, which keeps of a spec what is managed: what was to be looked at is put beside it again."""
    resolved = resolve(desired, live)
    resources = tuple(
        one
        if (counterpart := live.by_id.get((one.kind, one.id))) is None
        else replace(one, spec=_on_top_of(one.spec, counterpart.spec))
        for one in resolved.resources
    )
    return replace(resolved, resources=resources)


def _on_top_of(spec: Spec, live: Spec) -> Spec:
    """The spec with what no spec is without, as it is live; only what was managed is managed."""
    values: dict[str, Any] = {}
    for rule in rules_of(type(spec)):
        counterpart = getattr(live, rule.attribute, None)
        if spec.manages(rule.attribute):
            value = getattr(spec, rule.attribute)
            if rule.touches is None and isinstance(value, Spec) and isinstance(counterpart, Spec):
                value = _on_top_of(value, counterpart)
            values[rule.attribute] = value
        elif type(spec).model_fields[rule.attribute].is_required():
            values[rule.attribute] = counterpart
    full = spec.of(**values)
    full.model_fields_set.intersection_update(spec.model_fields_set)
    return full


# What there is to say.

LIFECYCLE = "lifecycle"
"""The attribute by which every kind says whether an object is to be in use."""

_REASONS = {
    Action.CREATE: "the run deleted it",
    Action.DELETE: "the run created it",
}


def _told(change: Change) -> Change:
    blocked = tuple(_reworded(one) for one in change.blocked)
    return replace(change, reason=_REASONS.get(change.action, ""), blocked=blocked)


def _reworded(finding: Finding) -> Finding:
    """The finding with a way out that fits: nobody writes a manifest for an undo."""
    if finding.rule != "name-taken":
        return finding
    return replace(finding, remedy="Give the other one another name, then undo again.")


def _impossible(past: Past) -> Change:
    """A change that cannot be made, because what it would change is not there any more."""
    gone = Finding(
        "gone-since",
        Severity.ERROR,
        "It was deleted after the run, so what the run changed of it cannot be put back.",
        "If a later run deleted it, undo that one first (`dpsync history` lists them), then this one.",
        past.origin,
        past.address,
    )
    return Change(
        address=past.address,
        id=past.live_id,
        title=past.title,
        actions=(Action.UPDATE,),
        before=None,
        after=None,
        origin=past.origin,
        blocked=(gone,),
    )


def _not_restored(past: Past, change: Change | None, live: LiveState) -> Iterator[Finding]:
    """What cannot be put back, and what is different when it is."""
    counterpart = _counterpart(past, live)
    if past.lost:
        names = ", ".join(past.lost)
        yield _finding(
            past,
            "not-in-journal",
            f"{names} cannot be put back: the journal does not hold what was there.",
            f"Look at {past.title!r} and set it by hand.",
        )
    stay = [path for path in past.set_for_good if counterpart is not None and _is_set(counterpart.spec, path)]
    if stay:
        yield _finding(
            past,
            "cannot-be-cleared",
            f"{', '.join(stay)} cannot be put back: nothing was there before the run, and the marketplace "
            "cannot take away what is there now.",
            f"Look at {past.title!r}, and set the value that it should have.",
        )
    if change is None or change.action is not Action.CREATE or past.was is None:
        return
    if past.was.spec.gives_access and past.approved != 0:
        count = "an unknown number of" if past.approved is None else str(past.approved)
        noun = "approved access" if past.approved == 1 else "approved accesses"
        yield _finding(
            past,
            "approvals-lost",
            f"It had {count} {noun} when it was deleted. Approvals cannot be put back: whoever had access "
            "has to ask again.",
        )
    if past.was.id != past.live_id:
        yield _finding(
            past,
            "new-id",
            f"It had the id {past.live_id}, which only the marketplace can give. It comes back as {past.was.id}.",
            f"In the manifest of {past.address}, remove `id: {past.live_id}` under metadata: the new id is the one "
            "that belongs to the key.",
        )


def _finding(past: Past, rule: str, message: str, remedy: str = "") -> Finding:
    return Finding(rule, Severity.WARNING, message, remedy, past.origin, past.address)


def _refused(change: Change, vintage: str) -> Iterator[Finding]:
    """What the marketplace had, and refuses today: somebody gave it to the object in another way, or long ago."""
    if change.after is None or change.action is Action.DELETE:
        return
    written = {field.path.split(".")[0] for field in change.fields}
    for note in change.after.spec.notes(vintage):
        if note.severity is Severity.ERROR and note.path and note.path[0] in written:
            remedy = "It stays as the run made it. Change it by hand."
            yield Finding(note.rule, note.severity, note.message, remedy, change.origin, change.address)


def _not_created_here(change: Change, past: Past, workspace_id: str) -> Iterator[Finding]:
    """What a journal says was created, and what by its id this workspace cannot have: a journal can be forged, an id not."""
    if past.action is Action.CREATE and not is_of_workspace(workspace_id, change.kind, past.live_id):
        yield Finding(
            "not-created-here",
            Severity.ERROR,
            f"The journal says that the run created it, but {past.live_id} is no id that this workspace gives.",
            "It stays. If it is to go, pin the id in a manifest with `lifecycle: retired`, and apply.",
            past.origin,
            past.address,
        )


def _is_set(spec: Spec, path: str) -> bool:
    """Whether there is a value at a dotted path."""
    value: Any = spec
    for name in path.split("."):
        if not isinstance(value, Spec):
            return False
        attribute = next((rule.attribute for rule in rules_of(type(value)) if rule.name == name), "")
        value = getattr(value, attribute, None)
    return value is not None


def _changed_again(change: Change, past: Past, made: Resolved, live: LiveState) -> Iterator[Finding]:
    """What somebody changed after the run, and what this plan would take back with it."""
    counterpart = _counterpart(past, live)
    if counterpart is None or change.after is None:
        return
    if past.action is Action.DELETE:
        since = _by_somebody(change.after.spec, counterpart.spec)
        told = "It was made again after the run, and is not as it was"
    else:
        mine = next((one for one in made.resources if one.address == past.address), None)
        if mine is None or past.address in made.unresolved:
            return
        if past.action is Action.CREATE:
            since = _by_somebody(mine.spec, counterpart.spec)
        else:
            taken_back = {one.path for one in mismatches(change.after.spec, counterpart.spec)}
            since = tuple(one for one in mismatches(mine.spec, counterpart.spec) if one.path in taken_back)
        told = "It was changed again since the run"
    if since:
        yield Finding(
            "changed-again",
            Severity.ERROR,
            f"{told}: {', '.join(one.dotted for one in since)}. What was done there is not undone with it.",
            "If a later run did it, undo that one first (`dpsync history` lists them); otherwise change it by hand.",
            past.origin,
            past.address,
        )


def _by_somebody(whole: Spec, live: Spec) -> tuple[Mismatch, ...]:
    """The differences to what was made as a whole, less those that a create leaves that broke off.

    Such a one is empty still, and nobody has switched it on or off; whoever did that with an empty one took nothing from it.
    """
    emptied = {
        rule.attribute
        for rule in rules_of(type(whole))
        if rule.replaced_whole and whole.manages(rule.attribute) and not getattr(live, rule.attribute)
    }
    unfinished = {*emptied, LIFECYCLE} if emptied else emptied
    return tuple(one for one in mismatches(whole, live) if one.rule.attribute not in unfinished)

"""What of a fresh plan was reviewed: the changes that somebody said yes to, and those that nobody has seen (DESIGN 5).

A room of its own because this is what a yes is worth: the plan is made afresh, and of it only what is recognised by its
fingerprint is left. Values in, values out. It must never be used to bring a change back that the fresh plan does not have,
or to lift what blocks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dpsync.errors import UsageError
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.compare import mismatches
from dpsync.model.finding import Finding, Severity
from dpsync.model.fingerprint import fingerprint, is_fingerprint, plan_fingerprint
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address
from dpsync.model.state import LiveState

OTHERWISE = "what was reviewed is another change: its manifest or the live side was edited since"
"""The reason of a change that was left, of an object of which another change was reviewed."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What somebody said yes to: the fingerprint of a whole plan and, where they are known, the changes in it.

    `made` are the changes that the plan would have made, by fingerprint, and `blocked` what held back those that it would
    not; `needs` is what each of them waited for. All and the `target` are missing if only the plan's fingerprint is known; the target is part of every fingerprint.
    """

    digest: str
    made: Mapping[str, Address] | None = None
    needs: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    blocked: Mapping[str, tuple[Finding, ...]] | None = None
    target: Target | None = None


def from_plan(plan: Plan) -> Reviewed:
    """Everything that apply would make of this plan."""
    return Reviewed(plan_fingerprint(plan), _made(plan), _needs(plan), _blocked(plan), plan.target)


def from_digest(digest: str) -> Reviewed:
    """The plan with this fingerprint, as a whole. Raises UsageError if it is none."""
    if not is_fingerprint(digest):
        raise UsageError(
            f"{digest!r} is not the fingerprint of a plan.",
            "It is `sha256:` and 64 hexadecimal digits, as the plan shows it. A saved plan is named by its file.",
        )
    return Reviewed(digest)


@dataclass(frozen=True, slots=True)
class Split:
    """A fresh plan, parted. `plan` is what may be made of it, with what is blocked; the rest is left.

    `unreviewed` are changes of the fresh plan that nobody said yes to, to be shown in full. `gone` were reviewed, and the
    fresh plan has nothing to do there any more: they are true already, or no longer wanted. `others` is how many changes
    of the fresh plan are about something else than the saved one. `unmet` were reviewed, are not true, and are not asked for.
    """

    plan: Plan
    unreviewed: tuple[Change, ...] = ()
    gone: tuple[Address, ...] = ()
    others: int = 0
    unmet: tuple[Address, ...] = ()


def only_reviewed(fresh: Plan, reviewed: Reviewed) -> Split:
    """The fresh plan with what was reviewed, for `--expect-plan`. What is blocked stays in it, to be shown.

    What was reviewed as blocked stays blocked. A change that needs one that was not reviewed is held back. Raises
    UsageError for a plan of another marketplace.
    """
    if reviewed.target is not None:
        must_be_for(reviewed.target, fresh.target)
    if reviewed.made is None:
        same = plan_fingerprint(fresh) == reviewed.digest
        return Split(fresh) if same else Split(without(fresh, fresh.applicable, ""), fresh.applicable)
    held = _as_blocked(_as_needing(fresh, reviewed.needs), reviewed.blocked or {})
    unreviewed = _unknown(held, reviewed.made)
    left = without(held, unreviewed, "which was not reviewed")
    told = _told(unreviewed, reviewed.made.values())
    return Split(left, told, _gone(reviewed.made, fresh))


def contained(saved: Plan, fresh: Plan) -> Split:
    """The fresh plan with what the saved one would make as well, for `apply FILE`.

    Changes about anything else are taken out and counted, blocked ones too. What was saved as blocked stays blocked. A
    change that needs one that is not left is held back. Raises UsageError for a plan of another marketplace.
    """
    must_be_for(saved.target, fresh.target)
    made = _made(saved)
    objects = {(change.kind, change.id) for change in saved.changes}
    others = tuple(change for change in fresh.changes if (change.kind, change.id) not in objects)
    about = {change.address for change in others}
    held = _as_blocked(_as_needing(fresh, _needs(saved)), _blocked(saved))
    unreviewed = tuple(change for change in _unknown(held, made) if change.address not in about)
    left = without(held, (*others, *unreviewed), "which the saved plan would not make like that")
    findings = tuple(finding for finding in left.findings if finding.address not in about)
    told = _told(unreviewed, (change.address for change in saved.changes))
    return Split(replace(left, findings=findings), told, _gone(made, fresh), len(others))


def must_be_for(reviewed: Target, here: Target, what_it_is: str = "plan") -> None:
    """Raise UsageError unless both are the same tenant, environment and workspace. Where its API is may differ.

    `what_it_is` is what was made for `reviewed`: a plan, or the journal of a run.
    """
    for what, then, now in (
        ("tenant", reviewed.tenant, here.tenant),
        ("environment", reviewed.environment, here.environment),
        ("workspace id", reviewed.workspace_id, here.workspace_id),
    ):
        if then != now:
            raise UsageError(
                f"The {what_it_is} was made for the {what} {then!r}, and this is the {what} {now!r}.",
                f"Nothing was changed. Use it where it was made for, or another {what_it_is} for this one.",
            )


def _made(plan: Plan) -> Mapping[str, Address]:
    return {fingerprint(change, plan.target): change.address for change in plan.applicable}


def _blocked(plan: Plan) -> Mapping[str, tuple[Finding, ...]]:
    return {fingerprint(change, plan.target): change.blocked for change in plan.blocked}


def _needs(plan: Plan) -> Mapping[str, tuple[Address, ...]]:
    return {fingerprint(change, plan.target): change.needs for change in plan.changes if change.needs}


def _as_needing(plan: Plan, needs: Mapping[str, tuple[Address, ...]]) -> Plan:
    """The plan in which each change also waits for what it waited for when it was reviewed, where that is still due.

    What people keep through another change of the same plan is found out after this (`impact/ordering.py`): without it, a
    removal would be made without the grant that the reviewer saw beside it.
    """

    def needing(change: Change) -> Change:
        more = (one for one in needs.get(fingerprint(change, plan.target), ()) if one in plan.by_address)
        return replace(change, needs=tuple(dict.fromkeys((*change.needs, *more))))

    return replace(plan, changes=tuple(needing(change) for change in plan.changes))


def unmet(saved: Plan, gone: Iterable[Address], live: LiveState) -> tuple[Address, ...]:
    """Which of the changes that the fresh plan has nothing to do for are not true: nobody asks for them any more."""
    return tuple(address for address in gone if not _is_true(saved.by_address[address], live))


def _is_true(change: Change, live: LiveState) -> bool:
    now = live.by_id.get((change.kind, change.id))
    if change.action is Action.DELETE:
        return now is None
    return now is not None and change.after is not None and not mismatches(change.after.spec, now.spec)


def _unknown(plan: Plan, made: Mapping[str, Address]) -> tuple[Change, ...]:
    return tuple(change for change in plan.applicable if fingerprint(change, plan.target) not in made)


def _told(unreviewed: tuple[Change, ...], reviewed: Iterable[Address]) -> tuple[Change, ...]:
    """The changes, with a word for who remembers to have reviewed a change of the same object."""
    seen = set(reviewed)
    return tuple(
        replace(change, reason="; ".join(part for part in (change.reason, OTHERWISE) if part))
        if change.address in seen
        else change
        for change in unreviewed
    )


def _as_blocked(plan: Plan, blocked: Mapping[str, tuple[Finding, ...]]) -> Plan:
    """The plan in which a change that was seen as blocked is blocked, if by nothing else then by what blocked it then."""
    return plan.with_findings(
        replace(finding, address=change.address)
        for change in plan.applicable
        for finding in blocked.get(fingerprint(change, plan.target), ())
    )


def _gone(expected: Mapping[str, Address], fresh: Plan) -> tuple[Address, ...]:
    """What was expected and about which the fresh plan says nothing, in order."""
    objects = {fingerprint(change, fresh.target) for change in fresh.changes}
    return tuple(
        sorted(
            address
            for one, address in expected.items()
            if one not in objects and address not in fresh.by_address
        )
    )


def without(
    plan: Plan, left: tuple[Change, ...], why: str, remedy: str = "Have a plan reviewed that has both."
) -> Plan:
    """The plan without these changes; what needs one of them is held back, and whatever needs that."""
    gone = {change.address: change.title for change in left}
    waiting = tuple(
        finding
        for change in plan.applicable
        if change.address not in gone
        for finding in _waits(change, gone, why, remedy)
    )
    held = plan.with_findings(waiting)
    return replace(held, changes=tuple(change for change in held.changes if change.address not in gone))


def _waits(change: Change, gone: Mapping[Address, str], why: str, remedy: str) -> tuple[Finding, ...]:
    missing = next((need for need in change.needs if need in gone), None)
    if missing is None:
        return ()
    finding = Finding(
        "held-back",
        Severity.ERROR,
        f"It waits for {missing} ({gone[missing]!r}), {why}.",
        remedy,
        change.origin,
        change.address,
    )
    return (finding,)

"""Exemptions: one guardrail that lets one resource pass, for a reason and until a day, or for one run.

A module of its own because the rules must not know of them: what a rule finds is what it finds, and an exemption turns an
error into a warning afterwards. It never exempts what the planner found: a name that is taken stays taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from dpsync.checks.rule import Planned
from dpsync.errors import UsageError
from dpsync.kinds import KINDS
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import computed_id
from dpsync.model.policy import Exemption
from dpsync.model.reference import Address, is_key, is_live_id
from dpsync.model.validation import closest, shown

PLANNER_FINDINGS = frozenset(
    {
        "absence-not-confirmed",
        "ambiguous-reference",
        "ambiguous-source",
        "approvals-lost",
        "cannot-be-cleared",
        "changed-again",
        "gone-since",
        "held-back",
        "incomplete",
        "name-swap",
        "name-taken",
        "new-id",
        "no-permission",
        "not-created-here",
        "not-in-journal",
        "pinned-id-not-live",
        "still-used",
        "unreadable",
        "unresolved-reference",
        "unresolved-source",
    }
)
"""What the planner says without being a guardrail, such as that a change cannot be made: nobody can allow it."""

_EXAMPLE = "DataProduct/na-sales"


def exempted(found: tuple[Finding, ...], planned: Planned) -> tuple[Finding, ...]:
    """The findings with what is exempted as warnings, and a warning for each exemption that is over or of no use."""
    return (*allowing(found, planned), *_about_themselves(found, planned))


def allowing(found: Iterable[Finding], planned: Planned) -> tuple[Finding, ...]:
    """The findings, errors that are exempted as warnings that say who allowed them."""
    today = planned.now.date()
    valid = {
        (one.rule, resource): one
        for one in reversed(planned.policy.exemptions)
        if not one.is_over(today)
        for resource in _meant(one, planned)
    }
    return tuple(_allowed(finding, valid.get((finding.rule, str(finding.address)))) for finding in found)


def _meant(exemption: Exemption, planned: Planned) -> tuple[str, ...]:
    """What a plan may call the resource: as it is written and, once its manifest is gone, by the id made from its key."""
    kind, _, key = exemption.resource.partition("/")
    if Address(kind, key) in planned.desired.by_address:
        return (exemption.resource,)
    return exemption.resource, f"{kind}/{computed_id(planned.desired.workspace_id, kind, key)}"


def _allowed(finding: Finding, exemption: Exemption | None) -> Finding:
    if exemption is None or not finding.is_error:
        return finding
    message = f"{finding.message} {_words(exemption)}"
    return replace(finding, severity=Severity.WARNING, message=message, remedy="")


def _words(exemption: Exemption) -> str:
    if exemption.origin is None:
        return "Allowed with `--allow`."
    until = f" until {exemption.until.isoformat()}" if exemption.until is not None else ""
    reason = " ".join(exemption.reason.split())
    end = "" if reason.endswith((".", "!", "?")) else "."
    return f"Allowed{until} by {exemption.origin.file}: {reason}{end}"


def _about_themselves(found: tuple[Finding, ...], planned: Planned) -> Iterator[Finding]:
    held = {(finding.rule, str(finding.address)) for finding in found if finding.is_error}
    for one in planned.policy.exemptions:
        if one.is_over(planned.now.date()):
            assert one.until is not None
            yield Finding(
                "exception-expired",
                Severity.WARNING,
                f"The exception from {one.rule} for {one.resource} ended on {one.until.isoformat()}, "
                "so it allows nothing any more.",
                "Remove it, or have it granted anew with a later `until`.",
                one.origin,
            )
        elif not held & {(one.rule, resource) for resource in _meant(one, planned)} and _is_about(
            one, planned
        ):
            yield _unused(one, planned)


def _is_about(one: Exemption, planned: Planned) -> bool:
    """Whether the plan would show what is exempted, if there were something; what was said for this one run always counts."""
    part = planned.plan.part
    if part is None or one.origin is None:
        return True
    kind, _, key = one.resource.partition("/")
    return part.covers(Address(kind, key)) or any(
        part.prunes(kind, live_id) for live_id in (key, computed_id(planned.desired.workspace_id, kind, key))
    )


def _unused(one: Exemption, planned: Planned) -> Finding:
    if one.origin is None:
        message = f"`--allow {one.rule}:{one.resource}` allows nothing in this plan."
        remedy = "Leave it out."
    else:
        message = f"The exception from {one.rule} for {one.resource} allows nothing in this plan."
        remedy = "Remove it, or keep it if another environment needs it."
    known = sorted(str(address) for address in planned.desired.by_address)
    kind, _, key = one.resource.partition("/")
    if one.resource not in known and not is_live_id(key):
        message = f"{message} No manifest declares {one.resource}."
        live = f"{kind}/{computed_id(planned.desired.workspace_id, kind, key)}"
        is_meant = any(str(change.address) == live for change in planned.plan.changes)
        near = live if is_meant else closest(one.resource, known)
        if near is not None:
            remedy = f"Did you mean {near}? Otherwise {remedy[0].lower()}{remedy[1:]}"
    return Finding("exception-unused", Severity.WARNING, message, remedy, one.origin)


# What is written.


def problems(exemptions: Iterable[Exemption], rules: Collection[str]) -> tuple[Finding, ...]:
    """An error for each exemption that names a guardrail or a kind that does not exist, at its place."""
    return tuple(
        Finding("unknown-guardrail", Severity.ERROR, message, remedy, one.origin)
        for one in exemptions
        for message, remedy in (*_rule_problems(one.rule, rules), *_resource_problems(one.resource))
    )


def allowance(text: str, rules: Collection[str]) -> Exemption:
    """The exemption that `--allow RULE:RESOURCE` asks for. Raises UsageError."""
    rule, colon, resource = text.partition(":")
    if not colon:
        raise UsageError(
            f"`--allow {text}` names no resource.",
            f"Write RULE:RESOURCE, such as {min(rules)}:{_EXAMPLE}.",
        )
    for message, remedy in (*_rule_problems(rule, rules), *_resource_problems(resource)):
        raise UsageError(f"`--allow {text}`: {message}", remedy)
    return Exemption(rule, resource)


def _rule_problems(rule: str, rules: Collection[str]) -> Iterator[tuple[str, str]]:
    if rule in rules:
        return
    if rule in PLANNER_FINDINGS:
        yield (
            f"{rule} is not a guardrail, so there are no exceptions from it.",
            "It says that the change cannot be made as it is written. Resolve it; the finding says how.",
        )
        return
    near = closest(rule, sorted(rules))
    remedy = f"Did you mean `{near}`? " if near is not None else ""
    yield f"There is no guardrail {shown(rule)}.", f"{remedy}`dpsync explain` lists them."


def _resource_problems(resource: str) -> Iterator[tuple[str, str]]:
    kind, slash, key = resource.partition("/")
    if not slash or not (is_key(key) or is_live_id(key)):
        yield (
            f"{shown(resource)} is not a resource.",
            f"Write KIND/KEY as a plan shows it, such as {_EXAMPLE}; or KIND/ID for what no manifest names.",
        )
    elif kind not in KINDS:
        near = closest(kind, KINDS)
        remedy = f"Did you mean `{near}/{key}`? " if near is not None else ""
        yield f"There is no kind {shown(kind)}.", f"{remedy}Kinds are {', '.join(KINDS)}."

"""Drift on one page: what was agreed on, what is live, and the difference. Reads only, and nothing here is ever applied.

The manifests of a commit are the agreement; what nobody has committed is no part of it. Guardrails are not asked, and what
only stands in the way of making a change is not said: nobody is about to make one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dpsync import __version__, pipeline
from dpsync.errors import UsageError
from dpsync.manifests.revision import commit_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Report
from dpsync.model.state import DesiredState
from dpsync.pipeline.bases import commit_at, desired_at
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient

MISSING = "in the base, and not live"
EXTRA = "made by this workspace and live, and in no manifest of the base"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the live side is held against, and in words which moment that is."""

    desired: DesiredState
    words: str


def agreed_at(settings: Settings, ref: str) -> Agreed:
    """The manifests where what is checked out left `ref`. Raises UsageError, also where there were none."""
    commit = commit_at(settings, ref)
    desired = desired_at(settings, ref)
    if not desired.resources:
        raise UsageError(
            f"The workspace has no manifests at {ref} ({commit[:12]}).", "Choose a revision that has them."
        )
    return Agreed(desired, f"at {commit[:12]}, where what is checked out left {ref}")


def agreed_on(settings: Settings) -> Agreed:
    """The manifests of the commit that is checked out; those at hand where Git has none of them. Raises as `declared`."""
    commit = commit_of(settings.root)
    if commit is not None:
        desired = desired_at(settings, "HEAD")
        if desired.resources:
            return Agreed(desired, f"at {commit[:12]}, the commit that is checked out")
    return replace(agreed_at_hand(settings), words="at hand; Git has none of them")


def agreed_at_hand(settings: Settings) -> Agreed:
    """The manifests of the work tree, committed or not. Raises as `declared`."""
    return Agreed(pipeline.declared(settings).desired, "at hand")


async def drifted(settings: Settings, agreed: Agreed, client: ReadClient) -> Plan:
    """What would bring the live side back to what was agreed on."""
    from dpsync.marketplace.live import read_live
    from dpsync.planner import pruning_plan, resolve, scope_of

    live = await read_live(client, scope_of(agreed.desired), vintage=settings.vintage)
    target = Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )
    return as_drift(pruning_plan(resolve(agreed.desired, live), live, target))


def report_of_drift(agreed: Agreed, plan: Plan) -> Report:
    """What `drift` has to say."""
    base = Finding("base", Severity.NOTICE, f"Compared with the manifests {agreed.words}.")
    counts = Counter(resource.kind for resource in agreed.desired.resources)
    return Report("drift", __version__, plan=plan, findings=(base,), declared=dict(counts))


def as_drift(plan: Plan) -> Plan:
    """The plan without what would stand in the way of making it; what could not even be worked out still says why.

    One that was made from half a picture stays as it is: what it holds back is what cannot be known.
    """
    if not plan.complete:
        return plan
    changes = tuple(_told(change) for change in plan.changes)
    silenced = {
        finding
        for before, after in zip(plan.changes, changes, strict=True)
        for finding in before.blocked
        if finding not in after.blocked
    }
    findings = tuple(finding for finding in plan.findings if finding not in silenced)
    return replace(plan, changes=changes, findings=findings)


def _told(change: Change) -> Change:
    if change.action is Action.DELETE:
        reason = change.reason if change.after is not None else EXTRA
        return replace(change, reason=reason, blocked=())
    if not change.fields and change.sources.is_empty:
        return change
    return replace(change, reason=MISSING if change.action is Action.CREATE else "", blocked=())

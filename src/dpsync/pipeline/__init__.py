"""The product on one page: every stage once, in order.

Files become resources, resources a desired state; the marketplace becomes a live state; both become a plan; the
guardrails hold back what they must; apply makes the rest. Each function takes values and returns a value, and each
stage is one line. What is decided here is the order, nothing else. Rooms that are heavy to open (HTTP, planning) are
imported where their stage begins, so that `validate` pays for neither.

The jobs beside it have a page each: `show` answers questions, `access` asks for access and revokes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dpsync import __version__
from dpsync.errors import InvalidManifests
from dpsync.manifests.load import load
from dpsync.manifests.unmanaged import left_to_the_marketplace
from dpsync.model.finding import Finding, in_order
from dpsync.model.outcome import Outcome
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Report
from dpsync.model.state import DesiredState, LiveState
from dpsync.settings import Settings

if TYPE_CHECKING:
    import asyncio

    from dpsync.apply.journal import AnyJournal
    from dpsync.apply.writer import Progress
    from dpsync.marketplace.client import ReadClient, WriteClient


@dataclass(frozen=True, slots=True)
class Declared:
    """A valid desired state, and the warnings that came with it."""

    desired: DesiredState
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class During:
    """What accompanies an apply: where it is written down, who watches, and what stops it."""

    journal: AnyJournal
    progress: Progress
    stop: asyncio.Event


def declared(settings: Settings) -> Declared:
    """The desired state of the workspace. Raises InvalidManifests with every finding."""
    loaded = load(
        settings.root,
        settings.manifests,
        workspace_id=settings.workspace_id,
        environment=settings.environment,
        vintage=settings.vintage,
    )
    if any(finding.is_error for finding in loaded.findings):
        raise InvalidManifests(loaded.findings)
    return Declared(
        DesiredState(settings.workspace_id, settings.environment, loaded.resources), in_order(loaded.findings)
    )


def validated(settings: Settings) -> Report:
    """What there is to say about the manifests alone. Opens no socket. Raises InvalidManifests."""
    found = declared(settings)
    notices = left_to_the_marketplace(found.desired.resources)
    return Report(
        "validate", __version__, findings=(*found.findings, *notices), declared=_counts(found.desired)
    )


async def planned(settings: Settings, desired: DesiredState, client: ReadClient) -> Plan:
    """The plan, guardrails applied. Reads only: the client cannot do anything else."""
    from dpsync import checks
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.live import read_live
    from dpsync.planner import keeping_plan, pruning_plan, resolve, scope_of

    made_by = pruning_plan if settings.prune else keeping_plan
    live = await read_live(client, scope_of(desired), vintage=settings.vintage)
    resolved = resolve(desired, live)
    plan = made_by(resolved, live, _target(settings, live))
    asked = Planned(desired, live, plan, settings.policy, datetime.now(UTC), resolved.resources)
    return plan.with_findings(checks.findings(asked))


async def applied(settings: Settings, plan: Plan, client: WriteClient, during: During) -> tuple[Outcome, ...]:
    """What became of each change of the plan that is not blocked."""
    from dpsync.apply.execute import execute
    from dpsync.marketplace.writer import MarketplaceWriter

    writer = MarketplaceWriter(client, vintage=settings.vintage)
    return await execute(
        plan, writer, during.journal, during.progress, parallelism=settings.parallelism, stop=during.stop
    )


def _target(settings: Settings, live: LiveState) -> Target:
    return Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )


def _counts(desired: DesiredState) -> dict[str, int]:
    return dict(Counter(resource.kind for resource in desired.resources))


def report_of_plan(found: Declared, plan: Plan) -> Report:
    """What `plan` has to say."""
    return Report("plan", __version__, plan=plan, findings=found.findings, declared=_counts(found.desired))


def report_of_apply(
    found: Declared, plan: Plan, outcomes: tuple[Outcome, ...], *, interrupted: bool
) -> Report:
    """What `apply` has to say."""
    return Report(
        "apply",
        __version__,
        plan=plan,
        outcomes=outcomes,
        findings=found.findings,
        declared=_counts(found.desired),
        interrupted=interrupted,
    )

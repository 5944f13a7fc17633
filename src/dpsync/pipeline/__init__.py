"""The product on one page: every stage once, in order.

Files become resources, resources a desired state; the marketplace becomes a live state; both become a draft of a plan;
it is weighed (who gains, who loses), the guardrails hold back what they must, and apply makes the rest. Each function
takes values and returns a value, and each stage is one line. What is decided here is the order, nothing else. Rooms that
are heavy to open (HTTP, planning) are imported where their stage begins, so that `validate` pays for neither.

What is done in turns has a page of its own: `weighing`. So have the jobs beside it: `drift` compares with what was agreed
on, `show` answers questions, `access` asks for access and revokes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dpsync import __version__
from dpsync.errors import InvalidManifests
from dpsync.manifests.load import Loaded, load
from dpsync.manifests.unmanaged import left_to_the_marketplace
from dpsync.model.finding import Finding, in_order
from dpsync.model.impact import Reach
from dpsync.model.outcome import Outcome
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Report
from dpsync.model.state import DesiredState, LiveState, Scope
from dpsync.settings import Settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from dpsync.apply.journal import AnyJournal
    from dpsync.apply.limits import Sleep
    from dpsync.apply.writer import Progress
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.client import ReadClient, WriteClient
    from dpsync.model.change import Change
    from dpsync.model.reference import Address
    from dpsync.model.resource import LiveResource
    from dpsync.pipeline.weighing import Weighed
    from dpsync.planner.reviewed import Split


@dataclass(frozen=True, slots=True)
class Declared:
    """A valid desired state, and the warnings that came with it."""

    desired: DesiredState
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class During:
    """What accompanies an apply: where it is written down, who watches, what stops it, how it waits, and what is run again for the rest."""

    journal: AnyJournal
    progress: Progress
    stop: asyncio.Event
    sleep: Sleep | None = None
    again: str = "apply"


def declared(settings: Settings) -> Declared:
    """The desired state of the workspace. Raises InvalidManifests with every finding."""
    found = loaded(settings)
    if any(finding.is_error for finding in found.findings):
        raise InvalidManifests(found.findings)
    return Declared(
        DesiredState(settings.workspace_id, settings.environment, found.resources), in_order(found.findings)
    )


def loaded(settings: Settings) -> Loaded:
    """What the manifests of the workspace declare, and everything that is wrong with them."""
    return load(
        settings.root,
        settings.manifests,
        workspace_id=settings.workspace_id,
        environment=settings.environment,
        vintage=settings.vintage,
        exceptions=settings.exceptions,
        patches=settings.patches,
        variables=settings.variables.get(settings.environment, {}),
        environments=tuple(settings.variables),
    )


def validated(settings: Settings, warnings: tuple[Finding, ...] = ()) -> Report:
    """What there is to say about the manifests alone, besides `warnings`. Opens no socket. Raises InvalidManifests."""
    found = declared(settings)
    notices = left_to_the_marketplace(found.desired.resources)
    findings = (*found.findings, *warnings, *notices)
    return Report("validate", __version__, findings=findings, declared=_counts(found.desired))


async def drafted(settings: Settings, desired: DesiredState, client: ReadClient) -> Planned:
    """What would be changed, before anybody asks whom it touches and whether it may be."""
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.endpoints import calls_of
    from dpsync.marketplace.live import read_live
    from dpsync.planner import keeping_plan, pruning_plan, resolve, scope_of

    made_by = pruning_plan if settings.prune else keeping_plan
    live = await read_live(client, scope_of(desired), vintage=settings.vintage)
    resolved = resolve(desired, live)
    plan = made_by(resolved, live, target_of(settings, live))
    changes = (replace(change, calls=calls_of(change, settings.vintage)) for change in plan.changes)
    plan = replace(plan, changes=tuple(changes), allowed=settings.policy.allowed)
    return Planned(desired, live, plan, settings.policy, datetime.now(UTC), resolved.resources)


async def planned(
    settings: Settings, desired: DesiredState, client: ReadClient, reach: Reach = Reach.MANAGED
) -> Weighed:
    """The plan, weighed and judged. Reads only: the client cannot do anything else."""
    from dpsync.pipeline.weighing import weighed

    return await weighed(await drafted(settings, desired, client), client, reach)


async def trusted(settings: Settings, plan: Plan, client: ReadClient) -> Weighed:
    """A saved plan as it is, with what has to be known to ask again before it takes access away.

    Raises UsageError if it was made for another marketplace, environment or workspace.
    """
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.live import read_live
    from dpsync.model.impact import Evidence
    from dpsync.pipeline.weighing import Weighed
    from dpsync.planner.reviewed import must_be_for

    after = tuple(change.after for change in plan.changes if change.after is not None)
    desired = DesiredState(settings.workspace_id, settings.environment, after)
    live = await read_live(client, Scope(settings.workspace_id), vintage=settings.vintage)
    must_be_for(plan.target, target_of(settings, live))
    asked = Planned(desired, live, plan, settings.policy, datetime.now(UTC), after)
    return Weighed(plan, asked, Evidence(), Reach.MANAGED)


async def applied(
    settings: Settings, known: Weighed, client: WriteClient, during: During
) -> tuple[Outcome, ...]:
    """What became of each change of the plan that is not blocked."""
    import asyncio

    from dpsync.apply.execute import execute
    from dpsync.apply.limits import Deadlines
    from dpsync.marketplace.writer import MarketplaceWriter
    from dpsync.pipeline.weighing import weighed_again

    async def again(change: Change) -> tuple[Finding, ...]:
        return await weighed_again(known, change, client)

    writer = MarketplaceWriter(client, vintage=settings.vintage)
    return await execute(
        known.plan,
        writer,
        during.journal,
        during.progress,
        gate=again,
        deadlines=Deadlines(settings.deadlines.change, settings.deadlines.run, settings.deadlines.grace),
        parallelism=settings.parallelism,
        stop=during.stop,
        again=during.again,
        sleep=during.sleep or asyncio.sleep,
    )


def target_of(settings: Settings, live: LiveState) -> Target:
    """Which marketplace a plan is about."""
    return Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )


def _counts(desired: DesiredState) -> dict[str, int]:
    return dict(Counter(resource.kind for resource in desired.resources))


def unmanaged(asked: Planned) -> tuple[LiveResource, ...]:
    """What is live and in no manifest, and was not made by this workspace either."""
    from dpsync.planner.ownership import ownership

    return ownership(asked.desired, asked.live).strangers


def owners(asked: Planned, plan: Plan) -> Mapping[Address, tuple[str, ...]]:
    """Who owns what each change of the plan is about, as far as dpsync.yaml says it."""
    from dpsync.checks import owners_of

    return owners_of(replace(asked, plan=plan))


def report_of_plan(found: Declared, plan: Plan) -> Report:
    """What `plan` has to say."""
    return Report("plan", __version__, plan=plan, findings=found.findings, declared=_counts(found.desired))


def report_of_review(found: Declared, plan: Plan, split: Split) -> Report:
    """What `apply` has to say before it makes what is left of a plan that was reviewed."""
    report = report_of_plan(found, plan)
    return replace(
        report, unreviewed=split.unreviewed, gone=split.gone, others=split.others, unmet=split.unmet
    )


def report_of_apply(before: Report, outcomes: tuple[Outcome, ...], *, interrupted: bool) -> Report:
    """What `apply` has to say after it was to make the plan of the report `before`."""
    return replace(before, command="apply", outcomes=outcomes, interrupted=interrupted)

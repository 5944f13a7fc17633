"""Undo on one page: a run becomes what it touched, beside what is live it becomes a plan, and that is weighed like any other.

A page of its own because no manifest is read: the journal says what there was. From the plan on everything is as for
`apply`: impact, guardrails, the gate before access is taken, and a journal of its own.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dpsync import __version__
from dpsync.apply.history import LAST, read_run, run_before, run_named
from dpsync.errors import UsageError
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.history import PastRun, id_of
from dpsync.model.impact import Reach
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Report
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient
    from dpsync.pipeline.weighing import Weighed

UNDO = "undo"


def past_run(folder: Path, name: str | None, file: Path | None) -> PastRun:
    """The run that is meant: the one in a file, or one of those whose journals are kept in a folder.

    Raises UsageError, also where neither says which, or both say another one.
    """
    if file is None:
        if name is None:
            raise UsageError(
                "Which run is to be undone is not said.",
                "`dpsync history` lists them; `dpsync undo last` means the newest.",
            )
        return _last(folder) if name == LAST else run_named(folder, name)
    run = read_run(file)
    if name is not None and not run.is_called(name):
        raise UsageError(
            f"{file} is the journal of the run {run.run}, not of {name}.", "Leave one of them out."
        )
    return run


def _last(folder: Path) -> PastRun:
    """The newest run; and where that is an undo which did not come to its end, the run that it was to undo."""
    run = run_named(folder, LAST)
    if run.command != UNDO or run.undoes is None:
        return run
    of = id_of(run.undoes)
    if run.whole:
        raise UsageError(
            f"The newest run, {run.id}, is the undo of {of}, and complete; what `{LAST}` means is not clear.",
            f"`dpsync undo {run.id}` takes back the undo; `dpsync history` lists the runs before {of}.",
        )
    try:
        return run_named(folder, run.undoes)
    except UsageError as error:
        raise UsageError(
            f"The newest run, {run.id}, is an undo of {of} that is not complete. {error.message}",
            f"Name the journal of {of} with `--journal FILE`; `dpsync undo {run.id}` takes back the undo.",
        ) from None


async def planned(
    settings: Settings, run: PastRun, client: ReadClient, reach: Reach = Reach.MANAGED
) -> Weighed:
    """The plan that undoes a run, weighed and judged. Reads only.

    Raises UsageError for a run of another tenant, environment or workspace.
    """
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.endpoints import calls_of
    from dpsync.marketplace.live import read_live
    from dpsync.pipeline.weighing import weighed
    from dpsync.planner import scope_of
    from dpsync.planner.undo import undoing, undone

    here = Target(settings.workspace, settings.workspace_id, settings.environment, settings.url)
    _must_be_for(run, replace(here, tenant=run.target.tenant))
    undo = undoing(run, settings.workspace_id)
    live = await read_live(client, scope_of(undo.named), vintage=settings.vintage)
    here = replace(here, tenant=live.caller.tenant)
    _must_be_for(run, here)
    found = undone(undo, live, here, settings.vintage)
    changes = tuple(
        replace(change, calls=calls_of(change, settings.vintage)) for change in found.plan.changes
    )
    plan = replace(found.plan, changes=changes, allowed=settings.policy.allowed)
    asked = Planned(found.desired, live, plan, settings.policy, datetime.now(UTC), found.resources)
    return await weighed(asked, client, reach)


def report_of_undo(
    run: PastRun, plan: Plan, warnings: tuple[Finding, ...], folder: Path, file: Path | None
) -> Report:
    """What `undo` has to say before it makes its plan. The run is one of those in a folder, or the one in a file."""
    told = f"This undoes the run {run.id} of {run.at[:16]}Z by {run.who}, which ended: {run.ending}."
    remedy = after_undo(run)
    if not run.took_effect:
        told = f"The run {run.id} of {run.at[:16]}Z by {run.who} changed nothing, so there is nothing to undo of it."
        before = None if file is not None else run_before(folder, run)
        remedy = "" if before is None else f"The run before it is {before.id}: `dpsync undo {before.id}`."
    about = (Finding(UNDO, Severity.NOTICE, told, remedy),)
    declared = Counter(change.kind for change in plan.changes)
    how = run.id if file is None else f"--journal {shlex.quote(str(file))}"
    findings = in_order((*warnings, *about))
    return Report(
        UNDO, __version__, plan=plan, findings=findings, declared=declared, again=f"`dpsync undo {how}`"
    )


def after_undo(run: PastRun) -> str:
    """What is left to do for whoever undoes a run: nobody has looked at the manifests."""
    if run.command == UNDO:
        return "The manifests were not asked. Whatever they say, the next apply makes it so."
    told = "The manifests were not asked. Put them back as well, or the next apply makes it all again."
    if run.commit is None:
        return told
    commit = run.commit[:12]
    if run.dirty:
        return f"{told} {commit} was checked out, with changes to manifests that were not committed."
    return f"{told} {commit} was checked out; what the run changed may have come with an earlier commit."


def _must_be_for(run: PastRun, here: Target) -> None:
    from dpsync.planner.reviewed import must_be_for

    must_be_for(run.target, here, "journal")

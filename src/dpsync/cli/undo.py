"""`dpsync undo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import carrying_out_options, report_options, reported_if_invalid, wanted_reports
from dpsync.cli.wishes import Wish, undo_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.cli.prospect import Prospect
    from dpsync.model.history import PastRun
    from dpsync.settings import Settings


@click.command()
@undo_options
@report_options
@click.argument("run", required=False)
@click.option(
    "--journal",
    metavar="FILE|DIR",
    envvar="DPSYNC_JOURNAL",
    help="The journal of the run, such as one that a pipeline kept; or the folder where journals are kept.",
)
@carrying_out_options
def command(
    wish: Wish,
    reports: tuple[str, ...],
    run: str | None,
    journal: str | None,
    lock_timeout: float,
    *,
    as_json: bool,
    auto_approve: bool,
) -> int:
    """Show what would put back what a run changed, ask, and do it.

    RUN is the id of a run, its name, the beginning of its name, or `last` if that is no undo; `dpsync history` lists them. What it changed is read
    from its journal: fields, sources, forms and review flows get the value that they had, what it created is deleted, what
    it deleted is made again. The plan is a plan like any other: with impact, guardrails, and a journal of its own.

    The manifests are neither read nor changed. They still ask for what the run made: put them back as well.

    \b
    Exit 0    everything is put back
    Exit 1    the journal cannot be read or is of another marketplace, or nobody said 'yes'
    Exit 3    at least one change is blocked, as where something changed again since; the others were made
    Exit 4    at least one change was left: its object had changed since the plan
    Exit 5    at least one change failed or was skipped
    Exit 6    the marketplace cannot be reached, or does not accept the token
    Exit 130  interrupted
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json, workspace=wish.workspace)

    from dpsync.cli.apply import carried_out
    from dpsync.cli.journals import journals_of
    from dpsync.cli.prospect import settled
    from dpsync.pipeline.undo import after_undo, past_run, report_of_undo
    from dpsync.reports.layout import visible

    with reported_if_invalid("undo", wanted):
        settings, warnings = settled(wish)
    file = Path(journal) if journal is not None and Path(journal).is_file() else None
    where = journal if file is None else None
    if where is not None and where != "off" and not Path(where).is_dir():
        raise UsageError(
            f"There is no {where}.", "`--journal` names the journal of a run, or a folder of them."
        )
    folder = journals_of(settings.root, where)
    past = past_run(folder, run, file)
    ahead = _prospect(settings, past, wish)
    before = report_of_undo(past, ahead.plan, warnings, folder, file)
    code = carried_out(ahead, before, wanted, where, lock_timeout, auto_approve=auto_approve, undoes=past.run)
    if ahead.plan.has_changes:
        click.echo(visible(after_undo(past)), err=True)
    return code


def _prospect(settings: Settings, run: PastRun, wish: Wish) -> Prospect:
    """Plan the undo, with a client that cannot write."""
    from dataclasses import replace

    from dpsync.cli.connect import connected, finished
    from dpsync.cli.prospect import Prospect, everything
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.impact import Reach
    from dpsync.pipeline import Declared
    from dpsync.pipeline.undo import planned
    from dpsync.pipeline.weighing import Weighed, without_names

    async def weighed() -> Weighed:
        async with connected(settings, ReadClient) as client:
            return await planned(settings, run, client, Reach(wish.reach))

    known = finished(weighed())
    if not wish.show_members:
        known = replace(known, plan=without_names(known.plan))
    return Prospect(settings, Declared(known.asked.desired, ()), known, everything(known.plan))

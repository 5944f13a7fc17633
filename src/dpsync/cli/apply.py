"""`dpsync apply`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import (
    DEFAULT_FORMAT,
    INTERRUPTED,
    Wanted,
    is_interactive,
    report_options,
    wanted_reports,
    write_reports,
)
from dpsync.cli.wishes import Wish, wish_options
from dpsync.errors import Declined, UsageError

if TYPE_CHECKING:
    from dpsync.cli.prospect import Prospect
    from dpsync.model.outcome import Outcome
    from dpsync.model.report import Report
    from dpsync.settings import Settings

DONE, INCOMPLETE, BLOCKED, STALE, NOT_COMPLETED, UNREACHABLE = 0, 1, 3, 4, 5, 6


@click.command()
@wish_options
@report_options
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--expect-plan",
    metavar="FILE|sha256:…",
    envvar="DPSYNC_EXPECT_PLAN",
    help="Make only changes that this plan has: those that were reviewed.",
)
@click.option(
    "--trust-plan",
    is_flag=True,
    help="Carry FILE out as it is, without the manifests. There is no variable for it.",
)
@click.option(
    "--journal",
    metavar="DIR|off",
    envvar="DPSYNC_JOURNAL",
    help="Where the journal is kept. Default: .dpsync in the workspace. `off`: none.",
)
@click.option("--auto-approve", is_flag=True, help="Do not ask. For pipelines; there is no variable for it.")
def command(
    wish: Wish,
    reports: tuple[str, ...],
    file: Path | None,
    expect_plan: str | None,
    journal: str | None,
    *,
    as_json: bool,
    trust_plan: bool,
    auto_approve: bool,
) -> int:
    """Show the plan, ask, and carry it out; or make the changes of FILE, a plan that `plan --out` saved.

    Makes exactly the changes of the plan, less those that are blocked. Before each write the object is read again; if
    it is no longer what the plan was made from, it is left alone. Before access is taken away, members are read again.
    Every write is journaled in .dpsync/ and read back. Running apply again continues where an earlier one broke off.

    With FILE or --expect-plan, the plan is made afresh, and a change of it that is not in the saved plan is left.

    \b
    Exit 0    everything is done
    Exit 1    the manifests are not valid, the plan is incomplete, or nobody said 'yes'
    Exit 3    at least one change is blocked; the others were made
    Exit 4    at least one change was left: its object had changed since the plan, or nobody reviewed it
    Exit 5    at least one change failed or was skipped
    Exit 6    the marketplace cannot be reached, or does not accept the token
    Exit 130  interrupted; calls in flight were finished
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json)
    if file is not None and expect_plan is not None:
        raise UsageError(
            "FILE and --expect-plan both say which changes were reviewed.", "Leave one of them out."
        )
    if trust_plan and file is None:
        raise UsageError(
            "--trust-plan needs a saved plan.", "Name its file: `dpsync apply FILE --trust-plan`."
        )

    from dpsync import pipeline
    from dpsync.cli.reviews import expected, saved, trusted

    if trust_plan and file is not None:
        ahead = trusted(file, wish)
    elif file is not None:
        ahead = saved(file, wish, wanted)
    else:
        ahead = expected(expect_plan, wish, wanted)
    before = pipeline.report_of_review(ahead.found, ahead.plan, ahead.split)
    if not ahead.plan.has_changes:
        write_reports(before, wanted)
        return _code_of_plan(before)
    _show(before, wanted)
    if not auto_approve:
        _ask(ahead.settings)
    outcomes, interrupted = asyncio.run(_carry_out(ahead, journal))
    after = pipeline.report_of_apply(before, outcomes, interrupted=interrupted)
    write_reports(after, wanted)
    return _code_of_apply(after)


def _show(report: Report, wanted: tuple[Wanted, ...]) -> None:
    """Show the plan before it is made: where the text report goes, or to stderr if stdout is for a machine."""
    from dpsync.cli.shared import page_for
    from dpsync.reports import FORMATS

    on_stdout = any(one.file is None and one.format == DEFAULT_FORMAT for one in wanted)
    stream = sys.stdout if on_stdout else sys.stderr
    click.echo(FORMATS[DEFAULT_FORMAT](report, page_for(stream)), file=stream)


def _ask(settings: Settings) -> None:
    """Ask on stderr. Raises Declined unless the answer is 'yes'."""
    if not is_interactive():
        raise Declined(
            "Nobody can be asked here, so nothing was changed.",
            "Run `dpsync apply` in a terminal, or add --auto-approve where the plan was reviewed.",
        )
    click.echo(f"Apply these changes to {settings.environment} ({settings.url})?", err=True)
    answer = click.prompt("Only 'yes' will be accepted", default="", show_default=False, err=True)
    if answer != "yes":
        raise Declined("Not applied: the answer was not 'yes'. Nothing was changed.")


async def _carry_out(ahead: Prospect, where: str | None) -> tuple[tuple[Outcome, ...], bool]:
    from dpsync import pipeline
    from dpsync.cli.connect import connected
    from dpsync.cli.journals import journal_at
    from dpsync.cli.progress import progress_for
    from dpsync.marketplace.client import WriteClient

    stop = asyncio.Event()
    with _stopping(stop), journal_at(ahead.settings, ahead.plan.target, where) as journal:
        async with connected(ahead.settings, WriteClient) as client:
            with progress_for(ahead.plan) as progress:
                during = pipeline.During(journal, progress, stop)
                outcomes = await pipeline.applied(ahead.settings, ahead.known, client, during)
    return outcomes, stop.is_set()


@contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set the event: calls in flight finish, nothing new starts."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if not stop.is_set():
            click.echo("Stopping: finishing the calls in flight, starting nothing new.", err=True)
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM) if os.name == "posix" else ()
    for number in signals:
        loop.add_signal_handler(number, asked)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _code_of_plan(report: Report) -> int:
    """The exit code where there was nothing to make."""
    assert report.plan is not None
    if not report.plan.complete:
        return INCOMPLETE
    if report.unreviewed:
        return STALE
    return BLOCKED if report.plan.blocked else DONE


def _code_of_apply(report: Report) -> int:
    from dpsync.model.outcome import Result

    assert report.plan is not None
    if report.interrupted:
        return INTERRUPTED
    if any(outcome.lost_contact for outcome in report.outcomes or ()):
        return UNREACHABLE
    if not report.plan.complete:
        return INCOMPLETE
    if report.results(Result.FAILED, Result.SKIPPED):
        return NOT_COMPLETED
    if report.results(Result.STALE) or report.unreviewed:
        return STALE
    return BLOCKED if report.plan.blocked else DONE

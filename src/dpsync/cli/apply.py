"""`dpsync apply`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.events import Events, besides_stdout
from dpsync.cli.shared import (
    DEFAULT_FORMAT,
    INTERRUPTED,
    Wanted,
    carrying_out_options,
    is_interactive,
    not_empty,
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
    callback=not_empty,
    help="Where the journal is kept. Default: .dpsync in the workspace. `off`: none.",
)
@carrying_out_options
def command(
    wish: Wish,
    reports: tuple[str, ...],
    file: Path | None,
    expect_plan: str | None,
    journal: str | None,
    *,
    lock_timeout: float,
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
    Exit 130  interrupted; calls in flight were finished, or given up after 30 s (`deadlines.grace`) or another Ctrl-C
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json, workspace=wish.workspace)
    events = Events(sys.stdout) if as_json else None
    if events is not None:
        wanted = besides_stdout(wanted)
    if file is not None and expect_plan is not None:
        raise UsageError(
            "FILE and --expect-plan both say which changes were reviewed.", "Leave one of them out."
        )
    if trust_plan and file is None:
        raise UsageError(
            "--trust-plan needs a saved plan.", "Name its file: `dpsync apply FILE --trust-plan`."
        )

    from dataclasses import replace

    from dpsync import pipeline
    from dpsync.cli.reviews import expected, saved, trusted

    with events.reported_if_invalid("apply") if events is not None else nullcontext():
        if trust_plan and file is not None:
            ahead = trusted(file, wish)
        elif file is not None:
            ahead = saved(file, wish, wanted)
        else:
            ahead = expected("apply", expect_plan, wish, wanted)
    before = pipeline.report_of_review(ahead.found, ahead.plan, ahead.split)
    before = replace(before, owners=pipeline.owners(ahead.known.asked, ahead.plan))
    return carried_out(ahead, before, wanted, journal, lock_timeout, auto_approve=auto_approve, events=events)


def carried_out(
    ahead: Prospect,
    before: Report,
    wanted: tuple[Wanted, ...],
    journal: str | None,
    lock_timeout: float,
    *,
    auto_approve: bool,
    undoes: str | None = None,
    events: Events | None = None,
) -> int:
    """Show what is ahead, ask, make it, and say what became of it; answers the exit code.

    `undo` ends like this as well: `undoes` is then the run, and the report keeps the name of its command.
    """
    from dataclasses import replace

    from dpsync import pipeline
    from dpsync.cli.connect import finished
    from dpsync.cli.lock import one_at_a_time

    if events is not None:
        events.planned(before)
    if not ahead.plan.has_changes:
        write_reports(before, wanted)
        if events is not None:
            events.reported(before)
        return _code_of_plan(before)
    _show(before, wanted)
    if not auto_approve:
        _ask(ahead.settings)
    with one_at_a_time(ahead.settings.root, lock_timeout):
        outcomes, interrupted = finished(_carry_out(ahead, journal, undoes, before.again, events))
    after = pipeline.report_of_apply(before, outcomes, interrupted=interrupted)
    if undoes is not None:
        after = replace(after, command=before.command)
    write_reports(after, wanted)
    if events is not None:
        events.reported(after)
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
            f"Run `{click.get_current_context().command_path}` in a terminal, "
            "or add --auto-approve where the plan was reviewed.",
        )
    click.echo(f"Apply these changes to {settings.environment} ({settings.url})?", err=True)
    answer = click.prompt("Only 'yes' will be accepted", default="", show_default=False, err=True)
    if answer != "yes":
        raise Declined("Not applied: the answer was not 'yes'. Nothing was changed.")


async def _carry_out(
    ahead: Prospect, where: str | None, undoes: str | None, again: str, events: Events | None = None
) -> tuple[tuple[Outcome, ...], bool]:
    from dpsync import pipeline
    from dpsync.cli.connect import connected
    from dpsync.cli.journals import journal_at
    from dpsync.cli.progress import progress_for
    from dpsync.marketplace.client import WriteClient
    from dpsync.model.fingerprint import plan_fingerprint
    from dpsync.model.history import APPLY, UNDO

    plan, command = ahead.plan, APPLY if undoes is None else UNDO
    digest = plan_fingerprint(plan)
    with (
        _stopping() as stop,
        journal_at(
            ahead.settings, plan.target, where, command=command, fingerprint=digest, undoes=undoes
        ) as journal,
    ):
        async with connected(ahead.settings, WriteClient) as client:
            with progress_for(ahead.plan, events=events) as progress:
                during = pipeline.During(journal, progress, stop.asked, again=again)
                stop.making = asyncio.ensure_future(
                    pipeline.applied(ahead.settings, ahead.known, client, during)
                )
                outcomes = await stop.making
        journal.left(_left(ahead, outcomes), interrupted=stop.asked.is_set())
        if _is_all(ahead, outcomes):
            journal.nothing_was_left()
    return outcomes, stop.asked.is_set()


def _is_all(ahead: Prospect, outcomes: tuple[Outcome, ...]) -> bool:
    """Whether everything that the manifests ask for is done."""
    left = ahead.split.unreviewed or ahead.split.others or ahead.split.unmet
    is_made = len(outcomes) == len(ahead.plan.applicable) and all(outcome.is_good for outcome in outcomes)
    is_whole = ahead.plan.part is None
    return is_made and is_whole and ahead.plan.complete and not ahead.plan.blocked and not left


def _left(ahead: Prospect, outcomes: tuple[Outcome, ...]) -> int:
    """How many changes are not made: blocked, not reviewed, or begun in vain or not at all."""
    made = sum(outcome.is_good for outcome in outcomes)
    unmade = len(ahead.plan.applicable) - made + len(ahead.plan.blocked)
    return unmade + len(ahead.split.unreviewed) + len(ahead.split.unmet)


class _Stop:
    """What a signal does: the first one lets calls in flight finish, the second one ends what is being made."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.making: asyncio.Future[tuple[Outcome, ...]] | None = None

    def on_signal(self) -> None:
        if not self.asked.is_set():
            self._say(
                "Stopping: finishing the calls in flight, starting nothing new. Once more ends at once."
            )
            self.asked.set()
        elif self.making is not None and not self.making.done():
            self._say("Ending at once: the calls in flight are given up.")
            self.making.cancel()

    @staticmethod
    def _say(text: str) -> None:
        # Whoever closed stderr must not keep the run from being stopped.
        with suppress(OSError):
            click.echo(text, err=True)


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Let Ctrl-C and SIGTERM stop what is made.

    After that the report is all that is left to be done, and whoever was asked to stop is deaf to further signals.
    """
    stop = _Stop()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM) if os.name == "posix" else ()
    for number in signals:
        loop.add_signal_handler(number, stop.on_signal)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
            if stop.asked.is_set():
                signal.signal(number, signal.SIG_IGN)


def _code_of_plan(report: Report) -> int:
    """The exit code where there was nothing to make."""
    assert report.plan is not None
    if not report.plan.complete:
        return INCOMPLETE
    if report.unreviewed or report.unmet:
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
    if report.results(Result.STALE) or report.unreviewed or report.unmet:
        return STALE
    return BLOCKED if report.plan.blocked else DONE

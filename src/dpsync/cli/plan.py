"""`dpsync plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import (
    Wanted,
    page_for,
    report_options,
    reported_if_invalid,
    settings_for,
    wanted_reports,
    write_file,
    write_reports,
)
from dpsync.cli.wishes import Wish, wish_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dpsync.model.plan import Plan

NOTHING_TO_SAY, INCOMPLETE, CHANGES, BLOCKED, NOT_REVIEWED = 0, 1, 2, 3, 4

CLASSES = ("access-removing", "access-granting", "review", "rename", "descriptive")
"""The classes of changes, gravest first (`model/fields.py`, which this module does not import for the sake of --help)."""


@click.command()
@wish_options
@report_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan, for `show plan FILE` and `apply FILE`.",
)
@click.option(
    "--compare",
    metavar="ENV ENV",
    nargs=2,
    help="Show instead what the second environment asks for otherwise than the first; opens no connection.",
)
@click.option(
    "--expect-plan",
    metavar="FILE|sha256:…",
    envvar="DPSYNC_EXPECT_PLAN",
    help="Plan again what was reviewed, and exit 4 where something else is due; nothing is made.",
)
@click.option("--unmanaged", is_flag=True, help="List what is live and in no manifest.")
@click.option(
    "--calls",
    "with_calls",
    is_flag=True,
    help="Show under each change the calls that apply sends. JSON always has them.",
)
@click.option(
    "--fail-on",
    type=click.Choice(CLASSES),
    envvar="DPSYNC_FAIL_ON",
    help="Exit 3 when a change is of this class or a graver one.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Ask no marketplace: hold the manifests against those of --base. Needs no token.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="DPSYNC_DETAILED_EXITCODE",
    help="Exit 2 when there are changes.",
)
def command(
    wish: Wish,
    reports: tuple[str, ...],
    out: Path | None,
    expect_plan: str | None,
    fail_on: str | None,
    *,
    compare: tuple[str, str] | None,
    as_json: bool,
    unmanaged: bool,
    with_calls: bool,
    offline: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what would change, and change nothing.

    Compares the manifests with the marketplace, and says of each change who gains and who loses access. The client that
    reads the marketplace cannot write.

    \b
    Exit 0  the plan is shown (also when there are changes)
    Exit 1  the manifests are not valid, or the marketplace could not be read completely
    Exit 2  with --detailed-exitcode: there are changes, or with --compare differences
    Exit 3  a guardrail or an unresolved reference blocks at least one change, or --fail-on met one
    Exit 4  with --expect-plan: at least one change is due that was not reviewed, or one that was is not asked for
    Exit 6  the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json, workspace=wish.workspace)
    asked = _asked(
        wish,
        {
            "--out": out,
            "--expect-plan": expect_plan,
            "--unmanaged": unmanaged,
            "--calls": with_calls,
            "--fail-on": fail_on,
            "--offline": offline,
        },
    )
    if compare is not None:
        _refuse("--compare", "two environments are held against each other", asked)
        differs = _compared(wish, compare, wanted)
        return CHANGES if detailed_exitcode and differs else NOTHING_TO_SAY

    if offline:
        if wish.base is None:
            raise UsageError(
                "--offline needs something to compare with.", "Add --base REF, such as --base origin/main."
            )
        _refuse("--offline", "no marketplace is asked", asked, allowed=("--offline", "--base"))
        has_changes = _manifests_alone(wish, wanted)
        return CHANGES if detailed_exitcode and has_changes else NOTHING_TO_SAY

    from dataclasses import replace

    from dpsync import pipeline
    from dpsync.cli.reviews import expected

    ahead = expected("plan", expect_plan, wish, wanted)
    plan = ahead.plan
    if unmanaged and plan.unmanaged is None:
        raise UsageError(
            "--unmanaged lists everything that is live, and a plan of a part does not read everything.",
            "Leave --unmanaged out, or plan everything.",
        )
    if out is not None:
        from dpsync.planner.planfile import dump

        write_file(out, dump(plan), "The plan")
    report = pipeline.report_of_review(ahead.found, plan, ahead.split)
    report = replace(report, with_calls=with_calls, owners=pipeline.owners(ahead.known.asked, plan))
    if unmanaged:
        report = replace(report, unmanaged=pipeline.unmanaged(ahead.known.asked))
    write_reports(report, wanted)
    if not plan.complete:
        return INCOMPLETE
    met = _met(fail_on, plan)
    if met:
        click.echo(f"--fail-on {fail_on}: met by {', '.join(met)}.", err=True)
    if report.unreviewed or report.unmet:
        return NOT_REVIEWED
    if plan.blocked or met:
        return BLOCKED
    return CHANGES if detailed_exitcode and plan.has_changes else NOTHING_TO_SAY


def _asked(wish: Wish, others: Mapping[str, object]) -> tuple[str, ...]:
    """The options that were given and that not every way of planning has, by name."""
    options = {
        **others,
        "--base": wish.base,
        "--only": wish.only,
        "--show-members": wish.show_members,
        "--allow": wish.allow,
        "--changed-since": wish.changed_since,
        "--target": wish.targets,
        "--exclude": wish.excludes,
        "--select": wish.selectors,
    }
    return tuple(name for name, value in options.items() if value)


def _refuse(mode: str, why: str, asked: Collection[str], allowed: Collection[str] = ()) -> None:
    """Raises UsageError for an option that only a plan has, in a mode that makes none; it must not be ignored."""
    wrong = next((name for name in asked if name not in allowed), None)
    if wrong is not None:
        raise UsageError(
            f"{wrong} is about a plan, and with {mode} there is none: {why}.",
            f"Leave {wrong} or {mode} out.{_variable(wrong)}",
        )


def _variable(option: str) -> str:
    """Where the option was set, if not on the command line."""
    asked = click.get_current_context()
    given = next(one for one in asked.command.params if option in one.opts)
    if asked.get_parameter_source(given.name or "") is not click.core.ParameterSource.ENVIRONMENT:
        return ""
    return f" It is set by the variable {given.envvar}."


def _manifests_alone(wish: Wish, wanted: tuple[Wanted, ...]) -> bool:
    """Report how the manifests differ from those of the base; answers whether they do."""
    from dpsync.cli.prospect import settled
    from dpsync.pipeline.offline import report_of_manifests

    with reported_if_invalid("plan", wanted):
        settings, warnings = settled(wish)
        report = report_of_manifests(settings, wish.base or "", warnings)
    write_reports(report, wanted)
    return report.plan is not None and report.plan.has_changes


def _compared(wish: Wish, environments: tuple[str, str], wanted: tuple[Wanted, ...]) -> bool:
    """Write how two environments differ, and answer whether they do. Raises UsageError."""
    from dpsync.pipeline.compare import comparison
    from dpsync.reports.compare import COMPARISONS

    for one in wanted:
        if one.format not in COMPARISONS:
            raise UsageError(
                f"A comparison has no report {one.format!r}.", f"Formats: {', '.join(COMPARISONS)}."
            )
    settings = (settings_for(wish.workspace, name, None, wish.policy_from) for name in environments)
    with reported_if_invalid("plan", wanted):
        found = comparison(*settings)
    for one in wanted:
        if one.file is None:
            click.echo(COMPARISONS[one.format](found, page_for(sys.stdout)), nl=False)
        else:
            write_file(one.file, COMPARISONS[one.format](found, page_for(None)), "The comparison")
    return not found.is_empty


def _met(fail_on: str | None, plan: Plan) -> tuple[str, ...]:
    """The changes of this class or a graver one."""
    if fail_on is None:
        return ()
    grave = CLASSES[: CLASSES.index(fail_on) + 1]
    return tuple(str(change.address) for change in plan.applicable if change.effect.value in grave)

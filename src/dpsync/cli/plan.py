"""`dpsync plan`."""

from __future__ import annotations

from pathlib import Path

import click

from dpsync.cli.shared import (
    report_options,
    url_option,
    wanted_reports,
    workspace_options,
    write_reports,
)

NOTHING_TO_SAY, INCOMPLETE, CHANGES, BLOCKED = 0, 1, 2, 3


@click.command()
@workspace_options
@url_option
@report_options
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="DPSYNC_DETAILED_EXITCODE",
    help="Exit 2 when there are changes.",
)
def command(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    reports: tuple[str, ...],
    *,
    as_json: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what would change, and change nothing.

    Compares the manifests with the marketplace. The client that reads the marketplace cannot write.

    \b
    Exit 0  the plan is shown (also when there are changes)
    Exit 1  the manifests are not valid, or the marketplace could not be read completely
    Exit 2  with --detailed-exitcode: there are changes
    Exit 3  a guardrail or an unresolved reference blocks at least one change
    Exit 6  the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json)

    from dpsync import pipeline
    from dpsync.cli.prospect import Where, prospect

    ahead = prospect("plan", Where(workspace, environment, url), wanted)
    plan = ahead.plan
    write_reports(pipeline.report_of_plan(ahead.found, plan), wanted)
    if not plan.complete:
        return INCOMPLETE
    if plan.blocked:
        return BLOCKED
    return CHANGES if detailed_exitcode and plan.has_changes else NOTHING_TO_SAY

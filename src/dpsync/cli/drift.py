"""`dpsync drift`."""

from __future__ import annotations

from pathlib import Path

import click

from dpsync.cli.shared import (
    report_options,
    reported_if_invalid,
    settings_for,
    url_option,
    wanted_reports,
    workspace_options,
    write_reports,
)

NO_DRIFT, INCOMPLETE, DRIFT = 0, 1, 2


@click.command()
@workspace_options
@url_option
@click.option(
    "--base",
    metavar="REF",
    envvar="DPSYNC_BASE",
    help="Compare with the manifests where this branch left REF. Default: those of the commit that is checked out.",
)
@report_options
def command(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    base: str | None,
    reports: tuple[str, ...],
    *,
    as_json: bool,
) -> int:
    """Show what is live and differs from what was agreed on.

    Holds the marketplace against the manifests that are committed, whatever the work tree has by now: what somebody
    changed by hand, what is missing, and what this workspace made and no manifest names any more. The client that reads
    the marketplace cannot write.

    \b
    Exit 0  the marketplace is as it was agreed on
    Exit 1  the manifests are not valid, or the marketplace could not be read completely
    Exit 2  there is drift
    Exit 6  the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    wanted = wanted_reports(reports, as_json=as_json, workspace=workspace)

    from dpsync.cli.connect import connected, finished
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.plan import Plan
    from dpsync.pipeline import drift

    with reported_if_invalid("drift", wanted):
        settings = settings_for(workspace, environment, url)
        agreed = drift.agreed_on(settings) if base is None else drift.agreed_at(settings, base)

    async def drifted() -> Plan:
        async with connected(settings, ReadClient) as client:
            return await drift.drifted(settings, agreed, client)

    plan = finished(drifted())
    write_reports(drift.report_of_drift(agreed, plan), wanted)
    if not plan.complete:
        return INCOMPLETE
    return DRIFT if plan.changes else NO_DRIFT

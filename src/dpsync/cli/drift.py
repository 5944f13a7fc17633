"""`dpsync drift`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import (
    Wanted,
    list_findings,
    report_options,
    reported_if_invalid,
    settings_for,
    url_option,
    wanted_reports,
    workspace_options,
    write_reports,
)
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.pipeline.writeback import Back
    from dpsync.settings import Settings

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
@click.option(
    "--write-back",
    is_flag=True,
    help="Bring what differs into the manifests at hand, field by field; comments and formatting stay.",
)
@report_options
def command(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    base: str | None,
    reports: tuple[str, ...],
    *,
    write_back: bool,
    as_json: bool,
) -> int:
    """Show what is live and differs from what was agreed on.

    Holds the marketplace against the manifests that are committed, whatever the work tree has by now: what somebody
    changed by hand, what is missing, and what this workspace made and no manifest names any more. The client that reads
    the marketplace cannot write.

    With --write-back, the manifests at hand are compared and edited instead: they say afterwards what is live, so that the
    difference becomes a commit. What cannot be written back is listed with its place.

    \b
    Exit 0  the marketplace is as it was agreed on
    Exit 1  the manifests are not valid, or the marketplace could not be read completely
    Exit 2  there is drift; with --write-back, some of it was not written back
    Exit 6  the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    if write_back and base is not None:
        raise UsageError(
            "What is written back is what differs from the manifests at hand, so --base has no place here.",
            "Leave one of the two out.",
        )
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

    if write_back:
        return _written_back(settings, wanted)
    plan = finished(drifted())
    write_reports(drift.report_of_drift(agreed, plan), wanted)
    if not plan.complete:
        return INCOMPLETE
    return DRIFT if plan.changes else NO_DRIFT


def _written_back(settings: Settings, wanted: Iterable[Wanted]) -> int:
    """Edit the manifests, and say what was and what could not be brought into them."""
    from dpsync.cli.connect import connected, finished
    from dpsync.marketplace.client import ReadClient
    from dpsync.pipeline import drift
    from dpsync.pipeline.writeback import written_back

    async def back() -> Back:
        async with connected(settings, ReadClient) as client:
            return await written_back(settings, client)

    with reported_if_invalid("drift", wanted):
        agreed = drift.agreed_at_hand(settings)
        done = finished(back())
    write_reports(drift.report_of_drift(agreed, drift.as_drift(done.plan)), wanted)
    wrote(done)
    list_findings(done.findings)
    if not done.plan.complete:
        return INCOMPLETE
    return DRIFT if done.findings else NO_DRIFT


def wrote(done: Back) -> None:
    """Write the files, and show the lines that are new."""
    from dpsync.manifests.rewriting import write
    from dpsync.reports.layout import visible

    write(done.files)
    for file in done.files:
        for number, text in file.lines:
            click.echo(visible(f"{file.name}:{number}: {text}"), err=True)
    fields = sum(len(names) for names in done.fields.values())
    if fields:
        told = "1 field" if fields == 1 else f"{fields} fields"
        files = "1 file" if len(done.files) == 1 else f"{len(done.files)} files"
        click.echo(f"Wrote {told} back into {files}.", err=True)

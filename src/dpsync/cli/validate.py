"""`dpsync validate`."""

from __future__ import annotations

from pathlib import Path

import click

from dpsync.cli.shared import (
    policed,
    report_options,
    reported_if_invalid,
    settings_for,
    wanted_reports,
    workspace_options,
    write_reports,
)


@click.command()
@workspace_options
@report_options
def command(
    workspace: Path | None, environment: str | None, reports: tuple[str, ...], *, as_json: bool
) -> None:
    """Check the manifests.

    Reads dpsync.yaml and every manifest, and reports all problems at once, each with its place and the way out. Opens
    no connection, so it needs no token. Exit 0: valid. Exit 1: not valid.
    """
    wanted = wanted_reports(reports, as_json=as_json, workspace=workspace)

    from dpsync.pipeline import validated

    with reported_if_invalid("validate", wanted):
        settings, warnings = policed(settings_for(workspace, environment))
        write_reports(validated(settings, warnings), wanted)

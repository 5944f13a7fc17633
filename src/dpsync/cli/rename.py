"""`dpsync rename`."""

from __future__ import annotations

from pathlib import Path

import click

from dpsync.cli.keys import complete_addresses
from dpsync.cli.shared import settings_for, workspace_options


@click.command()
@click.argument("old", metavar="KIND/OLD", shell_complete=complete_addresses)
@click.argument("new", metavar="NEW")
@workspace_options
def command(old: str, new: str, workspace: Path | None, environment: str | None) -> None:
    """Give a resource another key.

    Edits the manifests and the patches of every environment: the name, every reference to it, also in dpsync.yaml and in exceptions, and `metadata.id`, so that
    the live object stays the same and nobody loses access. Comments and formatting stay. Opens no connection; afterwards a
    plan has nothing to do because of it. What was never applied needs no `metadata.id`: remove that line again. The name that
    consumers read is `spec.name`, which is yours to edit.
    """
    from dataclasses import replace

    from dpsync import pipeline
    from dpsync.manifests.rename import renaming
    from dpsync.manifests.rewriting import write
    from dpsync.reports.layout import visible

    settings = settings_for(workspace, environment)
    # What the older API refuses in one environment is no reason not to rename in all of them.
    everywhere = (replace(settings, environment=name, vintage="v2") for name in settings.variables)
    resources = [one for each in everywhere for one in pipeline.declared(each).desired.resources]
    done = renaming(
        settings.root,
        settings.manifests,
        resources,
        old,
        new,
        workspace_id=settings.workspace_id,
        exceptions=settings.exceptions,
        patches=settings.patches,
    )
    write(done.files)
    for file in done.files:
        for number, text in file.lines:
            click.echo(visible(f"{file.name}:{number}: {text}"))
    tail = f" Its id stays {done.id}." if done.id else ""
    click.echo(f"Renamed {done.old} to {done.new}.{tail}")

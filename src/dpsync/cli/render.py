"""`dpsync render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import settings_for, workspace_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.model.resource import Resource


@click.command()
@click.argument("chosen", metavar="[KIND/KEY]...", nargs=-1)
@workspace_options
def command(chosen: tuple[str, ...], workspace: Path | None, environment: str | None) -> None:
    """Print the manifests as they are in an environment.

    Variables are filled in and patches laid over the manifests; what the environment leaves out is left out. The result
    is valid YAML of manifests, always in the same order, without comments. With KIND/KEY, only those. Opens no
    connection. Exit 1: the manifests are not valid, or there is no such resource.
    """
    from dpsync import pipeline
    from dpsync.manifests.render import rendered

    settings = settings_for(workspace, environment)
    resources = pipeline.declared(settings).desired.resources
    wanted = tuple(_found(text, resources, settings.environment) for text in chosen) or resources
    click.echo(rendered(wanted, settings.environment), nl=False)


def _found(text: str, resources: tuple[Resource, ...], environment: str) -> Resource:
    from dpsync.model.validation import closest, shown

    by_address = {str(one.address): one for one in resources}
    if text in by_address:
        return by_address[text]
    meant = closest(text, by_address)
    hint = f"Did you mean {meant}?" if meant else "Write KIND/KEY, such as DataProduct/na-sales."
    raise UsageError(f"No manifest declares {shown(text)[1:-1]} in {environment}.", hint)

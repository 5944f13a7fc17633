"""`dpsync render`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.keys import complete_resources
from dpsync.cli.shared import settings_for, workspace_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.model.resource import Resource


@click.command()
@click.argument("chosen", metavar="[RESOURCE]...", nargs=-1, shell_complete=complete_resources)
@workspace_options
def command(chosen: tuple[str, ...], workspace: Path | None, environment: str | None) -> None:
    """Print the manifests as they are in an environment.

    Variables are filled in and patches laid over the manifests; what the environment leaves out is left out. The result
    is valid YAML of manifests, always in the same order, without comments. With RESOURCE, only those: KIND/KEY, a
    key alone, or a glob, as `--target` of `plan` takes them. Opens no connection. Exit 1: the manifests are not valid, or
    there is no such resource.
    """
    from dpsync import pipeline
    from dpsync.manifests.render import rendered

    settings = settings_for(workspace, environment)
    resources = pipeline.declared(settings).desired.resources
    found = {one.address: one for text in chosen for one in _meant(text, resources, settings.environment)}
    wanted = tuple(found.values()) or resources
    click.echo(rendered(wanted, settings.environment), nl=False)


def _meant(pattern: str, resources: tuple[Resource, ...], environment: str) -> Iterator[Resource]:
    from dpsync.model.validation import closest, shown
    from dpsync.planner.selecting import means

    found = [one for one in resources if means(pattern, one.address)]
    if found:
        return iter(found)
    names = [str(one.address) for one in resources] + [one.key for one in resources]
    meant = closest(pattern, names)
    hint = (
        f"Did you mean {meant}?" if meant else "Write KIND/KEY, such as DataProduct/na-sales, or a key alone."
    )
    raise UsageError(f"No manifest declares {shown(pattern)[1:-1]} in {environment}.", hint)

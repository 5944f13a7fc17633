"""`dpsync graph`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.keys import complete_resources
from dpsync.cli.shared import settings_for, workspace_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.model.reference import Address

FORMATS = ("mermaid", "dot", "json")


@click.command()
@workspace_options
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="mermaid",
    help="What it is written in. Default: mermaid.",
)
@click.option(
    "--of",
    "keys",
    metavar="KEY",
    multiple=True,
    shell_complete=complete_resources,
    help="Only what is near this resource, by key or by KIND/KEY. May be repeated.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    default=1,
    metavar="N",
    help="With --of: how many steps away. Default: 1.",
)
def command(
    workspace: Path | None, environment: str | None, form: str, keys: tuple[str, ...], depth: int
) -> None:
    """Draw what the manifests declare and what refers to what.

    Products, forms, agreements, domains and sources, on stdout, as a flowchart of Mermaid, for Graphviz, or as JSON. What no
    manifest declares is dashed. Opens no connection. Exit 1: the manifests are not valid, or there is no such resource.
    """
    from dpsync import pipeline
    from dpsync.kinds.graph import graph_of
    from dpsync.reports.graph import FORMATS as RENDERERS

    resources = pipeline.declared(settings_for(workspace, environment)).desired.resources
    graph = graph_of(resources)
    if keys:
        middle = [str(_address(key, [one.address for one in resources])) for key in keys]
        graph = graph.around(middle, depth)
    click.echo(RENDERERS[form](graph), nl=False)


def _address(text: str, declared: Sequence[Address]) -> Address:
    """The resource that a key or an address means. Raises UsageError."""
    from dpsync.model.validation import closest

    found = [one for one in declared if text in {str(one), one.key}]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{text!r} is the key of several: {', '.join(map(str, found))}.", "Write one of these."
        )
    meant = closest(text, [*(str(one) for one in declared), *(one.key for one in declared)])
    raise UsageError(
        f"No manifest declares {text!r}.",
        f"Did you mean {meant!r}?" if meant else "Write a key, or KIND/KEY.",
    )

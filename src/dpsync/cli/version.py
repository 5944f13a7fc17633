"""`dpsync version`."""

from __future__ import annotations

import click

from dpsync import __version__


@click.command()
def command() -> None:
    """Print the version of dpsync."""
    click.echo(f"dpsync {__version__}")

"""`dpsync history`: past runs, from their journals. Reads files and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from dpsync.cli.shared import page_for, workspace_options
from dpsync.errors import UsageError

DONE, UNREADABLE = 0, 1

Command = TypeVar("Command", bound=Callable[..., Any])


def _where(function: Command) -> Command:
    """The options that say where journals are kept."""
    as_json = click.option(
        "--json", "as_json", is_flag=True, help="Write JSON; docs/history.md has its fields."
    )
    journal = click.option(
        "--journal",
        metavar="DIR",
        envvar="DPSYNC_JOURNAL",
        help="Where the journals are kept. Default: .dpsync in the workspace.",
    )
    return workspace_options(journal(as_json(function)))


@click.group(invoke_without_command=True)
@_where
@click.pass_context
def command(
    asked: click.Context,
    workspace: Path | None,
    environment: str | None,
    journal: str | None,
    *,
    as_json: bool,
) -> int:
    """Show past runs, the newest first: who, when, of which commit, how many calls, and how they ended.

    With --env only those of that environment. What is shown is what their journals say; no connection is opened.

    \b
    Exit 0    every journal could be read
    Exit 1    one could not: it is named, and the others are shown
    """  # noqa: D301 - click's own mark for "do not wrap"
    if asked.invoked_subcommand is not None:
        return DONE
    from dpsync.apply.history import read_history
    from dpsync.reports.history.json import history_as_json
    from dpsync.reports.history.text import history_as_text

    _must_be_named(environment)
    past = read_history(_folder(workspace, journal))
    if as_json:
        told = history_as_json(past.of(environment))
    else:
        told = history_as_text(past, page_for(sys.stdout), environment)
    click.echo(told, nl=False)
    return UNREADABLE if past.unreadable else DONE


@command.command()
@click.argument("run")
@_where
@click.pass_context
def show(
    asked: click.Context,
    run: str,
    workspace: Path | None,
    environment: str | None,
    journal: str | None,
    *,
    as_json: bool,
) -> None:
    """One run, call by call, with what each call changed.

    RUN is its id, its name, the beginning of its name, or `last`.
    """
    from dpsync.apply.history import run_named
    from dpsync.reports.history.json import run_as_json
    from dpsync.reports.history.text import run_as_text

    above = asked.parent.params if asked.parent is not None else {}
    workspace, journal = workspace or above.get("workspace"), journal or above.get("journal")
    environment = above.get("environment") if environment is None else environment
    as_json = as_json or bool(above.get("as_json"))
    _must_be_named(environment)
    found = run_named(_folder(workspace, journal), run, environment)
    click.echo(run_as_json(found) if as_json else run_as_text(found, page_for(sys.stdout)), nl=False)


def _must_be_named(environment: str | None) -> None:
    if environment == "":
        raise UsageError("`--env` names no environment.", "Name one, or leave it out to see every run.")


def _folder(workspace: Path | None, journal: str | None) -> Path:
    """The folder of the journals. The workspace need not be valid, and not even there where a folder is named."""
    from dpsync.cli.journals import journals_of
    from dpsync.cli.shared import root_of

    if journal not in {None, "off"} and not Path(journal or "").is_dir():
        raise UsageError(
            f"There is no folder {journal}.",
            "`--journal` names the folder where journals are kept, the one that has `runs` in it.",
        )
    root = Path() if journal not in {None, "off"} else root_of(workspace)
    return journals_of(root, journal)

"""The command line: one command, one file; words in, words out, an exit code.

The table below is everything that `dpsync --help` needs, so that asking for help imports no command.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from dpsync import __version__


class Entry(NamedTuple):
    """A command: the module that holds it (as `command`) and its line in the help."""

    module: str
    line: str


COMMANDS: Mapping[str, Entry] = {
    "init": Entry("dpsync.cli.init", "Begin a workspace, with every line explained."),
    "import": Entry("dpsync.cli.import_", "Make manifests of what is live; writes only files."),
    "validate": Entry("dpsync.cli.validate", "Check the manifests; opens no connection."),
    "plan": Entry("dpsync.cli.plan", "Show what would change, and change nothing."),
    "apply": Entry("dpsync.cli.apply", "Show the plan, ask, and carry it out."),
    "history": Entry("dpsync.cli.history", "Show past runs: who, when, which calls, and how they ended."),
    "undo": Entry("dpsync.cli.undo", "Put back what a run changed, with a plan like any other."),
    "show": Entry("dpsync.cli.show", "Show a product on one page, or many things in a table."),
    "drift": Entry("dpsync.cli.drift", "Show what is live and differs from what was agreed on."),
    "render": Entry("dpsync.cli.render", "Print the manifests as they are in an environment."),
    "rename": Entry("dpsync.cli.rename", "Give a resource another key, with its id and its references."),
    "fmt": Entry("dpsync.cli.fmt", "Write manifests in one order and style; comments stay."),
    "explain": Entry("dpsync.cli.explain", "Say what a guardrail looks for, or what a field means."),
    "comment": Entry("dpsync.cli.comment", "Post a report on a pull request, or update it there."),
    "schema": Entry("dpsync.cli.schema", "Print the JSON Schema of manifests, for editors."),
    "graph": Entry("dpsync.cli.graph", "Draw what the manifests declare and what refers to what."),
    "doctor": Entry("dpsync.cli.doctor", "Say what keeps dpsync from working, and what to do."),
    "access": Entry("dpsync.cli.access", "Who is in a product; let people in and out."),
    "sandbox": Entry("dpsync.cli.sandbox", "A marketplace of your own, to try everything on."),
    "completion": Entry("dpsync.cli.completion", "Let a shell complete commands, options and keys."),
    "version": Entry("dpsync.cli.version", "Print the version."),
}


class Commands(click.Group):
    """A group that imports a command when it is run, not before."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `dpsync --help` lists the commands."
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        from dpsync.cli.shared import run

        return run(lambda: super(Commands, self).main(*args, **{**kwargs, "standalone_mode": False}))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `dpsync sandbox --help` to try it without a marketplace.",
)
@click.version_option(__version__, "--version", prog_name="dpsync", message="%(prog)s %(version)s")
def dpsync() -> None:
    """Data products as code.

    YAML manifests say which data products should exist, over which data sources, behind which request form. dpsync
    compares them with the marketplace, shows the difference as a plan, and applies exactly that plan.
    """

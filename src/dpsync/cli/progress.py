"""What is shown while changes are made: a bar on a terminal, one quiet line per change elsewhere. Always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from dpsync.apply.writer import Progress
from dpsync.reports.layout import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from dpsync.model.change import Change
    from dpsync.model.plan import Plan


class Lines:
    """One line per change that has ended, for logs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0

    def started(self, _change: Change) -> None:
        return

    def ended(self, change: Change, result: str, message: str) -> None:
        self._ended += 1
        tail = f": {message}" if message else ""
        said = f"[{self._ended}/{self._total}] {result} {_called(change)}{tail}"
        # A line that cannot be written must not end what it is about.
        with suppress(OSError):
            click.echo(visible(said), err=True)


class Moving:
    """A bar that moves as changes end."""

    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def started(self, change: Change) -> None:
        self._bar.update(self._task, description=visible(_called(change)))

    def ended(self, _change: Change, _result: str, _message: str) -> None:
        self._bar.advance(self._task)


def _called(change: Change) -> str:
    """The address of a change; what no manifest names has an id for a key, so it is called by its name."""
    return str(change.address) if change.after is not None else f'{change.kind} "{change.title}"'


@contextmanager
def progress_for(plan: Plan) -> Iterator[Progress]:
    """Progress of the changes of a plan, as stderr can show it."""
    total = len(plan.applicable)
    if not sys.stderr.isatty():
        yield Lines(total)
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Moving(bar, bar.add_task("", total=total))

"""What people see while changes are made: a bar on a terminal, one quiet line per change elsewhere. Always on stderr.

While much is read, a bar on a terminal as well, and nothing elsewhere.

A room of its own because it must never be in the way: whatever happens to the terminal, the run goes on. What machines
are told is in `events.py`. Time is an argument; how far a run is, is a value (`Tally`), which the bar only draws.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import click

from dpsync.apply.writer import Progress
from dpsync.reports.layout import cells, visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from dpsync.model.call import Call
    from dpsync.model.change import Change
    from dpsync.model.plan import Plan

Clock = Callable[[], float]
"""Answers seconds that only go forward."""

WORTH_SAYING = 1.0
"""The seconds from which on a call that is waited for is named."""

QUICK = 0.1
"""The seconds below which an answer is not worth a name."""

_GOOD = frozenset({"done", "already"})
_BAR = 24
_NARROW = 60
"""Columns below which there is no room for a bar beside the numbers."""


class Watching(Progress, Protocol):
    """A progress that is told of each call as well: when it is sent, and what became of it.

    `result` is `ok` or `error`, and `message` says of an error what it was.
    """

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...


class Several:
    """Tells all that it is told to each of several."""

    def __init__(self, listeners: Sequence[Watching]) -> None:
        self._listeners = tuple(listeners)

    def started(self, change: Change) -> None:
        for each in self._listeners:
            each.started(change)

    def calling(self, change: Change, call: Call) -> None:
        for each in self._listeners:
            each.calling(change, call)

    def called(self, change: Change, call: Call, result: str, message: str) -> None:
        for each in self._listeners:
            each.called(change, call, result, message)

    def ended(self, change: Change, result: str, message: str) -> None:
        for each in self._listeners:
            each.ended(change, result, message)


class Lines:
    """One line per change that has ended, for logs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0

    def started(self, change: Change) -> None: ...

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None:
        self._ended += 1
        tail = f": {message}" if message else ""
        said = f"[{self._ended}/{self._total}] {result} {_called(change)}{tail}"
        # A line that cannot be written must not end what it is about.
        with suppress(OSError):
            click.echo(visible(said), err=True)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is waited for: what it is called, and since when."""

    name: str
    since: float


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a run is. A frozen value, because a bar draws it from another thread than the one that makes it.

    `began` and `since` are seconds of one clock; `slowest` is the longest call that was answered, and how long it took.
    """

    total: int
    began: float
    done: int = 0
    failed: int = 0
    left: int = 0
    under_way: Mapping[str, Awaited] = field(default_factory=dict)
    slowest: tuple[str, float] = ("", 0.0)

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.left

    def awaiting(self, change: Change, name: str, now: float) -> Tally:
        """The tally when something of a change is waited for."""
        return replace(self, under_way={**self.under_way, str(change.address): Awaited(name, now)})

    def answered(self, change: Change, now: float) -> Tally:
        """The tally when the call of a change that was waited for is answered."""
        awaited = self.under_way.get(str(change.address))
        if awaited is None:
            return self
        took = now - awaited.since
        slowest = (awaited.name, took) if took > self.slowest[1] else self.slowest
        return replace(self, slowest=slowest).awaiting(change, _called(change), now)

    def over(self, change: Change, result: str) -> Tally:
        """The tally when a change has ended."""
        address = str(change.address)
        under_way = {key: one for key, one in self.under_way.items() if key != address}
        kept = replace(self, under_way=under_way)
        if result in _GOOD:
            return replace(kept, done=self.done + 1)
        if result == "failed":
            return replace(kept, failed=self.failed + 1)
        return replace(kept, left=self.left + 1)

    def numbers(self, now: float) -> str:
        """How many changes have ended, and how; and how many a second."""
        counts = [f"{self.ended}/{self.total}", f"{self.done} done", f"{self.failed} failed"]
        counts += [f"{self.left} left"] if self.left else []
        elapsed = now - self.began
        if self.ended and elapsed > 0:
            counts.append(f"{_short(self.ended / elapsed)}/s")
        return "  ".join(counts)

    def longest(self, now: float) -> str:
        """The call that took longest so far, or what is being waited for still longer; empty where all is quick."""
        oldest = min(self.under_way.values(), key=lambda one: one.since, default=None)
        waited = now - oldest.since if oldest is not None else 0.0
        name, took = self.slowest
        if oldest is not None and waited > max(WORTH_SAYING, took):
            return f"waiting {_short(waited)} s: {oldest.name}"
        return f"slowest {_short(took)} s: {name}" if took >= QUICK else ""


class Moving:
    """A bar that moves as changes end. Is drawn as often as the terminal is refreshed."""

    def __init__(self, total: int, clock: Clock) -> None:
        self._clock = clock
        self.tally = Tally(total, clock())

    def started(self, change: Change) -> None:
        self.tally = self.tally.awaiting(change, _called(change), self._clock())

    def calling(self, change: Change, call: Call) -> None:
        self.tally = self.tally.awaiting(change, f"{call.method} {_called(change)}", self._clock())

    def called(self, change: Change, _call: Call, _result: str, _message: str) -> None:
        self.tally = self.tally.answered(change, self._clock())

    def ended(self, change: Change, result: str, _message: str) -> None:
        self.tally = self.tally.over(change, result)

    def drawn(self, width: int) -> RenderableType:
        """The bar with its numbers, and below it what takes longest; no line is wider than `width`."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        tally, now = self.tally, self._clock()
        numbers = Text(tally.numbers(now), no_wrap=True, overflow="ellipsis")
        first: RenderableType = numbers
        if width >= _NARROW:
            beside = Table.grid(padding=(0, 2))
            beside.add_row(ProgressBar(total=tally.total, completed=tally.ended, width=_BAR), numbers)
            first = beside
        return Group(first, Text(_fitted(visible(tally.longest(now)), width), no_wrap=True, style="dim"))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self.drawn(options.max_width)


class Reading:
    """A bar of what is being read, by how many requests of a kind were sent. Has no lines: reading changes nothing."""

    def __init__(self, sent: Callable[[], int], clock: Clock) -> None:
        self._sent = sent
        self._clock = clock
        self._began = clock()
        self._before = 0
        self.what = ""
        self.total = 0

    def reading(self, what: str, total: int) -> None:
        self.what, self.total = what, total
        self._before, self._began = self._sent(), self._clock()

    def numbers(self) -> str:
        """How many were asked for, of how many, and how many a second."""
        if not self.total:
            return "Reading the marketplace"
        done, elapsed = self.done, self._clock() - self._began
        pace = f"  {_short(done / elapsed)}/s" if done and elapsed > 0 else ""
        return f"{done}/{self.total} {self.what}{pace}"

    @property
    def done(self) -> int:
        return min(self.total, max(0, self._sent() - self._before))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        numbers = Text(self.numbers(), no_wrap=True, overflow="ellipsis")
        if options.max_width < _NARROW:
            yield numbers
            return
        beside = Table.grid(padding=(0, 2))
        beside.add_row(ProgressBar(total=self.total or None, completed=self.done, width=_BAR), numbers)
        yield beside


@contextmanager
def reading_for(sent: Callable[[], int], *, clock: Clock = time.monotonic) -> Iterator[Reading]:
    """Progress of a long reading on a terminal; nothing is shown anywhere else. `sent` counts the requests it is seen by."""
    reading = Reading(sent, clock)
    if not _can_move():
        yield reading
        return

    from rich.console import Console

    with _alive(reading, Console(stderr=True)):
        yield reading


def _called(change: Change) -> str:
    """The address of a change; what no manifest names has an id for a key, so it is called by its name."""
    return str(change.address) if change.after is not None else f'{change.kind} "{change.title}"'


def _short(number: float) -> str:
    """A number as it is read at a glance: one decimal below ten, none above."""
    return f"{number:.1f}" if number < 9.95 else f"{number:.0f}"


def _fitted(text: str, width: int) -> str:
    """The text, its end left out if it is wider than the terminal: a bar that wraps leaves its pieces behind."""
    if cells(text) <= width:
        return text
    while cells(text) >= width:
        text = text[:-1]
    return f"{text}…"


@contextmanager
def progress_for(
    plan: Plan, *, events: Watching | None = None, clock: Clock = time.monotonic
) -> Iterator[Watching]:
    """Progress of the changes of a plan, as stderr can show it; and `events`, which is told the same on stdout.

    Where stdout is a terminal, too, the events are all that is shown there.
    """
    if events is None:
        with _shown(plan, clock) as shown:
            yield shown
    elif sys.stdout.isatty():
        yield events
    else:
        with _shown(plan, clock) as shown:
            yield Several((events, shown))


@contextmanager
def _shown(plan: Plan, clock: Clock) -> Iterator[Watching]:
    total = len(plan.applicable)
    if not _can_move():
        yield Lines(total)
        return

    from rich.console import Console

    moving = Moving(total, clock)
    with _alive(moving, Console(stderr=True)):
        yield moving


def _can_move() -> bool:
    """Whether stderr is a terminal that somebody watches, on which what was written can be written over."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


@contextmanager
def _alive(moving: Moving | Reading, console: Console) -> Iterator[None]:
    """Draw the bar until the block ends. What goes to stdout meanwhile goes there, and not above the bar."""
    from rich.live import Live

    live = Live(
        moving, console=console, refresh_per_second=8, transient=True, redirect_stdout=False, screen=False
    )
    with suppress(OSError):
        live.start(refresh=True)
    try:
        yield
    finally:
        with suppress(OSError):  # the terminal may be gone
            live.stop()

"""What is seen while changes are made, with a clock that the test moves: the numbers, the slowest call, and no more."""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from cli.served import Estate, Terminal
from dpsync.cli.progress import Lines, Moving, Several, Watching, progress_for
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from reports.builders import CLICKS, OLD, SALES, TARGET, created, product
from reports.test_hostile_text import HOSTILE

PUT = Call(Action.UPDATE, "PUT", "/api/data-product/id-of-na-sales", {"description": "x"})
POST = Call(Action.CREATE, "POST", "/api/data-product", {"name": "x"})


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(moving: Moving, width: int = 80) -> list[str]:
    """What a terminal of that width shows of the bar, line by line."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(moving)
    return [line.rstrip() for line in captured.get().splitlines()]


def numbers(moving: Moving) -> str:
    return shown(moving)[0].split("  ", 1)[1].lstrip()


def changes(count: int) -> list[Change]:
    return [
        created(Address("DataProduct", f"p{number}"), product(name=f"P {number}")) for number in range(count)
    ]


def test_the_bar_counts_what_is_done_failed_and_left_and_how_many_a_second() -> None:
    clock = Clock()
    moving = Moving(10, clock)
    assert numbers(moving) == "0/10  0 done  0 failed"
    results = ["done", "already", "failed", "skipped", "stale", "done"]
    for change, result in zip(changes(6), results, strict=True):
        moving.started(change)
        moving.ended(change, result, "")
    clock.now += 4
    assert numbers(moving) == "6/10  3 done  1 failed  2 left  1.5/s"


def test_the_slowest_call_so_far_is_named_with_its_change() -> None:
    clock = Clock()
    moving = Moving(3, clock)
    for change, call, took in ((SALES, PUT, 2.5), (CLICKS, POST, 0.2)):
        moving.started(change)
        moving.calling(change, call)
        clock.now += took
        moving.called(change, call, "ok", "")
        moving.ended(change, "done", "")
    assert shown(moving)[1] == "slowest 2.5 s: PUT DataProduct/na-sales"


def test_a_call_that_is_waited_for_longer_than_any_before_is_named_instead() -> None:
    clock = Clock()
    moving = Moving(3, clock)
    moving.started(SALES)
    moving.calling(SALES, PUT)
    clock.now += 2
    moving.called(SALES, PUT, "error", "refused")
    moving.ended(SALES, "failed", "refused")
    moving.started(CLICKS)
    moving.calling(CLICKS, POST)
    clock.now += 1.5
    assert shown(moving)[1] == "slowest 2.0 s: PUT DataProduct/na-sales"
    clock.now += 18
    assert shown(moving)[1] == "waiting 20 s: POST DataProduct/web-clicks"


def test_where_nothing_is_slow_nothing_is_waited_for() -> None:
    clock = Clock()
    moving = Moving(3, clock)
    moving.started(SALES)
    clock.now += 0.5
    assert shown(moving)[1] == ""


def test_a_change_that_is_only_being_read_is_waited_for_too() -> None:
    clock = Clock()
    moving = Moving(3, clock)
    moving.started(OLD)
    clock.now += 7
    assert shown(moving)[1] == 'waiting 7.0 s: DataProduct "Old Thing"'


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 200])
def test_the_bar_takes_two_lines_that_fit_whatever_the_width(width: int) -> None:
    clock = Clock()
    moving = Moving(10_000, clock)
    slow = created(Address("DataProduct", "a-key-that-is-very-long-" * 6), product(name="漢字"))
    moving.started(slow)
    moving.tally = replace(moving.tally, done=5_000)
    clock.now += 1234
    lines = shown(moving, width)
    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)
    assert ("━" in lines[0]) == (width >= 60)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_from_the_marketplace_moves_no_cursor_and_styles_nothing(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Change(OLD.address, OLD.id, text, OLD.actions, OLD.before, None)
    clock = Clock()
    moving = Moving(1, clock)
    moving.started(gone)
    clock.now += 9
    lines = Lines(1)
    lines.ended(gone, "failed", text)
    written = "".join(shown(moving, 200)) + capsys.readouterr().err
    assert not {one for one in written if unicodedata.category(one)[0] == "C"} - {"\n"}
    assert capsys.readouterr().out == ""


def test_a_line_per_change_says_what_became_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(2)
    lines.started(SALES)
    lines.calling(SALES, PUT)
    lines.called(SALES, PUT, "ok", "")
    lines.ended(SALES, "done", "")
    lines.ended(OLD, "failed", "It is in use.")
    assert capsys.readouterr().err == (
        '[1/2] done DataProduct/na-sales\n[2/2] failed DataProduct "Old Thing": It is in use.\n'
    )


@pytest.mark.parametrize("surroundings", [{"CI": "true"}, {"TERM": "dumb"}])
def test_where_nobody_watches_or_nothing_can_move_there_are_lines(
    surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", _Terminal())
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    with progress_for(Plan(TARGET, (SALES,))) as progress:
        assert isinstance(progress, Lines)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class _Gone(_Terminal):
    """A terminal whose window was closed."""

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_goes_away_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", _Gone())
    with progress_for(Plan(TARGET, (SALES,))) as progress:
        progress.started(SALES)
        progress.ended(SALES, "done", "")
    lines = Lines(1)
    lines.ended(SALES, "done", "")


def test_several_are_told_the_same_in_the_same_order() -> None:
    heard: list[str] = []

    class Ear:
        def __init__(self, name: str) -> None:
            self._name = name

        def started(self, change: Change) -> None:
            heard.append(f"{self._name} started {change.address}")

        def calling(self, _change: Change, call: Call) -> None:
            heard.append(f"{self._name} calling {call.method}")

        def called(self, _change: Change, call: Call, result: str, message: str) -> None:
            heard.append(f"{self._name} called {call.method} {result} {message}")

        def ended(self, _change: Change, result: str, message: str) -> None:
            heard.append(f"{self._name} ended {result} {message}")

    both: Watching = Several((Ear("a"), Ear("b")))
    told: list[Callable[[], None]] = [
        lambda: both.started(SALES),
        lambda: both.calling(SALES, PUT),
        lambda: both.called(SALES, PUT, "error", "no"),
        lambda: both.ended(SALES, "failed", "no"),
    ]
    for tell in told:
        tell()
    assert heard == [
        f"{name} {what}"
        for what in ("started DataProduct/na-sales", "calling PUT", "called PUT error no", "ended failed no")
        for name in ("a", "b")
    ]


def test_on_a_real_terminal_of_80_columns_the_bar_is_drawn_over_itself_and_gone_at_the_end(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.served.surroundings", _narrow)
    with estate.served(), Terminal(estate) as terminal:
        terminal.read_until("Only 'yes' will be accepted")
        code, said = terminal.answer("yes")
    assert code == 0, terminal.shown
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.shown.split("accepted")[-1])
    assert "4/4  4 done  0 failed" in drawn
    assert all(len(line) <= 80 for line in re.split(r"[\r\n]+", drawn))
    assert terminal.shown.rstrip().endswith("\x1b[2K")
    assert "━" not in said


def _narrow() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DPSYNC_")}
    kept = {name: value for name, value in kept.items() if name not in {"CI", "NO_COLOR"}}
    return {**kept, "DPSYNC_TOKEN": "sandbox", "TERM": "xterm", "COLUMNS": "80"}

"""Two applies of one workspace on one machine: one waits for the other, or says who it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.served import PATIENCE, Estate, surroundings
from dpsync.cli import lock
from dpsync.cli.lock import Taken, one_at_a_time

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)

HOLDS = """
import sys
from pathlib import Path
from dpsync.cli.lock import one_at_a_time

with one_at_a_time(Path(sys.argv[1]), 0):
    print("held", flush=True)
    sys.stdin.read()
"""


def now() -> datetime:
    return NOW


@contextmanager
def held_by_another(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that holds the lock until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(),
    ) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "held\n"
            yield program
        finally:
            program.kill()


def test_whoever_finds_the_lock_taken_is_told_by_which_program_and_since_when(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path, 0, now), pytest.raises(Taken) as refused, one_at_a_time(tmp_path, 0):
        pytest.fail("two at once")
    assert refused.value.message == (
        f"Another apply of this workspace (process {os.getpid()}, since 2026-06-01 12:30:00 UTC) "
        "still writes to this workspace's marketplace. Nothing was changed."
    )
    assert "--lock-timeout" in refused.value.remedy


def test_it_can_be_taken_again_when_it_was_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with one_at_a_time(tmp_path, 0, now):
            noted = json.loads((tmp_path / ".dpsync" / lock.HOLDER).read_text(encoding="utf-8"))
            assert noted == {"pid": os.getpid(), "since": "2026-06-01T12:30:00+00:00"}
        assert not (tmp_path / ".dpsync" / lock.HOLDER).exists()


def test_it_is_let_go_when_what_was_done_under_it_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), one_at_a_time(tmp_path, 0):
        raise KeyError
    with one_at_a_time(tmp_path, 0):
        pass


def test_workspaces_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "one", 0), one_at_a_time(tmp_path / "two", 0):
        pass


def test_a_holder_that_is_killed_holds_nothing_any_more(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as program:
        with pytest.raises(Taken, match=f"process {program.pid}, since "), one_at_a_time(tmp_path, 0):
            pytest.fail("two at once")
        program.send_signal(signal.SIGKILL)
        program.wait(PATIENCE)
        assert (tmp_path / ".dpsync" / lock.HOLDER).exists()
        with one_at_a_time(tmp_path, 0):
            pass


@pytest.mark.parametrize("note", [None, "", "{", "[]", '{"pid": "x", "since": 3}', "\x00"])
def test_a_holder_whose_note_cannot_be_read_is_another_apply(tmp_path: Path, note: str | None) -> None:
    with one_at_a_time(tmp_path, 0):
        holder = tmp_path / ".dpsync" / lock.HOLDER
        holder.unlink()
        if note is not None:
            holder.write_text(note, encoding="utf-8")
        still = pytest.raises(Taken, match=r"^Another apply of this workspace still writes")
        with still, one_at_a_time(tmp_path, 0):
            pytest.fail("two at once")


def test_whoever_waits_says_for_whom_and_goes_on_when_the_other_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_by_another(tmp_path) as program:

        def ends(_seconds: float) -> None:
            monkeypatch.undo()  # waiting for a program to end sleeps, too
            program.kill()
            program.wait(PATIENCE)

        monkeypatch.setattr("time.sleep", ends)
        with one_at_a_time(tmp_path, PATIENCE):
            pass
    said = capsys.readouterr().err
    assert said.startswith(f"Waiting for another apply of this workspace (process {program.pid}, since ")
    assert said.endswith(f" UTC), {PATIENCE} seconds at most.\n")


def test_a_workspace_that_cannot_be_written_to_is_not_locked_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".dpsync").write_text("a file where a folder should be", encoding="utf-8")
    with one_at_a_time(tmp_path, 0):
        pass
    assert capsys.readouterr().err.startswith("Not locked: ")


@pytest.mark.parametrize("journal", [(), ("--journal", "off")])
def test_an_apply_beside_another_one_changes_nothing(estate: Estate, journal: tuple[str, ...]) -> None:
    with estate.served() as served:
        with held_by_another(estate.root) as program:
            done = estate.apply("--lock-timeout", "0", *journal)
            assert done.returncode == 1
            assert f"process {program.pid}, since " in done.stderr
            assert "Nothing was changed." in done.stderr
            assert not served.has("request-form", "Calm Form")
        assert estate.apply(*journal).returncode == 0
        assert served.has("request-form", "Calm Form")

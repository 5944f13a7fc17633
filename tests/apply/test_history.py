"""What is read back of a journal, whatever a power cut, a full disk or an editor has left of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apply.memory_marketplace import a_plan, create, live, product, sources, update
from dpsync.apply.history import JournalUnreadable, last_commit, read_history, read_run, run_named
from dpsync.apply.journal import Journal, Run
from dpsync.errors import Conflict, MarketplaceError, Unreachable, UsageError
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.history import CallResult, PastRun
from dpsync.model.resource import LiveResource

POST = Call(Action.CREATE, "POST", "/product", {"name": "New"})
PUT = Call(Action.UPDATE, "PUT", "/product/id-old", {"name": "Neu"})
OLD = live("old", product("Old", sources=sources("7")), approved=3)

COMMIT, LATER = "c0ffee" + 34 * "0", "decade" + 34 * "0"

Damage = Callable[[list[str]], list[str]]
Step = tuple[Change, Call, LiveResource | None, str | MarketplaceError | None]
CREATED: Step = (create("new"), POST, None, "ok")
UPDATED: Step = (update(OLD, name="New"), PUT, OLD, "ok")


def written(folder: Path, *steps: Step, number: int = 0, left: bool = True, **about: Any) -> Path:
    """The journal of a run with these calls; what became of a call that ends with None is not written down."""
    run = Run(a_plan().target, "jane.doe", "0.1.0", **about)
    moment = datetime(2026, 8, 1, 12, number, tzinfo=UTC)
    with Journal.open(folder, run, lambda: moment, lambda size: bytes([0xA0 + number] * size)) as journal:
        for change, call, before, ended in steps:
            begun = asyncio.run(journal.begin(change, call, before))
            if isinstance(ended, MarketplaceError):
                journal.end_with(begun, ended)
            elif ended is not None:
                journal.end(begun)
        if not left:
            journal.nothing_was_left()
    return journal.path


def without_last_lines(file: Path, count: int) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-count]))


def test_a_run_comes_back_as_it_was_written_down(tmp_path: Path) -> None:
    about: dict[str, Any] = {
        "commit": COMMIT,
        "fingerprint": "sha256:1",
        "command": "undo",
        "undoes": "20260101T000000.000Z-beefbeef",
        "dirty": True,
    }
    file = written(tmp_path, CREATED, UPDATED, left=False, **about)
    run = read_run(file)
    assert (run.run, run.id, run.at) == (
        "20260801T120000.000Z-a0a0a0a0",
        "a0a0a0a0",
        "2026-08-01T12:00:00.000Z",
    )
    assert (run.who, run.version, run.target, run.file) == ("jane.doe", "0.1.0", a_plan().target, str(file))
    assert {name: getattr(run, name) for name in about} == about
    assert (run.finished, run.complete, run.broke_off, run.ending) == (True, True, False, "complete")
    first, second = run.calls
    assert (first.address, first.action, first.before, first.line) == ("DataProduct/new", "create", None, 2)
    assert (second.id, second.fields, second.approved, second.result) == (
        "id-old",
        ("name",),
        3,
        CallResult.OK,
    )
    assert second.before is not None
    assert second.before["sources"] == [{"id": "7"}]
    assert second.after == {"name": "New", "domain": {"id": "d1"}}


@pytest.mark.parametrize(
    ("steps", "lost_lines", "ending"),
    [
        ((), 0, "complete"),
        ((), 1, "broke off before its first call"),
        ((CREATED, UPDATED), 1, "broke off after call 2, of DataProduct/old"),
        ((CREATED, UPDATED), 2, "broke off after call 2, of DataProduct/old, whose result is not known"),
        ((CREATED, UPDATED), 3, "broke off after call 1, of DataProduct/new"),
        (
            ((*CREATED[:3], None), UPDATED),
            2,
            "broke off after call 2, of DataProduct/old, whose result is not known; 1 more not known",
        ),
        (((*CREATED[:3], Conflict("There is one.")), UPDATED), 0, "1 failed"),
        (
            ((*CREATED[:3], Unreachable("No answer.")), UPDATED),
            1,
            "broke off after call 2, of DataProduct/old; 1 failed",
        ),
        (((*CREATED[:3], None), UPDATED), 0, "complete, 1 not known"),
    ],
)
def test_how_a_run_ended_is_said_in_words(
    tmp_path: Path, steps: tuple[Step, ...], lost_lines: int, ending: str
) -> None:
    file = written(tmp_path, *steps, left=False)
    if lost_lines:
        without_last_lines(file, lost_lines)
    assert read_run(file).ending == ending


@pytest.mark.parametrize(
    ("said", "ending"),
    [
        ({}, "complete"),
        ({"whole": False}, "complete (partial)"),
        ({"whole": False, "left": 2}, "partial, 2 not made"),
        ({"whole": False, "left": 33, "interrupted": True}, "interrupted, 33 not made"),
        ({"whole": False, "interrupted": True}, "interrupted"),
    ],
)
def test_a_run_that_left_something_is_not_called_complete(
    tmp_path: Path, said: dict[str, Any], ending: str
) -> None:
    file = written(tmp_path, CREATED, left=False)
    *lines, last = file.read_text().splitlines()
    file.write_text("\n".join([*lines, json.dumps(json.loads(last) | said)]) + "\n")
    assert read_run(file).ending == ending


def test_what_is_left_of_an_access_request_is_nothing_that_manifests_ask_for(tmp_path: Path) -> None:
    assert read_run(written(tmp_path, CREATED, command="access")).ending == "complete"


def test_a_last_line_that_has_its_end_was_not_torn(tmp_path: Path) -> None:
    written(tmp_path, CREATED, left=False)
    file = tmp_path / "runs" / "20270101T000000.000Z-00000000.jsonl"
    for text in ("garbage\n", "garbage\n\n"):
        file.write_text(text)
        (message,) = read_history(tmp_path).unreadable
        assert message.startswith(f"{file}:1 is not a line of a journal: it is not JSON")
        with pytest.raises(JournalUnreadable, match="it is not JSON"):
            last_commit(tmp_path, a_plan().target.environment)
    file.write_text("garbage")
    assert read_history(tmp_path).unreadable == ()


def test_a_run_that_is_named_must_be_in_the_environment_that_is_named(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, CREATED))
    environment = run.target.environment
    for text in (run.id, "last"):
        assert run_named(tmp_path, text, environment) == run
        with pytest.raises(UsageError, match="elsewhere"):
            run_named(tmp_path, text, "elsewhere")


def test_a_run_that_ended_by_a_bug_of_dpsync_broke_off(tmp_path: Path) -> None:
    run = Run(a_plan().target, "jane.doe", "0.1.0")
    with (
        pytest.raises(ZeroDivisionError),
        Journal.open(tmp_path, run, lambda: datetime(2026, 8, 1, tzinfo=UTC), bytes) as journal,
    ):
        raise ZeroDivisionError
    assert (read_run(journal.path).finished, read_run(journal.path).broke_off) == (True, True)


def test_what_was_refused_did_not_take_effect_and_everything_else_may_have(tmp_path: Path) -> None:
    refused = (*CREATED[:3], Conflict("There is one."))
    lost = (*UPDATED[:3], Unreachable("No answer."))
    unknown = (*UPDATED[:3], None)
    calls = read_run(written(tmp_path, refused, lost, unknown, UPDATED)).calls
    assert [call.may_have_taken_effect for call in calls] == [False, True, True, True]
    assert [call.result.value for call in calls] == ["error", "error", "unknown", "ok"]


def test_a_journal_may_be_cut_anywhere(tmp_path: Path) -> None:
    file = written(tmp_path, CREATED, UPDATED)
    whole, run = file.read_bytes(), read_run(file)
    read: list[PastRun] = []
    for size in (*range(0, len(whole), 7), len(whole)):
        file.write_bytes(whole[:size])
        read += read_history(tmp_path).runs
    assert read_history(tmp_path).runs == (run,)
    begun = [[(call.address, call.before, call.after) for call in one.calls] for one in read]
    assert all(some == begun[-1][: len(some)] for some in begun)
    assert {len(some) for some in begun} == {0, 1, 2}
    assert all(one.broke_off or one == run for one in read)


def test_a_tail_of_zeros_as_some_file_systems_leave_it_is_a_torn_line(tmp_path: Path) -> None:
    file = written(tmp_path, CREATED)
    without_last_lines(file, 2)
    file.write_bytes(file.read_bytes() + bytes(512))
    assert read_run(file).ending == "broke off after call 1, of DataProduct/new, whose result is not known"


def test_a_file_without_a_whole_line_is_no_run(tmp_path: Path) -> None:
    written(tmp_path, CREATED, number=1)
    (tmp_path / "runs" / "20260101T000000.000Z-00000000.jsonl").write_bytes(b'{"type": "run", "ru')
    assert [run.id for run in read_history(tmp_path).runs] == ["a1a1a1a1"]
    with pytest.raises(JournalUnreadable, match="not one line of it is whole"):
        read_run(tmp_path / "runs" / "20260101T000000.000Z-00000000.jsonl")


def _put(line: int, text: str) -> Damage:
    def done(lines: list[str]) -> list[str]:
        return [*lines[:line], text, *lines[line + 1 :]]

    return done


def _with(line: int, **values: Any) -> Damage:
    def done(lines: list[str]) -> list[str]:
        return _put(line, json.dumps(json.loads(lines[line]) | values))(lines)

    return done


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_put(1, '{"type": "begin", "seq'), ":2 is not a line of a journal: it is not JSON"),
        (_put(1, "[" * 100_000), ":2 is not a line of a journal: it is not JSON"),
        (_put(1, "[]"), ":2 is not a line of a journal: it is not a JSON object"),
        (_put(0, "{}"), ":1 is not a line of a journal: it does not begin with a run"),
        (
            _with(0, format_version=2),
            ":1 is not a line of a journal: its format is 2, and this dpsync reads 1",
        ),
        (lambda lines: lines[1:], ":1 is not a line of a journal: it does not begin with a run"),
        (lambda lines: [lines[0], *lines[2:]], ":2 is not a line of a journal: something is missing"),
        (_with(1, type="beginning"), ":2 is not a line of a journal: its type is 'beginning'"),
        (
            _with(1, before=[1]),
            ":2 is not a line of a journal: something is missing or is not what it should be",
        ),
        (
            _with(1, after="x"),
            ":2 is not a line of a journal: something is missing or is not what it should be",
        ),
        (_with(1, before={"spec": "x"}), ":2 is not a line of a journal: something is missing or is not"),
        (_with(2, result="perhaps"), ":3 is not a line of a journal: something is missing or is not"),
        (_with(1, id=7), ":2 is not a line of a journal: something is missing or is not what it should be"),
        (_with(1, before={"approved": "3"}), ":2 is not a line of a journal: something is missing or is not"),
        (_with(0, commit=1234567), ":1 is not a line of a journal: its commit is 1234567, and no text"),
        (
            _with(0, commit="\x1b]0;x"),
            r":1 is not a line of a journal: its commit is '\x1b]0;x', and no commit",
        ),
        (
            _with(0, commit="c0ffee"),
            ":1 is not a line of a journal: its commit is 'c0ffee', and no commit is",
        ),
        (_with(0, fingerprint=[]), ":1 is not a line of a journal: its fingerprint is [], and no text"),
        (_with(0, undoes={}), ":1 is not a line of a journal: its undoes is {}, and no text"),
    ],
)
def test_what_is_no_line_of_a_journal_makes_the_file_unreadable_and_no_other(
    tmp_path: Path, damage: Damage, told: str
) -> None:
    file = written(tmp_path, CREATED, UPDATED)
    written(tmp_path, UPDATED, number=1)
    file.write_text("\n".join(damage(file.read_text().splitlines())) + "\n")
    past = read_history(tmp_path)
    assert [run.id for run in past.runs] == ["a1a1a1a1"]
    (message,) = past.unreadable
    assert told in message
    with pytest.raises(JournalUnreadable) as caught:
        run_named(tmp_path, "a0a0a0a0")
    assert caught.value.message == message
    assert caught.value.remedy


def test_a_journal_that_the_system_does_not_let_one_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs" / "20260101T000000.000Z-00000000.jsonl").mkdir(parents=True)
    (message,) = read_history(tmp_path).unreadable
    assert message.endswith("cannot be read: Is a directory.")


def test_the_newest_run_comes_first_and_may_be_called_last(tmp_path: Path) -> None:
    for number in range(3):
        written(tmp_path, number=number)
    assert [run.id for run in read_history(tmp_path).runs] == ["a2a2a2a2", "a1a1a1a1", "a0a0a0a0"]
    assert run_named(tmp_path, "last").id == "a2a2a2a2"


def test_a_run_is_named_by_its_id_its_name_or_the_beginning_of_that(tmp_path: Path) -> None:
    for number in range(2):
        written(tmp_path, number=number)
    for text in ("a1a1a1a1", "20260801T120100.000Z-a1a1a1a1", "20260801T1201"):
        assert run_named(tmp_path, text).id == "a1a1a1a1"
    with pytest.raises(UsageError, match=r"'2026' begins the names of 2 runs: 20260801T120100"):
        run_named(tmp_path, "2026")
    for text in ("", "a1a1", "../runs/20260801T120100.000Z-a1a1a1a1"):
        with pytest.raises(UsageError, match="There is no run") as caught:
            run_named(tmp_path, text)
        assert "the newest is a1a1a1a1" in caught.value.remedy


def test_a_folder_without_journals_has_no_runs(tmp_path: Path) -> None:
    assert read_history(tmp_path).runs == ()
    with pytest.raises(UsageError, match="There is no journal in") as caught:
        run_named(tmp_path, "last")
    assert "--journal DIR" in caught.value.remedy


def test_only_the_runs_of_one_environment_are_kept_and_everything_unreadable(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "runs" / "20260101T000000.000Z-00000000.jsonl").write_text("[]\n[]\n")
    past = read_history(tmp_path)
    environment = a_plan().target.environment
    assert past.of(environment) == past == past.of(None)
    assert past.of("elsewhere").runs == ()
    assert past.of("elsewhere").unreadable == past.unreadable


def test_the_commit_that_was_last_applied_is_that_of_the_newest_run_that_left_nothing(tmp_path: Path) -> None:
    environment = a_plan().target.environment
    assert last_commit(tmp_path, environment) is None
    whole = written(tmp_path, CREATED, commit=COMMIT, left=False)
    written(tmp_path, CREATED, number=1, commit=LATER)
    without_last_lines(written(tmp_path, number=2, commit=LATER, left=False), 1)
    written(tmp_path, number=3, command="access", commit=LATER, left=False)
    written(tmp_path, number=4, left=False)
    (tmp_path / "runs" / "20270101T000000.000Z-00000000.jsonl").write_bytes(b'{"type": "run", "ru')
    assert last_commit(tmp_path, environment) == COMMIT
    assert last_commit(tmp_path, "elsewhere") is None
    written(tmp_path, number=5, command="undo", undoes=whole.stem, commit=LATER, left=False)
    assert last_commit(tmp_path, environment) is None


def test_the_last_commit_is_found_at_the_ends_of_a_journal_however_long_it_is(tmp_path: Path) -> None:
    long: Step = (CREATED[0], Call(Action.CREATE, "POST", "/product", {"name": "x" * 10_000}), None, "ok")
    file = written(tmp_path, CREATED, long, commit=COMMIT, left=False)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], b"never read\n", *lines[2:], b"\n"]))
    assert last_commit(tmp_path, a_plan().target.environment) == COMMIT


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_with(0, format_version=2), "its format is 2, and this dpsync reads 1"),
        (_with(0, commit=7), "its commit is 7"),
        (_put(0, "[]"), "it does not begin with a run"),
    ],
)
def test_a_newest_journal_that_this_dpsync_cannot_read_is_not_passed_over_for_an_older_one(
    tmp_path: Path, damage: Damage, told: str
) -> None:
    written(tmp_path, commit=COMMIT, left=False)
    file = written(tmp_path, number=1, commit=LATER, left=False)
    file.write_text("\n".join(damage(file.read_text().splitlines())) + "\n")
    with pytest.raises(JournalUnreadable, match=told):
        last_commit(tmp_path, a_plan().target.environment)

"""Events are a contract: every line is JSON by itself, every field is documented, and no reader can end a run."""

from __future__ import annotations

import errno
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dpsync.cli.events import FORMAT_VERSION, Events, besides_stdout
from dpsync.cli.shared import Wanted
from dpsync.errors import InvalidManifests
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import CLICKS, OLD, SALES, TARGET
from reports.test_hostile_text import HOSTILE, hostile_report

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
NOON = datetime(2026, 6, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
PUT = Call(Action.UPDATE, "PUT", "/api/data-product/id-of-na-sales", {"description": "secret"})
BEFORE = Report("plan", "0.1.0", Plan(TARGET, (SALES, CLICKS)))
AFTER = Report("apply", "0.1.0", BEFORE.plan, (Outcome(SALES, Result.DONE, calls=1),), interrupted=True)


def seconds() -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += 1.25


def events_on(stream: io.StringIO) -> Events:
    ticks = seconds()
    return Events(stream, clock=lambda: NOON, seconds=lambda: next(ticks))


def told(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def a_whole_run(stream: io.StringIO) -> list[dict[str, Any]]:
    """A run in which every event there is happens."""
    events = events_on(stream)
    events.planned(BEFORE)
    events.started(SALES)
    events.calling(SALES, PUT)
    events.called(SALES, PUT, "ok", "")
    events.ended(SALES, Result.DONE, "")
    events.ended(CLICKS, "skipped", "The run was interrupted before this change.")
    events.reported(AFTER)
    return told(stream)


def test_each_event_is_a_line_with_its_type_and_its_time_in_utc() -> None:
    events = a_whole_run(io.StringIO())
    assert [event["type"] for event in events] == ["plan", "started", "call", "ended", "ended", "report"]
    assert {event["format_version"] for event in events} == {FORMAT_VERSION}
    assert {event["at"] for event in events} == {"2026-06-01T12:00:00.000Z"}


def test_a_call_is_told_with_what_became_of_it_and_how_long_it_took_but_not_with_its_body() -> None:
    stream = io.StringIO()
    assert a_whole_run(stream)[2] == {
        "format_version": FORMAT_VERSION,
        "type": "call",
        "at": "2026-06-01T12:00:00.000Z",
        "address": "DataProduct/na-sales",
        "action": "update",
        "method": "PUT",
        "path": "/api/data-product/id-of-na-sales",
        "result": "ok",
        "message": "",
        "seconds": 1.25,
    }
    calls = [line for line in stream.getvalue().splitlines() if '"type":"call"' in line]
    assert "secret" not in calls[0]


def test_a_call_whose_beginning_was_not_told_took_nobody_knows_how_long() -> None:
    stream = io.StringIO()
    events_on(stream).called(SALES, PUT, "error", "refused")
    assert told(stream)[0]["seconds"] is None


def test_calls_of_several_changes_at_once_are_told_apart() -> None:
    stream = io.StringIO()
    events = events_on(stream)
    for change in (SALES, CLICKS):
        events.calling(change, PUT)
    for change in (SALES, CLICKS):
        events.called(change, PUT, "ok", "")
    assert [(event["address"], event["seconds"]) for event in told(stream)] == [
        ("DataProduct/na-sales", 2.5),
        ("DataProduct/web-clicks", 2.5),
    ]


@pytest.mark.parametrize(("index", "report"), [(0, BEFORE), (-1, AFTER)])
def test_the_first_and_the_last_event_hold_the_json_report(index: int, report: Report) -> None:
    assert a_whole_run(io.StringIO())[index]["report"] == json.loads(FORMATS["json"](report, Page()))


def test_every_field_of_every_event_is_documented_in_its_order() -> None:
    common = ["format_version", "type", "at"]
    emitted = {event["type"]: [*event][3:] for event in a_whole_run(io.StringIO())}
    documented: dict[str, list[str]] = {}
    for kind, name in re.findall(r"^\| `(\w+)\.(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        documented.setdefault(kind, []).append(name)
    assert documented.pop("event") == common
    assert documented == emitted
    assert f"`{FORMAT_VERSION}`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_is_one_line_of_ascii_whatever_a_name_has_in_it(text: str) -> None:
    stream = io.StringIO()
    events = events_on(stream)
    report = hostile_report(text)
    assert report.plan is not None
    events.planned(report)
    for change in report.plan.changes:
        events.started(change)
        events.called(change, Call(Action.UPDATE, "PUT", text), "error", text)
        events.ended(change, "failed", text)
    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert json.loads(lines[-1])["message"] == text


def test_where_the_manifests_are_not_valid_the_report_is_the_only_event() -> None:
    stream = io.StringIO()
    finding = Finding("yaml", Severity.ERROR, "It is broken.")
    events = events_on(stream)
    with pytest.raises(InvalidManifests), events.reported_if_invalid("apply"):
        raise InvalidManifests((finding,))
    (only,) = told(stream)
    assert only["type"] == "report"
    assert only["report"]["command"] == "apply"
    assert only["report"]["findings"][0]["message"] == "It is broken."


class Closing(io.StringIO):
    """A pipe that is closed after some lines, or a disk that is full."""

    def __init__(self, after: int, problem: OSError) -> None:
        super().__init__()
        self._left = after
        self._problem = problem

    def write(self, text: str) -> int:
        if not self._left:
            raise self._problem
        self._left -= 1
        return super().write(text)


@pytest.mark.parametrize("problem", [BrokenPipeError(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_reader_that_goes_away_ends_no_run_and_is_told_of_at_the_end(problem: OSError) -> None:
    stream = Closing(2, problem)
    events = events_on(stream)
    events.planned(BEFORE)
    events.started(SALES)
    events.calling(SALES, PUT)
    events.called(SALES, PUT, "ok", "")
    events.ended(SALES, "done", "")
    with pytest.raises(OSError) as raised:
        events.reported(AFTER)
    assert raised.value is problem
    assert len(told(stream)) == 2


def test_a_plan_that_cannot_be_told_is_not_made() -> None:
    with pytest.raises(BrokenPipeError):
        events_on(Closing(0, BrokenPipeError())).planned(BEFORE)


def test_where_events_are_written_stdout_is_theirs() -> None:
    file = Wanted("markdown", Path("plan.md"))
    assert besides_stdout((Wanted("json", None), file)) == (file,)


def test_a_delete_of_what_no_manifest_names_is_told_by_its_id() -> None:
    stream = io.StringIO()
    events = events_on(stream)
    gone: Change = OLD
    events.started(gone)
    assert told(stream)[0] | {"at": ""} == {
        "format_version": FORMAT_VERSION,
        "type": "started",
        "at": "",
        "address": "DataProduct/old-thing",
        "id": "id-of-old-thing",
        "action": "delete",
        "title": "Old Thing",
    }


def test_the_time_is_now_where_nobody_says_otherwise() -> None:
    stream = io.StringIO()
    before = datetime.now(UTC) - timedelta(seconds=1)
    Events(stream).started(SALES)
    assert before <= datetime.fromisoformat(told(stream)[0]["at"])

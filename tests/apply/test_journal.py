"""What stands in a journal, and when it stands on disk."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from apply.memory_marketplace import a_plan, create, live, product, sources, update
from dpsync.apply.journal import Journal, JournalUnwritable, NoJournal, Run
from dpsync.errors import Unreachable
from dpsync.kinds.review_flow import Review, Stage, UserReviewer
from dpsync.kinds.shared import both
from dpsync.model.call import Action, Call
from dpsync.model.reference import Reference

RUN = Run(a_plan().target, "jane.doe@acme.example", "0.1.0")
CALL = Call(Action.UPDATE, "PUT", "/product/id-old", {"name": "Neu – \u202e"})


def clock() -> datetime:
    return datetime(2026, 8, 1, 14, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))


def randomness(count: int) -> bytes:
    return bytes(range(0xA0, 0xA0 + count))


def a_journal(folder: Path) -> Journal:
    return Journal.open(folder, RUN, clock, randomness)


def lines(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.path.read_bytes().splitlines()]


def test_a_journal_is_named_by_its_time_in_utc_and_eight_hex_digits(tmp_path: Path) -> None:
    with a_journal(tmp_path / "new" / "folder") as journal:
        assert journal.path == tmp_path / "new/folder/runs/20260801T120000.250Z-a0a1a2a3.jsonl"


def test_the_first_line_says_which_run_it_is_and_the_last_that_it_is_complete(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        pass
    assert lines(journal) == [
        {
            "type": "run",
            "format_version": 1,
            "run": "20260801T120000.250Z-a0a1a2a3",
            "at": "2026-08-01T12:00:00.250Z",
            "dpsync": "0.1.0",
            "who": "jane.doe@acme.example",
            "command": "apply",
            "commit": None,
            "dirty": None,
            "fingerprint": None,
            "undoes": None,
            "workspace": "sales",
            "workspace_id": "ws-1",
            "environment": "test",
            "tenant": "acme",
            "url": "http://localhost",
        },
        {
            "type": "finished",
            "at": "2026-08-01T12:00:00.250Z",
            "complete": True,
            "whole": False,
            "left": 0,
            "interrupted": False,
            "calls": 0,
        },
    ]


def test_a_call_is_written_with_the_object_as_it_was_in_the_words_of_a_manifest(tmp_path: Path) -> None:
    flow = Review.of(
        decision="review",
        stages=(Stage.of(any=(UserReviewer.of(user=Reference("ann", "name")),)),),
        rules=({"conditions": {"all": []}},),
    )
    spec = product("old", sources=sources("7"), request_forms=both(Reference("f", "id", "f"))).with_values(
        review_flows=flow
    )
    before = live("old", spec, approved=3)

    async def run() -> int:
        return await journal.begin(update(before, name="New"), CALL, before)

    with a_journal(tmp_path) as journal:
        number = asyncio.run(run())
        journal.end_with(number, Unreachable("No answer."))
    _, begin, end, _ = lines(journal)
    assert begin == {
        "type": "begin",
        "sequence": 1,
        "at": "2026-08-01T12:00:00.250Z",
        "address": "DataProduct/old",
        "id": "id-old",
        "action": "update",
        "method": "PUT",
        "path": "/product/id-old",
        "body": {"name": "Neu – \u202e"},
        "title": "Old",
        "origin": None,
        "labels": {},
        "fields": ["name"],
        "after": {"name": "New", "domain": {"id": "d1"}},
        "before": {
            "revision": "2026-01-01T00:00:00Z",
            "approved": 3,
            "spec": {
                "name": "Old",
                "description": "About old",
                "domain": {"id": "d1"},
                "sources": [{"id": "7"}],
                "requestForms": {"dataAccess": {"id": "f"}, "maskingException": {"id": "f"}},
                "reviewFlows": {
                    "decision": "review",
                    "stages": [{"any": [{"user": {"name": "ann"}}]}],
                    "rules": [{"conditions": {"all": []}}],
                },
                "lifecycle": "active",
            },
        },
    }
    assert end["error"] == "Unreachable"
    assert journal.path.read_bytes().isascii()  # nothing in it can steer the terminal that shows it


def test_a_create_and_a_delete_have_no_object_before_and_no_body(tmp_path: Path) -> None:
    call = Call(Action.DELETE, "DELETE", "/product/id-new")
    with a_journal(tmp_path) as journal:
        asyncio.run(_begin(journal, call))
    assert (lines(journal)[1]["before"], lines(journal)[1]["body"]) == (None, None)


async def _begin(journal: Journal, call: Call) -> int:
    return await journal.begin(create("new"), call, None)


def test_calls_that_begin_together_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    really = os.fsync

    def counted(descriptor: int) -> None:
        syncs.append(len(lines(journal)))
        really(descriptor)

    async def run() -> list[int]:
        return list(await asyncio.gather(*(_begin(journal, CALL) for _ in range(20))))

    with a_journal(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", counted)
        assert asyncio.run(run()) == list(range(1, 21))
        assert len(syncs) == 2  # that of the first, and one for all who came meanwhile
        assert syncs[-1] == 21


def test_a_begin_does_not_return_before_its_line_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    with a_journal(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", lambda _descriptor: happened.append("synced"))

        async def run() -> None:
            await _begin(journal, CALL)
            happened.append("sent")

        asyncio.run(run())
        assert happened == ["synced", "sent"]


def test_a_sync_that_failed_ends_the_journal_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async def run() -> list[object]:
        return list(await asyncio.gather(*(_begin(journal, CALL) for _ in range(3)), return_exceptions=True))

    with a_journal(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", broken)
        assert [type(one) for one in asyncio.run(run())] == [JournalUnwritable] * 3
        monkeypatch.undo()
        with pytest.raises(JournalUnwritable, match="Input/output error"):
            asyncio.run(_begin(journal, CALL))
    assert lines(journal)[-1]["type"] != "finished"


def test_a_folder_that_cannot_be_written_is_said_when_the_journal_is_opened(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    with pytest.raises(JournalUnwritable, match=r"a-file/runs/.*jsonl cannot be written: ") as caught:
        a_journal(blocked)
    assert "--journal DIR" in caught.value.remedy
    assert "--journal off" in caught.value.remedy
    assert caught.value.exit_code == 1


def test_a_journal_never_writes_over_another(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        pass
    kept = journal.path.read_bytes()
    with pytest.raises(JournalUnwritable, match="File exists"):
        a_journal(tmp_path)
    assert journal.path.read_bytes() == kept


def test_a_run_that_breaks_off_says_so_in_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), a_journal(tmp_path) as journal:
        raise RuntimeError
    assert lines(journal)[-1]["complete"] is False


def test_without_a_journal_calls_are_numbered_all_the_same() -> None:
    with NoJournal() as journal:
        assert asyncio.run(journal.begin(create("new"), CALL, None)) == 1
        assert journal.path is None


def test_times_are_utc_whatever_the_clock_says(tmp_path: Path) -> None:
    with Journal.open(tmp_path, RUN, lambda: datetime(2026, 1, 1, tzinfo=UTC), randomness) as journal:
        pass
    assert lines(journal)[0]["at"] == "2026-01-01T00:00:00.000Z"

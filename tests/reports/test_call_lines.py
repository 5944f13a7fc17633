"""The calls of a change, shown only where that was asked for; JSON always has them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dpsync.model.call import Action, Call
from dpsync.model.report import Page
from dpsync.reports import FORMATS
from dpsync.reports.markdown import LIMIT
from reports.builders import BLOCKED, OLD, SALES, report
from reports.test_hostile_text import HOSTILE, outside_fences

DELETE = Call(Action.DELETE, "DELETE", "/api/data-product/id-of-old-thing")
PLANNED = report(SALES, replace(OLD, calls=(DELETE,)))
ASKED = replace(PLANNED, with_calls=True)


def test_below_each_change_stand_its_calls_with_their_bodies_wrapped() -> None:
    assert """      2 calls:
        PUT /api/data-product/id-of-na-sales
          {"description": "All sales records from the current fiscal year",
            "metadata": {"subjectMatterExpert": null, "source": "migration"}}
        PUT /api/data-product/id-of-na-sales/datasources
          {"dataSources": ["27", "31"]}
""" in FORMATS["text"](ASKED, Page())


def test_a_call_without_a_body_is_its_line_alone() -> None:
    text = FORMATS["text"](ASKED, Page())
    assert "      1 call:\n        DELETE /api/data-product/id-of-old-thing\n\n" in text


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_who_did_not_ask_for_calls_reads_none(name: str) -> None:
    assert "/api/" in FORMATS[name](ASKED, Page())
    assert "/api/" not in FORMATS[name](PLANNED, Page())


def test_json_has_the_calls_also_where_nobody_asked() -> None:
    assert FORMATS["json"](PLANNED, Page()) == FORMATS["json"](ASKED, Page())
    first, second = json.loads(FORMATS["json"](PLANNED, Page()))["changes"]
    assert [call["action"] for call in first["calls"]] == ["update", "replace-sources"]
    assert second["calls"] == [
        {"action": "delete", "method": "DELETE", "path": "/api/data-product/id-of-old-thing", "body": None}
    ]


def test_of_a_blocked_change_it_is_said_that_nothing_is_sent() -> None:
    blocked = replace(report(replace(BLOCKED, calls=(DELETE,))), with_calls=True)
    assert "1 call (none of them is sent while this is blocked):" in FORMATS["text"](blocked, Page())


def test_a_comment_that_is_too_long_loses_the_calls_first() -> None:
    many = Call(Action.UPDATE, "PUT", "/api/data-product/x", {"description": "word " * (LIMIT // 5)})
    text = FORMATS["markdown"](replace(report(replace(SALES, calls=(many,))), with_calls=True), Page())
    assert len(text) < LIMIT
    assert "only what changes is shown" in text
    assert "/api/" not in text
    assert "subjectMatterExpert" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_stands_in_a_body_ends_no_fence_and_moves_no_cursor(text: str) -> None:
    call = Call(Action.UPDATE, "PUT", text, {text: text, "list": [text]})
    shown = replace(report(replace(SALES, calls=(call,))), with_calls=True)
    for name in FORMATS:
        written = FORMATS[name](shown, Page())
        assert all(
            line.isprintable() for line in written.replace("\u200b", "").replace("\ufe0f", "").split("\n")
        )
    assert "heading" not in outside_fences(FORMATS["markdown"](shown, Page()))

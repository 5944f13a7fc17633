"""The comment's text: the newest report on top, the earlier ones folded, as far as they fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpsync.model.report import Page
from dpsync.reports import markdown
from dpsync.reports.sticky import KEPT, Sticky, is_report, written
from reports.builders import EVERYTHING, NOTHING, RENAME, REPORTS, report
from reports.test_hostile_text import HOSTILE, hostile_report
from reports.test_rendered_markdown import MORE, Rendered

ABOUT = Sticky("production", commit="0123abc4567", link="https://code.example/run/1")


def told(number: int) -> str:
    return f"### dpsync plan: `production`\n\n**Plan: {number} to create, 0 to update, 0 to delete.**\n"


def test_earlier_reports_are_folded_newest_first_and_the_oldest_go() -> None:
    text = ""
    for number in range(1, 9):
        text = written(replace(ABOUT, commit=f"{number:07}"), told(number), text)
    shown = [int(part.split(" ")[0]) for part in text.split("**Plan: ")[1:]]
    assert shown == [8, 7, 6, 5, 4, 3]
    assert len(shown) == 1 + KEPT
    assert "<summary>Earlier, for commit <code>0000007</code>: Plan: 7 to create" in text


def test_the_same_report_is_not_kept_twice_but_its_commit_is_the_newest() -> None:
    text = written(ABOUT, told(1))
    again = written(replace(ABOUT, commit="fedcba9"), told(1), text)
    assert again.count("**Plan: 1") == 1
    assert "fedcba9" in again
    assert ABOUT.commit not in again


def test_line_ends_that_a_host_has_changed_change_nothing() -> None:
    text = written(ABOUT, told(1), written(ABOUT, told(2)))
    assert written(ABOUT, told(1), text.replace("\n", "\r\n")) == text


def test_an_earlier_report_that_does_not_fit_is_named_and_never_cut() -> None:
    large = markdown.render(EVERYTHING, Page())
    limit = len(large) + 700
    text = written(replace(ABOUT, limit=limit), told(1), written(ABOUT, large))
    assert len(text) <= limit
    whole = written(replace(ABOUT, limit=len(large) + 300), told(1), written(ABOUT, large))
    assert "It is too long to be kept here." in whole
    assert "Earlier, for commit" in whole
    Rendered(
        text.partition("\n")[2].replace("<!-- dpsync about -->", "").replace("<!-- dpsync earlier -->", "")
    )


def test_another_comment_is_not_taken_for_an_earlier_one() -> None:
    other = written(Sticky("staging"), told(7))
    assert "Plan: 7" not in written(ABOUT, told(1), other)
    assert "hello" not in written(ABOUT, told(1), "hello")


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_become_a_comment(name: str) -> None:
    assert is_report(markdown.render(REPORTS[name], Page()))


@pytest.mark.parametrize("text", [*HOSTILE, *MORE])
def test_no_foreign_text_is_taken_for_a_part_of_the_comment(text: str) -> None:
    hostile = markdown.render(hostile_report(text), Page())
    assert is_report(hostile)
    first = written(ABOUT, hostile)
    later = written(ABOUT, markdown.render(NOTHING, Page()), first)
    assert hostile.rstrip("\n") in later
    again = written(ABOUT, markdown.render(report(RENAME), Page()), later)
    assert again.count("<!-- dpsync earlier -->\n<details>") == 2


def test_what_is_no_report_is_told_from_one() -> None:
    assert not is_report("")
    assert not is_report("hello")
    assert not is_report(told(1) + "<!-- dpsync comment 0000 -->\n")

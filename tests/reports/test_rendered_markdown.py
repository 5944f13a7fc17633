"""The Markdown as a code host renders it: a CommonMark renderer with GitHub's tables, links and HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dpsync.model.report import Page, Report
from dpsync.reports import markdown
from reports.builders import EVERYTHING, REPORTS
from reports.test_hostile_text import HOSTILE, applied, drifted, hostile_report

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
QUIET = {"code", "pre"}
"""Where hosts look for neither mentions nor references nor links."""

OURS = {"h3", "h4", "p", "blockquote", "strong", "em", "table", "thead", "tbody", "tr", "th", "td"}
OURS |= {"details", "summary", "b", "code", "pre", "a"}


class Rendered(HTMLParser):
    """What a reader sees, and the elements it stands in. Every element has to be closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.links: list[str | None] = []
        self.loud = ""
        self.cells: list[int] = []
        self.feed(RENDERER.render(text))
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.elements.append(tag)
        if tag == "tr":
            self.cells.append(0)
        if tag in {"td", "th"}:
            self.cells[-1] += 1
        if tag == "a":
            self.links.append(dict(attrs).get("href"))
        assert {name for name, _ in attrs} <= {"class", "style", "open", "href"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not QUIET & set(self.open):
            self.loud += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def shown(report: Report, limit: int = 65_536) -> Rendered:
    return Rendered(markdown.render(report, Page(limit=limit, link="https://code.example/run/1")))


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_renders_to_our_own_elements_and_no_other(name: str) -> None:
    rendered = shown(REPORTS[name])
    assert set(rendered.elements) <= OURS
    assert not rendered.links
    assert len(set(rendered.cells)) <= 1


def test_a_plan_renders_to_a_banner_a_table_and_a_fold_for_each_change() -> None:
    rendered = shown(EVERYTHING)
    assert EVERYTHING.plan is not None
    assert rendered.elements[:3] == ["h3", "code", "blockquote"]
    assert rendered.elements.count("table") == 1
    folds = len(EVERYTHING.plan.changes) + len(EVERYTHING.unreviewed) + 3
    assert rendered.elements.count("details") == rendered.elements.count("summary") == folds
    assert rendered.cells == [5] * 5


def assert_harmless(report: Report, text: str, limit: int) -> None:
    rendered = shown(report, limit)
    assert set(rendered.elements) <= OURS
    assert len(set(rendered.cells)) <= 1
    assert set(rendered.links) <= {"https://code.example/run/1"}
    assert not re.search(r"@\w|#\d|!\d|GH-\d|\w/\w+#|https?:|www\.|[*_`~|<]", rendered.loud), rendered.loud
    assert text.strip() not in rendered.loud or text.strip() in shown(hostile_report("benign")).loud


MORE = [
    "<!-- dpsync earlier -->",
    "&lt;img src=x onerror=alert(1)&gt; &#64;admins",
    "<details><summary>x",
    "`` ` ``` @acme/admins `",
    "www.evil.example mail@evil.example GH-12 a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0",
    "/approve",
    "[x]: https://evil.example",
    "    indented\n\ttab",
    "***bold*** ~~gone~~ $\\alpha$ :tada:",
]


@pytest.mark.parametrize("limit", [65_536, 5_000])
@pytest.mark.parametrize("text", [*HOSTILE, *MORE])
def test_foreign_text_makes_no_element_no_link_and_no_mention(text: str, limit: int) -> None:
    report = hostile_report(text)
    assert report.plan is not None
    named = replace(report, owners={change.address: (text,) for change in report.plan.changes})
    for each in (named, applied(report, text), drifted(text), replace(report, offline=text)):
        assert_harmless(each, text, limit)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=25)
@given(st.text(alphabet=st.sampled_from("`~<>|@#[]()*_\\\n\r\t !-+&;:/.x1"), min_size=2, max_size=40))
def test_no_text_at_all_does(text: str) -> None:
    rendered = shown(hostile_report(text))
    assert set(rendered.elements) <= OURS
    assert len(set(rendered.cells)) <= 1
    assert set(rendered.links) <= {"https://code.example/run/1"}


@pytest.mark.parametrize("text", [*HOSTILE, *MORE])
def test_no_line_of_a_report_begins_like_a_hidden_mark(text: str) -> None:
    for each in (hostile_report(text), applied(hostile_report(text), text), drifted(text)):
        assert not re.search("^<!--", markdown.render(each, Page()), re.MULTILINE)

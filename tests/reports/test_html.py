"""The page for a browser, read as a browser reads it. What needs a real one is in `tests/external/test_html_page.py`."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact
from dpsync.model.outcome import Outcome, Result
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from dpsync.reports.layout import visible
from reports.builders import (
    DRIFT,
    EVERYTHING,
    HALF_APPLIED,
    INVALID,
    OFFLINE,
    PAGES,
    PARTIAL,
    REPORTS,
    report,
    thousand,
)
from reports.test_hostile_text import HOSTILE, hostile_report

VOID = {"meta", "input", "br"}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "footer", "section"),
    *("h1", "h2", "h3", "h4", "p", "ul", "li", "a", "div", "span", "strong", "b", "code", "kbd", "mark"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "form", "fieldset", "legend"),
    *("label", "input", "select", "option", "button", "output"),
}
"""Every element that the page is made of: nothing that loads, and none that anybody else wrote."""


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps what stands in the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, str] = {}
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"style", "script"}:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data
        else:
            self.words += data


def read(shown: Report) -> Reader:
    reader = Reader()
    reader.feed(FORMATS["html"](shown, Page()))
    reader.close()
    assert not reader.open
    return reader


@pytest.mark.parametrize("shown", [*REPORTS.values(), *map(hostile_report, HOSTILE)])
def test_the_page_holds_nothing_that_loads_runs_or_styles_but_its_own(shown: Report) -> None:
    reader = read(replace(shown, pages=PAGES))
    assert reader.elements <= ELEMENTS
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name not in {"style", "src", "srcset", "action", "formaction", "background", "poster"}
        if name == "href":
            assert (tag, value) == ("a", "#main")
    policy = next(
        value for _, name, value in reader.attributes if name == "content" and "default-src" in value
    )
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(reader.texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_style_and_the_script_name_no_address() -> None:
    reader = read(EVERYTHING)
    assert not re.search(
        r"https?:|//[a-z]|url\(|@import|fetch|innerHTML|eval|XMLHttp",
        "".join(reader.texts.values()).replace("// ", ""),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_there_as_text(text: str) -> None:
    assert visible(text) in read(hostile_report(text)).words


def test_ids_are_unique() -> None:
    ids = [value for _, name, value in read(EVERYTHING).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_a_state_says_what_became_of_a_change() -> None:
    states = [value for _, name, value in read(HALF_APPLIED).attributes if name == "data-state"]
    assert states == ["failed", "done", "skipped", "stale", "not started", "blocked"]
    assert {value for _, name, value in read(DRIFT).attributes if name == "data-state"} == {"drifted"}


def test_people_have_names_only_where_the_report_has_them() -> None:
    assert "Zoë Ångström" in read(EVERYTHING).words
    plan = EVERYTHING.plan
    assert plan is not None
    changes = tuple(
        replace(change, impact=replace(change.impact, names={}) if change.impact else None)
        for change in plan.changes
    )
    without = read(replace(EVERYTHING, plan=replace(plan, changes=changes))).words
    assert "Zoë" not in without
    assert "u2" not in without


def test_a_finding_says_its_rule_its_place_and_the_way_out_and_explains_its_rule() -> None:
    words = " ".join(read(INVALID).words.split())
    assert "error unknown-field products/sales/na-sales.yaml:7:3" in words
    assert "Did you mean `description`?" in words
    assert "Suspend it first." in read(replace(REPORTS["only-blocked"], pages=PAGES)).words


def test_an_unknown_number_is_never_zero() -> None:
    unknown = (
        replace(REPORTS["sources"].plan.changes[0], impact=Impact(members=None, uncertain="it is new"))
        if REPORTS["sources"].plan
        else None
    )
    assert unknown is not None
    assert "? people lose access (not known)" in " ".join(read(report(unknown)).words.split())


def test_two_runs_write_the_same_bytes() -> None:
    assert FORMATS["html"](EVERYTHING, Page()) == FORMATS["html"](EVERYTHING, Page())


def test_without_a_marketplace_nothing_is_said_of_people_of_what_is_blocked_or_of_what_would_be_made() -> (
    None
):
    words = " ".join(read(OFFLINE).words.split())
    assert "Not compared with the marketplace. These are the manifests" in words
    assert "Base: origin/main (9a42271f67ef)." in words
    for lie in (
        *("person loses", "people lose", "people gain", "takes access", "gives access", "This plan"),
        *("blocked ", "to apply", "to create", "to update", "to delete", "Who gains"),
    ):
        assert lie not in words
    assert {value for _, name, value in read(OFFLINE).attributes if name == "data-state"} == {"declared"}


def test_a_partial_plan_says_so_once() -> None:
    assert " ".join(read(PARTIAL).words.split()).count("Partial plan: ") == 1


def test_what_became_of_a_change_is_looked_up_and_not_looked_for() -> None:
    plan = thousand().plan
    assert plan is not None
    compared = 0

    class Counting(Address):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = Address.__hash__

    changes = tuple(
        replace(change, address=Counting(change.address.kind, change.address.key)) for change in plan.changes
    )
    outcomes = tuple(Outcome(change, Result.DONE) for change in changes)
    findings = tuple(
        Finding("rule", Severity.WARNING, "It is odd.", address=Counting(one.address.kind, one.address.key))
        for one in changes
    )
    read(Report("apply", "0.1.0", replace(plan, changes=changes), outcomes, findings))
    assert compared < 20 * len(changes)

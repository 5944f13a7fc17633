from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync.model.call import Action
from dpsync.model.impact import Impact
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import text
from dpsync.reports.layout import cells, visible, wrapped
from reports.builders import (
    CLICKS,
    NOT_REVIEWED,
    REPORTS,
    SALES,
    TARGET,
    created,
    product,
    report,
    sources,
    touched,
    updated,
)

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page_unless_one_word_is(name: str, width: int) -> None:
    for line in text.render(REPORTS[name], Page(width)).splitlines():
        assert cells(line) <= width or len(line.split()) <= 2, line


@pytest.mark.parametrize("name", REPORTS)
def test_lines_have_no_blanks_at_their_end_and_the_text_ends_with_one_newline(name: str) -> None:
    written = text.render(REPORTS[name], Page())
    assert all(line == line.rstrip() for line in written.split("\n"))
    assert written.endswith("\n")
    assert not written.endswith("\n\n")
    assert "\n\n\n" not in written


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_escape_sequences_and_changes_nothing_else(name: str) -> None:
    coloured = text.render(REPORTS[name], Page(colour=True))
    assert "\x1b[" in coloured
    assert _ESCAPES.sub("", coloured) == text.render(REPORTS[name], Page())


def test_colour_is_decided_by_the_page_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" in text.render(REPORTS["everything"], Page(colour=True))
    assert "\x1b" not in text.render(REPORTS["everything"], Page())


def test_every_source_of_an_existing_product_is_listed_however_many() -> None:
    names = [f"db.schema.table_{number:03}" for number in range(150)]
    change = updated(
        Address("DataProduct", "wide"),
        product(),
        product(sources=sources(*names)),
        changed_sources=CLICKS.sources.__class__(added=sources(*names)),
    )
    written = text.render(report(change), Page())
    assert all(name in written for name in names)
    assert "sources: 150 added" in written


def test_a_suspended_product_gives_new_sources_only_once_it_is_active() -> None:
    change = updated(
        Address("DataProduct", "x"),
        product(lifecycle="suspended"),
        product(lifecycle="suspended"),
        approved=2,
        changed_sources=SALES.sources.__class__(added=sources("a.b.c")),
    )
    assert "2 approved accesses get 1 more source once it is active again" in text.render(
        report(change), Page(120)
    )


def test_sources_of_the_same_name_are_told_apart_by_their_ids() -> None:
    one, other = sources("Orders")[0], sources("Orders")[0]
    change = created(
        Address("DataProduct", "x"),
        product(sources=(one, other.__class__("name", "Orders", id="77"))),
    )
    written = text.render(report(change), Page())
    assert "+ Orders (id 6)" in written
    assert "+ Orders (id 77)" in written


def test_a_plan_with_an_error_that_belongs_to_no_change_never_claims_that_all_is_well() -> None:
    plan = REPORTS["incomplete"].plan
    assert plan is not None
    written = text.render(Report("plan", "1", Plan(plan.target, (), plan.findings)), Page())
    assert "No changes to apply. 1 error." in written
    assert "matches" not in written


def test_an_incomplete_plan_without_changes_never_claims_that_all_is_well() -> None:
    assert "matches" not in text.render(report(complete=False), Page())


def test_a_create_takes_nobody_s_access() -> None:
    assert CLICKS.action is Action.CREATE
    assert "access:" not in text.render(report(CLICKS), Page())


def test_every_name_is_shown_however_many() -> None:
    names = {f"u{number}": f"Person Number {number}" for number in range(300)}
    impact = Impact(lost=(touched("A", frozenset(names)),), members=frozenset(names), names=names)
    lines = text.render(report(replace(SALES, impact=impact)), Page()).split("\n")
    assert all(cells(line) <= 80 for line in lines)
    flat = " ".join(line.strip() for line in lines)
    assert all(f" {name}," in flat or f" {name} " in flat for name in names.values())


def test_the_first_thing_to_read_is_who_loses_access() -> None:
    written = text.render(REPORTS["everything"], Page())
    assert written.split("\n\n")[1].startswith(
        "This plan takes access away (access-removing): 10 people lose"
    )


def test_what_is_declared_stands_before_what_is_not() -> None:
    written = text.render(REPORTS["everything"], Page())
    assert written.index("DataProduct/na-sales") < written.index("\nDrifted, 1 change:")
    assert written.index("\nDrifted, 1 change:") < written.index("DataProduct/payroll")


def test_after_an_apply_what_nobody_reviewed_has_a_line() -> None:
    written = text.render(replace(REPORTS["applied"], unreviewed=(NOT_REVIEWED,)), Page())
    assert "\n  left     ~ DataProduct/hotels: not reviewed.\n" in written
    assert "lifecycle: suspended → active" not in written
    assert "fingerprint" not in written


def test_that_nothing_is_unmanaged_is_said_where_it_was_asked() -> None:
    assert "? Nothing is unmanaged." in text.render(replace(report(), unmanaged=()), Page())
    assert "unmanaged" not in text.render(report(), Page())


def test_drift_is_never_told_as_a_plan() -> None:
    written = text.render(REPORTS["drift"], Page())
    assert "This plan" not in written
    assert "fingerprint" not in written
    assert "missing: not live" in written
    assert "missing: in the base, and not live" in text.render(
        replace(REPORTS["drift"], plan=Plan(TARGET, (created(Address("DataProduct", "x"), product()),))),
        Page(),
    )
    assert "live and ours, but not in the base; last changed 2026-11-18 23:00 UTC" in written


def test_a_command_is_not_broken_where_it_fits_into_a_line() -> None:
    text = "Allow it with `--allow wide-reach:RequestForm/open`, or not; a lone ` breaks nothing."
    assert list(wrapped(text, 44, 0, 2)) == [
        "Allow it with",
        "  `--allow wide-reach:RequestForm/open`, or",
        "  not; a lone ` breaks nothing.",
    ]
    assert list(wrapped("Use `a b c d` `e f`", 8)) == ["Use `a b", "c d`", "`e f`"]


@given(st.text())
def test_what_is_shown_can_be_printed(shown: str) -> None:
    assert visible(shown).replace("\u3000", "").isprintable()


@given(st.text(), st.integers(20, 90), st.integers(0, 8), st.integers(0, 8))
def test_wrapping_loses_nothing(words: str, width: int, indent: int, hang: int) -> None:
    rows = list(wrapped(words, width, indent, hang))
    assert " ".join(rows).split(" ") != []
    assert "".join("".join(rows).split(" ")) == "".join(visible(words).split(" "))

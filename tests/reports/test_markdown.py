from __future__ import annotations

import pytest

from dpsync.model.finding import Finding, Severity
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS, markdown
from reports.builders import EVERYTHING, NOTHING, OLD_FORM, REPORTS, created, product, report, sources
from reports.test_hostile_text import outside_fences


def estate(products: int, described: int = 10, findings: int = 0) -> Report:
    return report(
        *(
            created(
                Address("DataProduct", f"product-{number}"),
                product(name=f"Product {number}", description="x" * described, sources=sources("a.b.c")),
            )
            for number in range(products)
        ),
        findings=tuple(
            Finding(f"rule-{number}", Severity.WARNING, "Something is doubtful here. " * 5)
            for number in range(findings)
        ),
    )


@pytest.mark.parametrize(
    ("large", "words"),
    [
        (estate(20), None),
        (estate(200, 400), "each change has one line here:"),
        (estate(200, 400), "each change has one line here"),
        (estate(100, 400, 400), "findings are only counted"),
        (estate(3000, 10, 400), "only numbers are shown"),
    ],
)
def test_a_comment_always_fits_and_says_what_it_leaves_out(large: Report, words: str | None) -> None:
    written = markdown.render(large, Page())
    assert len(written) <= markdown.LIMIT
    outside_fences(written)
    if words is None:
        assert "too long" not in written
    else:
        assert words.rstrip(":") in written
    assert f"**Plan: {len(large.plan.changes) if large.plan else 0} to create, 0 to update" in written


@pytest.mark.parametrize("shown", [*REPORTS.values(), estate(20), estate(200, 400), estate(100, 400, 400)])
@pytest.mark.parametrize("name", FORMATS)
def test_every_change_is_named_in_every_format(name: str, shown: Report) -> None:
    written = FORMATS[name](shown, Page())
    gone_well = {outcome.change.address for outcome in shown.outcomes or () if outcome.is_good}
    for change in shown.plan.changes if shown.plan else ():
        # The text of an apply lists what did not go well: the rest was said while it happened.
        assert str(change.address) in written or (name == "text" and change.address in gone_well)


def test_what_is_deleted_or_taken_away_is_said_first() -> None:
    lines = markdown.render(EVERYTHING, Page()).split("\n")
    assert lines[0] == "### dpsync plan: `sandbox`"
    assert lines[2] == "> ⚠️ **This plan deletes 2 objects and has 3 changes that take access away.**"
    assert lines[4] == "**Plan: 1 to create, 6 to update, 2 to delete. 1 blocked.**"


def test_there_is_no_banner_where_nothing_is_at_stake() -> None:
    assert "⚠️" not in markdown.render(NOTHING, Page())


def test_deleting_what_nobody_can_have_access_to_takes_no_access() -> None:
    assert "This plan deletes 1 object.**" in markdown.render(report(OLD_FORM), Page())

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS, markdown
from reports.builders import (
    EVERYTHING,
    NOT_REVIEWED,
    NOTHING,
    OLD,
    OLD_FORM,
    REPORTS,
    WEIGHED_SALES,
    created,
    product,
    report,
    sources,
)
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
@pytest.mark.parametrize("name", ["text", "markdown", "html", "json", "junit", "github"])
def test_every_change_is_named_in_every_format_that_is_a_plan(name: str, shown: Report) -> None:
    written = FORMATS[name](shown, Page())
    gone_well = {outcome.change.address for outcome in shown.outcomes or () if outcome.is_good}
    for change in shown.plan.changes if shown.plan else ():
        # The text of an apply lists what did not go well: the rest was said while it happened.
        assert str(change.address) in written or (name in {"text", "github"} and change.address in gone_well)


def test_what_is_deleted_or_taken_away_is_said_first() -> None:
    lines = markdown.render(EVERYTHING, Page()).split("\n")
    assert lines[0] == "### dpsync plan: `sandbox`"
    assert lines[2].startswith(
        "> ⚠️ **This plan takes access away (access-removing): 10 people lose access to"
    )
    assert lines[4] == "> ⚠️ **This plan deletes 2 objects.**"
    assert lines[6] == "**Plan: 1 to create, 7 to update, 2 to delete. 1 blocked. 1 not reviewed.**"


def test_a_plan_that_takes_nothing_from_anybody_does_not_warn() -> None:
    change = replace(WEIGHED_SALES, impact=Impact())
    written = markdown.render(report(change), Page())
    assert "> **This plan is access-removing, but no member loses access.**" in written
    assert "⚠️" not in written


def test_what_nobody_reviewed_has_a_part_of_its_own_also_after_an_apply() -> None:
    written = markdown.render(replace(REPORTS["applied"], unreviewed=(NOT_REVIEWED,)), Page())
    assert "#### Not reviewed, and left: 1 change\n\n<details>" in written
    assert "gives access: 4 people get A.B.HOTELS again at once" in written


def test_a_summary_names_no_source_and_no_product_of_anybody() -> None:
    written = markdown.render(EVERYTHING, Page())
    tails = re.findall(r"</code> (.*)</summary>", written)
    assert (
        "takes access: 9 people lose 1 source; gives access: 12 people get 1 source; sensitive tags" in tails
    )
    assert not any("SALES" in tail or "EU" in tail for tail in tails)


def test_a_list_of_changes_says_their_class() -> None:
    changes = tuple(
        replace(OLD, address=Address("DataProduct", f"p{number}"), reason="x" * 400) for number in range(200)
    )
    assert "delete DataProduct" not in markdown.render(report(*changes), Page())
    assert '- DataProduct/p7 "Old Thing" (access-removing)' in markdown.render(report(*changes), Page())


def test_there_is_no_banner_where_nothing_is_at_stake() -> None:
    assert "⚠️" not in markdown.render(NOTHING, Page())


def test_deleting_what_nobody_can_have_access_to_takes_no_access() -> None:
    assert "This plan deletes 1 object.**" in markdown.render(report(OLD_FORM), Page())

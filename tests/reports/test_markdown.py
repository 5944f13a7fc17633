from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact
from dpsync.model.place import Origin
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
        (estate(20, 400, 400), "only what changes is shown"),
        (estate(200, 400), "each change has one line here"),
        (estate(1500, 10, 100), "only numbers are shown here"),
    ],
)
def test_a_comment_always_fits_and_says_what_it_leaves_out(large: Report, words: str | None) -> None:
    written = markdown.render(large, Page())
    assert len(written) <= markdown.LIMIT
    outside_fences(written)
    if words is None:
        assert "too long" not in written
    else:
        assert words in written
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
    assert "\n\nThis plan is access-removing, but no member loses access.\n\n" in written
    assert "⚠️" not in written


def test_what_nobody_reviewed_has_a_part_of_its_own_also_after_an_apply() -> None:
    written = markdown.render(replace(REPORTS["applied"], unreviewed=(NOT_REVIEWED,)), Page())
    assert "#### Not reviewed, and left: 1 change\n\n<details>" in written
    assert "gives access: 4 people get A.B.HOTELS again at once" in written


def test_a_summary_names_no_source_and_no_product_of_anybody() -> None:
    written = markdown.render(EVERYTHING, Page())
    tails = re.findall(r"</code> (.*)</summary>", written)
    assert (
        "takes access: 9 people lose 1 source; gives access: 12 people get 1 source; sensitive tags · "
        "<code>sales-eng</code>" in tails
    )
    assert not any("SALES" in tail or "EU" in tail for tail in tails)


def test_a_list_of_changes_says_their_class() -> None:
    changes = tuple(
        replace(OLD, address=Address("DataProduct", f"p{number}"), reason="x" * 400) for number in range(200)
    )
    assert '- DataProduct/p7 "Old Thing" (access-removing)' in markdown.render(report(*changes), Page())


def test_there_is_no_banner_where_nothing_is_at_stake() -> None:
    assert "⚠️" not in markdown.render(NOTHING, Page())


def test_deleting_what_nobody_can_have_access_to_takes_no_access() -> None:
    assert "This plan deletes 1 object.**" in markdown.render(report(OLD_FORM), Page())


def test_a_blocked_change_stands_first_and_open_with_its_rule_and_the_way_out() -> None:
    written = markdown.render(EVERYTHING, Page())
    blocked = written.index("#### Blocked: 1 change\n\n<details open>")
    assert blocked < written.index("RequestForm/strict")
    assert "→ Set `lifecycle: suspended` first" in written[blocked:].split("</details>")[0]
    assert written.count("DataProduct/customers") == 1


def test_what_the_manifests_did_not_bring_is_counted_and_folded() -> None:
    written = markdown.render(EVERYTHING, Page())
    assert "3 of 11 changes are not from these manifests: 1 by match, 1 drifted, 1 left over." in written
    for heading in ("By match, 1 change: ", "Drifted, 1 change: ", "Left over, 1 change: "):
        assert f"<details>\n<summary><b>{heading}" in written


def test_a_field_stands_below_the_line_that_declares_it() -> None:
    change = replace(
        WEIGHED_SALES,
        fields=tuple(
            replace(field, origin=Origin("products/sales/na-sales.yaml", 9 + index, 3))
            for index, field in enumerate(WEIGHED_SALES.fields)
        ),
    )
    written = markdown.render(report(change), Page())
    assert "@@ products/sales/na-sales.yaml:9 @@\n  description:\n-   was:" in written
    assert "@@ products/sales/na-sales.yaml:10 @@\n- subjectMatterExpert: jane.doe" in written


def test_the_environment_and_the_fingerprint_stand_at_the_end() -> None:
    *_, fingerprint, empty, where = markdown.render(report(WEIGHED_SALES), Page()).rstrip("\n").split("\n")
    assert re.fullmatch(r"Plan fingerprint: `sha256:[0-9a-f]{64}`", fingerprint)
    assert (empty, where) == ("", "Environment `sandbox`, workspace `acme-data`, tenant `acme`")


@pytest.mark.parametrize("limit", [2_500, 5_000, 12_000, 40_000, 65_536, 1_000_000])
def test_a_page_says_how_long_a_comment_may_be_and_where_the_rest_is(limit: int) -> None:
    page = Page(limit=limit, link="https://code.example/runs/7")
    for shown in (EVERYTHING, estate(100, 400, 40)):
        written = markdown.render(shown, page)
        assert len(written) <= limit - markdown.SPARE
        outside_fences(written)
        is_short = "too long for a comment" in written
        assert is_short == ("[The run](https://code.example/runs/7) has everything" in written)
        assert is_short == (len(markdown.render(shown, Page(limit=10_000_000))) > limit - markdown.SPARE)

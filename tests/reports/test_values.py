from __future__ import annotations

from typing import Any

from dpsync.kinds.request_form import ShortAnswerField
from dpsync.kinds.review_flow import (
    DEFAULT_FLOW,
    Approve,
    AttributeReviewer,
    CatalogPermissionReviewer,
    Delegate,
    Deny,
    GroupReviewer,
    PermissionReviewer,
    Review,
    Stage,
)
from dpsync.kinds.shared import RequestForms
from dpsync.reports.values import changed_lines, set_lines
from reports.builders import forms, named


def lines(before: Any, after: Any) -> list[str]:
    return ["  " * line.depth + line.signed for line in changed_lines("field", before, after)]


def test_flows_that_read_the_same_show_in_what_they_differ() -> None:
    before, after = (
        Review.of(decision="review", stages=(Stage.of(any=(GroupReviewer.of(group=named("g"), iam=iam),)),))
        for iam in ("okta", "bim")
    )
    assert lines(before, after) == [
        "field:",
        "  still: group g",
        '  stages[1].any[1].iam: "okta" → "bim"',
    ]


def test_one_reviewer_who_becomes_all_reviewers_is_not_silent() -> None:
    reviewer = (PermissionReviewer.of(permission="AUDIT"),)
    before = Review.of(decision="review", stages=(Stage.of(any=reviewer),))
    after = Review.of(decision="review", stages=(Stage.of(all=reviewer),))
    assert lines(before, after)[2:] == [
        '  stages[1].any[1].permission: "AUDIT" → (none)',
        '  stages[1].all[1].permission: (none) → "AUDIT"',
    ]


def test_a_rule_is_never_hidden_behind_a_count() -> None:
    flows = [
        Approve.of(decision="approve", rules=({"event": {"type": name}},)) for name in ("approve", "deny")
    ]
    shown = [line.strip() for line in lines(*flows)]
    assert '-       "type": "approve"' in shown
    assert '+       "type": "deny"' in shown


def test_the_rules_of_a_new_object_are_shown_too() -> None:
    flow = Approve.of(decision="approve", comment="Welcome", rules=({"event": {"type": "deny"}},))
    shown = [line.signed for line in set_lines("reviewFlow", flow)]
    assert shown[0] == 'reviewFlow: 1 rule, otherwise approved at once, comment "Welcome"'
    assert any('"deny"' in line for line in shown)


def test_an_order_that_changes_is_said() -> None:
    one, two = (ShortAnswerField.of(type="SHORT_ANSWER", label=label, id=label) for label in ("A", "B"))
    assert lines((one, two), (two, one)) == [
        "field: 2 kept",
        "  the order becomes: B (SHORT_ANSWER), A (SHORT_ANSWER)",
    ]


def test_a_label_that_changes_under_its_id_is_one_change() -> None:
    one, two = (ShortAnswerField.of(type="SHORT_ANSWER", label=label, id="f") for label in ("Old", "New"))
    assert lines((one,), (two,)) == [
        "field: 1 changed",
        "  ~ New (SHORT_ANSWER)",
        '    label: "Old" → "New"',
    ]


def test_blanks_at_the_end_of_a_line_are_seen() -> None:
    assert lines("a\nb", "a\nb ") == ["field:", "    a", "  - b", "  + b\\x20"]


def test_an_empty_text_is_not_taken_for_none() -> None:
    assert lines(None, "") == ['field: (none) → ""']
    assert lines("(none)", None) == ['field: "(none)" → (none)']


def test_of_a_group_of_fields_only_the_managed_ones_are_shown() -> None:
    assert lines(forms("a", "b"), RequestForms.of(data_access=named("c"))) == [
        "field.dataAccess: a → c",
    ]


def test_a_value_that_becomes_yes_reads_as_yes() -> None:
    assert lines(False, True) == ["field: no → yes"]


def test_a_flow_that_changes_is_told_in_two_sentences() -> None:
    before = DEFAULT_FLOW
    after = Review.of(
        decision="review",
        stages=(
            Stage.of(any=(GroupReviewer.of(group=named("Finance Stewards")),)),
            Stage.of(any=(PermissionReviewer.of(permission="GOVERNANCE"),)),
        ),
    )
    assert lines(before, after) == [
        "field:",
        "  was: any holder of GOVERNANCE or Manage Data Products",
        "  now: group Finance Stewards, then GOVERNANCE",
    ]


def test_every_decision_and_reviewer_has_words() -> None:
    stage = Stage.of(
        all=(
            GroupReviewer.of(group=named("Privacy")),
            AttributeReviewer.of(attribute="Department", value="Sales"),
            CatalogPermissionReviewer.of(catalog_permission=True),
        )
    )
    review = Review.of(decision="review", stages=(stage,))
    deny = Deny.of(decision="deny", comment="Ask Jane.")
    assert lines(review, deny)[1:] == [
        "  was: all of anyone whom the catalog lets decide, anyone with Department = Sales and group Privacy",
        '  now: denied at once, comment "Ask Jane."',
    ]
    approve = Approve.of(decision="approve", duration=1, duration_unit="MONTHS")
    assert lines(approve, Delegate.of(decision="delegate"))[1:] == [
        "  was: approved at once for 1 month",
        "  now: decided by the product's own review flow",
    ]


def test_a_comment_that_changes_alone_is_told_in_two_sentences_too() -> None:
    before, after = (Approve.of(decision="approve", comment=comment) for comment in ("Hello", "Welcome"))
    assert lines(before, after) == [
        "field:",
        '  was: approved at once, comment "Hello"',
        '  now: approved at once, comment "Welcome"',
    ]


def test_rules_stand_raw_below_the_sentence() -> None:
    before = Approve.of(decision="approve")
    after = Deny.of(decision="deny", rules=({"event": {"type": "approve"}},))
    shown = lines(before, after)
    assert shown[1:4] == ["  was: approved at once", "  now: 1 rule, otherwise denied at once", "  rules:"]
    assert '    +     "event": {' in shown

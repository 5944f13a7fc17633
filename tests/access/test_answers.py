"""What somebody wrote becomes what is sent, or findings that say where and how."""

from __future__ import annotations

from typing import Any

import pytest

from dpsync.access.answers import Wrong, checked, template, understood
from dpsync.manifests.document import read_documents
from dpsync.model.membership import Form, Question
from dpsync.model.place import Origin

WHY = Question("id-why", "SHORT_ANSWER", "Why?")
TEAM = Question("id-team", "DROPDOWN", "Your team", choices=("Analytics", "Other"))
AREAS = Question("id-areas", "CHECKBOXES", "Areas", required=False, choices=("EU", "US", "2024"))
LONG = Question("id-long", "ACCESS_DURATION", "How long do you need access to this data?")
FORM = Form("form", "Form", (WHY, TEAM, AREAS, LONG))
COMPLETE = {"Why?": "Work", "Your team": "Other", LONG.label: "30 days"}


def rules(given: dict[str, Any]) -> list[str]:
    return [finding.rule for finding in checked(FORM, given).findings]


def test_answers_by_label_or_id_are_sent_by_id() -> None:
    given = {"Why?": "Work", "id-team": "Other", "Areas": ["EU", "US"], LONG.label: "3 Months"}
    answers = checked(FORM, given)
    assert answers.findings == ()
    assert answers.form == {
        "id-why": "Work",
        "id-team": "Other",
        "id-areas": ["EU", "US"],
        "id-long": {"duration": 3, "durationUnit": "MONTHS"},
    }


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"Why?": "  "}, ["answer-missing"]),
        ({"Why?": None}, ["answer-missing"]),
        ({"Why?": 7}, ["answer-wrong-type"]),
        ({"Your team": "Sales"}, ["answer-not-an-option"]),
        ({"Your team": ["Other"]}, ["answer-wrong-type"]),
        ({"Areas": ["EU", "Mars"]}, ["answer-not-an-option"]),
        ({"Areas": [2024]}, ["answer-wrong-type"]),
        ({LONG.label: "a while"}, ["answer-duration"]),
        ({LONG.label: "0 days"}, ["answer-duration"]),
        ({LONG.label: {"duration": True, "unit": "days"}}, ["answer-duration"]),
        ({LONG.label: {"duration": 3, "unit": "decades"}}, ["answer-duration"]),
        ({LONG.label: 30}, ["answer-duration"]),
        ({"Wy?": "Work"}, ["answer-unknown-question"]),
        ({"id-why": "Work"}, ["answer-twice"]),
    ],
)
def test_what_is_no_answer_is_told(change: dict[str, Any], found: list[str]) -> None:
    assert rules({**COMPLETE, **change}) == found


def test_optional_questions_may_be_left_empty_and_are_then_not_sent() -> None:
    nothings: tuple[object, ...] = ("", [], None)
    for empty in nothings:
        answers = checked(FORM, {**COMPLETE, "Areas": empty})
        assert answers.findings == ()
        assert "id-areas" not in answers.form


def test_case_and_blanks_of_labels_and_options_are_forgiven() -> None:
    answers = checked(FORM, {**COMPLETE, "Your team": " other "} | {"areas": "eu"})
    assert answers.form["id-team"] == "Other"
    assert answers.form["id-areas"] == ["EU"]


def test_two_questions_of_one_label_are_answered_by_id() -> None:
    form = Form("form", "Form", (WHY, Question("id-again", "SHORT_ANSWER", "Why?")))
    found = checked(form, {"Why?": "Work"}).findings
    assert "answer-ambiguous-question" in {finding.rule for finding in found}
    assert checked(form, {"id-why": "Work", "id-again": "Fun"}).findings == ()
    assert '"id-again": ""' in template(form)


def test_a_finding_says_where_in_the_file() -> None:
    (document,), _ = read_documents(b"Why?: Work\nYour team: Sales\n")
    assert isinstance(document.root, dict)
    found = checked(FORM, document.root, "answers.yaml", document).findings
    assert Origin("answers.yaml", 2, 12) in [finding.origin for finding in found]


def test_a_template_is_yaml_that_only_lacks_the_answers() -> None:
    (document,), problems = read_documents(template(FORM).encode())
    assert problems == ()
    assert isinstance(document.root, dict)
    assert {finding.rule for finding in checked(FORM, document.root).findings} == {"answer-missing"}


def test_labels_with_quotes_colons_and_other_letters_survive_the_template() -> None:
    form = Form(
        "form",
        'A "form": ü',
        (Question("id", "SHORT_ANSWER", 'Wozu? "Zweck": \\ # \u2028 \U0001f600 \U000e0001'),),
    )
    (document,), problems = read_documents(template(form).encode())
    assert problems == ()
    assert isinstance(document.root, dict)
    assert list(document.root) == [form.questions[0].label]


def test_a_type_of_question_that_is_new_is_answered_in_words() -> None:
    assert understood(Question("id", "NEW", "New?"), "Words") == "Words"
    assert isinstance(understood(Question("id", "NEW", "New?"), 7), Wrong)

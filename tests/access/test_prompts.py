"""Answers that are typed at a terminal: asked for until they are answers."""

from __future__ import annotations

import json

import click
from click.testing import CliRunner, Result

from dpsync.cli.access import asked
from dpsync.model.membership import Question


def typed(question: Question, *lines: str) -> tuple[object, Result]:
    @click.command()
    def ask() -> None:
        click.echo(json.dumps(asked(question)))

    result = CliRunner().invoke(ask, input="".join(f"{line}\n" for line in lines))
    return json.loads(result.stdout.splitlines()[-1]), result


def test_a_choice_is_made_by_number_or_by_word() -> None:
    team = Question("id", "DROPDOWN", "Your team", choices=("Analytics", "Other"))
    assert typed(team, "2")[0] == "Other"
    assert typed(team, "analytics")[0] == "Analytics"


def test_several_choices_are_separated_by_commas() -> None:
    areas = Question("id", "CHECKBOXES", "Areas", choices=("EU", "US", "Asia"))
    assert typed(areas, "1, Asia")[0] == ["EU", "Asia"]


def test_a_wrong_answer_is_asked_for_again() -> None:
    long = Question("id", "ACCESS_DURATION", "How long?")
    answer, result = typed(long, "", "for ever", "2 weeks")
    assert answer == {"duration": 2, "durationUnit": "WEEKS"}
    assert "'for ever' is no duration" in result.stderr
    assert "needs an answer" in result.stderr


def test_an_optional_question_may_be_left_empty() -> None:
    assert typed(Question("id", "SHORT_ANSWER", "Anything else?", required=False), "")[0] is None


def test_a_label_cannot_write_to_the_terminal() -> None:
    _, result = typed(Question("id", "SHORT_ANSWER", "Why\x1b[2J?"), "Work")
    assert "\x1b" not in result.stderr

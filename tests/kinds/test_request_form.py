from __future__ import annotations

from typing import Any

from dpsync.kinds.request_form import RequestFormSpec, ShortAnswerField
from dpsync.kinds.review_flow import Approve, Delegate
from dpsync.model.base import Surroundings
from dpsync.model.identity import part_id

FORM = "9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11"


def question(key: str, label: str, live_id: str | None = None) -> ShortAnswerField:
    return ShortAnswerField.of(key=key, type="SHORT_ANSWER", label=label, id=live_id, required=True)


def form(*fields: ShortAnswerField) -> RequestFormSpec:
    return RequestFormSpec.of(name="F", fields=fields, review_flow=Approve.of(decision="approve"))


def ids(wanted: RequestFormSpec, live: RequestFormSpec | None) -> list[str | None]:
    settled, _ = wanted.settled(Surroundings(FORM, live, lambda _kind, _reference: None))
    return [field.id for field in settled.fields]


def test_no_two_questions_get_the_same_id_when_a_label_moves_to_a_new_key() -> None:
    live = form(question("a", "Why?", part_id(FORM, "a")))
    assert ids(form(question("a", "Why exactly?"), question("b", "Why?")), live) == [
        part_id(FORM, "a"),
        part_id(FORM, "b"),
    ]


def test_two_questions_with_one_label_stay_two() -> None:
    wanted = form(question("a", "Why?"), question("b", "Why?"))
    made = ids(wanted, None)
    assert len(set(made)) == 2
    assert ids(wanted, form(question("a", "Why?", made[0]), question("b", "Why?", made[1]))) == made


def test_a_question_of_an_adopted_form_is_known_by_its_label_and_type() -> None:
    assert ids(form(question("why", "Why?")), form(question("x", "Why?", "made-by-hand"))) == ["made-by-hand"]


def test_an_id_written_twice_is_said() -> None:
    twice = form(question("a", "A", "one"), question("b", "B", "one"))
    assert [note.rule for note in twice.notes("v2")] == ["duplicate-field"]


def test_rules_that_this_dpsync_does_not_understand_do_not_stop_it() -> None:
    rules: tuple[dict[str, Any], ...] = ({"conditions": {}, "event": None}, {"event": ["x"]}, {})
    assert not Approve.of(decision="approve", rules=rules).delegates
    assert Delegate.of(decision="delegate", rules=rules).delegates

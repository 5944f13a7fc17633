"""Answers: whether what somebody wrote answers the questions of a form, and what is then sent.

A room of its own because the shape of `form` in a request is not published (FACTS 1.9 and 2.3, UNK): it is assumed in
this module and nowhere else on this side. Assumed is a mapping from the id of a question to its answer: a text for
SHORT_ANSWER, the value of an option for DROPDOWN, a list of such values for CHECKBOXES, and
`{"duration": 3, "durationUnit": "MONTHS"}` for ACCESS_DURATION. People write more freely: a question by its label or its
id, a duration as `3 months`. Nothing here is sent, read or asked for.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.membership import Form, Question
from dpsync.model.place import Origin, Places

UNITS: Final = ("HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS")
DURATION: Final = "ACCESS_DURATION"

_DURATION_TEXT = re.compile(r"\s*([1-9][0-9]{0,8})\s*([A-Za-z]+)\s*")
_DURATION_HOW: Final = (
    "Write a number and a unit, such as `30 days`; units are hours, days, weeks, months, years."
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a text or value is no answer, and what to write instead."""

    rule: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What is sent as `form`, and everything that is wrong with it; where there are findings, nothing may be sent."""

    form: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


def checked(form: Form, given: Mapping[str, object], file: str = "", places: Places | None = None) -> Answers:
    """The answers in the API's shape. `given` is by the label or the id of a question; `file` and `places` say where."""
    answers: dict[str, Any] = {}
    findings: list[Finding] = []

    def note(wrong: Wrong, key: str | None = None, *, at_key: bool = False) -> None:
        origin = Origin(file) if file else None
        if places is not None and key is not None:
            origin = Origin.at(file, places.key_at((key,)) if at_key else places.at((key,)))
        findings.append(Finding(wrong.rule, Severity.ERROR, wrong.message, wrong.remedy, origin))

    for key, value in given.items():
        meant = _meant(form, key)
        if isinstance(meant, Wrong):
            note(meant, key, at_key=True)
        elif meant.id in answers:
            note(_twice(meant), key, at_key=True)
        else:
            answer = understood(meant, value)
            answers[meant.id] = None if isinstance(answer, Wrong) else answer
            if isinstance(answer, Wrong):
                note(answer, key)
    for question in form.questions:
        if question.id not in answers and question.required:
            note(_missing(question))
    kept = {identity: answer for identity, answer in answers.items() if answer is not None}
    return Answers(MappingProxyType(kept), in_order(findings))


def understood(question: Question, value: object) -> Any | Wrong:
    """The answer that a value is to a question, in the API's shape; None for an optional one that is left empty."""
    if value is None or (isinstance(value, str) and not value.strip()) or value in ([], {}):
        return _missing(question) if question.required else None
    return _READERS.get(question.type, _text)(question, value)


def template(form: Form) -> str:
    """An answers file to fill in, as YAML: every question by its label, and beside it what may be written."""
    lines = [f"# Answers to the form {_quoted(form.name)}."]
    labels = [question.label for question in form.questions]
    for question in form.questions:
        key = question.label if labels.count(question.label) == 1 else question.id
        need = "required" if question.required else "optional"
        lines += [
            f"# {need}: {_how(question)}",
            f"{_quoted(key)}: {'[]' if _is_list(question) else _quoted('')}",
        ]
    return "\n".join(lines) + "\n"


def _meant(form: Form, key: str) -> Question | Wrong:
    by_id = [question for question in form.questions if question.id == key]
    named = by_id or [question for question in form.questions if question.label == key]
    named = named or [question for question in form.questions if _loose(question.label) == _loose(key)]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(question.id for question in named)
        return Wrong(
            "answer-ambiguous-question",
            f"{len(named)} questions of the form are called {key!r}.",
            f"Write the id of the one that is meant: {ids}.",
        )
    return Wrong(
        "answer-unknown-question",
        f"The form {form.name!r} has no question {key!r}.",
        _near(key, [question.label for question in form.questions]) or "The form has no questions.",
    )


def _twice(question: Question) -> Wrong:
    return Wrong("answer-twice", f"{question.label!r} is answered twice.", "Keep one of the two.")


def _missing(question: Question) -> Wrong:
    return Wrong("answer-missing", f"{question.label!r} needs an answer.", f"Write {_how(question)}.")


def _text(question: Question, value: object) -> Any | Wrong:
    if isinstance(value, str):
        return value
    return Wrong(
        "answer-wrong-type",
        f"The answer to {question.label!r} is not a text.",
        "Write it in quotes, as one text.",
    )


def _option(question: Question, value: object) -> Any | Wrong:
    if not isinstance(value, str):
        return Wrong(
            "answer-wrong-type",
            f"The answer to {question.label!r} is not one text.",
            f"Write {_how(question)}, in quotes where it looks like a number.",
        )
    found = [choice for choice in question.choices if choice == value]
    found = found or [choice for choice in question.choices if _loose(choice) == _loose(value)]
    if len(found) == 1:
        return found[0]
    return Wrong(
        "answer-not-an-option",
        f"{value!r} is no option of {question.label!r}.",
        _near(value, question.choices),
    )


def _options(question: Question, value: object) -> Any | Wrong:
    chosen = []
    for each in value if isinstance(value, list | tuple) else [value]:
        one = _option(question, each)
        if isinstance(one, Wrong):
            return one
        chosen.append(one)
    return list(dict.fromkeys(chosen))


def _duration(_question: Question, value: object) -> Any | Wrong:
    number: object = None
    unit: object = None
    if isinstance(value, str) and (match := _DURATION_TEXT.fullmatch(value)):
        number, unit = int(match[1]), match[2]
    elif isinstance(value, Mapping) and set(value) in ({"duration", "unit"}, {"duration", "durationUnit"}):
        number, unit = value["duration"], value.get("unit", value.get("durationUnit"))
    known = {_unit(name): name for name in UNITS}
    is_number = isinstance(number, int) and not isinstance(number, bool) and number >= 1
    if not is_number or not isinstance(unit, str) or _unit(unit) not in known:
        return Wrong("answer-duration", f"{_shown(value)} is no duration.", _DURATION_HOW)
    return {"duration": number, "durationUnit": known[_unit(unit)]}


_READERS: Final[Mapping[str, Callable[[Question, object], Any | Wrong]]] = MappingProxyType(
    {"SHORT_ANSWER": _text, "DROPDOWN": _option, "CHECKBOXES": _options, DURATION: _duration}
)
"""How an answer is read, by the type of its question. A type that is new is answered in words."""


def _how(question: Question) -> str:
    if question.type == DURATION:
        return "a duration, such as 30 days"
    if not question.choices:
        return "a text"
    choices = ", ".join(_quoted(choice) for choice in question.choices)
    return f"a list of any of {choices}" if _is_list(question) else f"one of {choices}"


def _is_list(question: Question) -> bool:
    return question.type == "CHECKBOXES"


def _near(text: str, known: Sequence[str]) -> str:
    spelled = {_loose(name): name for name in known}
    close = difflib.get_close_matches(_loose(text), spelled, n=1)
    if close:
        return f"Did you mean {spelled[close[0]]!r}?"
    return f"There are: {', '.join(repr(name) for name in known)}." if known else ""


def _loose(text: str) -> str:
    return " ".join(text.split()).casefold()


def _unit(text: str) -> str:
    return text.strip().casefold().removesuffix("s")


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | bool) else "This"


def _quoted(text: str) -> str:
    """The text in double quotes, as YAML and JSON read it back; what cannot be seen is written as an escape."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in plain)


def _escaped(sign: str) -> str:
    number = ord(sign)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"

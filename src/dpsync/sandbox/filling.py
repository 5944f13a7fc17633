"""Filling: whether the answers in a request are answers to the questions of its form.

A room of its own because the shape of `form` in a request is not published: it is assumed here and nowhere else, and
one module changes when a live tenant says otherwise (FACTS 2.3, UNK 1.9). Assumed is a mapping from the id of a field
to its answer: a text for SHORT_ANSWER, the value of an option for DROPDOWN, a list of such values for CHECKBOXES, and
`{"duration": 3, "durationUnit": "MONTHS"}` for ACCESS_DURATION. Must never look at the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

_UNITS: Final = ("HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS")
_LONGEST: Final = 2**53 - 1
_MISSING: Final[tuple[Any, ...]] = (None, "", [], {})

Question = dict[str, Any]


def problems(fields: Sequence[Question], form: Any) -> list[str]:
    """What is wrong with the answers, one message for each mistake, each beginning with `form`."""
    if form is None:
        form = {}
    if not isinstance(form, Mapping):
        return ["form: must be an object: the id of a field -> its answer"]
    strangers = [f"form.{identity}: is not a field of this form" for identity in _strangers(fields, form)]
    return [*(message for each in fields for message in _wrong(each, form.get(each["id"]))), *strangers]


def duration(fields: Sequence[Question], form: Any) -> tuple[float, str] | None:
    """For how long access is wanted, as a number and a unit, if the form asks; the answers are valid already."""
    asked = [each["id"] for each in fields if each["type"] == "ACCESS_DURATION"]
    return (form[asked[0]]["duration"], form[asked[0]]["durationUnit"]) if asked else None


def _strangers(fields: Sequence[Question], form: Mapping[str, Any]) -> list[str]:
    known = {each["id"] for each in fields}
    return sorted(identity for identity in form if identity not in known)


def _wrong(field: Question, answer: Any) -> Iterator[str]:
    where = f"form.{field['id']}"
    if answer in _MISSING or (isinstance(answer, str) and not answer.strip()):
        if field.get("required", True):
            yield f"{where}: an answer to “{field['label']}” is required"
        return
    for message in _CHECKS[field["type"]](field, answer):
        yield f"{where}: {message}"


def _text(_field: Question, answer: Any) -> Iterator[str]:
    if not isinstance(answer, str):
        yield "must be a text"


def _option(field: Question, answer: Any) -> Iterator[str]:
    options = [option["value"] for option in field["options"]]
    if answer not in options:
        yield f"must be one of {', '.join(options)}"


def _options(field: Question, answer: Any) -> Iterator[str]:
    if not isinstance(answer, list):
        yield "must be a list of options"
        return
    for each in answer:
        yield from _option(field, each)


def _duration(_field: Question, answer: Any) -> Iterator[str]:
    if not isinstance(answer, Mapping) or set(answer) != {"duration", "durationUnit"}:
        yield "must be an object of duration and durationUnit"
        return
    number = answer["duration"]
    if isinstance(number, bool) or not isinstance(number, int | float) or not 1 <= number <= _LONGEST:
        yield "duration must be a number of at least 1"
    if answer["durationUnit"] not in _UNITS:
        yield f"durationUnit must be one of {', '.join(_UNITS)}"


_CHECKS: Final[dict[str, Callable[[Question, Any], Iterator[str]]]] = {
    "SHORT_ANSWER": _text,
    "DROPDOWN": _option,
    "CHECKBOXES": _options,
    "ACCESS_DURATION": _duration,
}

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dpsync.reports.sides import Pair, Part, sides
from reports.builders import STRICT


def text_of(parts: tuple[Part, ...] | None) -> str | None:
    return None if parts is None else "".join(part.text for part in parts)


def rows(pairs: tuple[Pair, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(pair.kind, text_of(pair.before), text_of(pair.after)) for pair in pairs]


def test_only_the_words_that_differ_are_marked() -> None:
    (pair,) = sides("All sales of 2024", "All sales of 2025")
    assert pair.before == (Part('"All sales of '), Part("2024", True), Part('"'))
    assert pair.after == (Part('"All sales of '), Part("2025", True), Part('"'))


def test_lines_that_stay_are_shown_around_what_differs_and_counted_elsewhere() -> None:
    before = "\n".join(f"line {letter}" for letter in "abcdefghij")
    pairs = sides(before, before.replace("line j", "the end"))
    assert [(pair.kind, pair.hidden) for pair in pairs] == [
        ("gap", 7),
        ("same", 0),
        ("same", 0),
        ("changed", 0),
    ]


def test_lines_that_are_alike_stand_beside_each_other() -> None:
    fields = next(field for field in STRICT.fields if field.path == "fields")
    assert rows(sides(fields.before, fields.after)) == [
        ("added", None, "Project (SHORT_ANSWER), required: no"),
        (
            "changed",
            'Purpose (DROPDOWN), options: "Research"',
            'Purpose (DROPDOWN), options: "Research", "Fraud"',
        ),
        ("removed", "Ticket (SHORT_ANSWER)", None),
    ]


def test_what_was_not_there_has_an_empty_side() -> None:
    assert rows(sides(None, "a\nb")) == [("added", None, "a"), ("added", None, "b")]
    assert rows(sides("a", None)) == [("removed", '"a"', None)]


def test_values_whose_words_are_the_same_are_shown_as_they_are() -> None:
    assert rows(sides((True,), ("yes",))) != rows(sides(("yes",), ("yes",)))


@given(st.text(alphabet="ab \n", max_size=60), st.text(alphabet="ab \n", max_size=60))
def test_no_line_that_differs_is_lost(before: str, after: str) -> None:
    pairs = sides(f"{before}\n.", f"{after}\n.")
    for text, side in ((before, "before"), (after, "after")):
        shown = sum(1 for pair in pairs if getattr(pair, side) is not None)
        assert shown + sum(pair.hidden for pair in pairs) == len(f"{text}\n.".split("\n"))

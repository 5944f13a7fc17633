"""Variables: what `${name}` becomes, and what becomes of everything that looks like one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync.manifests.document import read_documents
from dpsync.manifests.variables import Filling, escaped
from dpsync.model.place import Origin
from dpsync.model.variable import Variable, VariableValue

PLACE = Origin("dpsync.yaml", 7, 3)


def filling(**values: VariableValue) -> Filling:
    return Filling("dev", {name: Variable(value, PLACE) for name, value in values.items()})


def filled(text: str, variables: Filling) -> Any:
    (document,), problems = read_documents(text.encode())
    assert not problems
    return variables.filled(document, "a.yaml").root


def written(text: str, **values: VariableValue) -> Any:
    variables = filling(**values)
    root = filled(text, variables)
    assert variables.findings == []
    return root


@pytest.mark.parametrize("value", ["sales", "", "${x}", 3, 2.5, True, False, None])
def test_a_value_that_is_exactly_one_variable_keeps_its_type(value: VariableValue) -> None:
    (found,) = written("- ${x}", x=value)
    assert found == value
    assert type(found) is type(value)


def test_inside_a_text_a_variable_is_text() -> None:
    text = "a: ${n} of ${b}, ${f}, ${s}\nb: '${s}${s}'"
    assert written(text, n=3, b=True, f=0.5, s="x") == {"a": "3 of true, 0.5, x", "b": "xx"}


def test_two_variables_make_a_text_even_where_one_is_empty() -> None:
    assert written("a: ${e}${n}", e="", n=3) == {"a": "3"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$${x}", "${x}"),
        ("$$${x}", "$${x}"),
        ("costs $5 {net}", "costs $5 {net}"),
        ("$", "$"),
        ("a$${", "a${"),
    ],
)
def test_an_escape_is_the_sign_itself(text: str, meant: str) -> None:
    assert written(f"a: '{text}'", x="no") == {"a": meant}


def test_what_a_variable_holds_is_not_looked_at_again() -> None:
    assert written("a: ${x} and ${x}", x="${y}") == {"a": "${y} and ${y}"}


def test_keys_and_comments_hold_no_variables() -> None:
    assert written("${x}: 1 # ${y}", x="no") == {"${x}": 1}


def test_every_place_stays_where_it_was() -> None:
    (document,), _ = read_documents(b"a:\n  - b: ${x}\n    c: 2\n")
    new = filling(x="longer than before").filled(document, "a.yaml")
    for path in (("a",), ("a", 0), ("a", 0, "b"), ("a", 0, "c")):
        assert new.at(path) == document.at(path)
        assert new.key_at(path) == document.key_at(path)


def test_a_document_without_variables_is_the_same_one() -> None:
    (document,), _ = read_documents(b"a: [1, {b: c}]")
    assert filling(x="y").filled(document, "a.yaml") is document


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: ${y}", "undefined-variable", (1, 4)),
        ("a:\n- b: x ${y} ${y}", "undefined-variable", (2, 6)),
        ("a: ${x y}", "not-a-variable", (1, 4)),
        ("a: ${ x }", "not-a-variable", (1, 4)),
        ("a: ${}", "not-a-variable", (1, 4)),
        ("a: ${x", "not-a-variable", (1, 4)),
        ("a: ${x.y}", "not-a-variable", (1, 4)),
        ("a: is ${none}", "not-a-variable", (1, 4)),
        ("kind: ${x}", "not-a-variable", (1, 7)),
        ("metadata: {name: '${x}'}", "not-a-variable", (1, 18)),
    ],
)
def test_what_has_no_value_is_told_at_its_place(text: str, rule: str, place: tuple[int, int]) -> None:
    variables = filling(x="z", none=None)
    filled(text, variables)
    assert {(one.rule, one.origin) for one in variables.findings} == {(rule, Origin("a.yaml", *place))}
    assert variables.unfilled == {Origin("a.yaml", *place)}


def test_only_a_variable_of_the_environments_own_is_missed_where_nothing_names_it() -> None:
    variables: Mapping[str, Variable] = {
        "used": Variable(1, PLACE),
        "here": Variable(1, PLACE),
        "all": Variable(1, PLACE, everywhere=True),
    }
    one = Filling("dev", variables)
    filled("a: ${used}", one)
    assert [finding.message for finding in one.unused()] == [
        "No manifest or patch of dev names the variable here."
    ]


@given(st.text("${}x ", max_size=12))
def test_a_text_that_is_escaped_means_itself(text: str) -> None:
    variables = filling(x="never")
    (document,), _ = read_documents(b"- x")
    assert variables._text(escaped(text), ("a",), PLACE) == text if "${" in text else escaped(text) == text
    assert not variables.findings
    assert document.root == ["x"]

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dpsync.kinds import KINDS
from dpsync.manifests.document import read_documents
from dpsync.model.fields import Clearable
from dpsync.model.finding import Finding
from dpsync.model.reference import Address
from dpsync.model.validation import closest, findings_of, path_text, shown, validated


class _Base(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Cat(_Base):
    kind: Literal["cat", "kitten"]
    lives: Annotated[int, Field(ge=1, le=9)] = 9
    notes: dict[str, Any] = {}


class Dog(_Base):
    kind: Literal["dog"]
    tricks: tuple[Annotated[str, Field(pattern=r"^[a-z]+$", description="One word.")], ...] = ()
    friend: Annotated[Cat | None, Clearable()] = None


class Home(_Base):
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()
    by_name: dict[str, Annotated[Cat | Dog, Field(discriminator="kind")]] = {}
    street: Annotated[str | None, Field(min_length=1)] = None


def told(text: str) -> list[str]:
    documents, problems = read_documents(text.encode())
    assert problems == ()
    found = validated(Home, documents[0].root, documents[0], "h.yaml")[1]
    return [f"{finding.origin} {finding.rule}: {finding.message} → {finding.remedy}" for finding in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "pets:\n- {kind: dog, trick: []}\n- {kind: kitten, live: 3}\n",
            [
                "h.yaml:2:15 unknown-field: `trick` is not a field of pets[0]. → Did you mean `tricks`?",
                "h.yaml:3:18 unknown-field: `live` is not a field of pets[1]. → Did you mean `lives`?",
            ],
        ),
        (
            "by_name: {dog: {kind: dog, friend: {kind: cat, lifes: 1}}, rex: {kind: dgo}}",
            [
                "h.yaml:1:48 unknown-field: `lifes` is not a field of by_name.dog.friend. → Did you mean `lives`?",
                "h.yaml:1:72 not-allowed: by_name.rex.kind cannot be 'dgo'. → Did you mean `dog`? Write one of: cat, kitten, dog.",
            ],
        ),
        (
            "pets: [{kind: cat, lives: 10}, {kind: dog, tricks: [Sit, 3, null]}]",
            [
                "h.yaml:1:27 invalid-value: pets[0].lives cannot be 10. → Write a number that is at least 1 and at most 9.",
                "h.yaml:1:53 invalid-value: pets[1].tricks[0] cannot be 'Sit'. → It has to match ^[a-z]+$.",
                'h.yaml:1:58 wrong-type: pets[1].tricks[1] has to be a text, not 3. → Put it in quotes: "3".',
                "h.yaml:1:61 not-null: pets[1].tricks[2] cannot be null. → Write a value after the `-`, or remove the line.",
            ],
        ),
        (
            "pets: [{kind: dog, friend: null}, {kind: cat, notes: {any: null}}]\nstreet: null\nby_name: {a: null}\n",
            [
                "h.yaml:2:9 not-null: street cannot be null. → Write a value, or leave the line out.",
                "h.yaml:3:14 not-null: by_name.a cannot be null. → Write a value, or leave the line out.",
            ],
        ),
        ("street: ''", ["h.yaml:1:9 invalid-value: street cannot be empty. → Write a text."]),
        ("{}", []),
    ],
)
def test_the_tags_of_unions_do_not_lead_astray(text: str, expected: list[str]) -> None:
    assert told(text) == expected


def test_findings_of_an_error_stand_below_their_prefix() -> None:
    (document,), _ = read_documents(b"outer:\n  street: 7\n")
    with pytest.raises(ValidationError) as caught:
        Home.model_validate(document.root["outer"])  # type: ignore[index, call-overload]
    (finding,) = findings_of(caught.value, document, "h.yaml", model=Home, prefix=("outer",))
    assert str(finding.origin) == "h.yaml:2:11"
    assert finding.message.startswith("outer.street has to be a text")


def test_a_finding_carries_the_address_that_it_is_given() -> None:
    (document,), _ = read_documents(b"naem: x\n")
    kind = KINDS["DataProduct"]
    address = Address(kind.name, "a")
    made, findings = validated(kind.spec, document.root, document, "p.yaml", address=address)
    assert made is None
    assert findings
    assert all(isinstance(finding, Finding) and finding.address == address for finding in findings)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("a\x1b[0m", r"'a\x1b[0m'"),
        ({}, "an empty mapping"),
        ([1], "a list"),
        ("x" * 500, "'" + "x" * 59 + "…'"),
    ],
)
def test_a_value_is_shown_in_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("word", "meant"),
    [("request_form", "requestForm"), ("REQUESTFORM", "requestForm"), ("nmae", "name"), ("zzz", None)],
)
def test_the_closest_word_ignores_case_and_underscores(word: str, meant: str | None) -> None:
    assert closest(word, ["name", "requestForm"]) == meant


def test_a_path_reads_as_it_is_written() -> None:
    assert path_text(("spec", "stages", 0, "any")) == "spec.stages[0].any"

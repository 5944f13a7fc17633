import json
import math
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from dpsync.manifests import document
from dpsync.manifests.document import MOST_BYTES, MOST_PROBLEMS, Problem, YamlList, YamlMap, read_documents

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(scope="module", autouse=True, params=LOADERS, ids=lambda loader: loader.__name__)
def _each_loader(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_LOADER", request.param)
        yield


def root_of(text: str) -> Any:
    documents, problems = read_documents(text.encode())
    assert problems == ()
    (only,) = documents
    return only.root


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    return read_documents(text if isinstance(text, bytes) else text.encode())[1]


def only_problem(text: str | bytes) -> Problem:
    (problem,) = problems_of(text)
    return problem


# -------------------------------------------------------------------------------------------- scalars


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-7", -7),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("6.02E-2", 0.0602),
    ],
)
def test_a_plain_word_that_is_listed_is_not_text(word: str, value: object) -> None:
    read = root_of(f"a: {word}\n")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "word",
    [
        *("yes", "no", "on", "off", "Yes", "NO", "y", "n", "tRUE", "nulL"),
        *("014", "-014", "00", "01.5", "0x1F", "0o17", "0b1", "1_000", "12:30:45", "190:20"),
        *(".inf", "-.inf", ".nan", "inf", "nan", "2024-01-01", "2024-01-01T10:00:00Z", "1.2.3", "1e", "e3"),
        *("+", "-x", ".", "..", "=", "<<x", "/etc", "١٢", "a~", "v1"),
    ],
)
def test_every_other_plain_word_is_text(word: str) -> None:
    assert root_of(f"a: {word}\n") == {"a": word}


@pytest.mark.parametrize("word", ["null", "~", "", "true", "1", "1.5", "<<", "no", "014"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_words_are_text_as_values_and_as_keys(word: str, quote: str) -> None:
    quoted = f"{quote}{word}{quote}"
    assert root_of(f"{quoted}: {quoted}\n") == {word: word}


def test_blocks_of_text_are_text() -> None:
    assert root_of("a: |\n  1\nb: >-\n  true\n  x\n") == {"a": "1\n", "b": "true x"}


@pytest.mark.parametrize("word", ["1" * 641, "-" + "9" * 5_000, "1e999", "-1e400"])
def test_a_number_too_large_to_hold_is_a_problem(word: str) -> None:
    problem = only_problem(f"a: {word}")
    assert (problem.line, problem.column) == (1, 4)
    assert "too large" in problem.message
    assert len(problem.message) < 80


# ------------------------------------------------------------------------------ documents and places


ESTATE = """\
# a comment
kind: DataProduct
metadata: {name: na-sales}
spec:
  sources:
    - orders
    - table: ITEMS
  description:
"""


def test_every_value_knows_its_place() -> None:
    ((product,), _) = read_documents(ESTATE.encode())
    assert (product.line, product.column, product.index) == (2, 1, 0)
    assert product.at([]) == (2, 1)
    assert product.at(["kind"]) == (2, 7)
    assert product.at(["metadata"]) == (3, 11)
    assert product.at(["metadata", "name"]) == (3, 18)
    assert product.at(["spec", "sources"]) == (6, 5)
    assert product.at(["spec", "sources", 0]) == (6, 7)
    assert product.at(["spec", "sources", 1, "table"]) == (7, 14)


def test_an_empty_value_stands_beside_its_key() -> None:
    ((product,), _) = read_documents(ESTATE.encode())
    assert product.at(["spec", "description"]) == (8, 15)


def test_every_key_knows_its_place() -> None:
    ((product,), _) = read_documents(ESTATE.encode())
    assert product.key_at(["spec"]) == (4, 1)
    assert product.key_at(["metadata", "name"]) == (3, 12)
    assert product.key_at(["spec", "sources", 1, "table"]) == (7, 7)
    assert product.key_at(["spec", "sources", 1]) == (7, 7)
    assert product.key_at([]) == (2, 1)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (["nothing"], (2, 1)),
        ([0], (2, 1)),
        (["kind", "deeper", 3], (2, 7)),
        (["spec", "owner", "name"], (5, 3)),
        (["spec", "sources", 2], (6, 5)),
        (["spec", "sources", -1], (6, 5)),
        (["spec", "sources", "x"], (6, 5)),
        (["spec", "sources", 1, "schema"], (7, 7)),
    ],
)
def test_a_path_that_leaves_the_tree_is_at_its_deepest_ancestor(
    path: list[str | int], place: tuple[int, int]
) -> None:
    ((product,), _) = read_documents(ESTATE.encode())
    assert product.at(path) == place
    assert product.key_at(path) == place


def test_a_scalar_document_has_a_place_too() -> None:
    ((only,), _) = read_documents(b"---\n\n  hello\n")
    assert only.root == "hello"
    assert only.at(["x"]) == only.key_at(["x"]) == (3, 3)


def test_a_file_holds_several_documents() -> None:
    documents, problems = read_documents(b"a: 1\n---\n# c\nb: 2\n---\n- 3\n")
    assert problems == ()
    assert [(d.root, d.line, d.index) for d in documents] == [({"a": 1}, 1, 0), ({"b": 2}, 4, 1), ([3], 6, 2)]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff", "null"])
def test_an_empty_file_is_one_document_that_is_null(text: str) -> None:
    ((only,), problems) = read_documents(text.encode())
    assert (only.root, only.line, only.index) == (None, 1, 0)
    assert problems == ()


def test_an_empty_document_between_others_is_null_and_stands_at_its_marker() -> None:
    documents, _ = read_documents(b"a: 1\n---\n# nothing\n---\nb: 2\n")
    assert [(d.root, d.line) for d in documents] == [({"a": 1}, 1), (None, 2), ({"b": 2}, 5)]


def test_a_utf8_byte_order_mark_moves_no_place() -> None:
    ((only,), problems) = read_documents(b"\xef\xbb\xbfa: 1\n")
    assert problems == ()
    assert only.root == {"a": 1}
    assert only.key_at(["a"]) == (1, 1)


def test_equal_texts_of_keys_are_one_object_in_memory() -> None:
    first, second = root_of("- {metadata: 1}\n- {metadata: 2}\n")
    assert next(iter(first)) is next(iter(second))


# --------------------------------------------------------------------------------- structural problems


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ("a: 1\nb: 2\na: 3", (3, 1), "the key 'a' stands twice in one mapping: here and at 1:1", "keep one"),
        ("{x: {b: 1, 'b': 2}}", (1, 12), "here and at 1:6", "keep one"),
        ("a:\n  1: x", (2, 3), "the key 1 is not text", 'write it in quotes: "1"'),
        ("null: x", (1, 1), "the key null is not text", 'quotes: "null"'),
        ("~: x", (1, 1), "the key ~ is not text", "quotes"),
        ("True: x", (1, 1), "the key True is not text", "quotes"),
        ("1.5: x", (1, 1), "the key 1.5 is not text", "quotes"),
        (": x", (1, 1), "a key is empty", "before the `:`"),
        ("{: x}", (1, 2), "a key is empty", "before the `:`"),
        ("?\n: x", (1, 2), "a key is empty", "before the `:`"),
        ("1" * 60 + ": x", (1, 1), "the key 1111", "write it in quotes"),
        ("? {a: b}\n: c", (1, 3), "a mapping or a list stands where a key is expected", "quoted"),
        ("[a]: b", (1, 1), "a mapping or a list stands where a key is expected", "quoted"),
        ("a: {{x}}", (1, 5), "a mapping or a list stands where a key is expected", "quoted"),
        ("a: &x {b: 1}\nc:\n  <<: *x", (3, 3), "'<<' (a merge key)", "write the fields out"),
        ("<<: {b: 1}", (1, 1), "'<<' (a merge key)", "write the fields out"),
        ("a: &x 1\nb: *x", (2, 4), "the alias '*x' is not supported", "write the value out"),
        ("a: *unknown", (1, 4), "the alias '*unknown'", "`*` must be quoted"),
        ("- &x 1\n- *x", (2, 3), "the alias '*x'", "write the value out"),
        ("&x a: 1\n*x : 2", (2, 1), "the alias '*x'", "write the value out"),
        ("*x", (1, 1), "the alias '*x'", "write the value out"),
        ("a: !foo b", (1, 4), "the tag '!foo' is not supported", "remove the tag"),
        ("a: !!str 1", (1, 4), "the tag '!!str' is not supported", "remove the tag"),
        ("a: ! b", (1, 4), "the tag '!' is not supported", "must be quoted"),
        ("!!map {}", (1, 1), "the tag '!!map'", "remove the tag"),
        ("!x a: 1", (1, 1), "the tag '!x'", "remove the tag"),
        ("- !!python/object/apply:os.system [x]", (1, 3), "the tag '!!python/object/apply:os.system'", "tag"),
    ],
)
def test_structure_that_manifests_do_not_have_is_a_problem_with_a_way_out(
    text: str, place: tuple[int, int], message: str, remedy: str
) -> None:
    problem = only_problem(text)
    assert (problem.line, problem.column) == place
    assert message in problem.message
    assert remedy in problem.remedy


def test_an_anchor_without_an_alias_is_harmless() -> None:
    assert root_of("a: &x 1\nb: &y {c: &z d}\n&k e: &l [1]\n") == {"a": 1, "b": {"c": "d"}, "e": [1]}


def test_all_structural_problems_of_a_file_are_collected() -> None:
    found = problems_of("a: 1\na: 2\n2: x\n? [k, !t v]\n: *y\n---\n- *z\n- {b: !u 1, b: 2}\n")
    assert [(p.line, p.column) for p in found] == [
        *((2, 1), (3, 1), (4, 3), (4, 7), (5, 3)),
        *((7, 3), (8, 4 + 3), (8, 13)),
    ]


def test_a_document_with_problems_keeps_what_was_not_refused() -> None:
    documents, problems = read_documents(
        b"a: 1\na: {x: [1]}\n3: {y: 2}\nb: *x\n? [q]\n: r\nc: [*x, 4]\nd: !t 5\n"
    )
    assert len(problems) == 6
    (only,) = documents
    assert only.root == {"a": 1, "c": [4], "d": 5}
    assert only.at(["a"]) == (1, 4)
    assert only.at(["c", 0]) == (7, 9)
    assert only.key_at(["b"]) == (4, 1)
    assert only.at(["b"]) == (1, 1)


def test_a_bomb_of_aliases_never_expands() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40))]
    documents, problems = read_documents("\n".join(lines).encode())
    assert len(problems) == 39 * 2
    assert documents[0].root["a39"] == []  # type: ignore[call-overload,index]


def test_a_file_of_nothing_but_problems_is_not_read_to_its_end() -> None:
    found = problems_of("- *x\n" * 100_000)
    assert len(found) == MOST_PROBLEMS
    assert "not read further" in found[-1].message


# ---------------------------------------------------------------------------------------------- depth


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_sixty_four_levels_are_read_and_sixty_five_are_not(opening: str, closing: str) -> None:
    assert problems_of(opening * 64 + closing * 64) == ()
    problem = only_problem(opening * 65 + closing * 65)
    assert "more than 64 deep" in problem.message
    assert (problem.line, problem.column) == (1, 64 * len(opening) + 1)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "[{a: ", "[\n"])
def test_fifty_thousand_levels_neither_crash_nor_recurse(piece: str) -> None:
    assert "more than 64 deep" in problems_of(piece * 50_000)[-1].message


# ---------------------------------------------------------------------------------------------- bytes


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = only_problem(b"#" * (MOST_BYTES + 1))
    assert problem.message == "the file has 5,242,881 bytes; at most 5,242,880 are read"
    monkeypatch.setattr(document, "MOST_BYTES", 10)
    assert problems_of("#" * 10) == ()
    assert "at most 10" in only_problem("#" * 11).message


@pytest.mark.parametrize(
    ("data", "place", "byte"),
    [
        (b"\xff", (1, 1), "0xFF"),
        (b"a: b\nc: \xc3\xa4\xe4x", (2, 5), "0xE4"),
        (b"\xef\xbb\xbfa: \xff", (1, 4), "0xFF"),
        (b"a\r\nb\rc\n\xed\xa0\x80", (4, 1), "0xED"),
        (b"a: \xe2\x82", (1, 4), "0xE2"),
    ],
)
def test_bytes_that_are_not_utf8_are_a_problem_at_the_first_of_them(
    data: bytes, place: tuple[int, int], byte: str
) -> None:
    problem = only_problem(data)
    assert (problem.line, problem.column) == place
    assert problem.message == f"the byte {byte} is not UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_other_unicode_encodings_are_refused(encoding: str) -> None:
    problem = only_problem("a: b\n".encode(encoding))
    assert "UTF-8" in problem.remedy


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("a: x\x00y", (1, 5), "U+0000"),
        ("a: b\nc: \x1b[31m", (2, 4), "U+001B"),
        ("a: x\x7f", (1, 5), "U+007F"),
        ("# \ufffe", (1, 3), "U+FFFE"),
        ("a: b\n# \u2028", (2, 3), "U+2028"),
        ("a: \x85", (1, 4), "U+0085"),
        ("a: b\n---\n\ufeffc: d", (3, 1), "U+FEFF"),
        ("\ufeff\ufeffa: b", (1, 1), "U+FEFF"),
    ],
)
def test_characters_that_nobody_sees_are_a_problem(text: str, place: tuple[int, int], name: str) -> None:
    problem = only_problem(text)
    assert (problem.line, problem.column) == place
    assert name in problem.message
    assert (problem.message + problem.remedy).isprintable()


def test_the_same_characters_may_be_written_as_escapes() -> None:
    assert root_of(r'"\x1b\u2028\ufeff\0\U0001F600"') == "\x1b\u2028\ufeff\0😀"


def test_a_message_shortens_and_escapes_what_it_quotes() -> None:
    problem = only_problem('"\\e[31m\\u202e": 1\n"\\e[31m\\u202e": 2\n')
    assert "'\\x1b[31m\\u202e'" in problem.message
    problem = only_problem(f"{'k' * 99}: 1\n{'k' * 99}: 2\n")
    assert f"'{'k' * 39}…'" in problem.message


# --------------------------------------------------------------------------------------------- syntax


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ("a:\n\t- b", (2, 1), "a tab cannot indent YAML", "use spaces"),
        ("a:\n  b: 1\n\tc: 2", (3, 1), "a tab cannot indent YAML", "use spaces"),
        ("\ta: b", (1, 1), "a tab cannot indent YAML", "use spaces"),
        ("a: 1\nb: 'x\nc: 2\n", (2, 4), "a quote is opened here and never closed", "close it"),
        ('a: 1\nb: "x\n---\nc: 2\n', (2, 4), "a quote is opened here and never closed", "close it"),
        ("a: b: c", (1, 5), "a second `: ` stands in one line", "a value with `: ` in it must be quoted"),
        ("a: 1\n  b: 2", (2, 4), "the key 'b' cannot stand here", "align it with the keys"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the list opened here is not closed", "`]`"),
        ("a: {b: 1\nc: 2]\n", (1, 4), "the mapping opened here is not closed", "`}`"),
        ("a: @x", (1, 4), "'@' cannot start a value", "text that starts with `@` must be quoted"),
        ("a: `x`", (1, 4), "'`' cannot start a value", "must be quoted"),
        ("a: %x", (1, 4), "'%' cannot start a value", "must be quoted"),
        ("a: *", (1, 4), "'*' starts an alias", "text that starts with `*` must be quoted"),
        ("a: & b", (1, 4), "'&' starts an anchor", "must be quoted"),
        ("a: !z!b c", (1, 4), "'!' starts a tag", "must be quoted"),
        ("a: !<x", (1, 4), "'!' starts a tag", "must be quoted"),
        (r'a: "C:\data"', (1, None), "a backslash in double quotes", "write \\\\ for a backslash"),
        (r'a: "\x4"', (1, None), "lacks digits", "write \\\\ for a backslash"),
        (r'a: "\ud83d\ude00"', (1, None), "half of a surrogate pair", "write the character itself"),
        (
            'a: 1\nb\nc: 2\nd: "x"\n',
            (2, 1),
            "neither `key: value` nor an item",
            "write `: ` (with the space)",
        ),
        ("a: b\n- c", (2, 1), "an item of a list stands where a key is expected", "align it"),
        ('a: "b" c', (1, 8), "something follows the closing quote", "quote the whole value"),
        ("a:\n    b: 1\n  c: 2", (3, 3), "the indentation of this line fits no line above", "indent it"),
        ("- a\nb: c", (2, 1), "this line does not fit the list", "start every item with `- `"),
        ("a: - b", (1, 4), "an item of a list cannot start here", "on a line of its own"),
        ("a: }", (1, 4), "'}' stands where a value is expected", "must be quoted"),
        ("a: >x", (1, None), "a block of text", "start the text on the next line"),
        ("a: 1\n...\nb: 2", (3, 1), "there is more after the end of the document", "`---`"),
        ("%YAML 9.1\n---\na", (1, 1), "this %YAML line", "remove the line"),
    ],
)
def test_a_syntax_error_is_told_in_our_words_with_a_way_out(
    text: str, place: tuple[int, int | None], message: str, remedy: str
) -> None:
    problem = only_problem(text)
    assert problem.line == place[0]
    assert place[1] in {None, problem.column}
    assert message in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize("text", ["[", "a: [", "a: {b: [", "a: 1\nb: {"])
def test_a_file_that_ends_inside_brackets_says_so(text: str) -> None:
    problem = only_problem(text)
    assert "close" in problem.message + problem.remedy


def test_documents_before_a_syntax_error_are_read_and_their_problems_kept() -> None:
    documents, problems = read_documents(b"a: 1\na: 2\n---\nb: [}\n---\nc: 1\n")
    assert [d.root for d in documents] == [{"a": 1}]
    assert [(p.line, p.column) for p in problems] == [(2, 1), (4, 5)]


@pytest.mark.parametrize("text", ["!%FF a", "a: !%ED%A0%80 b", r'"\U99999999"', "%YAML 1." + "9" * 5_000])
def test_escapes_and_numbers_that_python_cannot_hold_are_problems_too(text: str) -> None:
    assert only_problem(text).line == 1


# -------------------------------------------------------------------------------------------- models


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    labels: dict[str, str] = {}


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    metadata: Metadata
    sources: tuple[str | Metadata, ...]
    more: list[dict[str, int]]


def test_pydantic_validates_a_model_from_what_was_read() -> None:
    root = root_of("metadata: {name: x, labels: {a: b}}\nsources: [orders, {name: y}]\nmore: [{n: 1}]\n")
    assert isinstance(root, YamlMap)
    assert isinstance(root["sources"], YamlList)
    manifest = Manifest.model_validate(root)
    assert manifest == Manifest(
        metadata=Metadata(name="x", labels={"a": "b"}),
        sources=("orders", Metadata(name="y")),
        more=[{"n": 1}],
    )
    assert type(manifest.metadata.labels) is dict


# ---------------------------------------------------------------------------------------------- laws

# PyYAML's dumper writes `1e3` for the text "1e3": to YAML 1.1 that is none of its numbers, to 1.2 it is.
EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
# Left out: what json.dumps writes as it is and YAML forbids (DEL), or escapes as two halves (beyond the BMP).
ALL_BUT = st.characters(max_codepoint=0xFFFD, exclude_categories=["Cs"], exclude_characters="\x7f")
TEXT = st.text(ALL_BUT, max_size=30).filter(lambda text: not EXPONENT.fullmatch(text))
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(
        ["yes", "no", "014", "null", "~", "<<", "0x1f", "1:30", "2024-01-01", "- a", "a: b", "#"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


# Raw, these are refused; PyYAML's dumper writes them raw where it may write Unicode.
SEEN = st.recursive(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30).filter(
        lambda text: not EXPONENT.fullmatch(text)
    ),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


def same(one: object, other: object) -> bool:
    """Equality that tells 1 from True and from 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=0)
    return type(one) is type(other) and one == other


@settings(deadline=None, max_examples=100)
@given(DATA)
def test_what_a_dumper_writes_reads_back_equal(data: Any) -> None:
    for text in (
        yaml.safe_dump(data, sort_keys=False),
        yaml.safe_dump(data, sort_keys=False, default_flow_style=True),
        json.dumps(data),
        json.dumps(data, indent=2),
    ):
        documents, problems = read_documents(text.encode())
        assert problems == ()
        assert len(documents) == 1
        assert same(documents[0].root, data)


@settings(deadline=None, max_examples=100)
@given(SEEN)
def test_text_of_any_script_reads_back_equal(data: Any) -> None:
    for text in (yaml.safe_dump(data, allow_unicode=True), json.dumps(data, ensure_ascii=False)):
        if "\ufeff" not in text:
            assert same(root_of(text), data)


YAMLISH = st.lists(
    st.sampled_from([*"ab019-+.:,?*&!|>%@`'\"#[]{}~ \t\r\n\\", ": ", "- ", "\n  ", "\n- ", "---\n", "...\n"])
    | st.sampled_from(
        ["<<: ", "*a", "&a ", "!!str ", "!t ", "!%FF", "\\ud83d", "\\x1", "%YAML 1.1\n", "%TAG ! !\n"]
    )
    | st.characters(exclude_categories=["Cs"]),
    max_size=40,
).map(lambda pieces: "".join(pieces).encode())


@settings(deadline=None, max_examples=400)
@given(st.binary(max_size=80) | YAMLISH)
def test_no_bytes_raise_and_every_place_is_in_the_file(data: bytes) -> None:
    documents, problems = read_documents(data)
    assert documents or problems
    last = data.count(b"\n") + data.count(b"\r") + 2
    for problem in problems:
        assert 1 <= problem.line <= last
        assert 1 <= problem.column <= len(data) + 1
        assert (problem.message + problem.remedy).isprintable()
        assert problem.message
        assert problem.remedy
    for number, each in enumerate(documents):
        assert each.index == number
        assert 1 <= each.line <= last


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_no_damage_to_a_good_manifest_raises(chance: random.Random, blows: int) -> None:
    data = bytearray(ESTATE.encode())
    for _ in range(blows):
        data[chance.randrange(len(data))] = chance.randrange(256)
    documents, problems = read_documents(bytes(data))
    assert documents or problems

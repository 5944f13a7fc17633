"""What is written is read again as exactly what it was, by our reader and by another one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dpsync.manifests.document import read_documents
from dpsync.manifests.write import documents_text, flow

texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["no", "014", "1e5", "0x1F", "2024-01-01", "~", "null", "- a", "a: b", "a #b", "a\n", "a\nb", " a\nb", "a\n\n",
     "${x}", "*a", "&a", "!a", "%a", "@a", "'", '"', "a'b\"c", "\ttab", "a\tb", "\x85", "\ufeff", "a\r\nb", "12:30",
     "=", "<<", "a,b", "a, b", "a:", ":a", "key: |", "😀", "ünï", "a \nb", "a\n b\n", "\n", "YES", "Off", "1_000", "0o7"]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | numbers,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=12,
)


def again(text: str) -> list[Any]:
    documents, problems = read_documents(text.encode())
    assert not problems, (text, problems)
    return [document.root for document in documents]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(values)
def test_what_is_written_on_one_line_is_read_as_it_was(value: Any) -> None:
    text = f"a: {flow([value, {'b': value}])}\n"
    assert "\n" not in text[:-1]
    assert again(text) == [{"a": [value, {"b": value}]}]
    assert yaml.safe_load(text) == {"a": [value, {"b": value}]}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from("abc"), values, min_size=1), min_size=1, max_size=3))
def test_what_is_written_is_read_as_it_was(documents: list[dict[str, Any]]) -> None:
    text = documents_text(documents)
    assert again(text) == documents
    assert list(yaml.safe_load_all(text)) == documents


@pytest.mark.parametrize(
    "text", ["Sales", "ANALYTICS.SALES.ORDERS", "jane.doe@acme.example", "https://a.b/c", "a, b; c"]
)
def test_an_ordinary_text_needs_no_quotes(text: str) -> None:
    assert documents_text([{"a": text}]) == f"a: {text}\n"


def test_lists_and_mappings_stand_in_block_style() -> None:
    text = documents_text([{"a": [{"b": 1, "c": [{"d": {}}]}, [2, []], "x\ny\n"]}])
    assert text == ("a:\n  - b: 1\n    c:\n      - d: {}\n  - - 2\n    - []\n  - |\n    x\n    y\n")

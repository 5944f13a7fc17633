"""Values put into a text: the fewest lines change, comments stay, and what cannot be done is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync.manifests.document import read_documents
from dpsync.manifests.edit import NotEdited, edited, pinned
from dpsync.manifests.write import documents_text, tidy_text
from laws.budget import law

TEXT = """\
# The orders.
kind: DataProduct
metadata: {name: orders}  # the key
spec:
    description: >-
        All of
        them.
    sources:
    - one    # the first
    # Why there is a second one.
    - table: A.B.C
    name: 'Orders'
"""


def root_of(text: str) -> Any:
    return json.loads(json.dumps(read_documents(text.encode())[0][0].root))


def with_(text: str = TEXT, **spec: Any) -> str:
    """The text with these fields of the spec; None takes one away."""
    root = root_of(text)
    for name, value in spec.items():
        root["spec"][name] = value
        if value is None:
            del root["spec"][name]
    return edited(text.encode(), 0, root).decode()


def test_a_value_is_replaced_in_its_place() -> None:
    assert with_(name="All: of them") == TEXT.replace("'Orders'", '"All: of them"')


def test_a_folded_text_becomes_what_it_has_to_be() -> None:
    assert with_(description="None.") == TEXT.replace(">-\n        All of\n        them.", "None.")
    after = with_(description="Two\nlines")
    assert "    description: |-\n      Two\n      lines\n" in after


def test_a_new_field_stands_where_its_order_has_it() -> None:
    after = with_(lifecycle="active", domain={"name": "Sales"})
    assert "        them.\n    domain: {name: Sales}\n    sources:\n" in after
    assert "    - table: A.B.C\n    lifecycle: active\n" in after


def test_entries_of_a_list_come_and_go_and_the_others_stay() -> None:
    after = with_(sources=[{"table": "A.B.C"}, "three"])
    assert "# the first" not in after
    assert "    # Why there is a second one.\n    - table: A.B.C\n    - three\n" in after


def test_a_list_becomes_empty_only_if_no_comment_is_lost() -> None:
    with pytest.raises(NotEdited):
        with_(sources=[])
    assert "sources: []\n" in with_(
        with_(sources=["one"])
        .replace("    # Why there is a second one.\n", "")
        .replace("    # the first", ""),
        sources=[],
    )


def test_a_field_is_taken_away_with_its_line() -> None:
    assert with_(name=None) == TEXT.replace("    name: 'Orders'\n", "")


def test_line_endings_and_the_byte_order_mark_stay() -> None:
    windows = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    root = read_documents(windows)[0][0].root
    assert isinstance(root, dict)
    after = edited(windows, 0, {**root, "kind": "Domain"})
    assert after == windows.replace(b"DataProduct", b"Domain")


def test_an_id_is_pinned_beside_those_of_other_environments() -> None:
    first = pinned(TEXT.encode(), 0, "a-1", "dev", ("dev", "prod"))
    assert b"metadata: {name: orders, id: {dev: a-1}}  # the key" in first
    second = pinned(first, 0, "b-1", "prod", ("dev", "prod"))
    assert b"metadata: {name: orders, id: {dev: a-1, prod: b-1}}  # the key" in second
    alone = pinned(TEXT.encode(), 0, "a-1", "dev", ("dev",))
    assert root_of(pinned(alone, 0, "b-1", "prod", ("dev", "prod")).decode())["metadata"]["id"] == {
        "dev": "a-1",
        "prod": "b-1",
    }


def test_other_documents_of_the_file_are_not_touched() -> None:
    text = TEXT + "---\n" + TEXT
    root = root_of(TEXT)
    root["spec"]["name"] = "Second"
    assert edited(text.encode(), 1, root).decode() == TEXT + "---\n" + TEXT.replace("'Orders'", "Second")


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: [1, # one\n  2]\n", "- - 1\n  - 2\n"])
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    with pytest.raises(NotEdited):
        edited(text.encode(), 0, {"a": [3]})


VALUES = st.recursive(
    st.sampled_from(["x", "yes", "a: b", "Zeile\nzwei", "#", "", "1", 1, True, None, "Ä, b", "- c"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "name", "x: y"]), inner, max_size=3),
    ),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(
    st.sampled_from(["a", "b", "name", "kind", "x: y"]), VALUES, min_size=1, max_size=4
)


@law(2)
@given(MAPPINGS, MAPPINGS, st.booleans())
def test_what_is_edited_means_what_was_asked_for(
    old: dict[str, Any], new: dict[str, Any], tidy: bool
) -> None:
    """`edited` itself checks the meaning: here, that it hardly ever has to refuse what has no comments."""
    text = (tidy_text if tidy else documents_text)([old])
    after = edited(text.encode(), 0, new)
    assert root_of(after.decode()) == new

"""`fmt`: what it does to a file, told in examples, and what it never does, as laws over files that people might write."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from dpsync.manifests.document import read_documents
from dpsync.manifests.fmt import Formatted, formatted
from dpsync.manifests.fmt.tree import read_tree
from dpsync.settings import Workspace
from manifests.messy import files

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("DPSYNC_LAWS") == "long"


def meaning(content: bytes) -> list[str]:
    documents, problems = read_documents(content)
    assert not problems
    return [json.dumps(document.root, sort_keys=True) for document in documents]


def comments(content: bytes) -> Counter[str]:
    return Counter(read_tree(content.decode("utf-8-sig").replace("\r\n", "\n")).comments)


@settings(
    max_examples=5_000 if LONG else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(files())
def test_formatting_keeps_the_meaning_and_the_comments_and_is_done_in_one_go(content: bytes) -> None:
    assume(not read_documents(content)[1])
    done = formatted(content, Workspace)
    assert done.problems == ()
    assert meaning(done.content) == meaning(content)
    assert comments(done.content) == comments(content)
    again = formatted(done.content, Workspace)
    assert again.content.decode() == done.content.decode()


@pytest.mark.parametrize("sign", ["\\uFFFE", "\\x7f", "\\b", "\\u2028", "\\\\", '\\"', "\\U0001F600"])
def test_a_text_of_two_lines_in_braces_becomes_one_whatever_is_in_it(sign: str) -> None:
    content = f'apiVersion: dpsync/v1beta1\nkind: Domain\nspec: {{a: "x{sign}\n  y"}}\n'.encode()
    done = formatted(content, Workspace)
    assert done.problems == ()
    assert meaning(done.content) == meaning(content)
    assert done.content.count(b"\n") == 3


# What it does, in examples: before, and after.

CASES = {
    "fields come in the order of the page, and comments go with them": (
        """\
# About this file.

kind: DataProduct   # the kind
apiVersion: dpsync/v1beta1
spec:
    # what is in it
    sources:
    - orders     # the key
    # - returns
    - {table: A.B.C, }
    # no more
    lifecycle: active


    domain: 'sales'
    name: Orders
metadata: { name : orders }
""",
        """\
# About this file.

apiVersion: dpsync/v1beta1
kind: DataProduct   # the kind
metadata: {name: orders}
spec:
  name: Orders

  domain: "sales"
  # what is in it
  sources:
    - orders     # the key
    # - returns
    - {table: A.B.C}
  # no more
  lifecycle: active
""",
    ),
    "a comment at the end of a list stays in the list": (
        """\
apiVersion: dpsync/v1beta1
kind: DataProduct
spec:
  lifecycle: active
  sources:
    - orders
    # - returns
  name: Orders
  # the end of the spec
# the end of the file
""",
        """\
apiVersion: dpsync/v1beta1
kind: DataProduct
spec:
  name: Orders
  sources:
    - orders
    # - returns
  lifecycle: active
  # the end of the spec
# the end of the file
""",
    ),
    "a collection in brackets that is too long, or has a comment, is written out": (
        """\
apiVersion: dpsync/v1beta1
kind: DataProduct
spec:
  sources: [orders, # the first
    returns]
  requestForms: {dataAccess: a-form-with-a-very-long-key-indeed, maskingException: another-form-with-a-long-key}
""",
        """\
apiVersion: dpsync/v1beta1
kind: DataProduct
spec:
  sources:
    - orders        # the first
    - returns
  requestForms:
    dataAccess: a-form-with-a-very-long-key-indeed
    maskingException: another-form-with-a-long-key
""",
    ),
    "long texts keep their lines": (
        """\
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
spec:
    body: |   # literal
        First.
          Indented.

        Last.
    name: >-
      Folded
      text
    description: plain text
        over two lines
    other: "quoted text \\
       over two lines"
""",
        """\
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
spec:
  name: >-
    Folded
    text
  body: |     # literal
    First.
      Indented.

    Last.
  description: plain text
    over two lines
  other: "quoted text \\
    over two lines"
""",
    ),
    "a comment that goes on below stays in its column": (
        """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata:
    id: acme-7q2m9x4k      # part of every live id,
                           # so it never changes
    name: acme # short
""",
        """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata:
  name: acme   # short
  id: acme-7q2m9x4k        # part of every live id,
                           # so it never changes
""",
    ),
    "every document of a file, and the markers between them": (
        """\
---
# the first
kind: Domain
apiVersion: dpsync/v1beta1
...
# still the first
---   # the second
apiVersion: dpsync/v1beta1
kind: Domain

---
""",
        """\
# the first
apiVersion: dpsync/v1beta1
kind: Domain
# still the first
---
# the second
apiVersion: dpsync/v1beta1
kind: Domain
---
""",
    ),
    "a review flow, deeply nested": (
        """\
apiVersion: dpsync/v1beta1
kind: RequestForm
spec:
  reviewFlow:
    stages:
    - any:
      - {iam: okta, group: Stewards}
      -   # a person
        user: jane
    -
      # everybody
      all:
        - {value: Finance, attribute: Department}
    decision: review
  fields: [ ]
""",
        """\
apiVersion: dpsync/v1beta1
kind: RequestForm
spec:
  fields: []
  reviewFlow:
    decision: review
    stages:
      - any:
          - {group: Stewards, iam: okta}
          # a person
          - user: jane
      # everybody
      - all:
          - {attribute: Department, value: Finance}
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_written_in_the_one_style(name: str) -> None:
    before, after = CASES[name]
    done = formatted(before.encode(), Workspace)
    assert done.problems == ()
    assert done.content.decode() == after
    assert formatted(after.encode(), Workspace).content.decode() == after
    assert meaning(after.encode()) == meaning(before.encode())


def test_line_endings_stay_and_a_byte_order_mark_goes() -> None:
    text = "\ufeffapiVersion: dpsync/v1beta1\r\nkind: 'Domain'\r\n"
    assert formatted(text.encode(), Workspace).content == b'apiVersion: dpsync/v1beta1\r\nkind: "Domain"\r\n'


def test_a_file_that_is_not_of_dpsync_is_left() -> None:
    text = b"on: {push:   [main]}\napiVersion: apps/v1\n"
    assert formatted(text, Workspace) == Formatted(text, is_ours=False)


def test_what_is_not_yaml_or_has_a_directive_is_left_and_told() -> None:
    for text, told in (("a: [", "4:1"), ("a: *b\n", "3:4")):
        done = formatted(f"apiVersion: dpsync/v1beta1\nkind: Domain\n{text}".encode(), Workspace)
        assert [f"{one.line}:{one.column}" for one in done.problems] == [told]
    done = formatted(b"%YAML 1.2\n---\napiVersion: dpsync/v1beta1\n", Workspace)
    assert done.problems[0].message == "a directive (`%`) stands before the document"
    assert done.content.startswith(b"%YAML")


def test_every_example_is_formatted() -> None:
    files = sorted((ROOT / "examples").rglob("*.yaml"))
    assert [
        file.name for file in files if formatted(file.read_bytes(), Workspace).content != file.read_bytes()
    ] == []

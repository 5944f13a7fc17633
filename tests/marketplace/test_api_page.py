"""The page of the client is true: its examples run, in order, against a sandbox in this process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dpsync.marketplace import Client

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


def examples() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return ["\n" * text[: block.start(1)].count("\n") + block[1] for block in blocks]


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {"__name__": "example"}
    for example in examples():
        exec(compile(example, str(PAGE), "exec"), namespace)
    printed = capsys.readouterr().out
    assert "members, the first of them:" in printed
    assert "No data product that the token may see is called 'Nothing / Here'." in printed


def test_the_page_has_an_example_for_every_group() -> None:
    methods = set(re.findall(r"client\.(\w+)\(", "".join(examples())))
    assert methods <= set(dir(Client))
    for part in ("products", "access", "columns", "request_form", "agreement", "domains", "tags", "user"):
        assert any(part in method for method in methods), part

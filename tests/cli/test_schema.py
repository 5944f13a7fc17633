"""`dpsync schema`: of a whole file, of one kind, and of what is no kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from dpsync.kinds import KINDS


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no workspace here, nor in any folder above."""
    monkeypatch.chdir(tmp_path)


def answered(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(dpsync, ["schema", *arguments], prog_name="dpsync")
    return result.exit_code, result.stdout, result.stderr


def test_the_schema_of_a_file_has_every_kind_of_document() -> None:
    code, said, _ = answered()
    assert code == 0
    schema = json.loads(said)
    assert schema["properties"]["kind"]["enum"] == [*KINDS, "Workspace", "GuardrailException"]
    assert set(schema["properties"]["kind"]["enum"]) <= set(schema["$defs"])


@pytest.mark.parametrize("kind", [*KINDS, "Workspace", "GuardrailException"])
def test_the_schema_of_a_kind_leads_nowhere_else(kind: str) -> None:
    code, said, _ = answered(kind)
    schema = json.loads(said)
    assert code == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["kind"]["const"] == kind
    references = {part.split('"')[0] for part in said.split('"#/$defs/')[1:]}
    assert references == set(schema["$defs"])


def test_a_misspelled_kind_names_the_closest() -> None:
    code, said, complained = answered("DataProducts")
    assert (code, said) == (1, "")
    assert "There is no kind 'DataProducts'." in complained
    assert "Did you mean 'DataProduct'?" in complained


def test_a_kind_may_be_typed_in_any_case() -> None:
    assert answered("dataproduct") == answered("DataProduct")

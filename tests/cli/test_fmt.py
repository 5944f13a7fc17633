"""`dpsync fmt`: the workspace, named files, stdin, and what it says to a pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from telling import WORKSPACE, forget_the_surroundings

MESSY = (
    "kind: Domain\napiVersion: dpsync/v1beta1\nmetadata: {name: sales}   # the key\nspec: {name: 'Sales'}\n"
)
NEAT = (
    'apiVersion: dpsync/v1beta1\nkind: Domain\nmetadata: {name: sales}   # the key\nspec: {name: "Sales"}\n'
)


def answered(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(dpsync, ["fmt", *arguments], prog_name="dpsync", input=given)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_surroundings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE)
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "sales.yaml").write_text(MESSY)
    (tmp_path / "products" / "terms.yaml").write_text("apiVersion: dpsync/v1beta1\nkind: DataUseAgreement\n")
    return tmp_path


def test_the_whole_workspace_is_formatted_and_then_there_is_nothing_to_do(workspace: Path) -> None:
    (workspace / "exceptions").mkdir()
    (workspace / "exceptions" / "one.yaml").write_text(MESSY)
    code, said, told = answered()
    assert (code, said) == (0, "Formatted products/sales.yaml\nFormatted exceptions/one.yaml\n")
    assert told == "2 of 4 files formatted.\n"
    assert (workspace / "products" / "sales.yaml").read_text() == NEAT
    assert answered("--check") == (0, "", "4 files, all formatted.\n")


def test_a_pipeline_is_told_and_nothing_is_written(workspace: Path) -> None:
    assert answered("--check") == (1, "Would format products/sales.yaml\n", "1 of 3 files to be formatted.\n")
    assert (workspace / "products" / "sales.yaml").read_text() == MESSY


def test_a_diff_shows_what_would_change(workspace: Path) -> None:
    code, said, told = answered("--diff")
    assert code == 0
    assert said.splitlines()[:2] == ["--- products/sales.yaml", "+++ products/sales.yaml"]
    assert "-spec: {name: 'Sales'}\n" in said
    assert '+spec: {name: "Sales"}\n' in said
    assert told == "Would format products/sales.yaml\n1 of 3 files to be formatted.\n"
    assert answered("--diff", "--check")[0] == 1
    assert (workspace / "products" / "sales.yaml").read_text() == MESSY


def test_files_that_are_named_need_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "some" / "where"
    folder.mkdir(parents=True)
    (folder / "sales.yml").write_text(MESSY)
    (folder / "workflow.yaml").write_text("on: {push:   [main]}\n")
    assert answered("some") == (0, "Formatted some/where/sales.yml\n", "1 of 1 file formatted.\n")
    assert (folder / "workflow.yaml").read_text() == "on: {push:   [main]}\n"
    code, _said, told = answered("nowhere.yaml")
    assert code == 1
    assert "There is no nowhere.yaml." in told


def test_stdin_goes_to_stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert answered("-", given=MESSY) == (0, NEAT, "")
    assert answered("-", "--check", given=MESSY) == (1, "", "")
    code, said, told = answered("-", given="kind: [\n")
    assert (code, said) == (1, "")
    assert "<stdin>:2:1" in told


def test_a_file_that_is_not_yaml_is_told_and_the_others_are_formatted(workspace: Path) -> None:
    (workspace / "products" / "terms.yaml").write_text("apiVersion: dpsync/v1beta1\nkind: *alias\n")
    code, said, told = answered()
    assert code == 1
    assert said == "Formatted products/sales.yaml\n"
    assert "products/terms.yaml:2:7" in told


def test_a_link_in_a_folder_that_is_named_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outside.yaml").write_text(MESSY)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert answered("inside") == (0, "", "0 files, all formatted.\n")
    assert (tmp_path / "outside.yaml").read_text() == MESSY


def test_formatting_keeps_the_rights_and_the_line_endings_of_a_file(workspace: Path) -> None:
    file = workspace / "products" / "sales.yaml"
    file.write_bytes(MESSY.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    assert answered()[0] == 0
    assert file.read_bytes() == NEAT.replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o777 == 0o640


def test_the_name_of_a_file_steers_no_terminal(workspace: Path) -> None:
    (workspace / "products" / "sales.yaml").rename(workspace / "products" / "a\x1b]0;b.yaml")
    code, said, _told = answered("--check")
    assert (code, said) == (1, "Would format products/a\\x1b]0;b.yaml\n")

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
    code, said, told = answered("-", given=f"{MESSY}---\nkind: [\n")
    assert (code, said) == (1, "")
    assert "<stdin>:7:1" in told
    assert answered("-", given="kind: [\n") == (0, "kind: [\n", "")


NOT_OURS = {
    "tag": "Resources: {Role: !Ref role}\n",
    "merge": "base: &base {a: 1}\nother:\n  <<: *base\n",
    "twice": "a: 1\na: 2\n",
    "chart": "kind: Service\nmetadata: {{ .Values.metadata }}\ndata: |\n  apiVersion: dpsync/v1beta1\n",
    "latin": "caf\xe9: 1\n",
    "large": "# nothing\n" * 1_000_000,
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_yaml_of_others_is_left_also_where_it_cannot_be_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "other.yaml"
    file.write_text(NOT_OURS[name], encoding="latin-1")
    assert answered("other.yaml", "--check") == (0, "", "0 files, all formatted.\n")
    assert file.read_text(encoding="latin-1") == NOT_OURS[name]


@pytest.mark.parametrize("name", NOT_OURS)
@pytest.mark.parametrize(
    "ours", ["apiVersion: dpsync/v1beta1\n", "# First.\n--- # x\n'apiVersion': 'dpsync/v1'\n"]
)
def test_what_says_that_it_is_of_dpsync_is_told(
    name: str, ours: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(ours + NOT_OURS[name], encoding="latin-1")
    code, _said, told = answered("one.yaml")
    assert code == 1
    assert "one.yaml:" in told


def test_the_patches_of_every_environment_are_formatted(workspace: Path) -> None:
    patch = (
        "kind: DataProduct\napiVersion: dpsync/v1beta1\nmetadata: {name: orders}\n"
        "spec:\n  sources: {add: [{schema: S, database: D}], remove: []}\n  $unset: [notes]\n  name: 'Orders'\n"
    )
    neat = (
        "apiVersion: dpsync/v1beta1\nkind: DataProduct\nmetadata: {name: orders}\n"
        'spec:\n  name: "Orders"\n  sources: {add: [{database: D, schema: S}], remove: []}\n  $unset: [notes]\n'
    )
    environment = workspace / "environments" / "sandbox"
    environment.mkdir(parents=True)
    (environment / "orders.yaml").write_text(patch)
    assert "Formatted environments/sandbox/orders.yaml\n" in answered()[1]
    assert (environment / "orders.yaml").read_text() == neat
    (workspace / "environments" / "nowhere").mkdir()
    code, _said, told = answered("--check")
    assert code == 1
    assert told.count("environments/nowhere") == 2  # the place, and the sentence


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


def test_a_link_that_is_named_is_followed_only_below_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "inside").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    for folder in (tmp_path / "outside", here / "inside"):
        (folder / "one.yaml").write_text(MESSY)
    (here / "out.yaml").symlink_to(tmp_path / "outside" / "one.yaml")
    (here / "out").symlink_to(tmp_path / "outside")
    (here / "in.yaml").symlink_to(here / "inside" / "one.yaml")
    monkeypatch.chdir(here)
    for name in ("out.yaml", "out", "out/one.yaml"):
        code, said, told = answered(name, "in.yaml")
        assert (code, said) == (1, "")
        assert f"{name} is not opened: a link leads from there out of this folder." in told
        assert (here / "inside" / "one.yaml").read_text() == MESSY
    assert (tmp_path / "outside" / "one.yaml").read_text() == MESSY
    assert answered("in.yaml")[:2] == (0, "Formatted in.yaml\n")
    assert answered("../outside")[:2] == (0, "Formatted ../outside/one.yaml\n")


def test_a_name_moves_no_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\x08b.yaml").write_text(MESSY)
    code, said, _told = answered(".")
    assert code == 0
    assert said.startswith("Formatted a")
    assert "\x08" not in said


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

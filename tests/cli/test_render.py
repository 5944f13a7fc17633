"""`dpsync render`: what is asked for by a key, by its kind and by a glob, and what is not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dpsync.cli import dpsync
from telling import WORKSPACE, forget_the_surroundings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    shutil.copytree(ROOT / "examples" / "products", tmp_path / "products")
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def render(*chosen: str) -> Result:
    return CliRunner().invoke(dpsync, ["render", *chosen])


def keys(*chosen: str) -> list[str]:
    result = render(*chosen)
    assert result.exit_code == 0, result.output
    return re.findall(r"(?m)^  name: (\S+)$", result.stdout.replace("spec:\n  name:", "spec:\n  title:"))


def test_a_key_alone_a_kind_in_any_case_and_a_glob_mean_what_they_do_for_target() -> None:
    whole = render("DataProduct/headcount").stdout
    assert "name: headcount" in whole
    assert render("headcount").stdout == whole
    assert render("dataproduct/headcount").stdout == whole
    assert render("headc*").stdout == whole


def test_what_is_asked_for_twice_is_printed_once() -> None:
    assert keys("DataProduct/headcount", "headcount", "two-stage") == ["two-stage", "headcount"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("headcont", "headcount"), ("DataProduct/headcont", "DataProduct/headcount")]
)
def test_what_is_not_there_names_the_closest(typed: str, meant: str) -> None:
    result = render(typed)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"No manifest declares {typed} in sandbox." in result.stderr
    assert f"Did you mean {meant}?" in result.stderr

"""`--report`: several at once, each whole or not at all, also when the run did not end well."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest

from dpsync.cli import COMMANDS, dpsync
from dpsync.reports import FORMATS
from telling import WORKSPACE, forget_the_surroundings, run

TERMS = """\
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: terms}
spec: {name: Terms of Reports, body: Be careful.}
"""
BROKEN = TERMS.replace("body:", "boddy:")
BLOCKED = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: nowhere}
spec:
  name: Nowhere
  description: It has a source that is not there.
  domain: Sales
  requestForm: {name: Standard Request Form}
  sources: [{table: NO.SUCH.TABLE}]
"""
EVERY = [name for name in FORMATS if name != "text"]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in the folder `estate` of a repository, and the folder `out` for reports."""
    forget_the_surroundings(monkeypatch)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    estate = tmp_path / "estate"
    (estate / "products").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "out").mkdir()
    (estate / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    declare(estate, TERMS)
    monkeypatch.chdir(tmp_path)
    return estate


def declare(workspace: Path, text: str) -> None:
    (workspace / "products" / "all.yaml").write_text(text, encoding="utf-8")


def every_report() -> str:
    return " ".join(f"--report {name}=out/{name}" for name in EVERY)


def written(name: str) -> str:
    return Path("out", name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["validate", "plan", "apply --auto-approve"])
def test_one_run_writes_every_format_and_the_text(workspace: Path, command: str) -> None:
    said = run(workspace, f"{command} {every_report()}")
    assert said[-1] == "[exit 0]"
    assert {file.name for file in Path("out").iterdir()} == set(EVERY)
    assert any(line.startswith(("Valid", "Plan", "Apply")) for line in said)
    assert json.loads(written("json"))["verdict"] in written("html")


@pytest.mark.parametrize("command", ["validate", "plan", "apply --auto-approve"])
def test_reports_are_written_when_manifests_are_not_valid(workspace: Path, command: str) -> None:
    declare(workspace, BROKEN)
    assert run(workspace, f"{command} {every_report()}")[-1] == "[exit 1]"
    entries = json.loads(written("gitlab-codequality"))
    assert {entry["check_name"] for entry in entries} == {"unknown-field", "missing-field"}
    for entry in entries:
        assert entry["location"] == {"path": "estate/products/all.yaml", "lines": {"begin": 4}}
    assert written("github").startswith("::error file=estate/products/all.yaml,line=4,col=")
    assert ET.fromstring(written("junit")).get("failures") == "2"
    assert "unknown-field" in written("html")


@pytest.mark.parametrize("command", ["plan", "apply --auto-approve"])
def test_reports_are_written_when_changes_are_blocked(workspace: Path, command: str) -> None:
    declare(workspace, f"{TERMS}---\n{BLOCKED}")
    assert run(workspace, f"{command} {every_report()}")[-1] == "[exit 3]"
    (run_of_sarif,) = json.loads(written("sarif"))["runs"]
    blocked, warning = run_of_sarif["results"]
    assert (blocked["ruleId"], warning["ruleId"]) == ("unresolved-source", "undocumented-product")
    assert json.loads(written("gitlab")) == {"create": 1, "update": 0, "delete": 0}
    assert 'data-state="blocked"' in written("html")


def test_at_most_one_report_goes_to_stdout(workspace: Path) -> None:
    said = run(workspace, "plan --report html --report sarif")
    assert "stderr: Error: Only one report can go to stdout." in said
    assert said[-1] == "[exit 1]"
    assert run(workspace, "plan --report gitlab --report html=out/page")[:-1] == [
        '{"create": 1, "update": 0, "delete": 0}'
    ]


def test_two_reports_do_not_go_to_one_file(workspace: Path) -> None:
    said = run(workspace, "plan --report html=out/a --report sarif=out/a")
    assert said[-1] == "[exit 1]"
    assert "stderr: Error: Two reports would go to out/a." in said


@pytest.mark.parametrize(("file", "why"), [("nowhere/a.html", "No such file"), ("out", "Is a directory")])
def test_where_no_report_can_be_written_nothing_is_applied(workspace: Path, file: str, why: str) -> None:
    said = run(workspace, f"apply --auto-approve --report html={file} --report json=out/a.json")
    assert said[-1] == "[exit 1]"
    assert f"The report cannot be written to {file}: {why}" in said[0]
    assert not Path("out/a.json").exists()
    assert "1 to create" in "\n".join(run(workspace, "plan"))


def test_a_report_that_cannot_be_written_at_the_end_keeps_no_other_from_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(workspace / "nowhere" / "summary"))
    said = run(workspace, "plan --report github=out/log --report html=out/page")
    assert said[-1] == "[exit 1]"
    assert any("The job summary cannot be written" in line for line in said)
    assert "1 to create" in written("page")


def test_the_job_summary_is_added_to_and_gets_the_markdown(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = Path("out/summary")
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary.absolute()))
    run(workspace, "plan --report github --report markdown=out/markdown")
    assert written("summary") == f"before\n{written('markdown')}"
    run(workspace, "plan --report json=out/json")
    assert written("summary") == f"before\n{written('markdown')}"


def test_a_job_summary_is_no_longer_than_what_github_takes_in_bytes(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(workspace, TERMS.replace("Be careful.", "データ" * 150_000))
    summary = Path("out/summary")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary.absolute()))
    run(workspace, "plan --report github=out/log")
    assert 0 < summary.stat().st_size <= 2**20
    assert "1 to create" in written("summary")


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(workspace: Path) -> None:
    file = Path("out/page")
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    reader = file.open(encoding="utf-8")
    with reader:
        run(workspace, "plan --report html=out/page")
        assert reader.read() == "old"
    assert written("page").startswith("<!doctype html>")
    assert file.stat().st_mode & 0o777 == 0o640
    assert {one.name for one in Path("out").iterdir()} == {"page"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_written_to_and_not_replaced(workspace: Path) -> None:
    pipe = Path("out/pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        run(workspace, f"plan --report gitlab={pipe}")
        assert os.read(reader, 1000) == b'{"create": 1, "update": 0, "delete": 0}\n'
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_paths_begin_at_the_top_of_the_repository(workspace: Path) -> None:
    declare(workspace, BROKEN)
    Path(".git").rmdir()
    run(workspace, "validate --report sarif=out/sarif")
    assert '"uri": "products/all.yaml"' in written("sarif")


def test_the_help_names_every_format() -> None:
    context = click.Context(dpsync)
    for name in ("validate", "plan", "apply", "drift"):
        assert name in COMMANDS
        command = dpsync.get_command(context, name)
        assert command is not None
        told = next(
            one.help or ""
            for one in command.params
            if isinstance(one, click.Option) and one.name == "reports"
        )
        assert all(one in told for one in FORMATS)

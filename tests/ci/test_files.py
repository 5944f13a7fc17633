"""The files that others copy: valid by their own schemas, pinned, with no more rights than they use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "ci" / "github").glob("*.yml"))
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = [*EXAMPLES, *OWN]
SCRIPTS = sorted((ROOT / "ci").iterdir())
each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)

KNOWN = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "YOUR-ORG/dpsync": "0" * 40,
}
"""Every action that is used, and the commit that was looked at."""


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in read(file)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.gitlab-ci", sorted((ROOT / "examples" / "ci" / "gitlab").glob("*.yml"))),
    ],
)
def test_the_files_are_valid_by_the_schema_of_their_host(schema: str, files: list[Path]) -> None:
    assert files
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@each_workflow
def test_every_action_is_pinned_to_a_commit_that_is_known(file: Path) -> None:
    for step in steps(file):
        if "uses" in step:
            name, _, commit = step["uses"].partition("@")
            assert KNOWN.get(name) == commit, step["uses"]


@each_workflow
def test_no_expression_stands_in_a_script(file: Path) -> None:
    assert not [step["run"] for step in steps(file) if "${{" in step.get("run", "")]
    assert not [step for step in read(ROOT / "action.yml")["runs"]["steps"] if "${{" in step["run"]]


@each_workflow
def test_a_workflow_has_no_right_that_a_job_does_not_ask_for(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for job in workflow["jobs"].values():
        writes = {name for name, right in job.get("permissions", {}).items() if right == "write"}
        assert writes <= {"pull-requests", "issues", "id-token"}
        assert "timeout-minutes" in job


@each_workflow
def test_the_head_of_a_pull_request_is_never_run_with_the_rights_of_the_base(file: Path) -> None:
    workflow: dict[Any, Any] = read(file)
    triggers = workflow[True]  # YAML 1.1 takes the key `on` for true
    names = {triggers} if isinstance(triggers, str) else set(triggers)
    assert not names & {"pull_request_target", "workflow_run", "issue_comment"}


@each_workflow
def test_no_job_keeps_the_token_of_its_checkout(file: Path) -> None:
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_token_of_the_marketplace_and_a_right_to_write_are_never_in_one_job(file: Path) -> None:
    for job in read(file)["jobs"].values():
        if "MARKETPLACE_TOKEN" in str(job):
            assert "write" not in job["permissions"].values()
            assert "environment" in job


@pytest.mark.parametrize("name", ["dpsync-apply.yml", "dpsync-drift.yml"])
def test_applies_wait_for_each_other_and_none_is_cancelled(name: str) -> None:
    concurrency = read(ROOT / "examples" / "ci" / "github" / name)["concurrency"]
    assert concurrency == {"group": "dpsync-apply-production", "cancel-in-progress": False, "queue": "max"}


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_the_scripts_are_shell_that_stops_at_the_first_error(file: Path) -> None:
    assert file.stat().st_mode & 0o111
    assert "\nset -euo pipefail\n" in file.read_text(encoding="utf-8")
    done = subprocess.run(["bash", "-n", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_installed_is_locked_with_hashes() -> None:
    locked = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in project["project"]["dependencies"]}
    assert asked <= names, f"run `make lock`: {asked - names}"
    building = (ROOT / "requirements" / "build.txt").read_text(encoding="utf-8")
    for text in (locked, building):
        for entry in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=sha256:" in entry, entry.partition("\n")[0]


def test_the_image_is_built_from_the_locked_package_and_runs_as_nobody() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "ci/install" in text
    assert re.search(r"^USER dpsync$", text, re.MULTILINE)
    assert "latest" not in text
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").startswith("*\n")


def test_the_hook_of_pre_commit_is_complete() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    hook = next(one for one in hooks if one["id"] == "dpsync-validate")
    assert (hook["id"], hook["entry"], hook["language"]) == ("dpsync-validate", "dpsync validate", "python")
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_python_loads_no_module_from_the_checkout(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    runs = [line for line in lines if re.search(r'python3? -|python" -', line) and not line.startswith("#")]
    assert not [line for line in runs if not re.search(r'python3?"? -I ', line)]


def test_installing_runs_nothing_of_the_checkout(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    for name in ("venv", "pip", "argparse"):
        (tmp_path / f"{name}.py").write_text(f"open({str(seen)!r}, 'w')\n", encoding="utf-8")
    python = tmp_path / "python"
    script = f"""#!/usr/bin/env bash
case "$*" in *"-m venv"*) set -- "$@" --without-pip ;; esac
exec {sys.executable} "$@"
"""
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(
        [str(ROOT / "ci" / "install"), str(tmp_path / "made")],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DPSYNC_PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named pip" in done.stderr
    assert not seen.exists()


def test_the_check_that_is_required_has_one_name_and_is_always_reported() -> None:
    folder = ROOT / "examples" / "ci" / "github"
    plan, queue = read(folder / "dpsync-plan.yml"), read(folder / "dpsync-queue.yml")
    assert "plan" in plan["jobs"]
    assert list(queue["jobs"]) == ["plan"]
    triggers: dict[Any, Any] = plan
    assert "paths" not in triggers[True]["pull_request"]


def test_the_policy_of_an_apply_is_that_of_main_before_the_push() -> None:
    for step in steps(ROOT / "examples" / "ci" / "github" / "dpsync-apply.yml"):
        if "dpsync-reviewed" in step.get("run", ""):
            assert step["env"]["BEFORE"] == "${{ github.event.before }}"
            return
    pytest.fail("Nothing looks for the plan that was reviewed.")


def test_the_image_has_what_its_scripts_call() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {"curl", "git"} <= set(text.split())

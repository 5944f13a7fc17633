"""dpsync as somebody gets it: a wheel in a new environment, with what it declares and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.external


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DPSYNC_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean | environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `dpsync` of a new environment in which nothing but `pip install .` was done."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / "bin"
    done = _run(binaries / "python", "-m", "pip", "install", "--quiet", ROOT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return binaries / "dpsync"


def test_the_installed_command_plans_and_applies_an_estate(installed: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "estate"
    copied = _run("cp", "-r", ROOT / "examples", workspace, cwd=tmp_path)
    assert copied.returncode == 0
    for command in (["validate"], ["plan"], ["apply", "--auto-approve"], ["plan", "--detailed-exitcode"]):
        done = _run(installed, *command, cwd=workspace, DPSYNC_ENV="sandbox")
        assert done.returncode == 0, done.stderr
    assert "No changes. The marketplace matches the manifests." in done.stdout


def test_the_installed_command_begins_a_workspace_with_what_came_with_it(
    installed: Path, tmp_path: Path
) -> None:
    for command in (["init", "--url", "sandbox:", "--ci", "github"], ["doctor"], ["plan"]):
        done = _run(installed, *command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / ".github" / "workflows" / "dpsync-plan.yml").is_file()


def test_the_installed_package_has_no_tools_of_development(installed: Path, tmp_path: Path) -> None:
    listed = _run(installed.parent / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path).stdout
    names = {line.partition("==")[0] for line in listed.splitlines()}
    assert "dpsync" in names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "jsonschema"}


def test_the_demonstration_runs_twice_and_leaves_no_process_behind(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    assert _run("git", "clone", "--quiet", ROOT, clone, cwd=tmp_path).returncode == 0
    for _ in range(2):
        done = _run("make", "demo", f"PYTHON={sys.executable}", cwd=clone)
        assert done.returncode == 0, done.stderr
        assert "No changes. The marketplace matches the manifests." in done.stdout
    running = _run("ps", "-eo", "args", cwd=tmp_path).stdout
    assert str(clone) not in running

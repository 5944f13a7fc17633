"""The ready-made parts as others get them: the hook under real pre-commit, what the action installs, the image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.external

PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: orders}
spec: {name: Orders, %s: Sales, requestForm: {name: Standard Request Form}, sources: []}
"""
WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: hooked, id: example-hooked-0000}
spec: {manifests: [products], environments: {sandbox: {url: "sandbox:"}}}
"""


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DPSYNC_", "PYTHON", "GIT_"))
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean | environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=900,
    )


def test_the_hook_runs_under_pre_commit_and_stops_a_commit(tmp_path: Path) -> None:
    # A clone without history of its own: what is committed is what pre-commit installs.
    source = tmp_path / "dpsync"
    assert _run("git", "clone", "--quiet", ROOT, source, cwd=tmp_path).returncode == 0
    revision = _run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
    repository = tmp_path / "estate"
    (repository / "products").mkdir(parents=True)
    (repository / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (repository / "products" / "orders.yaml").write_text(PRODUCT % "domian", encoding="utf-8")
    (repository / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {source}\n  rev: {revision}\n  hooks: [{{id: dpsync-validate}}]\n", encoding="utf-8"
    )
    for arguments in (
        ("init", "--quiet"),
        ("config", "user.name", "Somebody"),
        ("config", "user.email", "somebody@acme.example"),
        ("add", "--all"),
    ):
        assert _run("git", *arguments, cwd=repository).returncode == 0
    pre_commit = [sys.executable, "-m", "pre_commit"]
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    done = _run(*pre_commit, "install", cwd=repository, **home)
    assert done.returncode == 0, done.stdout + done.stderr
    commit = ("git", "commit", "--message", "Orders")
    done = _run(*commit, cwd=repository, **home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Did you mean `domain`?" in done.stdout + done.stderr
    (repository / "products" / "orders.yaml").write_text(PRODUCT % "domain", encoding="utf-8")
    assert _run("git", "add", "--all", cwd=repository).returncode == 0
    done = _run(*commit, cwd=repository, **home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout + done.stderr


def test_what_the_action_installs_is_dpsync_and_what_is_locked(tmp_path: Path) -> None:
    folder = tmp_path / "dpsync"
    done = _run(ROOT / "ci" / "install", folder, cwd=tmp_path, DPSYNC_PYTHON=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = _run(folder / "bin" / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path).stdout
    locked = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for line in listed.splitlines():
        name = line.partition("==")[0].lower().replace("_", "-")
        assert name in {"dpsync", "pip", "setuptools"} or f"\n{name}==" in f"\n{locked}", line
    assert {file.name for file in (folder / "bin").glob("dpsync*")} == {
        "dpsync",
        "dpsync-reviewed",
        "dpsync-reviewed-gitlab",
    }
    assert not (ROOT / "build").exists()


def test_the_image_builds_and_answers(tmp_path: Path) -> None:
    if shutil.which("docker") is None or _run("docker", "info", cwd=tmp_path).returncode != 0:
        pytest.skip("there is no Docker daemon here")
    done = _run("docker", "build", "--quiet", "--tag", "dpsync-test", ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = _run("docker", "run", "--rm", "--network", "none", "dpsync-test", "version", cwd=tmp_path)
    assert done.returncode == 0, done.stderr

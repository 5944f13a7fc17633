"""Runs the jobs of a workflow file here: its own shell, its own conditions, and actions that this repository knows.

A room of its own because the example workflows are part of the product: what is in them is run, not read. Of GitHub there
is as much as they use: expressions, outputs, artifacts, a checkout of a real Git repository, and the composite action of
this repository, step by step. An action that is not known ends the test. Installing is left out; `tests/external` does it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OURS = "YOUR-ORG/dpsync@"


@dataclass
class Run:
    """One run of a workflow: what triggered it, what it may use, and what it leaves. `artifacts` outlive it."""

    workflow: Path
    repository: Path
    folder: Path
    event: dict[str, Any]
    variables: dict[str, str]
    secrets: dict[str, str]
    artifacts: Path
    number: int = 1
    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    summary: str = ""

    def all_jobs(self) -> dict[str, str]:
        """What became of each job, in the order of the file."""
        self.folder.mkdir(parents=True)
        jobs = yaml.safe_load(self.workflow.read_text(encoding="utf-8"))["jobs"]
        for name, job in jobs.items():
            needs = {one: {"result": self.results[one], "outputs": self.outputs[one]} for one in _listed(job)}
            failed = any(one["result"] != "success" for one in needs.values())
            scope = {"github": self.event, "secrets": self.secrets, "needs": needs}
            if not _holds(job.get("if", ""), scope, failed=failed):
                self.results[name], self.outputs[name] = "skipped", {}
                continue
            done = _Job(self, self.folder / name, {**scope, "steps": {}, "inputs": {}})
            record: list[dict[str, str]] = []
            self.results[name] = "success" if done.steps(job["steps"], record) else "failure"
            self.jobs.append({"name": name, "steps": record})
            self.outputs[name] = {key: done.text(value) for key, value in job.get("outputs", {}).items()}
        return self.results


@dataclass
class _Job:
    run: Run
    folder: Path
    scope: dict[str, Any]

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.work = self.folder / "work"
        self.work.mkdir()
        self.summary = self.folder / "summary"
        self.temporary = self.folder / "temp"
        self.temporary.mkdir()
        self.scope["runner"] = {"temp": str(self.temporary)}

    def text(self, value: Any) -> str:
        """A value of the file with its expressions filled in."""
        return re.sub(
            r"\$\{\{(.+?)\}\}", lambda found: str(_value(found[1], self.scope, self.work) or ""), str(value)
        )

    def steps(self, steps: list[dict[str, Any]], record: list[dict[str, str]] | None = None) -> bool:
        """Whether they all went well; one that fails ends the others but those that want to run always."""
        record = [] if record is None else record
        failed = False
        for step in steps:
            record.append({"name": step.get("name", step.get("uses", "")), "conclusion": "skipped"})
            if not _holds(step.get("if", ""), self.scope, failed=failed, work=self.work):
                continue
            variables = {name: self.text(value) for name, value in step.get("env", {}).items()}
            given = {name: self.text(value) for name, value in step.get("with", {}).items()}
            outputs: dict[str, str] = {}
            if "run" in step:
                good, outputs = self.shell(step["run"], variables)
            else:
                good, outputs = self.action(step["uses"], given, variables)
            if "id" in step:
                self.scope["steps"][step["id"]] = {"outputs": outputs}
            record[-1]["conclusion"] = "success" if good or step.get("continue-on-error") else "failure"
            failed = failed or not (good or step.get("continue-on-error"))
        return not failed

    def shell(self, script: str, variables: dict[str, str]) -> tuple[bool, dict[str, str]]:
        assert "${{" not in script, "an expression in a script is somebody else's text in it"
        output = self.folder / "output"
        output.write_text("", encoding="utf-8")
        surroundings = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("DPSYNC_", "GITHUB_"))
            },
            **self.run.variables,
            "PATH": os.pathsep.join(
                (str(self.run.folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
            ),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTION_PATH": str(ROOT),
            "RUNNER_TEMP": str(self.temporary),
            "CI": "true",
            **variables,
        }
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.work,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.run.log += f"$ {script}{done.stdout}[exit {done.returncode}]\n"
        if self.summary.exists():
            self.run.summary = self.summary.read_text(encoding="utf-8")
        lines = output.read_text(encoding="utf-8").splitlines()
        return done.returncode == 0, dict(line.split("=", 1) for line in lines)

    def action(
        self, name: str, given: dict[str, str], variables: dict[str, str]
    ) -> tuple[bool, dict[str, str]]:
        what = name.partition("@")[0]
        if what == "actions/checkout":
            return self.checkout(given), {}
        if what == "actions/upload-artifact":
            return self.upload(given), {}
        if what == "actions/download-artifact":
            return self.download(given), {}
        assert name.startswith(OURS), f"what is {name}?"
        return self.composite(given, variables)

    def checkout(self, given: dict[str, str]) -> bool:
        assert given["persist-credentials"] == "False"
        depth = [] if given.get("fetch-depth") == "0" else ["--depth=1"]
        shutil.rmtree(self.work)
        url = self.run.repository.as_uri()
        subprocess.run(["git", "clone", "--quiet", *depth, url, str(self.work)], check=True)
        subprocess.run(
            ["git", "fetch", "--quiet", *depth, "origin", self.run.event["sha"]], check=True, cwd=self.work
        )
        subprocess.run(["git", "checkout", "--quiet", self.run.event["sha"]], check=True, cwd=self.work)
        return True

    def upload(self, given: dict[str, str]) -> bool:
        found = self.work / given["path"]
        place = self.run.artifacts / str(self.run.number) / given["name"]
        assert not place.exists(), "an artifact is written once"
        if not found.exists():
            return False
        if found.is_dir():
            shutil.copytree(found, place)
        else:
            place.mkdir(parents=True)
            shutil.copy(found, place)
        return True

    def download(self, given: dict[str, str]) -> bool:
        place = self.run.artifacts / given.get("run-id", str(self.run.number)) / given["name"]
        if not place.exists():
            return False
        shutil.copytree(place, self.work / given.get("path", "."), dirs_exist_ok=True)
        return True

    def composite(self, given: dict[str, str], variables: dict[str, str]) -> tuple[bool, dict[str, str]]:
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        assert set(given) <= set(action["inputs"]), "an input that the action does not have"
        inputs = {name: given.get(name, one["default"]) for name, one in action["inputs"].items()}
        steps = [
            {**step, "env": {**variables, **step.get("env", {})}}
            for step in action["runs"]["steps"]
            if step["id"] != "install"
        ]
        assert all(step["shell"] == "bash" for step in steps)
        outer, self.scope = self.scope, {**self.scope, "inputs": inputs, "steps": {}}
        good = self.steps(steps)
        outputs = {name: self.text(one["value"]) for name, one in action["outputs"].items()}
        self.scope = outer
        return good, outputs


def _listed(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _holds(condition: Any, scope: dict[str, Any], *, failed: bool, work: Path | None = None) -> bool:
    text = str(condition)
    if failed and "always()" not in text and "!cancelled()" not in text:
        return False
    return not text or bool(_value(text, scope, work))


def _value(expression: str, scope: dict[str, Any], work: Path | None) -> Any:
    """An expression of a workflow, as far as these files use them."""

    def looked_up(found: re.Match[str]) -> str:
        value: Any = scope
        for part in found[0].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return repr("" if value is None else value)

    code = re.sub(
        r"'[^']*'|\b(?:github|inputs|steps|needs|secrets|runner)(?:\.[\w-]+)+",
        _but_texts(looked_up),
        expression,
    )
    code = code.replace("!cancelled()", "True").replace("&&", " and ").replace("||", " or ").strip()
    names = {"always": lambda: True, "hashFiles": lambda pattern: _files(work, pattern)}
    return eval(code, {"__builtins__": {}}, names)


def _but_texts(replaced: Any) -> Any:
    return lambda found: found[0] if found[0].startswith("'") else replaced(found)


def _files(work: Path | None, pattern: str) -> str:
    assert work is not None
    files = (file.relative_to(work).as_posix() for file in work.rglob("*") if file.is_file())
    return "some" if any(fnmatch(file, pattern) for file in files) else ""

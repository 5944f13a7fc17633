"""Stories: what a person types and what they then read.

A story is a folder with `story.toml` and numbered folders of manifests. Each step either runs dpsync on one of those
folders or does something by hand to the marketplace; the transcript of all runs is `expected.txt`. These files are the
product: read them as a user would. `make golden` writes them anew.

    about = "One sentence: what happens and why it matters."
    [[step]]
    manifests = "1"                       # replaces the workspace's products/ by this folder
    run = "apply --auto-approve"          # shown, unless `quiet = true`
    [[step]]
    api = "PUT /api/data-product/{DataProduct/na-sales}"
    body = '{"suspended": true}'          # {Kind/key} is the id computed from a key, {name:…} that of a live product
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from dpsync.model.identity import computed_id
from dpsync.sandbox import create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.files import opened_store

HERE = Path(__file__).parent
WORKSPACE_ID = "example-story-0000"
WORKSPACE = f"""apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {{name: story, id: {WORKSPACE_ID}}}
spec:
  manifests: [products]
  environments:
    sandbox: {{url: "sandbox:", prune: true}}
"""
STORIES = sorted(path.parent.name for path in HERE.glob("*/story.toml"))


@pytest.mark.parametrize("name", STORIES)
def test_a_story_reads_as_expected(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [one for one in os.environ if one.startswith("DPSYNC_") and one != "DPSYNC_GOLDEN"]:
        monkeypatch.delenv(variable)
    story = tomllib.loads((HERE / name / "story.toml").read_text(encoding="utf-8"))
    told = _tell(HERE / name, story, tmp_path)
    expected = HERE / name / "expected.txt"
    if os.environ.get("DPSYNC_GOLDEN") == "write":
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def _tell(folder: Path, story: dict[str, Any], workspace: Path) -> str:
    own = folder / "dpsync.yaml"
    (workspace / "dpsync.yaml").write_text(own.read_text() if own.exists() else WORKSPACE, encoding="utf-8")
    lines = [story["about"], ""]
    for step in story["step"]:
        if "manifests" in step:
            shutil.rmtree(workspace / "products", ignore_errors=True)
            shutil.copytree(folder / step["manifests"], workspace / "products")
        if "api" in step:
            lines += [f"# by hand: {step['api']} {step.get('body', '')}".rstrip(), ""]
            _by_hand(workspace, step["api"], step.get("body"))
        if "run" in step:
            said = _run(workspace, step["run"])
            if not step.get("quiet"):
                lines += [f"$ dpsync {step['run']}", *said, ""]
    return "\n".join(lines).rstrip() + "\n"


def _run(workspace: Path, command: str) -> list[str]:
    words = command.split()
    arguments = [*words[:1], "--workspace", str(workspace), *words[1:]]
    result = CliRunner().invoke(dpsync, arguments, prog_name="dpsync")
    said = [line.rstrip() for line in result.stdout.splitlines()]
    said += [f"stderr: {line}".rstrip() for line in result.stderr.splitlines()]
    return [*said, f"[exit {result.exit_code}]"]


def _by_hand(workspace: Path, call: str, body: str | None) -> None:
    method, path = call.split(" ", 1)
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        names = {product["name"]: live for live, product in store.snapshot()["products"].items()}

        def live_id(match: re.Match[str]) -> str:
            if match["name"]:
                return str(names[match["name"]])
            return computed_id(WORKSPACE_ID, match["kind"], match["key"])

        resolved = re.sub(r"\{(?:name:(?P<name>[^}]+)|(?P<kind>\w+)/(?P<key>[^}]+))\}", live_id, path)

        async def send() -> int:
            transport = InProcess(create_app(store))
            async with httpx2.AsyncClient(transport=transport) as client:
                answer = await client.request(
                    method,
                    f"{BASE_URL}{resolved}",
                    json=json.loads(body) if body else None,
                    headers={"Authorization": "Bearer sandbox"},
                )
                return answer.status_code

        assert asyncio.run(send()) < 300

"""A saved plan that somebody edited makes no change that nobody reviewed.

Tested elsewhere: each way of editing the file (`tests/planner/test_planfile.py`), and what `--expect-plan` lets pass
(`tests/planner/test_reviewed.py`, `tests/laws/test_saved_plans.py`). Here a file is edited as an attacker would, who knows
how the checksum is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dpsync.cli import dpsync
from dpsync.model.fingerprint import canonical
from dpsync.sandbox.files import opened_store
from telling import WORKSPACE, forget_the_surroundings

FORM = """apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: calm}
spec: {name: Calm, fields: [], reviewFlow: {decision: approve, comment: Open.}}
"""


@pytest.fixture
def planned(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, with a saved plan of what is to be made in it."""
    forget_the_surroundings(monkeypatch)
    (workspace / "products").mkdir()
    (workspace / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (workspace / "products" / "all.yaml").write_text(FORM, encoding="utf-8")
    monkeypatch.chdir(workspace)
    assert run("plan", "--out", "plan.json").exit_code == 0
    return workspace


def run(*arguments: str) -> Result:
    return CliRunner().invoke(dpsync, arguments, prog_name="dpsync")


def edited(workspace: Path, *, checksum: bool, fingerprint: str | None = None) -> str:
    """Let the plan make a form of another name; answers the fingerprint that it had."""
    file = workspace / "plan.json"
    whole: dict[str, Any] = json.loads(file.read_text(encoding="utf-8").replace('"Calm"', '"Evil"'))
    had = str(whole["fingerprint"])
    if fingerprint is not None:
        whole["fingerprint"] = fingerprint
    if checksum:
        body = {name: value for name, value in whole.items() if name not in {"format_version", "checksum"}}
        whole["checksum"] = hashlib.sha256(canonical(body).encode("ascii")).hexdigest()
    file.write_text(json.dumps(whole), encoding="utf-8")
    return had


def forms(workspace: Path) -> set[str]:
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        return {row["name"] for row in store.rows("SELECT name FROM forms")}


READERS: dict[str, Callable[[], Result]] = {
    "apply": lambda: run("apply", "plan.json", "--auto-approve"),
    "trust": lambda: run("apply", "plan.json", "--trust-plan", "--auto-approve"),
    "expect": lambda: run("apply", "--expect-plan", "plan.json", "--auto-approve"),
    "show": lambda: run("show", "plan", "plan.json"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("checksum", [False, True], ids=["as-it-is", "with-a-new-checksum"])
def test_a_plan_whose_content_does_not_match_its_fingerprint_is_refused(
    planned: Path, reader: str, *, checksum: bool
) -> None:
    edited(planned, checksum=checksum)
    done = READERS[reader]()
    assert done.exit_code == 1, done.output
    assert "was changed after it was made" in done.stderr
    assert not forms(planned) & {"Evil", "Calm"}


def test_the_fingerprint_that_was_reviewed_does_not_pass_an_edited_plan(planned: Path) -> None:
    """The attacker edits the manifest and makes a plan that is right in itself; the reviewer kept the fingerprint."""
    reviewed = json.loads((planned / "plan.json").read_text(encoding="utf-8"))["fingerprint"]
    (planned / "products" / "all.yaml").write_text(FORM.replace("Calm", "Evil"), encoding="utf-8")
    assert run("plan", "--out", "plan.json").exit_code == 0
    done = run("apply", "--expect-plan", reviewed, "--auto-approve")
    assert done.exit_code == 4, done.output
    assert not forms(planned) & {"Evil", "Calm"}


def test_a_plan_that_is_right_in_itself_makes_nothing_that_the_manifests_do_not_declare(
    planned: Path,
) -> None:
    """`apply FILE` plans afresh: what only the file has is left."""
    text = (planned / "plan.json").read_text(encoding="utf-8")
    (planned / "products" / "all.yaml").write_text(FORM.replace("Calm", "Other"), encoding="utf-8")
    (planned / "plan.json").write_text(text, encoding="utf-8")
    done = run("apply", "plan.json", "--auto-approve")
    assert done.exit_code == 4, done.output
    assert not forms(planned) & {"Calm", "Other"}

"""Every guardrail, shown at work: a folder with what it holds back and a folder with what it lets pass.

`tests/checks/<rule>/setup/` is applied first, then `after-setup.toml`, where there is one, happens by hand; `bad/` and
`good/` are planned from there. `expected.txt` holds both plans: in the first the rule has something to say, in the second
it has not. `make golden` writes it anew.
"""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from dpsync.checks import GUARDRAILS
from telling import by_hand, forget_the_surroundings, open_workspace, put_manifests, run, told_as_expected

HERE = Path(__file__).parent
RULES = sorted(path.name for path in HERE.iterdir() if (path / "setup").is_dir())


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds_back_the_bad_and_lets_the_good_pass(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_surroundings(monkeypatch)
    before = tmp_path / "before"
    before.mkdir()
    _set_up(HERE / rule, before)
    plans = {}
    for name in ("bad", "good"):
        workspace = tmp_path / name
        shutil.copytree(before, workspace)
        put_manifests(HERE / rule / name, workspace)
        plans[name] = run(workspace, "plan")
    told = "\n".join(line for name, plan in plans.items() for line in (f"# {name}", "", *plan, ""))
    told_as_expected(HERE / rule / "expected.txt", told.rstrip() + "\n")
    assert plans["bad"][-1] == "[exit 3]"
    assert _says(rule, plans["bad"])
    assert plans["good"][-1] == "[exit 0]"
    assert not _says(rule, plans["good"])


def _set_up(folder: Path, workspace: Path) -> None:
    open_workspace(folder, workspace)
    put_manifests(folder / "setup", workspace)
    said = run(workspace, "apply --auto-approve")
    assert said[-1] == "[exit 0]", "\n".join(said)
    after = folder / "after-setup.toml"
    for step in tomllib.loads(after.read_text(encoding="utf-8"))["step"] if after.exists() else ():
        by_hand(workspace, step["api"], step.get("body"))


def _says(rule: str, plan: list[str]) -> bool:
    return any(re.search(rf"\b(blocked by|warning|error) {rule}\b", line) for line in plan)


def test_every_rule_is_shown_at_work() -> None:
    assert sorted(rule.name for rule in GUARDRAILS) == RULES


@pytest.mark.parametrize("rule", GUARDRAILS, ids=lambda rule: rule.name)
def test_the_page_of_a_rule_begins_with_its_name_and_says_what_to_do(rule: object) -> None:
    check = getattr(rule, "check")  # noqa: B009
    page = sys.modules[check.__module__].__doc__ or ""
    assert page.startswith(f"{getattr(rule, 'name')}: ")  # noqa: B009
    assert "\n\nWhat to do: " in page

"""Every guardrail, shown at work: a folder with what it holds back and a folder with what it lets pass.

`tests/checks/<rule>/setup/` is applied first, then `after-setup.toml`, where there is one, happens by hand; `bad/` and
`good/` are planned from there. `expected.txt` holds both plans: in the first the rule has something to say, in the second
it has not. A rule that only warns lets the bad pass, with exit code 0. One that is off by default has a `dpsync.yaml` of
its own, which switches it on. `make golden` writes it anew.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from dpsync.checks import GUARDRAILS
from dpsync.checks.rule import Rule
from dpsync.model.finding import Severity
from telling import by_hand, forget_the_surroundings, open_workspace, put_manifests, run, told_as_expected

HERE = Path(__file__).parent
BY_NAME = {rule.name: rule for rule in GUARDRAILS}
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
    assert _says(rule, plans["bad"])
    is_blocked = any(f"blocked by {rule}" in line for line in plans["bad"])
    assert plans["bad"][-1] == ("[exit 3]" if is_blocked else "[exit 0]")
    assert is_blocked or Severity.WARNING in BY_NAME[rule].severities
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


def test_rules_stand_in_alphabetical_order() -> None:
    assert [rule.name for rule in GUARDRAILS] == sorted(rule.name for rule in GUARDRAILS)


each_rule = pytest.mark.parametrize("rule", GUARDRAILS, ids=lambda rule: rule.name)


@each_rule
def test_the_page_of_a_rule_begins_with_its_name_and_says_what_to_do(rule: Rule) -> None:
    assert rule.page.startswith(f"{rule.name}: ")
    assert "\n\nWhat to do: " in rule.page
    assert rule.summary.endswith(".")


@each_rule
def test_the_page_of_a_rule_names_its_thresholds(rule: Rule) -> None:
    assert all(f"`{name}`" in rule.page for name in rule.defaults)


def test_a_rule_that_is_off_by_default_is_shown_switched_on() -> None:
    off = [rule.name for rule in GUARDRAILS if not rule.severities]
    assert all((HERE / name / "dpsync.yaml").exists() for name in off)

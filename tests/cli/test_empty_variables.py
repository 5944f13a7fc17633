"""What restricts a run and is given by an empty variable is refused: an unset expression of a pipeline is no consent."""

from __future__ import annotations

from pathlib import Path

import pytest

from telling import forget_the_surroundings, open_workspace, run


@pytest.mark.parametrize(
    "variable",
    [
        "DPSYNC_POLICY_FROM",
        "DPSYNC_EXPECT_PLAN",
        "DPSYNC_FAIL_ON",
        "DPSYNC_BASE",
        "DPSYNC_CHANGED_SINCE",
        "DPSYNC_TARGET",
        "DPSYNC_EXCLUDE",
    ],
)
def test_an_empty_variable_that_restricts_is_refused(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_surroundings(monkeypatch)
    open_workspace(tmp_path, tmp_path)
    monkeypatch.setenv(variable, "")
    said = run(tmp_path, "apply --auto-approve")
    assert said[-1] == "[exit 1]"
    assert f"stderr: Error: {variable} is set and empty." in said


def test_a_plan_is_not_trusted_and_judged_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    open_workspace(tmp_path, tmp_path)
    said = run(tmp_path, "apply plan.json --trust-plan --policy-from HEAD")
    assert said[-1] == "[exit 1]"
    assert any("--trust-plan carries FILE out unjudged" in line for line in said)


@pytest.mark.parametrize(
    "words",
    [
        "plan --changed-since ''",
        "plan --report html=",
        "apply --auto-approve --changed-since ''",
        "apply --auto-approve --journal ''",
    ],
)
def test_an_empty_value_is_not_what_leaving_it_out_is(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_surroundings(monkeypatch)
    open_workspace(tmp_path, tmp_path)
    said = run(tmp_path, words)
    assert said[-1] == "[exit 1]"
    assert "is empty" in said[0] or "names no file" in said[0]

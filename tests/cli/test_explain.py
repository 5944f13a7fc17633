"""`dpsync explain`: the pages of the guardrails, without a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.checks import GUARDRAILS
from dpsync.cli import dpsync


def explained(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(dpsync, ["explain", *arguments], prog_name="dpsync")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no workspace here, nor in any folder above."""
    monkeypatch.chdir(tmp_path)


def test_without_a_name_every_guardrail_is_listed_with_its_first_sentence() -> None:
    code, said, _ = explained()
    assert code == 0
    assert [line.partition("  (")[0] for line in said.splitlines() if "  (" in line] == [
        rule.name for rule in GUARDRAILS
    ]
    assert "too-many-deletes  (error; limit: 5, share: 0.2, population: 10)\n    One plan does not" in said
    assert "retire-before-delete  (off; days: 14)\n    A data product is suspended for a while" in said
    assert "source-removal  (warning or error; members: 25)\n" in said


@pytest.mark.parametrize("rule", [rule.name for rule in GUARDRAILS])
def test_the_page_of_a_guardrail_fits_and_ends_with_its_defaults(rule: str) -> None:
    code, said, _ = explained(rule)
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith(f"{rule}: ")
    assert max(map(len, lines)) <= 80
    assert "\n\nWhat to do: " in said
    assert "\n\nSeverity: " in said
    assert "FACTS" not in said


def test_the_thresholds_of_a_page_are_those_of_the_rule() -> None:
    _, said, _ = explained("too-many-deletes")
    assert "Severity: error.\nThresholds: limit: 5, share: 0.2, population: 10.\n" in said
    assert "Thresholds" not in explained("delete-with-members")[1]


def test_a_misspelled_guardrail_names_the_closest() -> None:
    code, said, complained = explained("sorce-removal")
    assert (code, said) == (1, "")
    assert "There is no page about 'sorce-removal'." in complained
    assert "Did you mean 'source-removal'?" in complained


def test_what_is_no_guardrail_has_no_page() -> None:
    code, _, complained = explained("name-taken")
    assert code == 1
    assert "Only guardrails have a page: delete-with-members, " in complained

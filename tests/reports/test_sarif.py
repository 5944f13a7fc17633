from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import (
    BLOCKED,
    DRIFT,
    HALF_APPLIED,
    INCOMPLETE,
    INVALID,
    OFFLINE,
    PAGES,
    PARTIAL,
    REPORTS,
    report,
    thousand,
)
from reports.test_hostile_text import HOSTILE, hostile_report

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-used.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def log(shown: Report, folder: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS["sarif"](shown, Page(folder=folder)))
    return found


def results(shown: Report, folder: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(shown, folder)["runs"][0]["results"]
    return found


def place(result: dict[str, Any]) -> str:
    where = result["locations"][0]["physicalLocation"]
    return (
        f"{where['artifactLocation']['uri']}:{where['region']['startLine']}:{where['region']['startColumn']}"
    )


def fingerprints(shown: Report) -> list[str]:
    return [result["partialFingerprints"]["dpsync/v1"] for result in results(shown)]


@pytest.mark.parametrize("shown", [*REPORTS.values(), thousand(), *map(hostile_report, HOSTILE)])
def test_every_log_keeps_the_schema_and_every_result_has_its_rule(shown: Report) -> None:
    whole = log(shown, "estate")
    VALIDATOR.validate(whole)
    rules = [rule["id"] for rule in whole["runs"][0]["tool"]["driver"]["rules"]]
    for result in whole["runs"][0]["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert sorted(set(rules)) == rules


def test_a_finding_stands_at_its_line_and_column_with_the_way_out() -> None:
    error, warning = results(INVALID)
    assert place(error) == "products/sales/na-sales.yaml:7:3"
    assert error["level"] == "error"
    assert error["message"]["text"] == (
        "'descripton' is not a field of DataProduct.\nDid you mean `description`?"
    )
    assert (place(warning), warning["level"]) == ("products/stores.yaml:3:5", "warning")


def test_paths_are_seen_from_the_top_of_the_repository_and_are_uris() -> None:
    odd = Finding("unknown-field", Severity.ERROR, "x", origin=Origin("products/50 % off#1?.yaml", 2, 1))
    (result,) = results(Report("validate", "0.1.0", findings=(odd,)), "teams/sales")
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "teams/sales/products/50%20%25%20off%231%3F.yaml"
    assert unquote(uri) == "teams/sales/products/50 % off#1?.yaml"


def test_what_is_about_no_manifest_stands_in_the_workspace_file() -> None:
    (result,) = results(report(BLOCKED))
    assert place(result) == "dpsync.yaml:1:1"
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "DataProduct/customers"
    assert result["message"]["text"].startswith("DataProduct/customers: 212 approved accesses")


def test_the_page_of_a_guardrail_is_the_help_of_its_rule() -> None:
    driver = log(replace(report(BLOCKED), pages=PAGES))["runs"][0]["tool"]["driver"]
    (rule,) = driver["rules"]
    assert rule["help"]["text"] == PAGES["delete-with-members"]
    assert rule["fullDescription"]["text"] == "delete-with-members: A product with members stays."


def test_drift_and_what_was_not_applied_are_results_too() -> None:
    assert {result["ruleId"] for result in results(DRIFT)} == {"live-differs"}
    assert len(results(DRIFT)) == 4
    assert [result["ruleId"] for result in results(HALF_APPLIED)] == [
        "apply-failed",
        "delete-with-members",
        "apply-not-started",
        "apply-stale",
        "apply-skipped",
    ]


def test_a_fingerprint_outlives_other_lines_and_other_numbers_of_people() -> None:
    first = Finding(
        "source-removal",
        Severity.ERROR,
        "38 people lose it.",
        "",
        Origin("a.yaml", 4, 1),
        Address("DataProduct", "a"),
    )
    later = replace(first, message="41 people lose it.", origin=Origin("a.yaml", 90, 3))
    other = replace(first, origin=Origin("b.yaml", 4, 1))
    before, after, elsewhere = (
        fingerprints(Report("plan", "0.1.0", findings=(one,))) for one in (first, later, other)
    )
    assert before == after
    assert before != elsewhere


def test_two_findings_never_have_the_same_fingerprint() -> None:
    twice = tuple(
        Finding("unknown-field", Severity.ERROR, f"field {number}", origin=Origin("a.yaml", number, 1))
        for number in range(1, 9)
    )
    found = fingerprints(Report("validate", "0.1.0", findings=twice))
    assert len(set(found)) == 8


def test_a_notice_about_the_run_as_a_whole_marks_nothing() -> None:
    base = Finding("base", Severity.NOTICE, "Compared with the manifests of main.")
    assert results(Report("drift", "0.1.0", findings=(base,))) == []


def test_a_run_that_did_not_look_at_everything_says_so_and_resolves_nothing_of_one_that_did() -> None:
    whole, part, offline, incomplete = (
        log(shown)["runs"][0] for shown in (REPORTS["everything"], PARTIAL, OFFLINE, INCOMPLETE)
    )
    categories = {run["automationDetails"]["id"] for run in (whole, part, offline)}
    assert len(categories) == 3
    for run, words in (
        (part, "Partial plan: "),
        (offline, "Not compared with the marketplace."),
        (incomplete, "This plan is incomplete"),
    ):
        (said,) = run["invocations"][0]["toolExecutionNotifications"]
        assert said["message"]["text"].startswith(words)
    assert "toolExecutionNotifications" not in whole["invocations"][0]

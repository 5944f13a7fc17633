from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import EVERYTHING, INVALID, NOTHING, OFFLINE, REPORTS, VALID, thousand
from reports.test_hostile_text import HOSTILE, hostile_report

CODE_QUALITY = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": r"^(?!\./|/)"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)
"""What GitLab's documentation says that it reads."""


def read(name: str, report: Report, folder: str = "") -> Any:
    return json.loads(FORMATS[name](report, Page(folder=folder)))


@pytest.mark.parametrize("shown", [*REPORTS.values(), thousand(), *map(hostile_report, HOSTILE)])
def test_every_report_is_as_gitlab_reads_it(shown: Report) -> None:
    counts = read("gitlab", shown)
    if not shown.offline:
        assert list(counts) == ["create", "update", "delete"]
        assert all(type(number) is int for number in counts.values())
    found = read("gitlab-codequality", shown)
    CODE_QUALITY.validate(found)
    marks = [one["fingerprint"] for one in found]
    assert len(set(marks)) == len(marks)


def test_the_counts_are_those_of_the_summary_line() -> None:
    assert read("gitlab", EVERYTHING) == {"create": 1, "update": 7, "delete": 2}
    assert read("gitlab", NOTHING) == read("gitlab", VALID) == {"create": 0, "update": 0, "delete": 0}


def test_without_a_marketplace_there_are_no_counts_that_gitlab_could_show_as_a_plan() -> None:
    assert not {"create", "update", "delete"} & set(read("gitlab", OFFLINE))


def test_a_finding_stands_at_its_line() -> None:
    first, second = read("gitlab-codequality", INVALID, "estate")
    assert first["location"] == {"path": "estate/products/sales/na-sales.yaml", "lines": {"begin": 7}}
    assert (first["severity"], second["severity"]) == ("critical", "minor")
    assert first["description"].endswith("Did you mean `description`?")

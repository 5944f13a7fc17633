from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import (
    DRIFT,
    EVERYTHING,
    HALF_APPLIED,
    INCOMPLETE,
    INVALID,
    OFFLINE,
    REPORTS,
    VALID,
    thousand,
)
from reports.test_hostile_text import HOSTILE, hostile_report

ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "skipped": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""The attributes and the children that Jenkins's schema, junit-10.xsd, allows to each element that is written."""

REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}


def parsed(report: Report) -> ET.Element:
    written = FORMATS["junit"](report, Page())
    assert written.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return ET.fromstring(written.encode("utf-8"))


def cases(report: Report) -> dict[str, str]:
    """What became of each case: the name of its mark, or nothing where it passes."""
    marks = {"failure", "error", "skipped"}
    return {
        case.get("name", ""): next((one.tag for one in case if one.tag in marks), "")
        for case in parsed(report).iter("testcase")
    }


@pytest.mark.parametrize("shown", [*REPORTS.values(), thousand(), *map(hostile_report, HOSTILE)])
def test_every_report_is_as_jenkins_reads_it_and_counts_right(shown: Report) -> None:
    root = parsed(shown)
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
        assert REQUIRED.get(element.tag, set()) <= set(element.attrib)
    for some in (root, *root.iter("testsuite")):
        assert int(some.get("tests", "")) == len(list(some.iter("testcase"))) > 0
        assert int(some.get("failures", "")) == len(list(some.iter("failure")))
        assert int(some.get("errors", "")) == len(list(some.iter("error")))
    for suite in root.iter("testsuite"):
        assert int(suite.get("skipped", "")) == len(list(suite.iter("skipped")))


def test_a_blocked_change_fails_and_one_that_nobody_reviewed_is_skipped() -> None:
    found = cases(EVERYTHING)
    assert found["DataProduct/customers"] == "failure"
    assert found["DataProduct/hotels"] == "skipped"
    assert found["DataProduct/na-sales"] == ""
    assert found["no-request-form products/stores.yaml:3"] == ""


def test_after_an_apply_what_was_not_made_fails_or_was_skipped() -> None:
    assert cases(HALF_APPLIED) == {
        "run": "error",
        "RequestForm/strict": "failure",
        "DataProduct/na-sales": "",
        "DataProduct/web-clicks": "skipped",
        "DataProduct/returns": "failure",
        "DataProduct/payroll": "skipped",
        "DataProduct/customers": "failure",
    }


def test_drift_fails_and_an_incomplete_plan_is_an_error() -> None:
    assert set(cases(DRIFT).values()) == {"failure", ""}
    assert cases(INCOMPLETE)["run"] == "error"


def test_manifests_that_are_not_valid_fail_one_by_one() -> None:
    assert cases(INVALID)["unknown-field products/sales/na-sales.yaml:7"] == "failure"
    assert cases(VALID) == {"run": ""}


def test_without_a_marketplace_no_change_passes() -> None:
    assert {name: mark for name, mark in cases(OFFLINE).items() if name.startswith("DataProduct/")} == {
        "DataProduct/na-sales": "skipped",
        "DataProduct/invoices": "skipped",
        "DataProduct/returns": "skipped",
    }
    run = next(one for one in parsed(OFFLINE).iter("testcase") if one.get("name") == "run")
    assert "what a guardrail would block is not known" in (run.findtext("system-out") or "")

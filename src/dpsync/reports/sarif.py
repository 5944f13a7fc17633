"""The SARIF format, 2.1.0: findings for code scanning, at the lines that caused them.

A result for each remark, a rule for each code that occurs, with the page of the guardrail as its help. Paths are relative to
the top of the repository. It says nothing of changes that nobody objects to: it is no plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from dpsync.model.finding import Severity
from dpsync.model.report import Page, Report
from dpsync.reports import sentences
from dpsync.reports.layout import visible
from dpsync.reports.remarks import Remark, remarks

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Mapping[Severity, str] = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
)
_NO_PAGE = (
    "Each result says what happened and what to do about it. "
    "What the code means in general is in dpsync's documentation of the command line, under Findings."
)


def render(report: Report, page: Page) -> str:
    """The findings as one SARIF log with one run."""
    found = remarks(report, page)
    rules = tuple(sorted({remark.rule for remark in found}))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dpsync",
                        "version": report.version,
                        "rules": [_rule(rule, found, report) for rule in rules],
                    }
                },
                "automationDetails": {"id": _category(report)},
                "invocations": [_invocation(report)],
                "columnKind": "unicodeCodePoints",
                "results": [_result(remark, rules) for remark in found],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _category(report: Report) -> str:
    """What tells the runs of several environments and commands apart on one commit.

    A host takes what is not in a run for resolved where it was in the last one of the same category; so a run that did not
    look at everything has one of its own.
    """
    environment = [visible(report.plan.target.environment)] if report.plan is not None else []
    is_part = report.plan is not None and report.plan.part is not None
    reach = ["offline"] if report.offline else ["part"] if is_part else []
    return "/".join(("dpsync", report.command, *environment, *reach, ""))


def _invocation(report: Report) -> dict[str, Any]:
    """How the run went, and what it did not look at."""
    plan = report.plan
    unknown = (sentences.offline(report), sentences.incomplete(plan), sentences.partial(plan)) if plan else ()
    said = [{"level": "warning", "message": {"text": visible(words)}} for words in unknown if words]
    return {
        "executionSuccessful": not report.interrupted,
        **({"toolExecutionNotifications": said} if said else {}),
    }


def _rule(rule: str, found: tuple[Remark, ...], report: Report) -> dict[str, Any]:
    title = rule.replace("-", " ")
    guide = report.pages.get(rule, "")
    summary = " ".join(guide.partition("\n\n")[0].split()) or f"{title[:1].upper()}{title[1:]}."
    worst = max(remark.severity for remark in found if remark.rule == rule)
    return {
        "id": rule,
        "name": "".join(word[:1].upper() + word[1:] for word in title.split()) or rule,
        "shortDescription": {"text": f"{title[:1].upper()}{title[1:]}"},
        "fullDescription": {"text": summary},
        "help": {"text": guide or _NO_PAGE, "markdown": guide or _NO_PAGE},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": ["access", "gitops"]},
    }


def _result(remark: Remark, rules: tuple[str, ...]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(remark.file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": remark.line, "startColumn": remark.column},
        }
    }
    if remark.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": remark.subject, "kind": "resource"}]
    return {
        "ruleId": remark.rule,
        "ruleIndex": rules.index(remark.rule),
        "level": _LEVELS[remark.severity],
        "message": {"text": remark.text},
        "locations": [location],
        "partialFingerprints": {"dpsync/v1": remark.fingerprint},
    }

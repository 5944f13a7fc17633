"""The GitLab code quality format: findings at their lines in a merge request (`artifacts:reports:codequality`).

GitLab compares the list of the branch with that of the target by fingerprint, and shows what is new and what is gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dpsync.model.finding import Severity
from dpsync.model.report import Page, Report
from dpsync.reports.remarks import Remark, remarks

_SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTICE: "info"}
)


def render(report: Report, page: Page) -> str:
    """The findings as one JSON list, as GitLab reads it."""
    found = [_entry(remark) for remark in remarks(report, page)]
    return json.dumps(found, indent=2, ensure_ascii=True) + "\n"


def _entry(remark: Remark) -> dict[str, Any]:
    return {
        "description": " ".join(part for part in (remark.message, remark.remedy) if part),
        "check_name": remark.rule,
        "fingerprint": remark.fingerprint,
        "severity": _SEVERITIES[remark.severity],
        "location": {"path": remark.file, "lines": {"begin": remark.line}},
    }

"""Remarks: what of a report can stand at a line of a file, for formats that a code host lays beside the manifests.

A room of its own because SARIF, GitHub, GitLab and JUnit have to agree on what is marked and where. Findings are remarks;
so is what drifted, and what an apply did not make. Must never be used for a report that is read as a whole: what is about
no line and no change, such as which revision was compared with, is left out here.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.outcome import Outcome, Result
from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.reports import sentences
from dpsync.reports.layout import visible

WORKSPACE_FILE = "dpsync.yaml"
"""Where a remark stands that is about no manifest, such as the delete of what no manifest names."""

_RESULTS: Mapping[Result, Finding] = MappingProxyType(
    {
        Result.FAILED: Finding("apply-failed", Severity.ERROR, ""),
        Result.SKIPPED: Finding("apply-skipped", Severity.WARNING, ""),
        Result.STALE: Finding("apply-stale", Severity.WARNING, ""),
    }
)
"""The outcomes that are remarks, with their rule."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing at one place. `file` is seen from the top of the repository; `line` and `column` count from 1.

    `fingerprint` stays the same while the lines above move and while numbers of people change. Everything is escaped for a
    reader of text already, and for nothing else.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str
    file: str
    line: int
    column: int
    subject: str
    fingerprint: str

    @property
    def text(self) -> str:
        """What happened and the way out, the one below the other."""
        return "\n".join(part for part in (self.message, self.remedy) if part)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def remarks(report: Report, page: Page) -> tuple[Remark, ...]:
    """What can be marked, errors first, then by place."""
    found = (*_about_lines(report), *_drifted(report), *_not_made(report))
    ordered = sorted(in_order(found), key=lambda finding: -finding.severity)
    seen: Counter[tuple[str, ...]] = Counter()
    return tuple(_remark(finding, page, seen) for finding in ordered)


def _remark(finding: Finding, page: Page, seen: Counter[tuple[str, ...]]) -> Remark:
    origin = finding.origin or Origin(WORKSPACE_FILE)
    subject = str(finding.address or "")
    message = visible(finding.message)
    if subject and subject not in message:
        message = f"{visible(subject)}: {message}"
    sign = (finding.rule, origin.file, subject, re.sub(r"\d+", "#", finding.message))
    seen[sign] += 1
    return Remark(
        visible(finding.rule),
        finding.severity,
        message,
        visible(finding.remedy),
        _from_the_top(visible(origin.file), page),
        max(origin.line, 1),
        max(origin.column, 1),
        visible(subject),
        _digest((*sign, str(seen[sign]))),
    )


def _from_the_top(file: str, page: Page) -> str:
    return f"{page.folder}/{file}" if page.folder else file


def _digest(parts: Iterable[str]) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def _about_lines(report: Report) -> Iterator[Finding]:
    """The findings; one about a change stands where that begins, if it has no place of its own."""
    changes = _changes(report)
    blocking = (finding for change in changes.values() for finding in change.blocked)
    for finding in (*sentences.all_findings(report), *blocking):
        change = changes.get(finding.address) if finding.address else None
        origin = finding.origin or (change.origin if change else None)
        if finding.severity is Severity.NOTICE and origin is None:
            continue
        yield _at(finding, origin)


def _at(finding: Finding, origin: Origin | None) -> Finding:
    return Finding(finding.rule, finding.severity, finding.message, finding.remedy, origin, finding.address)


def _changes(report: Report) -> Mapping[Address, Change]:
    changes = (*(report.plan.changes if report.plan else ()), *report.unreviewed)
    return {change.address: change for change in changes}


def _drifted(report: Report) -> Iterator[Finding]:
    if report.plan is None or report.command != sentences.DRIFT:
        return
    for change in report.plan.changes:
        title = sentences.change_title(change)
        reason = sentences.reason(change, report)
        yield Finding(
            "live-differs",
            Severity.WARNING,
            f"{title} has drifted: {reason}." if reason else f"{title} has drifted.",
            "Run apply to bring back what was agreed on, or write what is live into the manifest.",
            change.origin,
            change.address,
        )


def _not_made(report: Report) -> Iterator[Finding]:
    for outcome in report.outcomes or ():
        if outcome.result in _RESULTS:
            yield _of_outcome(outcome)
    for change in sentences.not_started(report):
        yield Finding(
            "apply-not-started",
            Severity.WARNING,
            f"{change.address} was not started.",
            sentences.run_again(report),
            change.origin,
            change.address,
        )


def _of_outcome(outcome: Outcome) -> Finding:
    change = outcome.change
    words = f"{change.action.value} {change.address} {outcome.result.value}"
    message = f"{words}: {outcome.message}" if outcome.message else f"{words}."
    return replace(
        _RESULTS[outcome.result],
        message=message,
        remedy=outcome.remedy,
        origin=change.origin,
        address=change.address,
    )

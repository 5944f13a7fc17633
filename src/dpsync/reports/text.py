"""The text format: for a terminal, and for the log of a job.

Plain lines first, style afterwards: what a log shows and what a terminal shows differ in colour only. Text is wrapped
and never cut. Nothing foreign is taken for markup or for a control sequence (`layout.visible`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from dpsync.model.change import Change
from dpsync.model.finding import Finding
from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import sentences, weight
from dpsync.reports.layout import Line, cells, visible, wrapped
from dpsync.reports.paper import Row, written

_NARROWEST = 40
_BELOW = 6
"""Where the lines below the title of a change begin."""

_STYLES: Mapping[str, str] = MappingProxyType(
    {"+": "green", "~": "yellow", "-": "red", "→": "cyan", "!": "bold red", "?": "dim"}
)
_SEVERITIES: Mapping[str, str] = MappingProxyType(
    {"error": "bold red", "warning": "yellow", "notice": "blue"}
)
_RESULTS: Mapping[str, str] = MappingProxyType(
    {"done": "green", "already": "green", "failed": "bold red", "skipped": "yellow", "stale": "yellow"}
)


def render(report: Report, page: Page) -> str:
    """The report as text of at most `page.width` columns, with escape sequences only if the page shows colour."""
    blocks = [block for block in _blocks(report, max(page.width, _NARROWEST)) if block]
    rows: list[Row] = []
    for index, block in enumerate(blocks):
        if index and not (len(block) == 1 and len(blocks[index - 1]) == 1 and _are_alike(blocks, index)):
            rows.append(Row(""))
        rows.extend(block)
    return written(rows, page)


def listed(findings: Iterable[Finding], page: Page) -> str:
    """Findings alone, with a blank line between them and without a verdict."""
    rows: list[Row] = []
    for index, finding in enumerate(findings):
        rows += [Row("")] if index else []
        rows += _finding(finding, max(page.width, _NARROWEST))
    return written(rows, page)


def _finding(finding: Finding, width: int) -> list[Row]:
    style = _SEVERITIES[finding.severity.word]
    first, *others = sentences.finding_lines(finding)
    return [*_line(first, width, 0, style), *(row for line in others for row in _line(line, width, 0))]


def _are_alike(blocks: list[list[Row]], index: int) -> bool:
    """Whether two neighbours of one line each belong together: both are changes, which are indented."""
    return all(block[0].text.startswith("  ") for block in (blocks[index - 1], blocks[index]))


def _blocks(report: Report, width: int) -> Iterator[list[Row]]:
    yield _paragraph(sentences.title(report), width, "bold")
    if report.plan is not None and report.outcomes is not None:
        yield [*_outcomes(report, width), *_held_back(report.plan, width), *_left(report, width)]
    else:
        yield from _prospect(report, width)
    yield _paragraph(sentences.interrupted(report), width, "bold yellow")
    yield [
        *_paragraph(sentences.fingerprint_line(report), width, "dim", hang=2),
        *(_paragraph(sentences.not_declared(report), width) if report.outcomes is None else ()),
        *_paragraph(sentences.verdict(report), width, "bold"),
    ]


def _prospect(report: Report, width: int) -> Iterator[list[Row]]:
    """What would be done, and what there is to know before it is. Once it was done, nothing of it is said again."""
    plan = report.plan
    if plan is not None:
        yield _paragraph(sentences.offline(report), width, "bold yellow")
        yield _paragraph(sentences.incomplete(plan), width, "bold yellow")
        yield _paragraph(sentences.partial(plan), width, "bold yellow")
        yield _weight(report, width)
        yield _paragraph(sentences.preamble(report), width)
        for heading, changes in sentences.groups(report):
            yield _paragraph(heading, width, "bold")
            for change in changes:
                yield _change(change, report, width)
    yield from _unreviewed(report, width)
    for finding in sentences.loose_findings(report):
        yield _finding(finding, width)
    if plan is not None:
        yield [row for line in sentences.kept_lines(plan) for row in _line(line, width, 0)]
    yield [
        Row(row.text, "dim") for line in sentences.unmanaged_lines(report) for row in _line(line, width, 0)
    ]


def _weight(report: Report, width: int) -> list[Row]:
    """Who gains and who loses by everything together: the first thing to read."""
    plan = report.plan
    if plan is None or report.command == sentences.DRIFT or report.offline:
        return []
    style = "bold red" if weight.takes_anything(plan) else "bold"
    return _paragraph(weight.weight(plan), width, style)


def _unreviewed(report: Report, width: int) -> Iterator[list[Row]]:
    yield _paragraph(sentences.unreviewed_title(report), width, "bold")
    for change in report.unreviewed:
        yield _change(change, report, width)
    yield [row for line in sentences.reviewed_lines(report) for row in _line(line, width, 0)]


def _left(report: Report, width: int) -> Iterator[Row]:
    """The changes that nobody reviewed, in a line each."""
    for change in report.unreviewed:
        for row in wrapped(sentences.unreviewed_line(change).text, width, 2, 11):
            yield Row(row, "yellow")


def _held_back(plan: Plan, width: int) -> Iterator[Row]:
    """The blocked changes in a line each; the plan said why."""
    for change in plan.blocked:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in change.blocked))
        for row in wrapped(f"blocked  ! {sentences.change_title(change)}: {rules}", width, 2, 11):
            yield Row(row, _STYLES["!"])


def _change(change: Change, report: Report, width: int) -> list[Row]:
    sign = sentences.sign(change)
    title = f"{sign} {sentences.change_title(change)}"
    where = sentences.place(change.origin)
    reason = sentences.reason(change, report)
    rows = list(wrapped(title, width, indent=2, hang=4))
    aside = where or reason
    if aside and len(rows) == 1 and cells(rows[0]) + 2 + cells(visible(aside)) <= width:
        gap = width - cells(rows[0]) - cells(visible(aside)) if where else 2
        rows[0] = f"{rows[0]}{' ' * gap}{visible(aside)}"
        below = [] if aside is reason else [reason]
    else:
        below = [where, reason]
    style = _STYLES[sign]
    return [
        *(Row(row, style) for row in rows),
        *(Row(row, "dim") for text in below if text for row in wrapped(text, width, _BELOW, 2)),
        *(row for line in sentences.change_lines(change, report) for row in _line(line, width, _BELOW)),
    ]


def _outcomes(report: Report, width: int) -> Iterator[Row]:
    """What did not go well, one by one; what did was said while it happened, and is counted in the summary."""
    for outcome in report.outcomes or ():
        if outcome.is_good:
            continue
        first, *others = sentences.outcome_lines(outcome)
        for row in wrapped(first.text, width, 2, 11):
            yield Row(row, _RESULTS[outcome.result.value])
        for line in others:
            yield from _line(line, width, 3)
    for change in sentences.not_started(report):
        for row in wrapped(sentences.not_started_line(change).text, width, 2, 11):
            yield Row(row, "yellow")


def _line(line: Line, width: int, indent: int, style: str = "") -> Iterator[Row]:
    hang = 2 + (2 if line.sign else 0)
    for row in wrapped(line.signed, width, indent + 2 * line.depth, hang):
        yield Row(row, style or _STYLES.get(line.sign, ""))


def _paragraph(text: str, width: int, style: str = "", hang: int = 0) -> list[Row]:
    return [Row(row, style) for row in wrapped(text, width, 0, hang)] if text else []

"""The Markdown format: for a comment on a pull request.

Whatever came from a manifest or from the marketplace stands in a fence, in a code span or in raw HTML, escaped for the
place where it stands: it cannot end a fence, break a table, become a link, or call anybody. A comment has a largest
size; a report that is larger is told with fewer words, never cut in the middle.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import sentences
from dpsync.reports.layout import Line, visible, wrapped

LIMIT = 65_536
"""The largest comment that code hosts take, in characters."""

_SPARE = 512
"""What is left free for a hidden mark by which a comment is found again."""

_WIDTH = 100
"""Where lines inside a fence are wrapped; a fence does not wrap by itself."""


def render(report: Report, _page: Page) -> str:
    """The report as Markdown, in the fullest of its lengths that fits a comment."""
    fullest, *shorter = (_full, _listed, _briefly, _counts)
    text = fullest(report)
    for length in shorter:
        if len(text) <= LIMIT - _SPARE:
            break
        text = length(report)
    return text


def _full(report: Report) -> str:
    return _joined(*_head(report), *_outcomes(report), *_details(report), *_findings(report), *_tail(report))


def _listed(report: Report) -> str:
    """Each change on one line."""
    return _joined(
        *_head(report),
        _SHORTENED.format("each change has one line here"),
        *_outcomes(report),
        *_change_list(report),
        *_findings(report),
        *_tail(report),
    )


def _briefly(report: Report) -> str:
    """Each change on one line, findings only as a number."""
    return _joined(
        *_head(report),
        _SHORTENED.format("each change has one line here, and findings are only counted"),
        *_outcomes(report),
        *_change_list(report),
        _finding_counts(report),
    )


def _counts(report: Report) -> str:
    """Numbers only."""
    return _joined(*_head(report), _SHORTENED.format("only numbers are shown here"), _finding_counts(report))


_SHORTENED = "_The whole report is too long for a comment: {}. The text and JSON reports have everything._"


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> Iterator[str]:
    if report.plan is None:
        yield f"### dpsync {report.command}"
    else:
        target = report.plan.target
        yield f"### dpsync {report.command}: {code(target.environment)}"
    if report.plan is not None and report.outcomes is None:
        yield _banner(report.plan)
    yield f"**{sentences.verdict(report)}**"
    if report.plan is not None and report.outcomes is None:
        yield _table(report.plan)
    yield sentences.interrupted(report)


def _banner(plan: Plan) -> str:
    """What nobody may overlook: what is deleted, who loses access, and what could not be read."""
    lines = []
    deleted = plan.count(Action.DELETE)
    taking = sum(1 for change in plan.applicable if sentences.takes_access(change))
    if deleted or taking:
        parts = []
        if deleted:
            parts.append(f"deletes {sentences.counted(deleted, 'object')}")
        if taking:
            verb = "takes" if taking == 1 else "take"
            parts.append(f"has {sentences.counted(taking, 'change')} that {verb} access away")
        lines.append(f"> ⚠️ **This plan {' and '.join(parts)}.**")
    if not plan.complete:
        lines.append(f"> ⚠️ **{sentences.incomplete(plan)}**")
    return "\n>\n".join(lines)


def _table(plan: Plan) -> str:
    rows = [
        ("+", "create", plan.count(Action.CREATE)),
        ("~", "update", plan.count(Action.UPDATE)),
        ("-", "delete", plan.count(Action.DELETE)),
        ("!", "blocked", len(plan.blocked)),
    ]
    if not any(count for _, _, count in rows):
        return ""
    return "\n".join(
        (
            "| | Action | Changes |",
            "|---|---|---:|",
            *(f"| `{sign}` | {word} | {count} |" for sign, word, count in rows if count),
        )
    )


def _details(report: Report) -> Iterator[str]:
    for change in _shown(report):
        lines = [
            *(Line(0, text) for text in (sentences.place(change.origin), change.reason) if text),
            *sentences.change_lines(change, report),
        ]
        yield "\n".join(
            (
                "<details>",
                f"<summary>{_summary(change)}</summary>",
                "",
                fence("diff", (row for line in lines for row in _diff(line))),
                "",
                "</details>",
            )
        )


def _shown(report: Report) -> tuple[Change, ...]:
    if report.plan is None:
        return ()
    return report.plan.changes if report.outcomes is None else report.plan.blocked


def _summary(change: Change) -> str:
    """The title, and after it what weighs most: what blocks the change, or who gains or loses."""
    words = [f"blocked by {finding.rule}" for finding in change.blocked[:1]]
    words += [line.text for line in sentences.access_lines(change) if sentences.touches_somebody(change)]
    tail = f" {escaped('; '.join(words))}" if words else ""
    title = f"{sentences.sign(change)} {sentences.change_title(change)}"
    return f"<code>{escaped(title)}</code>{tail}"


def _change_list(report: Report) -> Iterator[str]:
    rows = [Line(0, sentences.change_title(change), sentences.sign(change)) for change in _shown(report)]
    if rows:
        yield fence("diff", (row for line in rows for row in _diff(line)))


def _outcomes(report: Report) -> Iterator[str]:
    lines = [line for outcome in report.outcomes or () for line in sentences.outcome_lines(outcome)]
    lines += [sentences.not_started_line(change) for change in sentences.not_started(report)]
    if lines:
        yield fence("text", _plain(lines))


def _findings(report: Report) -> Iterator[str]:
    findings = sentences.loose_findings(report)
    if findings:
        yield f"#### {sentences.counted(len(findings), 'finding')}"
        yield fence("text", _plain(line for finding in findings for line in sentences.finding_lines(finding)))


def _finding_counts(report: Report) -> str:
    findings = sentences.loose_findings(report)
    return f"{sentences.counted(len(findings), 'finding')}." if findings else ""


def _tail(report: Report) -> Iterator[str]:
    if report.plan is None:
        return
    kept = sentences.kept_lines(report.plan)
    if kept:
        yield kept[0].text
        yield fence("text", _plain(kept[1:]))
    yield sentences.unmanaged(report.plan)


def _diff(line: Line) -> Iterator[str]:
    """A line for a diff fence: a sign that such a fence knows stands in the first column and colours the line."""
    mark = line.sign if line.sign in {"+", "-", "!", " "} else ""
    for row in wrapped(line.text if mark else line.signed, _WIDTH, 2 + 2 * line.depth, 2):
        yield f"{mark}{row[len(mark) :]}"


def _plain(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield from wrapped(line.signed, _WIDTH, 2 * line.depth, 2)


def fence(language: str, rows: Iterable[str]) -> str:
    """A fenced block that nothing inside it can end."""
    body = "\n".join(rows)
    marks = _longer_than_any_run(body, 3)
    return f"{marks}{language}\n{body}\n{marks}"


def code(text: str) -> str:
    """A code span that nothing inside it can end."""
    shown = visible(text)
    marks = _longer_than_any_run(shown, 1)
    pad = " " if shown[:1] in {"`", " ", ""} or shown[-1:] == "`" else ""
    return f"{marks}{pad}{shown}{pad}{marks}"


def _longer_than_any_run(text: str, least: int) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def escaped(text: str) -> str:
    """The text for raw HTML inside Markdown: no tag, no mention, no link to an issue."""
    shown = html.escape(visible(text))
    return shown.replace("@", "@\u200b")

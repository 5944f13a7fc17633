"""The Markdown format: for a comment on a pull request.

Whatever came from a manifest or from the marketplace stands in a fence, in a code span or in raw HTML, escaped for the
place where it stands: it cannot end a fence, break a table, become a link, or call anybody. A comment has a largest
size; a report that is larger is told with fewer words, never cut in the middle.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import people, sentences, weight
from dpsync.reports.layout import Line, visible, wrapped
from dpsync.reports.numbers import counted

LIMIT = 65_536
"""The largest comment that code hosts take, in characters."""

_SPARE = 512
"""What is left free for a hidden mark by which a comment is found again."""

_WIDTH = 100
"""Where lines inside a fence are wrapped; a fence does not wrap by itself."""


def render(report: Report, _page: Page) -> str:
    """The report as Markdown, in the fullest of its lengths that fits a comment."""
    text = _full(report)
    shorter = (_listed, _briefly, _counts)
    for length in (_without_calls, *shorter) if report.with_calls else shorter:
        if len(text) <= LIMIT - _SPARE:
            break
        text = length(report)
    return text


def _full(report: Report) -> str:
    return _joined(*_head(report), *_outcomes(report), *_details(report), *_findings(report), *_tail(report))


def _without_calls(report: Report) -> str:
    """As without `--calls`."""
    bare = replace(report, with_calls=False)
    return _joined(
        *_head(bare),
        _SHORTENED.format("the calls are left out"),
        *_outcomes(bare),
        *_details(bare),
        *_findings(bare),
        *_tail(bare),
    )


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
        yield _banner(report, report.plan)
    yield f"**{sentences.verdict(report)}**"
    if report.plan is not None and report.outcomes is None:
        yield sentences.not_declared(report)
        yield _table(report.plan)
        yield sentences.preamble(report)
    yield sentences.interrupted(report)


def _banner(report: Report, plan: Plan) -> str:
    """What nobody may overlook: who loses access, what is deleted, and what could not be read."""
    lines = []
    said = weight.weight(plan) if report.command != sentences.DRIFT else ""
    if said:
        sign = "⚠️ " if weight.takes_anything(plan) else ""
        lines.append(f"> {sign}**{said}**")
    deleted = plan.count(Action.DELETE)
    if deleted and report.command != sentences.DRIFT:
        lines.append(f"> ⚠️ **This plan deletes {counted(deleted, 'object')}.**")
    if not plan.complete:
        lines.append(f"> ⚠️ **{sentences.incomplete(plan)}**")
    if plan.part is not None:
        lines.append(f"> {sentences.partial(plan, code)}")
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
    for heading, changes in _sections(report):
        yield f"#### {heading}" if heading else ""
        for change in changes:
            yield _detail(change, report)


def _detail(change: Change, report: Report) -> str:
    where, reason = sentences.place(change.origin), sentences.reason(change, report)
    lines = [
        *(Line(0, text) for text in (where, reason) if text),
        *sentences.change_lines(change, report),
    ]
    return "\n".join(
        (
            "<details>",
            f"<summary>{_summary(change)}</summary>",
            "",
            fence("diff", (row for line in lines for row in _diff(line))),
            "",
            "</details>",
        )
    )


def _sections(report: Report) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """The changes to show, with the heading of each part: once a plan was applied, what was not made of it."""
    if report.outcomes is None:
        yield from sentences.groups(report)
    elif report.plan is not None:
        yield "", report.plan.blocked
    if report.unreviewed:
        yield sentences.unreviewed_title(report), report.unreviewed


def _summary(change: Change) -> str:
    """The title, and after it what weighs most: what blocks the change, or who gains or loses."""
    words = [f"blocked by {finding.rule}" for finding in change.blocked[:1]]
    words += [words for words in (people.brief(change),) if words]
    tail = f" {escaped('; '.join(words))}" if words else ""
    title = f"{sentences.sign(change)} {sentences.change_title(change)}"
    return f"<code>{escaped(title)}</code>{tail}"


def _change_list(report: Report) -> Iterator[str]:
    for heading, changes in _sections(report):
        rows = [Line(0, _listed_title(change), sentences.sign(change)) for change in changes]
        if rows:
            yield f"#### {heading}" if heading else ""
            yield fence("diff", (row for line in rows for row in _diff(line)))


def _listed_title(change: Change) -> str:
    """The title with the class, where it is more than a description."""
    weighs = change.effect is not Effect.DESCRIPTIVE
    return sentences.change_title(change) + (f" ({change.effect.value})" if weighs else "")


def _outcomes(report: Report) -> Iterator[str]:
    lines = [line for outcome in report.outcomes or () for line in sentences.outcome_lines(outcome)]
    lines += [sentences.not_started_line(change) for change in sentences.not_started(report)]
    if lines:
        yield fence("text", _plain(lines))


def _findings(report: Report) -> Iterator[str]:
    findings = sentences.loose_findings(report)
    if findings:
        yield f"#### {counted(len(findings), 'finding')}"
        yield fence("text", _plain(line for finding in findings for line in sentences.finding_lines(finding)))


def _finding_counts(report: Report) -> str:
    findings = sentences.loose_findings(report)
    return f"{counted(len(findings), 'finding')}." if findings else ""


def _tail(report: Report) -> Iterator[str]:
    if report.plan is None:
        return
    reviewed = sentences.reviewed_lines(report)
    if reviewed:
        yield fence("text", _plain(reviewed))
    kept = sentences.kept_lines(report.plan)
    if kept:
        yield kept[0].text
        yield fence("text", _plain(kept[1:]))
    lines = sentences.unmanaged_lines(report)
    if len(lines) > 1:
        yield lines[0].signed
        yield fence("text", _plain(lines[1:]))
    elif lines:
        yield lines[0].signed
    fingerprint = sentences.fingerprint_line(report)
    if fingerprint:
        words, digest = fingerprint.split(": ", 1)
        yield f"{words}: `{digest}`"


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

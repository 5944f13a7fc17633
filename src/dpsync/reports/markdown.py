"""The Markdown format: for a comment on a pull request, which a busy reader understands in seconds and can trust.

First what nobody may overlook, then the verdict, a small table, what is blocked and why, and each change in one line that
unfolds into its difference. What the manifests did not bring is counted and folded. A comment has a largest size; a report
that is larger is told with fewer words, never cut in the middle. Foreign text passes through `markup.py`, always.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import people, sentences, weight
from dpsync.reports.layout import Line, visible
from dpsync.reports.markup import code, diff_rows, escaped, fence, folded, inert, joined, plain_rows
from dpsync.reports.numbers import counted

LIMIT = Page().limit
"""The largest comment of most code hosts, in characters; a page may say another limit."""

SPARE = 1_024
"""What is left free for what a comment has besides the report: its hidden mark, the commit, the link to the run."""


def render(report: Report, page: Page) -> str:
    """The report as Markdown, in the fullest of its lengths that fits a comment."""
    text = ""
    for length in (_full, _changed, _listed, _counts):
        text = length(report, page)
        if len(text) <= page.limit - SPARE:
            break
    return text


# The ladder


def _full(report: Report, _page: Page) -> str:
    """Everything."""
    return joined(
        *_head(report),
        *_outcomes(report),
        *_details(report),
        *_findings(report),
        *_rest(report),
        *_end(report),
    )


def _changed(report: Report, page: Page) -> str:
    """What changes, and what stands in its way; besides, only numbers."""
    bare = replace(report, with_calls=False)
    return joined(
        *_head(bare),
        _shortened(page, "only what changes is shown"),
        *_outcomes(bare),
        *_details(bare),
        *_finding_counts(bare),
        *_rest_counts(bare),
        *_end(bare),
    )


def _listed(report: Report, page: Page) -> str:
    """Each change on one line."""
    return joined(
        *_head(report),
        _shortened(page, "each change has one line here"),
        *_outcomes(report),
        *_change_list(report),
        *_finding_counts(report),
        *_rest_counts(report),
        *_end(report),
    )


def _counts(report: Report, page: Page) -> str:
    """Numbers only."""
    return joined(
        *_head(report),
        _shortened(page, "only numbers are shown here"),
        *_finding_counts(report),
        *_rest_counts(report),
        *_end(report),
    )


def _shortened(page: Page, what: str) -> str:
    where = (
        f"[The run]({page.link}) has everything" if page.link else "The text and JSON reports have everything"
    )
    return f"_The whole report is too long for a comment: {what}. {where}._"


# First


def _head(report: Report) -> Iterator[str]:
    name = "apply" if report.outcomes is not None and report.command == "apply" else report.command
    if report.plan is None:
        yield f"### dpsync {name}"
    else:
        yield f"### dpsync {name}: {code(report.plan.target.environment)}"
    if report.plan is not None and report.outcomes is None:
        yield _banner(report, report.plan)
    yield f"**{sentences.verdict(report)}**"
    if report.plan is not None and report.outcomes is None:
        if not report.offline and report.command != sentences.DRIFT and not _is_grave(report.plan):
            yield weight.weight(report.plan)
        yield sentences.not_declared(report)
        yield _table(report.plan)
        yield sentences.preamble(report)
    yield sentences.interrupted(report)


def _is_grave(plan: Plan) -> bool:
    """Whether somebody loses access, or something is deleted."""
    return weight.takes_anything(plan) or plan.count(Action.DELETE) > 0


def _banner(report: Report, plan: Plan) -> str:
    """What nobody may overlook: who loses access, what is deleted, and what could not be read."""
    if report.offline:
        return f"> **{sentences.offline(report)}**\n>\n> Base: {code(report.offline)}"
    lines = []
    if report.command != sentences.DRIFT and _is_grave(plan):
        said = weight.weight(plan)
        deleted = plan.count(Action.DELETE)
        lines += [f"> ⚠️ **{said}**"] if said and weight.takes_anything(plan) else []
        lines += [f"> ⚠️ **This plan deletes {counted(deleted, 'object')}.**"] if deleted else []
        lines += [f"> {said}"] if said and not weight.takes_anything(plan) else []
    if not plan.complete:
        lines.append(f"> ⚠️ **{sentences.incomplete(plan)}**")
    if plan.part is not None:
        lines.append(f"> {sentences.partial(plan, code)}")
    return "\n>\n".join(lines)


_COLUMNS = (Action.CREATE, Action.UPDATE, Action.DELETE)


def _table(plan: Plan) -> str:
    """How many changes of each class there are, by action; what is blocked has a column of its own."""
    made = Counter((change.effect, change.action) for change in plan.applicable)
    held = Counter(change.effect for change in plan.blocked)
    columns = [action for action in _COLUMNS if any(made[effect, action] for effect in Effect)]
    classes = [effect for effect in Effect if held[effect] or any(made[effect, one] for one in columns)]
    if not classes:
        return ""
    heads = [f"`{sentences.SIGNS[action]}` {action.value}" for action in columns]
    rows = [[str(made[effect, action] or "") for action in columns] for effect in classes]
    if plan.blocked:
        heads.append(f"`{sentences.BLOCKED}` blocked")
        rows = [[*row, str(held[effect] or "")] for row, effect in zip(rows, classes, strict=True)]
    return "\n".join(
        (
            f"| Class | {' | '.join(heads)} |",
            f"|---|{'---:|' * len(heads)}",
            *(f"| {effect.value} | {' | '.join(row)} |" for effect, row in zip(classes, rows, strict=True)),
        )
    )


# The changes


def _sections(report: Report) -> Iterator[tuple[str, bool, tuple[Change, ...]]]:
    """The changes to show: heading, whether they are folded, changes. Of an applied plan, what was not made of it."""
    plan = report.plan
    if plan is not None and plan.blocked and not report.offline:
        yield f"Blocked: {counted(len(plan.blocked), 'change')}", False, plan.blocked
    if report.outcomes is None:
        for heading, changes in sentences.groups(report):
            rest = tuple(change for change in changes if report.offline or not change.is_blocked)
            yield heading, bool(heading), rest
    if report.unreviewed:
        yield sentences.unreviewed_title(report), False, report.unreviewed


def _details(report: Report) -> Iterator[str]:
    for heading, is_folded, changes in _sections(report):
        shown = [_detail(change, report) for change in changes]
        if shown and is_folded:
            yield folded(f"<b>{heading}</b>", *shown)
        elif shown:
            yield from (f"#### {heading}" if heading else "", *shown)


def _detail(change: Change, report: Report) -> str:
    """One line, and folded below it what is said about the change and what differs. What blocks it stands open."""
    notes = [
        *(Line(0, text) for text in (sentences.reason(change, report),) if text),
        *sentences.notes_about(change, report),
        *sentences.people_lines(change, report),
    ]
    calls = tuple(sentences.call_lines(change)) if report.with_calls else ()
    rows = tuple(_difference(change))
    return folded(
        _summary(change, report),
        fence("text", plain_rows(notes)) if notes else "",
        fence("diff", rows) if rows else "",
        fence("text", plain_rows(calls)) if calls else "",
        is_open=change.is_blocked,
    )


def _difference(change: Change) -> Iterator[str]:
    """What differs as a diff, each part below the file and line where it is declared."""
    shown = ""
    for place, rows in _parts(change):
        where = place or (sentences.place(change.origin) if not shown else "")
        if where and where != shown:
            shown = where
            yield f"@@ {visible(where)} @@"
        yield from rows


def _parts(change: Change) -> Iterator[tuple[str, Iterable[str]]]:
    """The rows of the difference in parts, each with the place of its own, if it has one."""
    rename = sentences.renaming(change)
    if rename is not None:
        yield sentences.place(rename.origin), diff_rows(sentences.field_lines(rename, change))
    if change.action is Action.DELETE:
        yield "", diff_rows(sentences.gone_lines(change), "-")
    elif change.action is Action.CREATE:
        yield "", diff_rows(sentences.difference_lines(change), "+")
    else:
        for place, lines in sentences.difference_parts(change):
            if rows := tuple(diff_rows(lines)):
                yield place, rows


def _summary(change: Change, report: Report) -> str:
    """The one line: the title, what weighs most (what blocks it, or who gains or loses), and whose it is."""
    words = [f"blocked by {inert(finding.rule)}" for finding in change.blocked[:1]]
    brief = "" if report.offline else people.brief(change)
    words += [escaped(brief)] if brief else []
    tail = f" {'; '.join(words)}" if words else ""
    owners = report.owners.get(change.address, ())
    whose = f" · {', '.join(inert(name) for name in owners)}" if owners else ""
    title = f"{sentences.sign(change)} {sentences.change_title(change)}"
    return f"{inert(title)}{tail}{whose}"


def _change_list(report: Report) -> Iterator[str]:
    for heading, is_folded, changes in _sections(report):
        if not changes:
            continue
        lines = [Line(0, _listed_title(change, report), sentences.sign(change)) for change in changes]
        rows = fence("diff", diff_rows(lines))
        if is_folded:
            yield folded(f"<b>{heading}</b>", rows)
        else:
            yield from (f"#### {heading}" if heading else "", rows)


def _listed_title(change: Change, report: Report) -> str:
    """The title with what blocks it, the class where it is more than a description, and whose it is."""
    words = [finding.rule for finding in change.blocked[:1]]
    words += [change.effect.value] if change.effect is not Effect.DESCRIPTIVE else []
    words += report.owners.get(change.address, ())
    return sentences.change_title(change) + (f" ({', '.join(words)})" if words else "")


def _outcomes(report: Report) -> Iterator[str]:
    lines = [line for outcome in report.outcomes or () for line in sentences.outcome_lines(outcome)]
    lines += [sentences.not_started_line(change) for change in sentences.not_started(report)]
    if lines:
        yield fence("text", plain_rows(lines))


# What else there is to know


def _findings(report: Report) -> Iterator[str]:
    findings = sentences.loose_findings(report)
    if findings:
        yield f"#### {counted(len(findings), 'finding')}"
        yield fence("text", plain_rows(line for one in findings for line in sentences.finding_lines(one)))


def _finding_counts(report: Report) -> Iterator[str]:
    findings = sentences.loose_findings(report)
    if findings:
        yield f"{counted(len(findings), 'finding')}."


def _rest(report: Report) -> Iterator[str]:
    if report.plan is None:
        return
    reviewed = sentences.reviewed_lines(report)
    if reviewed:
        yield fence("text", plain_rows(reviewed))
    for lines in (sentences.kept_lines(report.plan), sentences.unmanaged_lines(report)):
        yield from _list_below(lines)


def _rest_counts(report: Report) -> Iterator[str]:
    if report.plan is None:
        return
    bare = replace(report, unmanaged=None)
    for lines in (sentences.kept_lines(report.plan), sentences.unmanaged_lines(bare)):
        yield from (line.signed.rstrip(":") for line in lines[:1])


def _list_below(lines: tuple[Line, ...]) -> Iterator[str]:
    """A sentence of ours, and below it what it counts."""
    if lines:
        yield lines[0].signed
    if len(lines) > 1:
        yield fence("text", plain_rows(lines[1:]))


def _end(report: Report) -> Iterator[str]:
    """What the plan is recognised by, and where it would be applied."""
    fingerprint = sentences.fingerprint_line(report)
    if fingerprint:
        words, digest = fingerprint.split(": ", 1)
        yield f"{words}: `{digest}`"
    if report.plan is not None:
        target = report.plan.target
        parts = (
            ("Environment", target.environment),
            ("workspace", target.workspace),
            ("tenant", target.tenant),
        )
        yield ", ".join(f"{name} {code(text)}" for name, text in parts if text)

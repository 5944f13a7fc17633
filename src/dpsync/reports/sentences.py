"""What a report says, in words and lines, before a format gives it a shape.

A room of its own so that the terminal, a pull request and a machine are told the same in the same words. The summary
lines are a contract (DESIGN 8). What is said about people is in `people.py` and `weight.py`. Nothing is escaped here;
`layout.py` does that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange, Provenance
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, in_order
from dpsync.model.fingerprint import plan_fingerprint
from dpsync.model.outcome import Outcome, Result
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan
from dpsync.model.reference import SourceReference
from dpsync.model.report import Report
from dpsync.model.resource import LiveResource
from dpsync.reports import numbers
from dpsync.reports.layout import Line
from dpsync.reports.numbers import counted, joined, kinds_counted
from dpsync.reports.people import access_lines
from dpsync.reports.values import changed_lines, inline, quoted, set_lines

SIGNS: Mapping[Action, str] = MappingProxyType(
    {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE_SOURCES: "~", Action.DELETE: "-"}
)
RENAMED = "→"
BLOCKED = "!"
UNMANAGED = "?"
REMEDY = "→"

DRIFT = "drift"
"""The command whose plan is made of the base: it would bring back what the base asks for."""

UNDO = "undo"
"""The command whose plan is made of a journal: it brings back what was there before a run."""

NOT_COMPARED = "Not compared with the marketplace."

SOURCES_OF_A_CREATE = 20
"""How many sources of a new object are listed; of an existing one, all that come or go are."""


# The report as a whole


def title(report: Report) -> str:
    """What was looked at: `Plan for sandbox (workspace acme-data, tenant acme)`."""
    if report.plan is None:
        return ""
    target = report.plan.target
    titles = {"apply": "Apply to", "drift": "Drift in", "show": "Saved plan for", UNDO: "Undo in"}
    words = titles.get(report.command, "Plan for")
    if report.offline:
        return f"Manifests for {target.environment} (workspace {target.workspace}), compared with {report.offline}"
    if report.outcomes is None and report.command == "apply":
        words = "Plan for"
    if report.outcomes is None and report.command == UNDO:
        words = "Plan of an undo in"
    tenant = f", tenant {target.tenant}" if target.tenant else ""
    return f"{words} {target.environment} (workspace {target.workspace}{tenant})"


def verdict(report: Report) -> str:
    """The one line that says how it went."""
    if report.plan is None:
        return _validity(report)
    if report.offline:
        return _compared(report.plan)
    if report.outcomes is not None and (report.outcomes or report.plan.has_changes):
        return _applied(report, report.plan)
    return _planned(report, report.plan)


def all_findings(report: Report) -> tuple[Finding, ...]:
    """Every finding of the run and of its plan, each once."""
    return in_order((*report.findings, *(report.plan.findings if report.plan else ())))


def loose_findings(report: Report) -> tuple[Finding, ...]:
    """The findings that are about no change of the plan; the others stand with their change."""
    if report.plan is None:
        return all_findings(report)
    changes = (*report.plan.changes, *report.unreviewed)
    tied = {finding for change in changes for finding in change.blocked}
    addresses = {change.address for change in changes}
    return tuple(
        finding
        for finding in all_findings(report)
        if finding not in tied and finding.address not in addresses
    )


def findings_about(change: Change, report: Report) -> tuple[Finding, ...]:
    """The findings about a change that do not block it."""
    about = report.findings_by_address.get(change.address, ())
    return tuple(finding for finding in about if finding not in change.blocked)


def _validity(report: Report) -> str:
    findings = all_findings(report)
    errors = sum(1 for finding in findings if finding.is_error)
    warnings = sum(1 for finding in findings if finding.severity.word == "warning")
    if errors:
        tail = f", {counted(warnings, 'warning')}" if warnings else ""
        return f"Not valid: {counted(errors, 'error')}{tail}."
    tail = f" {counted(warnings, 'warning')}." if warnings else ""
    return f"Valid: {kinds_counted(report.declared) or 'nothing is declared'}.{tail}"


def _left(report: Report, plan: Plan) -> str:
    """How many changes are not made, and why."""
    tails = f" {len(plan.blocked)} blocked." if plan.blocked else ""
    tails += f" {len(report.unreviewed)} not reviewed." if report.unreviewed else ""
    tails += f" {len(report.unmet)} not asked for." if report.unmet else ""
    return tails + (f" {report.others} left out." if report.others else "")


def _planned(report: Report, plan: Plan) -> str:
    errors = sum(1 for finding in loose_findings(report) if finding.is_error)
    tails = _left(report, plan)
    tails += f" {counted(errors, 'error')}." if errors else ""
    if report.command == DRIFT:
        return _drifted(plan, f" {counted(errors, 'error')}." if errors else "")
    part = _PARTIAL if plan.part is not None else ""
    if plan.has_changes:
        create, update, delete = (
            plan.count(action) for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
        )
        return f"Plan: {create} to create, {update} to update, {delete} to delete.{tails}{part}"
    if tails:
        return f"No changes to apply.{tails}{part}"
    if not plan.complete:
        return f"No changes found, but not everything could be read.{part}"
    if plan.part is not None:
        is_all = not plan.part.is_empty
        return f"No changes. {'What was planned is as the manifests say' if is_all else 'There is nothing to plan'}.{part}"
    if report.command == UNDO:
        return "No changes. Nothing is left to undo."
    return "No changes. The marketplace matches the manifests."


def _compared(plan: Plan) -> str:
    counts = _actions_counted(plan, "added", "changed", "removed")
    if counts:
        return f"Manifests: {counts}. {NOT_COMPARED}"
    return f"The manifests declare the same. {NOT_COMPARED}"


def _drifted(plan: Plan, tails: str) -> str:
    counts = _actions_counted(plan, "missing", "changed", "that should be gone")
    if counts:
        return f"Drift: {counts}.{tails}"
    if tails:
        return f"No drift found.{tails}"
    if not plan.complete:
        return "No drift found, but not everything could be read."
    return "No drift. The marketplace is as the base says."


def _actions_counted(plan: Plan, created: str, updated: str, deleted: str) -> str:
    """How many changes of each action there are, in the words for it: `2 added, 1 removed`; empty where there is none."""
    actions = Counter(change.action for change in plan.changes)
    words = ((Action.CREATE, created), (Action.UPDATE, updated), (Action.DELETE, deleted))
    return ", ".join(f"{actions[action]} {word}" for action, word in words if actions[action])


def _applied(report: Report, plan: Plan) -> str:
    done = Counter(outcome.change.action for outcome in report.results(Result.DONE))
    counts = ", ".join(
        f"{done[action]} {word}"
        for action, word in (
            (Action.CREATE, "created"),
            (Action.UPDATE, "updated"),
            (Action.DELETE, "deleted"),
        )
    )
    results = Counter(outcome.result for outcome in report.outcomes or ())
    misses = [
        f"{number} {word}"
        for number, word in (
            (results[Result.FAILED], "failed"),
            (results[Result.SKIPPED], "skipped"),
            (results[Result.STALE], "stale"),
            (len(not_started(report)), "not started"),
        )
        if number
    ]
    what = "Undo" if report.command == UNDO else "Apply"
    words = f"{what} did not complete" if misses or report.interrupted else f"{what} complete"
    tail = f"; {', '.join(misses)}" if misses else ""
    already = results[Result.ALREADY]
    tails = f" {already} {'was' if already == 1 else 'were'} already so." if already else ""
    part = _PARTIAL if plan.part is not None else ""
    return f"{words}: {counts}{tail}.{tails}{_left(report, plan)}{part}"


_PARTIAL = " Partial plan."
"""At the end of the verdict on a plan that is not about everything."""


def partial(plan: Plan, put: Callable[[str], str] = str) -> str:
    """What a reader must know first about a plan that is not about everything; empty for one that is.

    `put` is how a format writes what somebody else wrote.
    """
    part = plan.part
    if part is None:
        return ""
    ways = [
        f"changed since {put(part.since)} ({part.commit[:12]})" if part.since else "",
        f"targeted by {joined([put(one) for one in part.targets])}" if part.targets else "",
        f"selected by {joined([put(one) for one in part.selectors])}" if part.selectors else "",
        f"not excluded by {joined([put(one) for one in part.excludes])}" if part.excludes else "",
    ]
    how = joined([way for way in ways if way])
    if part.is_empty:
        none = f"none of {counted(part.declared, 'declared resource')} is {how}"
        return f"Partial plan: {none}. The marketplace was not asked."
    what = f"{len(part.covered)} of {counted(part.declared, 'declared resource')}"
    if part.gone:
        what += f" and {counted(len(part.gone), 'object')} whose manifest is gone"
    rest = "Of the rest, nothing is changed or deleted but what these need"
    read = "" if plan.unmanaged is not None else "; it was not looked at, so nothing is said about it"
    return f"Partial plan: {what}, {how}. {rest}{read}."


def incomplete(plan: Plan) -> str:
    """What a reader must know first about a plan that was made from half a picture; empty for a whole one."""
    if plan.complete:
        return ""
    return (
        "This plan is incomplete: part of the marketplace could not be read (the findings say which). "
        "Until it can be, nothing is deleted and no access is taken away."
    )


def offline(report: Report) -> str:
    """What a reader must know first about manifests that were held against manifests and nothing else."""
    if not report.offline:
        return ""
    return (
        f"{NOT_COMPARED} These are the manifests, held against those of the base. What is live, who gains or loses "
        "access, and what a guardrail would block is not known; and this cannot be applied."
    )


def interrupted(report: Report) -> str:
    """What to do after an interruption; empty if there was none."""
    return f"Interrupted. {run_again(report)}" if report.interrupted else ""


def run_again(report: Report) -> str:
    """How the rest of a run that did not come to its end is made."""
    return f"Run {report.again} again: it continues with what is left."


def preamble(report: Report) -> str:
    """How the changes below are to be read; empty where they are what would be made."""
    if report.command != DRIFT or report.plan is None or not report.plan.changes:
        return ""
    return (
        "Each change below would bring back what the base says: first what is live, then what the base has."
    )


def unmanaged_lines(report: Report) -> tuple[Line, ...]:
    """What is nobody's business here: one by one where it was asked for, and otherwise as a number."""
    if report.unmanaged is not None:
        return tuple(_unmanaged_each(report.unmanaged))
    counts = (report.plan.unmanaged or {}) if report.plan is not None else {}
    total = sum(counts.values())
    if not total:
        return ()
    verb = "is" if total == 1 else "are"
    it = "it" if total == 1 else "them"
    text = f"{kinds_counted(counts)} {verb} unmanaged: no manifest names {it}, and dpsync leaves {it} alone."
    return (Line(0, f"{UNMANAGED} {text}"),)


def _unmanaged_each(resources: tuple[LiveResource, ...]) -> Iterator[Line]:
    if not resources:
        yield Line(0, f"{UNMANAGED} Nothing is unmanaged.")
        return
    counts = Counter(resource.kind for resource in resources)
    it = "it" if len(resources) == 1 else "them"
    words = f"Unmanaged: {kinds_counted(counts)}. No manifest names {it}, and dpsync leaves {it} alone:"
    yield Line(0, f"{UNMANAGED} {words}")
    for kind in numbers.in_order(counts):
        mine = [resource for resource in resources if resource.kind == kind]
        for resource in sorted(mine, key=lambda one: (one.title.casefold(), one.id)):
            domain = domain_of(resource)
            yield Line(
                1,
                f"{resource.kind} {resource.id} {quoted(resource.title)}" + (f", {domain}" if domain else ""),
            )


def domain_of(resource: LiveResource) -> str:
    """The domain that the object is in, or an empty text where its kind has none."""
    return str(getattr(resource.spec, "domain", None) or "")


def kept_lines(plan: Plan) -> tuple[Line, ...]:
    """The owned objects that no manifest names any more, and that are not deleted all the same."""
    if not plan.kept:
        return ()
    return (
        Line(
            0,
            f"Kept: {counted(len(plan.kept), 'owned object')} that no manifest names, not deleted by this plan:",
        ),
        *(Line(1, kept_title(resource)) for resource in plan.kept),
    )


def kept_title(resource: LiveResource) -> str:
    """A live object that has no key any more."""
    return f"{resource.kind} {quoted(resource.title)} (id {resource.id})"


# Where changes come from


def groups(report: Report) -> tuple[tuple[str, tuple[Change, ...]], ...]:
    """The changes of the plan, those that the manifests declare first; the others below a heading each."""
    changes = report.plan.changes if report.plan is not None else ()
    others = tuple(
        (f"{words}, {counted(len(some), 'change')}: {why}", some)
        for provenance, (words, why) in _OTHERS.items()
        if (some := tuple(change for change in changes if change.provenance is provenance))
    )
    declared = tuple(change for change in changes if change.provenance not in _OTHERS)
    return (("", declared), *others)


_OTHERS: Mapping[Provenance, tuple[str, str]] = MappingProxyType(
    {
        Provenance.BY_MATCH: ("By match", "a pattern finds other sources than are live."),
        Provenance.DRIFTED: (
            "Drifted",
            "the base asks for it as well: edited by hand since, or never applied.",
        ),
        Provenance.LEFT_OVER: ("Left over", "the base asks for it already: not done yet, or undone by hand."),
    }
)
"""The provenances other than declared, as they are called and what they mean, in the order in which they are shown."""


def not_declared(report: Report) -> str:
    """How many changes do not come from these manifests; empty if all do, or if there was no base to compare with."""
    if report.plan is None or report.command == DRIFT:
        return ""
    found = Counter(change.provenance for change in report.plan.changes if change.provenance in _OTHERS)
    total = found.total()
    if not total:
        return ""
    counts = ", ".join(f"{found[one]} {_OTHERS[one][0].lower()}" for one in _OTHERS if found[one])
    verb = "is" if total == 1 else "are"
    return (
        f"{total} of {counted(len(report.plan.changes), 'change')} {verb} not from these manifests: {counts}."
    )


def unreviewed_title(report: Report) -> str:
    """The heading of what was found and left because nobody reviewed it; empty if there is nothing."""
    if not report.unreviewed:
        return ""
    return f"Not reviewed, and left: {counted(len(report.unreviewed), 'change')}"


def reviewed_lines(report: Report) -> tuple[Line, ...]:
    """What became of a reviewed plan besides what is made of it: what is not needed any more, what is about other things."""
    lines = []
    if report.gone:
        listed = ", ".join(str(address) for address in report.gone)
        lines.append(Line(0, f"Reviewed, and nothing is left to do there: {listed}."))
    if report.others:
        verb = "is" if report.others == 1 else "are"
        what = counted(report.others, "other change")
        lines.append(Line(0, f"{what} {verb} due, and left out of this plan."))
    return tuple(lines)


def unreviewed_line(change: Change) -> Line:
    """A change that nobody reviewed, once the rest was applied: what there is to know was said before."""
    return Line(0, f"{'left':<8} {SIGNS[change.action]} {change.address}: not reviewed.")


def fingerprint_line(report: Report) -> str:
    """What a reviewer hands to `apply --expect-plan`; empty where there is nothing to make."""
    plan = report.plan
    if plan is None or report.outcomes is not None or report.command == DRIFT or not plan.has_changes:
        return ""
    if report.offline:
        return ""  # there is no plan that could be applied
    if report.unreviewed or report.gone:
        return ""  # it would be that of the rest, which nobody has reviewed as a plan
    return f"Plan fingerprint: {plan_fingerprint(plan)}"


# One change


def sign(change: Change) -> str:
    """The sign of the change: `+`, `~`, `-`, `→` if only its display name changes, `!` if it is blocked."""
    if change.is_blocked:
        return BLOCKED
    if is_rename_only(change):
        return RENAMED
    return SIGNS[change.action]


def renaming(change: Change) -> FieldChange | None:
    """The change of the display name, if the object exists and gets another one."""
    if change.action is not Action.UPDATE:
        return None
    return next((field for field in change.fields if Effect.RENAME in field.effects), None)


def is_rename_only(change: Change) -> bool:
    """Whether the display name is all that changes."""
    return renaming(change) is not None and len(change.fields) == 1 and change.sources.is_empty


def change_title(change: Change) -> str:
    """What is changed and, if it is held back, what would be done: `delete DataProduct/x "X"`."""
    rename = renaming(change)
    name = f"{inline(rename.before)} → {inline(rename.after)}" if rename else quoted(change.title)
    word = f"{change.action.value} " if change.is_blocked and KINDS[change.kind].written else ""
    return f"{word}{change.address} {name}"


def reason(change: Change, report: Report) -> str:
    """Why the change is there, where its fields do not say it; of drift, what became of the object and when."""
    if report.command != DRIFT:
        return change.reason
    if change.action is Action.CREATE:
        return f"missing: {change.reason or 'in the base, and not live'}"
    extra = "live and ours, but not in the base" if change.action is Action.DELETE else ""
    words = change.reason or extra
    when = moment(change.before.revision) if change.before is not None else ""
    return "; ".join(part for part in (words, f"last changed {when}" if when else "") if part)


def moment(text: str) -> str:
    """A time of the marketplace as people write it, to the minute; as it came where it is none."""
    try:
        found = datetime.fromisoformat(text)
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return f"{found:%Y-%m-%d %H:%M} UTC"


def place(origin: Origin | None) -> str:
    """File and line, as an editor opens them."""
    if origin is None:
        return ""
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


def change_lines(change: Change, report: Report) -> Iterator[Line]:
    """Everything below the title of a change: what blocks it, what differs, and who gains or loses access."""
    yield from notes_about(change, report)
    yield from difference_lines(change)
    yield from people_lines(change, report)
    if report.with_calls:
        yield from call_lines(change)


def notes_about(change: Change, report: Report) -> Iterator[Line]:
    """What a reader should know before the difference: what blocks the change, and what was found about it."""
    if renaming(change) and report.command != DRIFT and change.before and change.before.spec.gives_access:
        yield Line(0, "deep links stay; catalogs and scripts that use the name need care")
    for finding in change.blocked:
        yield from _finding_inside(f"blocked by {finding.rule}", finding, change)
    for finding in findings_about(change, report):
        yield from _finding_inside(f"{finding.severity.word} {finding.rule}", finding, change)


def difference_lines(change: Change) -> Iterator[Line]:
    """What differs, field by field, and which sources come and go."""
    for _, lines in difference_parts(change):
        yield from lines


def difference_parts(change: Change) -> Iterator[tuple[str, Iterator[Line]]]:
    """The same in parts, each with the place where it is declared, as far as it has one of its own."""
    for field in _fields(change):
        yield place(field.origin), field_lines(field, change)
    yield _where_sources_are(change), _source_lines(change)


def _where_sources_are(change: Change) -> str:
    """The place of the list of sources, if the manifest has one."""
    if change.after is None or change.sources.is_empty:
        return ""
    spec, origins = change.after.spec, change.after.origins
    names = (
        rule.name for rule in rules_of(type(spec)) if rule.replaced_whole and spec.manages(rule.attribute)
    )
    return place(next((origins.of((name,)) for name in names), None))


def gone_lines(change: Change) -> Iterator[Line]:
    """What there was of an object that is deleted, as far as it was read."""
    if change.before is None:
        return
    spec = change.before.spec
    for rule in rules_of(type(spec)):
        value = getattr(spec, rule.attribute, None)
        if not spec.manages(rule.attribute) or value in (None, (), ""):
            continue
        if not _are_sources(value):
            yield from set_lines(rule.name, value, owner=type(spec))
    yield from _source_lines(change)


def _first_of_many(texts: Iterable[str], sign: str = "") -> Iterator[Line]:
    """The first of a list, and how many more there are."""
    every = tuple(texts)
    for text in every[:SOURCES_OF_A_CREATE]:
        yield Line(1, text, sign)
    if len(every) > SOURCES_OF_A_CREATE:
        yield Line(1, f"… and {len(every) - SOURCES_OF_A_CREATE} more (the JSON report lists all)")


def people_lines(change: Change, report: Report) -> Iterator[Line]:
    """Who gains and who loses access; nothing where nobody was asked about people."""
    if not report.offline and (change.impact is not None or report.command != DRIFT):
        yield from access_lines(change)


def call_lines(change: Change) -> Iterator[Line]:
    """What is sent to make a change, in order: each call, and below it its body as JSON that can be read."""
    if not change.calls:
        return
    unless = " (none of them is sent while this is blocked)" if change.is_blocked else ""
    yield Line(0, f"{counted(len(change.calls), 'call')}{unless}:")
    for call in change.calls:
        yield Line(1, f"{call.method} {call.path}")
        if call.body is not None:
            yield Line(2, json.dumps(dict(call.body), ensure_ascii=False))


def _finding_inside(words: str, finding: Finding, change: Change) -> Iterator[Line]:
    where = place(finding.origin)
    if where == place(change.origin):
        where = ""
    elif finding.origin and change.origin and finding.origin.file == change.origin.file:
        where = f"line {finding.origin.line}"
    yield Line(0, f"{words}{f' ({where})' if where else ''}: {finding.message}")
    if finding.remedy:
        yield Line(1, finding.remedy, REMEDY)


def _fields(change: Change) -> tuple[FieldChange, ...]:
    """The fields to show: the name stands in the title, and sources have lines of their own."""
    if change.action is Action.CREATE and change.after is not None and not change.fields:
        spec, origins = change.after.spec, change.after.origins
        fields = tuple(
            FieldChange(rule.name, None, value, frozenset(), origins.of((rule.name,)))
            for rule in rules_of(type(spec))
            if spec.manages(rule.attribute)
            and not rule.replaced_whole
            and not _are_sources(value := getattr(spec, rule.attribute))
        )
    else:
        fields = change.fields
    rename = renaming(change)
    return tuple(
        field
        for field in fields
        if field is not rename
        and not (change.action is Action.CREATE and field.path == "name" and field.after == change.title)
        and not ((_are_sources(field.before) or _are_sources(field.after)) and not change.sources.is_empty)
    )


def _are_sources(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(entry, SourceReference) for entry in value)


def field_lines(field: FieldChange, change: Change) -> Iterator[Line]:
    """What one field held and will hold; of a new object, what it has."""
    owner = _owner(change, field.path)
    lines = (
        set_lines(field.path, field.after, owner=owner)
        if change.action is Action.CREATE
        else changed_lines(field.path, field.before, field.after, owner=owner)
    )
    whence = _WHENCE.get(field.origin.layer, "").format(place(field.origin)) if field.origin else ""
    for line in lines:
        yield _from_elsewhere(line, whence) if whence and line.depth == 0 else line


_WHENCE = {Layer.DEFAULT: " (default of {})", Layer.PATCH: " (patch {})"}
"""What follows a field that was not written in the manifest of its resource."""


def _from_elsewhere(line: Line, whence: str) -> Line:
    """The line with where its value came from, in each of its shapes that show the new value."""
    turns = tuple((mark, text + whence if mark == "+" else text) for mark, text in line.turns)
    return replace(line, text=line.text + whence, turns=turns)


def _owner(change: Change, path: str) -> type[Spec] | None:
    """The spec class that declares the field, for fields that stand at the top."""
    resource = change.after or change.before
    return type(resource.spec) if resource is not None and "." not in path else None


def _source_lines(change: Change) -> Iterator[Line]:
    sources = change.sources
    if sources.is_empty:
        return
    texts = Counter(str(source) for source in (*sources.added, *sources.removed))

    def text(source: SourceReference) -> str:
        name = str(source)
        number = f" (id {source.id})" if texts[name] > 1 and source.id is not None else ""
        return f"{name}{number}{' (by match)' if source.by_match else ''}"

    if change.action is Action.CREATE:
        yield Line(0, f"sources: {len(sources.added)}")
        yield from _first_of_many(map(text, sources.added), "+")
        return
    counts = {"added": len(sources.added), "removed": len(sources.removed), "kept": sources.kept}
    yield Line(0, "sources: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count))
    for source in sources.added:
        yield Line(1, text(source), "+")
    for source in sources.removed:
        yield Line(1, text(source), "-")


# Findings and outcomes


def finding_lines(finding: Finding) -> Iterator[Line]:
    """A finding that stands alone: where, what, and the way out."""
    where = str(finding.origin) if finding.origin else str(finding.address or "")
    yield Line(0, f"{finding.severity.word} {finding.rule} {where}".rstrip())
    yield Line(1, finding.message)
    if finding.remedy:
        yield Line(1, finding.remedy, REMEDY)


def outcome_lines(outcome: Outcome) -> Iterator[Line]:
    """What became of one change."""
    message = f": {outcome.message}" if outcome.message else ""
    yield Line(
        0, f"{outcome.result.value:<8} {SIGNS[outcome.change.action]} {outcome.change.address}{message}"
    )
    if outcome.remedy:
        yield Line(5, outcome.remedy, REMEDY)


def not_started(report: Report) -> tuple[Change, ...]:
    """The changes that apply was to make and never came to."""
    if report.plan is None or report.outcomes is None:
        return ()
    reached = {outcome.change.address for outcome in report.outcomes}
    return tuple(change for change in report.plan.applicable if change.address not in reached)


def not_started_line(change: Change) -> Line:
    """A change that was not come to, among the outcomes."""
    return Line(0, f"{'left':<8} {SIGNS[change.action]} {change.address}: not started.")

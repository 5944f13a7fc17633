"""What a report says, in words and lines, before a format gives it a shape.

A room of its own so that the terminal, a pull request and a machine are told the same in the same words. The summary
lines are a contract (DESIGN 8). Numbers of people are never claimed here: what is known of a product is how many
access requests stand approved, and one person may hold two. Nothing is escaped here; `layout.py` does that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, in_order
from dpsync.model.outcome import Outcome, Result
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan
from dpsync.model.reference import SourceReference
from dpsync.model.report import Report
from dpsync.model.resource import LiveResource
from dpsync.reports.layout import Line
from dpsync.reports.values import changed_lines, inline, quoted, set_lines

SIGNS: Mapping[Action, str] = MappingProxyType(
    {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE_SOURCES: "~", Action.DELETE: "-"}
)
RENAMED = "→"
BLOCKED = "!"
UNMANAGED = "?"
REMEDY = "→"

SOURCES_OF_A_CREATE = 20
"""How many sources of a new object are listed; of an existing one, all that come or go are."""


# The report as a whole


def title(report: Report) -> str:
    """What was looked at: `Plan for sandbox (workspace acme-data, tenant acme)`."""
    if report.plan is None:
        return ""
    target = report.plan.target
    words = {"apply": "Apply to", "drift": "Drift in"}.get(report.command, "Plan for")
    if report.outcomes is None and report.command == "apply":
        words = "Plan for"
    tenant = f", tenant {target.tenant}" if target.tenant else ""
    return f"{words} {target.environment} (workspace {target.workspace}{tenant})"


def verdict(report: Report) -> str:
    """The one line that says how it went."""
    if report.plan is None:
        return _validity(report)
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
    tied = {finding for change in report.plan.changes for finding in change.blocked}
    return tuple(
        finding
        for finding in all_findings(report)
        if finding not in tied and finding.address not in report.plan.by_address
    )


def findings_about(change: Change, report: Report) -> tuple[Finding, ...]:
    """The findings about a change that do not block it."""
    return tuple(
        finding
        for finding in all_findings(report)
        if finding.address == change.address and finding not in change.blocked
    )


def _validity(report: Report) -> str:
    findings = all_findings(report)
    errors = sum(1 for finding in findings if finding.is_error)
    warnings = sum(1 for finding in findings if finding.severity.word == "warning")
    if errors:
        tail = f", {counted(warnings, 'warning')}" if warnings else ""
        return f"Not valid: {counted(errors, 'error')}{tail}."
    tail = f" {counted(warnings, 'warning')}." if warnings else ""
    return f"Valid: {kinds_counted(report.declared) or 'nothing is declared'}.{tail}"


def _planned(report: Report, plan: Plan) -> str:
    errors = sum(1 for finding in loose_findings(report) if finding.is_error)
    tails = f" {len(plan.blocked)} blocked." if plan.blocked else ""
    tails += f" {counted(errors, 'error')}." if errors else ""
    if plan.has_changes:
        create, update, delete = (
            plan.count(action) for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
        )
        return f"Plan: {create} to create, {update} to update, {delete} to delete.{tails}"
    if tails:
        return f"No changes to apply.{tails}"
    if not plan.complete:
        return "No changes found, but not everything could be read."
    return "No changes. The marketplace matches the manifests."


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
    words = "Apply did not complete" if misses or report.interrupted else "Apply complete"
    tail = f"; {', '.join(misses)}" if misses else ""
    already = results[Result.ALREADY]
    tails = f" {already} {'was' if already == 1 else 'were'} already so." if already else ""
    tails += f" {len(plan.blocked)} blocked." if plan.blocked else ""
    return f"{words}: {counts}{tail}.{tails}"


def incomplete(plan: Plan) -> str:
    """What a reader must know first about a plan that was made from half a picture; empty for a whole one."""
    if plan.complete:
        return ""
    return (
        "This plan is incomplete: part of the marketplace could not be read (the findings say which). "
        "Until it can be, nothing is deleted and no access is taken away."
    )


def interrupted(report: Report) -> str:
    """What to do after an interruption; empty if there was none."""
    return "Interrupted. Run apply again: it continues with what is left." if report.interrupted else ""


def unmanaged(plan: Plan) -> str:
    """How much of the marketplace is nobody's business here; empty if there is nothing."""
    total = sum(plan.unmanaged.values())
    if not total:
        return ""
    verb = "is" if total == 1 else "are"
    it = "it" if total == 1 else "them"
    return (
        f"{UNMANAGED} {kinds_counted(plan.unmanaged)} {verb} unmanaged: no manifest names {it}, "
        f"and dpsync leaves {it} alone."
    )


def kept_lines(plan: Plan) -> tuple[Line, ...]:
    """The owned objects that pruning, were it on, would delete."""
    if not plan.kept:
        return ()
    return (
        Line(0, f"Kept: {counted(len(plan.kept), 'owned object')} that no manifest names (prune is off):"),
        *(Line(1, kept_title(resource)) for resource in plan.kept),
    )


def kept_title(resource: LiveResource) -> str:
    """A live object that has no key any more."""
    return f"{resource.kind} {quoted(resource.title)} (id {resource.id})"


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


def place(origin: Origin | None) -> str:
    """File and line, as an editor opens them."""
    if origin is None:
        return ""
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


def change_lines(change: Change, report: Report) -> Iterator[Line]:
    """Everything below the title of a change: what blocks it, what differs, and who gains or loses access."""
    for finding in change.blocked:
        yield from _finding_inside(f"blocked by {finding.rule}", finding, change)
    for finding in findings_about(change, report):
        yield from _finding_inside(f"{finding.severity.word} {finding.rule}", finding, change)
    for field in _fields(change):
        yield from _field_lines(field, change)
    yield from _source_lines(change)
    access = access_lines(change)
    yield from access
    is_update = change.before is not None and change.action is not Action.DELETE
    if not access and is_update and Effect.REVIEW in change.effects:
        yield Line(0, "applies to new requests; access that is already approved stays")


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


def _field_lines(field: FieldChange, change: Change) -> Iterator[Line]:
    owner = _owner(change, field.path)
    lines = (
        set_lines(field.path, field.after, owner=owner)
        if change.action is Action.CREATE
        else changed_lines(field.path, field.before, field.after, owner=owner)
    )
    default = (
        f" (default of {place(field.origin)})" if field.origin and field.origin.layer is Layer.DEFAULT else ""
    )
    for line in lines:
        yield Line(line.depth, line.text + default, line.sign) if line.depth == 0 else line


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
        for source in sources.added[:SOURCES_OF_A_CREATE]:
            yield Line(1, text(source), "+")
        if len(sources.added) > SOURCES_OF_A_CREATE:
            more = len(sources.added) - SOURCES_OF_A_CREATE
            yield Line(1, f"… and {more} more (the JSON report lists all)")
        return
    counts = {"added": len(sources.added), "removed": len(sources.removed), "kept": sources.kept}
    yield Line(0, "sources: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count))
    for source in sources.added:
        yield Line(1, text(source), "+")
    for source in sources.removed:
        yield Line(1, text(source), "-")


# Who gains and who loses


def access_lines(change: Change) -> tuple[Line, ...]:
    """Who is given access and from whom it is taken, in the words of the numbers that are known."""
    if change.before is None or change.action is Action.CREATE:
        return ()
    number = change.before.accesses.approved
    taken, given = tuple(_taken(change, number)), tuple(_given(change, number))
    if number == 0:
        taken = ("from nobody, there is no approved access",) if taken else ()
        given = ("to nobody yet, there is no approved access",) if given else ()
    return (
        *(Line(0, f"takes access: {sentence}") for sentence in taken),
        *(Line(0, f"gives access: {sentence}") for sentence in given),
    )


def touches_somebody(change: Change) -> bool:
    """Whether anybody has access, or may have, so that it matters who gains and who loses."""
    return change.before is not None and change.before.accesses.may_exist


def takes_access(change: Change) -> bool:
    """Whether somebody who has access may lose it; deleting what nobody has access to takes none."""
    if change.before is None or not touches_somebody(change):
        return False
    return any(_taken(change, change.before.accesses.approved))


def _taken(change: Change, number: int | None) -> Iterator[str]:
    if change.action is Action.DELETE:
        if change.before is not None and _holds_sources(change.before.spec):
            yield _who(number, "ends with it", "end with it")
        return
    for field in change.fields:
        if Effect.REMOVES_ACCESS in field.effects:
            yield _TAKEN.get(field.path, _taken_somehow)(number)
    if change.sources.removed:
        sources = counted(len(change.sources.removed), "source")
        yield _who(number, f"loses {sources}", f"lose {sources}")


def _given(change: Change, number: int | None) -> Iterator[str]:
    if change.action is Action.DELETE:
        return
    for field in change.fields:
        if Effect.GRANTS_ACCESS in field.effects:
            yield _who(number, "works again", "work again")
    if change.sources.added:
        sources = f"{len(change.sources.added)} more source{'s' if len(change.sources.added) > 1 else ''}"
        when = "once it is active again" if _stays_suspended(change) else "at once"
        yield _who(number, f"gets {sources} {when}", f"get {sources} {when}")


def _suspended(number: int | None) -> str:
    return _who(number, "is suspended until it is active again", "are suspended until it is active again")


def _moved(number: int | None) -> str:
    return _who(number, "may end", "may end") + " (what a move to another domain keeps is not known)"


def _taken_somehow(number: int | None) -> str:
    return _who(number, "may end", "may end") + " (what this change keeps is not known)"


_TAKEN: Mapping[str, Callable[[int | None], str]] = MappingProxyType(
    {"lifecycle": _suspended, "domain": _moved}
)
"""What is said of a field that takes access away, by its path; of any other, that it is not known."""


def _who(number: int | None, one: str, several: str) -> str:
    if number is None:
        return f"an unknown number of approved accesses {several}"
    return f"1 approved access {one}" if number == 1 else f"{number} approved accesses {several}"


def _holds_sources(spec: Spec) -> bool:
    """Whether it is something that people have access to."""
    return any(rule.name == "sources" for rule in rules_of(type(spec)))


def _stays_suspended(change: Change) -> bool:
    after = next((field.after for field in change.fields if field.path == "lifecycle"), None)
    return (after or getattr(change.before and change.before.spec, "lifecycle", None)) == "suspended"


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


# Numbers


def counted(number: int, noun: str) -> str:
    """`1 warning`, `3 warnings`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def kinds_counted(counts: Mapping[str, int]) -> str:
    """`27 data products, 5 request forms`, in the order of the kinds; empty if there are none."""
    known = [kind for kind in KINDS if kind in counts]
    others = sorted(set(counts) - set(known))
    return ", ".join(
        f"{counts[name]} {_noun(name, counts[name])}" for name in (*known, *others) if counts[name]
    )


def _noun(kind: str, number: int) -> str:
    if kind not in KINDS:
        return kind
    return KINDS[kind].noun if number == 1 else KINDS[kind].plural

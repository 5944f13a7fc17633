"""Past runs as text: for people who want to know what was done, and whether all of it was.

What a call changed is told as a plan tells it, from what the journal holds of before and after. Nothing is looked up, so a
source that the plan did not name is told by its id.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from dpsync.kinds import KINDS
from dpsync.model.base import Spec, rules_of
from dpsync.model.history import APPLY, CallResult, History, PastCall, PastRun, id_of
from dpsync.model.report import Page
from dpsync.model.words import Words, understood
from dpsync.reports.layout import Line, visible, wrapped
from dpsync.reports.numbers import counted
from dpsync.reports.paper import Row, field, paragraph, table, written
from dpsync.reports.values import changed_lines, quoted, set_lines

_NARROWEST = 40
_DIRTY = ", with changes to manifests that were not committed"
_LABEL = 11
_HEADERS = ("RUN", "WHEN", "WHO", "WHERE", "COMMIT", "CALLS", "ENDED")
_STYLES: Mapping[CallResult, str] = MappingProxyType(
    {CallResult.OK: "green", CallResult.ERROR: "bold red", CallResult.UNKNOWN: "yellow"}
)
_WORDS: Mapping[CallResult, str] = MappingProxyType(
    {CallResult.OK: "ok", CallResult.ERROR: "failed", CallResult.UNKNOWN: "not known"}
)


def history_as_text(past: History, page: Page, environment: str | None = None) -> str:
    """A table of the runs in an environment, or of all, the newest first; then what there is to say about journals that
    cannot be read.
    """
    everywhere, past = past, past.of(environment)
    width = max(page.width, _NARROWEST)
    rows: list[Row] = []
    if past.runs:
        rows += [*table(_HEADERS, [_cells(run) for run in past.runs], width), Row("")]
    for message in past.unreadable:
        rows += [*paragraph(f"error: {message}", width, style="bold red"), Row("")]
    count = f"{counted(len(past.runs), 'run')}." if past.runs else _none(everywhere, environment)
    tail = f" {counted(len(past.unreadable), 'journal')} cannot be read." if past.unreadable else ""
    return written([*rows, *paragraph(f"{count}{tail}", width)], page)


def _none(everywhere: History, environment: str | None) -> str:
    """That there is no run; and where there are some, for whoever misspelled an environment."""
    if not everywhere.runs:
        return "No runs."
    counts = Counter(run.target.environment for run in everywhere.runs)
    others = ", ".join(f"{number} in {visible(name)}" for name, number in counts.items())
    return f"No runs in {visible(environment or '')}. There {_IS[len(everywhere.runs) == 1]} {others}."


_IS = ("are", "is")


def run_as_text(run: PastRun, page: Page) -> str:
    """One run: who and when, and each call with what it changed."""
    return written(_run(run, max(page.width, _NARROWEST)), page)


def _cells(run: PastRun) -> tuple[str, ...]:
    return (
        run.id,
        _minute(run.at),
        run.who,
        run.target.environment,
        (run.commit or "")[:9],
        str(len(run.calls)),
        _ended(run),
    )


def _ended(run: PastRun) -> str:
    if run.undoes is not None:
        return f"{run.command} of {id_of(run.undoes)}: {run.ending}"
    return run.ending if run.command == APPLY else f"{run.command}: {run.ending}"


def _minute(at: str) -> str:
    return f"{at[:16]}Z"


def _run(run: PastRun, width: int) -> Iterator[Row]:
    yield from paragraph(f"Run {run.id} ({run.command})", width, style="bold")
    yield Row("")
    target = run.target
    tenant = f", tenant {target.tenant}" if target.tenant else ""
    for name, text in (
        ("when", _minute(run.at)),
        ("who", f"{run.who}, with dpsync {run.version}"),
        ("environment", f"{target.environment} (workspace {target.workspace}{tenant})"),
        ("commit", f"{run.commit or ''}{_DIRTY if run.dirty else ''}"),
        ("plan", run.fingerprint or ""),
        ("undoes", run.undoes or ""),
        ("ended", run.ending),
        ("journal", run.file),
    ):
        if text and " " in text:
            yield from field(name, text, width, _LABEL)
        elif text:
            yield Row(f"  {name:<{_LABEL}}  {visible(text)}")
    for call in run.calls:
        yield Row("")
        yield from _call(call, width)


def _call(call: PastCall, width: int) -> Iterator[Row]:
    title = f" {quoted(call.title)}" if call.title else ""
    heading = f"{call.sequence}. {call.action} {call.address}{title}: {_WORDS[call.result]}"
    yield from (Row(row, _STYLES[call.result]) for row in wrapped(heading, width, 2, 3))
    yield from (Row(row, "dim") for row in wrapped(f"{call.method} {call.path}", width, 5, 2))
    if call.result is CallResult.ERROR:
        yield from paragraph(f"{call.error}: {call.message}", width, 5)
    if call.result is CallResult.UNKNOWN:
        told = "The run ended before an answer was noted: it may have taken effect or not."
        yield from paragraph(told, width, 5)
    if call.approved:
        yield from paragraph(f"{counted(call.approved, 'approved access', 'approved accesses')}", width, 5)
    for line in _changed(call):
        hang = 2 + (2 if line.sign else 0)
        yield from (Row(row) for row in wrapped(line.signed, width, 5 + 2 * line.depth, hang))


def _changed(call: PastCall) -> Iterator[Line]:
    kind = KINDS.get(call.address.partition("/")[0])
    if kind is None or call.fields is None:
        if call.before is not None:
            yield Line(0, f"before: {json.dumps(call.before, ensure_ascii=False)}")
        return
    before, after = _spec(kind.spec, call.before), _spec(kind.spec, call.after)
    for path in call.fields:
        owner, was = _at(before, path)
        owner_now, now = _at(after, path)
        yield from changed_lines(path, was, now, owner=owner or owner_now)
    if not call.fields:
        said = after if after is not None else before
        for rule in rules_of(kind.spec) if said is not None else ():
            if said is not None and said.manages(rule.attribute):
                yield from set_lines(rule.name, getattr(said, rule.attribute), owner=kind.spec)


def _spec(kind: type[Spec], words: Words | None) -> Spec | None:
    return None if words is None else understood(kind, words).spec


def _at(spec: Spec | None, path: str) -> tuple[type[Spec] | None, Any]:
    """What stands at a dotted path, and the class that declares it."""
    value: Any = spec
    owner: type[Spec] | None = None
    for name in path.split("."):
        if not isinstance(value, Spec):
            return owner, None
        owner = type(value)
        attribute = next((rule.attribute for rule in rules_of(owner) if rule.name == name), "")
        value = getattr(value, attribute, None)
    return owner, value

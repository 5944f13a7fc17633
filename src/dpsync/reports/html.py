"""The HTML format: one file that a browser opens, for those who want to look around in a plan.

Everything is inside it, and its content policy lets it load nothing and run nothing but the script that it came with. What
stands in it is put there by jinja2, which escapes it; nothing is marked as safe but our own style and script. Without the
script everything can be read, and only the filters are missing. The words are those of the other formats; what is its own
is the two columns (`sides.py`). The pieces of the page are in `page/`.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import TYPE_CHECKING

from dpsync.kinds import KINDS
from dpsync.model.base import rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.outcome import Outcome
from dpsync.model.place import Layer
from dpsync.model.reference import SourceReference
from dpsync.model.report import Page, Report
from dpsync.reports import people, sentences, weight
from dpsync.reports.layout import Line, visible
from dpsync.reports.numbers import counted, in_order
from dpsync.reports.sides import Pair, Part, sides

if TYPE_CHECKING:
    from jinja2 import Template

NOT_IN_A_DOMAIN = "(no domain)"


def render(report: Report, _page: Page) -> str:
    """The report as one HTML file."""
    style, script = _piece("report.css"), _piece("report.js")
    return (
        _template().render(
            report=report,
            plan=report.plan,
            sentences=sentences,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            banner=_banner(report),
            tiles=_tiles(report),
            facets=_facets(report),
            groups=_groups(report),
            number=_number_of_cards(report),
            findings=[_about(finding, report) for finding in sentences.loose_findings(report)],
            tail=_tail(report),
        )
        + "\n"
    )


def _piece(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=_shown,
        loader=FunctionLoader(_piece),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment.get_template("report.html")


def _shown(value: object) -> object:
    """What is written: invisible characters of every text that comes from somewhere, written out."""
    return visible(value) if type(value) is str else value


def _hash(text: str) -> str:
    """The text as the content policy knows it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


# The top of the page


@dataclass(frozen=True, slots=True)
class _Tile:
    """A number at the top. None: it is not known. `tone` is how it is painted where it is not zero."""

    number: int | None
    words: str
    tone: str = ""


def _tiles(report: Report) -> tuple[_Tile, ...]:
    plan, states = report.plan, _States(report)
    if plan is None:
        tiles = [
            _Tile(report.declared[kind], _plural(kind, report.declared[kind]))
            for kind in in_order(report.declared)
        ]
        errors, warnings = len(report.errors), len(report.warnings)
        return (
            *tiles,
            _Tile(errors, "error" if errors == 1 else "errors", "bad"),
            _Tile(warnings, "warning" if warnings == 1 else "warnings", "odd"),
        )
    if report.outcomes is not None:
        results = Counter(states.of(change) for change in (*plan.changes, *report.unreviewed))
        return tuple(
            _Tile(results[state], state, tone) for state, tone in _TONES_OF_STATES.items() if results[state]
        )
    if report.offline:
        return (
            _Tile(plan.count(Action.CREATE), "added", "good"),
            _Tile(plan.count(Action.UPDATE), "changed", "odd"),
            _Tile(plan.count(Action.DELETE), "removed", "bad"),
        )
    counts = (
        _Tile(plan.count(Action.CREATE), "to create", "good"),
        _Tile(plan.count(Action.UPDATE), "to update", "odd"),
        _Tile(plan.count(Action.DELETE), "to delete", "bad"),
        _Tile(len(plan.blocked), "blocked", "held"),
    )
    if report.command == sentences.DRIFT:
        return counts
    losers, gainers = weight.losers(plan), weight.gainers(plan)
    return (
        *counts,
        _Tile(losers, "person loses access" if losers == 1 else "people lose access", "bad"),
        _Tile(gainers, "person gains access" if gainers == 1 else "people gain access", "odd"),
    )


def _plural(kind: str, number: int) -> str:
    if kind not in KINDS:
        return kind
    return KINDS[kind].noun if number == 1 else KINDS[kind].plural


@dataclass(frozen=True, slots=True)
class _Banner:
    tone: str
    words: str


def _banner(report: Report) -> tuple[_Banner, ...]:
    """What nobody may overlook, worst first."""
    plan = report.plan
    if plan is None:
        return ()
    found = []
    if report.offline:
        found.append(_Banner("odd", f"{sentences.offline(report)} Base: {report.offline}."))
    if not plan.complete:
        found.append(_Banner("bad", sentences.incomplete(plan)))
    if plan.part is not None:
        found.append(_Banner("odd", sentences.partial(plan)))
    is_weighed = report.outcomes is None and report.command != sentences.DRIFT and not report.offline
    if is_weighed and (words := weight.weight(plan)):
        found.append(_Banner("bad" if weight.takes_anything(plan) else "calm", words))
    sayings = (sentences.interrupted(report), sentences.preamble(report))
    found += [_Banner("odd", words) for words in sayings if words]
    if report.outcomes is None and (words := sentences.not_declared(report)):
        found.append(_Banner("calm", words))
    return tuple(found)


# The filters


@dataclass(frozen=True, slots=True)
class _Facet:
    """One question of the filter, and its answers with how many changes each has."""

    name: str
    title: str
    answers: tuple[tuple[str, int], ...]


def _facets(report: Report) -> tuple[_Facet, ...]:
    changes, states_of = tuple(change for _, some in _all_groups(report) for change in some), _States(report)
    if len(changes) < 2:
        return ()
    classes = Counter(change.effect.value for change in changes)
    states = Counter(states_of.of(change) for change in changes)
    kinds = Counter(change.kind for change in changes)
    domains = Counter(domain for change in changes for domain in _domains(change))
    return (
        _Facet(
            "class", "Class", tuple((one.value, classes[one.value]) for one in Effect if classes[one.value])
        ),
        _Facet(
            "state", "State", tuple((state, states[state]) for state in _TONES_OF_STATES if states[state])
        ),
        _Facet("kind", "Kind", tuple((kind, kinds[kind]) for kind in in_order(kinds))),
        _Facet("domain", "In domain", tuple(sorted(domains.items(), key=_by_name))),
    )


def _by_name(answer: tuple[str, int]) -> tuple[bool, str, str]:
    return answer[0] == NOT_IN_A_DOMAIN, answer[0].casefold(), answer[0]


def _domains(change: Change) -> tuple[str, ...]:
    """The domains that a change is about: of a move both."""
    specs = [side.spec for side in (change.before, change.after) if side is not None]
    named = dict.fromkeys(str(domain) for spec in specs if (domain := getattr(spec, "domain", None)))
    return tuple(visible(one) for one in named) or (NOT_IN_A_DOMAIN,)


_TONES_OF_STATES = {
    "failed": "bad",
    "stale": "odd",
    "skipped": "odd",
    "not started": "odd",
    "blocked": "held",
    "not reviewed": "held",
    "drifted": "odd",
    "to apply": "",
    "declared": "",
    "done": "good",
    "already so": "good",
}
"""What can become of a change, and how it is painted; what needs somebody comes first."""


class _States:
    """What became of each change of a report; looked up, because a report may have thousands."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._unreviewed = {id(change) for change in report.unreviewed}
        self._outcomes = {one.change.address: one for one in report.outcomes or ()}

    def outcome(self, change: Change) -> Outcome | None:
        return self._outcomes.get(change.address)

    def of(self, change: Change) -> str:
        """One of the words of `_TONES_OF_STATES`."""
        if id(change) in self._unreviewed:
            return "not reviewed"
        if change.is_blocked:
            return "blocked"
        if self._report.command == sentences.DRIFT:
            return "drifted"
        if self._report.outcomes is None:
            return "declared" if self._report.offline else "to apply"
        outcome = self.outcome(change)
        if outcome is None:
            return "not started"
        return "already so" if outcome.result.value == "already" else outcome.result.value


# The changes


def _all_groups(report: Report) -> tuple[tuple[str, tuple[Change, ...]], ...]:
    groups = sentences.groups(report) if report.plan is not None else ()
    return (*groups, (sentences.unreviewed_title(report), report.unreviewed))


def _groups(report: Report) -> tuple[tuple[str, tuple[_Card, ...]], ...]:
    states = _States(report)
    return tuple(
        (heading, tuple(_card(change, report, states) for change in changes))
        for heading, changes in _all_groups(report)
        if changes
    )


def _number_of_cards(report: Report) -> int:
    return sum(len(changes) for _, changes in _all_groups(report))


@dataclass(frozen=True, slots=True)
class _Card:
    """One change as it is shown."""

    change: Change
    anchor: str
    sign: str
    word: str
    state: str
    tone: str
    domains: tuple[str, ...]
    renamed: tuple[str, str] | None
    brief: str
    place: str
    reason: str
    notes: tuple[_Note, ...]
    access: tuple[Line, ...]
    people: tuple[_Moved, ...]
    fields: tuple[_Field, ...]
    calls: tuple[Line, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the object comes or goes as a whole, so that there is nothing beside which its fields could stand."""
        return self.change.action is not Action.UPDATE


def _card(change: Change, report: Report, states: _States) -> _Card:
    state = states.of(change)
    rename = sentences.renaming(change)
    is_drift = report.command == sentences.DRIFT
    return _Card(
        change=change,
        anchor=f"{'left-' if state == 'not reviewed' else ''}{change.address}",
        sign=sentences.RENAMED if sentences.is_rename_only(change) else sentences.SIGNS[change.action],
        word=change.action.value,
        state=state,
        tone=_TONES_OF_STATES[state],
        domains=_domains(change),
        renamed=(str(rename.before), str(rename.after)) if rename else None,
        brief="" if is_drift or report.offline else people.brief(change),
        place=sentences.place(change.origin),
        reason=sentences.reason(change, report),
        notes=tuple(_notes(change, report, states.outcome(change))),
        access=tuple(sentences.people_lines(change, report)),
        people=tuple(_moves(change.impact)) if change.impact is not None else (),
        fields=tuple(_fields(change)),
        calls=tuple(sentences.call_lines(change)) if report.with_calls else (),
    )


@dataclass(frozen=True, slots=True)
class _Note:
    """A finding or an outcome, as a box: how it is painted, its rule, where it is from, and the page of the rule."""

    tone: str
    title: str
    place: str
    message: str
    remedy: str
    page: str = ""


_TONES = {"error": "bad", "warning": "odd", "notice": "calm"}


def _about(finding: Finding, report: Report, word: str = "") -> _Note:
    place = str(finding.origin) if finding.origin else str(finding.address or "")
    return _Note(
        "held" if word else _TONES[finding.severity.word],
        f"{word or finding.severity.word} {finding.rule}",
        place,
        finding.message,
        finding.remedy,
        report.pages.get(finding.rule, ""),
    )


def _notes(change: Change, report: Report, outcome: Outcome | None) -> Iterator[_Note]:
    if outcome is not None and not outcome.is_good:
        tone = "bad" if outcome.result.value == "failed" else "odd"
        yield _Note(tone, outcome.result.value, "", outcome.message, outcome.remedy)
    for finding in change.blocked:
        yield _about(finding, report, "blocked by")
    for finding in sentences.findings_about(change, report):
        yield _about(finding, report)


@dataclass(frozen=True, slots=True)
class _Moved:
    """A source that comes or goes, and for whom. Numbers that are None are not known."""

    source: str
    gains: bool
    number: int | None
    keepers: int
    through: tuple[str, ...]
    tags: tuple[str, ...] | None
    columns: tuple[str, ...]
    is_new: bool
    names: tuple[str, ...]


def _moves(impact: Impact) -> Iterator[_Moved]:
    for gains, sources in ((False, impact.lost), (True, impact.gained)):
        for one in sources:
            yield _moved(one, impact, gains=gains)


def _moved(one: SourceImpact, impact: Impact, *, gains: bool) -> _Moved:
    return _Moved(
        source=str(one.source),
        gains=gains,
        number=None if one.people is None else len(one.people),
        keepers=len(one.keepers),
        through=one.through,
        tags=one.tags if gains else (),
        columns=one.columns,
        is_new=one.is_new,
        names=_names(one.people, impact),
    )


def _names(who: People, impact: Impact) -> tuple[str, ...]:
    """What people are called, where that was asked for."""
    if not impact.names:
        return ()
    return tuple(
        sorted((impact.names.get(one, one) for one in who or ()), key=lambda name: (name.casefold(), name))
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """A field in two columns. `note` says what a reader must know about where its value is from."""

    path: str
    note: str
    pairs: tuple[Pair, ...]


def _fields(change: Change) -> Iterator[_Field]:
    resource = change.after or change.before
    owner = type(resource.spec) if resource is not None else None
    for field in _shown_fields(change):
        is_default = field.origin is not None and field.origin.layer is Layer.DEFAULT
        note = f"default of {sentences.place(field.origin)}" if is_default else ""
        pairs = sides(field.before, field.after, owner=None if "." in field.path else owner, path=field.path)
        if pairs:
            yield _Field(field.path, note, pairs)
    if pairs := _sources(change):
        note = f"{counted(change.sources.kept, 'other source')} kept" if change.sources.kept else ""
        yield _Field("sources", note, pairs)


def _shown_fields(change: Change) -> tuple[FieldChange, ...]:
    """The fields that differ; of what comes or goes as a whole, all that is managed of it."""
    if change.action is Action.UPDATE or (change.fields and change.action is Action.CREATE):
        return tuple(
            field for field in change.fields if not (field.path == "sources" and not change.sources.is_empty)
        )
    side = change.after if change.action is Action.CREATE else change.before
    if side is None:
        return ()
    origins = change.after.origins if change.after is not None and side is change.after else None
    found = []
    for rule in rules_of(type(side.spec)):
        value = getattr(side.spec, rule.attribute)
        if not side.spec.manages(rule.attribute) or value in (None, ()) or rule.name == "sources":
            continue
        origin = origins.of((rule.name,)) if origins is not None else None
        is_new = change.action is Action.CREATE
        found.append(
            FieldChange(rule.name, None if is_new else value, value if is_new else None, origin=origin)
        )
    return tuple(found)


def _sources(change: Change) -> tuple[Pair, ...]:
    """The sources that go and those that come, in a column each."""
    added, removed = change.sources.added, change.sources.removed
    if change.action is Action.DELETE and change.before is not None and not removed:
        removed = getattr(change.before.spec, "sources", None) or ()
    texts = Counter(str(one) for one in (*removed, *added))

    def part(one: SourceReference | None) -> tuple[Part, ...] | None:
        if one is None:
            return None
        number = f" (id {one.id})" if texts[str(one)] > 1 and one.id is not None else ""
        return (Part(f"{one}{number}{' (by match)' if one.by_match else ''}"),)

    return tuple(
        Pair("changed" if old and new else "removed" if old else "added", part(old), part(new))
        for old, new in zip_longest(removed, added)
    )


# The end of the page


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    lines: tuple[Line, ...]


def _tail(report: Report) -> tuple[_Section, ...]:
    """What there is besides changes: what was reviewed and is done, what is kept, what is nobody's."""
    kept = sentences.kept_lines(report.plan) if report.plan is not None else ()
    parts = (
        ("Left out", sentences.reviewed_lines(report)),
        ("Kept", kept),
        ("Unmanaged", sentences.unmanaged_lines(report)),
    )
    return tuple(_Section(title, lines) for title, lines in parts if lines)

"""The page about one product, for a person who wants to know what it is, who is in it, and who decides.

A room of its own because it is read from top to bottom, and so should be the code that makes it. What is not known is
said to be not known, never shown as none or as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby

from dpsync.kinds.catalog import source_text
from dpsync.model.showing import Belonging, Expert, Pending, ShownProduct, Standing, Way
from dpsync.model.state import Person
from dpsync.reports.paper import Row, field, paragraph, table
from dpsync.reports.sentences import place

UNKNOWN = "not known"
NONE = "none"
LISTED_SOURCES = 20
"""How many sources the page lists by itself; `--sources` lists all."""

_LABEL = 9
_ASKED_FOR: Mapping[str, str] = {"DATA_ACCESS": "access", "MASKING_EXCEPTION": "masking exceptions"}
"""What a type of request asks for."""


def product_rows(shown: ShownProduct, width: int) -> Iterator[Row]:
    """The page: what it is, how one gets access, what is in it, and the parts that were asked for."""
    yield from paragraph(shown.name, width, style="bold")
    if shown.description.strip():
        yield from paragraph(shown.description, width)
    yield Row("")
    for name, text in _fields(shown):
        yield from field(name, text, width, _LABEL)
    yield from _ways(shown.ways, width)
    yield from _sources(shown, width)
    if shown.asked.columns:
        yield from _columns(shown, width)
    if shown.asked.determinations:
        yield from _determinations(shown, width)


def _fields(shown: ShownProduct) -> Iterator[tuple[str, str]]:
    yield "id", shown.id
    yield "domain", ", ".join(domain.name for domain in shown.domains)
    yield "expert", _expert(shown.expert)
    yield "lifecycle", "suspended: it gives nobody access until it is active" if shown.suspended else "active"
    yield "manifest", standing_text(shown.standing)
    yield "members", _members(shown.members, shown.masking_exceptions)
    yield "pending", _pending(shown.pending)


def _expert(expert: Expert | None) -> str:
    if expert is None:
        return NONE
    return _called(expert.name, expert.username) or expert.id


def _called(name: str, username: str) -> str:
    return f"{name} ({username})" if name and username else name or username


def person_text(person: Person) -> str:
    """A person by name and user name."""
    return _called(person.name, person.username) or person.id


def standing_text(standing: Standing) -> str:
    """Which manifest there is, and what that means."""
    if standing.address is not None:
        ending = {"released": "released, so unmanaged", "retired": "retired"}.get(standing.lifecycle)
        return f"{place(standing.origin)}, {standing.address} ({ending or standing.belonging})"
    return {
        Belonging.OWNED: "none names it, but this workspace made it (owned)",
        None: f"{UNKNOWN}, because the manifests are not valid",
    }.get(standing.belonging, f"{NONE} ({Belonging.UNMANAGED})")


def _members(members: int | None, exceptions: int | None) -> str:
    if members is None:
        return UNKNOWN
    return f"{members}{_and_exceptions(exceptions, 'besides')}" if exceptions else str(members or NONE)


def _and_exceptions(count: int, word: str) -> str:
    return f", {word} {count} masking exception{'s' if count > 1 else ''}"


def _pending(pending: Pending | None) -> str:
    if pending is None:
        return UNKNOWN
    counts = {"access": pending.access, "masking exceptions": pending.masking_exceptions}
    said = [
        f"{count} request{'s' if count > 1 else ''} for {what}" for what, count in counts.items() if count
    ]
    return ", ".join(said) or NONE


def _ways(ways: tuple[Way, ...] | None, width: int) -> Iterator[Row]:
    if ways is None:
        yield Row("")
        yield from field("forms", UNKNOWN, width, _LABEL)
        return
    alike = groupby(ways, key=lambda way: (way.form, way.review, way.decided_by))
    for (form, review, decided_by), group in alike:
        yield Row("")
        what = " and ".join(_ASKED_FOR.get(way.request_type, way.request_type) for way in group)
        yield Row(f"How {what} {'are' if what != 'access' else 'is'} decided", "bold")
        yield from field("form", form.name if form is not None else NONE, width, _LABEL)
        aside = " (the product's own flow, to which the form delegates)"
        delegated = decided_by == "product" and form is not None
        yield from field("review", f"{review}{aside if delegated else ''}", width, _LABEL)


def _sources(shown: ShownProduct, width: int) -> Iterator[Row]:
    yield Row("")
    if shown.sources is None:
        yield Row(f"Sources: {UNKNOWN}", "bold")
        return
    whose = f", with the access of {person_text(shown.user)}" if shown.user is not None else ""
    called = _called_so(shown.asked.name if shown.asked.sources else None)
    yield from paragraph(f"Sources{called}: {len(shown.sources) or NONE}{whose}", width, style="bold")
    if not shown.asked.sources:
        for each in shown.sources[:LISTED_SOURCES]:
            yield from paragraph(source_text(each.source), width, 2)
        rest = len(shown.sources) - LISTED_SOURCES
        if rest > 0:
            yield Row(f"  and {rest} more; --sources lists them all")
        return
    if shown.sources:
        headers = ("PATH", "NAME", "PLATFORM", "ID", *(("ACCESS",) if shown.user is not None else ()))
        rows = [
            (
                str(each.source.path),
                each.source.name,
                each.source.path.platform or "",
                each.source.id,
                *(((each.access or UNKNOWN).lower(),) if shown.user is not None else ()),
            )
            for each in shown.sources
        ]
        yield from table(headers, rows, width, 2)


def _called_so(name: str | None) -> str:
    return f' with "{name}" in their names' if name is not None else ""


def _columns(shown: ShownProduct, width: int) -> Iterator[Row]:
    """The columns, source by source, as the token's user sees them."""
    yield Row("")
    what = ("Masked columns" if shown.asked.masked_only else "Columns") + _called_so(shown.asked.name)
    if shown.columns is None:
        yield from paragraph(f"{what}: {UNKNOWN}", width, style="bold")
        return
    masked = sum(each.masking is not None for each in shown.columns)
    aside = f", {masked} of them masked" if masked and not shown.asked.masked_only else ""
    yield from paragraph(f"{what}: {len(shown.columns) or NONE}{aside}", width, style="bold")
    paths = {each.source.id: source_text(each.source) for each in shown.sources or ()}
    for source, columns in groupby(shown.columns, key=lambda each: (each.source_id, each.source_name)):
        yield Row("")
        yield from paragraph(paths.get(source[0], source[1]), width, 2)
        rows = [(each.name, each.type or "", each.masking or "", ", ".join(each.tags)) for each in columns]
        yield from table(("COLUMN", "TYPE", "MASKING", "TAGS"), rows, width, 4)


def _determinations(shown: ShownProduct, width: int) -> Iterator[Row]:
    for request_type, what in _ASKED_FOR.items():
        yield Row("")
        if shown.determinations is None:
            yield Row(f"Recent decisions about {what}: {UNKNOWN}", "bold")
            continue
        decisions = [each for each in shown.determinations if each.request_type == request_type]
        yield Row(f"Recent decisions about {what}: {len(decisions) or NONE}", "bold")
        if decisions:
            rows = [
                (
                    moment(each.decided_at),
                    person_text(each.user),
                    _decided(each.status, each.expires_at),
                    person_text(each.decided_by) if each.decided_by is not None else UNKNOWN,
                    each.reason or "",
                )
                for each in decisions
            ]
            yield from table(("WHEN", "WHO", "WHAT", "BY", "REASON"), rows, width, 2)


def _decided(status: str, until: datetime | None) -> str:
    return f"{status.lower()} until {until.astimezone(UTC):%Y-%m-%d}" if until else status.lower()


def moment(when: datetime) -> str:
    """A moment to the minute, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def listed(names: Iterable[str]) -> str:
    """Names side by side, or that there is none."""
    return ", ".join(names) or NONE

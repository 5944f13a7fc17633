"""Accesses as text: for people who let others in or out.

Every foreign word passes `layout.visible` on its way, here by the rows and tables of `show/paper.py`. Dates are those of
UTC. Nothing is claimed about access that other products or policies give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from dpsync.model.membership import (
    APPROVED,
    PENDING,
    Access,
    Asking,
    Became,
    Done,
    Form,
    Listing,
    RequestType,
    Result,
    Revoking,
)
from dpsync.model.plan import Target
from dpsync.model.report import Page
from dpsync.model.state import Person
from dpsync.reports.layout import wrapped
from dpsync.reports.paper import Row, paragraph, table, written

_NARROWEST = 40
_STYLES: Mapping[Became, str] = MappingProxyType(
    {
        Became.APPROVED: "green",
        Became.PENDING: "yellow",
        Became.REVOKED: "green",
        Became.DENIED: "red",
        Became.REFUSED: "bold red",
        Became.UNKNOWN: "bold red",
    }
)


def listing(found: Listing, page: Page) -> str:
    """A table of accesses: one for each type of request."""
    return written(_listing(found, max(page.width, _NARROWEST)), page)


def asking(ask: Asking, page: Page) -> str:
    """What would be requested, before anybody says yes."""
    return written(_asking(ask, max(page.width, _NARROWEST)), page)


def agreements(form: Form, page: Page) -> str:
    """The use agreements of a form, in full."""
    return written(_agreements(form, max(page.width, _NARROWEST)), page)


def revoking(loss: Revoking, page: Page) -> str:
    """Who would lose what, before anybody says yes."""
    return written(_revoking(loss, max(page.width, _NARROWEST)), page)


def done(what: Done, page: Page) -> str:
    """What became of it, person by person, and the one line that counts."""
    return written(_done(what, max(page.width, _NARROWEST)), page)


# A list


def _listing(found: Listing, width: int) -> Iterator[Row]:
    what = f"{found.which.value} that end" if found.expiring else found.which.value
    of = f" of {_called(found.person)}" if found.person is not None else ""
    title = f"{found.product.name} ({_where(found.target)}): {what}{of}"
    yield from paragraph(title, width, style="bold")
    for wanted in RequestType:
        accesses = [access for access in found.accesses if access.type == wanted]
        if accesses:
            yield Row("")
            yield Row(wanted.words.capitalize())
            yield from _table(accesses, width, of_one=found.person is not None)
    yield Row("")
    if found.product.suspended:
        yield from paragraph("The product is suspended: nobody can use its sources through it.", width)
    counts = Counter(access.status.lower() for access in found.accesses)
    total = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    yield from paragraph(f"{total}." if total else "None.", width, style="bold")


def _table(accesses: Iterable[Access], width: int, *, of_one: bool) -> Iterator[Row]:
    """The accesses of one type; those of one person come with their ids, by which each can be revoked."""
    rows = []
    waiting: dict[str, list[str]] = {}
    for access in accesses:
        mail = access.person.email or access.person.username
        row = [access.person.name, mail, access.status.lower(), _day(access.since), _day(access.until)]
        rows.append([*row, access.id])
        if access.waits_for:
            waiting.setdefault(access.waits_for, []).append(access.person.name or access.person.username)
    until = [4] if any(row[4] for row in rows) else []
    kept = [2, 3, *until, 5] if of_one else [0, 1, 2, 3, *until]
    head = ["WHO", "E-MAIL", "STATUS", "SINCE", "UNTIL", "ID"]
    yield from table([head[one] for one in kept], [[row[one] for one in kept] for row in rows], width, 2)
    for who, names in waiting.items():
        of = "" if len(waiting) == 1 else f" ({', '.join(names)})"
        yield from _hanging(f"What is pending{of} waits for {who}.", width)


# Before


def _asking(ask: Asking, width: int) -> Iterator[Row]:
    title = f"Request {ask.type.words} to {ask.product.name} ({_where(ask.target)})"
    yield from paragraph(title, width, style="bold")
    for person in ask.people:
        yield from _hanging(f"for      {_called(person)}", width)
    for column in ask.columns:
        yield from _hanging(f"column   {column}", width)
    yield from _hanging(f"form     {ask.form.name}", width)
    labels = {question.id: question.label for question in ask.form.questions}
    for identity, answer in ask.answers.items():
        label = labels[identity]
        yield from _hanging(f"{label}{':' if label[-1:].isalnum() else ''} {_answer(answer)}", width, 11)
    yield from _agreements(ask.form, width)
    for result in ask.settled:
        yield from _result(result, width)
    others = [person for person in ask.people if person.id != ask.caller]
    if ask.form.agreements and others:
        names = ", ".join(person.name or person.username for person in others)
        yield from paragraph(f"The agreement is accepted on behalf of {names}.", width, 2, "yellow")


def _agreements(form: Form, width: int) -> Iterator[Row]:
    for agreement in form.agreements:
        yield from _hanging(f"use agreement  {agreement.name}", width)
        yield from paragraph(agreement.body, width, 11)


def _answer(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return f"{answer['duration']} {str(answer['durationUnit']).lower()}"
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def _revoking(loss: Revoking, width: int) -> Iterator[Row]:
    yield from paragraph(f"Revoke access to {loss.product.name} ({_where(loss.target)})", width, style="bold")
    for access in loss.accesses:
        ends = f", until {_day(access.until)}" if access.until is not None else ""
        kind = access.type.lower().replace("_", " ")
        text = f"- {_called(access.person)}: {kind}, since {_day(access.since)}{ends}"
        for row in wrapped(text, width, 2, 2):
            yield Row(row, "red")
        if access.columns:
            names = ", ".join(sorted(str(column) for column in access.columns))
            yield from _hanging(f"loses the unmasked columns {names}", width, 6)
    if any(access.type == RequestType.DATA_ACCESS for access in loss.accesses):
        number = len(loss.sources)
        what = f"{number} data source{'' if number == 1 else 's'}"
        yield from _hanging(f"loses {what}, as far as this product gives access:", width)
        for source in loss.sources:
            yield from _hanging(source, width, 6)
        if loss.product.suspended:
            yield from _hanging("The product is suspended: its sources cannot be used at the moment.", width)
    for result in loss.settled:
        yield from _result(result, width)


# After


def _done(what: Done, width: int) -> Iterator[Row]:
    yield from paragraph(f"{what.product.name} ({_where(what.target)})", width, style="bold")
    for result in what.results:
        yield from _result(result, width)
    counts = Counter(result.became.value for result in what.results)
    total = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    word = "Revoke" if what.command == "revoke" else "Request"
    yield from paragraph(f"{word}: {total}." if total else "Nothing to do.", width, style="bold")


def _result(result: Result, width: int) -> Iterator[Row]:
    said = " ".join(filter(None, (result.message, _state(result))))
    text = f"{result.became.value:<9}{_called(result.person)}{': ' if said else ''}{said}"
    for row in wrapped(text, width, 2, 9):
        yield Row(row, _STYLES.get(result.became, ""))
    if result.remedy:
        yield from _hanging(f"→ {result.remedy}", width, 11)


def _state(result: Result) -> str:
    access = result.access
    if access is None or result.became is Became.REVOKED:
        return access.type.lower().replace("_", " ") if access is not None else ""
    if not result.is_good:
        return ""
    if access.status == PENDING:
        return f"It waits for {access.waits_for}." if access.waits_for else "With whom it waits is not told."
    if access.status == APPROVED:
        return f"Until {_day(access.until)}." if access.until is not None else "Without an end."
    return ""


def _hanging(text: str, width: int, indent: int = 2) -> Iterator[Row]:
    return (Row(row) for row in wrapped(text, width, indent, 2))


def _called(person: Person) -> str:
    name = person.name or person.username
    return f"{name} <{person.email}>" if person.email else f"{name} ({person.username})"


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).date().isoformat()


def _where(target: Target) -> str:
    return target.environment

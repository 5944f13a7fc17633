"""Asking: for whom a request is made and for whom not, and who may accept an agreement for whom.

A room of its own because these are the rules that keep a command from writing what nobody needs. Must never send or
read anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dpsync.errors import UsageError
from dpsync.model.membership import (
    APPROVED,
    PENDING,
    Access,
    Asking,
    Became,
    MaskedColumn,
    RequestType,
    Result,
)
from dpsync.model.state import Person


def settled(
    person: Person,
    wanted: RequestType,
    accesses: Iterable[Access],
    unmasked: Collection[tuple[str, str]],
    columns: Collection[MaskedColumn],
) -> Result | None:
    """Why nothing need be requested for a person who has these accesses of the wanted type; None if it must be.

    An approved masking exception settles nothing by itself, for it may be about other columns; `unmasked` are the columns
    that the person sees as they are.
    """
    for access in accesses:
        if access.status == PENDING:
            return Result(person, Became.ALREADY, access, "There is a request already.")
        if access.status == APPROVED and wanted is RequestType.DATA_ACCESS:
            return Result(person, Became.ALREADY, access, "The person is a member already.")
    if columns and all(column.identity in unmasked for column in columns):
        names = ", ".join(sorted(str(column) for column in columns))
        return Result(person, Became.ALREADY, None, f"Unmasked already: {names}.")
    return None


def to_revoke(
    people: Iterable[Person], theirs: Collection[Access], named: Iterable[Access]
) -> tuple[tuple[Access, ...], tuple[Result, ...]]:
    """What there is to revoke, each once, and those for whom there is nothing.

    `theirs` are the approved accesses of `people`, `named` those that were named by their ids. Raises UsageError for one
    that is still pending: that is not access yet.
    """
    found: dict[str, Access] = {}
    done = []
    for person in people:
        held = [access for access in theirs if access.person.id == person.id and access.status == APPROVED]
        found |= {access.id: access for access in held}
        if not held:
            done.append(Result(person, Became.ALREADY, None, "There is no access to revoke."))
    for access in named:
        if access.status == PENDING:
            raise UsageError(
                f"The request {access.id} of {access.person.name!r} is still pending: there is no access to revoke.",
                "Whoever made it can take it back, and a reviewer can deny it, in the marketplace.",
            )
        if access.status == APPROVED:
            found[access.id] = access
        else:
            said = f"There is no access to revoke: the request is {access.status.lower()}."
            done.append(Result(access.person, Became.ALREADY, access, said))
    return tuple(found.values()), tuple(done)


def check_agreements(asking: Asking, *, on_behalf_of: bool) -> None:
    """Refuse to accept an agreement for others who were not said to have accepted it. Raises UsageError."""
    others = [person for person in asking.people if person.id != asking.caller]
    if not asking.form.agreements or not others or on_behalf_of:
        return
    names = ", ".join(repr(agreement.name) for agreement in asking.form.agreements)
    people = ", ".join(repr(person.name or person.username) for person in others)
    raise UsageError(
        f"The form {asking.form.name!r} has a use agreement, {names}, that {people} must accept. Nothing was sent.",
        "If they have read and accepted it, say so for them with --on-behalf-of.",
    )

"""delete-with-members: a data product is not deleted while people have access to it.

Deleting a product takes access away from every member at once, and creating it again does not bring them back: approvals
hang on the live id (FACTS 0.3). Masking exceptions and requests that wait end with it. Where the members could not be
read, the approved accesses count that come with the list of products; where the marketplace does not say those either,
the number is unknown, and unknown counts as risky. A suspended product keeps its approvals, so that it can be made active
again; it is not deleted over them either.

What to do: set `lifecycle: suspended` first and see who misses it. Then have the accesses revoked, and delete. Where
losing them is what you want, allow it for this one product: with `--allow`, or with an exception in a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.checks.people import KIND, allowing, counted, members
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity

NAME = "delete-with-members"

_SUSPEND = "Suspend it (`lifecycle: suspended`) and see who misses it; then have"


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each delete of a product that somebody may have access to."""
    for change in planned.plan.deletions:
        if change.kind != KIND or change.before is None or not _is_missed(change):
            continue
        yield Finding(
            NAME,
            Severity.ERROR,
            f"With {change.title!r}, {_listed(tuple(_endings(change)))} would end for good.",
            _remedy(change),
            change.origin,
            change.address,
        )


def _is_missed(change: Change) -> bool:
    """Whether somebody has access by the product, or may have, be it suspended or not."""
    if change.impact is None:
        return change.before is not None and change.before.accesses.may_exist
    ending = (change.impact.ended, change.impact.exceptions)
    people = change.impact.members
    return people is None or bool(people) or any(number is None or number > 0 for number in ending)


def _endings(change: Change) -> Iterator[str]:
    people, impact = members(change), change.impact
    ended = impact.ended if impact is not None else None
    approved = change.before.accesses.approved if change.before is not None else None
    if people:
        yield f"the access of {counted(len(people), 'member', 'members')}"
    else:
        number = ended or approved or None
        yield "an unknown number of accesses" if number is None else _accesses(number)
    if impact is not None and impact.exceptions:
        yield counted(impact.exceptions, "masking exception", "masking exceptions")
    if impact is not None and impact.pending:
        yield counted(impact.pending, "pending request", "pending requests")


def _listed(texts: tuple[str, ...]) -> str:
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _accesses(number: int) -> str:
    return counted(number, "approved access", "approved accesses")


def _remedy(change: Change) -> str:
    is_suspended = change.before is not None and getattr(change.before.spec, "lifecycle", None) == "suspended"
    first = "" if change.after is not None or is_suspended else "Bring its manifest back. "
    then = "Have" if is_suspended else _SUSPEND
    return (
        f"{first}{then} the accesses revoked, or allow this one delete with {allowing(NAME, change.address)}."
    )


RULE = Rule(NAME, check, about_people=True)

"""delete-with-members: a data product is not deleted while people have access to it.

Deleting a product takes access away from every member at once, and creating it again does not bring them back: approvals
hang on the live id (FACTS 0.3). The number of approved accesses comes with the list of products. Where the marketplace
does not say it, the number is unknown, and unknown counts as risky. A suspended product keeps its approvals, so that it
can be made active again; it is not deleted over them either.

What to do: set `lifecycle: suspended` first and see who misses it. Then have the accesses revoked, and delete. Where
losing them is what you want, set the rule's `severity: warning` in dpsync.yaml, in the pull request that deletes.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity

NAME = "delete-with-members"
KIND = "DataProduct"

_SUSPEND = "Suspend it (`lifecycle: suspended`) and see who misses it; "
_REVOKE = f"have the accesses revoked, or set {NAME} to `severity: warning` for this one delete."


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each delete of a product that somebody may have access to."""
    for change in planned.plan.deletions:
        if change.kind != KIND or change.before is None or not change.before.accesses.may_exist:
            continue
        approved = change.before.accesses.approved
        number = "an unknown number of approved accesses" if approved is None else _accesses(approved)
        yield Finding(
            NAME,
            Severity.ERROR,
            f"{change.title!r} has {number}; a delete ends {'it' if approved == 1 else 'them'} for good.",
            _remedy(change),
            change.origin,
            change.address,
        )


def _remedy(change: Change) -> str:
    is_suspended = change.before is not None and getattr(change.before.spec, "lifecycle", None) == "suspended"
    first = "" if change.after is not None or is_suspended else "Bring its manifest back. "
    then = _REVOKE[0].upper() + _REVOKE[1:] if is_suspended else f"{_SUSPEND}then {_REVOKE}"
    return first + then


def _accesses(number: int) -> str:
    return f"{number} approved access{'es' if number != 1 else ''}"


RULE = Rule(NAME, check)

"""delete-with-members: a data product is not deleted while people have access to it.

Deleting a product takes access away from every member at once, and creating it again does not bring them back: approvals
hang on the live id (FACTS 0.3). The number of approved accesses comes with the list of products. Where the marketplace
does not say it, the number is unknown, and unknown counts as risky. From a product that is suspended already nobody has
access at this moment, so it may be deleted.

What to do: set `lifecycle: suspended` first and wait until nobody misses it, or revoke the accesses one by one. Then
delete. Where losing the accesses is what you want, an administrator can switch the rule to `warning` in dpsync.yaml for
the one apply that does it.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.finding import Finding, Severity

NAME = "delete-with-members"
KIND = "DataProduct"

_FIRST = "Suspend it first (`lifecycle: suspended`), or revoke the accesses, then delete."


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each delete of a product that somebody may have access to."""
    for change in planned.plan.deletions:
        if change.kind != KIND or change.before is None or not change.before.accesses.may_exist:
            continue
        if getattr(change.before.spec, "lifecycle", None) == "suspended":
            continue
        approved = change.before.accesses.approved
        number = "an unknown number of approved accesses" if approved is None else _accesses(approved)
        yield Finding(
            NAME,
            Severity.ERROR,
            f"{change.title!r} has {number}; a delete ends {'it' if approved == 1 else 'them'} for good.",
            _FIRST if change.after is not None else f"Bring its manifest back. {_FIRST}",
            change.origin,
            change.address,
        )


def _accesses(number: int) -> str:
    return f"{number} approved access{'es' if number != 1 else ''}"


RULE = Rule(NAME, check)

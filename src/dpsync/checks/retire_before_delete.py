"""retire-before-delete: a data product is suspended for a while before it is deleted. Off unless dpsync.yaml switches it on.

Suspending takes access away and can be taken back; deleting cannot. With this rule, a product is deleted only if it is
suspended and nothing changed on it for `days` days (default 14). The marketplace does not say since when a product is
suspended, only when it was last changed. So that time is a lower bound: the product is suspended for at least as long. An
edit in between makes the wait longer than it would have to be, and never shorter.

What to do: set `lifecycle: suspended`, apply, and delete when the days are over. To switch the rule on, write
`severity: error` under `retire-before-delete` in dpsync.yaml, for the workspace or for one environment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from dpsync.checks.people import KIND, allowing, counted
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import LiveResource

NAME = "retire-before-delete"


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block each delete of a product that is not known to have been suspended for long enough."""
    days = numbers["days"]
    for change in planned.plan.deletions:
        if change.kind != KIND or change.before is None:
            continue
        said = _too_early(change.before, planned.now, days)
        if said is not None:
            message, remedy = said
            allow = f"or allow it with {allowing(NAME, change.address)}."
            yield Finding(NAME, Severity.ERROR, message, f"{remedy}; {allow}", change.origin, change.address)


def _too_early(live: LiveResource, now: datetime, days: float) -> tuple[str, str] | None:
    """Why the product is not to be deleted yet and what to do, or None if it may be."""
    if getattr(live.spec, "lifecycle", None) != "suspended":
        return (
            f"{live.title!r} is not suspended; a product is deleted after {days:g} days of suspension.",
            "Suspend it first (`lifecycle: suspended`)",
        )
    changed = _moment(live.revision)
    if changed is None:
        return (
            f"{live.title!r} is suspended, and since when is not known.",
            "Find out, and delete it when the days are over",
        )
    if now - changed < timedelta(days=days):
        so_far = max(0, (now - changed).days)
        message = (
            f"{live.title!r} was last changed on {changed.date().isoformat()}, so it is only known to be suspended "
            f"for {counted(so_far, 'day', 'days')}; it has to be for {days:g}. That time is a lower bound: "
            "the marketplace does not say when it was suspended."
        )
        return message, f"Wait until {(changed + timedelta(days=days)).date().isoformat()}"
    return None


def _moment(text: str) -> datetime | None:
    """The moment that an ISO text means, in UTC where it does not say; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


RULE = Rule(NAME, check, {"days": 14}, severities=())

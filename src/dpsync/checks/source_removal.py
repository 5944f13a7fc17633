"""source-removal: sources do not go from a data product while many people lose them by that.

A source that goes is gone for every member at once (FACTS 0.7). As long as at most `members` people lose something
(default 25), that is everyday work, and a warning; above, or where their number is not known, it is an error. Whoever keeps a source
through another product does not lose it, and nobody is counted twice. A source that goes from a suspended product is not
lost at once, but all its members would have had it again: they count. A move to another domain takes everything with it,
and what its members keep is not known: it counts as losing it. Suspending is not held back; it can be taken back.

What to do: if it is meant, tell those who lose it, and let them ask for another product that has it first. Then raise
`members` in dpsync.yaml, or allow it for this one product; where the rules are those of another revision (`--policy-from`),
in a pull request of its own that comes first.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.people import KIND, allowing, at_most, members, people
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import People, SourceImpact

NAME = "source-removal"


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Warn of each update that takes sources from people, and block it where they are many or not known."""
    for change in planned.plan.changes:
        if change.kind != KIND or change.action is not Action.UPDATE or change.before is None:
            continue
        moves = any(field.path == "domain" for field in change.fields)
        if not moves and not change.sources.removed:
            continue
        number = at_most(members(change) if moves else _losers(change), change)
        if number == 0:
            continue
        is_over = number is None or number > numbers["members"]
        yield Finding(
            NAME,
            Severity.ERROR if is_over else Severity.WARNING,
            _moved(change, number) if moves else _removed(change, number),
            _remedy(change, number, numbers["members"], moves=moves),
            change.origin,
            change.address,
        )


def _removals(change: Change) -> tuple[SourceImpact, ...]:
    """What is known of the sources that go; a suspension in the same change loses the others, which is not asked here."""
    gone = {source.id for source in change.sources.removed}
    lost = change.impact.lost if change.impact is not None else ()
    return tuple(one for one in lost if one.source.id in gone)


def _losers(change: Change) -> People:
    if change.impact is None or _was_suspended(change):
        return members(change)
    found: set[str] = set()
    for one in _removals(change):
        if one.people is None:
            return None
        found |= one.people
    return frozenset(found)


def _was_suspended(change: Change) -> bool:
    """Whether what goes would only have been given again once the product is resumed."""
    return change.before is not None and getattr(change.before.spec, "lifecycle", None) == "suspended"


def _moved(change: Change, number: int | None) -> str:
    return (
        f"Moving {change.title!r} to another domain may take all of it from {people(number)}: "
        "what members keep is not known."
    )


def _removed(change: Change, number: int | None) -> str:
    sources = change.sources.removed
    what = f"{sources[0]}" if len(sources) == 1 else f"at least one of {len(sources)} sources"
    lose = "loses" if number == 1 else "lose"
    if _was_suspended(change):
        lose = "will not get back"
    who = people(number)
    return f"{who[0].upper()}{who[1:]} {lose} {what} of {change.title!r}."


def _remedy(change: Change, number: int | None, limit: float, *, moves: bool) -> str:
    if number is None:
        return (
            "Plan with a token that may read the access requests, and without `--impact counts`, so that it is known; "
            f"or allow it with {allowing(NAME, change.address)}."
        )
    if moves and number > limit:
        return (
            f"At most {limit:g} may lose access at once. Leave it in its domain, and make another product in the other; "
            f"or allow it with {allowing(NAME, change.address)}."
        )
    if moves:
        return "Tell them, or leave it in its domain, and make another product in the other."
    if number > limit:
        return (
            f"At most {limit:g} may lose a source at once. Let them ask for another product that has it first; "
            f"or allow it with {allowing(NAME, change.address)}."
        )
    return "Tell them, or keep the source until they have another product that has it."


RULE = Rule(NAME, check, {"members": 25}, (Severity.WARNING, Severity.ERROR), about_people=True)

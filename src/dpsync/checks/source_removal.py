"""source-removal: sources do not go from a data product while many people lose them by that.

A source that goes is gone for every member at once (FACTS 0.7). As long as at most `members` people lose something
(default 25), that is everyday work, and a warning; above, or where their number is not known, it is an error. Whoever keeps a source
through another product does not lose it, and nobody is counted twice. A move to another domain takes everything with it,
and what its members keep is not known: it counts as losing it. Suspending is not held back; it can be taken back.

What to do: if it is meant, tell those who lose it, and let them ask for another product that has it first. Then raise
`members` in dpsync.yaml in the same pull request, or allow it for this one product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.checks.people import KIND, allowing, at_most, counted, members, people
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import People, SourceImpact

NAME = "source-removal"

_LISTED = 3


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
            _remedy(change, number, numbers["members"]),
            change.origin,
            change.address,
        )


def _removals(change: Change) -> tuple[SourceImpact, ...]:
    """What is known of the sources that go; a suspension in the same change loses the others, which is not asked here."""
    gone = {source.id for source in change.sources.removed}
    lost = change.impact.lost if change.impact is not None else ()
    return tuple(one for one in lost if one.source.id in gone)


def _losers(change: Change) -> People:
    if change.impact is None:
        return None
    found: set[str] = set()
    for one in _removals(change):
        if one.people is None:
            return None
        found |= one.people
    return frozenset(found)


def _moved(change: Change, number: int | None) -> str:
    return (
        f"Moving {change.title!r} to another domain may take all of it from {people(number)}: "
        "what members keep is not known."
    )


def _removed(change: Change, number: int | None) -> str:
    sources = change.sources.removed
    texts = ", ".join(str(source) for source in sources[:_LISTED])
    more = f" and {len(sources) - _LISTED} more" if len(sources) > _LISTED else ""
    what = f"{counted(len(sources), 'source', 'sources')} ({texts}{more})"
    kept = "".join(f" {sentence}" for sentence in _kept(change))
    lose = "loses" if number == 1 else "lose"
    who = people(number)
    return f"{who[0].upper()}{who[1:]} {lose} {what} of {change.title!r}.{kept}"


def _kept(change: Change) -> Iterator[str]:
    """Who keeps a source through which products; several sources that the same people keep are one sentence."""
    groups: dict[tuple[frozenset[str], tuple[str, ...]], list[str]] = {}
    for one in _removals(change):
        if one.keepers:
            groups.setdefault((one.keepers, one.through), []).append(str(one.source))
    for (keepers, through), sources in groups.items():
        who = people(len(keepers))
        keep = "keeps" if len(keepers) == 1 else "keep"
        what = sources[0] if len(sources) == 1 else f"{len(sources)} of them"
        products = ", ".join(repr(title) for title in through[:_LISTED])
        more = f" and {len(through) - _LISTED} more" if len(through) > _LISTED else ""
        yield f"{who} {keep} {what} through {products}{more}."


def _remedy(change: Change, number: int | None, limit: float) -> str:
    if number is None:
        return (
            "Plan with a token that may read the access requests, and without `--impact counts`, so that it is known; "
            f"or allow it with {allowing(NAME, change.address)}."
        )
    if number > limit:
        return (
            f"At most {limit:g} may lose a source at once. Let them ask for another product that has it first; "
            f"or allow it with {allowing(NAME, change.address)}."
        )
    return "Tell them, or keep the source until they have another product that has it."


RULE = Rule(NAME, check, {"members": 25}, (Severity.WARNING, Severity.ERROR), about_people=True)

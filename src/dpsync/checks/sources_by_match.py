"""sources-by-match: no source goes from a product with members, and no sensitive one comes, by a pattern alone.

With `match`, the sources of a product follow the domain: an administrator who assigns a table to the domain, or takes one
out of it, changes what people can read, and nobody reviewed that. So a source that a pattern once brought, and that left
the listing of its domain, is not taken from a product with members. A source that comes by match and carries one of the
workspace's `sensitiveTags`, on itself or on a column, is not given to them either. Members or tags that could not be read
count as being there; without `sensitiveTags` no tag is sensitive.

What to do: if it is meant, say so in the manifest: list the source that comes beside the pattern, so that a reviewer sees
it. One that goes cannot be listed: find out who took it out of the domain, or allow it for this one product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dpsync.checks.people import KIND, allowing, at_most, counted, members
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import SourceImpact
from dpsync.model.reference import SourceReference

NAME = "sources-by-match"


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each change by which a source goes from members, or a sensitive one comes, by match."""
    for change in planned.plan.changes:
        if change.kind != KIND or change.action is Action.DELETE:
            continue
        gone = tuple(source for source in change.sources.removed if source.by_match)
        if gone and at_most(members(change), change) != 0:
            yield _finding(change, _gone(change, gone), _remedy_for_gone(change))
        if not planned.policy.sensitive_tags:
            continue
        gained = _gained(change)
        for source in (one for one in change.sources.added if one.by_match):
            known = gained.get(source.id)
            if known is None or known.tags is None or known.tags:
                yield _finding(change, _came(source, known), _remedy_for_came(change))


def _gained(change: Change) -> Mapping[str | None, SourceImpact]:
    """What is known of the sources that come, by their ids."""
    return {one.source.id: one for one in change.impact.gained} if change.impact is not None else {}


def _gone(change: Change, gone: tuple[SourceReference, ...]) -> str:
    number = at_most(members(change), change)
    who = "an unknown number of members" if number is None else counted(number, "member", "members")
    texts = ", ".join(str(source) for source in gone)
    left = "left its domain and goes" if len(gone) == 1 else "left their domain and go"
    return f"{texts} {left} by match, while {change.title!r} has {who}."


def _remedy_for_gone(change: Change) -> str:
    return (
        "Find out who took it out of the domain, and have it put back; "
        f"or allow it with {allowing(NAME, change.address)}."
    )


def _came(source: SourceReference, known: SourceImpact | None) -> str:
    if known is None or known.tags is None:
        return f"{source} comes by match, and whether it has a sensitive tag is not known."
    columns = f" (on {', '.join(known.columns)})" if known.columns else ""
    return f"{source} comes by match, and is tagged {', '.join(known.tags)}{columns}."


def _remedy_for_came(change: Change) -> str:
    return (
        "If people should get it, list it under `sources` beside the pattern; otherwise narrow the pattern. "
        f"Or allow it with {allowing(NAME, change.address)}."
    )


def _finding(change: Change, message: str, remedy: str) -> Finding:
    return Finding(NAME, Severity.ERROR, message, remedy, change.origin, change.address)


RULE = Rule(NAME, check, about_people=True)

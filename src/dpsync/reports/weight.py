"""What a plan weighs: its class, and how many people gain and lose by all of its changes together.

A room of its own because people are counted once however many changes touch them, which no single change can say. Only
what apply would make is counted; what is blocked is not. An unknown number is said, never left out. That publishing a source for the first time can take
access from people who are no members (FACTS 0.5) is said with the change; so "no member" is not "nobody" here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.plan import Plan
from dpsync.reports.numbers import counted, people, verb
from dpsync.reports.people import gives_access, takes_access


@dataclass(frozen=True, slots=True)
class _Tally:
    """The people of several changes, each once, and how many of the changes touch people who are not known."""

    known: frozenset[str]
    unknown: int

    def said(self, words: str) -> str:
        """`12 people lose access to something`, with `words` after the number; empty for nobody."""
        number = len(self.known)
        if not self.unknown:
            return f"{people(number)} {words}" if number else ""
        by = f" by {counted(self.unknown, 'change')}"
        return (
            f"{people(number)} {words}, and an unknown number more{by}"
            if number
            else f"{people(None)} {words}{by}"
        )


def losers(plan: Plan) -> int | None:
    """How many people lose access to something by the changes that are not blocked; None if that is not known."""
    tally = _tally(plan.applicable, takes_access, lambda impact: impact.losers, lambda impact: impact.lost)
    return None if tally.unknown else len(tally.known)


def gainers(plan: Plan) -> int | None:
    """How many people gain access to something by the changes that are not blocked; None if that is not known."""
    tally = _tally(plan.applicable, gives_access, lambda impact: impact.gainers, lambda impact: impact.gained)
    return None if tally.unknown else len(tally.known)


def _tally(
    changes: Iterable[Change],
    touches: Callable[[Change], bool],
    whom: Callable[[Impact], People],
    which: Callable[[Impact], tuple[SourceImpact, ...]],
) -> _Tally:
    known: frozenset[str] = frozenset()
    unknown = 0
    for change in changes:
        if not touches(change):
            continue
        who = whom(change.impact) if change.impact is not None else None
        if who is None:
            unknown += 1
            who = frozenset().union(
                *(one.people or () for one in (which(change.impact) if change.impact is not None else ()))
            )
        known |= who
    return _Tally(known, unknown)


def weight(plan: Plan) -> str:
    """The class of the plan and how many people it touches, then what is held back; empty where nothing is at stake."""
    return " ".join(part for part in (_made(plan), _held_back(plan)) if part)


def _held_back(plan: Plan) -> str:
    """Who would lose access by what is blocked."""
    blocked = tuple(change for change in plan.blocked if takes_access(change))
    losses = _losses(blocked)
    if not losses:
        return ""
    return f"Blocked, and not done: {'; '.join(losses)}."


def _made(plan: Plan) -> str:
    effect = plan.effect
    if effect is None or effect is Effect.DESCRIPTIVE:
        return ""
    if effect is Effect.RENAME:
        return "This plan changes display names (rename), and nobody's access."
    if effect is Effect.REVIEW:
        return (
            "This plan changes what can be requested or who decides (review); "
            "no member gains or loses access at once."
        )
    losses, gains = _losses(plan.applicable), _gains(plan.applicable)
    if effect is Effect.GRANTS_ACCESS:
        if not gains:
            return "This plan is access-granting, but no member gains access at once."
        return f"This plan gives access (access-granting): {gains}; no member loses any."
    if losses:
        return (
            f"This plan takes access away (access-removing): {'; '.join((*losses, *filter(None, (gains,))))}."
        )
    also = f"; {gains}" if gains else ""
    return f"This plan is access-removing, but no member loses access{also}."


def takes_anything(plan: Plan) -> bool:
    """Whether somebody loses something by it, or may: what is not known counts as yes."""
    return any(takes_access(change) for change in plan.applicable)


def _losses(changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Who loses, who may, and what ends; empty if nobody and nothing does."""
    certain = [change for change in changes if change.impact is None or not change.impact.uncertain]
    doubtful = [change for change in changes if change.impact is not None and change.impact.uncertain]
    sure, maybe = (
        _tally(some, takes_access, lambda impact: impact.losers, lambda impact: impact.lost)
        for some in (certain, doubtful)
    )
    parts = (
        sure.said(f"{verb(len(sure.known) or 2, 'loses', 'lose')} access to something"),
        _Tally(maybe.known - sure.known, maybe.unknown).said("may lose access"),
        _ended(changes),
    )
    return tuple(part for part in parts if part)


def _gains(changes: tuple[Change, ...]) -> str:
    """Who gains; empty if nobody does."""
    gained = _tally(changes, gives_access, lambda impact: impact.gainers, lambda impact: impact.gained)
    return gained.said(f"{verb(len(gained.known) or 2, 'gains', 'gain')} access to something")


def _ended(changes: Iterable[Change]) -> str:
    """How many approvals end for good."""
    numbers = [change.impact.ended for change in changes if change.impact is not None]
    if not any(number is None or number for number in numbers):
        return ""
    known = sum(number or 0 for number in numbers)
    if None in numbers:
        return f"{'more than ' if known else ''}{counted(known or None, 'approval')} end for good"
    return f"{counted(known, 'approval')} {verb(known, 'ends', 'end')} for good"

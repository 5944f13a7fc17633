"""What the rules about people share: how many there are at most, and how that is said.

A module of its own because three rules ask it. It must never decide whether a number is too large; the rules do.
"""

from __future__ import annotations

from dpsync.model.change import Change
from dpsync.model.impact import People
from dpsync.model.reference import Address

KIND = "DataProduct"
"""The kind that people have access by."""


def at_most(people: People, change: Change) -> int | None:
    """How many people these are at most, or None if that is not known.

    Where the impact was not worked out, it is the number of approved accesses. Where it was, people who are not known stay
    unknown: the approved accesses are those of a moment ago.
    """
    if people is not None:
        return len(people)
    if change.impact is not None or change.before is None:
        return None
    return change.before.accesses.approved


def members(change: Change) -> People:
    """The members of the product as it is; None if they are not known."""
    return change.impact.members if change.impact is not None else None


def people(number: int | None) -> str:
    """`1 person`, `12 people`, `an unknown number of people`."""
    if number is None:
        return "an unknown number of people"
    return counted(number, "person", "people")


def counted(number: int, one: str, several: str) -> str:
    """The number with the word that goes with it."""
    return f"{number} {one if number == 1 else several}"


def allowing(rule: str, address: Address | None) -> str:
    """How one makes an exception from the rule for this once."""
    return f"`--allow {rule}:{address}`, or an exception in a file of its own"

"""Numbers and lists in words: `1 warning`, `27 data products, 5 request forms`, `A, B and 4 more`.

A room of its own because every sentence of a report counts something, and all must count alike. An unknown number is
None, and is said; it must never be written as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dpsync.kinds import KINDS

SHOWN = 4
"""How many names stand in a sentence before it counts the rest."""


def counted(number: int | None, noun: str, plural: str = "") -> str:
    """`1 warning`, `3 warnings`, `an unknown number of warnings`."""
    several = plural or f"{noun}s"
    if number is None:
        return f"an unknown number of {several}"
    return f"{number} {noun if number == 1 else several}"


def people(number: int | None) -> str:
    """`1 person`, `12 people`, `an unknown number of people`."""
    return counted(number, "person", "people")


def verb(number: int | None, one: str, several: str) -> str:
    """The form of the verb that goes with the number."""
    return one if number == 1 else several


def joined(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def named(names: Sequence[str], noun: str = "") -> str:
    """The names in a sentence: all of a few, the first of many and how many more there are."""
    if len(names) <= SHOWN:
        return joined(names)
    shown = SHOWN - 1
    return f"{', '.join(names[:shown])} and {len(names) - shown} more{f' {noun}s' if noun else ''}"


def kinds_counted(counts: Mapping[str, int]) -> str:
    """`27 data products, 5 request forms`, in the order of the kinds; empty if there are none."""
    return ", ".join(
        f"{counts[name]} {_noun(name, counts[name])}" for name in in_order(counts) if counts[name]
    )


def in_order(kinds: Mapping[str, object]) -> tuple[str, ...]:
    """The kinds in the order in which they are shown, then those that are not known."""
    return (*(kind for kind in KINDS if kind in kinds), *sorted(set(kinds) - set(KINDS)))


def _noun(kind: str, number: int) -> str:
    if kind not in KINDS:
        return kind
    return KINDS[kind].noun if number == 1 else KINDS[kind].plural

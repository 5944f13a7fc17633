"""What `--target`, `--exclude` and `--select` mean: globs over addresses, and selectors over labels.

A room of its own because both are small languages that people know from elsewhere: addresses with globs as in a shell,
selectors as kubectl reads them. What means nothing is an error, with what comes closest. It must never decide what a plan
does with what was selected; `planner/part.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dpsync.errors import UsageError
from dpsync.model.reference import Address, is_live_id
from dpsync.model.validation import closest

_KEY = r"[^\s=!(),<>]+"
_EQUALITY = re.compile(rf"(?P<key>{_KEY})\s*(?P<sign>==|=|!=)\s*(?P<value>[^=!(),]*)")
_AMONG = re.compile(rf"(?P<key>{_KEY})\s+(?P<sign>in|notin)\s*\((?P<values>[^()]*)\)")
_EXISTS = re.compile(rf"(?P<sign>!?)\s*(?P<key>{_KEY})")
_COMMA = re.compile(r",(?![^()]*\))")


def means(pattern: str, address: Address) -> bool:
    """Whether a pattern means an address: `KIND/KEY` or a key alone, either with `*`, `?` and `[…]`; kinds in any case."""
    kind, slash, key = pattern.rpartition("/")
    if slash and not fnmatchcase(address.kind.casefold(), kind.casefold()):
        return False
    return fnmatchcase(address.key, key)


def live_id_in(pattern: str) -> Address | None:
    """The kind and the live id that a pattern is, as a plan shows what no manifest names any more."""
    kind, slash, live_id = pattern.rpartition("/")
    return Address(kind, live_id.lower()) if slash and is_live_id(live_id) else None


def must_mean_something(option: str, patterns: Iterable[str], known: Collection[Address]) -> None:
    """Raise UsageError for the first pattern that means none of the addresses, with those that come closest."""
    for pattern in patterns:
        if live_id_in(pattern) is not None or any(means(pattern, address) for address in known):
            continue
        kind, slash, key = pattern.rpartition("/")
        same = [one for one in sorted(known) if not slash or one.kind.casefold() == kind.casefold()]
        names = {one.key: str(one) for one in same} or {str(one): str(one) for one in sorted(known)}
        near = closest(key if same else pattern, names)
        hint = f"Did you mean `{names[near]}`? " if near is not None else ""
        raise UsageError(
            f"`{option} {pattern}` means no resource of these manifests.",
            f"{hint}It takes KIND/KEY, a key alone, or a glob such as `DataPro*/na-*` in quotes; "
            "what no manifest names any more has KIND/ID, as a plan shows it.",
        )


@dataclass(frozen=True, slots=True)
class Requirement:
    """One part of a selector: a label, whether it has to be there, and what is asked of its value."""

    key: str
    demands: bool
    holds: Callable[[str | None], bool]


def requirements(selector: str) -> tuple[Requirement, ...]:
    """What a selector asks for, all of it. Raises UsageError where it cannot be read."""
    return tuple(_requirement(part.strip(), selector) for part in _COMMA.split(selector))


def selects(asked: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether labels are as asked. As for kubectl, `!=` and `notin` also hold where the label is missing."""
    return all(one.holds(labels.get(one.key)) for one in asked)


def must_be_carried(asked: Iterable[Requirement], labels: Iterable[Mapping[str, str]]) -> None:
    """Raise UsageError for a label that is asked for and that no resource carries: nobody means to select nothing."""
    carried = {name for one in labels for name in one}
    for one in asked:
        if one.demands and one.key not in carried:
            near = closest(one.key, sorted(carried))
            listed = ", ".join(sorted(carried)) or "none"
            raise UsageError(
                f"No manifest carries the label {one.key!r}, so `--select` selects nothing.",
                f"Did you mean `{near}`?" if near is not None else f"Labels in use: {listed}.",
            )


def _requirement(part: str, selector: str) -> Requirement:
    found = next(_readings(part), None)
    if found is None:
        raise UsageError(
            f"`--select {selector}` cannot be read{f' at {part!r}' if part else ': a part of it is empty'}.",
            "Write `team=sales`, `team!=sales`, `team in (sales, ops)`, `team notin (sales)`, `team` or `!team`; "
            "a comma means that all must hold.",
        )
    return found


def _readings(part: str) -> Iterator[Requirement]:
    if found := _EQUALITY.fullmatch(part):
        wanted = found["value"].strip()
        yield _not_among(found["key"], {wanted}) if found["sign"] == "!=" else _among(found["key"], {wanted})
    elif found := _AMONG.fullmatch(part):
        values = {value.strip() for value in found["values"].split(",")}
        yield _among(found["key"], values) if found["sign"] == "in" else _not_among(found["key"], values)
    elif found := _EXISTS.fullmatch(part):
        key = found["key"]
        yield (
            Requirement(key, demands=False, holds=lambda value: value is None)
            if found["sign"]
            else Requirement(key, demands=True, holds=lambda value: value is not None)
        )


def _among(key: str, values: set[str]) -> Requirement:
    return Requirement(key, demands=True, holds=lambda value: value is not None and value in values)


def _not_among(key: str, values: set[str]) -> Requirement:
    return Requirement(key, demands=False, holds=lambda value: value is None or value not in values)

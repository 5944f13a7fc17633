"""How a change stands against the object as it is: still to be made, already so, overtaken, or made but not as asked.

Pure questions about values, apart from `execute` so that each answer can be read, and tested, without a run around it.
It must never be used to decide what to change: that is planning, which sees everything and asks people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any

from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.compare import Mismatch, mismatches
from dpsync.model.outcome import Outcome, Result
from dpsync.model.resource import LiveResource

_SHOWN = 60
_LISTED = 3
_PLAN_AGAIN = "Plan again, and review what is left to change."


def settled(change: Change, now: LiveResource | None) -> Outcome | None:
    """The outcome of a change that is not to be made (any more): ALREADY or STALE; None if it is to be made."""
    return _SETTLED[change.action](change, now)


def _settled_create(change: Change, now: LiveResource | None) -> Outcome | None:
    if now is None:
        return None
    different = mismatches(_wanted(change), now.spec)
    if not different:
        return Outcome(change, Result.ALREADY, "It exists already, as the manifest says.")
    return Outcome(
        change,
        Result.STALE,
        "It exists already, made by somebody since the plan (or by an earlier apply that broke off), and "
        f"differs from the manifest: {_all_told(different, _told_as_wanted)}.",
        _PLAN_AGAIN,
    )


def _settled_update(change: Change, now: LiveResource | None) -> Outcome | None:
    if now is None:
        return Outcome(change, Result.STALE, "It is gone since the plan.", _PLAN_AGAIN)
    if not mismatches(_wanted(change), now.spec):
        return Outcome(change, Result.ALREADY, "It is already as the manifest says.")
    overtaken = tuple(one for one in _moved(_before(change), now) if _is_touched(change, one))
    return _stale(change, overtaken) if overtaken else None


def _settled_delete(change: Change, now: LiveResource | None) -> Outcome | None:
    if now is None:
        return Outcome(change, Result.ALREADY, "It is already gone.")
    before = _before(change)
    overtaken = _moved(before, now)
    if overtaken:
        return _stale(change, overtaken)
    planned, current = before.accesses.approved, now.accesses.approved
    if planned is not None and (current is None or current > planned):
        told = "an unknown number" if current is None else str(current)
        return Outcome(
            change,
            Result.STALE,
            f"Members joined since the plan: {planned} had access when planned, {told} now; all would lose it.",
            _PLAN_AGAIN,
        )
    return None


_SETTLED: Mapping[Action, Callable[[Change, LiveResource | None], Outcome | None]] = {
    Action.CREATE: _settled_create,
    Action.UPDATE: _settled_update,
    Action.DELETE: _settled_delete,
}


def unasked(change: Change, now: LiveResource | None, after: LiveResource | None) -> str:
    """What moved between the reads before and after an update although no call of it was about that; empty if nothing."""
    if change.action is not Action.UPDATE or now is None or after is None:
        return ""
    moved = tuple(one for one in _moved(now, after) if not _is_touched(change, one))
    return _all_told(moved, _told_as_arrow)


def verified(change: Change, now: LiveResource | None, after: LiveResource | None, calls: int) -> Outcome:
    """The outcome of a change whose calls were all confirmed: DONE if it reads back as asked, else FAILED.

    `now` is the object before them. What reads back neither as it was nor as it was sent was written by somebody else.
    """
    problem = _VERIFIED[change.action](change, after)
    if not problem:
        return Outcome(change, Result.DONE, calls=calls)
    overwritten = _overwritten(change, now, after)
    message = f"The marketplace confirmed every call, but {problem}."
    if overwritten:
        message += f" Somebody else has probably written at the same time, over what was sent: {overwritten}."
    return Outcome(change, Result.FAILED, message, _WHOSE if overwritten else _NOT_TAKEN, calls)


_NOT_TAKEN = "Plan again. If the difference stays, somebody else writes this object, or the marketplace does not take the value."
_WHOSE = (
    "Find out who else writes this object and which of the two is right; then plan again. "
    "The journal has the object as it was, and what was sent."
)


def _overwritten(change: Change, now: LiveResource | None, after: LiveResource | None) -> str:
    """What an update sent and reads back neither as that nor as it was: from what to what it went; empty if nothing did."""
    if change.action is not Action.UPDATE or now is None:
        return ""
    if after is None:
        return "it is gone"
    wrong = {one.path for one in mismatches(_wanted(change), after.spec) if _is_touched(change, one)}
    return _all_told(tuple(one for one in _moved(now, after) if one.path in wrong), _told_as_arrow)


def _different_create(change: Change, after: LiveResource | None) -> str:
    if after is None:
        return "the object is not there"
    return _all_told(mismatches(_wanted(change), after.spec), _told_as_read_back)


def _different_update(change: Change, after: LiveResource | None) -> str:
    """Fields that the calls were about, or else those that somebody had changed before them."""
    if after is None:
        return "the object is not there"
    different = mismatches(_wanted(change), after.spec)
    sent = tuple(one for one in different if _is_touched(change, one))
    if sent or not different:
        return _all_told(sent, _told_as_read_back)
    return f"{_all_told(different, _told_as_wanted)}: changed by somebody since the plan, and not part of this change"


def _different_delete(_change: Change, after: LiveResource | None) -> str:
    return "" if after is None else "the object is still there"


_VERIFIED: Mapping[Action, Callable[[Change, LiveResource | None], str]] = {
    Action.CREATE: _different_create,
    Action.UPDATE: _different_update,
    Action.DELETE: _different_delete,
}


def _wanted(change: Change) -> Spec:
    assert change.after is not None, f"{change.address} has nothing to become"
    return change.after.spec


def _before(change: Change) -> LiveResource:
    assert change.before is not None, f"{change.address} has nothing it was"
    return change.before


def _is_touched(change: Change, one: Mismatch) -> bool:
    """Whether the calls of an update write the field; sources are always written as a whole (FACTS 0.7)."""
    if one.rule.replaced_whole:
        return Action.REPLACE_SOURCES in change.actions
    return any(_overlap(one.path, tuple(field.path.split("."))) for field in change.fields)


def _overlap(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return path[: len(other)] == other[: len(path)]


def _moved(earlier: LiveResource, later: LiveResource) -> tuple[Mismatch, ...]:
    """The fields that differ between two reads, as far as both have read them."""
    return mismatches(_read_in_both(later.spec, earlier.spec), earlier.spec)


def _read_in_both(spec: Spec, other: Spec) -> Spec:
    """The spec without what the other one does not have, down through groups of fields, as `mismatches` goes."""
    kept: dict[str, Any] = {}
    for rule in rules_of(type(spec)):
        if spec.manages(rule.attribute) and other.manages(rule.attribute):
            value, counterpart = getattr(spec, rule.attribute), getattr(other, rule.attribute)
            is_group = rule.touches is None and isinstance(value, Spec) and isinstance(counterpart, Spec)
            kept[rule.attribute] = _read_in_both(value, counterpart) if is_group else value
    return spec.of(**kept)


# How a difference is told. Values are cut, never escaped: that is the business of the format that prints them.


def _stale(change: Change, overtaken: tuple[Mismatch, ...]) -> Outcome:
    message = f"It was changed since the plan: {_all_told(overtaken, _told_as_moved)}."
    return Outcome(change, Result.STALE, message, _PLAN_AGAIN)


def _all_told(differences: tuple[Mismatch, ...], tell: Callable[[str, str, str], str]) -> str:
    return "; ".join(_told(one, tell) for one in differences)


def _told(one: Mismatch, tell: Callable[[str, str, str], str]) -> str:
    if one.rule.unordered and isinstance(one.before, tuple) and isinstance(one.after, tuple):
        before, after = set(one.before), set(one.after)
        parts = [
            f"{sign} {_listed(entries)}"
            for sign, entries in (("without", before - after), ("with", after - before))
            if entries
        ]
        return tell(one.dotted, _count(one.before), f"{_count(one.after)} ({', '.join(parts)})")
    return tell(one.dotted, *_pair(one.before, one.after))


def _told_as_moved(field: str, before: str, after: str) -> str:
    return f"{field} was {before} when planned, is {after} now"


def _told_as_arrow(field: str, before: str, after: str) -> str:
    return f"{field} {before} → {after}"


def _told_as_wanted(field: str, live: str, wanted: str) -> str:
    return f"{field} is {live}, not {wanted}"


def _told_as_read_back(field: str, live: str, wanted: str) -> str:
    return f"{field} reads back as {live}, not {wanted}"


def _count(entries: tuple[Any, ...]) -> str:
    return f"a list of {len(entries)}"


def _listed(entries: set[Any]) -> str:
    names = sorted(str(entry) for entry in entries)
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _pair(before: Any, after: Any) -> tuple[str, str]:
    """Both values as short texts; of two long ones, the parts from where they differ."""
    one, other = _text(before), _text(after)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    start = max(0, same - _SHOWN // 4)
    if max(len(one), len(other)) <= _SHOWN:
        start = 0
    return _cut(one, start), _cut(other, start)


def _text(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, tuple):
        return "[" + ", ".join(str(entry) for entry in value) + "]"
    return str(value)


def _cut(text: str, start: int) -> str:
    end = start + _SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")

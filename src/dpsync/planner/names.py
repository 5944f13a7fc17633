"""Display names are unique in the API: what frees a name goes before what takes it, and a name that stays taken blocks.

A room of its own because a name can be held by an object that no manifest names, and because two changes may each wait
for the other's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dpsync.kinds import KINDS
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState


def same_name(title: str) -> str:
    """What two names have in common when the marketplace could take them for one (FACTS 1.7: not known; the safe way)."""
    return " ".join(title.split()).casefold()


def with_name_order(
    changes: Iterable[Change], live: LiveState, kept: Mapping[str, LiveResource]
) -> tuple[Change, ...]:
    """The changes, each waiting for the one that frees its name, or blocked where nothing does.

    `kept` are owned objects, by id, that stay only because pruning is off.
    """
    listed = tuple(changes)
    by_id = {(change.kind, change.id): change for change in listed}
    holders: dict[tuple[str, str], list[LiveResource]] = {}
    for one in live.resources:
        holders.setdefault((one.kind, same_name(one.title)), []).append(one)
    return tuple(_ordered(change, holders, by_id, kept) for change in listed)


def _ordered(
    change: Change,
    holders: Mapping[tuple[str, str], list[LiveResource]],
    by_id: Mapping[tuple[str, str], Change],
    kept: Mapping[str, LiveResource],
) -> Change:
    taken = _name_taken(change)
    if taken is None:
        return change
    needs = list(change.needs)
    for holder in holders.get((change.kind, same_name(taken)), ()):
        if holder.id == change.id:
            continue
        freeing = by_id.get((change.kind, holder.id))
        if freeing is not None and _frees(freeing, taken):
            needs.append(freeing.address)
        else:
            finding = _is_taken(change, taken, holder, _way_out(change, holder, freeing, kept))
            return replace(change, blocked=(*change.blocked, finding))
    return replace(change, needs=tuple(dict.fromkeys(needs)))


def _name_taken(change: Change) -> str | None:
    """The name that the change gives its object and that it does not have yet."""
    if change.action is Action.DELETE or change.after is None:
        return None
    if change.before is not None and same_name(change.before.title) == same_name(change.after.title):
        return None
    return change.after.title


def _frees(change: Change, name: str) -> bool:
    if change.action is Action.DELETE:
        return True
    return (
        change.after is not None
        and same_name(change.after.title) != same_name(name)
        and not change.is_blocked
    )


def _way_out(
    change: Change, holder: LiveResource, freeing: Change | None, kept: Mapping[str, LiveResource]
) -> str:
    if freeing is not None and freeing.is_blocked:
        return (
            f"That is {freeing.address}, which is blocked itself: resolve that first, or choose another name."
        )
    if freeing is not None:
        return f"That is {freeing.address}, which keeps the name: choose another one."
    if holder.id in kept:
        return (
            "It was made by this workspace and is in no manifest any more: "
            "restore its manifest, with `lifecycle: retired` if it should go."
        )
    if change.before is not None:
        return "Choose another name, or have that one renamed first."
    return f"To manage that one, add `id: {holder.id}` under metadata; otherwise choose another name."


def _is_taken(change: Change, name: str, holder: LiveResource, remedy: str) -> Finding:
    return Finding(
        "name-taken",
        Severity.ERROR,
        f"The name {name!r} is taken by the {KINDS[holder.kind].noun} {holder.title!r} ({holder.id}), "
        "and no change of this plan frees it.",
        remedy,
        change.origin,
        change.address,
    )


def blocked_swap(cycle: tuple[Address, ...], change: Change) -> Finding:
    """The finding for changes that wait for each other's names."""
    steps = ", ".join(str(address) for address in sorted(set(cycle)))
    return Finding(
        "name-swap",
        Severity.ERROR,
        f"These changes wait for each other's names: {steps}.",
        f"Give one of them, such as {min(cycle)}, a name that is free, and apply. "
        "Then give it the name that you want, and apply again.",
        change.origin,
        change.address,
    )

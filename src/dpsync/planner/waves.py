"""The order of the changes: waves in which nothing depends on anything else.

What is shown is in the order in which people think: what is referred to first, deletes last; `wave` says when each is made.
Edges come from references and from names; deletes come last unless something waits for the name that they free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from dpsync.kinds import KINDS
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.reference import Address
from dpsync.planner.names import blocked_swap

_BARRIER = Address("", "everything that is not a delete")


def in_waves(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes with their wave, in the order in which they are shown.

    In a circle, who only follows does not wait; where that opens none, all in it are blocked.
    """
    remaining = tuple(sorted(changes, key=lambda change: change.address))
    while True:
        try:
            numbers = _wave_numbers(remaining)
        except CycleError as error:
            circle = tuple(node for node in error.args[1] if node != _BARRIER)
            loosened = tuple(_not_following(change, circle) for change in remaining)
            remaining = loosened if loosened != remaining else _blocked(remaining, circle)
            continue
        numbered = (replace(change, wave=numbers[change.address]) for change in remaining)
        return tuple(sorted(numbered, key=_order))


def _not_following(change: Change, circle: tuple[Address, ...]) -> Change:
    """The change, which if it is in the circle no longer waits for what in it only goes first."""
    if change.address not in circle or not set(change.follows).intersection(circle):
        return change
    return replace(change, follows=tuple(one for one in change.follows if one not in circle))


def _blocked(changes: tuple[Change, ...], circle: tuple[Address, ...]) -> tuple[Change, ...]:
    return tuple(
        replace(change, needs=(), follows=(), blocked=(*change.blocked, blocked_swap(circle, change)))
        if change.address in circle
        else change
        for change in changes
    )


def _order(change: Change) -> tuple[bool, int, str, Address]:
    """Deletes last; then what is referred to first; then by key, or by name for what no manifest names any more."""
    deletes = change.action is Action.DELETE
    rank = KINDS[change.kind].rank
    name = change.address.key if change.after is not None else change.title
    return (deletes, -rank if deletes else rank, name, change.address)


def _wave_numbers(changes: tuple[Change, ...]) -> dict[Address, int]:
    present = {change.address for change in changes}
    before = {
        change.address: {one for one in (*change.needs, *change.follows) if one in present}
        for change in changes
    }
    deletes = {change.address for change in changes if change.action is Action.DELETE}
    early = _reachable(before, (address for address in present if address not in deletes)) & deletes
    # Lists in order: which circle is found first depends on it, and the order of a set on the process.
    graph: dict[Address, list[Address]] = {address: sorted(first) for address, first in before.items()}
    graph[_BARRIER] = sorted(present - deletes)
    for address in deletes - early:
        graph[address].append(_BARRIER)
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    numbers: dict[Address, int] = {}
    wave = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        wave += 1
        for node in ready:
            numbers[node] = wave
        sorter.done(*ready)
    used = sorted({number for node, number in numbers.items() if node != _BARRIER})
    dense = {number: index for index, number in enumerate(used, start=1)}
    return {node: dense[number] for node, number in numbers.items() if node != _BARRIER}


def _reachable(edges: dict[Address, set[Address]], start: Iterable[Address]) -> set[Address]:
    seen: set[Address] = set()
    stack = list(start)
    while stack:
        node = stack.pop()
        for following in edges.get(node, ()):
            if following not in seen:
                seen.add(following)
                stack.append(following)
    return seen

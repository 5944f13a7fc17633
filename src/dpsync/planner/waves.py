"""The order of the changes: waves in which nothing depends on anything else.

What is shown is in the order in which people think: what is referred to first, deletes last; `wave` says when each is made.
Edges come from references and from names; deletes come last unless something waits for the name that they free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from dpsync.kinds import KINDS
from dpsync.model.change import Action, Change
from dpsync.model.reference import Address
from dpsync.planner.names import blocked_swap

_BARRIER = Address("", "everything that is not a delete")


def in_waves(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes with their wave, in the order in which they are shown; those in a circle are blocked."""
    remaining = tuple(changes)
    while True:
        try:
            numbers = _wave_numbers(remaining)
        except CycleError as error:
            circle = tuple(node for node in error.args[1] if node != _BARRIER)
            remaining = tuple(
                replace(change, needs=(), follows=(), blocked=(*change.blocked, blocked_swap(circle, change)))
                if change.address in circle
                else change
                for change in remaining
            )
            continue
        numbered = (replace(change, wave=numbers[change.address]) for change in remaining)
        return tuple(sorted(numbered, key=_order))


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
    graph: dict[Address, set[Address]] = {address: set(first) for address, first in before.items()}
    graph[_BARRIER] = present - deletes
    for address in deletes - early:
        graph[address].add(_BARRIER)
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

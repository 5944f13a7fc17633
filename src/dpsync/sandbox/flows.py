"""Flows: what a review flow says: which event decides, who is asked, stage by stage (FACTS 2.4).

A room of its own because the store writes the records of requests that a world brings along, and what requests become
later is written elsewhere, and both must read a flow alike. Flows are JSON of the wire here, already validated by
`bodies`; nothing is looked up. Must never know a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from dpsync.sandbox import assumptions

Flow = dict[str, Any]
Event = dict[str, Any]
Reviewer = dict[str, Any]

DELEGATE: Final = "dataProductPolicy"


def stored(text: str | None) -> Flow:
    """The flow that a row holds; a product that was given none has the documented default."""
    flow: Flow = json.loads(text) if text else assumptions.DEFAULT_FLOW
    return flow


def effective(form: Flow, product: Flow) -> Flow:
    """The flow that decides: the form's, unless the form delegates to the product (FACTS 2.4).

    Only the default event delegates; a rule that would delegate never matches (see `assumptions.EFFECTS`).
    """
    return product if form["defaultEvent"]["type"] == DELEGATE else form


def reviewers(flow: Flow) -> Iterator[Reviewer]:
    """Every reviewer that the flow names, in its rules and in its default."""
    for event in (*(rule["event"] for rule in flow["rules"]), flow["defaultEvent"]):
        for stage in _stages(event):
            for asked in stage:
                yield from asked


def _stages(event: Event) -> list[list[list[Reviewer]]]:
    """Stage by stage, the groups of reviewers of whom one must approve; events that do not ask have no stages."""
    found = event.get("params", {}).get("stages", [])
    return [[stage["any"]] if "any" in stage else [[each] for each in stage["all"]] for stage in found]


@dataclass(frozen=True, slots=True)
class Draft:
    """An approval record about to be made: whom it asks, and the records that come before it."""

    id: str
    position: int
    approvers: tuple[Reviewer, ...]
    prerequisites: tuple[str, ...]

    @property
    def status(self) -> str:
        """What the record is at first: open, or waiting for an earlier stage."""
        return "BLOCKED" if self.prerequisites else "PENDING"


def drafts(event: Event, new_id: Callable[[], str]) -> tuple[Draft, ...]:
    """The records that an event asks for: one for an `any` stage, one for each reviewer of an `all` stage.

    Those after the first stage wait for all records of the stages before (that they wait is INF 2.4).
    """
    made: list[Draft] = []
    for position, stage in enumerate(_stages(event)):
        before = tuple(draft.id for draft in made)
        made += [Draft(new_id(), position, tuple(asked), before) for asked in stage]
    return tuple(made)

"""Review flows: which event decides about a request, who may review it, and how a flow reads back.

A room of its own because forms, products and requests all carry flows and disagree only in details (FACTS 2.4).
Flows are JSON of the wire here, already validated by `bodies`. Must never decide whether a caller may do something
else than review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from dpsync.sandbox import assumptions
from dpsync.sandbox.store import Store

Flow = dict[str, Any]

DELEGATE: Final = "dataProductPolicy"


def stored(text: str | None) -> Flow:
    """The flow that a row holds; a product that was given none has the documented default."""
    flow: Flow = json.loads(text) if text else assumptions.DEFAULT_FLOW
    return flow


def effective(form: Flow, product: Flow) -> Flow:
    """The flow that decides: the form's, unless the form delegates to the product (FACTS 2.4)."""
    return product if form["defaultEvent"]["type"] == DELEGATE else form


def stages(event: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The reviewers of each stage of a review event, in order; other events have no stages."""
    found = event.get("params", {}).get("stages", [])
    return [stage.get("any") or stage.get("all") or [] for stage in found]


def reviewers(flow: Flow) -> Iterator[dict[str, Any]]:
    """Every reviewer that the flow names, in its rules and in its default."""
    for event in (*(rule["event"] for rule in flow["rules"]), flow["defaultEvent"]):
        for stage in stages(event):
            yield from stage


@dataclass(frozen=True, slots=True)
class Directory:
    """What the server knows about the reviewers of some flows: names of people, and ids of groups."""

    people: dict[str, str]
    groups: tuple[tuple[int, str, str | None], ...]

    @classmethod
    def of(cls, store: Store, flows: Iterable[Flow]) -> Directory:
        """Look up all people and groups that the flows name, in two statements at most."""
        named = [reviewer for flow in flows for reviewer in reviewers(flow)]
        users = sorted({reviewer["id"] for reviewer in named if reviewer["type"] == "USER"})
        groups = sorted({reviewer["name"] for reviewer in named if reviewer["type"] == "GROUP"})
        people = {}
        if users:
            found = store.rows(
                "SELECT global_id, name FROM users WHERE global_id IN (SELECT value FROM json_each(?))",
                (json.dumps(users),),
            )
            people = {row["global_id"]: row["name"] for row in found}
        known: tuple[tuple[int, str, str | None], ...] = ()
        if groups:
            found = store.rows(
                "SELECT id, name, iam FROM groups WHERE name IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(groups),),
            )
            known = tuple((row["id"], row["name"], row["iam"]) for row in found)
        return cls(people, known)

    def shown(self, flow: Flow) -> Flow:
        """The flow as the server answers it: with a version, names of people and ids of groups (FACTS 7.7)."""
        return {
            "version": flow.get("version", assumptions.FLOW_VERSION),
            "rules": [{**rule, "event": self._event(rule["event"])} for rule in flow["rules"]],
            "defaultEvent": self._event(flow["defaultEvent"]),
        }

    def _event(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] != "review":
            return event
        shown = [
            {mode: [self._reviewer(each) for each in stage[mode]] for mode in ("all", "any") if mode in stage}
            for stage in event["params"]["stages"]
        ]
        return {**event, "params": {**event["params"], "stages": shown}}

    def _reviewer(self, reviewer: dict[str, Any]) -> dict[str, Any]:
        if reviewer["type"] == "USER" and reviewer["id"] in self.people:
            return {**reviewer, "displayName": self.people[reviewer["id"]]}
        if reviewer["type"] == "GROUP":
            for identity, name, iam in self.groups:
                if name == reviewer["name"] and reviewer.get("iamId", iam) == iam:
                    return {**reviewer, "id": identity, **({"iamId": iam} if iam else {})}
        return reviewer

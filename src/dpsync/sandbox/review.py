"""Review: who may review a request, and how flows and their reviewers read back.

A room of its own because forms, products, requests and records all name reviewers and disagree only in details
(FACTS 2.4). What a flow says is in `flows`; here is what the store adds to it. Must never decide whether a caller may
do something else than review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dpsync.sandbox import assumptions, flows
from dpsync.sandbox.flows import Flow, Reviewer
from dpsync.sandbox.store import Store

FULFILS: Final = """
CASE json_extract(e.value, '$.type')
WHEN 'USER' THEN json_extract(e.value, '$.id') = :caller
WHEN 'GROUP' THEN EXISTS (
    SELECT 1 FROM user_groups g WHERE g.user = :caller AND g.name = json_extract(e.value, '$.name'))
WHEN 'PERMISSION' THEN EXISTS (
    SELECT 1 FROM user_permissions g WHERE g.user = :caller AND g.permission = json_extract(e.value, '$.permission'))
WHEN 'DOMAIN PERMISSION' THEN EXISTS (
    SELECT 1 FROM user_domains g WHERE g.user = :caller AND g.permission = json_extract(e.value, '$.permission')
    AND CASE WHEN coalesce(json_extract(e.value, '$.domainId'), '') <> ''
        THEN g.domain = json_extract(e.value, '$.domainId')
        ELSE g.domain IN (SELECT d.domain FROM product_domains d WHERE d.product = r.product) END)
WHEN 'ATTRIBUTE' THEN EXISTS (
    SELECT 1 FROM user_attributes g WHERE g.user = :caller
    AND g.type = json_extract(e.value, '$.key') AND g.value = json_extract(e.value, '$.value'))
ELSE 0 END
"""
"""Whether `:caller` is what approver `e` of a record of request `r` asks for, in SQL. The only place that says so.

Nobody is known to have a CATALOG PERMISSION, so nobody fulfils one (see `assumptions.EFFECTS`).
"""

STEWARD: Final = f"""
EXISTS (SELECT 1 FROM approval_records a, json_each(a.approvers) e WHERE a.request = r.id AND {FULFILS})
"""  # noqa: S608
"""Whether `:caller` may review request `r`, now, later or in the past."""

AWAITING: Final = f"""
EXISTS (SELECT 1 FROM approval_records a, json_each(a.approvers) e
        WHERE a.request = r.id AND a.status = 'PENDING' AND {FULFILS})
"""  # noqa: S608
"""Whether request `r` waits for `:caller`."""


def criteria(store: Store, record: str, caller: str) -> list[Reviewer]:
    """The approvers of a record that the caller is."""
    rows = store.rows(
        f"""
        SELECT e.value FROM approval_records a JOIN requests r ON r.id = a.request, json_each(a.approvers) e
        WHERE a.id = :record AND {FULFILS} ORDER BY e.key
        """,  # noqa: S608
        {"record": record, "caller": caller},
    )
    return [json.loads(row["value"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Directory:
    """What the server knows about the reviewers of some flows: names of people, and ids of groups."""

    people: dict[str, str]
    groups: tuple[tuple[int, str, str | None], ...]

    @classmethod
    def of(cls, store: Store, named_in: Iterable[Flow]) -> Directory:
        """Look up all people and groups that the flows name, in two statements at most."""
        return cls.among(store, [reviewer for flow in named_in for reviewer in flows.reviewers(flow)])

    @classmethod
    def among(cls, store: Store, named: Sequence[Reviewer]) -> Directory:
        """Look up all people and groups among the reviewers, in two statements at most."""
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
            {mode: [self.reviewer(each) for each in stage[mode]] for mode in ("all", "any") if mode in stage}
            for stage in event["params"]["stages"]
        ]
        return {**event, "params": {**event["params"], "stages": shown}}

    def reviewer(self, reviewer: Reviewer) -> Reviewer:
        """The reviewer as the server answers it."""
        if reviewer["type"] == "USER" and reviewer["id"] in self.people:
            return {**reviewer, "displayName": self.people[reviewer["id"]]}
        if reviewer["type"] == "GROUP":
            for identity, name, iam in self.groups:
                if name == reviewer["name"] and reviewer.get("iamId", iam) == iam:
                    return {**reviewer, "id": identity, **({"iamId": iam} if iam else {})}
        return reviewer

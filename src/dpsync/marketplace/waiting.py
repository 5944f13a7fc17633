"""Waiting: with whom a pending request is, as a sentence.

A room of its own because the API tells it record by record, and people ask for it in one go. The words are those of the
reviewers in manifests: `group Data Stewards or GOVERNANCE, then Jane Doe`. Must never be used to decide who may approve;
the marketplace does that (FACTS 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from dpsync.marketplace.models.access_requests import ApprovalRecord
from dpsync.marketplace.models.review import Reviewer


def waiting(records: Iterable[ApprovalRecord]) -> str:
    """Who decides now and who after that; empty where nothing is open.

    Records with the same prerequisites are of one stage, and each of them is needed (FACTS 2.4, INF).
    """
    stages: dict[frozenset[str], list[str]] = {}
    for record in records:
        if record.status in {"PENDING", "BLOCKED"}:
            who = " or ".join(dict.fromkeys(_said(reviewer) for reviewer in record.approvers)) or "nobody"
            stages.setdefault(frozenset(record.prerequisites), []).append(who)
    in_turn = sorted(stages.items(), key=lambda stage: len(stage[0]))
    return ", then ".join(" and ".join(who) for _, who in in_turn)


def _said(reviewer: Reviewer) -> str:
    return _WORDS.get(reviewer.type, _other)(reviewer)


def _other(reviewer: Reviewer) -> str:
    return reviewer.display_name or reviewer.name or reviewer.type.lower()


def _in_domain(reviewer: Reviewer) -> str:
    where = f" in the domain {reviewer.domain_id}" if reviewer.domain_id else ""
    return f"{reviewer.permission}{where}"


_WORDS: Final[Mapping[str, Callable[[Reviewer], str]]] = MappingProxyType(
    {
        "USER": lambda one: one.display_name or one.id or "somebody",
        "GROUP": lambda one: f"group {one.name}",
        "PERMISSION": lambda one: str(one.permission),
        "DOMAIN PERMISSION": _in_domain,
        "ATTRIBUTE": lambda one: f"{one.key} = {one.value}",
        "CATALOG PERMISSION": lambda _one: "catalog permission",
    }
)

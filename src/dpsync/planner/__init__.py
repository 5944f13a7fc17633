"""The planner: desired state and live state in, a plan out. It reads nothing, writes nothing and asks nobody."""

from __future__ import annotations

from dpsync.planner.build import keeping_part, keeping_plan, pruning_part, pruning_plan
from dpsync.planner.resolve import Resolved, resolve, resolve_part
from dpsync.planner.scope import scope_of, scope_of_part

__all__ = [
    "Resolved",
    "keeping_part",
    "keeping_plan",
    "pruning_part",
    "pruning_plan",
    "resolve",
    "resolve_part",
    "scope_of",
    "scope_of_part",
]

"""The planner: desired state and live state in, a plan out. It reads nothing, writes nothing and asks nobody."""

from __future__ import annotations

from dpsync.planner.build import keeping_plan, pruning_plan
from dpsync.planner.resolve import Resolved, resolve
from dpsync.planner.scope import scope_of

__all__ = ["Resolved", "keeping_plan", "pruning_plan", "resolve", "scope_of"]

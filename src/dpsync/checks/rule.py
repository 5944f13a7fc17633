"""What a guardrail is: a rule with a name, defaults, and a function from what is planned to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dpsync.model.finding import Finding
from dpsync.model.plan import Plan
from dpsync.model.state import DesiredState, LiveState

Numbers = Mapping[str, float]
"""Thresholds by name."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Everything a guardrail may look at."""

    desired: DesiredState
    live: LiveState
    plan: Plan


@dataclass(frozen=True, slots=True)
class Rule:
    """One guardrail. `check` answers with error findings; `defaults` are the thresholds that dpsync.yaml may change."""

    name: str
    check: Callable[[Planned, Numbers], Iterable[Finding]]
    defaults: Numbers = field(default_factory=dict)

"""What a guardrail is: a rule with a name, defaults, and a function from what is planned to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from dpsync.model.finding import Finding
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, LiveState

Numbers = Mapping[str, float]
"""Thresholds by name."""


@dataclass(frozen=True)
class Planned:
    """Everything a guardrail may look at.

    `desired` is what the manifests say, `resolved` the same with every reference resolved; `plan` holds the impact of each
    change. `now` is the time of the run, with its zone.
    """

    desired: DesiredState
    live: LiveState
    plan: Plan
    policy: Policy
    now: datetime
    resolved: tuple[Resource, ...] = ()

    @cached_property
    def resolved_by_address(self) -> Mapping[Address, Resource]:
        return {resource.address: resource for resource in self.resolved}


@dataclass(frozen=True, slots=True)
class Rule:
    """One guardrail. `check` answers with error findings; `defaults` are the thresholds that dpsync.yaml may change."""

    name: str
    check: Callable[[Planned, Numbers], Iterable[Finding]]
    defaults: Numbers = field(default_factory=dict)

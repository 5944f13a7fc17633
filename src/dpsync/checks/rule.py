"""What a guardrail is: a rule with a name, defaults, and a function from what is planned to findings.

A module of its own because every rule and the list of them need it. It must never know one rule from another.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from dpsync.model.finding import Finding, Severity
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
    change. `now` is the time of the run, with its zone. Where the plan is about a part (`plan.part`), `resolved` is what it
    is about, `live` what was read for it, and `beside` are declared resources outside of it that resemble what it touches
    and were not found to be live.
    """

    desired: DesiredState
    live: LiveState
    plan: Plan
    policy: Policy
    now: datetime
    resolved: tuple[Resource, ...] = ()
    beside: tuple[Resource, ...] = ()

    @cached_property
    def resolved_by_address(self) -> Mapping[Address, Resource]:
        return {resource.address: resource for resource in self.resolved}


@dataclass(frozen=True, slots=True)
class Rule:
    """One guardrail. `check` answers with findings; `defaults` are the thresholds that dpsync.yaml may change.

    Each finding carries its own severity, one of `severities`; where dpsync.yaml sets a `severity`, it replaces that. A rule
    without any is off until dpsync.yaml sets one. `about_people`: apply asks it again, with members read anew, right before
    a call that takes access away.
    """

    name: str
    check: Callable[[Planned, Numbers], Iterable[Finding]]
    defaults: Numbers = field(default_factory=dict)
    severities: tuple[Severity, ...] = (Severity.ERROR,)
    about_people: bool = False

    @property
    def severity_text(self) -> str:
        """The default severity in the words of dpsync.yaml: `error`, `warning or error`, `off`."""
        return " or ".join(severity.word for severity in self.severities) or "off"

    @property
    def page(self) -> str:
        """The documentation of the rule: the docstring of its module, without where its facts are from."""
        page = inspect.getdoc(sys.modules[self.check.__module__]) or ""
        return re.sub(r"\s\(FACTS [^)]*\)", "", page)

    @property
    def summary(self) -> str:
        """The first sentence of the page, without the name before it."""
        first = self.page.partition("\n\n")[0].partition(": ")[2].replace("\n", " ").partition(". ")[0]
        return first[:1].upper() + first[1:].removesuffix(".") + "."

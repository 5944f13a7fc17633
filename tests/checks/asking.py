"""One guardrail asked about states made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from dpsync.checks.rule import Planned, Rule
from dpsync.model.base import FieldPath
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Layer, Origin
from dpsync.model.policy import Policy
from dpsync.model.resource import Resource
from dpsync.model.state import LiveState
from dpsync.planner import pruning_plan, resolve
from planner.states import TARGET, desired

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANYTHING_GOES = Policy()


def planned(*resources: Resource, on: LiveState, policy: Policy = ANYTHING_GOES) -> Planned:
    """What the manifests would do to a live state, as guardrails see it."""
    declared = desired(*resources)
    resolved = resolve(declared, on)
    return Planned(declared, on, pruning_plan(resolved, on, TARGET), policy, NOW, resolved.resources)


def ask(
    rule: Rule, *resources: Resource, on: LiveState, policy: Policy = ANYTHING_GOES
) -> tuple[Finding, ...]:
    """What the rule has to say, with its default thresholds."""
    return tuple(rule.check(planned(*resources, on=on, policy=policy), rule.defaults))


def about(findings: tuple[Finding, ...]) -> list[tuple[str, Severity]]:
    """The addresses that the findings are about, and how bad each is."""
    return [(str(finding.address or ""), finding.severity) for finding in findings]


class Written:
    """Origins of a resource whose fields stand in one file; `defaults` are the fields that come from another one."""

    def __init__(self, file: str, defaults: dict[str, str] | None = None) -> None:
        self.file = file
        self.defaults = defaults or {}

    def of(self, path: FieldPath) -> Origin:
        inherited = self.defaults.get(str(path[0])) if path else None
        if inherited is not None:
            return Origin(inherited, 7, 3, Layer.DEFAULT)
        return Origin(self.file, 1 + len(path), 1)


def written(
    resource: Resource, file: str, *, defaults: dict[str, str] | None = None, **labels: str
) -> Resource:
    """The same resource, declared in a file and with labels."""
    return replace(resource, origins=Written(file, defaults), labels=labels)

"""The plan: every change, and what there is to know before saying yes.

A frozen value. It is made by `planner/`, held back in part by `checks/`, shown by `reports/` and carried out by `apply/`;
none of them can change it, they can only make another one. The law: apply makes exactly these changes, less those that
are blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.part import Part
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource


@dataclass(frozen=True, slots=True)
class Target:
    """Which marketplace a plan is about."""

    workspace: str
    workspace_id: str
    environment: str
    url: str
    tenant: str = ""


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they are shown, and the findings about them; `waves` is the order of making them.

    `kept` are owned objects that no manifest names any more and that the plan leaves alone, because prune is off or they
    are not what it is about. `owned` is how many live objects this workspace made or adopted, `unchanged` how many
    declared ones are as they should be, `unmanaged` how many live ones are nobody's; None where not all that is
    live was read. `allowed` are the guardrails that the command line let pass, as `RULE:RESOURCE`. `part` says what a plan
    is about that is not about everything.
    """

    target: Target
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    kept: tuple[LiveResource, ...] = ()
    owned: int | None = 0
    unchanged: int = 0
    unmanaged: Mapping[str, int] | None = field(default_factory=dict)
    complete: bool = True
    allowed: tuple[str, ...] = ()
    part: Part | None = None

    def covers(self, address: Address) -> bool:
        """Whether the plan is about a declared resource."""
        return self.part is None or self.part.covers(address)

    @cached_property
    def by_address(self) -> Mapping[Address, Change]:
        return {change.address: change for change in self.changes}

    @cached_property
    def applicable(self) -> tuple[Change, ...]:
        """The changes that apply would make."""
        return tuple(change for change in self.changes if not change.is_blocked)

    @cached_property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.is_blocked)

    @cached_property
    def deletions(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action is Action.DELETE)

    @property
    def has_changes(self) -> bool:
        return bool(self.applicable)

    @cached_property
    def waves(self) -> tuple[tuple[Change, ...], ...]:
        """The applicable changes by wave; those of one wave do not depend on each other."""
        waves: dict[int, list[Change]] = {}
        for change in self.applicable:
            waves.setdefault(change.wave, []).append(change)
        return tuple(tuple(waves[number]) for number in sorted(waves))

    @property
    def effect(self) -> Effect | None:
        """The class of the plan: the gravest of what apply would make, or None if there is nothing to make."""
        made = {change.effect for change in self.applicable}
        return next((effect for effect in Effect if effect in made), None)

    def count(self, action: Action) -> int:
        """How many applicable changes are summarised under this action; replace-sources counts as update."""
        return sum(1 for change in self.applicable if change.action is action)

    def with_findings(self, findings: Iterable[Finding]) -> Plan:
        """The same plan with these findings; an error about a change blocks it, and whatever needs it."""
        added = tuple(findings)
        errors: dict[Address, list[Finding]] = {}
        for finding in added:
            if finding.is_error and finding.address is not None and finding.address in self.by_address:
                errors.setdefault(finding.address, []).append(finding)
        changes = tuple(
            replace(change, blocked=in_order((*change.blocked, *errors[change.address])))
            if change.address in errors
            else change
            for change in self.changes
        )
        return replace(self, changes=_held_back(changes), findings=in_order((*self.findings, *added)))


def held_back(change: Change, need: Address, title: str) -> Finding:
    """What there is to say about a change that needs a blocked one."""
    return Finding(
        "held-back",
        Severity.ERROR,
        f"It waits for {need} ({title!r}), which is blocked.",
        "Resolve what blocks that one; this change then follows by itself.",
        change.origin,
        change.address,
    )


def _held_back(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes, those blocked too that need a blocked one."""
    blocked = {change.address for change in changes if change.is_blocked}
    titles = {change.address: change.title for change in changes}
    current = changes
    while True:
        result = []
        for change in current:
            missing = () if change.is_blocked else tuple(need for need in change.needs if need in blocked)
            if missing:
                finding = held_back(change, missing[0], titles[missing[0]])
                blocked.add(change.address)
                result.append(replace(change, blocked=(finding,)))
            else:
                result.append(change)
        if all(new is old for new, old in zip(result, current, strict=True)):
            return current
        current = tuple(result)

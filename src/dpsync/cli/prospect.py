"""What `plan` and `apply` both begin with: the settings, the manifests, the marketplace as it is, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from dpsync import pipeline
from dpsync.cli.connect import connected, finished
from dpsync.cli.shared import Wanted, policed, reported_if_invalid, settings_for
from dpsync.cli.wishes import Wish
from dpsync.errors import UsageError
from dpsync.marketplace.client import ReadClient
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.impact import Reach
from dpsync.model.plan import Plan
from dpsync.model.state import DesiredState
from dpsync.pipeline.bases import desired_at
from dpsync.pipeline.weighing import Weighed, weighed, without_names
from dpsync.planner.provenance import only_declared, with_provenance
from dpsync.planner.reviewed import Split
from dpsync.settings import Settings

Choose = Callable[[Plan], Split]
"""Takes out of a draft what is not to be made."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A plan, what it was made from, and what was left out of it."""

    settings: Settings
    found: pipeline.Declared
    known: Weighed
    split: Split

    @property
    def plan(self) -> Plan:
        return self.known.plan


def everything(plan: Plan) -> Split:
    """The whole draft."""
    return Split(plan)


def settled(wish: Wish) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings with the whole of their policy, and the warnings about it. Raises UsageError or InvalidManifests."""
    settings = settings_for(wish.workspace, wish.environment, wish.url, wish.policy_from)
    settings, findings = policed(settings, wish.policy_from, wish.allow)
    return settings, (*findings, *_whose_rules(wish))


def _whose_rules(wish: Wish) -> tuple[Finding, ...]:
    """Whose rules count, where they are not those at hand."""
    if wish.policy_from is None:
        return ()
    message = f"dpsync.yaml and the exceptions are those of {wish.policy_from}, and not those at hand."
    return (Finding("policy", Severity.NOTICE, message),)


def prospect(command: str, wish: Wish, wanted: Iterable[Wanted], choose: Choose = everything) -> Prospect:
    """Plan, with a client that cannot write. Raises InvalidManifests after the reports about it are written."""
    if wish.only is not None and wish.base is None:
        raise UsageError(
            "--only declared needs something to compare with.", "Add --base REF, such as --base origin/main."
        )
    with reported_if_invalid(command, wanted):
        settings, warnings = settled(wish)
        found = pipeline.declared(settings)
        found = replace(found, findings=in_order((*found.findings, *warnings)))
        base = None if wish.base is None else desired_at(settings, wish.base)

    async def planned() -> tuple[Weighed, Split]:
        async with connected(settings, ReadClient) as client:
            asked = await pipeline.drafted(settings, found.desired, client)
            traced = _traced(asked.plan, found.desired, base)
            wished = traced if wish.only is None else only_declared(traced)
            split = choose(wished)
            split = replace(split, others=split.others + len(traced.changes) - len(wished.changes))
            reach = Reach(wish.reach)
            if split.unreviewed:
                whole = await weighed(replace(asked, plan=wished), client, reach)
                split = replace(split, unreviewed=_as_weighed(split.unreviewed, whole.plan))
            return await weighed(replace(asked, plan=split.plan), client, reach), split

    known, split = finished(planned())
    if not wish.show_members:
        known = replace(known, plan=without_names(known.plan))
    return Prospect(settings, found, known, split)


def _traced(plan: Plan, desired: DesiredState, base: DesiredState | None) -> Plan:
    """The plan, each change with where it comes from, as far as there is something to compare with."""
    return plan if base is None else with_provenance(plan, desired, base)


def _as_weighed(changes: tuple[Change, ...], plan: Plan) -> tuple[Change, ...]:
    """The changes as they would be if they were made with everything else: whom they touch, and what would block them."""
    judged = (replace(plan.by_address[change.address], reason=change.reason) for change in changes)
    return without_names(replace(plan, changes=tuple(judged))).changes

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
from dpsync.model.part import Part
from dpsync.model.part import Wanted as WantedPart
from dpsync.model.plan import Plan
from dpsync.model.state import DesiredState
from dpsync.pipeline import bases
from dpsync.pipeline.bases import desired_at
from dpsync.pipeline.part import drafted_part, nothing_planned
from dpsync.pipeline.weighing import Weighed, weighed, without_names
from dpsync.planner.part import part_of, the_same_part
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


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is planned: the part, if it is one, and the manifests from which it is told where changes come from."""

    part: Part | None
    base: DesiredState | None
    findings: tuple[Finding, ...] = ()


def asked_part(wish: Wish) -> WantedPart:
    """What the command line says about which resources are planned."""
    return WantedPart(wish.changed_since or "", wish.targets, wish.excludes, wish.selectors)


def _chosen(wish: Wish, settings: Settings, desired: DesiredState, saved: Part | None) -> _Chosen:
    """Choose, before anything is read of the marketplace. Raises UsageError."""
    asked = asked_part(wish)
    base = None if wish.base is None else desired_at(settings, wish.base)
    if saved is not None:
        return _Chosen(the_same_part(saved, desired), base)
    if asked.is_all:
        return _Chosen(None, base)
    if not asked.since:
        return _Chosen(part_of(asked, desired, None), base)
    since = desired_at(settings, asked.since)
    commit = bases.commit_at(settings, asked.since)
    part = part_of(asked, desired, since, commit)
    return _Chosen(part, since if base is None else base, bases.workspace_changes(settings, commit))


def prospect(
    command: str,
    wish: Wish,
    wanted: Iterable[Wanted],
    choose: Choose = everything,
    saved: Part | None = None,
) -> Prospect:
    """Plan, with a client that cannot write. Raises InvalidManifests after the reports about it are written.

    `saved` is the part that a reviewed plan is about: then this one is about the same.
    """
    if wish.only is not None and wish.base is None and wish.changed_since is None:
        raise UsageError(
            "--only declared needs something to compare with.", "Add --base REF, such as --base origin/main."
        )
    with reported_if_invalid(command, wanted):
        settings, warnings = settled(wish)
        found = pipeline.declared(settings)
        chosen = _chosen(wish, settings, found.desired, saved)
        found = replace(found, findings=in_order((*found.findings, *warnings, *chosen.findings)))
    reach, part = Reach(wish.reach), chosen.part
    if part is not None and part.is_empty and (saved is None or saved.is_empty):
        known = nothing_planned(settings, found.desired, part, reach)
        return Prospect(settings, found, known, choose(known.plan))

    async def planned() -> tuple[Weighed, Split]:
        async with connected(settings, ReadClient) as client:
            asked = (
                await pipeline.drafted(settings, found.desired, client)
                if part is None
                else await drafted_part(settings, found.desired, part, reach, client)
            )
            traced = _traced(asked.plan, found.desired, chosen.base)
            wished = traced if wish.only is None else only_declared(traced)
            split = choose(wished)
            split = replace(split, others=split.others + len(traced.changes) - len(wished.changes))
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

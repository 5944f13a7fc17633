"""A plan of a part, on one page: chosen before anything is read, drafted from little, judged with what is beside it.

A page of its own because it asks in turns where the plan of everything reads once: what has to let something go first is
found in what is read, and what is beside the plan in what it does. Reads only. It must never stand in for the whole: what
was not read is not known, and the guardrails that need it say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from dpsync import checks, pipeline
from dpsync.checks.rule import Planned
from dpsync.kinds import KINDS
from dpsync.marketplace.endpoints import calls_of
from dpsync.marketplace.live import read_live
from dpsync.marketplace.near import read_near
from dpsync.model.impact import Evidence, Reach
from dpsync.model.part import Part
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.state import Caller, DesiredState, LiveState
from dpsync.pipeline.weighing import Weighed
from dpsync.planner import (
    keeping_part,
    keeping_plan,
    pruning_part,
    pruning_plan,
    resolve,
    resolve_part,
    scope_of,
    scope_of_part,
)
from dpsync.planner.ownership import ownership
from dpsync.planner.part import narrowed, neighbours, not_made, with_concerned, with_needed
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient


def nothing_planned(settings: Settings, desired: DesiredState, part: Part, reach: Reach) -> Weighed:
    """The plan of a part in which there is nothing: no request is sent for it."""
    live = LiveState(Caller("", "", ""))
    plan = Plan(pipeline.target_of(settings, live), owned=None, unmanaged=None, part=part)
    plan = replace(plan, allowed=settings.policy.allowed)
    return Weighed(plan, Planned(desired, live, plan, settings.policy, datetime.now(UTC)), Evidence(), reach)


async def drafted_part(
    settings: Settings, desired: DesiredState, part: Part, reach: Reach, client: ReadClient
) -> Planned:
    """What would be changed of the part. With a part that only leaves something out, or a full reach, all is read."""
    if not part.is_narrow or reach is Reach.FULL:
        return await _of_everything(settings, desired, part, client)
    gone = part.gone or ()
    addresses = with_needed(desired, part.covered)
    while True:
        live = await read_live(client, scope_of_part(desired, addresses, gone), vintage=settings.vintage)
        more = with_concerned(desired, live, addresses, gone)
        if more == addresses:
            break
        addresses = more
    made_by = pruning_part if settings.prune else keeping_part
    resolved = resolve_part(desired, live, addresses)
    plan = made_by(resolved, live, pipeline.target_of(settings, live), part)
    asked = _planned(settings, desired, live, narrowed(plan, part, desired), resolved.resources)
    return await _with_neighbours(asked, addresses, client)


async def _of_everything(
    settings: Settings, desired: DesiredState, part: Part, client: ReadClient
) -> Planned:
    live = await read_live(client, scope_of(desired), vintage=settings.vintage)
    made_by = pruning_plan if settings.prune else keeping_plan
    resolved = resolve(desired, live)
    plan = made_by(resolved, live, pipeline.target_of(settings, live))
    return _planned(settings, desired, live, narrowed(plan, part, desired), resolved.resources)


def _planned(
    settings: Settings, desired: DesiredState, live: LiveState, plan: Plan, resolved: Iterable[Resource]
) -> Planned:
    changes = (replace(change, calls=calls_of(change, settings.vintage)) for change in plan.changes)
    plan = replace(plan, changes=tuple(changes), allowed=settings.policy.allowed)
    resolved = tuple(resolved)
    about = tuple(one for one in resolved if plan.covers(one.address) or one.address in plan.by_address)
    return Planned(
        desired,
        live,
        plan,
        settings.policy,
        datetime.now(UTC),
        about,
        tuple(not_made(resolved, plan, live)),
    )


async def _with_neighbours(asked: Planned, addresses: frozenset[Address], client: ReadClient) -> Planned:
    """The same, with what is beside it: who else has a source that comes or goes, and as many owned objects as are asked for."""
    near = neighbours(asked.plan, asked.desired, asked.live, addresses)
    missing = checks.owned_wanted(asked) - ownership(asked.desired, asked.live).owned
    known = {(one.kind, one.id) for one in asked.live.resources}
    others = (
        one
        for one in asked.desired.resources
        if KINDS[one.kind].written and one.address not in addresses and (one.kind, one.id) not in known
    )
    counted = tuple(islice(others, max(0, missing)))
    found = await read_near(client, _ids(near), _ids(counted))
    resources = {(one.kind, one.id): one for one in (*asked.live.resources, *found.resources)}
    live = replace(
        asked.live,
        resources=tuple(resources[key] for key in sorted(resources)),
        confirmed_absent=asked.live.confirmed_absent | found.absent,
    )
    beside = tuple(one for one in near if (one.kind, one.id) not in resources)
    return replace(asked, live=live, beside=(*asked.beside, *beside))


def _ids(resources: Iterable[Resource]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in resources:
        found.setdefault(one.kind, set()).add(one.id)
    return {kind: frozenset(ids) for kind, ids in found.items()}

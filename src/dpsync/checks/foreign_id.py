"""foreign-id: an object that another workspace seems to have made is not taken over unnoticed.

From an id that dpsync made, any workspace can tell whether it made it itself. A manifest that pins (`metadata.id`) one that
looks like an id of dpsync and is not of this workspace takes over what another repository may still declare. The two would
undo each other's changes with every apply, and the other one may delete the object, with everybody's access, as soon as
its manifest goes. Without a change there is nothing to hold back; then it is a warning.

What to do: have the other workspace give the object up first, with `lifecycle: released` in its manifest. Then grant an
exception from this rule for the resource. If the id was copied by mistake, remove the line: the object gets an id of its
own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds import KINDS
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import VERSION, is_of_workspace
from dpsync.model.reference import is_uuid
from dpsync.model.resource import Resource

NAME = "foreign-id"


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each change of an object that is pinned and seems to be another workspace's."""
    for resource in planned.desired.resources:
        if not planned.plan.covers(resource.address) and resource.address not in planned.plan.by_address:
            continue
        if not _is_foreign(resource, planned):
            continue
        live = planned.live.by_id[resource.kind, resource.id]
        yield Finding(
            NAME,
            Severity.ERROR if resource.address in planned.plan.by_address else Severity.WARNING,
            f"{resource.address} pins the id {resource.id} of {live.title!r}, "
            "which dpsync seems to have made for another workspace: both would change it, and undo each other.",
            f"Have it released there (`lifecycle: released`), then grant an exception from {NAME} for {resource.address}; "
            "or remove the id here.",
            resource.origin,
            resource.address,
        )


def _is_foreign(resource: Resource, planned: Planned) -> bool:
    return (
        resource.pinned
        and KINDS[resource.kind].written
        and resource.lifecycle != "released"
        and (resource.kind, resource.id) in planned.live.by_id
        and is_made_by_dpsync(resource.id)
        and not is_of_workspace(planned.desired.workspace_id, resource.kind, resource.id)
    )


def is_made_by_dpsync(live_id: str) -> bool:
    """Whether an id looks like one that dpsync computes, of whichever workspace."""
    return is_uuid(live_id) and uuid.UUID(live_id).version == VERSION


RULE = Rule(NAME, check, severities=(Severity.WARNING, Severity.ERROR))

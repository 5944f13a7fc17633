"""too-many-deletes: one plan does not delete more than a few objects, nor a large share of what the workspace owns.

An empty folder, a wrong branch or a bad glob looks exactly like the wish to delete everything. The rule holds back all
deletes of a plan that has more than `limit` of them (default 5), or more than `share` of the owned objects (default 0.2)
where the workspace owns at least `population` (default 10). A plan of a part does not know how many the workspace owns: it
reads as many as make its deletes a small enough share. Where there are not so many, that share is unknown, and they
are held back.

What to do: if the deletes are meant, raise `limit` in dpsync.yaml; where the rules are those of another revision
(`--policy-from`), in a pull request of its own that comes first. Otherwise look at which folders and which environment the run was given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds import KINDS
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import is_of_workspace

NAME = "too-many-deletes"

MOST_READ = 100
"""How many objects are read at most to find out that the deletes of a part are a small share of all."""


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block every delete when there are too many of them."""
    deletions = planned.plan.deletions
    owned = planned.plan.owned
    over_limit = len(deletions) > numbers["limit"]
    if owned is None:
        known = _known(planned)
        over_share = known < _enough(planned, numbers)
        of = f"the owned objects, of which at least {known} are known to be live"
    else:
        over_share = owned >= numbers["population"] and len(deletions) / max(owned, 1) > numbers["share"]
        of = f"{owned} owned objects"
    if not over_limit and not over_share:
        return
    bound = f"at most {numbers['limit']:g}" if over_limit else f"at most {numbers['share']:.0%} of {of}"
    for change in deletions:
        yield Finding(
            NAME,
            Severity.ERROR,
            f"The plan deletes {len(deletions)} objects; the workspace allows {bound}.",
            f"If that is meant, raise the bound under guardrails, {NAME} in dpsync.yaml."
            if over_limit or owned is not None
            else "A plan of everything counts them all. "
            f"If they are too few there, too, raise the bound under guardrails, {NAME} in dpsync.yaml.",
            change.origin,
            change.address,
        )


def wanted(planned: Planned, numbers: Numbers) -> int:
    """How many owned objects to read for a plan of a part, at most `MOST_READ`; 0 if their number decides nothing."""
    if not planned.plan.deletions or len(planned.plan.deletions) > numbers["limit"]:
        return 0
    enough = _enough(planned, numbers)
    return int(enough) if enough <= MOST_READ else 0


def _enough(planned: Planned, numbers: Numbers) -> float:
    """With how many owned objects the deletes are not too large a share of them; 0 if with any number."""
    if not planned.plan.deletions:
        return 0
    share = numbers["share"]
    enough = math.ceil(len(planned.plan.deletions) / share) if share else math.inf
    return enough if enough > numbers["population"] else 0


def _known(planned: Planned) -> int:
    """How many live objects were read that the workspace owns."""
    declared = {
        (one.kind, one.id.casefold()) for one in planned.desired.resources if one.lifecycle != "released"
    }
    workspace = planned.desired.workspace_id
    return sum(
        1
        for one in planned.live.resources
        if KINDS[one.kind].written
        and ((one.kind, one.id.casefold()) in declared or is_of_workspace(workspace, one.kind, one.id))
    )


RULE = Rule(NAME, check, {"limit": 5, "share": 0.2, "population": 10})

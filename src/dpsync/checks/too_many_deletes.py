"""too-many-deletes: one plan does not delete more than a few objects, nor a large share of what the workspace owns.

An empty folder, a wrong branch or a bad glob looks exactly like the wish to delete everything. The rule holds back all
deletes of a plan that has more than `limit` of them (default 5), or more than `share` of the owned objects (default 0.2)
where the workspace owns at least `population` (default 10).

What to do: if the deletes are meant, raise `limit` in dpsync.yaml; where the rules are those of another revision
(`--policy-from`), in a pull request of its own that comes first. Otherwise look at which folders and which environment the run was given.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.finding import Finding, Severity

NAME = "too-many-deletes"


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block every delete when there are too many of them."""
    deletions = planned.plan.deletions
    owned = planned.plan.owned
    over_limit = len(deletions) > numbers["limit"]
    over_share = owned >= numbers["population"] and len(deletions) / max(owned, 1) > numbers["share"]
    if not over_limit and not over_share:
        return
    bound = (
        f"at most {numbers['limit']:g}"
        if over_limit
        else f"at most {numbers['share']:.0%} of {owned} owned objects"
    )
    for change in deletions:
        yield Finding(
            NAME,
            Severity.ERROR,
            f"The plan deletes {len(deletions)} objects; the workspace allows {bound}.",
            f"If that is meant, raise the bound under guardrails, {NAME} in dpsync.yaml.",
            change.origin,
            change.address,
        )


RULE = Rule(NAME, check, {"limit": 5, "share": 0.2, "population": 10})

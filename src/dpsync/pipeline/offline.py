"""A pull request without a marketplace on one page: these manifests, held against those of the base.

For pull requests from forks, whose jobs have no token. Nothing is read but files and Git, so nothing is known about what is
live or about people; no guardrail is asked, and nothing of it can be saved or applied.
"""

from __future__ import annotations

from collections import Counter

from dpsync import __version__, pipeline
from dpsync.checks import owners_by_path
from dpsync.model.finding import Finding, in_order
from dpsync.model.plan import Target
from dpsync.model.report import Report
from dpsync.pipeline.bases import commit_at, desired_at
from dpsync.planner.offline import held_against
from dpsync.settings import Settings


def report_of_manifests(settings: Settings, ref: str, warnings: tuple[Finding, ...] = ()) -> Report:
    """What the manifests at hand ask for and those where this branch left `ref` did not. Raises InvalidManifests, UsageError."""
    found = pipeline.declared(settings)
    base = desired_at(settings, ref)
    target = Target(settings.workspace, settings.workspace_id, settings.environment, settings.url)
    plan = held_against(found.desired, base, target)
    return Report(
        "plan",
        __version__,
        plan=plan,
        findings=in_order((*found.findings, *warnings)),
        declared=dict(Counter(resource.kind for resource in found.desired.resources)),
        offline=f"{ref} ({commit_at(settings, ref)[:12]})",
        owners=owners_by_path(plan, settings.policy.owners),
    )

"""The JSON format: for machines. Its fields are a contract, and `docs/report-json.md` documents every one of them.

Fields are added, never renamed or given another meaning; `format_version` says which they are. Every character outside
ASCII is written as an escape, so that the text is safe on any terminal and in any log.
"""

from __future__ import annotations

import json
from typing import Any

from dpsync.model.call import Action, Call
from dpsync.model.change import Change, FieldChange
from dpsync.model.finding import Finding
from dpsync.model.fingerprint import fingerprint, plan_fingerprint
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.outcome import Outcome
from dpsync.model.part import Part
from dpsync.model.place import Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.model.resource import LiveResource
from dpsync.reports import weight
from dpsync.reports.people import access_lines
from dpsync.reports.sentences import all_findings, domain_of, loose_findings, verdict
from dpsync.reports.values import plain

FORMAT_VERSION = "1.3"


def render(report: Report, _page: Page) -> str:
    """The report as one JSON object, in the order of the documentation."""
    return json.dumps(as_object(report), indent=2, ensure_ascii=True) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The report as plain JSON, for what it is a part of (`docs/events.md`)."""
    plan = report.plan
    findings = all_findings(report)
    whole = not any(finding.is_error for finding in loose_findings(report))
    return {
        "format_version": FORMAT_VERSION,
        "command": report.command,
        "dpsync_version": report.version,
        "target": _target(plan) if plan else None,
        "partial": _part(plan.part) if plan and plan.part else None,
        "complete": whole if plan is None else plan.complete,
        "offline": report.offline or None,
        "applyable": (
            plan is not None and plan.complete and plan.has_changes and whole and not report.offline
        ),
        "has_changes": plan is not None and plan.has_changes,
        "interrupted": report.interrupted,
        "verdict": verdict(report),
        "declared": dict(sorted(report.declared.items())),
        "summary": _summary(plan, report) if plan else None,
        "fingerprint": plan_fingerprint(plan) if plan and not report.offline else None,
        "changes": [_change(change, plan.target, report) for change in plan.changes] if plan else [],
        "unreviewed": [_change(change, plan.target, report) for change in report.unreviewed] if plan else [],
        "gone": _addresses(report.gone),
        "others": report.others,
        "unmet": _addresses(report.unmet),
        "kept": [_live(resource) for resource in plan.kept] if plan else [],
        "unmanaged": (
            None
            if report.unmanaged is None
            else [{**_live(resource), "domain": domain_of(resource) or None} for resource in report.unmanaged]
        ),
        "findings": [_finding(finding) for finding in findings],
        "outcomes": None if report.outcomes is None else [_outcome(outcome) for outcome in report.outcomes],
    }


def _target(plan: Plan) -> dict[str, Any]:
    target = plan.target
    return {
        "workspace": target.workspace,
        "workspace_id": target.workspace_id,
        "environment": target.environment,
        "url": target.url,
        "tenant": target.tenant,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "since": part.since or None,
        "commit": part.commit or None,
        "targets": list(part.targets),
        "excludes": list(part.excludes),
        "selectors": list(part.selectors),
        "covered": len(part.covered),
        "gone": None if part.gone is None else len(part.gone),
        "declared": part.declared,
    }


def _summary(plan: Plan, report: Report) -> dict[str, Any]:
    return {
        "class": plan.effect.value if plan.effect else None,
        "losers": None if report.offline else weight.losers(plan),
        "gainers": None if report.offline else weight.gainers(plan),
        "create": plan.count(Action.CREATE),
        "update": plan.count(Action.UPDATE),
        "delete": plan.count(Action.DELETE),
        "blocked": None if report.offline else len(plan.blocked),
        "unchanged": plan.unchanged,
        "owned": plan.owned,
        "unmanaged": None if plan.unmanaged is None else dict(sorted(plan.unmanaged.items())),
    }


def _live(resource: LiveResource) -> dict[str, Any]:
    return {
        "kind": resource.kind,
        "id": resource.id,
        "title": resource.title,
        "revision": resource.revision,
    }


def _change(change: Change, target: Target, report: Report) -> dict[str, Any]:
    before = change.before
    return {
        "address": str(change.address),
        "kind": change.kind,
        "key": change.address.key,
        "id": change.id,
        "title": change.title,
        "actions": [action.value for action in change.actions],
        "action": change.action.value,
        "class": change.effect.value,
        "effect": change.effect.value,
        "effects": sorted(effect.value for effect in change.effects),
        "origin": change.provenance.value if change.provenance else None,
        "fingerprint": None if report.offline else fingerprint(change, target),
        "reason": change.reason,
        **_place(change.origin),
        "owners": list(report.owners.get(change.address, ())),
        "wave": change.wave,
        "needs": _addresses(change.needs),
        "follows": _addresses(change.follows),
        "fields": [_field(field) for field in change.fields],
        "sources": {
            "added": plain(change.sources.added),
            "removed": plain(change.sources.removed),
            "kept": change.sources.kept,
        },
        "before_accesses": (
            None
            if before is None
            else {"approved": before.accesses.approved, "pending": before.accesses.pending}
        ),
        "revision": before.revision if before else None,
        "impact": _impact(change.impact) if change.impact else None,
        "access": [] if report.offline else [line.text for line in access_lines(change)],
        "blocked": [_finding(finding) for finding in change.blocked],
        "calls": [_call(call) for call in change.calls],
        "before": plain(before.spec) if before else None,
        "after": plain(change.after.spec) if change.after else None,
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "action": call.action.value,
        "method": call.method,
        "path": call.path,
        "body": None if call.body is None else dict(call.body),
    }


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "gained": [_gained(one) for one in impact.gained],
        "lost": [_moved(one) for one in impact.lost],
        "gainers": _count(impact.gainers),
        "losers": _count(impact.losers),
        "members": _count(impact.members),
        "ended": impact.ended,
        "exceptions": impact.exceptions,
        "pending": impact.pending,
        "products": impact.products,
        "uncertain": impact.uncertain,
        "everywhere": impact.everywhere,
        "nearby": impact.nearby,
        **({"names": dict(sorted(impact.names.items()))} if impact.names else {}),
    }


def _moved(one: SourceImpact) -> dict[str, Any]:
    return {
        "id": one.source.id,
        "text": one.source.text,
        "people": _count(one.people),
        "keepers": len(one.keepers),
        "through": list(one.through),
    }


def _gained(one: SourceImpact) -> dict[str, Any]:
    return {
        **_moved(one),
        "tags": None if one.tags is None else list(one.tags),
        "column_tags": list(one.column_tags),
        "columns": list(one.columns),
        "is_new": one.is_new,
    }


def _count(who: People) -> int | None:
    return None if who is None else len(who)


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "before": plain(field.before),
        "after": plain(field.after),
        "effects": sorted(effect.value for effect in field.effects),
        "origin": {**_place(field.origin), "layer": field.origin.layer.value} if field.origin else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "remedy": finding.remedy,
        "address": str(finding.address) if finding.address else None,
        **_place(finding.origin),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "address": str(outcome.change.address),
        "action": outcome.change.action.value,
        "result": outcome.result.value,
        "message": outcome.message,
        "remedy": outcome.remedy,
        "calls": outcome.calls,
    }


def _place(origin: Origin | None) -> dict[str, Any]:
    if origin is None:
        return {"file": None, "line": None, "column": None}
    return {"file": origin.file, "line": origin.line or None, "column": origin.column or None}


def _addresses(addresses: tuple[Address, ...]) -> list[str]:
    return [str(address) for address in addresses]

"""The parts of a plan as JSON and back: one pair of functions for each value of the model, next to each other.

A room of its own so that a field that is added to the model has one place where it is written and, a few lines below, one
where it is read. What is opaque here, the values of specs, is in `values.py`; what makes it a file, in `__init__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dpsync.kinds import KINDS
from dpsync.model.access import Accesses
from dpsync.model.base import FieldPath
from dpsync.model.call import Action, Call
from dpsync.model.change import Change, Detail, FieldChange, Provenance, SourceChange
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, Severity
from dpsync.model.fingerprint import fingerprint
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.part import Part
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.planner.planfile.values import (
    Unreadable,
    packed,
    packed_source,
    taken,
    unpacked,
    unpacked_spec,
)


def packed_plan(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, each change with its fingerprint."""
    return {
        "target": _packed_target(plan.target),
        "complete": plan.complete,
        "allowed": list(plan.allowed),
        "counts": {
            "owned": plan.owned,
            "unchanged": plan.unchanged,
            "unmanaged": None if plan.unmanaged is None else dict(sorted(plan.unmanaged.items())),
        },
        "changes": [_packed_change(change, plan.target) for change in plan.changes],
        "kept": [_packed_live(one) for one in plan.kept],
        "findings": [_packed_finding(one) for one in plan.findings],
        "part": _packed_part(plan.part) if plan.part is not None else None,
    }


def unpacked_plan(entry: Any) -> Plan:
    """The plan that `packed_plan` was given. Raises Unreadable."""
    target, complete, allowed, counts, changes, kept, findings, part = taken(
        entry, "the plan", "target", "complete", "allowed", "counts", "changes", "kept", "findings", part=None
    )
    owned, unchanged, unmanaged = taken(counts, "counts", "owned", "unchanged", "unmanaged")
    where = _target(target)
    return Plan(
        target=where,
        changes=tuple(_change(one, where) for one in changes),
        findings=tuple(_finding(one) for one in findings),
        kept=tuple(_live(one) for one in kept),
        owned=owned,
        unchanged=unchanged,
        unmanaged=(
            None if unmanaged is None else {_known_kind(kind): number for kind, number in unmanaged.items()}
        ),
        complete=complete,
        allowed=tuple(allowed),
        part=_part(part) if part is not None else None,
    )


def _packed_part(part: Part) -> dict[str, Any]:
    return {
        "since": part.since,
        "commit": part.commit,
        "targets": list(part.targets),
        "excludes": list(part.excludes),
        "selectors": list(part.selectors),
        "covered": [str(address) for address in part.covered],
        "gone": None if part.gone is None else [str(address) for address in part.gone],
        "declared": part.declared,
    }


def _part(entry: Any) -> Part:
    since, commit, targets, excludes, selectors, covered, gone, declared = taken(
        entry,
        "the part",
        "since",
        "commit",
        "targets",
        "excludes",
        "selectors",
        "covered",
        "gone",
        "declared",
    )
    return Part(
        since,
        commit,
        tuple(targets),
        tuple(excludes),
        tuple(selectors),
        tuple(_address(one) for one in covered),
        None if gone is None else tuple(_address(one) for one in gone),
        declared,
    )


def _packed_target(target: Target) -> dict[str, Any]:
    return {
        "workspace": target.workspace,
        "workspace_id": target.workspace_id,
        "environment": target.environment,
        "url": target.url,
        "tenant": target.tenant,
    }


def _target(entry: Any) -> Target:
    return Target(*taken(entry, "target", "workspace", "workspace_id", "environment", "url", "tenant"))


# -- a change --------------------------------------------------------------------------------------------------------


def _packed_change(change: Change, target: Target) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint(change, target),
        "address": str(change.address),
        "id": change.id,
        "title": change.title,
        "actions": [action.value for action in change.actions],
        "reason": change.reason,
        "origin": _packed_origin(change.origin),
        "wave": change.wave,
        "needs": [str(address) for address in change.needs],
        "follows": [str(address) for address in change.follows],
        "fields": [_packed_field(field) for field in change.fields],
        "sources": {
            "added": _packed_sources(change.sources.added),
            "removed": _packed_sources(change.sources.removed),
            "kept": change.sources.kept,
        },
        "calls": [_packed_call(call) for call in change.calls],
        "blocked": [_packed_finding(one) for one in change.blocked],
        "impact": _packed_impact(change.impact) if change.impact is not None else None,
        "provenance": change.provenance.value if change.provenance is not None else None,
        "before": _packed_live(change.before) if change.before is not None else None,
        "after": _packed_resource(change.after) if change.after is not None else None,
    }


def _change(entry: Any, target: Target) -> Change:
    (
        said,
        address,
        live_id,
        title,
        actions,
        reason,
        origin,
        wave,
        needs,
        follows,
        fields,
        sources,
        calls,
        blocked,
        impact,
        provenance,
        before,
        after,
    ) = taken(
        entry,
        "a change",
        "fingerprint",
        "address",
        "id",
        "title",
        "actions",
        "reason",
        "origin",
        "wave",
        "needs",
        "follows",
        "fields",
        "sources",
        "calls",
        "blocked",
        "impact",
        "provenance",
        "before",
        "after",
    )
    added, removed, kept = taken(sources, "the sources of a change", "added", "removed", "kept")
    change = Change(
        address=_address(address),
        id=live_id,
        title=title,
        actions=tuple(Action(action) for action in actions),
        before=_live(before) if before is not None else None,
        after=_resource(after) if after is not None else None,
        fields=tuple(_field(field) for field in fields),
        sources=SourceChange(_sources(added), _sources(removed), kept),
        reason=reason,
        origin=_origin(origin),
        needs=tuple(_address(one) for one in needs),
        follows=tuple(_address(one) for one in follows),
        wave=wave,
        blocked=tuple(_finding(one) for one in blocked),
        impact=_impact(impact) if impact is not None else None,
        provenance=Provenance(provenance) if provenance is not None else None,
        calls=tuple(_call(one) for one in calls),
    )
    if fingerprint(change, target) != said:
        raise Unreadable(f"{change.address} is not what its fingerprint says")
    return change


def _packed_field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "before": packed(field.before),
        "after": packed(field.after),
        "effects": sorted(effect.value for effect in field.effects),
        "origin": _packed_origin(field.origin),
        "details": [
            {"path": detail.path, "before": detail.before, "after": detail.after} for detail in field.details
        ],
    }


def _field(entry: Any) -> FieldChange:
    path, before, after, effects, origin, details = taken(
        entry, "a field of a change", "path", "before", "after", "effects", "origin", "details"
    )
    return FieldChange(
        path,
        unpacked(before),
        unpacked(after),
        frozenset(Effect(effect) for effect in effects),
        _origin(origin),
        tuple(Detail(*taken(one, "a detail of a field", "path", "before", "after")) for one in details),
    )


def _packed_call(call: Call) -> dict[str, Any]:
    return {"action": call.action.value, "method": call.method, "path": call.path, "body": call.body}


def _call(entry: Any) -> Call:
    action, method, path, body = taken(entry, "a call", "action", "method", "path", "body")
    return Call(Action(action), method, path, body)


def _packed_sources(sources: tuple[SourceReference, ...]) -> list[Any]:
    return [packed_source(one) for one in sources]


def _sources(entries: Any) -> tuple[SourceReference, ...]:
    return tuple(_source(one) for one in entries)


def _source(entry: Any) -> SourceReference:
    found = unpacked(entry)
    if not isinstance(found, SourceReference):
        raise Unreadable("an entry of a list of sources is no source")
    return found


# -- the two sides ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The place of a document; where in it each field stands is kept with the fields that change."""

    place: Origin

    def of(self, _path: FieldPath) -> Origin:
        return self.place


def _packed_resource(resource: Resource) -> dict[str, Any]:
    return {
        "address": str(resource.address),
        "id": resource.id,
        "pinned": resource.pinned,
        "labels": dict(resource.labels),
        "origin": _packed_origin(resource.origin),
        "spec": packed(resource.spec),
    }


def _resource(entry: Any) -> Resource:
    address, live_id, pinned, labels, origin, spec = taken(
        entry, "a resource", "address", "id", "pinned", "labels", "origin", "spec"
    )
    of = _address(address)
    place = _origin(origin)
    if place is None:
        raise Unreadable("a resource has no origin")
    return Resource(of, live_id, pinned, unpacked_spec(spec, of.kind), _Remembered(place), labels)


def _packed_live(one: LiveResource) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": one.id,
        "revision": one.revision,
        "accesses": {"approved": one.accesses.approved, "pending": one.accesses.pending},
        "parts": sorted(one.parts),
        "spec": packed(one.spec),
    }


def _live(entry: Any) -> LiveResource:
    kind, live_id, revision, accesses, parts, spec = taken(
        entry, "a live object", "kind", "id", "revision", "accesses", "parts", "spec"
    )
    return LiveResource(
        _known_kind(kind),
        live_id,
        unpacked_spec(spec, kind),
        revision,
        Accesses(*taken(accesses, "accesses", "approved", "pending")),
        frozenset(parts),
    )


# -- what there is to know -------------------------------------------------------------------------------------------


def _packed_finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "remedy": finding.remedy,
        "origin": _packed_origin(finding.origin),
        "address": str(finding.address) if finding.address is not None else None,
    }


def _finding(entry: Any) -> Finding:
    rule, severity, message, remedy, origin, address = taken(
        entry, "a finding", "rule", "severity", "message", "remedy", "origin", "address"
    )
    return Finding(
        rule,
        _SEVERITIES[severity],
        message,
        remedy,
        _origin(origin),
        _address(address) if address is not None else None,
    )


_SEVERITIES = {severity.word: severity for severity in Severity}


def _packed_origin(origin: Origin | None) -> dict[str, Any] | None:
    if origin is None:
        return None
    return {
        "file": origin.file,
        "line": origin.line,
        "column": origin.column,
        "layer": origin.layer.value,
    }


def _origin(entry: Any) -> Origin | None:
    if entry is None:
        return None
    file, line, column, layer = taken(entry, "an origin", "file", "line", "column", "layer")
    return Origin(file, line, column, Layer(layer))


def _address(text: Any) -> Address:
    kind, _, key = str(text).partition("/")
    return Address(_known_kind(kind), key)


def _known_kind(name: Any) -> str:
    if name not in KINDS:
        raise Unreadable(f"it has the kind {name!r}, which this dpsync does not know")
    return str(name)


def _packed_impact(impact: Impact) -> dict[str, Any]:
    return {
        "gained": [_packed_source_impact(one) for one in impact.gained],
        "lost": [_packed_source_impact(one) for one in impact.lost],
        "members": _packed_people(impact.members),
        "ended": impact.ended,
        "exceptions": impact.exceptions,
        "pending": impact.pending,
        "products": impact.products,
        "uncertain": impact.uncertain,
        "everywhere": impact.everywhere,
        "nearby": impact.nearby,
        "names": dict(sorted(impact.names.items())),
    }


def _impact(entry: Any) -> Impact:
    gained, lost, members, ended, exceptions, pending, products, uncertain, everywhere, names, nearby = taken(
        entry,
        "an impact",
        "gained",
        "lost",
        "members",
        "ended",
        "exceptions",
        "pending",
        "products",
        "uncertain",
        "everywhere",
        "names",
        nearby=False,
    )
    return Impact(
        gained=tuple(_source_impact(one) for one in gained),
        lost=tuple(_source_impact(one) for one in lost),
        members=_people(members),
        ended=ended,
        exceptions=exceptions,
        pending=pending,
        products=products,
        uncertain=uncertain,
        everywhere=everywhere,
        nearby=nearby,
        names=names,
    )


def _packed_source_impact(one: SourceImpact) -> dict[str, Any]:
    return {
        "source": packed_source(one.source),
        "people": _packed_people(one.people),
        "keepers": _packed_people(one.keepers),
        "through": list(one.through),
        "tags": list(one.tags) if one.tags is not None else None,
        "column_tags": list(one.column_tags),
        "columns": list(one.columns),
        "is_new": one.is_new,
    }


def _source_impact(entry: Any) -> SourceImpact:
    source, people, keepers, through, tags, column_tags, columns, is_new = taken(
        entry,
        "a source of an impact",
        "source",
        "people",
        "keepers",
        "through",
        "tags",
        "column_tags",
        "columns",
        "is_new",
    )
    return SourceImpact(
        source=_source(source),
        people=_people(people),
        keepers=frozenset(keepers),
        through=tuple(through),
        tags=tuple(tags) if tags is not None else None,
        column_tags=tuple(column_tags),
        columns=tuple(columns),
        is_new=is_new,
    )


def _packed_people(people: People) -> list[str] | None:
    return sorted(people) if people is not None else None


def _people(entries: Any) -> People:
    return frozenset(entries) if entries is not None else None

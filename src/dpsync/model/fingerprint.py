"""Fingerprints: by what a change is recognised when it is planned again, for `--expect-plan` and saved plans (DESIGN 5).

A module of its own because three rooms must agree on it to the byte. It is over what would be sent and what that does,
by ids: never over impact, time, lines, titles of other things, or other changes, so that another team's merge in between
stops nobody. It must never be used to tell whether a live object has moved; `apply/standing.py` does, value by value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Reference, SourceReference

VERSION: Final = 1
"""Part of every fingerprint. Whoever changes what a fingerprint is over raises it, and with it the plan file's format."""

PREFIX: Final = "sha256:"


def fingerprint(change: Change, target: Target) -> str:
    """What the change is recognised by, `sha256:` and 64 hexadecimal digits: the same change in the same place has the same.

    A change whose calls were not worked out has another one than with them.
    """
    gone = change.before if change.action is Action.DELETE else None
    return _digest(
        {
            "version": VERSION,
            "tenant": target.tenant,
            "environment": target.environment,
            "workspace": target.workspace_id,
            "kind": change.kind,
            "id": change.id,
            "calls": [[call.method, call.path, _by_id(call.body)] for call in change.calls],
            "fields": {field.path: [_by_id(field.before), _by_id(field.after)] for field in change.fields},
            "added": _by_id(change.sources.added),
            "removed": _by_id(change.sources.removed),
            "lifecycle": _lifecycle(change),
            "deleted": _deleted(gone.spec) if gone is not None else None,
        }
    )


def plan_fingerprint(plan: Plan) -> str:
    """What a plan is recognised by: the set of the fingerprints of what apply would make, and what was let pass for it."""
    made = sorted({fingerprint(change, plan.target) for change in plan.applicable})
    return _digest({"changes": made, "allowed": sorted(plan.allowed)} if plan.allowed else made)


def _lifecycle(change: Change) -> str | None:
    """Whether the object is suspended, where sources come or go: of a suspended one nobody loses any, of an active one all."""
    if change.before is None or change.sources.is_empty:
        return None
    return getattr(change.before.spec, "lifecycle", None)


def is_fingerprint(text: str) -> bool:
    """Whether the text has the shape of a fingerprint."""
    digits = text.removeprefix(PREFIX)
    return text.startswith(PREFIX) and len(digits) == 64 and set(digits) <= set("0123456789abcdef")


def canonical(value: Any) -> str:
    """The JSON text that equal values share: keys in order, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _digest(value: Any) -> str:
    return PREFIX + hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def _deleted(spec: Spec) -> dict[str, Any]:
    """What is deleted: all that is managed of it, but for a group of nothing but references, such as a product's forms.

    They are read for a delete only where the form goes as well, so with them it would depend on another change.
    """
    return {
        rule.name: _by_id(value)
        for rule in rules_of(type(spec))
        if spec.manages(rule.attribute) and not _is_of_references(value := getattr(spec, rule.attribute))
    }


def _is_of_references(value: Any) -> bool:
    return isinstance(value, Spec) and all(rule.refers is not None for rule in rules_of(type(value)))


def _by_id(value: Any) -> Any:
    """A value of a spec as JSON: managed fields only, references as ids, so that it does not matter what they are called.

    A list of nothing but references is a set wherever it stands (`Unordered`), so its order does not count.
    """
    if isinstance(value, Spec):
        return {
            rule.name: _by_id(getattr(value, rule.attribute))
            for rule in rules_of(type(value))
            if value.manages(rule.attribute)
        }
    if isinstance(value, Reference | SourceReference):
        return value.id if value.id is not None else [value.how, value.text]
    if isinstance(value, Mapping):
        return {str(key): _by_id(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        entries = [_by_id(entry) for entry in value]
        is_set = all(isinstance(entry, Reference | SourceReference) for entry in value)
        return sorted(entries, key=canonical) if is_set else entries
    return value

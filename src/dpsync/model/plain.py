"""Values of a spec as plain JSON, in a manifest's words: for journals, machines, and structural differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dpsync.model.base import Spec, rules_of
from dpsync.model.reference import Reference, SourceReference


def plain(value: Any) -> Any:
    """A spec, or a value of one, as JSON: managed fields only, references as the texts they are known by."""
    if isinstance(value, Spec):
        return {
            rule.name: plain(getattr(value, rule.attribute))
            for rule in rules_of(type(value))
            if value.manages(rule.attribute)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, Reference | SourceReference):
        return value.text
    return value

"""Whether a live object is what a spec asks for, field by field, for managed fields only.

On the lowest floor because two rooms ask it: the planner to find changes, apply to see that a change is still needed and
that it took. How a difference is *shown* is the business of `planner/diff.py` and `reports/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dpsync.model.base import FieldRule, Spec, rules_of


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A managed field whose live value is not the one asked for. `path` holds manifest names."""

    path: tuple[str, ...]
    rule: FieldRule
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


def mismatches(wanted: Spec, live: Spec, path: tuple[str, ...] = ()) -> tuple[Mismatch, ...]:
    """The managed fields of `wanted` that differ in `live`, in the order of declaration.

    A field that holds a group of fields (`requestForms`) is compared field by field; one that says how it is compared
    (`matches`, `Unordered`) as it says; everything else with `==`.
    """
    if wanted is live:
        return ()
    found: list[Mismatch] = []
    for rule in rules_of(type(wanted)):
        if not wanted.manages(rule.attribute):
            continue
        after = getattr(wanted, rule.attribute)
        before = getattr(live, rule.attribute)
        if after == before:
            continue
        here = (*path, rule.name)
        if isinstance(after, Spec) and isinstance(before, Spec) and rule.touches is None:
            found.extend(mismatches(after, before, here))
        elif not _same(rule, after, before):
            found.append(Mismatch(here, rule, before, after))
    return tuple(found)


def _same(rule: FieldRule, after: Any, before: Any) -> bool:
    if isinstance(after, Spec):
        return after.matches(before)
    if isinstance(after, tuple) and isinstance(before, tuple):
        if rule.unordered:
            return set(after) == set(before)
        return len(after) == len(before) and all(
            one.matches(other) if isinstance(one, Spec) else one == other
            for one, other in zip(after, before, strict=True)
        )
    return bool(after == before)

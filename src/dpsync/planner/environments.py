"""Two desired states held against each other: what another environment asks for otherwise. Nothing live is looked at.

References are compared as they are written, because what they mean in a marketplace is not known here: that two domains
of the same key have different names shows with the domains themselves. Live ids are never alike and are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from dpsync.model.base import FieldPath, Spec, rules_of
from dpsync.model.comparison import Comparison, FieldDifference, ResourceDifference, Side
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState


def side_by_side(workspace: str, left: DesiredState, right: DesiredState) -> Comparison:
    """What `right` asks for otherwise than `left`."""
    differing: list[ResourceDifference] = []
    both = sorted(left.by_address.keys() & right.by_address.keys())
    for address in both:
        one, other = left.by_address[address], right.by_address[address]
        fields = (*_labels(one, other), *_fields(one, other, one.spec, other.spec, ()))
        if fields:
            differing.append(ResourceDifference(one, other, fields))
    return Comparison(
        workspace,
        left.environment,
        right.environment,
        tuple(one for address, one in sorted(left.by_address.items()) if address not in right.by_address),
        tuple(one for address, one in sorted(right.by_address.items()) if address not in left.by_address),
        tuple(differing),
        len(both) - len(differing),
    )


def _labels(left: Resource, right: Resource) -> Iterator[FieldDifference]:
    if left.labels != right.labels:
        yield FieldDifference(
            "metadata.labels", Side(dict(left.labels), True, None), Side(dict(right.labels), True, None)
        )


def _fields(
    left: Resource, right: Resource, before: Spec, after: Spec, path: FieldPath
) -> Iterator[FieldDifference]:
    for rule in rules_of(type(after)):
        managed = before.manages(rule.attribute), after.manages(rule.attribute)
        old, new = getattr(before, rule.attribute), getattr(after, rule.attribute)
        here = (*path, rule.name)
        if not any(managed) or (all(managed) and old == new):
            continue
        if all(managed) and isinstance(old, Spec) and isinstance(new, Spec) and rule.touches is None:
            yield from _fields(left, right, old, new, here)
        elif not (all(managed) and rule.unordered and set(old) == set(new)):
            yield FieldDifference(
                ".".join(str(step) for step in here),
                Side(old, managed[0], left.origins.of(here) if managed[0] else None),
                Side(new, managed[1], right.origins.of(here) if managed[1] else None),
            )

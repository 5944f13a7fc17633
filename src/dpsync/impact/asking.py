"""Asking: what has to be read before it can be said whom a plan touches, and nothing that is known already.

A module of its own because every member that is not asked for is a request saved (DESIGN 9). A product without an approved
request has no members and is not asked; a form is asked for its products only if it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dpsync.impact.movement import Movement, is_active, may_have_members, movements, sources_of
from dpsync.impact.reach import forms_concerned
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.model.impact import Questions, Reach
from dpsync.model.plan import Plan
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState


def questions(plan: Plan, live: LiveState, sensitive: tuple[str, ...], reach: Reach) -> Questions:
    """What has to be read for the impact of every change of the plan, blocked ones too.

    With `Reach.COUNTS` nobody's members. Otherwise those of every product whose change touches what it gives, and those of
    every other active product that has a source which members gain or lose: of the products whose sources were read, which
    are the workspace's; with `Reach.FULL` of all.
    """
    moved = movements(plan, live)
    added = frozenset(one.id or "" for each in moved.values() for one in each.added)
    forms = frozenset().union(*(forms_concerned(change, live) or () for change in plan.changes))
    shown = _shown(added, live) if sensitive else {}
    if reach is Reach.COUNTS:
        return Questions(added=added, forms=forms, sensitive=sensitive, shown=shown)
    populated = tuple(_populated(moved.values()))
    touched = frozenset().union(*(each.touched for each in populated))
    others = tuple(
        one for one in live.of_kind(DATA_PRODUCT.name) if touched and is_active(one) and may_have_members(one)
    )
    return Questions(
        products=frozenset(each.id for each in populated)
        | {one.id for one in others if _has_any(one, touched)},
        added=added,
        touched=touched,
        elsewhere=frozenset(one.id for one in others if reach is Reach.FULL and sources_of(one) is None),
        forms=forms,
        sensitive=sensitive,
        shown=shown,
        everywhere=reach is Reach.FULL and live.gap(DATA_PRODUCT.name) is None,
    )


def _populated(moved: Iterable[Movement]) -> Iterator[Movement]:
    """The movements that matter to somebody, or may."""
    for each in moved:
        if each.touches_access and each.product is not None and may_have_members(each.product):
            yield each


def _has_any(product: LiveResource, touched: frozenset[str]) -> bool:
    return not touched.isdisjoint(sources_of(product) or ())


def _shown(added: frozenset[str], live: LiveState) -> Mapping[str, str]:
    """For each added source a product that has it now: the one with the first id."""
    found: dict[str, str] = {}
    for product in sorted(live.of_kind(DATA_PRODUCT.name), key=lambda one: one.id):
        for source in added & (sources_of(product) or frozenset()):
            found.setdefault(source, product.id)
    return {source: found[source] for source in sorted(found)}

"""Movements: what a change of a product does to the sources that its members have by it, whoever they are.

A module of its own because what has to be read and what it means are worked out from the same. A product that is suspended
gives nothing, whatever it holds (FACTS 2.1). Read off the change alone, not off the manifest: a change whose manifest could
not be resolved does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dpsync.kinds.catalog import source_text
from dpsync.kinds.data_product import DATA_PRODUCT, DataProductSpec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState, Source

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Movement:
    """A change of a product, as its members see it.

    `before` are the ids of the sources that it gives its members now, `after` of those that it gives them once the change
    is made. `added` and `removed` are the sources that come and go, and those that start and stop being given because the
    product is resumed or suspended; sorted by text. `moves`: to another domain. `suspends`: what was active is not any more.
    """

    product: LiveResource | None
    before: frozenset[str]
    after: frozenset[str]
    added: tuple[SourceReference, ...]
    removed: tuple[SourceReference, ...]
    moves: bool = False
    deletes: bool = False
    suspends: bool = False

    @property
    def id(self) -> str:
        """The live id of the product; empty for one that is yet to be made, which has no members."""
        return self.product.id if self.product is not None else ""

    @property
    def touches_access(self) -> bool:
        return bool(self.added or self.removed or self.moves or self.deletes)

    @cached_property
    def touched(self) -> frozenset[str]:
        """Ids of the sources that its members start or stop to have by this product."""
        return self.before ^ self.after


def movements(plan: Plan, live: LiveState) -> dict[Address, Movement]:
    """The movement of every change of a product, blocked ones too."""
    names = live.catalog.source_by_id
    return {
        change.address: _movement(change, names)
        for change in plan.changes
        if change.kind == DATA_PRODUCT.name
    }


def sources_of(product: LiveResource | None) -> frozenset[str] | None:
    """Ids of the sources that a live product holds; None if they were not read."""
    references = _references(product)
    return None if references is None else frozenset(references)


def is_active(product: LiveResource) -> bool:
    """Whether a live product gives its members what it holds."""
    return _lifecycle(product) != "suspended"


def may_have_members(product: LiveResource) -> bool:
    """Whether its members have to be asked for: none are needed of a product without an approved request."""
    return product.accesses.may_exist


def _movement(change: Change, names: Mapping[str, Source]) -> Movement:
    before = change.before
    added, removed = _by_id(change.sources.added), _by_id(change.sources.removed)
    if before is None:
        return Movement(None, NOTHING, NOTHING, _in_order(added.values()), ())
    known = _references(before) or {}
    fields = {field.path: field.after for field in change.fields}
    deletes = change.action is Action.DELETE
    stays = {one: known[one] for one in known.keys() - removed.keys()} if not deletes else {}
    given = frozenset(known.keys() | removed.keys()) if is_active(before) else NOTHING
    resumed = fields.get("lifecycle", _lifecycle(before)) != "suspended" and not deletes
    will_give = frozenset(stays.keys() | added.keys()) if resumed else NOTHING
    called = {**_named(known, names), **added, **removed}
    return Movement(
        before,
        given,
        will_give,
        _in_order(called[one] for one in (will_give - given) | added.keys()),
        _in_order(called[one] for one in (given - will_give) | removed.keys()),
        moves="domain" in fields,
        deletes=deletes,
        suspends=is_active(before) and not resumed and not deletes,
    )


def _references(product: LiveResource | None) -> Mapping[str, SourceReference] | None:
    spec = product.spec if product is not None else None
    if not isinstance(spec, DataProductSpec) or not spec.manages("sources"):
        return None
    return _by_id(spec.sources)


def _lifecycle(product: LiveResource) -> str | None:
    return product.spec.lifecycle if isinstance(product.spec, DataProductSpec) else None


def _by_id(references: Iterable[SourceReference]) -> dict[str, SourceReference]:
    return {one.id: one for one in references if one.id is not None}


def _named(
    references: Mapping[str, SourceReference], names: Mapping[str, Source]
) -> dict[str, SourceReference]:
    return {
        one: replace(reference, text=source_text(names[one]), path=names[one].path)
        if one in names
        else reference
        for one, reference in references.items()
    }


def _in_order(references: Iterable[SourceReference]) -> tuple[SourceReference, ...]:
    return tuple(sorted(references, key=lambda one: (one.text, one.id or "")))

"""Ordering: nobody who keeps a source at the end is without it on the way.

A module of its own because this is the one thing that impact asks of the plan's order: where one product takes a source
from somebody and another one gives it to the same person, the taking change *needs* the giving one. So it comes later, and
is skipped if the other fails. One waits for each pair of a member and a source, no more. Where two changes would have to
wait for each other, one of them goes first all the same, and a finding says who is without what meanwhile. What is not
known (members that were not read) is waited for. Nothing is added to what a plan does and nothing taken out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dpsync.impact.movement import Movement, is_active, may_have_members, movements, sources_of
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Audience, Evidence, People
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState

Pairs = frozenset[tuple[str, str]] | None
"""Pairs of a member and a source, by their ids; None where the members are not known."""

InWaves = Callable[[Iterable[Change]], tuple[Change, ...]]
"""Answers changes in their order, each with its wave."""

_LISTED = 3


@dataclass(frozen=True, slots=True)
class Reliance:
    """A change that takes what another one gives: through `on`, the members in `pairs` keep what `change` takes."""

    change: Address
    on: Address
    pairs: Pairs


def lossless(plan: Plan, live: LiveState, evidence: Evidence, in_waves: InWaves) -> Plan:
    """The plan in an order in which nobody is without a source that they have before and after it.

    For a plan that is judged: what is blocked by then is not made, and so not relied on. Where there is no such order, a
    warning about the change that goes first says so (`access-gap`).
    """
    relied = reliances(plan, live, evidence)
    if not relied:
        return plan
    needs = {change.address: change.needs for change in plan.changes}
    assured: set[tuple[str, str]] = set()
    left: list[Reliance] = []
    for each in sorted(relied, key=_most_people_first):
        if each.pairs is not None and each.pairs <= assured:
            continue
        if _waits_for(needs, each.on, each.change):
            left.append(each)
            continue
        needs[each.change] = tuple(dict.fromkeys((*needs[each.change], each.on)))
        assured.update(each.pairs or ())
    changes = in_waves(replace(change, needs=needs[change.address]) for change in plan.changes)
    return replace(plan, changes=changes).with_findings(_gaps(plan, live, left, assured))


def reliances(plan: Plan, live: LiveState, evidence: Evidence) -> tuple[Reliance, ...]:
    """Who relies on whom among the changes that are not blocked, in the order of the plan."""
    moved = movements(plan, live)
    made = {
        change.address: moved[change.address]
        for change in plan.applicable
        if change.address in moved and moved[change.address].product is not None
    }
    return tuple(_Relying(live, evidence, made).found())


@dataclass(frozen=True)
class _Relying:
    """One search for reliances: what is live, what was read about it, and the movements that come true."""

    live: LiveState
    evidence: Evidence
    made: Mapping[Address, Movement]

    def found(self) -> Iterator[Reliance]:
        givers: dict[str, list[Address]] = {}
        for address, each in self.made.items():
            for source in sorted(each.after - each.before):
                givers.setdefault(source, []).append(address)
        for address, each in self.made.items():
            by_giver: dict[Address, list[Pairs]] = {}
            for source in sorted(each.before - each.after):
                for giver in givers.get(source, ()):
                    by_giver.setdefault(giver, []).append(self._relying(source, each, self.made[giver]))
            for giver, pairs in by_giver.items():
                together = _together(pairs)
                if together is None or together:
                    yield Reliance(address, giver, together)

    def _relying(self, source: str, taking: Movement, giving: Movement) -> Pairs:
        """Whose source it is that the one takes and the other gives, and nobody else does all the time."""
        one, other = self._members(taking.product), self._members(giving.product)
        if one == frozenset() or other == frozenset():
            return frozenset()
        if one is None or other is None:
            return None
        return frozenset((member, source) for member in (one & other) - self._steady.get(source, frozenset()))

    def _members(self, product: LiveResource | None) -> People:
        if product is None or not may_have_members(product):
            return frozenset()
        audience: Audience | None = self.evidence.audiences.get(product.id)
        return None if audience is None else audience.members

    @cached_property
    def _steady(self) -> Mapping[str, frozenset[str]]:
        """Who has which of the taken sources through a product that gives it before, meanwhile and after."""
        taken = frozenset().union(*(each.before - each.after for each in self.made.values()))
        by_id = {each.id: each for each in self.made.values()}
        steady: dict[str, frozenset[str]] = {}
        for product in self.live.of_kind(DATA_PRODUCT.name):
            movement = by_id.get(product.id)
            if not is_active(product) or (movement is not None and movement.moves):
                continue
            held = sources_of(product)
            if held is None:
                held = self.evidence.contents.get(product.id, frozenset())
            given = (held if movement is None else movement.before & movement.after) & taken
            for source in given:
                steady[source] = steady.get(source, frozenset()) | (self._members(product) or frozenset())
        return steady


def _together(pairs: Iterable[Pairs]) -> Pairs:
    found: set[tuple[str, str]] = set()
    for one in pairs:
        if one is None:
            return None
        found |= one
    return frozenset(found)


def _most_people_first(each: Reliance) -> tuple[bool, int, Address, Address]:
    """Where two cannot both be had, the one that is about more; what is not known may be about the most."""
    return (each.pairs is not None, -len(each.pairs or ()), each.change, each.on)


def _waits_for(needs: Mapping[Address, tuple[Address, ...]], one: Address, other: Address) -> bool:
    """Whether one change waits for the other, be it through more of them."""
    seen, pending = set[Address](), [one]
    while pending:
        address = pending.pop()
        if address == other:
            return True
        if address not in seen:
            seen.add(address)
            pending.extend(needs.get(address, ()))
    return False


def _gaps(
    plan: Plan, live: LiveState, left: Iterable[Reliance], assured: set[tuple[str, str]]
) -> Iterator[Finding]:
    """What there is to say about those who are without something for a while."""
    moved = movements(plan, live)
    for each in left:
        without = None if each.pairs is None else each.pairs - assured
        if without is not None and not without:
            continue
        change = plan.by_address[each.change]
        taking, giving = moved[each.change], moved[each.on]
        ids = (
            (taking.before & giving.after) - giving.before if without is None else {one for _, one in without}
        )
        names = sorted({str(one) for one in taking.removed if one.id in ids})
        yield Finding(
            "access-gap",
            Severity.WARNING,
            f"{_people(without)} will be without {_listed(names)} for a while: this change takes it before {each.on} "
            "gives it, because that one has to come later. If that one fails, they stay without.",
            "To go without the gap, make it two steps: let this product keep that until the other one gives it, apply, "
            "then take it away here, and apply again.",
            change.origin,
            change.address,
        )


def _people(pairs: Pairs) -> str:
    if pairs is None:
        return "People (how many is not known)"
    number = len({member for member, _ in pairs})
    return "1 person" if number == 1 else f"{number} people"


def _listed(names: list[str]) -> str:
    rest = len(names) - _LISTED
    if rest > 0:
        return f"{', '.join(names[:_LISTED])} and {rest} more"
    return ", ".join(names)

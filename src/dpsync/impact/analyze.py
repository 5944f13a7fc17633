"""Analysing: who gains and who loses by each change, once all that is to be made is made.

A module of its own because it is the one place that decides what "loses" means. Somebody loses a source by a change if the
change takes it out of their product and no other product gives it to them when everything is done; somebody gains one if
no product gave it to them before. So the changes of a plan together say exactly what the plan does: two that take away
somebody's last two grants of a source both list it. A change that is held back is judged as if it came on top of the
others. Who cannot be known counts on the risky side: as losing, as keeping nothing, as gaining.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dpsync.impact.movement import NOTHING, Movement, is_active, may_have_members, movements, sources_of
from dpsync.impact.reach import forms_concerned
from dpsync.kinds import KINDS
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.impact import Audience, Evidence, Impact, People, SourceImpact
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import LiveResource
from dpsync.model.state import LiveState, Person

_MOVED = "whether members keep access when a product moves to another domain is not known"
_UNREAD = "what the product gives its members could not be read"

_Grants = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By source and member up to two products that give the one to the other, those with the first titles."""


def analyze(plan: Plan, live: LiveState, evidence: Evidence, held: frozenset[Address] = frozenset()) -> Plan:
    """The plan with the impact of each change of a written kind, blocked ones too.

    `held` are changes that will not be made, besides those that are blocked.
    """
    moved = movements(plan, live)
    made = [
        moved[change.address]
        for change in plan.applicable
        if change.address in moved and change.address not in held
    ]
    weighing = _Weighing(
        live,
        evidence,
        moved,
        {each.id: each for each in made if each.product is not None},
        nearby=plan.part is not None and plan.owned is None,
    )
    return replace(plan, changes=tuple(weighing.weighed(change) for change in plan.changes))


@dataclass(frozen=True)
class _Weighing:
    """One analysis: what is live, what was read about it, and the movements, `made` by product id those that come true."""

    live: LiveState
    evidence: Evidence
    moved: Mapping[Address, Movement]
    made: Mapping[str, Movement]
    nearby: bool = False

    def weighed(self, change: Change) -> Change:
        """The change with its impact; one of a kind that is never written has none."""
        kind = KINDS.get(change.kind)
        if kind is None or not kind.written:
            return change
        movement = self.moved.get(change.address)
        found = self._of_product(change, movement) if movement is not None else self._of_form(change)
        return replace(change, impact=found)

    # -- products ----------------------------------------------------------------------------------------------------

    def _of_product(self, change: Change, movement: Movement) -> Impact:
        product = movement.product
        audience = self._audience(product) if product is not None else Audience()
        members = None if audience is None else audience.members
        gained = tuple(self._gain(one, movement, members) for one in movement.added)
        lost = tuple(self._loss(one, movement, members) for one in movement.removed)
        touched = members if movement.touches_access else frozenset()
        return Impact(
            gained,
            lost,
            touched,
            ended=self._ended(movement, members),
            exceptions=_exceptions(movement, audience),
            pending=_pending(change, movement),
            uncertain=_uncertain(movement),
            everywhere=self.evidence.everywhere,
            nearby=self.nearby,
            names=self._names(touched, (*gained, *lost)),
        )

    def _gain(self, source: SourceReference, movement: Movement, members: People) -> SourceImpact:
        identity = source.id or ""
        given = members if identity in movement.after - movement.before else frozenset()
        people, keepers, through = _apart(given, self._before.get(identity, {}), movement, self._titles)
        return SourceImpact(
            source,
            people,
            keepers,
            through,
            self.evidence.tags.get(identity),
            self.evidence.column_tags.get(identity, ()),
            self.evidence.columns.get(identity, ()),
            is_new=identity not in self._held_somewhere,
        )

    def _loss(self, source: SourceReference, movement: Movement, members: People) -> SourceImpact:
        identity = source.id or ""
        taken = members if identity in movement.before - movement.after else frozenset()
        return SourceImpact(source, *_apart(taken, self._after.get(identity, {}), movement, self._titles))

    @staticmethod
    def _ended(movement: Movement, members: People) -> int | None:
        if not movement.deletes or movement.product is None:
            return 0
        return len(members) if members is not None else movement.product.accesses.approved

    def _audience(self, product: LiveResource) -> Audience | None:
        return self.evidence.audiences.get(product.id) if may_have_members(product) else Audience()

    # -- who has what ------------------------------------------------------------------------------------------------

    @cached_property
    def _products(self) -> tuple[LiveResource, ...]:
        """All live products, by title."""
        return tuple(sorted(self.live.of_kind(DATA_PRODUCT.name), key=lambda one: (one.title, one.id)))

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        return {one.id: one.title for one in self._products}

    @cached_property
    def _held_somewhere(self) -> frozenset[str]:
        """The added sources that are in a product now, be it suspended."""
        added = {one.id or "" for each in self.moved.values() for one in each.added}
        return frozenset(source for one in self._products for source in added & self._sources(one))

    def _sources(self, product: LiveResource) -> frozenset[str]:
        known = sources_of(product)
        return known if known is not None else self.evidence.contents.get(product.id, NOTHING)

    @cached_property
    def _before(self) -> _Grants:
        """Who has which of the touched sources now."""
        return self._granted(lambda one: self._sources(one) if is_active(one) else NOTHING)

    @cached_property
    def _after(self) -> _Grants:
        """Who has which of them when everything is made. A product that moves is not relied on to give anything."""

        def given(one: LiveResource) -> frozenset[str]:
            movement = self.made.get(one.id)
            if movement is None:
                return self._sources(one) if is_active(one) else NOTHING
            return NOTHING if movement.moves else movement.after

        return self._granted(given)

    def _granted(self, given: Callable[[LiveResource], frozenset[str]]) -> _Grants:
        grants: dict[str, dict[str, tuple[str, ...]]] = {source: {} for source in self._concerned}
        for product in self._products:
            audience = self._audience(product)
            if audience is None or not audience.members:
                continue
            for source in given(product) & self._concerned.keys():
                by_member = grants[source]
                for member in audience.members & self._concerned[source]:
                    by_member[member] = (*by_member.get(member, ()), product.id)[:2]
        return grants

    @cached_property
    def _concerned(self) -> Mapping[str, frozenset[str]]:
        """Who may start or stop to have a source, by its id; nobody else's grants are looked at."""
        found: dict[str, set[str]] = {}
        for each in self.moved.values():
            audience = self._audience(each.product) if each.product is not None else None
            if audience is None:
                continue
            for source in each.touched:
                found.setdefault(source, set()).update(audience.members)
        return {source: frozenset(members) for source, members in found.items()}

    # -- forms and agreements ----------------------------------------------------------------------------------------

    def _of_form(self, change: Change) -> Impact:
        forms = forms_concerned(change, self.live)
        reached = self.evidence.reached
        if forms is None or not reached.keys() >= forms:
            return Impact(pending=None, products=None)
        products = frozenset().union(*(reached[form] for form in forms))
        live = [self.live.by_id.get((DATA_PRODUCT.name, one)) for one in products]
        return Impact(
            pending=_sum(None if one is None else one.accesses.pending for one in live),
            products=len(products),
        )

    # -- names -------------------------------------------------------------------------------------------------------

    def _names(self, members: People, sources: Iterable[SourceImpact]) -> Mapping[str, str]:
        ids = {*(members or ())}.union(
            *(one.people or () for one in sources), *(one.keepers for one in sources)
        )
        return {one: self._called[one] for one in sorted(ids) if one in self._called}

    @cached_property
    def _called(self) -> Mapping[str, str]:
        """What people are called: by name, with the username where two share one."""
        known = {person.id: person for person in self.live.catalog.people} | dict(self.evidence.people)
        shared = Counter(person.name for person in known.values())
        return {one: _called(person, shared[person.name] > 1) for one, person in known.items()}


def _apart(
    members: People,
    grants: Mapping[str, tuple[str, ...]],
    movement: Movement,
    titles: Mapping[str, str],
) -> tuple[People, frozenset[str], tuple[str, ...]]:
    """Those to whom it makes a difference; those to whom another product gives it; and through which ones."""
    if members is None:
        return None, frozenset(), ()
    through = {
        member: other
        for member in members
        if (other := _other_than(movement.id, grants.get(member, ()))) is not None
    }
    keepers = frozenset(through)
    return members - keepers, keepers, tuple(sorted({titles[one] for one in through.values()}))


def _other_than(product: str, givers: Collection[str]) -> str | None:
    return next((one for one in givers if one != product), None)


def _exceptions(movement: Movement, audience: Audience | None) -> int | None:
    """How many masking exceptions end.

    Which sources they are about is not told, so with a source only none is a number; nor is what suspending does to them.
    """
    if movement.deletes or movement.moves:
        return None if audience is None else audience.exceptions
    if not movement.removed or (audience is not None and not audience.exceptions):
        return 0
    return None


def _pending(change: Change, movement: Movement) -> int | None:
    """How many requests wait that the change ends or concerns."""
    if movement.product is None:
        return 0
    concerned = movement.deletes or movement.moves or movement.suspends or Effect.REVIEW in change.effects
    return movement.product.accesses.pending if concerned else 0


def _uncertain(movement: Movement) -> str:
    product = movement.product
    if product is None or not is_active(product):
        return ""
    if movement.deletes and sources_of(product) is None:
        return _UNREAD
    return _MOVED if movement.moves else ""


def _sum(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _called(person: Person, is_shared: bool) -> str:
    name = person.name or person.username or person.id
    return f"{name} ({person.username})" if is_shared and person.name and person.username else name

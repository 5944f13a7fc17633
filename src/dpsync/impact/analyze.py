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
from dataclasses import replace
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

_Grants = Mapping[str, tuple[str, ...]]
"""By member up to two products that give them a source, those with the first titles."""


def analyze(plan: Plan, live: LiveState, evidence: Evidence, held: frozenset[Address] = frozenset()) -> Plan:
    """The plan with the impact of each change of a written kind, blocked ones too.

    `held` are changes that will not be made, besides those that are blocked.
    """
    return Weighing(plan, live, evidence, held).plan


class Weighing:
    """A plan with the impact of each change, of which more and more changes are held back.

    Holding one back makes a difference to others only where they take a source that it would have given or taken too: only
    those are weighed anew, so that a chain of products, each of which relies on the next, costs as much as its length.
    """

    def __init__(
        self, plan: Plan, live: LiveState, evidence: Evidence, held: frozenset[Address] = frozenset()
    ) -> None:
        self.live, self.evidence = live, evidence
        self.moved = movements(plan, live)
        self._made: dict[str, Movement] = {}
        for change in plan.applicable:
            movement = self.moved.get(change.address)
            if movement is not None and movement.product is not None and change.address not in held:
                self._made[movement.id] = movement
        self._before: dict[str, _Grants] = {}
        self._after: dict[str, _Grants] = {}
        self._plan = plan
        self._nearby = plan.part is not None and plan.owned is None
        self._changes = {change.address: self._weighed(change) for change in plan.changes}

    @property
    def plan(self) -> Plan:
        """The plan as it is weighed by now."""
        return replace(self._plan, changes=tuple(self._changes.values()))

    def hold(self, addresses: Iterable[Address]) -> tuple[Change, ...]:
        """Take these changes as not made; answers those whose impact may be another by that, weighed anew."""
        concerned: dict[Address, None] = {}
        for address in addresses:
            movement = self.moved.get(address)
            if movement is None or movement.product is None or self._made.pop(movement.id, None) is None:
                continue
            for source in _given_when_made(movement) ^ self._given_now(movement.product):
                self._after.pop(source, None)
                concerned |= dict.fromkeys(self._taking.get(source, ()))
        for address in concerned:
            self._changes[address] = self._weighed(self._changes[address])
        return tuple(self._changes[address] for address in concerned)

    def _weighed(self, change: Change) -> Change:
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
            nearby=self._nearby,
            names=self._names(touched, (*gained, *lost)),
        )

    def _gain(self, source: SourceReference, movement: Movement, members: People) -> SourceImpact:
        identity = source.id or ""
        given = members if identity in movement.after - movement.before else frozenset()
        people, keepers, through = _apart(given, self._granted_before(identity), movement, self._titles)
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
        return SourceImpact(source, *_apart(taken, self._granted_after(identity), movement, self._titles))

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

    def _given_now(self, product: LiveResource) -> frozenset[str]:
        return self._sources(product) if is_active(product) else NOTHING

    def _given_then(self, product: LiveResource) -> frozenset[str]:
        movement = self._made.get(product.id)
        return self._given_now(product) if movement is None else _given_when_made(movement)

    def _granted_before(self, source: str) -> _Grants:
        """Who has a source now."""
        found = self._before.get(source)
        if found is None:
            found = self._before[source] = self._granted(source, self._given_now)
        return found

    def _granted_after(self, source: str) -> _Grants:
        """Who has it when everything is made."""
        found = self._after.get(source)
        if found is None:
            found = self._after[source] = self._granted(source, self._given_then)
        return found

    def _granted(self, source: str, given: Callable[[LiveResource], frozenset[str]]) -> _Grants:
        by_member: dict[str, tuple[str, ...]] = {}
        wanted = self._concerned.get(source, NOTHING)
        for product in self._giving.get(source, ()):
            audience = self._audience(product)
            if audience is None or not audience.members or source not in given(product):
                continue
            for member in audience.members & wanted:
                by_member[member] = (*by_member.get(member, ()), product.id)[:2]
        return by_member

    @cached_property
    def _giving(self) -> Mapping[str, tuple[LiveResource, ...]]:
        """The products, by title, that give a source which somebody may start or stop to have, be it now or then."""
        then = {each.id: each.after for each in self.moved.values()}
        found: dict[str, list[LiveResource]] = {}
        for product in self._products:
            for source in (self._sources(product) | then.get(product.id, NOTHING)) & self._concerned.keys():
                found.setdefault(source, []).append(product)
        return {source: tuple(products) for source, products in found.items()}

    @cached_property
    def _taking(self) -> Mapping[str, tuple[Address, ...]]:
        """The changes that take a source from the members of their product."""
        found: dict[str, list[Address]] = {}
        for address, movement in self.moved.items():
            for source in movement.before - movement.after:
                found.setdefault(source, []).append(address)
        return {source: tuple(addresses) for source, addresses in found.items()}

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


def _given_when_made(movement: Movement) -> frozenset[str]:
    """What a product gives once its change is made. One that moves is not relied on to give anything."""
    return NOTHING if movement.moves else movement.after


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

"""An apply that is stopped anywhere, and run again, ends as one that was not.

The door to the marketplace closes for good at one write: before it took effect, or just after, so that its answer is lost.
Then everything is planned and applied afresh, which is what a person does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from dpsync.model.outcome import Result
from dpsync.model.plan import Plan
from dpsync.sandbox.seed import random_world
from laws.budget import IS_LONG, law
from laws.estates import Estate, _join, estates, in_files
from laws.markets import Applied, Document, Market, market

Closes = Literal["before", "after"]
MOMENTS: tuple[Closes, ...] = ("before", "after")


Reached = frozenset[tuple[str, str]]
"""Pairs of a user and a source."""


def reached(one: Market) -> Reached:
    return frozenset((user, source) for _product, user, source in one.store.access_pairs())


def gaps(plan: Plan) -> Reached:
    """Whose access to what the plan says is interrupted on the way: everybody's to what such a change takes."""
    flagged = {finding.address for finding in plan.findings if finding.rule == "access-gap"}
    impacts = [change.impact for change in plan.changes if change.address in flagged and change.impact]
    return frozenset(
        (person, str(lost.source.id))
        for impact in impacts
        for lost in impact.lost
        for person in (lost.people or frozenset()) | lost.keepers
    )


def nobody_is_without(lasting: Reached, plan: Plan, *runs: Applied) -> None:
    """At no moment is anybody without what they have before and at the end, but where the plan said so."""
    for run in runs:
        for write in run.written:
            now = frozenset((user, source) for _product, user, source in write.access)
            assert lasting - gaps(plan) <= now, (write.method, write.path)


def stopped_everywhere(one: Market, estate: Estate, closes: Closes, chance: int) -> None:
    """Apply the second revision; then again from the same start for each write at which it can be stopped."""
    files = in_files(estate.second)
    with one.as_it_is() as start:
        plan = one.plan(files, prune=estate.prune)
        before = reached(one)
        straight = one.apply(plan)
        assert straight.bad == []
        expected = one.store.snapshot()
        lasting = before & reached(one)
        nobody_is_without(lasting, plan, straight)
        numbers = range(1, straight.tried + 1)
        for number in numbers if IS_LONG else [n for n in numbers if n % 4 == chance % 4]:
            start.restore()
            broken = one.apply(plan, closes_at=number, closes=closes)
            assert len(broken.written) == (number if closes == "after" else number - 1)
            assert broken.results(Result.STALE) == ()
            assert any(outcome.message for outcome in broken.outcomes)
            again = one.plan(files, prune=estate.prune)
            rest = one.apply(again)
            assert rest.bad == []
            nobody_is_without(lasting - gaps(again), plan, broken, rest)
            assert one.store.snapshot() == expected
            assert one.plan(files, prune=estate.prune).applicable == ()


@pytest.mark.parametrize("closes", MOMENTS)
def test_stopped_after_any_write_and_run_again_ends_in_the_same_state(closes: Closes) -> None:
    @law(0.5)
    @given(estates(most=4), st.integers(0, 3))
    def stopped(estate: Estate, chance: int) -> None:
        with market(estate.world) as one:
            one.apply(one.plan(in_files(estate.first), prune=estate.prune))
            estate.by_hand(one.store)
            stopped_everywhere(one, estate, closes, chance)

    stopped()


@law(0.5)
@given(estates(most=4), st.integers(1, 12), st.sampled_from(MOMENTS))
def test_nobody_loses_access_for_good_because_an_apply_was_stopped(
    estate: Estate, number: int, closes: Closes
) -> None:
    """Whoever has access before and after an apply that is not stopped, has it at every moment of one that is."""
    files = in_files(estate.second)
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        estate.by_hand(one.store)
        with one.as_it_is() as start:
            plan = one.plan(files, prune=estate.prune)
            before = one.store.access_pairs()
            one.apply(plan)
            lasting = before & one.store.access_pairs()
            start.restore()
            broken = one.apply(plan, closes_at=number, closes=closes)
            again = one.apply(one.plan(files, prune=estate.prune))
            for write in (*broken.written, *again.written):
                assert lasting <= write.access, (write.method, write.path)


@law(0.5)
@given(estates(most=4), st.integers(1, 12))
def test_an_answer_that_is_lost_once_makes_no_difference(estate: Estate, number: int) -> None:
    """The write took effect and its answer was lost; the client finds that out by itself."""
    files = in_files(estate.second)
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        estate.by_hand(one.store)
        with one.as_it_is() as start:
            plan = one.plan(files, prune=estate.prune)
            one.apply(plan)
            expected = one.store.snapshot()
            start.restore()
            assert one.apply(plan, loses=number).bad == []
            assert one.store.snapshot() == expected


# Sources that wander between products with the same members.

NAMES: Final = ("Ants", "Bees", "Cats", "Dogs")
KEYS: Final = ("one", "two", "three")


@dataclass(frozen=True)
class Product:
    """What is declared of a product; with no name it is not declared."""

    name: str | None
    sources: tuple[int, ...]
    active: bool

    def document(self, key: str, domain: str) -> Document:
        spec: dict[str, Any] = {
            "name": self.name,
            "domain": {"name": domain},
            "sources": [{"id": str(source)} for source in self.sources],
            "requestForm": {"name": "Form 2"},
            "lifecycle": "active" if self.active else "suspended",
        }
        metadata = {"name": key}
        return {"apiVersion": "dpsync/v1beta1", "kind": "DataProduct", "metadata": metadata, "spec": spec}


@dataclass(frozen=True)
class Rearrangement:
    """Three products before and after, and who is in which: bits, one for each of three users."""

    first: tuple[Product, ...]
    second: tuple[Product, ...]
    members: tuple[int, ...]

    def prepared(self, one: Market) -> None:
        """Make the first revision, and let people in."""
        assert one.apply(one.plan(in_one_file(self.first))).bad == []
        ids = {row["name"]: row["id"] for row in one.store.rows("SELECT id, name FROM products")}
        with one.store.transaction():
            for product, bits in zip(self.first, self.members, strict=True):
                for number, user in enumerate(WORLD.users[:3]):
                    if bits >> number & 1:
                        _join(one.store, ids[product.name], user.global_id)


WORLD: Final = random_world(3, 0)
DOMAIN: Final = max(WORLD.domains, key=lambda domain: len(domain.sources))


def in_one_file(products: tuple[Product, ...]) -> tuple[tuple[Document, ...], ...]:
    pairs = zip(KEYS, products, strict=True)
    return (tuple(each.document(key, DOMAIN.name) for key, each in pairs if each.name is not None),)


def rearranged(seed: int) -> Rearrangement:
    """A case that is all about sources that are passed on: small enough to be read, so that it need not shrink."""
    chance = random.Random(seed)

    def some() -> tuple[int, ...]:
        return tuple(chance.sample(DOMAIN.sources[:2], chance.randint(0, 2)))

    first = tuple(Product(name, some(), chance.random() < 0.8) for name in NAMES[:3])
    passed_on = chance.sample([each.sources for each in first], 3)
    names: list[str | None] = list(chance.sample(NAMES, 4) if chance.random() < 0.4 else NAMES)
    if chance.random() < 0.5:
        names[chance.randrange(3)] = None
    second = tuple(
        Product(name, chance.choice((passed, passed, some())), chance.random() < 0.8)
        for name, passed in zip(names, passed_on, strict=False)
    )
    members = tuple(chance.choice((7, 7, 7, 5, 2, 0)) for _ in range(3))
    return Rearrangement(first, second, members)


@law()
@given(st.integers(0, 10**6).map(rearranged), st.sampled_from((1, 10)))
def test_whoever_keeps_a_source_through_another_product_is_never_without_it(
    case: Rearrangement, parallelism: int
) -> None:
    """And wherever that cannot be, the plan said so. Stopped after any write, and applied again, it is the same."""
    files = in_one_file(case.second)
    with market(WORLD, parallelism=parallelism) as one:
        case.prepared(one)
        with one.as_it_is() as start:
            plan = one.plan(files)
            before = reached(one)
            straight = one.apply(plan)
            assert straight.bad == []
            lasting = before & reached(one)
            nobody_is_without(lasting, plan, straight)
            event("somebody has a gap" if gaps(plan) else "nobody has a gap")
            expected = one.store.snapshot()
            settled = one.plan(files).applicable == ()
            for number in range(1, straight.tried + 1):
                start.restore()
                broken = one.apply(plan, closes_at=number, closes=MOMENTS[number % 2])
                again = one.plan(files)
                rest = one.apply(again)
                assert rest.bad == []
                nobody_is_without(lasting - gaps(again), plan, broken, rest)
                assert one.store.snapshot() == expected or not settled


def test_a_swap_of_sources_between_products_with_the_same_members_says_who_has_the_gap() -> None:
    one_source, other = DOMAIN.sources[:2]
    first = (Product("Ants", (one_source,), True), Product("Bees", (other,), True), Product("Cats", (), True))
    second = (
        Product("Ants", (other,), True),
        Product("Bees", (one_source,), True),
        Product("Cats", (), True),
    )
    case = Rearrangement(first, second, (7, 7, 0))
    with market(WORLD) as one:
        case.prepared(one)
        plan = one.plan(in_one_file(second))
        before = reached(one)
        assert [finding.rule for finding in plan.findings] == ["access-gap"]
        straight = one.apply(plan)
        assert straight.bad == []
        assert reached(one) == before
        assert [
            before - {(user, source) for _, user, source in each.access} for each in straight.written
        ] != [frozenset()] * 2
        nobody_is_without(before, plan, straight)


def test_a_source_that_moves_to_another_product_stays_where_it_is_if_that_one_fails() -> None:
    (source,) = DOMAIN.sources[:1]
    first = (Product("Ants", (source,), True), Product("Bees", (), True), Product("Cats", (), True))
    second = (Product("Ants", (), True), Product("Bees", (source,), True), Product("Cats", (), True))
    case = Rearrangement(first, second, (7, 7, 0))
    with market(WORLD) as one:
        case.prepared(one)
        plan = one.plan(in_one_file(second))
        before = reached(one)
        broken = one.apply(plan, closes_at=1)
        assert [str(outcome.result) for outcome in broken.outcomes] == ["skipped", "failed"]
        assert reached(one) == before

"""An apply that is stopped anywhere, and run again, ends as one that was not.

The door to the marketplace closes for good at one write: before it took effect, or just after, so that its answer is lost.
Then everything is planned and applied afresh, which is what a person does.
"""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync.model.outcome import Result
from laws.budget import IS_LONG, law
from laws.estates import Estate, estates, in_files
from laws.markets import Market, market

Closes = Literal["before", "after"]
MOMENTS: tuple[Closes, ...] = ("before", "after")


def stopped_everywhere(one: Market, estate: Estate, closes: Closes, chance: int) -> None:
    """Apply the second revision; then again from the same start for each write at which it can be stopped."""
    files = in_files(estate.second)
    with one.as_it_is() as start:
        plan = one.plan(files, prune=estate.prune)
        straight = one.apply(plan)
        assert straight.bad == []
        expected = one.store.snapshot()
        numbers = range(1, straight.tried + 1)
        for number in numbers if IS_LONG else [n for n in numbers if n % 4 == chance % 4]:
            start.restore()
            broken = one.apply(plan, closes_at=number, closes=closes)
            assert len(broken.written) == (number if closes == "after" else number - 1)
            assert broken.results(Result.STALE) == ()
            assert any(outcome.message for outcome in broken.outcomes)
            again = one.plan(files, prune=estate.prune)
            assert one.apply(again).bad == []
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

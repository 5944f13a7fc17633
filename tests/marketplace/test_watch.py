"""The watch ends what takes too long, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from dpsync.marketplace.watch import Watch
from marketplace.leaping import clock, leaping


def test_what_is_done_in_time_has_its_result() -> None:
    async def work() -> tuple[float, ...]:
        watch = Watch()

        async def take(seconds: float) -> float:
            await watch.within(10, asyncio.sleep(seconds))
            return clock()

        return await asyncio.gather(take(1), take(9), take(5))

    assert leaping(work())[0] == pytest.approx([1, 9, 5])


def test_each_is_ended_at_its_own_time() -> None:
    async def work() -> tuple[float, ...]:
        watch = Watch()

        async def take(limit: float) -> float:
            with pytest.raises(TimeoutError):
                await watch.within(limit, asyncio.sleep(1_000))
            return clock()

        async def again() -> float:
            await take(2)
            return await take(6)

        ended = await asyncio.gather(take(7), take(3), again(), take(7), take(5))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return ended

    assert leaping(work())[0] == pytest.approx([7, 3, 8, 7, 5])


def test_a_task_that_was_ended_goes_on_as_if_never_cancelled() -> None:
    async def work() -> None:
        watch, task = Watch(), asyncio.current_task()
        assert task is not None
        with pytest.raises(TimeoutError):
            await watch.within(1, asyncio.sleep(5))
        assert task.cancelling() == 0
        await asyncio.sleep(100)

        async def stubborn() -> str:
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                return "ended well all the same"
            return ""

        assert await watch.within(1, stubborn()) == "ended well all the same"
        assert task.cancelling() == 0

    leaping(work())


def test_an_error_of_the_work_is_raised_as_itself() -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError("wrong")

    async def work() -> None:
        with pytest.raises(ValueError, match="wrong"):
            await Watch().within(5, fail())

    leaping(work())


def test_who_is_cancelled_by_somebody_else_is_cancelled_also_at_the_very_moment() -> None:
    async def work() -> None:
        watch = Watch()
        for moment in (1.0, 5.0, 6.0):
            task = asyncio.create_task(watch.within(5, asyncio.sleep(100)))
            asyncio.get_running_loop().call_later(moment, task.cancel)
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, TimeoutError if moment > 5 else asyncio.CancelledError)

    leaping(work())


def test_the_timer_goes_with_the_watch() -> None:
    async def work() -> None:
        watch = Watch()
        await watch.within(1_000, asyncio.sleep(1))
        watch.stop()
        watch.stop()
        await watch.within(1_000, asyncio.sleep(1))

    leaping(work())

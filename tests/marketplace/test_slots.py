"""Slots that shrink and grow, alone and in a client that is told to ask less often."""

from __future__ import annotations

import asyncio

import httpx2

from dpsync.marketplace import ReadClient
from dpsync.marketplace.slots import ANSWERS_PER_SLOT, Slots
from dpsync.model.secret import Token
from marketplace.doorways import TOKEN, URL, run
from marketplace.leaping import clock, leaping


def answers(slots: Slots, number: int) -> None:
    for _ in range(number):
        slots.answered()


def test_what_may_be_held_halves_down_to_one() -> None:
    slots = Slots(10)
    limits = []
    for _ in range(5):
        slots.slow_down(slots.pace)
        limits.append(slots.limit)
    assert limits == [5, 2, 1, 1, 1]


def test_requests_that_were_under_way_together_count_once() -> None:
    slots = Slots(10)
    pace = slots.pace
    for _ in range(10):
        slots.slow_down(pace)
    assert slots.limit == 5


def test_answers_bring_the_slots_back_one_by_one_and_no_more_than_there_were() -> None:
    slots = Slots(4)
    slots.slow_down(slots.pace)
    answers(slots, ANSWERS_PER_SLOT - 1)
    assert slots.limit == 2
    answers(slots, 1)
    assert slots.limit == 3
    answers(slots, ANSWERS_PER_SLOT * 10)
    assert slots.limit == 4


def test_slowing_down_begins_the_count_of_answers_anew() -> None:
    slots = Slots(8)
    slots.slow_down(slots.pace)
    answers(slots, ANSWERS_PER_SLOT - 1)
    slots.slow_down(slots.pace)
    answers(slots, 1)
    assert slots.limit == 2


def test_those_who_hold_a_slot_keep_it_and_nobody_follows_until_there_is_room() -> None:
    async def several() -> list[int]:
        slots = Slots(4)
        held, most = 0, []
        go = asyncio.Event()

        async def hold(number: int) -> None:
            nonlocal held
            async with slots.taken():
                held += 1
                most.append(held)
                if number < 4:
                    await go.wait()
                else:
                    await asyncio.sleep(0)
                held -= 1

        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(hold(number))
            await asyncio.sleep(0)
            slots.slow_down(slots.pace)
            slots.slow_down(slots.pace)
            go.set()
        return most

    most = run(several())
    assert most[:4] == [1, 2, 3, 4]
    assert most[4:] == [1] * 8


def test_a_slot_that_comes_back_is_given_to_who_waits() -> None:
    async def several() -> int:
        slots = Slots(2)
        slots.slow_down(slots.pace)
        held = 0
        go = asyncio.Event()

        async def hold() -> None:
            nonlocal held
            async with slots.taken():
                held += 1
                await go.wait()

        tasks = [asyncio.create_task(hold()) for _ in range(2)]
        await asyncio.sleep(0)
        assert held == 1
        answers(slots, ANSWERS_PER_SLOT)
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        return held

    assert run(several()) == 2


def test_a_slot_is_not_lost_when_waiters_are_cancelled_while_it_is_slow() -> None:
    async def several() -> None:
        slots = Slots(2)
        slots.slow_down(slots.pace)
        go = asyncio.Event()

        async def hold() -> None:
            async with slots.taken():
                await go.wait()

        tasks = [asyncio.create_task(hold()) for _ in range(4)]
        await asyncio.sleep(0)
        tasks[0].cancel()  # its slot goes to the next,
        tasks[1].cancel()  # which does not take it
        await asyncio.sleep(0)
        tasks[2].cancel()
        go.set()
        await asyncio.wait_for(tasks[3], 5)
        async with asyncio.timeout(5), slots.taken():
            pass

    run(several())


def test_the_whole_run_slows_down_when_the_marketplace_says_so_and_picks_up_again() -> None:
    under_way = 0
    most: dict[str, int] = {"before": 0, "after": 0, "at last": 0}
    limited_at: float | None = None

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, limited_at
        under_way += 1
        phase = "before"
        if limited_at is not None:
            phase = "after" if clock() < limited_at + 12 else "at last"
        most[phase] = max(most[phase], under_way)
        await asyncio.sleep(1)
        under_way -= 1
        if 4 < clock() <= 5:
            limited_at = clock()
            return httpx2.Response(429, headers={"retry-after": "9"})
        assert limited_at is None or clock() >= limited_at + 9, "asked again before it was allowed"
        return httpx2.Response(200, json={})

    async def read() -> None:
        async with ReadClient(
            URL, Token(TOKEN), transport=httpx2.MockTransport(answer), parallelism=8, clock=clock
        ) as client:
            await asyncio.gather(*(client.get("/api/auth/user") for _ in range(400)))

    leaping(read())
    assert most == {"before": 8, "after": 4, "at last": 8}

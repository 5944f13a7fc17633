"""The retry budget, alone and in a client: an outage ends soon, and what is only slow goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from dpsync.errors import MarketplaceError, Unreachable
from dpsync.marketplace import ReadClient, WriteClient
from dpsync.marketplace.budget import ANSWERS_PER_RETRY, MOST_RETRIES, RETRIES, RetryBudget
from dpsync.marketplace.client import ATTEMPTS
from dpsync.model.call import Action, Call
from dpsync.model.secret import Token
from marketplace.doorways import TOKEN, URL
from marketplace.leaping import clock, leaping


def taken(budget: RetryBudget) -> int:
    count = 0
    while budget.take():
        count += 1
    return count


def test_a_run_has_some_retries_and_then_no_more() -> None:
    budget = RetryBudget()
    assert taken(budget) == RETRIES == budget.used
    assert not budget.take()


def test_answers_earn_retries() -> None:
    budget = RetryBudget(2)
    assert taken(budget) == 2
    for _ in range(ANSWERS_PER_RETRY - 1):
        budget.answered()
    assert not budget.take()
    budget.answered()
    assert taken(budget) == 1


def test_retries_are_saved_up_to_a_bound() -> None:
    budget = RetryBudget()
    for _ in range(ANSWERS_PER_RETRY * MOST_RETRIES * 3):
        budget.answered()
    assert taken(budget) == MOST_RETRIES


def test_a_limit_costs_nothing_while_something_is_answered_in_between() -> None:
    budget = RetryBudget(1)
    for _ in range(20):
        budget.answered()
        assert budget.take_when_limited()
    assert budget.take_when_limited()
    assert budget.take_when_limited()
    assert budget.take_when_limited()  # 1 to begin with, 2 for 20 answers
    assert not budget.take_when_limited()


# -- in a client -----------------------------------------------------------------------------------------------------


def client(transport: httpx2.AsyncBaseTransport, parallelism: int = 10, **more: Any) -> WriteClient:
    return WriteClient(
        URL,
        Token(TOKEN),
        transport=transport,
        parallelism=parallelism,
        jitter=lambda: 1.0,
        clock=clock,
        **more,
    )


def test_an_outage_ends_in_minutes_however_much_is_left_to_ask() -> None:
    asked = 0

    def out(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        return httpx2.Response(503, headers={"retry-after": "10"})

    async def read() -> list[Any]:
        async with client(httpx2.MockTransport(out)) as one:
            work = (one.get(f"/api/data-product/{number}") for number in range(2_000))
            return await asyncio.gather(*work, return_exceptions=True)

    errors, seconds = leaping(read())
    assert {type(error) for error in errors} == {Unreachable}
    assert asked == 2_000 + RETRIES
    assert seconds <= 60
    last = errors[-1]
    assert isinstance(last, MarketplaceError)
    assert last.message == (
        "GET /api/data-product/1999 was not answered: status 503. It is not tried again: 50 retries are what this run had, "
        "and all are used up."
    )
    assert last.remedy.startswith("The marketplace, or the way to it, fails too often. Wait until")


@pytest.mark.parametrize("parallelism", [1, 10, 32])
def test_as_many_as_may_be_under_way_survive_one_outage_together(parallelism: int) -> None:
    async def out(_request: httpx2.Request) -> httpx2.Response:
        if clock() < 7:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(200, json={})

    async def read() -> None:
        async with client(httpx2.MockTransport(out), parallelism) as one:
            await asyncio.gather(*(one.get("/api/auth/user") for _ in range(200)))

    leaping(read())


def test_one_failure_in_ten_does_not_end_a_run() -> None:
    asked = 0

    def answered(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        return httpx2.Response(503 if asked % 11 == 0 else 200, json={})

    async def read() -> None:
        async with client(httpx2.MockTransport(answered)) as one:
            await asyncio.gather(*(one.get("/api/auth/user") for _ in range(5_000)))

    leaping(read())


def test_a_marketplace_that_lets_five_through_and_then_limits_is_slow_and_not_out_of_order() -> None:
    asked = 0

    def limited(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        return httpx2.Response(429 if asked % 6 == 0 else 200, json={}, headers={"retry-after": "1"})

    async def read() -> None:
        async with client(httpx2.MockTransport(limited)) as one:
            await asyncio.gather(*(one.get("/api/auth/user") for _ in range(2_000)))

    leaping(read())


def test_a_write_that_is_given_up_says_what_is_not_known() -> None:
    async def out(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("reset")

    async def nothing_there() -> bool:
        return False

    async def write(call: Call, *, settles: bool) -> str:
        budget = RetryBudget(1)
        async with client(httpx2.MockTransport(out), budget=budget) as one:
            with pytest.raises(Unreachable) as caught:
                await one.send(call, settled=nothing_there if settles else None)
        return caught.value.message

    put = Call(Action.UPDATE, "PUT", "/api/data-product/x", {"name": "New"})
    post = Call(Action.CREATE, "POST", "/api/data-product", {"id": "x"})
    used_up = "It is not tried again: 1 retries are what this run had, and all are used up. "
    assert leaping(write(put, settles=False))[0].endswith(used_up + "Whether it took effect is not known.")
    assert leaping(write(post, settles=True))[0].endswith(
        used_up + "It was looked up, and had not taken effect."
    )


def test_two_clients_of_one_run_can_share_a_budget() -> None:
    async def out(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async def read() -> int:
        budget = RetryBudget(ATTEMPTS)
        for _ in range(2):
            async with ReadClient(
                URL, Token(TOKEN), transport=httpx2.MockTransport(out), budget=budget, clock=clock
            ) as one:
                with pytest.raises(Unreachable):
                    await one.get("/api/auth/user")
        return budget.used

    assert leaping(read())[0] == ATTEMPTS

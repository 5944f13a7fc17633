"""How a run ends before its time, and how a change is told from one that did not take: deadlines, goodbyes, late reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from io import FileIO
from pathlib import Path

import pytest

from apply.memory_marketplace import (
    DeafMarketplace,
    Heard,
    MemoryMarketplace,
    SlowToNotice,
    Time,
    a_plan,
    at_once,
    create,
    delete,
    live,
    results,
    sources,
    update,
)
from apply.test_journal import a_journal, lines
from dpsync.apply.execute import PAUSES, execute
from dpsync.apply.journal import AnyJournal, NoJournal
from dpsync.apply.limits import DEADLINES, Deadlines
from dpsync.apply.writer import open_gate
from dpsync.errors import Forbidden
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.resource import LiveResource

Arrive = Callable[[Call, Change], Awaitable[None]]


def timed(
    plan: Plan,
    here: MemoryMarketplace,
    time: Time,
    deadlines: Deadlines = DEADLINES,
    *,
    parallelism: int = 1,
) -> tuple[Outcome, ...]:
    """Apply by this clock."""
    return asyncio.run(
        execute(
            plan,
            here,
            NoJournal(),
            Heard(),
            gate=open_gate,
            parallelism=parallelism,
            deadlines=deadlines,
            clock=time.clock,
            sleep=time.sleep,
        )
    )


def taking(time: Time, seconds: float) -> Arrive:
    """Every write takes so long."""

    async def arrive(_call: Call, _change: Change) -> None:
        time.now += seconds

    return arrive


# Deadlines


def test_a_change_that_takes_too_long_sends_no_further_call_and_says_what_was_sent() -> None:
    old, time = live("old"), Time()
    here = MemoryMarketplace(old)
    here.arrive = taking(time, 700)
    plan = a_plan(update(old, name="New", sources=sources("3")), create("other"))
    first, other = timed(plan, here, time)
    assert (first.result, first.calls) == (Result.FAILED, 1)
    assert first.message == (
        "It took longer than the 600 seconds that a change may take. "
        "Confirmed: PUT /product/id-old. Not sent: PUT /product/id-old/sources."
    )
    assert first.remedy == "Run apply again; it continues with what is left."
    assert other.result is Result.DONE
    assert here.writes == ["PUT old", "POST other"]


def test_a_last_call_that_takes_too_long_is_read_back_and_done() -> None:
    time, here = Time(), MemoryMarketplace()
    here.arrive = taking(time, 700)
    assert results(timed(a_plan(create("slow")), here, time)) == {"slow": "done"}


def test_a_change_of_which_already_the_reading_takes_too_long_sends_nothing() -> None:
    time = Time()

    class Slow(MemoryMarketplace):
        async def read(self, change: Change) -> LiveResource | None:
            time.now += 5
            return await super().read(change)

    here = Slow()
    (outcome,) = timed(a_plan(create("slow")), here, time, Deadlines(change=1))
    assert outcome.result is Result.FAILED
    assert (
        outcome.message == "It took longer than the 1 second that a change may take. Nothing of it was sent."
    )
    assert here.writes == []


def test_after_the_deadline_of_the_run_nothing_new_is_begun_and_what_was_begun_is_completed() -> None:
    old, time = live("old"), Time()
    here = MemoryMarketplace(old)
    here.arrive = taking(time, 50)
    plan = a_plan(update(old, name="New", sources=sources("3")), create("next"), create("last", wave=1))
    outcomes = timed(plan, here, time, Deadlines(run=60))
    assert results(outcomes) == {"old": "done", "next": "skipped", "last": "skipped"}
    assert outcomes[2].message == "The 60 seconds that a run may take were over before this change."
    assert here.reads.count("next") == 0


# Late reads


@pytest.mark.parametrize("late", range(len(PAUSES) + 1))
def test_a_marketplace_that_answers_as_before_for_some_reads_is_read_again_until_it_does_not(
    late: int,
) -> None:
    old, gone, time = live("old"), live("gone"), Time()
    here = SlowToNotice(old, gone, late=late)
    plan = a_plan(
        create("new"),
        update(old, name="New", sources=sources("3")),
        delete(gone, wave=1),
    )
    assert results(timed(plan, here, time)) == {"new": "done", "old": "done", "gone": "done"}
    assert time.slept == list(PAUSES[:late]) * 3


def test_one_that_never_notices_is_told_as_failed_after_the_last_pause() -> None:
    old, time = live("old"), Time()
    (outcome,) = timed(a_plan(update(old, name="New")), SlowToNotice(old, late=99), time)
    assert outcome.result is Result.FAILED
    assert outcome.message == "The marketplace confirmed every call, but name reads back as 'Old', not 'New'."
    assert time.slept == list(PAUSES)


def test_nobody_reads_again_beyond_the_deadline_of_the_change() -> None:
    old, time = live("old"), Time()
    (outcome,) = timed(a_plan(update(old, name="New")), DeafMarketplace(old), time, Deadlines(change=1))
    assert outcome.result is Result.FAILED
    assert time.slept == [0.25, 0.5]


# Two at once


async def interleaved(one: Plan, other: Plan, *objects: LiveResource) -> tuple[Outcome, Outcome]:
    """Two applies to one marketplace: both read, the first writes, the second writes, both read back."""
    here, there = MemoryMarketplace(*objects), MemoryMarketplace()
    there.objects = here.objects
    both_have_read, first_wrote, second_wrote = asyncio.Barrier(2), asyncio.Event(), asyncio.Event()

    async def read_by_both(_change: Change) -> tuple[()]:
        await both_have_read.wait()
        return ()

    async def run(plan: Plan, writer: MemoryMarketplace) -> Outcome:
        (outcome,) = await execute(plan, writer, NoJournal(), Heard(), gate=read_by_both, sleep=at_once)
        return outcome

    async def waits(_call: Call, _change: Change) -> None:
        await first_wrote.wait()

    here_read, there_send = here.read, there.send

    async def reads_after_both(change: Change) -> LiveResource | None:
        if here.writes:
            first_wrote.set()
            await second_wrote.wait()
        return await here_read(change)

    async def sends(call: Call, change: Change) -> None:
        await there_send(call, change)
        second_wrote.set()

    there.arrive = waits
    here.read, there.send = reads_after_both, sends  # type: ignore[method-assign]
    return tuple(await asyncio.gather(run(one, here), run(other, there)))  # type: ignore[return-value]


def test_of_two_applies_that_collide_the_one_that_was_overwritten_says_with_what() -> None:
    old = live("old")
    mine, theirs = a_plan(update(old, name="Mine")), a_plan(update(old, name="Theirs"))
    first, second = asyncio.run(interleaved(mine, theirs, old))
    assert second.result is Result.DONE
    assert first.result is Result.FAILED
    assert first.message == (
        "The marketplace confirmed every call, but name reads back as 'Theirs', not 'Mine'. "
        "Somebody else has probably written at the same time, over what was sent: name 'Old' → 'Theirs'."
    )
    assert first.remedy.startswith("Find out who else writes this object")


def test_sources_that_another_apply_replaced_are_told_one_by_one() -> None:
    old = live("old")
    mine = a_plan(update(old, sources=sources("1", "2", "3")))
    theirs = a_plan(update(old, sources=sources("1", "2", "4")))
    first, second = asyncio.run(interleaved(mine, theirs, old))
    assert (first.result, second.result) == (Result.FAILED, Result.DONE)
    assert "sources reads back as a list of 3, not a list of 3 (without 4, with 3)" in first.message
    assert "over what was sent: sources a list of 2 → a list of 3 (with 4)." in first.message


def test_what_another_apply_did_beside_ours_stops_both_runs() -> None:
    """An update of other fields keeps ours, so that nothing is lost; but who else writes here has to be found out."""
    old = live("old")
    mine, theirs = a_plan(update(old, name="Mine")), a_plan(update(old, description="Theirs"))
    first, second = asyncio.run(interleaved(mine, theirs, old))
    assert (first.result, second.result) == (Result.FAILED, Result.FAILED)
    assert second.message == "Something moved that was not sent: name 'Old' → 'Mine'."
    assert first.message == "Something moved that was not sent: description 'About old' → 'Theirs'."


def test_an_object_that_another_apply_deleted_meanwhile_is_told_as_gone() -> None:
    old = live("old")
    first, second = asyncio.run(interleaved(a_plan(update(old, name="Mine")), a_plan(delete(old)), old))
    assert (first.result, second.result) == (Result.FAILED, Result.DONE)
    assert "over what was sent: it is gone." in first.message


# Goodbyes


class Ending:
    """A run that is interrupted when a write arrives; that write then never ends by itself."""

    def __init__(self, *objects: LiveResource, hangs: str = "old", at: int = 1) -> None:
        self.here = MemoryMarketplace(*objects)
        self.here.arrive = self._arrive
        self.stop = asyncio.Event()
        self.hangs, self.at = hangs, at
        self.hanging = asyncio.Event()
        self._arrived = 0

    async def _arrive(self, _call: Call, change: Change) -> None:
        if change.address.key != self.hangs:
            return
        self._arrived += 1
        if self._arrived == self.at:
            self.hanging.set()
            await asyncio.Event().wait()

    async def after_grace(self, plan: Plan, journal: AnyJournal, parallelism: int) -> tuple[Outcome, ...]:
        """Ask to stop as soon as the write hangs; the grace period is over at once."""
        time = Time()

        async def stopping() -> None:
            await self.hanging.wait()
            self.stop.set()

        asking = asyncio.create_task(stopping())
        outcomes = await self._run(plan, journal, parallelism, time.sleep)
        await asking
        assert time.slept == [DEADLINES.grace]
        return outcomes

    async def asked_twice(self, plan: Plan, journal: AnyJournal, parallelism: int) -> tuple[Outcome, ...]:
        """Ask to stop as soon as the write hangs, and then to end at once; the grace period never ends."""
        running = asyncio.create_task(self._run(plan, journal, parallelism, at_once))
        await self.hanging.wait()
        self.stop.set()
        await asyncio.sleep(0)
        running.cancel()
        return await running

    async def _run(
        self, plan: Plan, journal: AnyJournal, parallelism: int, sleep: Callable[[float], Awaitable[None]]
    ) -> tuple[Outcome, ...]:
        return await execute(
            plan,
            self.here,
            journal,
            Heard(),
            gate=open_gate,
            parallelism=parallelism,
            stop=self.stop,
            sleep=sleep,
        )


WAYS = ("after_grace", "asked_twice")


def ended(ending: Ending, way: str, plan: Plan, journal: AnyJournal, parallelism: int) -> dict[str, Outcome]:
    async def run() -> tuple[Outcome, ...]:
        return await getattr(ending, way)(plan, journal, parallelism)  # type: ignore[no-any-return]

    return {outcome.change.address.key: outcome for outcome in asyncio.run(run())}


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_does_not_end_is_given_up_and_nobody_claims_to_know_what_it_did(
    tmp_path: Path, way: str
) -> None:
    old = live("old")
    plan = a_plan(update(old, name="New", sources=sources("3")), create("next"), create("last", wave=1))
    with a_journal(tmp_path) as journal:
        found = ended(Ending(old), way, plan, journal, 1)
    assert {key: str(one.result) for key, one in found.items()} == {
        "old": "failed",
        "next": "skipped",
        "last": "skipped",
    }
    assert found["old"].message == (
        "The run was ended while PUT /product/id-old was on its way: it is not known whether it took effect. "
        "Not sent: PUT /product/id-old/sources."
    )
    assert found["old"].remedy.startswith("Run apply again: it looks first")
    assert found["next"].message == "The run was interrupted before this change."
    *_, begin, end, last = lines(journal)
    assert (begin["type"], end["type"], end["sequence"]) == ("begin", "end", begin["sequence"])
    assert "not known whether it took effect" in end["message"]
    assert last["type"] == "finished"


@pytest.mark.parametrize("way", WAYS)
def test_a_change_that_is_ended_at_its_second_call_says_that_the_first_was_confirmed(way: str) -> None:
    old = live("old")
    plan = a_plan(update(old, name="New", sources=sources("3")))
    found = ended(Ending(old, at=2), way, plan, NoJournal(), 1)["old"]
    assert (found.result, found.calls) == (Result.FAILED, 1)
    assert found.message == (
        "The run was ended while PUT /product/id-old/sources was on its way: "
        "it is not known whether it took effect. Confirmed: PUT /product/id-old."
    )


def test_who_ends_within_the_grace_period_is_done_beside_one_that_is_given_up() -> None:
    ending, others_ended = Ending(), asyncio.Event()

    class Telling(Heard):
        def ended(self, change: Change, result: str, message: str) -> None:
            super().ended(change, result, message)
            if self.told.count("done quick") + self.told.count("done other") == 2:
                others_ended.set()

    async def grace(_seconds: float) -> None:
        await others_ended.wait()

    async def stop_when_all_have_begun() -> tuple[Outcome, ...]:
        running = asyncio.create_task(later())
        await ending.hanging.wait()
        ending.stop.set()
        return await running

    async def later() -> tuple[Outcome, ...]:
        return await execute(
            a_plan(create("old"), create("quick"), create("other")),
            ending.here,
            NoJournal(),
            Telling(),
            gate=open_gate,
            stop=ending.stop,
            sleep=grace,
        )

    outcomes = asyncio.run(stop_when_all_have_begun())
    assert results(outcomes) == {"old": "failed", "quick": "done", "other": "done"}


def test_a_read_that_does_not_end_is_given_up_and_the_change_was_never_begun() -> None:
    reading = asyncio.Event()

    class Hanging(MemoryMarketplace):
        async def read(self, change: Change) -> LiveResource | None:
            reading.set()
            await asyncio.Event().wait()
            return await super().read(change)

    async def run() -> tuple[Outcome, ...]:
        plan = a_plan(create("new"))
        running = asyncio.create_task(
            execute(plan, Hanging(), NoJournal(), Heard(), gate=open_gate, sleep=at_once)
        )
        await reading.wait()
        running.cancel()
        return await running

    (outcome,) = asyncio.run(run())
    assert (outcome.result, outcome.message) == (
        Result.SKIPPED,
        "The run was interrupted before this change.",
    )


def test_a_change_that_is_ended_before_it_is_read_back_says_so() -> None:
    class Hanging(MemoryMarketplace):
        async def read(self, change: Change) -> LiveResource | None:
            if self.writes:
                reading.set()
                await asyncio.Event().wait()
            return await super().read(change)

    reading = asyncio.Event()

    async def run() -> tuple[Outcome, ...]:
        running = asyncio.create_task(
            execute(a_plan(create("new")), Hanging(), NoJournal(), Heard(), gate=open_gate, sleep=at_once)
        )
        await reading.wait()
        running.cancel()
        return await running

    (outcome,) = asyncio.run(run())
    assert (outcome.result, outcome.calls) == (Result.FAILED, 1)
    assert outcome.message == (
        "The run was ended before this change was read back. Confirmed: POST /product/id-new."
    )


def test_whoever_ends_in_time_hears_nothing_of_the_grace_period() -> None:
    old = live("old")
    here = MemoryMarketplace(old)

    async def run() -> tuple[Outcome, ...]:
        stop = asyncio.Event()

        async def arrive(_call: Call, _change: Change) -> None:
            stop.set()
            await asyncio.sleep(0)

        here.arrive = arrive
        plan = a_plan(update(old, name="New", sources=sources("3")))
        return await execute(
            plan, here, NoJournal(), Heard(), gate=open_gate, stop=stop, sleep=at_once, parallelism=1
        )

    assert results(asyncio.run(run())) == {"old": "done"}


def test_a_refusal_is_told_even_where_the_disk_is_too_full_to_write_it_down(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full, the disk that is always full")
    here = MemoryMarketplace()
    with a_journal(tmp_path) as journal, FileIO(full, "wb") as device:

        async def refuse(_call: Call, _change: Change) -> None:
            journal._file.close()
            journal._file = device
            raise Forbidden("The token may not do this.")

        here.arrive = refuse
        plan = a_plan(create("a"), create("b"))
        outcomes = asyncio.run(
            execute(plan, here, journal, Heard(), gate=open_gate, parallelism=1, sleep=at_once)
        )
    assert results(outcomes) == {"a": "failed", "b": "failed"}
    assert outcomes[0].message == "The token may not do this."
    assert "cannot be written" in outcomes[1].message
    assert here.writes == []

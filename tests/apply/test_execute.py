"""What becomes of each change of a plan, against a marketplace in memory."""

from __future__ import annotations

import asyncio
from io import FileIO
from pathlib import Path

import pytest

from apply.memory_marketplace import (
    DeafMarketplace,
    ForgetfulMarketplace,
    Heard,
    MemoryMarketplace,
    a_plan,
    at_once,
    create,
    delete,
    live,
    product,
    results,
    sources,
    update,
)
from apply.test_journal import a_journal, clock, lines
from dpsync.apply.execute import execute
from dpsync.apply.journal import Journal, NoJournal
from dpsync.apply.writer import open_gate
from dpsync.errors import Forbidden, MarketplaceError, NotAuthenticated, Unreachable
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.resource import LiveResource


def applied(
    plan: Plan,
    writer: MemoryMarketplace,
    progress: Heard | None = None,
    *,
    parallelism: int = 10,
    stop: asyncio.Event | None = None,
) -> tuple[Outcome, ...]:
    return asyncio.run(
        execute(
            plan,
            writer,
            NoJournal(),
            progress or Heard(),
            gate=open_gate,
            parallelism=parallelism,
            stop=stop,
            sleep=at_once,
        )
    )


def only(outcomes: tuple[Outcome, ...]) -> Outcome:
    (outcome,) = outcomes
    return outcome


# What a run does


def test_an_empty_plan_asks_and_writes_nothing() -> None:
    here = MemoryMarketplace()
    assert applied(a_plan(), here) == ()
    assert here.reads == []


def test_a_create_an_update_and_a_delete_are_made_and_each_is_read_twice() -> None:
    old, gone = live("old"), live("gone")
    here = MemoryMarketplace(old, gone)
    plan = a_plan(
        create("new"),
        update(old, description="Better", sources=sources("2", "3")),
        delete(gone, wave=1),
    )
    outcomes = applied(plan, here)
    assert results(outcomes) == {"new": "done", "old": "done", "gone": "done"}
    assert [outcome.calls for outcome in outcomes] == [1, 2, 1]
    assert here.spec("old") == product("old", description="Better", sources=sources("2", "3"))
    assert sorted(here.objects) == ["id-new", "id-old"]
    assert sorted(here.reads) == ["gone", "gone", "new", "new", "old", "old"]


def test_waves_follow_each_other_and_outcomes_stand_in_the_order_of_the_plan() -> None:
    here = MemoryMarketplace()
    plan = a_plan(create("third", wave=7), create("first"), create("second", wave=2))
    assert list(results(applied(plan, here))) == ["third", "first", "second"]
    assert here.writes == ["POST first", "POST second", "POST third"]


def test_nothing_of_a_wave_begins_while_the_one_before_is_under_way() -> None:
    here = MemoryMarketplace()
    quick_has_ended = asyncio.Event()

    class Telling(Heard):
        def calling(self, change: Change, call: Call) -> None: ...

        def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

        def ended(self, change: Change, result: str, message: str) -> None:
            super().ended(change, result, message)
            quick_has_ended.set()

    async def arrive(_call: Call, change: Change) -> None:
        if change.address.key == "slow":
            await quick_has_ended.wait()

    here.arrive = arrive
    heard = Telling()
    applied(a_plan(create("slow"), create("quick"), create("later", wave=1)), here, heard)
    assert heard.told == [
        "started slow",
        "started quick",
        "done quick",
        "done slow",
        "started later",
        "done later",
    ]


@pytest.mark.parametrize("parallelism", [1, 3, 32])
def test_as_many_changes_as_allowed_are_under_way_at_once_and_never_more(parallelism: int) -> None:
    here = MemoryMarketplace()
    under_way, most = 0, 0

    async def run() -> tuple[Outcome, ...]:
        together = asyncio.Barrier(parallelism)  # opens only when as many as allowed have come

        async def arrive(_call: Call, _change: Change) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await together.wait()
            under_way -= 1

        here.arrive = arrive
        plan = a_plan(*(create(f"p{number}") for number in range(parallelism * 4)))
        return await execute(plan, here, NoJournal(), Heard(), gate=open_gate, parallelism=parallelism)

    outcomes = asyncio.run(run())
    assert {outcome.result for outcome in outcomes} == {Result.DONE}
    assert most == parallelism


@pytest.mark.parametrize("parallelism", [0, 33])
def test_a_parallelism_out_of_bounds_is_a_fault(parallelism: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 32"):
        applied(a_plan(create("new")), MemoryMarketplace(), parallelism=parallelism)


def test_progress_hears_of_every_change_and_of_skipped_ones_only_their_end() -> None:
    here, heard = MemoryMarketplace(live("one", product("one", name="Other"))), Heard()
    applied(
        a_plan(create("one"), create("two", wave=1, needs=("one",)), create("three", wave=1)), here, heard
    )
    assert heard.told == ["started one", "stale one", "skipped two", "started three", "done three"]


# What is not to be made any more


def test_a_create_of_what_exists_as_asked_is_already_done() -> None:
    here = MemoryMarketplace(live("new"))
    assert only(applied(a_plan(create("new")), here)).result is Result.ALREADY
    assert here.writes == []
    assert here.reads == ["new"]


def test_a_create_of_what_exists_otherwise_is_stale() -> None:
    here = MemoryMarketplace(live("new", product("new", description="By hand", sources=())))
    outcome = only(applied(a_plan(create("new")), here))
    assert outcome.result is Result.STALE
    assert outcome.message == (
        "It exists already, made by somebody since the plan (or by an earlier apply that broke off), and differs "
        "from the manifest: description is 'By hand', not 'About new'; sources is a list of 0, not a list of 2 "
        "(with 1, 2)."
    )
    assert here.writes == []


def test_an_update_that_somebody_made_already_is_done() -> None:
    before = live("old")
    here = MemoryMarketplace(live("old", product("old", name="New", sources=sources("2", "1"))))
    assert only(applied(a_plan(update(before, name="New")), here)).result is Result.ALREADY


def test_an_update_of_what_is_gone_is_stale() -> None:
    outcome = only(applied(a_plan(update(live("old"), name="New")), MemoryMarketplace()))
    assert (outcome.result, outcome.message) == (Result.STALE, "It is gone since the plan.")


def test_an_update_of_a_field_that_moved_is_stale_and_says_from_what_to_what() -> None:
    here = MemoryMarketplace(live("old", product("old", description="By hand")))
    outcome = only(applied(a_plan(update(live("old"), description="Better")), here))
    assert outcome.result is Result.STALE
    assert outcome.message == (
        "It was changed since the plan: description was 'About old' when planned, is 'By hand' now."
    )
    assert here.writes == []


def test_a_long_text_that_moved_is_told_from_where_it_differs() -> None:
    long = "All records of the fiscal year, by region and by customer, in euro. " * 3
    here = MemoryMarketplace(live("old", product("old", description=long + "For Ann.")))
    planned = live("old", product("old", description=long + "For Bob."))
    outcome = only(applied(a_plan(update(planned, description=None)), here))
    assert outcome.message == (
        "It was changed since the plan: "
        "description was …, in euro. For Bob.' when planned, is …, in euro. For Ann.' now."
    )


def test_an_update_does_not_mind_that_an_unmanaged_field_moved() -> None:
    here = MemoryMarketplace(live("old", product("old", description="By hand")))
    assert only(applied(a_plan(update(live("old"), name="New")), here)).result is Result.DONE
    assert here.spec("old").description == "By hand"


def test_an_update_is_made_beside_a_managed_field_that_moved_and_says_that_more_is_to_do() -> None:
    here = MemoryMarketplace(live("old", product("old", sources=sources("1", "2", "9"))))
    outcome = only(applied(a_plan(update(live("old"), name="New")), here))
    assert here.spec("old") == product("old", name="New", sources=sources("1", "2", "9"))
    assert (outcome.result, outcome.calls) == (Result.FAILED, 1)
    assert outcome.message == (
        "The marketplace confirmed every call, but sources is a list of 3, not a list of 2 (without 9): "
        "changed by somebody since the plan, and not part of this change."
    )


def test_replacing_sources_is_stale_if_any_source_came_or_went() -> None:
    here = MemoryMarketplace(live("old", product("old", sources=sources("1", "7"))))
    outcome = only(applied(a_plan(update(live("old"), sources=sources("1", "2", "3"))), here))
    assert outcome.result is Result.STALE
    assert outcome.message == (
        "It was changed since the plan: sources was a list of 2 when planned, is a list of 2 (without 2, with 7) now."
    )


def test_the_order_of_sources_has_no_meaning() -> None:
    here = MemoryMarketplace(live("old", product("old", sources=sources("2", "1"))))
    assert only(applied(a_plan(update(live("old"), sources=sources("3"))), here)).result is Result.DONE


def test_a_delete_of_what_is_gone_is_already_done() -> None:
    assert only(applied(a_plan(delete(live("old"))), MemoryMarketplace())).result is Result.ALREADY


def test_a_delete_of_what_was_changed_since_the_plan_is_stale() -> None:
    here = MemoryMarketplace(live("old", product("old", name="Renamed")))
    outcome = only(applied(a_plan(delete(live("old"))), here))
    assert (outcome.result, sorted(here.objects)) == (Result.STALE, ["id-old"])
    assert "name was 'Old' when planned, is 'Renamed' now" in outcome.message


def test_a_delete_compares_only_what_both_reads_have_read() -> None:
    planned = live("old", product("old").without("sources"))
    here = MemoryMarketplace(live("old", product("old").without("lifecycle")))
    assert only(applied(a_plan(delete(planned)), here)).result is Result.DONE


@pytest.mark.parametrize(
    ("planned", "now", "result"),
    [(2, 3, "stale"), (0, None, "stale"), (2, 2, "done"), (2, 1, "done"), (None, 5, "done")],
)
def test_a_delete_is_stale_if_more_people_may_have_access_than_the_plan_said(
    planned: int | None, now: int | None, result: str
) -> None:
    here = MemoryMarketplace(live("old", approved=now))
    outcome = only(applied(a_plan(delete(live("old", approved=planned))), here))
    assert outcome.result == result
    assert ("Members joined since the plan" in outcome.message) == (result == "stale")


# What fails, and what depends on it


def refusing(key: str, error: MarketplaceError) -> MemoryMarketplace:
    here = MemoryMarketplace()

    async def arrive(_call: Call, change: Change) -> None:
        if change.address.key == key:
            raise error

    here.arrive = arrive
    return here


def test_what_needs_a_failed_change_is_skipped_through_the_whole_chain_and_the_rest_is_made() -> None:
    here = refusing("form", Forbidden("The token may not do this.", "Ask for the permission."))
    plan = a_plan(
        create("form"),
        create("other"),
        create("product", wave=1, needs=("form",)),
        create("another", wave=1, needs=("other", "not-in-the-plan")),
        create("last", wave=2, needs=("product",)),
    )
    outcomes = applied(plan, here)
    assert results(outcomes) == {
        "form": "failed",
        "other": "done",
        "product": "skipped",
        "another": "done",
        "last": "skipped",
    }
    failed, _, product_, _, last = outcomes
    assert (failed.message, failed.remedy) == ("The token may not do this.", "Ask for the permission.")
    assert product_.message == "It needs DataProduct/form, which failed."
    assert product_.remedy == "Run apply again once DataProduct/form can be made."
    assert last.message == "It needs DataProduct/product, which was skipped."


def test_what_needs_a_change_that_was_already_made_is_made() -> None:
    here = MemoryMarketplace(live("form"))
    plan = a_plan(create("form"), create("product", wave=1, needs=("form",)))
    assert results(applied(plan, here)) == {"form": "already", "product": "done"}


def test_a_change_that_fails_at_its_second_call_says_that_the_first_was_confirmed() -> None:
    old = live("old")
    here = MemoryMarketplace(old)

    async def arrive(call: Call, _change: Change) -> None:
        if call.path.endswith("/sources"):
            raise Forbidden("No.")

    here.arrive = arrive
    outcome = only(applied(a_plan(update(old, name="New", sources=sources("3"))), here))
    assert (outcome.result, outcome.calls) == (Result.FAILED, 1)
    assert outcome.message == "No. Before that, 1 call of this change was confirmed."


def test_a_confirmed_change_that_does_not_read_back_as_asked_has_failed() -> None:
    old = live("old")
    outcome = only(applied(a_plan(update(old, name="New")), DeafMarketplace(old)))
    assert outcome.result is Result.FAILED
    assert outcome.message == (
        "The marketplace confirmed every call, but name reads back as 'Old', not 'New'."
    )


def test_a_field_that_moved_without_being_sent_stops_the_run() -> None:
    objects = [live(key) for key in ("a", "b", "c")]
    here = ForgetfulMarketplace(*objects)
    plan = a_plan(*(update(one, name=one.title + " 2") for one in objects), create("d", wave=1))
    outcomes = applied(plan, here, parallelism=1)
    assert results(outcomes) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "skipped"}
    assert outcomes[0].message == "Something moved that was not sent: description 'About a' → not set."
    assert "does not keep what an update omits" in outcomes[0].remedy
    assert outcomes[3].message.startswith("The run was stopped because DataProduct/a came back with changes")
    assert here.writes == ["PUT a"]


def test_a_change_that_was_only_read_when_the_run_is_stopped_writes_nothing() -> None:
    one, two = live("one"), live("two")
    two_was_read = asyncio.Event()
    run_has_ended = asyncio.Event()

    class Waiting(ForgetfulMarketplace):
        async def read(self, change: Change) -> LiveResource | None:
            found = await super().read(change)
            if change.address.key == "two":
                two_was_read.set()
                await run_has_ended.wait()
            return found

    class Telling(Heard):
        def calling(self, change: Change, call: Call) -> None: ...

        def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

        def ended(self, change: Change, result: str, message: str) -> None:
            super().ended(change, result, message)
            run_has_ended.set()

    here = Waiting(one, two)

    async def arrive(_call: Call, _change: Change) -> None:
        await two_was_read.wait()

    here.arrive = arrive
    outcomes = applied(a_plan(update(one, name="1"), update(two, name="2")), here, Telling())
    assert results(outcomes) == {"one": "failed", "two": "skipped"}
    assert here.writes == ["PUT one"]


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("No answer after 5 tries.", "Look at the network."),
        NotAuthenticated("The token has expired."),
    ],
)
def test_an_outage_or_a_refused_token_ends_the_run(error: MarketplaceError) -> None:
    here = refusing("a", error)
    outcomes = applied(a_plan(create("a"), create("b"), create("c", wave=1)), here, parallelism=1)
    assert results(outcomes) == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert outcomes[2].message == f"The run was stopped because of DataProduct/a: {error.message}"
    assert outcomes[2].remedy == error.remedy
    assert here.reads == ["a"]


def test_an_object_that_cannot_be_read_is_not_written() -> None:
    here = MemoryMarketplace()
    here.unreadable["id-a"] = Forbidden("Not yours.")
    assert results(applied(a_plan(create("a"), create("b")), here)) == {"a": "failed", "b": "done"}
    assert here.writes == ["POST b"]


# How a run ends early


def test_an_interruption_completes_the_change_under_way_and_begins_no_other() -> None:
    old = live("old")
    here = MemoryMarketplace(old)

    async def run() -> tuple[Outcome, ...]:
        stop = asyncio.Event()

        async def arrive(_call: Call, _change: Change) -> None:
            stop.set()

        here.arrive = arrive
        plan = a_plan(update(old, name="New", sources=sources("3")), create("other"), create("last", wave=1))
        return await execute(plan, here, NoJournal(), Heard(), gate=open_gate, parallelism=1, stop=stop)

    outcomes = asyncio.run(run())
    assert results(outcomes) == {"old": "done", "other": "skipped", "last": "skipped"}
    assert here.writes == ["PUT old", "PUT old"]
    assert outcomes[1].message == "The run was interrupted before this change."


def test_a_fault_of_dpsync_is_raised_after_the_changes_under_way_have_ended(tmp_path: Path) -> None:
    here = MemoryMarketplace()

    async def run(journal: Journal) -> None:
        both, failed = asyncio.Event(), asyncio.Event()

        async def arrive(_call: Call, change: Change) -> None:
            if change.address.key == "good":
                both.set()
                await failed.wait()
            else:
                await both.wait()
                failed.set()
                raise KeyError("a fault")

        here.arrive = arrive
        plan = a_plan(create("bad"), create("good"), create("waiting"), create("later", wave=1))
        await execute(plan, here, journal, Heard(), gate=open_gate, parallelism=2)

    with pytest.raises(KeyError, match="a fault"), a_journal(tmp_path) as journal:
        asyncio.run(run(journal))
    assert here.writes == ["POST good"]
    assert here.reads.count("good") == 2
    assert "waiting" not in here.reads
    assert [(line["type"], line.get("sequence")) for line in lines(journal)][-1] == ("finished", None)
    assert lines(journal)[-1]["complete"] is False


# The journal around a call


def test_a_call_is_in_the_journal_on_disk_before_it_is_sent_and_after_it_is_answered(tmp_path: Path) -> None:
    here = refusing("bad", Forbidden("No."))
    refuse = here.arrive
    assert refuse is not None
    with a_journal(tmp_path) as journal:

        async def arrive(call: Call, change: Change) -> None:
            last = lines(journal)[-1]
            assert (last["type"], last["id"], last["path"]) == ("begin", change.id, call.path)
            await refuse(call, change)

        here.arrive = arrive
        plan = a_plan(create("good"), create("bad"))
        asyncio.run(execute(plan, here, journal, Heard(), gate=open_gate, parallelism=1))
    ends = [line for line in lines(journal) if line["type"] == "end"]
    assert [(end["sequence"], end["result"]) for end in ends] == [(1, "ok"), (2, "error")]
    assert (ends[1]["error"], ends[1]["message"]) == ("Forbidden", "No.")
    assert here.writes == ["POST good"]


def test_a_journal_that_cannot_be_written_sends_nothing_and_stops_the_run() -> None:
    here = MemoryMarketplace()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full, the disk that is always full")
    with Journal(full, FileIO(full, "wb"), clock) as journal:
        outcomes = asyncio.run(
            execute(a_plan(create("a"), create("b")), here, journal, Heard(), gate=open_gate, parallelism=1)
        )
    assert results(outcomes) == {"a": "failed", "b": "skipped"}
    assert outcomes[0].message == (
        "The journal /dev/full cannot be written: No space left on device. What it does not hold is not sent."
    )
    assert "--journal off" in outcomes[0].remedy
    assert here.writes == []

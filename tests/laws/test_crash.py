"""The crash law: the power is cut at any call of a mixed plan, and the next apply ends where an uninterrupted one does.

Nothing is told to the process that dies: what is on the disk and in the marketplace at that moment is all that is left. Calls
of other changes are in flight then. Nobody who has access before and at the end is without it at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laws.budget import IS_LONG
from laws.faulty import Cut, Stage, ends_well, nothing_is_hidden, staged
from laws.test_interruption import Reached, gaps


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as one:
        yield one


def reached(stage: Stage) -> Reached:
    return frozenset((user, source) for _product, user, source in stage.store.access_pairs())


def lasting(stage: Stage) -> Reached:
    """Who has access to what before the plan and after it, but where the plan says that it is interrupted."""
    stage.moment.restore()
    before = reached(stage)
    ran = stage.run(())
    assert ran.code == 0
    return before & reached(stage) - gaps(stage.known.plan)


def is_written_down(cut: Cut) -> None:
    """Every write that arrived stands on the disk, with the object as it was, and no end of the run does."""
    begun = {(line["method"], line["path"]) for line in cut.journal if line["type"] == "begin"}
    for one in cut.received:
        if one.method != "GET":
            assert (one.method, one.path.removeprefix("/marketplace")) in begun
    assert [line["type"] for line in cut.journal][:1] == ["run"]
    assert "finished" not in {line["type"] for line in cut.journal}
    assert all("before" in line for line in cut.journal if line["type"] == "begin")


def nobody_is_without(keeps: Reached, cut: Cut, access: tuple[frozenset[tuple[str, str, str]], ...]) -> None:
    for pairs in (*cut.access, *access):
        assert keeps <= {(user, source) for _product, user, source in pairs}


def test_a_run_that_is_cut_at_any_call_is_completed_by_the_next(stage: Stage) -> None:
    keeps = lasting(stage)
    assert keeps, "somebody keeps something"
    at, runs = 0, 0
    step = 1 if IS_LONG else 6
    while True:
        at += step
        sides = (True, False) if IS_LONG else (at % (2 * step) == 0,)
        cuts = [stage.cut_short(at, is_before=side, seed=at) for side in sides]
        if None in cuts:
            break
        for cut in cuts:
            assert cut is not None
            is_written_down(cut)
            ran = stage.left_after(cut)
            nothing_is_hidden(stage, ran)
            assert ran.code == 0, ran.told
            assert ran.snapshot == stage.expected
            nobody_is_without(keeps, cut, ran.access)
            runs += 1
    assert runs >= 8
    ends_well(stage, stage.straight)

"""Carrying out a plan: wave after wave, each change read, compared, journaled, sent and read back.

The room where dpsync writes, and the only one. It makes exactly the applicable changes of the plan it is given, in its
order, and says of each what became of it. It must never be used to find out what to change, to retry (the writer does),
or to ask somebody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dpsync.apply.journal import AnyJournal, JournalUnwritable
from dpsync.apply.limits import DEADLINES, Clock, CutOff, Deadlines, InFlight, Sleep
from dpsync.apply.standing import settled, unasked, verified
from dpsync.apply.writer import Gate, Progress, Writer
from dpsync.errors import DpsyncError, MarketplaceError, NotAuthenticated, Unreachable
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.finding import Finding
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource

MOST_AT_ONCE = 32

PAUSES = (0.25, 0.5, 1.0, 2.0)
"""Seconds before reading back again what does not read back as it was sent: some servers take a moment to answer anew."""

_ENDS_THE_RUN = (Unreachable, NotAuthenticated, JournalUnwritable)
"""What will befall every later change as well."""


async def execute(
    plan: Plan,
    writer: Writer,
    journal: AnyJournal,
    progress: Progress,
    *,
    gate: Gate,
    parallelism: int = 10,
    again: str = "apply",
    stop: asyncio.Event | None = None,
    deadlines: Deadlines = DEADLINES,
    clock: Clock = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> tuple[Outcome, ...]:
    """Make the applicable changes of the plan; returns their outcomes in the order of the plan.

    `gate` is asked immediately before the first call of a change; what it answers is why the change is left. At most
    `parallelism` changes (1 to 32) are under way at once. What the marketplace refuses is an outcome; only a fault of
    dpsync itself is raised, after the changes under way have ended. `again` is what is to be run again for what is left.

    Once `stop` is set, no further change is begun, and those of which a call was sent are completed, as far as that takes
    no longer than the grace period. Cancelling `execute` does not cancel it: it ends what is in flight at once, sets
    `stop`, and the outcomes are returned all the same.
    """
    if not 1 <= parallelism <= MOST_AT_ONCE:
        raise ValueError(f"parallelism is between 1 and {MOST_AT_ONCE}, not {parallelism}")
    limits = _Limits(deadlines, clock, sleep, clock() + deadlines.run)
    run = _Run(
        plan, writer, journal, progress, gate=gate, stop=stop or asyncio.Event(), limits=limits, again=again
    )
    making = asyncio.create_task(run.make_all(parallelism))
    ending = asyncio.create_task(run.end_after_grace())
    try:
        while not making.done():
            try:
                await asyncio.wait({making})
            except asyncio.CancelledError:
                run.end_at_once()
        making.result()
    finally:
        ending.cancel()
        await asyncio.wait({ending})
    return tuple(run.outcomes[change.address] for change in plan.applicable)


@dataclass(frozen=True, slots=True)
class _Limits:
    """The deadlines, with the clock that they are told by; `until` is that of the run."""

    deadlines: Deadlines
    clock: Clock
    sleep: Sleep
    until: float


class _UnderWay:
    """A change that was begun: its calls, how many of them were confirmed, and whether the next one is on its way.

    `again` is what is to be run again, should something of it be left.
    """

    def __init__(self, change: Change, until: float, again: str) -> None:
        self.change = change
        self.until = until
        self.again = again
        self.calls: tuple[Call, ...] = ()
        self.confirmed = 0
        self.is_sending = False

    @property
    def not_sent(self) -> tuple[Call, ...]:
        return self.calls[self.confirmed + self.is_sending :]


class _Run:
    """One run of apply: what is known so far, and whether anything new may start."""

    def __init__(
        self,
        plan: Plan,
        writer: Writer,
        journal: AnyJournal,
        progress: Progress,
        *,
        gate: Gate,
        stop: asyncio.Event,
        limits: _Limits,
        again: str,
    ) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self._plan = plan
        self._writer = writer
        self._journal = journal
        self._progress = progress
        self._gate = gate
        self._stop = stop
        self._limits = limits
        self._again = again
        self._in_flight = InFlight()
        self._ended_by = ""
        self._way_out = ""

    async def make_all(self, parallelism: int) -> None:
        """Make the changes, wave after wave."""
        for wave in self._plan.waves:
            await self._make(wave, parallelism)

    async def end_after_grace(self) -> None:
        """Wait for the interruption, and give what is in flight then its time; after that, end it."""
        await self._stop.wait()
        await self._limits.sleep(self._limits.deadlines.grace)
        self._in_flight.cut()

    def end_at_once(self) -> None:
        """End what is in flight, and begin nothing more."""
        self._stop.set()
        self._in_flight.cut()

    async def _make(self, wave: tuple[Change, ...], parallelism: int) -> None:
        """Make the changes of one wave. A fault is raised when all that was under way has ended."""
        waiting = iter(wave)
        workers = (self._work(waiting) for _ in range(min(parallelism, len(wave))))
        for fault in await asyncio.gather(*workers, return_exceptions=True):
            if fault is not None:
                raise fault

    async def _work(self, waiting: Iterator[Change]) -> None:
        for change in waiting:
            try:
                outcome = self._hindered(change) or await self._made(change)
                self._progress.ended(change, outcome.result, outcome.message)
                self.outcomes[change.address] = outcome
            finally:
                if change.address not in self.outcomes:
                    self._end(f"dpsync itself failed at {change.address}.", "")

    def _hindered(self, change: Change) -> Outcome | None:
        """Why the change is not begun, or None."""
        if self._ended_by:
            return Outcome(
                change, Result.SKIPPED, f"The run was stopped because {self._ended_by}", self._way_out
            )
        if self._stop.is_set():
            return Outcome(change, Result.SKIPPED, _INTERRUPTED, _continue(self._again))
        if self._limits.clock() >= self._limits.until:
            took = _seconds(self._limits.deadlines.run)
            return Outcome(
                change,
                Result.SKIPPED,
                f"The {took} that a run may take were over before this change.",
                _continue(self._again),
            )
        for need in change.needs:
            outcome = self.outcomes.get(need)
            if need in self._plan.by_address and (outcome is None or not outcome.is_good):
                became = "was not made" if outcome is None else _BECAME[outcome.result]
                return Outcome(
                    change,
                    Result.SKIPPED,
                    f"It needs {need}, which {became}.",
                    f"Run {self._again} again once {need} can be made.",
                )
        return None

    async def _made(self, change: Change) -> Outcome:
        self._progress.started(change)
        under_way = _UnderWay(change, self._limits.clock() + self._limits.deadlines.change, self._again)
        try:
            return await self._carried_out(change, under_way)
        except CutOff:
            return _cut_off(under_way)
        except (MarketplaceError, JournalUnwritable) as error:
            if isinstance(error, _ENDS_THE_RUN):
                self._end(f"of {change.address}: {error.message}", error.remedy)
            return _failed(under_way, error)

    async def _carried_out(self, change: Change, under_way: _UnderWay) -> Outcome:
        now = await self._in_flight.wait_for(self._writer.read, change)
        # What was found out while this was read may be why nothing more should be written.
        outcome = settled(change, now) or self._hindered(change)
        if outcome is None:
            outcome = _refused(change, await self._in_flight.wait_for(self._gate, change)) or self._hindered(
                change
            )
        if outcome is not None:
            return outcome
        under_way.calls = self._writer.calls(change, now)
        for call in under_way.calls:
            if self._limits.clock() >= under_way.until:
                return _late(under_way, self._limits.deadlines.change)
            await self._sent(call, under_way, now)
        return await self._read_back(under_way, now)

    async def _sent(self, call: Call, under_way: _UnderWay, now: LiveResource | None) -> None:
        self._in_flight.check()
        number = await self._journal.begin(under_way.change, call, now)
        try:
            self._in_flight.check()
        except CutOff:
            self._note(number, _not_sent(call))
            raise
        under_way.is_sending = True
        self._progress.calling(under_way.change, call)
        try:
            await self._in_flight.wait_for(self._writer.send, call, under_way.change)
        except MarketplaceError as error:
            self._progress.called(under_way.change, call, "error", error.message)
            self._note(number, error)
            raise
        except CutOff:
            self._progress.called(under_way.change, call, "error", _not_known(call).message)
            self._note(number, _not_known(call))
            raise
        self._progress.called(under_way.change, call, "ok", "")
        under_way.is_sending = False
        under_way.confirmed += 1
        self._journal.end(number)

    def _note(self, number: int, error: MarketplaceError) -> None:
        """Write down what became of a call. If that cannot be done, the error is still what has to be told."""
        with suppress(JournalUnwritable):
            self._journal.end_with(number, error)

    async def _read_back(self, under_way: _UnderWay, now: LiveResource | None) -> Outcome:
        """Read the object until it is as it was sent, or will not be any more, and say what became of the change."""
        change = under_way.change
        for pause in (*PAUSES, None):
            after = await self._in_flight.wait_for(self._writer.read, change)
            moved = unasked(change, now, after)
            if moved:
                return self._moved(under_way, moved)
            outcome = verified(change, now, after, under_way.confirmed)
            if outcome.is_good or pause is None or self._limits.clock() + pause >= under_way.until:
                break
            await self._in_flight.wait_for(self._limits.sleep, pause)
        return outcome

    def _moved(self, under_way: _UnderWay, moved: str) -> Outcome:
        """The outcome of a change beside which something else moved, and the end of the run."""
        change = under_way.change
        self._end(f"{change.address} came back with changes that were not sent: {moved}.", _WHO_WROTE)
        return Outcome(
            change,
            Result.FAILED,
            f"Something moved that was not sent: {moved}.",
            _WHO_WROTE,
            under_way.confirmed,
        )

    def _end(self, reason: str, way_out: str) -> None:
        """Begin nothing more; the first reason is the one that is told."""
        if not self._ended_by:
            self._ended_by, self._way_out = reason, way_out


_INTERRUPTED = "The run was interrupted before this change."


def _continue(again: str) -> str:
    return f"Run {again} again; it continues with what is left."


_BECAME = {
    Result.FAILED: "failed",
    Result.SKIPPED: "was skipped",
    Result.STALE: "was changed by somebody since the plan",
}

_WHO_WROTE = (
    "Find out whether somebody else wrote at the same time. If nobody did, this marketplace does not keep what an update "
    "omits: do not apply to it before that is settled. The journal has the object as it was."
)


def _refused(change: Change, findings: tuple[Finding, ...]) -> Outcome | None:
    """The outcome of a change that may not be made any more, because of what was read just now."""
    if not findings:
        return None
    told = " ".join(f"{finding.rule}: {finding.message}" for finding in findings)
    return Outcome(change, Result.STALE, f"Asked again just before it was made: {told}", findings[0].remedy)


def _failed(under_way: _UnderWay, error: DpsyncError) -> Outcome:
    change, confirmed, message = under_way.change, under_way.confirmed, error.message
    if confirmed:
        made = "1 call of this change was" if confirmed == 1 else f"{confirmed} calls of this change were"
        message += f" Before that, {made} confirmed."
    lost_contact = isinstance(error, Unreachable | NotAuthenticated)
    remedy = error.remedy or _continue(under_way.again)
    return Outcome(change, Result.FAILED, message, remedy, confirmed, lost_contact)


def _late(under_way: _UnderWay, allowed: float) -> Outcome:
    """The outcome of a change of which no further call is begun, because it took too long."""
    message = f"It took longer than the {_seconds(allowed)} that a change may take. {_how_far(under_way)}"
    remedy = _continue(under_way.again)
    return Outcome(under_way.change, Result.FAILED, message, remedy, under_way.confirmed)


def _cut_off(under_way: _UnderWay) -> Outcome:
    """The outcome of a change that was under way when the run was ended."""
    change, confirmed = under_way.change, under_way.confirmed
    if under_way.is_sending:
        told = _not_known(under_way.calls[confirmed]).message
    elif not confirmed:
        return Outcome(change, Result.SKIPPED, _INTERRUPTED, _continue(under_way.again))
    elif under_way.not_sent:
        told = "The run was ended in the middle of this change."
    else:
        told = "The run was ended before this change was read back."
    look = f"Run {under_way.again} again: it looks first, and continues with what is left."
    return Outcome(change, Result.FAILED, f"{told} {_how_far(under_way)}".strip(), look, confirmed)


def _how_far(under_way: _UnderWay) -> str:
    """Which calls were confirmed, and which were not sent."""
    if not under_way.confirmed and not under_way.is_sending:
        return "Nothing of it was sent."
    parts = (
        ("Confirmed", under_way.calls[: under_way.confirmed]),
        ("Not sent", under_way.not_sent),
    )
    return " ".join(f"{title}: {_listed(calls)}." for title, calls in parts if calls)


def _listed(calls: Sequence[Call]) -> str:
    return ", ".join(f"{call.method} {call.path}" for call in calls)


def _not_known(call: Call) -> MarketplaceError:
    """What is known of a call that was given up on its way."""
    return Unreachable(
        f"The run was ended while {call.method} {call.path} was on its way: it is not known whether it took effect.",
        method=call.method,
        path=call.path,
    )


def _not_sent(call: Call) -> MarketplaceError:
    """What is known of a call that was written down and then not sent."""
    return MarketplaceError(
        f"{call.method} {call.path} was not sent: the run was ended.", method=call.method, path=call.path
    )


def _seconds(number: float) -> str:
    return "1 second" if number == 1 else f"{number:g} seconds"

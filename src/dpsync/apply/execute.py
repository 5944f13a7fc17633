"""Carrying out a plan: wave after wave, each change read, compared, journaled, sent and read back.

The room where dpsync writes, and the only one. It makes exactly the applicable changes of the plan it is given, in its
order, and says of each what became of it. It must never be used to find out what to change, to retry (the writer does),
or to ask somebody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from dpsync.apply.journal import AnyJournal, JournalUnwritable
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

_ENDS_THE_RUN = (Unreachable, NotAuthenticated, JournalUnwritable)
"""What will befall every later change as well."""

_CONTINUE = "Run apply again; it continues with what is left."


async def execute(
    plan: Plan,
    writer: Writer,
    journal: AnyJournal,
    progress: Progress,
    *,
    gate: Gate,
    parallelism: int = 10,
    stop: asyncio.Event | None = None,
) -> tuple[Outcome, ...]:
    """Make the applicable changes of the plan; returns their outcomes in the order of the plan.

    `gate` is asked immediately before the first call of a change; what it answers is why the change is left. At most `parallelism` changes (1 to 32) are under way at once. Once `stop` is set, changes of which a call was sent
    are completed and no other is begun. What the marketplace refuses is an outcome; only a fault of dpsync itself is
    raised, after the changes under way have ended.
    """
    if not 1 <= parallelism <= MOST_AT_ONCE:
        raise ValueError(f"parallelism is between 1 and {MOST_AT_ONCE}, not {parallelism}")
    run = _Run(plan, writer, journal, progress, gate=gate, stop=stop or asyncio.Event())
    for wave in plan.waves:
        await run.make(wave, parallelism)
    return tuple(run.outcomes[change.address] for change in plan.applicable)


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
    ) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self._plan = plan
        self._writer = writer
        self._journal = journal
        self._progress = progress
        self._gate = gate
        self._stop = stop
        self._ended_by = ""
        self._way_out = ""

    async def make(self, wave: tuple[Change, ...], parallelism: int) -> None:
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
            return Outcome(change, Result.SKIPPED, "The run was interrupted before this change.", _CONTINUE)
        for need in change.needs:
            outcome = self.outcomes.get(need)
            if need in self._plan.by_address and (outcome is None or not outcome.is_good):
                became = "was not made" if outcome is None else _BECAME[outcome.result]
                return Outcome(
                    change,
                    Result.SKIPPED,
                    f"It needs {need}, which {became}.",
                    f"Run apply again once {need} can be made.",
                )
        return None

    async def _made(self, change: Change) -> Outcome:
        self._progress.started(change)
        confirmed = 0
        try:
            now = await self._writer.read(change)
            # What was found out while this was read may be why nothing more should be written.
            outcome = settled(change, now) or self._hindered(change)
            if outcome is None:
                outcome = _refused(change, await self._gate(change)) or self._hindered(change)
            if outcome is not None:
                return outcome
            for call in self._writer.calls(change, now):
                await self._sent(call, change, now)
                confirmed += 1
            after = await self._writer.read(change)
        except (MarketplaceError, JournalUnwritable) as error:
            if isinstance(error, _ENDS_THE_RUN):
                self._end(f"of {change.address}: {error.message}", error.remedy)
            return _failed(change, error, confirmed)
        moved = unasked(change, now, after)
        if moved:
            self._end(f"{change.address} came back with changes that were not sent: {moved}.", _WHO_WROTE)
            return Outcome(
                change,
                Result.FAILED,
                f"Something moved that was not sent: {moved}.",
                _WHO_WROTE,
                confirmed,
            )
        return verified(change, after, confirmed)

    async def _sent(self, call: Call, change: Change, now: LiveResource | None) -> None:
        number = await self._journal.begin(change, call, now)
        try:
            await self._writer.send(call, change)
        except MarketplaceError as error:
            self._journal.end_with(number, error)
            raise
        self._journal.end(number)

    def _end(self, reason: str, way_out: str) -> None:
        """Begin nothing more; the first reason is the one that is told."""
        if not self._ended_by:
            self._ended_by, self._way_out = reason, way_out


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


def _failed(change: Change, error: DpsyncError, confirmed: int) -> Outcome:
    message = error.message
    if confirmed:
        made = "1 call of this change was" if confirmed == 1 else f"{confirmed} calls of this change were"
        message += f" Before that, {made} confirmed."
    lost_contact = isinstance(error, Unreachable | NotAuthenticated)
    return Outcome(change, Result.FAILED, message, error.remedy or _CONTINUE, confirmed, lost_contact)

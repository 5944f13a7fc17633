"""The watch: one timer for everything under way, that ends what takes too long.

A room of its own because `asyncio.timeout` makes a timer for each use, which is noticeable beside a read (a hundredth of
its processor time); here the timer of the earliest end is enough for all. Must never know what it ends.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

_LATE: Final = math.inf


class Watch:
    """Ends work that takes too long, of many tasks at once; no task may have two pieces of work here."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def within(self, seconds: float, work: Awaitable[Result]) -> Result:
        """The result of the work. Raises TimeoutError if it has none in so many seconds; the work is then cancelled.

        Cancelling by somebody else stays what it is.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._ends[task] = end = loop.time() + seconds
        if self._timer is None or end < self._timer.when():
            self._set(loop, end)
        before = task.cancelling()
        try:
            return await work
        except asyncio.CancelledError:
            if self._ends[task] == _LATE and task.cancelling() <= before + 1:
                raise TimeoutError from None
            raise
        finally:
            if self._ends.pop(task) == _LATE:
                task.uncancel()

    def stop(self) -> None:
        """Set no timer any more; for when nothing is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop, end: float) -> None:
        self.stop()
        self._timer = loop.call_at(end, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._timer is not None
        now = self._timer.when()
        self._timer = None
        for task, end in self._ends.items():
            if end <= now:
                self._ends[task] = _LATE
                task.cancel()
        following = min(self._ends.values(), default=_LATE)
        if following != _LATE:
            self._set(loop, following)

"""Slots: how many requests may be under way at once, and who goes first when they are all taken.

`asyncio.Semaphore` serves strictly in order of arrival. Here the next page of a list must not queue behind the thousand
reads that the pages before it caused, or the connections run dry after each page.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """A number of slots. Those who wait with `first` are served before all others."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._first: deque[asyncio.Future[None]] = deque()
        self._rest: deque[asyncio.Future[None]] = deque()

    def taken(self, *, first: bool = False) -> Held:
        """Hold one slot for as long as the block of `async with` runs."""
        return Held(self, self._first if first else self._rest)

    async def take(self, queue: deque[asyncio.Future[None]]) -> None:
        """Wait in a queue until there is a slot. Only `Held` asks."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            elif turn in queue:
                queue.remove(turn)
            raise

    def give(self) -> None:
        """Give a slot back: to who waits longest, those with `first` before the others."""
        for queue in (self._first, self._rest):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1


class Held:
    """One slot, from the beginning of a block to its end."""

    __slots__ = ("_queue", "_slots")

    def __init__(self, slots: Slots, queue: deque[asyncio.Future[None]]) -> None:
        self._slots = slots
        self._queue = queue

    async def __aenter__(self) -> None:
        await self._slots.take(self._queue)

    async def __aexit__(self, *_exc: object) -> None:
        self._slots.give()

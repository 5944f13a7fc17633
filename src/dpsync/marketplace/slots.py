"""Slots: how many requests may be under way at once, and who goes first when they are all taken.

`asyncio.Semaphore` serves strictly in order of arrival. Here the next page of a list must not queue behind the thousand
reads that the pages before it caused, or the connections run dry after each page. And a semaphore has one size: here the
number halves when the marketplace says that it is asked too often, and grows back while it answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

ANSWERS_PER_SLOT: Final = 20
"""So many answers bring one slot back."""


class Slots:
    """A number of slots that can shrink and grow. Those who wait with `first` are served before all others.

    `limit` is how many may be held now; `pace` changes whenever it shrinks.
    """

    def __init__(self, number: int) -> None:
        self.limit = number
        self.pace = 0
        self._most = number
        self._held = 0
        self._answers = 0
        self._first: deque[asyncio.Future[None]] = deque()
        self._rest: deque[asyncio.Future[None]] = deque()

    def taken(self, *, first: bool = False) -> Held:
        """Hold one slot for as long as the block of `async with` runs."""
        return Held(self, self._first if first else self._rest)

    async def take(self, queue: deque[asyncio.Future[None]]) -> None:
        """Wait in a queue until there is a slot. Only `Held` asks."""
        if self._held < self.limit:
            self._held += 1
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
        self._held -= 1
        self._serve()

    def slow_down(self, pace: int) -> None:
        """Halve how many may be held, down to one. Whoever holds one keeps it.

        `pace` is that of when the request was sent which was too much: those that were under way together count once.
        """
        if pace == self.pace:
            self.limit = max(1, self.limit // 2)
            self.pace += 1
            self._answers = 0

    def answered(self) -> None:
        """Note that a request was answered as it should be; some of these bring a slot back."""
        if self.limit == self._most:
            return
        self._answers += 1
        if self._answers == ANSWERS_PER_SLOT:
            self._answers = 0
            self.limit += 1
            self._serve()

    def _serve(self) -> None:
        for queue in (self._first, self._rest):
            while queue and self._held < self.limit:
                turn = queue.popleft()
                if not turn.done():
                    self._held += 1
                    turn.set_result(None)


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

"""The retry budget: how many requests one run may send again, so that an outage ends in minutes and not in hours.

A room of its own because the attempts of one call say nothing about the run: ten thousand reads of five attempts each
would knock for hours at a door that is shut. Must never wait, and must never decide whether a request may be sent again
without harm; that is the client's.
"""

from __future__ import annotations

from typing import Final

RETRIES: Final = 50
"""What a run begins with: as much as ten calls at once use up in one outage of some seconds."""

ANSWERS_PER_RETRY: Final = 10
"""So many answers earn one retry: a marketplace that fails at one request in ten may go on doing so for ever."""

MOST_RETRIES: Final = 500
"""No more than this is saved up, however long all went well: ten at once use it up in about two minutes."""


class RetryBudget:
    """The retries that a run has left: some to begin with, and one more for every `ANSWERS_PER_RETRY` answers."""

    __slots__ = ("_answers", "_answers_at_limit", "_counted", "_credit", "_most", "used")

    def __init__(self, retries: int = RETRIES) -> None:
        self.used = 0
        self._answers = self._counted = self._answers_at_limit = 0
        self._credit = retries * ANSWERS_PER_RETRY
        self._most = max(retries, MOST_RETRIES) * ANSWERS_PER_RETRY

    def answered(self) -> None:
        """Note that the marketplace answered as it should."""
        self._answers += 1

    def take(self) -> bool:
        """Take one retry; False if there is none left."""
        self._credit = min(self._most, self._credit + self._answers - self._counted)
        self._counted = self._answers
        if self._credit < ANSWERS_PER_RETRY:
            return False
        self._credit -= ANSWERS_PER_RETRY
        self.used += 1
        return True

    def take_when_limited(self) -> bool:
        """Take one retry after a 429, for nothing if anything was answered since the last one.

        A marketplace that lets a few requests through and limits the rest is slow, not out of order.
        """
        if self._answers > self._answers_at_limit:
            self._answers_at_limit = self._answers
            self.used += 1
            return True
        return self.take()

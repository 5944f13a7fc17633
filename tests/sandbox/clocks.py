"""A clock that moves only when a test says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox import worlds


class Clock:
    """Says what time it is; begins at the time of the small world."""

    def __init__(self) -> None:
        self.now = worlds.NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)

"""What apply needs of others, as protocols; `marketplace/writer.py` happens to satisfy the first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.finding import Finding
from dpsync.model.resource import LiveResource


class Writer(Protocol):
    """Reads and writes one object at a time. Every method may raise `MarketplaceError`."""

    async def read(self, change: Change) -> LiveResource | None:
        """The object as it is now, with every part that the change compares or overwrites; None if it is absent."""

    def calls(self, change: Change, now: LiveResource | None) -> tuple[Call, ...]:
        """The writes that make the change, in order, given the object as it is now."""

    async def send(self, call: Call, change: Change) -> None:
        """Make one write. Returns when the marketplace has confirmed it, also if the answer was lost but it took."""


class Progress(Protocol):
    """Is told what happens, for a progress bar, a line or a machine.

    Each call is told twice: when it is sent, and what became of it: `ok`, or `error` with a message.
    """

    def started(self, change: Change) -> None: ...

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None: ...


Gate = Callable[[Change], Awaitable[tuple[Finding, ...]]]
"""Answers, just before a change is made, why it must not be; nothing if it may."""


async def open_gate(_change: Change) -> tuple[Finding, ...]:
    """The gate that lets everything pass: where nothing takes access away."""
    return ()

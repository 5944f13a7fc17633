"""What apply needs of a marketplace, as a protocol; `marketplace/writer.py` happens to satisfy it."""

from __future__ import annotations

from typing import Protocol

from dpsync.model.call import Call
from dpsync.model.change import Change
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
    """Is told what happens, for a progress bar or a line."""

    def started(self, change: Change) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None: ...

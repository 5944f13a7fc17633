"""The limits of a run: how long a change, a run and a goodbye may take, and the one way to end what is in flight.

A module of its own because "how long" is asked in several places and must mean the same in each, and because ending a call
that may have taken effect is the one thing apply does that it cannot know the result of. Deadlines never end a call: they
keep the next one from being begun. Only an interruption does, and only after its grace period, or when it is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

Clock = Callable[[], float]
"""Answers seconds that only ever grow."""

Sleep = Callable[[float], Awaitable[object]]
"""Returns after so many seconds."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long things may take, in seconds.

    After `change`, no further call of the same change is begun; after `run`, no further change. `grace` is how long what is
    in flight may take to end once the run was interrupted.
    """

    change: float = 600.0
    run: float = 3600.0
    grace: float = 30.0


DEADLINES = Deadlines()


class CutOff(Exception):
    """The run was ended at once: what was waited for was given up, or not begun."""


class InFlight:
    """What is being waited for, all of which can be given up at once."""

    def __init__(self) -> None:
        self._is_cut = False
        self._waited_for: set[asyncio.Future[Any]] = set()

    async def wait_for(
        self,
        ask: Callable[Parameters, Awaitable[Result]],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """What `ask` answers. Raises CutOff if it was given up; after `cut`, nothing is asked any more."""
        self.check()
        waited_for = asyncio.ensure_future(ask(*arguments, **named))
        self._waited_for.add(waited_for)
        try:
            return await waited_for
        except asyncio.CancelledError:
            if self._is_cut:
                raise CutOff from None
            raise
        finally:
            self._waited_for.discard(waited_for)

    def check(self) -> None:
        """Raise CutOff if nothing may be begun any more."""
        if self._is_cut:
            raise CutOff

    def cut(self) -> None:
        """Give up all that is waited for, and let nothing new begin."""
        self._is_cut = True
        for one in tuple(self._waited_for):
            one.cancel()

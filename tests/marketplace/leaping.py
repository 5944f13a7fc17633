"""Time for tests: an event loop whose clock leaps to the next moment at which something happens. Nobody sleeps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Leaps(selectors.SelectSelector):
    """Waits for nothing: where the loop would wait, the clock is put forward. Only for what uses no socket."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing will ever happen any more: this hangs"
        self.now += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaps = _Leaps()
        super().__init__(self._leaps)

    def time(self) -> float:
        return self._leaps.now

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Work for a thread is done at once: nothing else could happen meanwhile, as no time passes."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except OSError as error:
            done.set_exception(error)
        return done


def leaping(work: Coroutine[Any, Any, Result]) -> tuple[Result, float]:
    """The result of the work, and the seconds that it would have taken."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        result = runner.run(work)
        return result, runner.get_loop().time()


def clock() -> float:
    """The time of the loop that runs."""
    return asyncio.get_running_loop().time()

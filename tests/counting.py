"""What something costs, counted and not timed: the calls of functions that it makes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any


def calls_of(work: Callable[[], object]) -> int:
    """How many functions the work calls, ours and those of the interpreter."""
    number = 0

    def count(_frame: object, event: str, _argument: Any) -> None:
        nonlocal number
        number += event in {"call", "c_call"}

    gc.disable()  # what the collector calls is nobody's cost here
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return number


def growth(work: Callable[[int], Callable[[], object]], size: int) -> float:
    """How many times as many calls twice the size takes; `work` prepares a size and answers what is counted."""
    for each in (2, 2):  # what is imported or remembered on the way is not counted
        work(each)()
    return calls_of(work(2 * size)) / calls_of(work(size))

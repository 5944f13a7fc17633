"""Tasks that live and die together: the first error cancels the others and is raised as itself.

A room of its own because `asyncio.TaskGroup` raises a group of errors where everybody else here expects the one that
ended the work. Must never decide what an error means.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises its first error, not a group of them."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


async def together(*work: Coroutine[Any, Any, Result]) -> tuple[Result, ...]:
    """The results of all of them, in order."""
    async with task_group() as group:
        tasks = [group.create_task(each) for each in work]
    return tuple(task.result() for task in tasks)


def started(group: asyncio.TaskGroup, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """The work as a task of the group. A group that is ending takes none: the work is closed, and its error stands."""
    try:
        return group.create_task(work)
    except RuntimeError:
        work.close()
        raise


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first

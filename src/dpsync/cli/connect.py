"""Opens the marketplace of an environment: over the network, or the sandbox in process.

Here because it is where settings, the token and the two doors come together; no command does it by itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from dpsync.cli.tokens import token_for
from dpsync.marketplace.client import ReadClient
from dpsync.settings import Settings, allowed_hosts, sandbox_path

Client = TypeVar("Client", bound=ReadClient)
Result = TypeVar("Result")


def finished(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work comes to, run from its beginning to its end.

    The task answers nothing: when `asyncio.run` gives the signal handler back, Python makes a text of the task with its answer,
    and of a plan of 10,000 products that takes seconds and a hundred megabytes (benchmarks/README.md).
    """
    kept: list[Result] = []

    async def keep() -> None:
        kept.append(await work)

    asyncio.run(keep())
    return kept[0]


@asynccontextmanager
async def connected(settings: Settings, client: type[Client]) -> AsyncIterator[Client]:
    """A client of the class given, closed at the end. Raises UsageError where there is no token."""
    path = sandbox_path(settings)
    token = token_for(settings)
    limits: dict[str, Any] = {
        "parallelism": settings.parallelism,
        "call_deadline": settings.deadlines.call,
    }
    if path is None:
        hosts = allowed_hosts(os.environ)
        async with client(settings.url, token, allowed_hosts=hosts, **limits) as opened:
            yield opened
        return

    from dpsync.cli.shared import a_sandbox_file, keep_out_of_git
    from dpsync.sandbox import create_app
    from dpsync.sandbox.doors import BASE_URL, InProcess
    from dpsync.sandbox.files import opened_store

    with a_sandbox_file(path):
        keep_out_of_git(path.parent)
    with a_sandbox_file(path), opened_store(path) as store:
        transport = InProcess(create_app(store, vintage=settings.vintage))
        async with client(BASE_URL, token, transport=transport, **limits) as opened:
            yield opened

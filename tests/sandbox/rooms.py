"""A sandbox in process, for tests that need one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from dpsync.sandbox import DEFAULT_TOKEN, Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.moments import Clock
from sandbox import worlds


class Room:
    """A client of a sandbox, called as plain functions."""

    def __init__(self, runner: asyncio.Runner, client: httpx2.AsyncClient, store: Store) -> None:
        self._runner = runner
        self._client = client
        self.store = store

    def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        return self._runner.run(self._client.request(method, path, **request))

    def get(self, path: str, **request: Any) -> Any:
        response = self.send("GET", path, **request)
        assert response.is_success, response.text
        return response.json()

    def ask(self, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer of a request by whomever the token acts as."""
        content = {} if body is None else {"json": body}
        response = self.send(method, path, headers={"Authorization": f"Bearer {token}"}, **content)
        return response.status_code, response.json() if response.content else None


@contextmanager
def room(clock: Clock = lambda: worlds.NOW, **options: Any) -> Iterator[Room]:
    """A room over the small world; the options are those of `create_app`."""
    with Store(clock=clock) as store, asyncio.Runner() as runner:
        store.load(worlds.small())
        transport = InProcess(create_app(store, **options))
        headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
        client = httpx2.AsyncClient(base_url=BASE_URL, transport=transport, headers=headers)
        yield Room(runner, client, store)
        runner.run(client.aclose())

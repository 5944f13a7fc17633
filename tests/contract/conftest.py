"""The two doors of the sandbox, each in both vintages, with the contract held against every call."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx2
import pytest

from contract.openapi import OpenApi, Values, gathered
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from sandbox import worlds

Pairs = tuple[tuple[str, str], ...]
Vintage = Literal["v1", "v2"]
VINTAGES: tuple[Vintage, ...] = ("v1", "v2")


class Wire(Protocol):
    def send(
        self, method: str, path: str, query: Pairs, body: Any, headers: dict[str, str]
    ) -> httpx2.Response: ...


@dataclass
class InProcessWire:
    runner: asyncio.Runner
    client: httpx2.AsyncClient

    def send(
        self, method: str, path: str, query: Pairs, body: Any, headers: dict[str, str]
    ) -> httpx2.Response:
        sent = self.client.request(method, path, params=query, headers=headers, **_content(body))
        return self.runner.run(sent)


@dataclass
class NetworkWire:
    client: httpx2.Client

    def send(
        self, method: str, path: str, query: Pairs, body: Any, headers: dict[str, str]
    ) -> httpx2.Response:
        return self.client.request(method, path, params=query, headers=headers, **_content(body))


def _content(body: Any) -> dict[str, Any]:
    return {} if body is None else {"content": json.dumps(body).encode()}


@dataclass
class Door:
    """A way into a sandbox. Every valid request and every answer is held against the contract, if it is there."""

    name: str
    vintage: Vintage
    store: Store
    wire: Wire
    contract: OpenApi | None
    seen: set[str] = field(default_factory=set)

    def send(
        self, method: str, path: str, query: Values = (), body: Any = None, token: str = "sandbox"
    ) -> Any:
        pairs = tuple((name, value) for name, values in gathered(query).items() for value in values)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = self.wire.send(method, path, pairs, body, headers)
        answer = response.json() if response.content else None
        plain = httpx2.URL(f"http://x{path}").path
        if self.contract:
            self.contract.check_answer(method, f"/marketplace{plain}", response.status_code, answer)
            self.seen.add(self.contract.operation(method, f"/marketplace{plain}").title)
        return response.status_code, answer

    def done(
        self,
        method: str,
        path: str,
        status: int = 200,
        *,
        query: Values = (),
        body: Any = None,
        token: str = "sandbox",
    ) -> Any:
        """The answer to a request that is valid and is answered with `status`."""
        if self.contract:
            plain = httpx2.URL(f"http://x{path}").path
            self.contract.check_request(method, f"/marketplace{plain}", query, body)
        answered, answer = self.send(method, path, query, body, token)
        assert answered == status, answer
        return answer

    def refused(
        self,
        method: str,
        path: str,
        status: int,
        *,
        query: Values = (),
        body: Any = None,
        token: str = "sandbox",
    ) -> str:
        """The message of a request that is refused with `status`; the store must be as it was."""
        before = self.written
        answered, answer = self.send(method, path, query, body, token)
        assert answered == status, answer
        assert set(answer) == {"message", "error", "statusCode"}
        assert answer["statusCode"] == status
        assert self.written == before
        message = answer["message"]
        assert isinstance(message, list) == (status == 422)
        return "\n".join(message) if isinstance(message, list) else message

    @property
    def written(self) -> tuple[Any, ...]:
        """Everything that a request can change."""
        tables = ("requests", "request_columns", "approval_records")
        access = [[tuple(row) for row in self.store.rows(f"SELECT * FROM {table}")] for table in tables]
        return self.store.snapshot(), access


@pytest.fixture(scope="session")
def contract() -> OpenApi | None:
    return OpenApi.load_or_none()


@pytest.fixture(scope="session", params=["in process", "network"])
def door_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session", params=VINTAGES)
def vintage(request: pytest.FixtureRequest) -> Vintage:
    name: Vintage = request.param
    return name


@pytest.fixture(scope="session")
def opened(
    door_name: str, vintage: Vintage, contract: OpenApi | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    if door_name == "in process":
        yield from _in_process(vintage, contract)
    else:
        yield from _network(vintage, contract, tmp_path_factory.mktemp(vintage))


def _in_process(vintage: Vintage, contract: OpenApi | None) -> Iterator[Door]:
    with Store() as store, asyncio.Runner() as runner:
        app = create_app(store, vintage=vintage)
        client = httpx2.AsyncClient(base_url=BASE_URL, transport=InProcess(app))
        yield Door("in process", vintage, store, InProcessWire(runner, client), contract)
        runner.run(client.aclose())


def _network(vintage: Vintage, contract: OpenApi | None, folder: Path) -> Iterator[Door]:
    path = folder / "sandbox.db"
    command = [sys.executable, "-m", "dpsync.sandbox.doors", "--db", str(path), "--vintage", vintage]
    with Store(path) as store, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            with httpx2.Client(base_url=line.split(" on ")[-1].strip()) as client:
                yield Door("network", vintage, store, NetworkWire(client), contract)
        finally:
            server.terminate()
            assert server.wait(timeout=20) == 0


@pytest.fixture
def door(opened: Door) -> Door:
    """A door into a sandbox with the small world, fresh for each test."""
    opened.store.load(worlds.small())
    return opened

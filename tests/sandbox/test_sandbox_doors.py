from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dpsync.sandbox import DEFAULT_TOKEN, Store, create_app
from dpsync.sandbox.doors import BASE_URL, serve
from sandbox import worlds as w

PATH = f"/api/data-product/{w.ORDERS}"


@contextmanager
def served(path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    command = [sys.executable, "-m", "dpsync.sandbox.doors", "--db", str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().removeprefix("Sandbox marketplace on ").strip()
            assert url.endswith("/marketplace")
            headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
            with httpx2.Client(base_url=url, headers=headers) as client:
                yield server, client
        finally:
            server.terminate()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "sandbox.db") as store:
        store.load(w.small())
        yield store


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(store: Store, number: signal.Signals) -> None:
    with served(Path(store.path)) as (server, client):
        assert client.get("/health").status_code == 200
        server.send_signal(number)
        rest, errors = server.communicate(timeout=20)
        assert (server.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize(("kind", "after"), [("lost", "changed"), ("reset", "All orders")])
def test_over_the_network_a_broken_connection_is_a_closed_socket(store: Store, kind: str, after: str) -> None:
    faults: list[dict[str, Any]] = [{"method": "PUT", "path_glob": "*", "kind": kind}]
    with served(Path(store.path), "--faults", json.dumps(faults)) as (server, client):
        with pytest.raises(httpx2.TransportError):
            client.put(PATH, json={"description": "changed"})
        assert client.get(PATH).json()["description"] == after
        server.terminate()
        assert server.communicate(timeout=20) == ("", "")


def test_the_network_door_listens_on_this_machine_only(store: Store) -> None:
    with pytest.raises(ValueError, match=r"not on 0\.0\.0\.0"):
        serve(store.path, host="0.0.0.0")


def test_the_plain_transport_of_the_client_is_a_door_too(store: Store) -> None:
    async def answer() -> int:
        transport = httpx2.ASGITransport(app=create_app(store))
        async with httpx2.AsyncClient(base_url=BASE_URL, transport=transport) as client:
            return (await client.get("/api/auth/user")).status_code

    assert asyncio.run(answer()) == 401

from __future__ import annotations

import json
from collections import deque

import httpx2
import pytest

from dpsync.sandbox import Fault, Faults, Received
from sandbox import worlds as w
from sandbox.rooms import room

PRODUCT = f"/api/data-product/{w.ORDERS}"
GLOB = "/marketplace/api/data-product/*"


def test_a_fault_hits_the_nth_matching_call_and_no_other() -> None:
    faults = Faults([Fault("GET", GLOB, nth=2, code=429, headers=(("Retry-After", "1"),), body='{"x":1}')])
    with room(faults=faults) as sandbox:
        paths = (PRODUCT, "/health", PRODUCT, PRODUCT)
        statuses = [sandbox.send("GET", path).status_code for path in paths]
        assert statuses == [200, 200, 429, 200]
    with room(faults=Faults([Fault("*", "*", code=429, headers=(("Retry-After", "1"),))])) as sandbox:
        assert sandbox.send("GET", PRODUCT).headers["retry-after"] == "1"


def test_a_fault_can_last_for_several_calls() -> None:
    with room(faults=Faults([Fault("*", GLOB, nth=1, times=2)])) as sandbox:
        assert [sandbox.send("GET", PRODUCT).status_code for _ in range(3)] == [503, 503, 200]


def test_an_answer_that_is_lost_was_applied() -> None:
    with room(faults=Faults([Fault("PUT", GLOB, kind="lost")])) as sandbox:
        with pytest.raises(httpx2.ReadError):
            sandbox.send("PUT", PRODUCT, json={"description": "changed"})
        assert sandbox.get(PRODUCT)["description"] == "changed"


def test_a_connection_that_is_reset_applied_nothing() -> None:
    with room(faults=Faults([Fault("PUT", GLOB, kind="reset")])) as sandbox:
        with pytest.raises(httpx2.ReadError):
            sandbox.send("PUT", PRODUCT, json={"description": "changed"})
        assert sandbox.get(PRODUCT)["description"] == "All orders"


def test_a_status_fault_applied_nothing() -> None:
    with room(faults=Faults([Fault("DELETE", GLOB, code=500)])) as sandbox:
        assert sandbox.send("DELETE", PRODUCT).status_code == 500
        sandbox.get(PRODUCT)


def test_a_slow_call_waits_as_long_as_it_is_told() -> None:
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    with room(faults=Faults([Fault("GET", GLOB, kind="slow", seconds=30)], sleep=sleep)) as sandbox:
        sandbox.get(PRODUCT)
    assert waited == [30]


def test_faults_come_and_go_while_the_sandbox_runs() -> None:
    faults = Faults()
    with room(faults=faults) as sandbox:
        sandbox.get(PRODUCT)
        faults.add(Fault("GET", GLOB))
        assert sandbox.send("GET", PRODUCT).status_code == 503
        faults.add(Fault("GET", GLOB))
        faults.clear()
        sandbox.get(PRODUCT)


def test_what_is_received_is_written_down() -> None:
    received: deque[Received] = deque(maxlen=2)
    with room(received=received, faults=Faults([Fault("PUT", GLOB, kind="lost")])) as sandbox:
        sandbox.get("/health")
        sandbox.get("/api/data-product", params={"limit": 1})
        with pytest.raises(httpx2.ReadError):
            sandbox.send("PUT", PRODUCT, json={"suspended": True})
    assert list(received) == [
        Received("GET", "/marketplace/api/data-product", "limit=1", None, 200),
        Received("PUT", f"/marketplace{PRODUCT}", "", {"suspended": True}, 0),
    ]


def test_faults_can_be_written_as_json() -> None:
    written = json.dumps(
        [{"method": "PUT", "path_glob": GLOB, "code": 429, "headers": [["Retry-After", "2"]]}]
    )
    assert Fault.from_json(written) == (Fault("PUT", GLOB, code=429, headers=(("Retry-After", "2"),)),)

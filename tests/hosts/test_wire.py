"""Patience and its ends: what is sent again, after how long, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dpsync.errors import HostError, Lost
from dpsync.hosts.github import _headers
from dpsync.hosts.wire import ATTEMPTS, Wire
from dpsync.model.secret import Token
from hosts.standins import TOKEN, Fault, GitHub, serving

PATH = "/repos/acme/data/issues/17/comments"


@pytest.fixture
def host() -> Iterator[GitHub]:
    found = GitHub()
    with serving(found):
        yield found


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def wire(host: GitHub, waits: list[float]) -> Iterator[Wire]:
    with Wire(host.url, Token(TOKEN), _headers, sleep=waits.append, jitter=lambda: 1.0) as opened:
        yield opened


def test_reading_is_tried_again_with_growing_waits(host: GitHub, wire: Wire, waits: list[float]) -> None:
    host.faults = [Fault("GET", PATH, 503, times=2), Fault("GET", PATH)]
    assert list(wire.every(PATH)) == []
    assert waits == [1.0, 2.0, 4.0]


def test_reading_ends_after_some_attempts(host: GitHub, wire: Wire) -> None:
    host.faults = [Fault("GET", PATH, 503, times=99)]
    with pytest.raises(HostError, match="503"):
        list(wire.every(PATH))
    assert len(host.calls) == ATTEMPTS


@pytest.mark.parametrize("status", [403, 429])
def test_a_host_that_limits_is_left_alone_as_long_as_it_asks(
    host: GitHub, wire: Wire, waits: list[float], status: int
) -> None:
    host.faults = [Fault("POST", PATH, status, headers={"retry-after": "7"})]
    wire.send("POST", PATH, {"body": "x"})
    assert waits == [7.0]
    assert len(host.comments) == 1


def test_one_that_asks_for_too_long_ends_the_run(host: GitHub, wire: Wire, waits: list[float]) -> None:
    host.faults = [Fault("GET", PATH, 429, headers={"retry-after": "3600"})]
    with pytest.raises(HostError, match="429"):
        list(wire.every(PATH))
    assert not waits


@pytest.mark.parametrize(
    "fault", [Fault("POST", PATH, 502), Fault("POST", PATH), Fault("POST", PATH, 200, body="x")]
)
def test_a_write_that_may_have_been_made_is_not_sent_again(host: GitHub, wire: Wire, fault: Fault) -> None:
    host.faults = [fault]
    if fault.status == 200:
        wire.send("POST", PATH, {"body": "x"})
    else:
        with pytest.raises(Lost):
            wire.send("POST", PATH, {"body": "x"})
    assert len(host.writes) == 1


def test_a_list_without_an_end_ends(host: GitHub, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsync.hosts.wire.MOST_PAGES", 2)
    host.comments = [{"id": number} for number in range(300)]
    with pytest.raises(HostError, match="more than"):
        list(wire.every(PATH))


def test_what_cannot_be_reached_is_tried_again_and_said(waits: list[float]) -> None:
    with serving(GitHub()) as url:
        gone = url
    with (
        Wire(gone, Token(TOKEN), _headers, sleep=waits.append) as wire,
        pytest.raises(HostError, match="reached"),
    ):
        wire.send("POST", PATH, {})
    assert len(waits) == ATTEMPTS - 1


def test_the_token_is_in_no_representation(wire: Wire) -> None:
    assert TOKEN not in repr(wire)

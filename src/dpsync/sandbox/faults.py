"""Faults on demand: what a network and a tired server do to a client, at the call that a test names.

A room of its own because faults are the sandbox's and not the API's: they sit between the wire and the operations
and know neither. A fault hits the n-th call that matches it. Must never be chance: the same faults and the same
calls give the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "lost", "reset", "slow"]

HANG_UP: Final = "dpsync.sandbox.hang_up"
"""Key of a scope under which a network door gives a function that closes the connection."""


class ConnectionBroken(Exception):
    """The connection ended before an answer; the in-process door turns it into an error of its client."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the `nth` call that matches, and to the `times - 1` matching ones after it.

    `method` is a verb or `*`; `path_glob` is a shell pattern over the whole path (`*` spans slashes).
    Kinds: `status` answers `code` with `headers` and `body` and applies nothing; `reset` breaks the connection
    before anything is applied; `lost` applies the call and breaks the connection without an answer; `slow` waits
    `seconds` and goes on.
    """

    method: str
    path_glob: str
    nth: int = 1
    kind: Kind = "status"
    times: int = 1
    code: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is one that this fault counts."""
        return self.method in {"*", method} and fnmatchcase(path, self.path_glob)

    @classmethod
    def from_json(cls, text: str) -> tuple[Self, ...]:
        """Faults written as a JSON list of objects with the names of the fields."""
        return tuple(
            cls(**{**each, "headers": tuple((str(k), str(v)) for k, v in each.get("headers", ()))})
            for each in json.loads(text)
        )


@dataclass(frozen=True, slots=True)
class Received:
    """One call as it arrived, and the status it was answered with; 0 if the connection was broken."""

    method: str
    path: str
    query: str
    body: Any
    status: int


Sleep = Callable[[float], Awaitable[None]]


async def no_sleep(_seconds: float) -> None:
    """Waits for nothing: the sleep of tests."""


class Faults:
    """The faults of one sandbox, with the counts of what matched each of them so far."""

    def __init__(self, faults: Iterable[Fault] = (), *, sleep: Sleep = no_sleep) -> None:
        self.sleep = sleep
        self._faults = list(faults)
        self._counts = [0] * len(self._faults)

    def add(self, *faults: Fault) -> None:
        """From now on these too; each counts from the next call."""
        self._faults.extend(faults)
        self._counts.extend(0 for _ in faults)

    def clear(self) -> None:
        """From now on none."""
        self._faults.clear()
        self._counts.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """Count the call; the fault that hits it, the first one if there are several."""
        hit = None
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path):
                self._counts[index] += 1
                if hit is None and fault.nth <= self._counts[index] < fault.nth + fault.times:
                    hit = fault
        return hit


class FaultLayer:
    """The layer between the wire and the operations: counts, harms, and writes down what was received."""

    def __init__(
        self, app: ASGIApp, *, faults: Faults, received: MutableSequence[Received] | None = None
    ) -> None:
        self._app = app
        self._faults = faults
        self._received = received
        self._kinds: dict[str, Callable[[Fault, Scope, Receive, Send], Awaitable[None]]] = {
            "status": self._status,
            "lost": self._lost,
            "reset": self._reset,
            "slow": self._slow,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = self._faults.next(scope["method"], scope["path"])
        if self._received is None:
            await self._play(fault, scope, receive, send)
        else:
            await self._play_and_note(fault, scope, receive, send, self._received)

    async def _play(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._kinds[fault.kind](fault, scope, receive, send)

    async def _play_and_note(
        self,
        fault: Fault | None,
        scope: Scope,
        receive: Receive,
        send: Send,
        received: MutableSequence[Received],
    ) -> None:
        status = 0
        body = await _whole(receive)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._play(fault, scope, _replayed(body, receive), noting)
        finally:
            query = scope["query_string"].decode("latin-1")
            received.append(Received(scope["method"], scope["path"], query, _json(body), status))

    async def _status(self, fault: Fault, _scope: Scope, _receive: Receive, send: Send) -> None:
        body = fault.body.encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in fault.headers]
        await send({"type": "http.response.start", "status": fault.code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lost(self, _fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
        async def swallow(_message: Message) -> None:
            pass

        await self._app(scope, receive, swallow)
        await _break(scope, receive)

    async def _reset(self, _fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
        await _whole(receive)
        await _break(scope, receive)

    async def _slow(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await self._faults.sleep(fault.seconds)
        await self._app(scope, receive, send)


async def _break(scope: Scope, receive: Receive) -> None:
    hang_up = scope.get(HANG_UP)
    if hang_up is None:
        raise ConnectionBroken
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    first = True

    async def replay() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")

"""Clients for tests: over answers that a test writes itself, or over a sandbox in this process. Nobody sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

import httpx2

from dpsync.kinds import KINDS
from dpsync.marketplace import ReadClient, WriteClient
from dpsync.model.base import Spec
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange
from dpsync.model.compare import mismatches
from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.secret import Token
from dpsync.sandbox import Fault, Faults, Received, Store, World, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess

URL = "https://na.api.immutacloud.com/marketplace"
TOKEN = "secret-token-0123456789"
WORKSPACE = "ws-0123456789abcdef"

Vintage = Literal["v1", "v2"]
VINTAGES: tuple[Vintage, ...] = ("v1", "v2")
Result = TypeVar("Result")
Answer = httpx2.Response | Exception
Client = TypeVar("Client", bound=ReadClient)


class Slept:
    """A sleep that takes no time, and a clock that it moves."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)

    def clock(self) -> float:
        return sum(self.seconds)


def answering(*answers: Answer) -> tuple[httpx2.MockTransport, list[httpx2.Request]]:
    """A transport that gives these answers in order, and the requests that it got."""
    requests: list[httpx2.Request] = []
    rest = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        given = rest.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx2.MockTransport(answer), requests


def made(client: type[Client], transport: httpx2.AsyncBaseTransport, slept: Slept | None = None) -> Client:
    slept = slept or Slept()
    return client(
        URL,
        Token(TOKEN),
        transport=transport,
        sleep=slept,
        jitter=lambda: 1.0,
        clock=slept.clock,
        wall_clock=lambda: 0.0,
    )


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


class Sandbox:
    """A sandbox with its faults, what it received, and clients over it."""

    def __init__(
        self, world: World, vintage: Vintage = "v2", put: Literal["merge", "replace"] = "merge"
    ) -> None:
        self.store = Store()
        self.store.load(world)
        self.vintage = vintage
        self.faults = Faults()
        self.received: list[Received] = []
        app = create_app(self.store, vintage=vintage, put=put, faults=self.faults, received=self.received)
        self.transport = InProcess(app)

    def fail(self, *faults: Fault) -> None:
        self.faults.add(*faults)

    def client(self, client: type[Client], token: str = "sandbox") -> Client:
        slept = Slept()
        return client(
            BASE_URL,
            Token(token),
            transport=self.transport,
            sleep=slept,
            jitter=lambda: 0.0,
            clock=slept.clock,
        )

    @asynccontextmanager
    async def reading(self, token: str = "sandbox") -> AsyncIterator[ReadClient]:
        async with self.client(ReadClient, token) as client:
            yield client

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[WriteClient]:
        async with self.client(WriteClient) as client:
            yield client


class Nowhere:
    """Origins of a resource that no file holds."""

    def of(self, _path: Sequence[str | int]) -> Origin:
        return Origin("test.yaml")


def resource(kind: str, live_id: str, spec: Spec) -> Resource:
    assert isinstance(spec, KINDS[kind].spec)
    return Resource(Address(kind, "it"), live_id, pinned=False, spec=spec, origins=Nowhere())


def creation(kind: str, live_id: str, spec: Spec) -> Change:
    wanted = resource(kind, live_id, spec)
    return Change(wanted.address, live_id, spec.title, (Action.CREATE,), None, wanted)


def deletion(live: LiveResource) -> Change:
    return Change(Address(live.kind, "it"), live.id, live.title, (Action.DELETE,), live, None)


def update(live: LiveResource, **values: Any) -> Change:
    """The change that gives a live object these values of its spec."""
    wanted = live.spec.with_values(**values)
    found = mismatches(wanted, live.spec)
    fields = tuple(
        FieldChange(each.dotted, each.before, each.after) for each in found if each.path != ("sources",)
    )
    actions: tuple[Action, ...] = (Action.UPDATE,) if fields else ()
    if len(fields) < len(found):
        actions += (Action.REPLACE_SOURCES,)
    after = resource(live.kind, live.id, wanted)
    return Change(after.address, live.id, live.title, actions, live, after, fields)

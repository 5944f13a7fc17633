"""A marketplace in memory: a second implementation of the `Writer` protocol, as small as one can be.

Its objects are a dict of specs. `arrive` is called when a write arrives, before it takes effect: tests wait there, write
something of their own, or refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from dpsync.apply.limits import DEADLINES
from dpsync.errors import MarketplaceError
from dpsync.kinds.data_product import DataProductSpec
from dpsync.model.access import Accesses
from dpsync.model.call import Action, Call
from dpsync.model.change import Change, FieldChange, SourceChange
from dpsync.model.outcome import Outcome
from dpsync.model.place import Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.resource import LiveResource, Resource

Arrive = Callable[[Call, Change], Awaitable[None]]


class MemoryMarketplace:
    """Keeps what an update omits, as the contract of the API suggests."""

    def __init__(self, *objects: LiveResource) -> None:
        self.objects = {live.id: live for live in objects}
        self.arrive: Arrive | None = None
        self.unreadable: dict[str, MarketplaceError] = {}
        self.reads: list[str] = []
        self.writes: list[str] = []

    async def read(self, change: Change) -> LiveResource | None:
        self.reads.append(change.address.key)
        if change.id in self.unreadable:
            raise self.unreadable[change.id]
        return self.objects.get(change.id)

    def calls(self, change: Change, now: LiveResource | None) -> tuple[Call, ...]:
        assert (now is None) == (change.action is Action.CREATE)
        return tuple(_CALLS[action](action, f"/product/{change.id}", change) for action in change.actions)

    async def send(self, call: Call, change: Change) -> None:
        if self.arrive is not None:
            await self.arrive(call, change)
        self.writes.append(f"{call.method} {change.address.key}")
        _EFFECTS[call.action](self, change)

    def create(self, change: Change) -> None:
        assert change.after is not None
        assert change.id not in self.objects
        self.objects[change.id] = live(change.address.key, change.after.spec)

    def update(self, change: Change) -> None:
        self.put(change, [field.path for field in change.fields])

    def replace_sources(self, change: Change) -> None:
        self.put(change, ["sources"])

    def delete(self, change: Change) -> None:
        del self.objects[change.id]

    def put(self, change: Change, attributes: list[str]) -> None:
        assert change.after is not None
        self.write(change.id, **{name: getattr(change.after.spec, name) for name in attributes})

    def write(self, live_id: str, **values: object) -> None:
        now = self.objects[live_id]
        self.objects[live_id] = replace(now, spec=now.spec.with_values(**values))

    def spec(self, key: str) -> DataProductSpec:
        found = self.objects[f"id-{key}"].spec
        assert isinstance(found, DataProductSpec)
        return found


class ForgetfulMarketplace(MemoryMarketplace):
    """The other server: its PUT clears the description when it is omitted (FACTS section 7 leaves it open)."""

    def update(self, change: Change) -> None:
        if all(field.path != "description" for field in change.fields):
            self.write(change.id, description=None)
        super().update(change)


class DeafMarketplace(MemoryMarketplace):
    """Confirms every update and makes none."""

    def update(self, change: Change) -> None:
        pass


class SlowToNotice(MemoryMarketplace):
    """Takes its time to notice: after a write, so many reads of the object still answer what was before it."""

    def __init__(self, *objects: LiveResource, late: int) -> None:
        super().__init__(*objects)
        self._late = late
        self._old: dict[str, list[LiveResource | None]] = {}

    async def read(self, change: Change) -> LiveResource | None:
        now = await super().read(change)
        old = self._old.get(change.id)
        return old.pop() if old else now

    async def send(self, call: Call, change: Change) -> None:
        before = self.objects.get(change.id)
        await super().send(call, change)
        self._old.setdefault(change.id, [before] * self._late)


_CALLS: dict[Action, Callable[[Action, str, Change], Call]] = {
    Action.CREATE: lambda action, path, change: Call(action, "POST", path, {"name": change.title}),
    Action.UPDATE: lambda action, path, change: Call(
        action, "PUT", path, {field.path: str(field.after) for field in change.fields}
    ),
    Action.REPLACE_SOURCES: lambda action, path, _change: Call(action, "PUT", path + "/sources", {}),
    Action.DELETE: lambda action, path, _change: Call(action, "DELETE", path),
}

_EFFECTS: dict[Action, Callable[[MemoryMarketplace, Change], None]] = {
    Action.CREATE: lambda here, change: here.create(change),
    Action.UPDATE: lambda here, change: here.update(change),
    Action.REPLACE_SOURCES: lambda here, change: here.replace_sources(change),
    Action.DELETE: lambda here, change: here.delete(change),
}


class Heard:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, change: Change) -> None:
        self.told.append(f"started {change.address.key}")

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None:
        self.told.append(f"{result} {change.address.key}")
        assert message or result == "done"


class Time:
    """A clock that moves when somebody sleeps, or when it is told to. Nobody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def at_once(seconds: float) -> None:
    """A sleep that takes no time, and a grace period that has no end."""
    if seconds >= DEADLINES.grace:
        await asyncio.Event().wait()


# Values that the tests of this room are made of.


class Nowhere:
    def of(self, _path: object) -> Origin:
        return Origin("products.yaml")


def sources(*ids: str) -> tuple[SourceReference, ...]:
    return tuple(SourceReference("id", one, id=one) for one in ids)


def product(key: str, **values: object) -> DataProductSpec:
    """A product with every field that can be read."""
    return DataProductSpec.of(
        **{
            "name": key.title(),
            "description": f"About {key}",
            "domain": Reference("d1", "id", "d1"),
            "sources": sources("1", "2"),
            "lifecycle": "active",
            **values,
        }
    )


def live(key: str, spec: object = None, approved: int | None = None) -> LiveResource:
    wanted = spec if isinstance(spec, DataProductSpec) else product(key)
    return LiveResource("DataProduct", f"id-{key}", wanted, "2026-01-01T00:00:00Z", Accesses(approved, 0))


def _address(key: str) -> Address:
    return Address("DataProduct", key)


def _declared(key: str, spec: DataProductSpec) -> Resource:
    return Resource(_address(key), f"id-{key}", pinned=False, spec=spec, origins=Nowhere())


def create(key: str, *, wave: int = 0, needs: tuple[str, ...] = (), **values: object) -> Change:
    after = _declared(key, product(key, **values))
    return Change(
        _address(key),
        f"id-{key}",
        key.title(),
        (Action.CREATE,),
        None,
        after,
        wave=wave,
        needs=tuple(_address(need) for need in needs),
    )


def update(
    before: LiveResource,
    *,
    wave: int = 0,
    needs: tuple[str, ...] = (),
    **values: object,
) -> Change:
    """An update to `values`; the manifest manages the name, the domain, the sources, and what is in `values`."""
    key = before.id.removeprefix("id-")
    old = before.spec
    assert isinstance(old, DataProductSpec)
    managed = {name: getattr(old, name) for name in ("name", "domain", "sources")}
    after = DataProductSpec.of(**{**managed, **values})
    fields = tuple(
        FieldChange(name, getattr(old, name), value) for name, value in values.items() if name != "sources"
    )
    actions = ((Action.UPDATE,) if fields else ()) + (
        (Action.REPLACE_SOURCES,) if "sources" in values else ()
    )
    change = SourceChange(
        tuple(set(after.sources) - set(old.sources)), tuple(set(old.sources) - set(after.sources))
    )
    return Change(
        _address(key),
        before.id,
        before.title,
        actions,
        before,
        _declared(key, after),
        fields,
        change,
        wave=wave,
        needs=tuple(_address(need) for need in needs),
    )


def delete(before: LiveResource, *, wave: int = 0, needs: tuple[str, ...] = ()) -> Change:
    return Change(
        _address(before.id.removeprefix("id-")),
        before.id,
        before.title,
        (Action.DELETE,),
        before,
        None,
        wave=wave,
        needs=tuple(_address(need) for need in needs),
    )


def a_plan(*changes: Change) -> Plan:
    return Plan(Target("sales", "ws-1", "test", "http://localhost", "acme"), changes)


def results(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {outcome.change.address.key: str(outcome.result) for outcome in outcomes}

"""The writer: one object at a time, read before, changed, and read back. It satisfies `apply/writer.py`.

A room of its own because it knows how to be sure (DESIGN 7): what has to be read for a change, and whether a write whose
answer was lost took effect. In what order changes are made, and whether they still should be, is decided by `apply/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from dpsync.errors import BadAnswer, Conflict, NotFound
from dpsync.kinds.data_product import DATA_PRODUCT, DataProductSpec
from dpsync.marketplace import assumptions
from dpsync.marketplace.client import WriteClient
from dpsync.marketplace.endpoints import ENDPOINTS, data_product
from dpsync.marketplace.endpoints.calls import changed_fields
from dpsync.marketplace.endpoints.endpoint import FormPair, Parts
from dpsync.marketplace.tasks import together
from dpsync.model.call import Call
from dpsync.model.change import Action, Change
from dpsync.model.reference import SourceReference
from dpsync.model.resource import LiveResource


class MarketplaceWriter:
    """Reads and writes one object at a time. `domains` are names by id, for texts only."""

    def __init__(self, client: WriteClient, *, vintage: str, domains: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._vintage = vintage
        self._domains = domains or {}
        self._answers: dict[tuple[str, str], Any] = {}

    async def read(self, change: Change) -> LiveResource | None:
        """The object as it is now, with every part that the change compares or overwrites; None if it is absent.

        A change of nothing but sources reads nothing but sources: the rest is as it was planned, and `parts` says so.
        After a write, the fields of a product whose other parts are read anyway are those of the last answer.
        """
        answered = self._answers.pop((change.kind, change.id), None)
        try:
            if change.kind == DATA_PRODUCT.name:
                return await self._read_product(change, answered)
            return self._made(change, await self._client.get(ENDPOINTS[change.kind].path(change.id)), Parts())
        except NotFound:
            return None

    def calls(self, change: Change, now: LiveResource | None) -> tuple[Call, ...]:
        """The writes that make the change, in order, given the object as it is now."""
        return ENDPOINTS[change.kind].calls(change, now, self._vintage)

    async def send(self, call: Call, change: Change) -> None:
        """Make one write. Returns when it has taken effect, also if the answer was lost (DESIGN 4: create is idempotent)."""
        self._answers.pop((change.kind, change.id), None)
        answer = await (self._create(call, change) if call.method == "POST" else self._set(call))
        if isinstance(answer, dict) and answer.get("id") is not None:
            if answer["id"] != change.id:
                raise _another_id(call, change, answer["id"])
            self._answers[change.kind, change.id] = answer

    async def _create(self, call: Call, change: Change) -> Any:
        lost = False

        async def settled() -> bool:
            nonlocal lost
            lost = True
            return await self._exists(change)

        try:
            return await self._client.send(call, settled=settled)
        except Conflict:
            if lost and await self._exists(change):
                return None
            raise

    async def _set(self, call: Call) -> Any:
        try:
            return await self._client.send(call)
        except NotFound:
            if call.method == "DELETE":
                return None
            raise

    async def _exists(self, change: Change) -> bool:
        try:
            await self._client.get(ENDPOINTS[change.kind].path(change.id))
        except NotFound:
            return False
        return True

    async def _read_product(self, change: Change, answered: Any) -> LiveResource:
        parts = _parts(change)
        if data_product.FIELDS not in parts and change.before is not None:
            return _with_sources(change.before, await self._sources(change.id))
        path = ENDPOINTS[change.kind].path(change.id)
        if change.action is Action.CREATE and answered is None:
            answered = await self._client.get(path)
        wanted = [work for part, work in _READS.items() if part in parts]
        if answered is not None and wanted:
            payload, rest = answered, await together(*(work(self, change.id) for work in wanted))
        else:
            payload, *rest = await together(  # type: ignore[assignment]
                self._client.get(path), *(work(self, change.id) for work in wanted)
            )
        return self._made(change, payload, _assembled(rest, self._domains))

"""The writer: one object at a time, read before, changed, and read back. It satisfies `apply/writer.py`.

A room of its own because it knows how to be sure (DESIGN 7): what has to be read for a change, and whether a write whose
answer was lost took effect. In what order changes are made, and whether they still should be, is decided by `apply/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dpsync.errors import BadAnswer, Conflict, MarketplaceError, NotFound
from dpsync.kinds.data_product import DATA_PRODUCT, DataProductSpec
from dpsync.marketplace import answers, assumptions
from dpsync.marketplace.client import WriteClient
from dpsync.marketplace.endpoints import ENDPOINTS, data_product
from dpsync.marketplace.endpoints.calls import changed_fields
from dpsync.marketplace.endpoints.endpoint import FormPair, Parts
from dpsync.marketplace.tasks import together
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.compare import mismatches
from dpsync.model.reference import SourceReference
from dpsync.model.resource import LiveResource


class MarketplaceWriter:
    """Reads and writes one object at a time. `domains` are names by id, for texts only."""

    def __init__(
        self, client: WriteClient, *, vintage: str, domains: Mapping[str, str] | None = None
    ) -> None:
        self._client = client
        self._vintage = vintage
        self._domains = domains or {}
        self._answers: dict[tuple[str, str], Any] = {}
        self._forms_before: dict[str, FormPair] = {}
        self._is_known_to_keep_forms = False

    async def read(self, change: Change) -> LiveResource | None:
        """The object as it is now, with every part that the change compares or overwrites; None if it is absent.

        What is not read is as it was planned and not managed, and `parts` does not name it: a change of nothing but
        sources reads nothing but sources.
        After a write, the fields of a product whose other parts are read anyway are those of the last answer.

        Whether an update keeps the forms that it omits is not known (FACTS 7.1), and forms are not part of the product's
        payload. So the first updates of a run read them before and after, until one has kept them.
        """
        answered = self._answers.pop((change.kind, change.id), None)
        try:
            if change.kind == DATA_PRODUCT.name:
                return await self._read_product(change, answered)
            return self._made(
                change,
                await self._client.get(ENDPOINTS[change.kind].path(change.id)),
                Parts(domains=self._domains),
            )
        except NotFound:
            return None

    def calls(self, change: Change, now: LiveResource | None) -> tuple[Call, ...]:
        """The writes that make the change, in order, given the object as it is now."""
        return ENDPOINTS[change.kind].calls(change, now, self._vintage)

    async def send(self, call: Call, change: Change) -> None:
        """Make one write. Returns when it has taken effect, also if the answer was lost (DESIGN 4: create is idempotent)."""
        self._answers.pop((change.kind, change.id), None)
        answer = await (self._create(call, change) if call.method == "POST" else self._set(call, change))
        if not isinstance(answer, dict) or answer.get("id") is None:
            return
        if answer["id"] == change.id:
            self._answers[change.kind, change.id] = answer
            return
        answered = answers.shown(str(answer["id"]))
        try:
            is_done = await self._is_done(call, change)
        except MarketplaceError:
            raise _answered_for_another(call, change, answered) from None
        if not is_done:
            tell = _made_under_another_id if call.method == "POST" else _answered_for_another
            raise tell(call, change, answered)

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

    async def _set(self, call: Call, change: Change) -> Any:
        try:
            return await self._client.send(call, settled=lambda: self._is_done(call, change))
        except NotFound:
            if call.method == "DELETE":
                return None
            raise

    async def _is_done(self, call: Call, change: Change) -> bool:
        """Whether a look shows the object as the call was to leave it."""
        if call.action in {Action.CREATE, Action.DELETE}:
            return await self._exists(change) == (call.action is Action.CREATE)
        if call.action is Action.REPLACE_SOURCES:
            sent = (call.body or {}).get("dataSources", ())
            return set(await self._sources(change.id)) == {each["sourceId"] for each in sent}
        return await self._is_updated(call, change)

    async def _is_updated(self, call: Call, change: Change) -> bool:
        """Whether the fields that the call is about are as they shall be."""
        assert change.after is not None
        asked = {*changed_fields(change)} - {"lifecycle", "sources"}
        if "suspended" in (call.body or {}):
            asked.add("lifecycle")
        is_about_forms = change.kind == DATA_PRODUCT.name and "requestForms" in asked
        payload, forms = await together(
            self._client.get(ENDPOINTS[change.kind].path(change.id)),
            self._forms(change.id) if is_about_forms else _known(None),
        )
        now = self._made(change, payload, Parts(forms=forms, domains=self._domains))
        return not any(one.path[0] in asked for one in mismatches(change.after.spec, now.spec))

    async def _exists(self, change: Change) -> bool:
        try:
            await self._client.get(ENDPOINTS[change.kind].path(change.id))
        except NotFound:
            return False
        return True

    async def _read_product(self, change: Change, answered: Any) -> LiveResource:
        parts = _parts(change) | self._parts_in_doubt(change)
        if data_product.FIELDS not in parts and change.before is not None:
            return _with_sources(change.before, await self._sources(change.id))
        if change.action is not Action.UPDATE and answered is None:
            answered = await self._fields(change.id)  # often a 404: the rest is then not asked for
        if data_product.SOURCES not in parts and data_product.FORMS not in parts:
            made = self._made(change, await self._fields(change.id), Parts(domains=self._domains))
            return _as_planned(made, change.before)
        payload, sources, forms = await together(
            _known(answered) if answered is not None else self._fields(change.id),
            self._sources(change.id) if data_product.SOURCES in parts else _known(None),
            self._forms(change.id) if data_product.FORMS in parts else _known(None),
        )
        if forms is not None:
            self._note_forms(change, forms)
        made = self._made(change, payload, Parts(sources, forms, self._domains))
        return _as_planned(made, change.before)

    def _parts_in_doubt(self, change: Change) -> frozenset[str]:
        """The forms, where the change updates fields but no forms and it is not known yet that those then stay."""
        if self._is_known_to_keep_forms or Action.UPDATE not in change.actions:
            return frozenset()
        return frozenset({data_product.FORMS})

    def _note_forms(self, change: Change, forms: FormPair) -> None:
        before = self._forms_before.pop(change.id, None)
        if before is None:
            self._forms_before[change.id] = forms
        elif before == forms and forms != FormPair() and "requestForms" not in changed_fields(change):
            self._is_known_to_keep_forms = True

    async def _fields(self, identity: str) -> Any:
        return await self._client.get(ENDPOINTS[DATA_PRODUCT.name].path(identity))

    async def _sources(self, identity: str) -> tuple[str, ...]:
        return data_product.sources(await self._client.get(data_product.sources_path(identity)))

    async def _forms(self, identity: str) -> FormPair:
        return data_product.forms(await self._client.get(data_product.forms_path(identity)))

    def _made(self, change: Change, payload: Any, parts: Parts) -> LiveResource:
        resource = ENDPOINTS[change.kind].read(payload, parts)
        if resource.id != change.id:
            raise BadAnswer(
                f"{change.id} was asked for, and {answers.shown(resource.id)} was answered.", "Run again."
            )
        return resource


async def _known(value: Any) -> Any:
    return value


def _parts(change: Change) -> frozenset[str]:
    """The parts of a product that the change compares or overwrites; of one that goes, all that there is to undo it."""
    if change.action is Action.DELETE:
        return frozenset({data_product.FIELDS, data_product.SOURCES, data_product.FORMS})
    if change.action is Action.CREATE:
        spec = change.after.spec if change.after is not None else None
        has_forms = isinstance(spec, DataProductSpec) and spec.request_forms is not None
        found = {data_product.FIELDS, data_product.SOURCES}
        return frozenset(found | {data_product.FORMS} if has_forms else found)
    found = set() if change.actions == (Action.REPLACE_SOURCES,) else {data_product.FIELDS}
    if Action.REPLACE_SOURCES in change.actions:
        found.add(data_product.SOURCES)
    writes_forms = assumptions.SEND_WHOLE_OBJECT or "requestForms" in changed_fields(change)
    if data_product.FIELDS in found and writes_forms:
        found.add(data_product.FORMS)
    return frozenset(found)


def _as_planned(resource: LiveResource, before: LiveResource | None) -> LiveResource:
    """The object with what was not read of it as it was planned: there to be looked at, but not managed."""
    if before is None:
        return resource
    missing = [part for part in _PARTS if part not in resource.parts]
    values = {_PARTS[part]: getattr(before.spec, _PARTS[part]) for part in missing}
    spec = resource.spec.with_values(**values)
    spec.model_fields_set.difference_update(values)
    return replace(resource, spec=spec)


_PARTS = {data_product.SOURCES: "sources", data_product.FORMS: "request_forms"}
"""The field of a product's spec that is a part of its own, by part."""


def _with_sources(before: LiveResource, sources: tuple[str, ...]) -> LiveResource:
    references = tuple(SourceReference("id", each, id=each) for each in sources)
    spec = before.spec.with_values(sources=references)
    spec.model_fields_set.intersection_update({"sources"})
    return replace(before, spec=spec, parts=frozenset({data_product.SOURCES}))


def _made_under_another_id(call: Call, change: Change, answered: str) -> BadAnswer:
    return BadAnswer(
        f"{change.address} was to get the id {change.id}, and the marketplace gave it {answered}.",
        f"Pin it: write `metadata.id: {answered}` in its manifest.",
        method=call.method,
        path=call.path,
    )


def _answered_for_another(call: Call, change: Change, answered: str) -> BadAnswer:
    return BadAnswer(
        f"{call.method} {call.path} was answered with another object, {answered}. Whether it took effect is not known.",
        f"Run again: it looks first how {change.address} is.",
        method=call.method,
        path=call.path,
    )

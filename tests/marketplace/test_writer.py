from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dpsync.errors import BadAnswer, Conflict, Unreachable
from dpsync.kinds.data_product import DataProductSpec, ReviewFlows
from dpsync.kinds.data_use_agreement import DataUseAgreementSpec
from dpsync.kinds.request_form import RequestFormSpec, ShortAnswerField
from dpsync.kinds.review_flow import Approve, Delegate
from dpsync.kinds.shared import both
from dpsync.marketplace import MarketplaceWriter, assumptions, read_live
from dpsync.marketplace.client import ATTEMPTS
from dpsync.model.change import Change
from dpsync.model.compare import mismatches
from dpsync.model.identity import computed_id
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource
from dpsync.model.state import Scope
from dpsync.sandbox import Fault
from marketplace.doorways import VINTAGES, WORKSPACE, Sandbox, Vintage, creation, deletion, run, update
from sandbox import worlds

PRODUCT, FORM, AGREEMENT = "DataProduct", "RequestForm", "DataUseAgreement"
NEW = computed_id(WORKSPACE, PRODUCT, "new")


def sources(*numbers: int) -> tuple[SourceReference, ...]:
    return tuple(SourceReference("id", str(each), id=str(each)) for each in numbers)


def new_product(**more: Any) -> DataProductSpec:
    values: dict[str, Any] = {
        "name": "New",
        "description": "Fresh",
        "domain": Reference("Sales", "name", worlds.SALES),
        "subject_matter_expert": Reference("stew", "name", worlds.STEWARD),
        "sources": sources(1, 3),
        "request_forms": both(Reference("delegating", "key", worlds.DELEGATING)),
    }
    return DataProductSpec.of(**values | more)


def live(sandbox: Sandbox, live_id: str, kind: str = PRODUCT) -> LiveResource:
    async def reading() -> LiveResource:
        ids = frozenset({live_id})
        async with sandbox.reading() as client:
            state = await read_live(client, Scope(WORKSPACE, sources=ids, forms=ids), vintage=sandbox.vintage)
        return state.by_id[kind, live_id]

    found = run(reading())
    sandbox.received.clear()
    return found


def made(sandbox: Sandbox, change: Change) -> tuple[LiveResource | None, LiveResource | None]:
    """The object before and after, as apply would have it: read, calls, send each, read back."""

    async def making() -> tuple[LiveResource | None, LiveResource | None]:
        async with sandbox.writing() as client:
            writer = MarketplaceWriter(client, vintage=sandbox.vintage, domains={worlds.SALES: "Sales"})
            now = await writer.read(change)
            for call in writer.calls(change, now):
                await writer.send(call, change)
            return now, await writer.read(change)

    return run(making())


def succeeds(sandbox: Sandbox, change: Change) -> int:
    """Make the change, see that it took, and say how many requests it cost."""
    _, after = made(sandbox, change)
    assert after is not None
    assert change.after is not None
    assert not mismatches(change.after.spec, after.spec)
    cost = len(sandbox.received)
    again = live(sandbox, change.id, change.kind)
    assert not mismatches(change.after.spec, again.spec)
    return cost


@pytest.mark.parametrize("vintage", VINTAGES)
@pytest.mark.parametrize(
    ("more", "requests"),
    [
        ({}, 4),  # GET (404), POST, GET sources, GET forms
        ({"lifecycle": "suspended"}, 6),
        ({"description": None, "subject_matter_expert": None, "sources": ()}, 4),
        ({"review_flows": ReviewFlows.of(data_access=Approve.of(decision="approve", comment="Public"))}, 4),
    ],
)
def test_a_product_is_created(vintage: Vintage, more: dict[str, Any], requests: int) -> None:
    assert succeeds(Sandbox(worlds.small(), vintage), creation(PRODUCT, NEW, new_product(**more))) == requests


@pytest.mark.parametrize("vintage", VINTAGES)
@pytest.mark.parametrize(
    ("values", "requests"),
    [
        ({"name": "Renamed", "description": None}, 4),
        ({"subject_matter_expert": None}, 4),
        ({"lifecycle": "suspended"}, 4),
        ({"sources": sources(1, 3, 4)}, 3),
        ({"name": "Renamed", "sources": sources(4)}, 7),
        ({"lifecycle": "suspended", "sources": ()}, 7),
        ({"request_forms": both(Reference("Closed", "id", worlds.DENYING))}, 4),
        ({"domain": Reference("Finance", "id", worlds.FINANCE), "sources": sources(5)}, 7),
        ({"review_flows": ReviewFlows.of(data_access=Approve.of(decision="approve", comment="Public"))}, 4),
    ],
)
def test_a_product_is_updated_by_the_first_update_of_a_run(
    vintage: Vintage, values: dict[str, Any], requests: int
) -> None:
    sandbox = Sandbox(worlds.small(), vintage)
    assert succeeds(sandbox, update(live(sandbox, worlds.ORDERS), **values)) == requests


@pytest.mark.parametrize(
    ("values", "requests"),
    [
        ({"description": "Fresh"}, 3),
        ({"description": "Fresh", "sources": sources()}, 5),
        ({"lifecycle": "suspended"}, 3),
    ],
)
def test_once_an_update_has_kept_the_forms_later_ones_do_not_read_them(
    values: dict[str, Any], requests: int
) -> None:
    sandbox = Sandbox(worlds.small())
    first = update(live(sandbox, worlds.ORDERS), name="Renamed")
    second = update(live(sandbox, worlds.LEDGER), **values)

    async def making() -> int:
        async with sandbox.writing() as client:
            writer = MarketplaceWriter(client, vintage=sandbox.vintage)
            for change in (first, second):
                sandbox.received.clear()
                now = await writer.read(change)
                for call in writer.calls(change, now):
                    await writer.send(call, change)
                assert await writer.read(change) is not None
            return len(sandbox.received)

    assert run(making()) == requests


def test_forms_that_an_update_drops_are_seen_by_the_read_after_it() -> None:
    sandbox = Sandbox(worlds.small(), put="replace")
    now, after = made(sandbox, update(live(sandbox, worlds.ORDERS), name="Renamed"))
    assert now is not None
    assert after is not None
    assert [one.dotted for one in mismatches(now.spec, after.spec) if "requestForms" in one.dotted]


@pytest.mark.parametrize("vintage", VINTAGES)
def test_a_suspended_product_gets_its_sources_before_it_is_active(vintage: Vintage) -> None:
    sandbox = Sandbox(worlds.small(), vintage)
    assert succeeds(sandbox, update(live(sandbox, worlds.ORDERS), lifecycle="suspended")) == 4
    before = live(sandbox, worlds.ORDERS)
    assert succeeds(sandbox, update(before, lifecycle="active", sources=sources(1), name="N")) == 8


def test_a_product_is_deleted_in_five_requests_with_all_that_undo_needs_in_hand() -> None:
    sandbox = Sandbox(worlds.small())
    before, after = made(sandbox, deletion(live(sandbox, worlds.LEDGER)))
    assert before is not None
    assert after is None
    assert before.spec.manages("sources")
    assert before.spec.manages("request_forms")
    assert len(sandbox.received) == 5


def test_what_was_not_read_is_as_planned_and_not_managed() -> None:
    sandbox = Sandbox(worlds.small())
    planned = live(sandbox, worlds.ORDERS)
    now, _ = made(sandbox, update(planned, name="Renamed"))
    assert now is not None
    assert now.parts == {"fields", "forms"}
    assert not now.spec.manages("sources")
    assert not mismatches(planned.spec, now.spec)
    now, after = made(sandbox, update(planned, sources=sources(4)))
    assert now is not None
    assert after is not None
    assert now.parts == after.parts == {"sources"}
    assert not now.spec.manages("name")
    assert not mismatches(planned.spec, now.spec)


@pytest.mark.parametrize("vintage", VINTAGES)
def test_forms_and_agreements_are_created_updated_and_deleted_in_three_requests_each(
    vintage: Vintage,
) -> None:
    sandbox = Sandbox(worlds.small(), vintage)
    form, agreement = (computed_id(WORKSPACE, kind, "new") for kind in (FORM, AGREEMENT))
    terms = DataUseAgreementSpec.of(name="Rules", body="Be kind.")
    assert succeeds(sandbox, creation(AGREEMENT, agreement, terms)) == 3
    assert succeeds(sandbox, update(live(sandbox, agreement, AGREEMENT), body="Be careful.")) == 3
    question = ShortAnswerField.of(
        id="f0000000-0000-4000-8000-000000000009", type="SHORT_ANSWER", label="Why?", required=False
    )
    spec = RequestFormSpec.of(
        name="Mine",
        fields=(question,),
        review_flow=Delegate.of(decision="delegate"),
        agreements=(Reference("rules", "key", agreement),),
    )
    sandbox.received.clear()
    assert succeeds(sandbox, creation(FORM, form, spec)) == 3
    assert succeeds(sandbox, update(live(sandbox, form, FORM), fields=(), agreements=(), name="Ours")) == 3
    for kind, live_id in ((FORM, form), (AGREEMENT, agreement)):
        assert made(sandbox, deletion(live(sandbox, live_id, kind)))[1] is None
        assert len(sandbox.received) == 3


def test_the_whole_object_is_sent_to_a_server_that_forgets_what_is_omitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"name": "Renamed", "sources": sources(4)}
    forgetful = Sandbox(worlds.small(), put="replace")
    planned = live(forgetful, worlds.ORDERS)
    made(forgetful, update(planned, **values))
    assert mismatches(planned.spec.with_values(**values), live(forgetful, worlds.ORDERS).spec)

    monkeypatch.setattr(assumptions, "SEND_WHOLE_OBJECT", True)
    forgetful = Sandbox(worlds.small(), put="replace")
    assert succeeds(forgetful, update(live(forgetful, worlds.ORDERS), **values)) == 7


# -- what goes wrong -------------------------------------------------------------------------------------------------


def posts(sandbox: Sandbox) -> int:
    return sum(1 for each in sandbox.received if each.method == "POST")


@pytest.mark.parametrize(("kind", "sent"), [("lost", 1), ("reset", 2), ("status", 2)])
def test_a_create_whose_answer_was_lost_is_made_exactly_once(kind: Any, sent: int) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("POST", "*", kind=kind))
    change = creation(PRODUCT, NEW, new_product())
    _, after = made(sandbox, change)
    assert after is not None
    assert posts(sandbox) == sent
    assert change.after is not None
    assert not mismatches(change.after.spec, after.spec)


def test_a_create_that_never_takes_is_given_up() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("POST", "*", kind="reset", times=1000))
    with pytest.raises(Unreachable):
        made(sandbox, creation(PRODUCT, NEW, new_product()))
    assert posts(sandbox) == ATTEMPTS


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("kind", ["lost", "reset", "status"])
def test_an_update_or_delete_whose_answer_was_lost_is_made(method: str, kind: Any) -> None:
    sandbox = Sandbox(worlds.small())
    before = live(sandbox, worlds.ORDERS)
    changes: dict[str, Callable[[], Change]] = {
        "PUT": lambda: update(before, name="Renamed", sources=sources(4)),
        "DELETE": lambda: deletion(before),
    }
    sandbox.fail(Fault(method, "*", kind=kind), Fault(method, "*", nth=3, kind=kind))
    change = changes[method]()
    _, after = made(sandbox, change)
    if change.after is None:
        assert after is None
    else:
        assert after is not None
        assert not mismatches(change.after.spec, after.spec)


def test_a_name_that_is_taken_is_a_conflict_even_after_a_lost_answer() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("POST", "*", kind="reset"))
    with pytest.raises(Conflict):
        made(sandbox, creation(PRODUCT, NEW, new_product(name="Ledger")))


def test_a_create_that_is_answered_with_another_id_says_how_to_pin_it() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("POST", "*", code=201, body='{"id": "clh3v8k5w0000qzrmn831i7rn"}'))
    with pytest.raises(BadAnswer) as caught:
        made(sandbox, creation(PRODUCT, NEW, new_product()))
    assert "metadata.id: clh3v8k5w0000qzrmn831i7rn" in caught.value.remedy


def test_after_a_failed_call_the_product_is_read_afresh() -> None:
    sandbox = Sandbox(worlds.small())
    change = update(live(sandbox, worlds.ORDERS), name="Renamed", sources=sources(4))
    sandbox.fail(Fault("PUT", "*/datasources", code=403))

    async def making() -> tuple[LiveResource | None, list[str]]:
        async with sandbox.writing() as client:
            writer = MarketplaceWriter(client, vintage="v2")
            first, second = writer.calls(change, await writer.read(change))
            await writer.send(first, change)
            sandbox.received.clear()
            with pytest.raises(Exception, match="403"):
                await writer.send(second, change)
            return await writer.read(change), [each.path for each in sandbox.received]

    now, paths = run(making())
    assert now is not None
    assert now.title == "Renamed"
    assert f"/marketplace/api/data-product/{worlds.ORDERS}" in paths


def test_an_object_that_is_gone_reads_as_none() -> None:
    sandbox = Sandbox(worlds.small())
    before = live(sandbox, worlds.ORDERS)
    made(sandbox, deletion(before))

    async def reading(change: Change) -> LiveResource | None:
        async with sandbox.writing() as client:
            return await MarketplaceWriter(client, vintage="v2").read(change)

    for change in (update(before, name="N"), update(before, sources=()), deletion(before)):
        assert run(reading(change)) is None

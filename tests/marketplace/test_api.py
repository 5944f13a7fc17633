"""The typed client over a sandbox: what it sends, what it makes of the answers, and what happens when they are lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest
from pydantic import ValidationError

from dpsync.errors import BadAnswer, Conflict, Forbidden, MarketplaceError, NotFound, Unreachable, UsageError
from dpsync.marketplace import Client
from dpsync.marketplace.models import (
    AccessRequest,
    ApprovalRecord,
    ColumnReference,
    CreateDataProduct,
    CreateDataUseAgreement,
    CurrentUser,
    DataProduct,
    DomainSource,
    UpdateApprovalRecord,
    UpdateDataProduct,
)
from dpsync.model.secret import Token
from dpsync.sandbox import Fault
from dpsync.sandbox.seed import large_world
from marketplace.doorways import Sandbox, answering, made, run
from sandbox import worlds as w

Result = TypeVar("Result")

NEW = "77777777-7777-4777-8777-777777777777"
MEMBER, WAITING = "c11111111111111111request1", "c11111111111111111request2"
NAMES = ("a/b", "a\\b", "/", "Größe µ", "  spaced  out", "(x)-_/\\ y", "数据 目录", "byName", "all/byName")


def asked(sandbox: Sandbox, call: Callable[[Client], Awaitable[Result]], token: str = "sandbox") -> Result:
    async def ask() -> Result:
        async with sandbox.client(Client, token) as client:
            return await call(client)

    return run(ask())


def answered(
    call: Callable[[Client], Awaitable[Result]], *payloads: Any
) -> tuple[Result, list[httpx2.Request]]:
    transport, requests = answering(*(httpx2.Response(200, json=each) for each in payloads))

    async def ask() -> Result:
        async with made(Client, transport) as client:
            return await call(client)

    return run(ask()), requests


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(w.small())


def named(*names: str) -> Sandbox:
    small = w.small()
    products = tuple(
        replace(small.products[0], id=f"c22222222222222222{number:03d}", name=name, requests=())
        for number, name in enumerate(names)
    )
    return Sandbox(replace(small, products=products))


# Names


@pytest.mark.parametrize("name", NAMES)
def test_a_product_is_found_by_any_name_that_it_may_have(name: str) -> None:
    sandbox = named("Another", name)
    assert asked(sandbox, lambda c: c.get_data_product_by_name(name)).name == name
    assert [call.path for call in sandbox.received if not call.path.endswith("/byName")] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [400, 404])
def test_where_names_do_not_pass_the_list_is_searched_for_exactly_this_name(name: str, status: int) -> None:
    sandbox = named(f"{name} more", name)
    sandbox.fail(Fault("GET", "*/byName", code=status))
    assert asked(sandbox, lambda c: c.get_data_product_by_name(name)).name == name


def test_a_product_with_another_name_is_not_taken_for_the_one_asked_for(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound, match="No data product that the token may see is called 'orders and items'"):
        asked(sandbox, lambda c: c.get_data_product_by_name("orders and items"))


def test_a_name_that_may_not_be_asked_for_is_not_searched_for(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("GET", "*/byName", code=403))
    with pytest.raises(Forbidden):
        asked(sandbox, lambda c: c.get_data_product_by_name("Ledger"))
    assert len(sandbox.received) == 1


# Searches


def test_filters_are_sent_as_the_api_writes_them() -> None:
    page = {"data": [], "meta": {"totalCount": 0}}
    _, requests = answered(
        lambda c: c.search_data_product_access_requests(
            "x",
            status=["APPROVED", "PENDING"],
            user_ids=(each for each in ("u1", "u2")),
            include_temporary=True,
            historical=False,
            review_status=(),
        ).all(),
        page,
    )
    assert requests[0].url.params.multi_items() == [
        ("status", "APPROVED"),
        ("status", "PENDING"),
        ("userIds", "u1"),
        ("userIds", "u2"),
        ("includeTemporary", "true"),
        ("historical", "false"),
        ("limit", "100"),
        ("offset", "0"),
    ]


def test_a_list_with_tokens_is_read_to_its_end_or_page_by_page() -> None:
    sandbox = Sandbox(large_world(250))

    async def read(client: Client) -> tuple[list[str], list[str], int]:
        search = client.search_data_products()
        whole = [product.name async for product in search]
        first = await search.page(limit=100)
        second = await search.page(next_token=first.next_token, limit=100)
        last = await search.page(next_token=second.next_token, limit=100)
        assert last.next_token is None
        pages = [product.name for page in (first, second, last) for product in page.entries]
        return whole, pages, len(await search.all())

    whole, pages, number = asked(sandbox, read)
    assert whole == pages
    assert number == len(set(whole)) == 250


def test_a_list_with_a_total_is_read_to_its_end_counted_or_looked_into() -> None:
    sandbox = Sandbox(large_world(1, members_per_product=50, sources_per_product=150))
    (product,) = asked(sandbox, lambda c: c.search_data_products().all())

    async def read(client: Client) -> None:
        members = client.search_data_product_members(product.id)
        assert await members.count() == 50
        page = await members.page(offset=45, limit=10)
        assert (len(page.entries), page.offset, page.total_count) == (5, 45, 50)
        assert (await members.all())[45:] == page.entries
        columns = client.search_data_product_columns(product.id)
        assert len(await columns.all()) == await columns.count() == 450
        async for _column in columns:
            break
        assert len(await client.search_data_sources(product.id).all()) == 150

    asked(sandbox, read)


def test_a_search_sends_nothing_until_it_is_read(sandbox: Sandbox) -> None:
    async def describe(client: Client) -> None:
        client.search_data_products()
        client.search_access_requests()
        client.search_applied_tags()

    asked(sandbox, describe)
    assert sandbox.received == []


def test_columns_that_are_called_alike_in_two_sources_are_two(sandbox: Sandbox) -> None:
    found = asked(sandbox, lambda c: c.search_data_product_columns(w.ORDERS, search_text="email").all())
    assert [(column.source_id, column.masked) for column in found] == [("1", True), ("2", False)]


def test_applied_tags_are_read_page_after_page_and_again_when_an_answer_is_lost(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/applied/search", kind="lost"))

    async def read(client: Client) -> None:
        search = client.search_applied_tags(data_source_ids=["1"], model_type=["column", "datasource"])
        everything = await search.all()
        assert await search.count() == len(everything) == 3
        assert (await search.page(offset=1, limit=1)).entries == everything[1:2]

    asked(sandbox, read)
    assert sandbox.received[0].body["dataSourceIds"] == [1]


def test_applied_tags_follow_short_pages_to_the_total() -> None:
    def tag(number: int) -> dict[str, Any]:
        return {"tagId": number, "name": f"T{number}"}

    pages = [{"data": [tag(1), tag(2)], "total": 3}, {"data": [tag(3)], "total": 3}]
    found, requests = answered(lambda c: c.search_applied_tags().all(), *pages)
    assert [each.tag_id for each in found] == ["1", "2", "3"]
    assert len(requests) == 2
    with pytest.raises(BadAnswer, match="no entries came at 2 of 3"):
        answered(lambda c: c.search_applied_tags().all(), pages[0], {"data": [], "total": 3})


def test_a_source_id_that_is_no_number_is_not_sent_where_numbers_are_wanted(sandbox: Sandbox) -> None:
    async def search(client: Client) -> None:
        client.search_applied_tags(data_source_ids=["ORDERS"])

    with pytest.raises(UsageError, match="'ORDERS' is not the id of a data source"):
        asked(sandbox, search)


@pytest.mark.parametrize("payload", [{"data": []}, {"data": [], "meta": {}}, {"meta": {"totalCount": 0}}, 7])
def test_a_page_that_is_none_is_a_bad_answer(payload: Any) -> None:
    with pytest.raises(BadAnswer):
        answered(lambda c: c.search_request_forms().page(), payload)


# Lost answers


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_a_request_for_access_is_never_sent_twice(sandbox: Sandbox, kind: Any) -> None:
    sandbox.fail(Fault("POST", "*/request", kind=kind))
    with pytest.raises(Unreachable, match="Whether it took effect is not known") as caught:
        asked(sandbox, lambda c: c.request_access(w.ORDERS, user=w.STEWARD, form=w.ANSWERS))
    assert "search_data_product_access_requests" in caught.value.remedy
    assert f"dpsync access list {w.ORDERS} --user {w.STEWARD}" in caught.value.remedy
    found = asked(
        sandbox, lambda c: c.search_data_product_access_requests(w.ORDERS, user_ids=[w.STEWARD]).count()
    )
    assert found == (1 if kind == "lost" else 0)
    assert [call.method for call in sandbox.received] == ["POST", "GET"]


def test_a_request_for_an_exception_is_never_sent_twice(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/masking-exception", code=503))
    column = ColumnReference(source_id="1", column_name="email")
    with pytest.raises(Unreachable, match="not known"):
        asked(
            sandbox,
            lambda c: c.request_masking_exception(
                w.ORDERS, user=w.CONSUMER, columns=[column], form=w.ANSWERS
            ),
        )
    assert len(sandbox.received) == 1


def test_a_request_that_was_put_off_is_sent_again(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/request", code=429, times=2))
    request = asked(sandbox, lambda c: c.request_access(w.ORDERS, user=w.STEWARD, form=w.ANSWERS))
    assert request.status == "PENDING"
    assert len(sandbox.received) == 3


def product(**values: Any) -> CreateDataProduct:
    return CreateDataProduct.model_validate(
        {"name": "New", "domains": (w.SALES,), "data_access_request_form_id": w.DELEGATING, **values}
    )


def test_a_lost_creation_is_settled_by_the_id(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/data-product", kind="lost"))
    assert asked(sandbox, lambda c: c.create_data_product(product(id=NEW))).id == NEW
    assert [call.method for call in sandbox.received] == ["POST", "GET", "GET"]


def test_a_creation_that_did_not_arrive_is_sent_again(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/data-product", kind="reset"))
    assert asked(sandbox, lambda c: c.create_data_product(product(id=NEW))).id == NEW
    assert [call.method for call in sandbox.received] == ["POST", "GET", "POST"]


def test_an_id_that_was_taken_before_is_not_taken_for_a_success(sandbox: Sandbox) -> None:
    agreement = CreateDataUseAgreement(id=w.TERMS, name="New", body="Be kind.")
    sandbox.fail(Fault("POST", "*/data-use-agreement", kind="reset"))
    with pytest.raises(Conflict):
        asked(sandbox, lambda c: c.create_data_use_agreement(agreement))


def test_a_lost_creation_without_an_id_is_not_known(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("POST", "*/data-product", kind="lost"))
    with pytest.raises(Unreachable, match="not known") as caught:
        asked(sandbox, lambda c: c.create_data_product(product()))
    assert caught.value.remedy == "Search for its name before making it again."


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_what_is_deleted_is_deleted_once_whatever_is_lost(sandbox: Sandbox, kind: Any) -> None:
    sandbox.fail(Fault("DELETE", "*", kind=kind))
    asked(sandbox, lambda c: c.delete_data_product(w.ORDERS))
    with pytest.raises(NotFound):
        asked(sandbox, lambda c: c.get_data_product_by_id(w.ORDERS))


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_a_lost_revocation_is_looked_after(sandbox: Sandbox, kind: Any) -> None:
    sandbox.fail(Fault("DELETE", "*", kind=kind))
    asked(sandbox, lambda c: c.revoke_access(w.ORDERS, MEMBER))
    assert asked(sandbox, lambda c: c.get_access_request_by_id(MEMBER)).status == "REVOKED"


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_a_lost_cancellation_is_looked_after(sandbox: Sandbox, kind: Any) -> None:
    sandbox.fail(Fault("DELETE", "*", kind=kind))
    asked(sandbox, lambda c: c.cancel_access_request(WAITING), token="other")
    assert asked(sandbox, lambda c: c.get_access_request_by_id(WAITING)).status == "CANCELED"


# The life of a request


def test_a_request_is_decided_stage_by_stage(sandbox: Sandbox) -> None:
    first, second = asked(sandbox, lambda c: c.get_access_request_records(WAITING))
    assert (first.status, second.status, second.prerequisites) == ("PENDING", "BLOCKED", (first.id,))
    assert [reviewer.type for reviewer in first.approvers] == ["USER", "GROUP"]
    yes = UpdateApprovalRecord(status="APPROVED", reason="Needed")
    decided = asked(sandbox, lambda c: c.update_approval_record(first.id, yes), token="steward")
    assert decided.action_by is not None
    assert decided.action_by.global_user_id == w.STEWARD
    timed = UpdateApprovalRecord(status="APPROVED", duration=2, duration_unit="WEEKS")
    assert asked(sandbox, lambda c: c.update_approval_record(second.id, timed)).duration == 2
    request = asked(sandbox, lambda c: c.get_access_request_by_id(WAITING))
    assert request.status == "APPROVED"
    assert request.expiration is not None
    assert request.expiration > request.created_at
    (latest, *_) = asked(sandbox, lambda c: c.recent_determinations(w.ORDERS))
    assert latest.expiration == request.expiration


def test_the_forms_of_a_product_are_one_or_two_by_vintage() -> None:
    v1, v2 = (
        asked(Sandbox(w.small(), vintage), lambda c: c.get_request_forms(w.LEDGER))
        for vintage in ("v1", "v2")
    )
    assert [form.request_type for form in v2] == ["DATA_ACCESS", "MASKING_EXCEPTION"]
    assert {form.name for form in v1} <= {"Automatic"}
    assert v2[0].policy.default_event.type == "approve"
    assert v2[0].policy.default_event.params.duration == 30


def test_what_only_v1_knows_can_be_asked_there() -> None:
    sandbox = Sandbox(w.small(), "v1")
    search = asked(sandbox, lambda c: c.search_data_product_access_requests(w.ORDERS, historical=False).all())
    assert search
    assert "historical=false" in sandbox.received[0].query


# Models


def test_an_answer_may_have_more_than_is_known_and_cannot_be_changed() -> None:
    payload = {"id": "x", "name": "N", "domains": ["d"], "suspended": False, "colour": "red", "stats": None}
    found, _ = answered(lambda c: c.get_data_product_by_id("x"), payload)
    assert (found.name, found.stats) == ("N", None)
    assert not hasattr(found, "colour")
    with pytest.raises(ValidationError):
        found.name = "M"  # type: ignore[misc]


def test_an_answer_that_lacks_what_is_needed_says_which_field() -> None:
    with pytest.raises(BadAnswer, match="The data product x could not be understood: domains"):
        answered(lambda c: c.get_data_product_by_id("x"), {"id": "x", "name": "N", "suspended": False})


def test_moments_have_a_zone_ids_are_text_and_whole_numbers_are_ints() -> None:
    person = {"id": 7.0, "globalUserId": w.CONSUMER, "username": "c", "name": "C"}
    request = AccessRequest.model_validate(
        {
            "id": "r",
            "user": person,
            "status": "APPROVED",
            "form": {"a": {"duration": 3.0}},
            "createdAt": "2026-06-01T12:00:00",
            "updatedAt": "2026-06-01T14:00:00+02:00",
            "type": "SOMETHING_NEW",
        }
    )
    assert request.created_at == request.updated_at == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert request.user.id == "7"
    assert repr(request.form) == "{'a': {'duration': 3}}"
    assert DomainSource.model_validate({"dataSourceId": 12.0, "name": "S"}).source_id == "12"
    record = {"id": "a", "dataAccessRequestId": "r", "status": "APPROVED", "duration": 30.0}
    moments = {"createdAt": "2026-06-01T12:00:00Z", "updatedAt": "2026-06-01T12:00:00Z"}
    assert repr(ApprovalRecord.model_validate(record | moments).duration) == "30"


@pytest.mark.parametrize("expiration", [1_780_000_000, 1_780_000_000_000.0])
def test_a_tokens_end_is_told_in_seconds_or_milliseconds(expiration: float) -> None:
    user = CurrentUser.model_validate(
        {"globalUserId": w.GOVERNOR, "tenantInfo": {"id": "t"}, "expiration": expiration}
    )
    assert user.expires_at == datetime.fromtimestamp(1_780_000_000, UTC)
    assert user.model_copy(update={"expiration": 0}).expires_at is None


def test_the_expert_of_a_product_is_in_its_metadata(sandbox: Sandbox) -> None:
    orders = asked(sandbox, lambda c: c.get_data_product_by_id(w.ORDERS))
    assert orders.expert is not None
    assert (orders.expert.id, orders.expert.name) == (w.STEWARD, "Stan Steward")
    assert asked(sandbox, lambda c: c.get_data_product_by_id(w.LEDGER)).expert is None


def test_a_body_refuses_a_field_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="colour"):
        UpdateDataProduct.model_validate({"colour": "red"})
    with pytest.raises(ValidationError, match="status"):
        UpdateApprovalRecord.model_validate({"status": "MAYBE"})


def test_what_is_not_given_is_not_sent_and_what_is_none_is_null() -> None:
    assert UpdateDataProduct(description=None, suspended=False).sent() == {
        "description": None,
        "suspended": False,
    }
    assert product(source_ids=("7", "8")).sent() == {
        "name": "New",
        "domains": [w.SALES],
        "metadata": None,
        "dataAccessRequestFormId": w.DELEGATING,
        "dataSources": [{"sourceId": "7"}, {"sourceId": "8"}],
    }
    assert product(metadata={"x": 1}).sent()["metadata"] == {"x": 1}


def test_an_update_leaves_alone_what_it_is_not_given(sandbox: Sandbox) -> None:
    before = asked(sandbox, lambda c: c.get_data_product_by_id(w.ORDERS))
    after = asked(sandbox, lambda c: c.update_data_product(w.ORDERS, UpdateDataProduct(description=None)))
    assert after.description is None
    same = {"description": before.description, "updated_at": before.updated_at}
    assert after.model_copy(update=same) == before


def test_the_names_of_the_api_come_back_out() -> None:
    payload = {
        "id": str(UUID(NEW)),
        "name": "N",
        "domains": ["d"],
        "suspended": True,
        "sourceTypes": ["Snowflake"],
    }
    dumped = DataProduct.model_validate(payload).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert dumped == payload


# The client


def test_a_plan_does_not_import_the_models() -> None:
    code = "import sys, dpsync.marketplace; print([m for m in sys.modules if 'marketplace.models' in m or 'marketplace.api' in m])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_name_that_the_room_does_not_have_is_an_error() -> None:
    import dpsync.marketplace

    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        _ = dpsync.marketplace.Clinet


def test_the_token_goes_to_no_other_host() -> None:
    with pytest.raises(UsageError):
        Client("https://example.com/marketplace", Token("secret"))


def test_requests_are_counted_by_operation(sandbox: Sandbox) -> None:
    async def read(client: Client) -> dict[str, int]:
        await client.get_access_request_records(WAITING)
        await client.get_approved_masking_exception_columns(w.OTHER)
        await client.recent_determinations(w.ORDERS)
        return dict(client.requests)

    assert asked(sandbox, read) == {
        "GET /api/access-request/{id}/records": 1,
        "GET /api/access-request/approved-masking-exception-columns": 1,
        "GET /api/data-product/{id}/recent-determinations": 1,
    }


def test_an_error_names_the_call(sandbox: Sandbox) -> None:
    with pytest.raises(MarketplaceError) as caught:
        asked(sandbox, lambda c: c.revoke_access(w.ORDERS, "c9999999999"))
    assert (caught.value.method, caught.value.status) == ("DELETE", 404)
    assert caught.value.path == f"/api/data-product/{w.ORDERS}/request/c9999999999"

"""Every operation of the reference page, from the client's method to the sandbox and back, held against the contract.

One row per operation: a call that is valid, and one that is refused. A row that is missing is a test that fails: so is a
method that `Client` lacks, a route that the sandbox lacks, and a row that `docs/client.md` lacks.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx2
import pytest
from starlette.routing import Mount, Route

from contract.conftest import VINTAGES, Door, NetworkWire, Vintage
from contract.openapi import OpenApi
from dpsync.errors import Conflict, Forbidden, MarketplaceError, NotAuthenticated, NotFound, Refused
from dpsync.marketplace import Client
from dpsync.marketplace.models import (
    ColumnReference,
    CreateDataProduct,
    CreateDataUseAgreement,
    CreateRequestForm,
    FormFieldBody,
    UpdateApprovalRecord,
    UpdateDataProduct,
    UpdateDataUseAgreement,
    UpdateRequestForm,
)
from dpsync.model.secret import Token
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.identifiers import cuid
from sandbox import worlds as w

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "client.md"
REFERENCE_PAGE = ROOT.parent / "shared" / "api" / "data-product-reference.txt"

REFERENCE = {
    "search_data_products": "GET /api/data-product",
    "create_data_product": "POST /api/data-product",
    "get_data_product_by_id": "GET /api/data-product/{id}",
    "update_data_product": "PUT /api/data-product/{id}",
    "delete_data_product": "DELETE /api/data-product/{id}",
    "get_data_product_by_name": "GET /api/data-product/{name}/byName",
    "search_data_sources": "GET /api/data-product/{id}/datasources",
    "update_data_sources": "PUT /api/data-product/{id}/datasources",
    "search_data_product_access_requests": "GET /api/data-product/{id}/request",
    "request_access": "POST /api/data-product/{id}/request",
    "search_data_product_members": "GET /api/data-product/{id}/members",
    "request_masking_exception": "POST /api/data-product/{id}/request/masking-exception",
    "revoke_access": "DELETE /api/data-product/{id}/request/{requestId}",
    "get_all_data_sources": "GET /api/data-product/{id}/datasources/all",
    "recent_determinations": "GET /api/data-product/{id}/recent-determinations",
    "get_request_forms": "GET /api/data-product/{id}/request-forms",
    "search_data_product_columns": "GET /api/data-product/{id}/columns",
}
"""The operations of the reference page, by the method of the client."""

ADDITIONAL = {
    "search_access_requests": "GET /api/access-request",
    "get_access_request_by_id": "GET /api/access-request/{id}",
    "cancel_access_request": "DELETE /api/access-request/{id}",
    "get_access_request_records": "GET /api/access-request/{id}/records",
    "search_access_request_masking_exception_columns": "GET /api/access-request/{id}/masking-exception-columns",
    "get_approved_masking_exception_columns": "GET /api/access-request/approved-masking-exception-columns",
    "update_approval_record": "PUT /api/approval-record/{id}",
    "search_request_forms": "GET /api/request-form",
    "create_request_form": "POST /api/request-form",
    "get_request_form_by_id": "GET /api/request-form/{id}",
    "get_request_form_by_version": "GET /api/request-form/version/{version}",
    "update_request_form": "PUT /api/request-form/{id}",
    "delete_request_form_by_id": "DELETE /api/request-form/{id}",
    "get_data_products": "GET /api/request-form/{id}/data-products",
    "get_assets": "GET /api/request-form/{id}/assets",
    "search_data_use_agreements": "GET /api/data-use-agreement",
    "create_data_use_agreement": "POST /api/data-use-agreement",
    "get_data_use_agreement_by_id": "GET /api/data-use-agreement/{id}",
    "update_data_use_agreement": "PUT /api/data-use-agreement/{id}",
    "delete_data_use_agreement": "DELETE /api/data-use-agreement/{id}",
    "get_associated_request_forms": "GET /api/data-use-agreement/{id}/request-forms",
    "get_available_domains": "GET /api/metadata/domain",
    "get_domain": "GET /api/metadata/domain/{id}",
    "get_domain_data_sources": "GET /api/metadata/domain/{id}/datasources",
    "get_immuta_users": "GET /api/metadata/users",
    "get_immuta_groups": "GET /api/metadata/groups",
    "get_immuta_attributes": "GET /api/metadata/attributes",
    "get_immuta_tags": "GET /api/metadata/tags",
    "search_applied_tags": "POST /api/metadata/tags/applied/search",
    "user": "GET /api/auth/user",
}
"""The operations that those of the reference page need."""

OPERATIONS = REFERENCE | ADDITIONAL

NOBODY = "99999999-9999-4999-8999-999999999999"
NOTHING = "c99999999999"
NEW = "77777777-7777-4777-8777-777777777777"
MEMBER, WAITING, EXCEPTION = (f"c11111111111111111request{number}" for number in (1, 2, 3))
RECORD = cuid("record", WAITING, 0)

Called = Callable[[Client], Awaitable[object]]


@dataclass(frozen=True)
class Row:
    """An operation: a valid call, one that is refused, and with what. `malformed` breaks the contract on purpose."""

    name: str
    valid: Called
    invalid: Called
    error: type[MarketplaceError]
    token: str = "sandbox"
    refused_token: str = ""
    malformed: bool = False


def new_product(name: str, **values: str) -> CreateDataProduct:
    return CreateDataProduct.model_validate(
        {"name": name, "domains": (w.SALES,), "source_ids": ("1", "3"), **values}
    )


def product(vintage: Vintage, name: str = "") -> CreateDataProduct:
    if vintage == "v1":
        return new_product(name or "Sales / New", id=NEW, request_form_id=w.DELEGATING)
    return new_product(
        name or "Zürich / New",
        id=NEW,
        data_access_request_form_id=w.DELEGATING,
        masking_exception_request_form_id=w.DELEGATING,
    )


def form(name: str = "New") -> CreateRequestForm:
    question = FormFieldBody(id=NEW, type="SHORT_ANSWER", label="Why?", required=True)
    return CreateRequestForm(id=NEW, name=name, fields=(question,), policy=w.DELEGATE)


async def version(client: Client) -> object:
    found = await client.get_request_form_by_id(w.DELEGATING)
    assert found.version
    return await client.get_request_form_by_version(found.version)


async def unattached_deleted(client: Client) -> None:
    made = await client.create_data_use_agreement(CreateDataUseAgreement(name="New", body="Be kind."))
    await client.delete_data_use_agreement(made.id)


async def unused_form_deleted(client: Client) -> None:
    await client.create_request_form(form())
    await client.delete_request_form_by_id(NEW)


def rows(vintage: Vintage) -> list[Row]:
    column = ColumnReference(source_id="1", column_name="email")
    approved = UpdateApprovalRecord(status="APPROVED", reason="Fine", duration=2, duration_unit="WEEKS")
    return [
        Row(
            "search_data_products",
            lambda c: c.search_data_products(
                name_filter="e", status_filter=["NONE", "PUBLISHER"], sort_by="name"
            ).all(),
            lambda c: c.search_data_products().page(next_token="nonsense"),
            Refused,
        ),
        Row(
            "create_data_product",
            lambda c: c.create_data_product(product(vintage)),
            lambda c: c.create_data_product(product(vintage, "Ledger")),
            Conflict,
        ),
        Row(
            "get_data_product_by_id",
            lambda c: c.get_data_product_by_id(w.ORDERS),
            lambda c: c.get_data_product_by_id(NOTHING),
            NotFound,
        ),
        Row(
            "update_data_product",
            lambda c: c.update_data_product(
                w.ORDERS, UpdateDataProduct(name="Orders \\ Items", suspended=True)
            ),
            lambda c: c.update_data_product(w.ORDERS, UpdateDataProduct(name="Ledger")),
            Conflict,
        ),
        Row(
            "delete_data_product",
            lambda c: c.delete_data_product(w.ORDERS),
            lambda c: c.delete_data_product(NOTHING),
            NotFound,
        ),
        Row(
            "get_data_product_by_name",
            lambda c: c.get_data_product_by_name("Orders and Items"),
            lambda c: c.get_data_product_by_name("Orders / Items"),
            NotFound,
        ),
        Row(
            "search_data_sources",
            lambda c: c.search_data_sources(w.ORDERS, user=w.CONSUMER, name_filter="e").all(),
            lambda c: c.search_data_sources(NOTHING).all(),
            NotFound,
        ),
        Row(
            "update_data_sources",
            lambda c: c.update_data_sources(w.ORDERS, ["2", "3"]),
            lambda c: c.update_data_sources(w.ORDERS, ["5"]),
            Refused,
        ),
        Row(
            "search_data_product_access_requests",
            lambda c: c.search_data_product_access_requests(
                w.ORDERS,
                status=["APPROVED", "PENDING"],
                request_type=["DATA_ACCESS", "MASKING_EXCEPTION"],
                user_ids=[w.OTHER, w.CONSUMER],
                include_temporary=True,
                asset_type=["DATA_PRODUCT"],
                review_status=["noReviews", "reviewedByYou"],
                sort_by="updatedAt",
                sort_order="asc",
            ).all(),
            lambda c: c.search_data_product_access_requests(NOTHING).all(),
            NotFound,
        ),
        Row(
            "request_access",
            lambda c: c.request_access(w.ORDERS, user=w.STEWARD, form=w.ANSWERS),
            lambda c: c.request_access(w.ORDERS, user=w.CONSUMER, form=w.ANSWERS),
            Refused,
        ),
        Row(
            "search_data_product_members",
            lambda c: c.search_data_product_members(
                w.ORDERS, request_type=["DATA_ACCESS"], user_ids=[w.CONSUMER]
            ).all(),
            lambda c: c.search_data_product_members(w.LEDGER).all(),
            Forbidden,
            refused_token="consumer",
        ),
        Row(
            "request_masking_exception",
            lambda c: c.request_masking_exception(
                w.ORDERS, user=w.CONSUMER, columns=[column], form=w.ANSWERS
            ),
            lambda c: c.request_masking_exception(
                w.ORDERS,
                user=w.CONSUMER,
                columns=[ColumnReference(source_id="1", column_name="id")],
                form=w.ANSWERS,
            ),
            Refused,
        ),
        Row(
            "revoke_access",
            lambda c: c.revoke_access(w.ORDERS, MEMBER),
            lambda c: c.revoke_access(w.ORDERS, WAITING),
            Refused,
        ),
        Row(
            "get_all_data_sources",
            lambda c: c.get_all_data_sources(w.ORDERS),
            lambda c: c.get_all_data_sources(NOTHING),
            NotFound,
        ),
        Row(
            "recent_determinations",
            lambda c: c.recent_determinations(w.ORDERS, request_type="MASKING_EXCEPTION"),
            lambda c: c.recent_determinations(NOTHING),
            NotFound,
        ),
        Row(
            "get_request_forms",
            lambda c: c.get_request_forms(w.ORDERS),
            lambda c: c.get_request_forms(NOTHING),
            NotFound,
        ),
        Row(
            "search_data_product_columns",
            lambda c: c.search_data_product_columns(
                w.ORDERS,
                search_text="e",
                masked_only=True,
                tag_ids=["1", "2"],
                data_source_ids=["1", "2"],
                direction="DESC",
                sort_order="asc",
            ).all(),
            lambda c: c.search_data_product_columns(NOTHING).all(),
            NotFound,
        ),
        Row(
            "search_access_requests",
            lambda c: c.search_access_requests(
                role=["manager", "steward"], status=["PENDING"], data_product_id=w.ORDERS
            ).all(),
            lambda c: c.search_access_requests().page(limit=0),
            Refused,
            malformed=True,
        ),
        Row(
            "get_access_request_by_id",
            lambda c: c.get_access_request_by_id(WAITING),
            lambda c: c.get_access_request_by_id(NOTHING),
            NotFound,
        ),
        Row(
            "cancel_access_request",
            lambda c: c.cancel_access_request(WAITING),
            lambda c: c.cancel_access_request(WAITING),
            Forbidden,
            token="other",
            refused_token="consumer",
        ),
        Row(
            "get_access_request_records",
            lambda c: c.get_access_request_records(WAITING),
            lambda c: c.get_access_request_records(NOTHING),
            NotFound,
        ),
        Row(
            "search_access_request_masking_exception_columns",
            lambda c: c.search_access_request_masking_exception_columns(EXCEPTION).all(),
            lambda c: c.search_access_request_masking_exception_columns(NOTHING).all(),
            NotFound,
        ),
        Row(
            "get_approved_masking_exception_columns",
            lambda c: c.get_approved_masking_exception_columns(w.OTHER),
            lambda c: c.get_approved_masking_exception_columns(w.OTHER),
            Forbidden,
            refused_token="consumer",
        ),
        Row(
            "update_approval_record",
            lambda c: c.update_approval_record(RECORD, approved),
            lambda c: c.update_approval_record(RECORD, approved),
            Forbidden,
            token="steward",
            refused_token="consumer",
        ),
        Row(
            "search_request_forms",
            lambda c: c.search_request_forms(name_filter="Closed", exact_match=True).all(),
            lambda c: c.search_request_forms().page(limit=0),
            Refused,
            malformed=True,
        ),
        Row(
            "create_request_form",
            lambda c: c.create_request_form(form()),
            lambda c: c.create_request_form(form("Closed")),
            Conflict,
        ),
        Row(
            "get_request_form_by_id",
            lambda c: c.get_request_form_by_id(w.DELEGATING),
            lambda c: c.get_request_form_by_id(NOBODY),
            NotFound,
        ),
        Row(
            "get_request_form_by_version",
            version,
            lambda c: c.get_request_form_by_version(NOTHING),
            NotFound,
        ),
        Row(
            "update_request_form",
            lambda c: c.update_request_form(w.DELEGATING, UpdateRequestForm(name="Delegated")),
            lambda c: c.update_request_form(NOBODY, UpdateRequestForm(name="Delegated")),
            NotFound,
        ),
        Row(
            "delete_request_form_by_id",
            unused_form_deleted,
            lambda c: c.delete_request_form_by_id(w.DELEGATING),
            Refused,
        ),
        Row(
            "get_data_products",
            lambda c: c.get_data_products(w.DELEGATING),
            lambda c: c.get_data_products(NOBODY),
            NotFound,
        ),
        Row(
            "get_assets",
            lambda c: c.get_assets(w.DELEGATING),
            lambda c: c.get_assets(NOBODY),
            NotFound,
        ),
        Row(
            "search_data_use_agreements",
            lambda c: c.search_data_use_agreements(name_filter="terms", sort_by="createdAt").all(),
            lambda c: c.search_data_use_agreements().page(offset=-1),
            Refused,
            malformed=True,
        ),
        Row(
            "create_data_use_agreement",
            lambda c: c.create_data_use_agreement(CreateDataUseAgreement(name="New", body="Be kind.")),
            lambda c: c.create_data_use_agreement(CreateDataUseAgreement(name="Terms of Use", body="No.")),
            Conflict,
        ),
        Row(
            "get_data_use_agreement_by_id",
            lambda c: c.get_data_use_agreement_by_id(w.TERMS),
            lambda c: c.get_data_use_agreement_by_id(NOBODY),
            NotFound,
        ),
        Row(
            "update_data_use_agreement",
            lambda c: c.update_data_use_agreement(w.TERMS, UpdateDataUseAgreement(body="Be kind.")),
            lambda c: c.update_data_use_agreement(NOBODY, UpdateDataUseAgreement(body="Be kind.")),
            NotFound,
        ),
        Row(
            "delete_data_use_agreement",
            unattached_deleted,
            lambda c: c.delete_data_use_agreement(w.TERMS),
            Refused,
        ),
        Row(
            "get_associated_request_forms",
            lambda c: c.get_associated_request_forms(w.TERMS),
            lambda c: c.get_associated_request_forms(NOBODY),
            NotFound,
        ),
        Row(
            "get_available_domains",
            lambda c: c.get_available_domains(),
            lambda c: c.get_available_domains(),
            NotAuthenticated,
            refused_token="stranger",
        ),
        Row("get_domain", lambda c: c.get_domain(w.SALES), lambda c: c.get_domain(NOTHING), NotFound),
        Row(
            "get_domain_data_sources",
            lambda c: c.get_domain_data_sources(w.SALES, data_source_ids=["1", "3"]).all(),
            lambda c: c.get_domain_data_sources(NOTHING).all(),
            NotFound,
        ),
        Row(
            "get_immuta_users",
            lambda c: c.get_immuta_users(global_user_ids=[w.CONSUMER, w.OTHER]),
            lambda c: c.get_immuta_users(text="cons", limit=0),
            Refused,
        ),
        Row(
            "get_immuta_groups",
            lambda c: c.get_immuta_groups(text="stew"),
            lambda c: c.get_immuta_groups(limit=0),
            Refused,
        ),
        Row(
            "get_immuta_attributes",
            lambda c: c.get_immuta_attributes(search="EM", attribute_type="region"),
            lambda c: c.get_immuta_attributes(),
            NotAuthenticated,
            refused_token="stranger",
        ),
        Row(
            "get_immuta_tags",
            lambda c: c.get_immuta_tags(search_text="pii", fuzzy_search=False),
            lambda c: c.get_immuta_tags(limit=201),
            Refused,
            malformed=True,
        ),
        Row(
            "search_applied_tags",
            lambda c: c.search_applied_tags(data_source_ids=["1"], model_type=["column"]).all(),
            lambda c: c.search_applied_tags(data_source_ids=["1"]).page(limit=0),
            Refused,
            malformed=True,
        ),
        Row("user", lambda c: c.user(), lambda c: c.user(), NotAuthenticated, refused_token="stranger"),
    ]


class Watched(httpx2.AsyncBaseTransport):
    """A way into the sandbox that holds the contract against every exchange and counts operations."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, contract: OpenApi, *, malformed: bool) -> None:
        self._inner = inner
        self._contract = contract
        self._malformed = malformed
        self.seen: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = await request.aread()
        path = request.url.path
        if not self._malformed:
            query = tuple(request.url.params.multi_items())
            self._contract.check_request(request.method, path, query, json.loads(sent) if sent else None)
        response = await self._inner.handle_async_request(request)
        answered = await response.aread()
        self._contract.check_answer(
            request.method, path, response.status_code, json.loads(answered) if answered else None
        )
        self.seen[self._contract.operation(request.method, path).title.replace("/marketplace", "", 1)] += 1
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def entrance(door: Door) -> tuple[str, httpx2.AsyncBaseTransport]:
    """The url of a door, and a transport through it."""
    if door.name == "in process":
        return BASE_URL, InProcess(create_app(door.store, vintage=door.vintage))
    client = cast("NetworkWire", door.wire).client
    return str(client.base_url), httpx2.AsyncHTTPTransport(verify=False)


def played(door: Door, call: Called, token: str, *, malformed: bool = False) -> Counter[str]:
    """Make a call through a door; the operations that it was."""
    assert door.contract is not None
    url, transport = entrance(door)
    watched = Watched(transport, door.contract, malformed=malformed)

    async def play() -> None:
        async with Client(url, Token(token), transport=watched, parallelism=1) as client:
            await call(client)

    asyncio.run(play())
    return watched.seen


@pytest.fixture
def strict(door: Door) -> Door:
    if door.contract is None:
        pytest.skip("the published contract is not at hand (DPSYNC_OPENAPI names it)")
    return door


each_operation = pytest.mark.parametrize("name", OPERATIONS)


@each_operation
def test_a_valid_call_keeps_the_contract_on_both_sides(strict: Door, name: str) -> None:
    (row,) = (row for row in rows(strict.vintage) if row.name == name)
    seen = played(strict, row.valid, row.token)
    assert OPERATIONS[name] in seen


@each_operation
def test_a_call_that_is_wrong_is_refused_as_the_contract_says(strict: Door, name: str) -> None:
    (row,) = (row for row in rows(strict.vintage) if row.name == name)
    before = strict.written
    with pytest.raises(row.error) as caught:
        played(strict, row.invalid, row.refused_token or row.token, malformed=row.malformed)
    assert caught.value.message
    assert strict.written == before


def test_every_operation_has_a_row() -> None:
    for vintage in VINTAGES:
        assert [row.name for row in rows(vintage)] == list(OPERATIONS)


@each_operation
def test_every_operation_has_a_method_with_a_sentence(name: str) -> None:
    method = getattr(Client, name, None)
    assert method is not None, f"Client has no {name}"
    assert method.__doc__, f"Client.{name} says nothing about itself"
    assert method.__doc__.split("\n")[0].rstrip().endswith(".")


def test_every_operation_has_a_route() -> None:
    with Store() as store:
        (mount,) = create_app(store).routes
        assert isinstance(mount, Mount)
        routes = {
            f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
            for route in mount.routes
            if isinstance(route, Route)
            for method in route.methods or ()
        }
    assert set(OPERATIONS.values()) - routes == set()


def test_every_operation_has_a_row_on_the_page_of_the_client() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"(?m)^\| (\w+) \| `([A-Z]+ /\S+)` \| `(\w+)` \|", text)
    assert {name: operation for _, operation, name in found} == OPERATIONS
    assert [snake(identity) for identity, _, _ in found] == [name for *_, name in found]


def test_methods_are_named_as_the_contract_names_operations() -> None:
    contract = OpenApi.load_or_none()
    if contract is None:
        pytest.skip("the published contract is not at hand (DPSYNC_OPENAPI names it)")
    for name, operation in OPERATIONS.items():
        method, path = operation.split(" ")
        found = contract.operation(method, f"/marketplace{path}")
        assert found.title == f"{method} /marketplace{path}"
        assert snake(found._node["operationId"]) == name


def test_the_reference_page_has_these_operations() -> None:
    if not REFERENCE_PAGE.is_file():
        pytest.skip("the reference page is not at hand")
    text = REFERENCE_PAGE.read_text(encoding="utf-8")
    found = re.findall(r"(?m)^(get|post|put|delete)\n(/api/\S+)$", text)
    assert {f"{method.upper()} {path}" for method, path in found} == set(REFERENCE.values())


def snake(identity: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", identity).lower()

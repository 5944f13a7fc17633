"""Accesses: the requests for one product, read as values; and the calls that make or end one.

A room of its own because `dpsync access` speaks about people where `live.py` speaks about a plan: it reads one product
through the typed client, in as few questions as it takes. Writing is the caller's decision, one call at a time, and a
request is never sent a second time.
"""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dpsync.errors import BadAnswer, Forbidden, MarketplaceError, NotFound, Refused, Unreachable, UsageError
from dpsync.marketplace.api import Client
from dpsync.marketplace.lookup import person_called, product_called
from dpsync.marketplace.models.access_requests import AccessRequest, ColumnReference
from dpsync.marketplace.models.data_products import ProductSource
from dpsync.marketplace.models.people import Person as WirePerson
from dpsync.marketplace.operations.filters import RequestStatus
from dpsync.marketplace.paths import below
from dpsync.marketplace.tasks import together
from dpsync.marketplace.waiting import waiting
from dpsync.model.call import Action, Call
from dpsync.model.membership import (
    PENDING,
    REVOKED,
    Access,
    Agreement,
    Asking,
    Became,
    Form,
    MaskedColumn,
    Product,
    Question,
    RequestType,
    Result,
    Which,
)
from dpsync.model.reference import SourcePath
from dpsync.model.showing import Declarations
from dpsync.model.state import Person

_PRODUCTS = "/api/data-product"


class AbsentOperation(NotFound):
    """404 from an operation on something that is there: the marketplace does not know the operation."""

    exit_code = 1


@asynccontextmanager
async def _operation_on(what: str, read_again: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Tell apart what a 404 may mean by reading the object again. Raises AbsentOperation, or the 404 if it is gone."""
    try:
        yield
    except NotFound as absent:
        try:
            await read_again()
        except MarketplaceError:
            raise absent from None
        raise AbsentOperation(
            f"This marketplace does not know an operation that is needed here; its API is too old for it. {what} is there, "
            f"but: {absent.message}",
            "Ask whether the marketplace can be updated; until then this is done in its own pages.",
            method=absent.method,
            path=absent.path,
            status=absent.status,
        ) from None


def _on(client: Client, product: Product) -> AbstractAsyncContextManager[None]:
    return _operation_on(f"The product {product.name!r}", lambda: client.get_data_product_by_id(product.id))


List = Callable[..., Coroutine[Any, Any, tuple[Access, ...]]]


async def product_meant(client: Client, text: str, declarations: Declarations) -> Product:
    """The product that a key, a name or an id means. Raises UsageError."""
    found = await product_called(client, text, declarations)
    return Product(found.id, found.name, found.suspended)


def person_of(one: WirePerson) -> Person:
    """The person as the other rooms know one."""
    return Person(one.global_user_id, one.username, one.name, one.email)


async def people_meant(client: Client, texts: Iterable[str]) -> tuple[Person, ...]:
    """The people that are meant, each once, in the order in which they were named. Raises UsageError."""
    found = await together(*(person_called(client, text) for text in dict.fromkeys(texts)))
    return tuple({one.global_user_id: person_of(one) for one in found}.values())


# Reading


async def read_members(
    client: Client, product: Product, people: Iterable[Person] = (), *, expiring: bool = False
) -> tuple[Access, ...]:
    """The approved requests for a product that have not ended. Raises UsageError without a right in the domain."""
    found = client.search_data_product_members(
        product.id, user_ids=[person.id for person in people], expiration=True if expiring else None
    )
    return await _read(client, product, found)


def _requests(*statuses: RequestStatus) -> List:
    async def read(
        client: Client, product: Product, people: Iterable[Person] = (), *, expiring: bool = False
    ) -> tuple[Access, ...]:
        found = client.search_data_product_access_requests(
            product.id,
            status=statuses,
            user_ids=[person.id for person in people],
            include_temporary=True,
            expiration=True if expiring else None,
        )
        return await _read(client, product, found)

    return read


LISTS: Mapping[Which, List] = MappingProxyType(
    {
        Which.OPEN: _requests("APPROVED", "PENDING"),
        Which.MEMBERS: read_members,
        Which.PENDING: _requests("PENDING"),
        Which.ALL: _requests(),
    }
)
"""How each list of a product's requests is read: by name, pending ones with whom they wait for."""


async def standing(
    client: Client, product: Product, person: Person, wanted: RequestType
) -> tuple[tuple[Access, ...], frozenset[tuple[str, str]]]:
    """The requests of a person of one type, of any status, and the columns that the person sees as they are.

    Read so that also those may who can only ask for themselves; the columns only where they matter.
    """
    found = client.search_access_requests(
        data_product_id=product.id,
        user_ids=[person.id],
        request_type=[wanted.value],
        include_temporary=True,
    )
    accesses = await _read(client, product, found)
    masking = wanted is RequestType.MASKING_EXCEPTION
    async with _on(client, product):
        return accesses, await read_unmasked(client, person.id) if masking else frozenset()


async def read_access(client: Client, product: Product, request_id: str) -> Access:
    """The request with an id. Raises UsageError with the nearest ids if it is no request for this product."""
    try:
        request = await client.get_access_request_by_id(request_id)
        if request.data_product is None or request.data_product.id == product.id:
            return await _settled(client, request)
    except (NotFound, Forbidden):
        pass
    known = [access.id for access in await LISTS[Which.ALL](client, product)]
    raise UsageError(
        f"The product {product.name!r} has no access request {request_id!r}.",
        _near(request_id, known) or "`dpsync access list PRODUCT --user U` shows the ids.",
    )


async def with_columns(client: Client, access: Access, sources: Mapping[str, str]) -> Access:
    """The access, with the columns that it is about if it is a masking exception; `sources` are as `read_sources` says."""
    if access.type != RequestType.MASKING_EXCEPTION:
        return access
    columns = client.search_access_request_masking_exception_columns(access.id)
    async with _operation_on(
        f"The request {access.id!r}", lambda: client.get_access_request_by_id(access.id)
    ):
        found = [
            MaskedColumn(one.source_id, sources.get(one.source_id, one.source_name), one.name)
            async for one in columns
        ]
    return replace(access, columns=tuple(found))


async def read_form(client: Client, product: Product, wanted: RequestType) -> Form:
    """The form for requests of a type; in vintage v1 the one form there is. Raises UsageError if there is none."""
    async with _on(client, product):
        forms = await client.get_request_forms(product.id)
    exact = [form for form in forms if form.request_type == wanted]
    found = exact or [form for form in forms if form.request_type is None]
    if not found:
        raise UsageError(
            f"The product {product.name!r} has no request form for {wanted.words}, so it cannot be asked for.",
            "Give it one: `requestForms` in its manifest.",
        )
    form = found[0]
    return Form(
        form.id,
        form.name,
        tuple(Question(one.id, one.type, one.label, one.required, one.choices) for one in form.fields),
        tuple(Agreement(one.name, one.body) for one in form.data_use_agreements),
    )


async def read_sources(client: Client, product: Product) -> Mapping[str, str]:
    """The sources of a product by id: their paths, or names where they have none."""
    async with _on(client, product):
        return {one.source_id: _called(one) async for one in client.search_data_sources(product.id)}


async def read_columns(client: Client, product: Product) -> tuple[MaskedColumn, ...]:
    """Every column of a product. One that only the caller's own exception unmasks counts as masked."""
    caller = await client.user()
    sources = await read_sources(client, product)
    async with _on(client, product):
        own = await read_unmasked(client, caller.global_user_id)
        columns = await client.search_data_product_columns(product.id).all()
    return tuple(
        MaskedColumn(
            column.source_id,
            sources.get(column.source_id, column.source_name),
            column.name,
            column.masked or (column.source_id, column.name) in own,
            (column.source_name, column.source_id),
        )
        for column in columns
    )


async def read_unmasked(client: Client, user_id: str) -> frozenset[tuple[str, str]]:
    """The columns, by source and name, that somebody sees as they are; none if the token may not know."""
    try:
        found = await client.get_approved_masking_exception_columns(user_id)
    except Forbidden:
        return frozenset()
    return frozenset((one.source_id, one.column_name) for one in found)


async def columns_meant(client: Client, product: Product, texts: Collection[str]) -> tuple[MaskedColumn, ...]:
    """The columns that are meant by `SOURCE.COLUMN`, where SOURCE is a path, a name or an id. Raises UsageError."""
    if not texts:
        return ()
    columns = await read_columns(client, product)
    found = {}
    for text in texts:
        column = _column(columns, text, product)
        if not column.masked:
            raise UsageError(
                f"The column {str(column)!r} is not masked: nobody needs an exception for it.",
                "Leave it out.",
            )
        found[column.identity] = column
    return tuple(found[identity] for identity in sorted(found))


def _column(columns: Collection[MaskedColumn], text: str, product: Product) -> MaskedColumn:
    names = {
        column: [f"{source}.{column.name}" for source in (column.source, *column.also)] for column in columns
    }
    exact = [column for column, known in names.items() if text in known]
    folded = text.casefold()
    found = exact or [
        column for column, known in names.items() if folded in {name.casefold() for name in known}
    ]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(sorted(str(column) for column in found))
        raise UsageError(
            f"{text!r} means {len(found)} columns: {listed}.", "Name the source by its path or id."
        )
    masked = [name for column, known in names.items() if column.masked for name in known[:2]]
    raise UsageError(
        f"The product {product.name!r} has no column {text!r}.",
        _near(text, masked) or "A column is named by its source and its name: ANALYTICS.SALES.ORDERS.EMAIL.",
    )


def _near(text: str, names: Iterable[str]) -> str:
    spelled = {name.casefold(): name for name in sorted(names, reverse=True)}
    close = difflib.get_close_matches(text.casefold(), spelled, n=1, cutoff=0.6)
    return f"Did you mean {spelled[close[0]]!r}?" if close else ""


def _called(source: ProductSource) -> str:
    path = SourcePath(
        database=source.database, schema=source.schema_, table=source.table, prefix=source.prefix
    )
    return str(path) or source.name


async def _read(client: Client, product: Product, found: Any) -> tuple[Access, ...]:
    try:
        async with _on(client, product):
            requests = await found.all()
    except Forbidden:
        raise UsageError(
            f"This token may see the product {product.name!r}, but not who is in it.",
            "It needs Manage Data Products in the product's domain, or GOVERNANCE.",
        ) from None
    accesses = await together(*(_settled(client, request) for request in requests))
    return tuple(sorted(accesses, key=_order))


def _order(access: Access) -> tuple[object, ...]:
    person = access.person
    return (person.name.casefold(), person.username, access.type, access.since, access.id)


async def _settled(client: Client, request: AccessRequest) -> Access:
    waits_for = ""
    if request.status == PENDING:
        try:
            waits_for = waiting(await client.get_access_request_records(request.id))
        except Refused:
            waits_for = ""
    return Access(
        request.id,
        person_of(request.user),
        request.type,
        request.status,
        request.created_at,
        request.expiration,
        waits_for,
    )


# Writing


def request_call(ask: Asking, person: Person) -> Call:
    """The call that asks for access, as the journal keeps it."""
    body: dict[str, Any] = {"user": person.id, "form": dict(ask.answers)}
    if ask.type is RequestType.DATA_ACCESS:
        return Call(Action.CREATE, "POST", below(_PRODUCTS, ask.product.id, "request"), body)
    body["columns"] = [{"sourceId": one.source_id, "columnName": one.name} for one in ask.columns]
    return Call(Action.CREATE, "POST", below(_PRODUCTS, ask.product.id, "request", "masking-exception"), body)


async def send_request(client: Client, ask: Asking, person: Person, before: Iterable[Access]) -> Access:
    """Ask for access, once. If the answer is lost, a request that was not there `before` is looked for.

    Raises MarketplaceError where it was refused, or where nobody can tell.
    """
    try:
        async with _on(client, ask.product):
            made = await _requested(client, ask, person)
    except (Unreachable, BadAnswer):
        found = await _new_one(client, ask, person, {access.id for access in before})
        if found is None:
            raise
        return found
    return await _settled(client, made)


async def _requested(client: Client, ask: Asking, person: Person) -> AccessRequest:
    answers = dict(ask.answers)
    if ask.type is RequestType.DATA_ACCESS:
        return await client.request_access(ask.product.id, user=person.id, form=answers)
    columns = [ColumnReference(source_id=one.source_id, column_name=one.name) for one in ask.columns]
    return await client.request_masking_exception(
        ask.product.id, user=person.id, columns=columns, form=answers
    )


async def _new_one(client: Client, ask: Asking, person: Person, before: Collection[str]) -> Access | None:
    """The request that was not there before; None if there is none, or nobody can tell."""
    try:
        accesses, _ = await standing(client, ask.product, person, ask.type)
    except MarketplaceError:
        return None
    return next((access for access in accesses if access.id not in before), None)


def result_of(access: Access) -> Result:
    """What a request became that was just made."""
    became = _BECAME.get(access.status)
    if became is not None:
        return Result(access.person, became, access)
    return Result(
        access.person, Became.UNKNOWN, access, f"The marketplace says that it is {access.status!r}."
    )


_BECAME: Mapping[str, Became] = MappingProxyType(
    {"APPROVED": Became.APPROVED, "PENDING": Became.PENDING, "DENIED": Became.DENIED}
)


def as_it_was(product: Product, access: Access) -> dict[str, Any]:
    """An access before it is revoked, as the journal keeps it."""
    return {
        "product": product.name,
        "user": access.person.id,
        "username": access.person.username,
        "type": access.type,
        "status": access.status,
        "since": access.since.isoformat(),
        "until": None if access.until is None else access.until.isoformat(),
        "columns": [str(column) for column in access.columns],
    }


def revoke_call(product: Product, access: Access) -> Call:
    """The call that revokes, as the journal keeps it."""
    return Call(Action.DELETE, "DELETE", below(_PRODUCTS, product.id, "request", access.id))


async def send_revocation(client: Client, product: Product, access: Access) -> None:
    """Revoke an access. One that turns out to be revoked already is."""
    async with _on(client, product):
        try:
            await client.revoke_access(product.id, access.id)
        except Refused:
            now = await client.get_access_request_by_id(access.id)
            if now.status != REVOKED:
                raise

"""Data products: found, made, changed and deleted; their sources, columns and forms; who may see them (FACTS 1.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from dpsync.errors import Forbidden, NotFound, Refused
from dpsync.marketplace.models.access_requests import (
    AccessRequest,
    ColumnReference,
    CreateAccessRequest,
    CreateMaskingExceptionRequest,
    Determination,
)
from dpsync.marketplace.models.base import Body
from dpsync.marketplace.models.data_products import (
    Column,
    CreateDataProduct,
    DataProduct,
    DataSourceBody,
    ProductRequestForm,
    ProductSource,
    SourceIdentity,
    UpdateDataProduct,
    UpdateDataSources,
)
from dpsync.marketplace.operations.filters import (
    AssetType,
    ProductRole,
    RequestOrder,
    RequestStatus,
    RequestType,
    ReviewStatus,
    SortOrder,
)
from dpsync.marketplace.operations.listing import OffsetListing, TokenListing
from dpsync.marketplace.operations.sending import Sender, query
from dpsync.marketplace.paths import below
from dpsync.marketplace.wire import parsed

COLLECTION = "/api/data-product"
REQUESTS = "/api/access-request"


class DataProducts(Sender):
    """The operations of `/api/data-product`. `product_id` is a UUID or, made elsewhere, a cuid (FACTS 0.2)."""

    # -- products

    def search_data_products(
        self,
        *,
        name_filter: str | None = None,
        status_filter: Iterable[RequestStatus] = (),
        role_filter: Iterable[ProductRole] = (),
        expiration: bool | None = None,
        sort_by: Literal["name"] | None = None,
        sort_order: SortOrder | None = None,
    ) -> TokenListing[DataProduct]:
        """The products that the caller may see.

        `name_filter` is a part of the name (FACTS 1.5). `status_filter` and `role_filter` are about the caller's own access
        and role: products with any of the statuses, and any of the roles; vintage v2. `expiration`: only those where the
        caller's access ends, or does not. Pages are of at most 100 products (FACTS 0.13).
        """
        params = query(
            nameFilter=name_filter,
            statusFilter=status_filter,
            roleFilter=role_filter,
            expiration=expiration,
            sortBy=sort_by,
            sortOrder=sort_order,
        )
        return TokenListing(self, DataProduct, "The list of products", COLLECTION, params)

    async def create_data_product(self, product: CreateDataProduct) -> DataProduct:
        """Make a product, visible from then on (FACTS 2.1).

        If the answer is lost, the product is looked for by the id that it was given, and only made again if it is not
        there; without an id, the error says that it is not known. Raises Conflict for a name or an id that is taken, Refused
        for unknown domains, sources or forms.
        """
        identity = product.id
        found = None if identity is None else lambda: self.get_data_product_by_id(identity)
        return await self._create(DataProduct, "The new data product", COLLECTION, product, found)

    async def get_data_product_by_id(self, product_id: str) -> DataProduct:
        """The product with an id. Raises NotFound."""
        return await self._read(DataProduct, f"The data product {product_id}", below(COLLECTION, product_id))

    async def get_data_product_by_name(self, name: str) -> DataProduct:
        r"""The product with exactly this name, which may have `/` and `\` in it. Raises NotFound.

        Such names are percent-encoded, which not everything on the way leaves as it is (FACTS 0.15). Where the marketplace
        refuses, or answers with another product, the name is looked for in the list of products.
        """
        path = below(COLLECTION, name, "byName")
        try:
            product = await self._read(DataProduct, f"The data product {name!r}", path)
        except Forbidden:
            raise
        except Refused:
            return await self._named_in_list(name)
        return product if product.name == name else await self._named_in_list(name)

    async def _named_in_list(self, name: str) -> DataProduct:
        async for product in self.search_data_products(name_filter=name):
            if product.name == name:
                return product
        raise NotFound(
            f"No data product that the token may see is called {name!r}.",
            "Names are compared letter by letter; search for a part of it.",
            method="GET",
            path=below(COLLECTION, name, "byName"),
            status=404,
        )

    async def update_data_product(self, product_id: str, changes: UpdateDataProduct) -> DataProduct:
        """Change the given fields of a product, and no other; sources are changed by `update_data_sources`.

        Suspending takes the sources away from every member, at once. Raises NotFound, Forbidden, and Conflict for a name
        that is taken (not in the contract, FACTS 1.4).
        """
        path = below(COLLECTION, product_id)
        return await self._update(DataProduct, f"The data product {product_id}", path, changes)

    async def delete_data_product(self, product_id: str) -> None:
        """Delete a product, and with it every approval; making it again brings none of them back (FACTS 0.3).

        Raises NotFound and Forbidden.
        """
        await self._delete(below(COLLECTION, product_id))

    # -- sources, columns and forms

    async def update_data_sources(self, product_id: str, source_ids: Iterable[str]) -> DataProduct:
        """Replace the sources of a product: those that are not named are removed (FACTS 0.7).

        An added source is every member's at once, a removed one nobody's (FACTS 0.4). Raises NotFound, Forbidden, and Refused
        for a source that is not in the product's domain.
        """
        sources = tuple(DataSourceBody(source_id=each) for each in source_ids)
        path = below(COLLECTION, product_id, "datasources")
        return await self._update(
            DataProduct, f"The data product {product_id}", path, UpdateDataSources(data_sources=sources)
        )

    def search_data_sources(
        self, product_id: str, *, user: str | None = None, name_filter: str | None = None
    ) -> TokenListing[ProductSource]:
        """The sources of a product, with what they are called and whether `user` (a global user id) has access.

        Pages are of at most 100 sources. Reading it raises NotFound.
        """
        path = below(COLLECTION, product_id, "datasources")
        params = query(user=user, nameFilter=name_filter)
        return TokenListing(self, ProductSource, "The list of a product's sources", path, params, "sourceId")

    async def get_all_data_sources(self, product_id: str) -> tuple[str, ...]:
        """The ids of all sources of a product, as text and not sorted (FACTS 0.11). Raises NotFound."""
        path = below(COLLECTION, product_id, "datasources", "all")
        what = "The list of a product's sources"
        return tuple(
            each.source_id for each in await self._read_each(SourceIdentity, "dataSources", what, path)
        )

    def search_data_product_columns(
        self,
        product_id: str,
        *,
        search_text: str | None = None,
        masked_only: bool | None = None,
        tag_ids: Iterable[str] = (),
        data_source_ids: Iterable[str] = (),
        data_object_id: str | None = None,
        direction: Literal["ASC", "DESC"] | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[Column]:
        """The columns of the sources of a product, masked or not as the caller sees them.

        `search_text` is a part of a name; `tag_ids` are tags of which a column has any, `data_source_ids` the sources it may be
        in. `data_object_id` is of vintage v1. `direction` is the API's `dir`. Reading it raises NotFound.
        """
        params = query(
            searchText=search_text,
            maskedOnly=masked_only,
            tagIds=tag_ids,
            dataSourceIds=data_source_ids,
            dataObjectId=data_object_id,
            dir=direction,
            sortOrder=sort_order,
        )
        path = below(COLLECTION, product_id, "columns")
        return OffsetListing(
            self, Column, "The list of a product's columns", path, params, ("sourceId", "name")
        )

    async def get_request_forms(self, product_id: str) -> tuple[ProductRequestForm, ...]:
        """The forms of a product: one per request type, or in vintage v1 one for both (FACTS 0.10). Raises NotFound."""
        path = below(COLLECTION, product_id, "request-forms")
        return await self._read_each(ProductRequestForm, "data", "The list of a product's forms", path)

    # -- access

    def search_data_product_access_requests(
        self,
        product_id: str,
        *,
        search_text: str | None = None,
        status: Iterable[RequestStatus] = (),
        request_type: Iterable[RequestType] = (),
        user_ids: Iterable[str] = (),
        include_temporary: bool | None = None,
        historical: bool | None = None,
        expiration: bool | None = None,
        data_product_id: str | None = None,
        asset_id: str | None = None,
        asset_type: Iterable[AssetType] = (),
        target_type: Iterable[str] = (),
        review_status: Iterable[ReviewStatus] = (),
        sort_by: RequestOrder | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[AccessRequest]:
        """The requests for a product, by whomever; newest first unless `sort_by` and `sort_order` say otherwise.

        Each filter takes requests that match any of its values; `user_ids` are global user ids, `search_text` is a part of the
        name of a person. Without `include_temporary`, requests whose access ends may be left out. `expiration`: only those
        that end, or do not. `historical` is of vintage v1 and gone in v2; `asset_type`, `target_type` and `review_status` are of
        v2 (FACTS 1.9). Reading it raises NotFound, and Forbidden without a right in the domain.
        """
        params = query(
            searchText=search_text,
            status=status,
            type=request_type,
            userIds=user_ids,
            includeTemporary=include_temporary,
            historical=historical,
            expiration=expiration,
            dataProductId=data_product_id,
            assetId=asset_id,
            assetType=asset_type,
            targetType=target_type,
            reviewStatus=review_status,
            sortBy=sort_by,
            sortOrder=sort_order,
        )
        path = below(COLLECTION, product_id, "request")
        return OffsetListing(self, AccessRequest, "The list of a product's requests", path, params)

    def search_data_product_members(
        self,
        product_id: str,
        *,
        search_text: str | None = None,
        status: Iterable[RequestStatus] = (),
        request_type: Iterable[RequestType] = (),
        user_ids: Iterable[str] = (),
        expiration: bool | None = None,
        data_product_id: str | None = None,
        asset_id: str | None = None,
        asset_type: Iterable[AssetType] = (),
        target_type: Iterable[str] = (),
        review_status: Iterable[ReviewStatus] = (),
        sort_by: RequestOrder | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[AccessRequest]:
        """The approved requests for a product that have not ended, temporary ones too.

        They are requests, not people: a masking exception is one too unless `request_type` says DATA_ACCESS. Filters as in
        `search_data_product_access_requests`. Reading it raises NotFound and Forbidden.
        """
        params = query(
            searchText=search_text,
            status=status,
            type=request_type,
            userIds=user_ids,
            expiration=expiration,
            dataProductId=data_product_id,
            assetId=asset_id,
            assetType=asset_type,
            targetType=target_type,
            reviewStatus=review_status,
            sortBy=sort_by,
            sortOrder=sort_order,
        )
        path = below(COLLECTION, product_id, "members")
        return OffsetListing(self, AccessRequest, "The list of a product's members", path, params)

    async def request_access(self, product_id: str, *, user: str, form: Any = None) -> AccessRequest:
        """Ask for access to a product for `user`, a global user id; the review flow may approve or deny it at once.

        `form` holds the answers to the product's form for DATA_ACCESS; its shape is not in the contract. Never sent twice: if
        the answer is lost, the error says that it is not known whether the request was made. Raises NotFound, Forbidden, and
        Refused or Conflict where somebody has access or waits for it already, or answers are missing.
        """
        body = CreateAccessRequest.model_validate({"user": user} | _filled(form))
        return await self._asked(product_id, user, below(COLLECTION, product_id, "request"), body)

    async def request_masking_exception(
        self, product_id: str, *, user: str, columns: Iterable[ColumnReference], form: Any = None
    ) -> AccessRequest:
        """Ask that `user`, a global user id, sees masked columns of a product as they are (FACTS 2.6).

        `form` and a lost answer are as with `request_access`, with the form for MASKING_EXCEPTION; `user` need not be a member.
        Raises NotFound, Forbidden, and Refused for a column that is not of this product or not masked.
        """
        wanted = {"user": user, "columns": tuple(columns)} | _filled(form)
        path = below(COLLECTION, product_id, "request", "masking-exception")
        return await self._asked(product_id, user, path, CreateMaskingExceptionRequest.model_validate(wanted))

    async def _asked(self, product_id: str, user: str, path: str, body: Body) -> AccessRequest:
        look = (
            f"Before asking again, see whether the request is there: `dpsync access list {product_id} --user {user}`, or "
            f"`search_data_product_access_requests({product_id!r}, user_ids=[{user!r}], include_temporary=True)`."
        )
        payload = await self._write("POST", path, body.sent(), look=look)
        return parsed(AccessRequest, payload, "The answer to the request")

    async def revoke_access(self, product_id: str, request_id: str) -> None:
        """Take away what an approved request granted; the request is REVOKED from then on.

        If the answer is lost, the request is read to see. Raises NotFound, Forbidden, and Conflict for a request that is not
        approved.
        """

        async def revoked() -> bool:
            try:
                request = await self._read(AccessRequest, "The request", below(REQUESTS, request_id))
            except Refused:
                return False
            return request.status == "REVOKED"

        path = below(COLLECTION, product_id, "request", request_id)
        await self._write("DELETE", path, settled=revoked)

    async def recent_determinations(
        self, product_id: str, *, request_type: RequestType = "DATA_ACCESS"
    ) -> tuple[Determination, ...]:
        """The five most recent decisions that people took about requests for a product. Raises NotFound."""
        path = below(COLLECTION, product_id, "recent-determinations")
        what = "The list of recent decisions"
        return await self._read_each(Determination, "determinations", what, path, query(type=request_type))


def _filled(form: Any) -> dict[str, Any]:
    return {} if form is None else {"form": form}

"""Access requests across all products, and the decisions about them (FACTS 1.9, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.errors import Refused
from dpsync.marketplace.models.access_requests import (
    AccessRequest,
    ApprovalRecord,
    MaskedColumn,
    UpdateApprovalRecord,
)
from dpsync.marketplace.models.data_products import Column
from dpsync.marketplace.operations.filters import (
    AssetType,
    RequestOrder,
    RequestRole,
    RequestStatus,
    RequestType,
    ReviewStatus,
    SortOrder,
)
from dpsync.marketplace.operations.listing import OffsetListing
from dpsync.marketplace.operations.sending import Sender, query
from dpsync.marketplace.paths import below

COLLECTION = "/api/access-request"
RECORDS = "/api/approval-record"


class AccessRequests(Sender):
    """The operations of `/api/access-request` and `/api/approval-record`. `request_id` is a cuid."""

    def search_access_requests(
        self,
        *,
        search_text: str | None = None,
        status: Iterable[RequestStatus] = (),
        request_type: Iterable[RequestType] = (),
        user_ids: Iterable[str] = (),
        include_temporary: bool | None = None,
        expiration: bool | None = None,
        role: Iterable[RequestRole] = (),
        data_product_id: str | None = None,
        asset_id: str | None = None,
        asset_type: Iterable[AssetType] = (),
        target_type: Iterable[str] = (),
        review_status: Iterable[ReviewStatus] = (),
        sort_by: RequestOrder | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[AccessRequest]:
        """The requests for all products that the caller made, manages or reviews, or of these the `role`s asked for.

        The other filters are as in `search_data_product_access_requests`; `data_product_id` is the product.
        """
        params = query(
            searchText=search_text,
            status=status,
            type=request_type,
            userIds=user_ids,
            includeTemporary=include_temporary,
            expiration=expiration,
            role=role,
            dataProductId=data_product_id,
            assetId=asset_id,
            assetType=asset_type,
            targetType=target_type,
            reviewStatus=review_status,
            sortBy=sort_by,
            sortOrder=sort_order,
        )
        return OffsetListing(self, AccessRequest, "The list of requests", COLLECTION, params)

    async def get_access_request_by_id(self, request_id: str) -> AccessRequest:
        """The request with an id. Raises NotFound, and Forbidden for one that the caller has no part in."""
        return await self._read(AccessRequest, f"The request {request_id}", below(COLLECTION, request_id))

    async def cancel_access_request(self, request_id: str) -> None:
        """Take back a request that is still PENDING; only who made it, or for whom it was made, may.

        If the answer is lost, the request is read to see. Raises NotFound, Forbidden, and Conflict for one that is decided.
        """

        async def canceled() -> bool:
            try:
                return (await self.get_access_request_by_id(request_id)).status == "CANCELED"
            except Refused:
                return False

        await self._write("DELETE", below(COLLECTION, request_id), settled=canceled)

    async def get_access_request_records(self, request_id: str) -> tuple[ApprovalRecord, ...]:
        """The stages of the review of a request, in order: whom each waits for, or what was decided. Raises NotFound."""
        path = below(COLLECTION, request_id, "records")
        what = "The list of approval records"
        return await self._read_each(ApprovalRecord, "approvalRecords", what, path)

    def search_access_request_masking_exception_columns(self, request_id: str) -> OffsetListing[Column]:
        """The columns that a request for a masking exception is about. Reading it raises NotFound and Forbidden."""
        path = below(COLLECTION, request_id, "masking-exception-columns")
        key = ("sourceId", "name")
        return OffsetListing(self, Column, "The list of a request's columns", path, {}, key)

    async def get_approved_masking_exception_columns(self, user_id: str) -> tuple[MaskedColumn, ...]:
        """The columns of all products that a user (a global user id) sees as they are by approved exceptions."""
        path = f"{COLLECTION}/approved-masking-exception-columns"
        what = "The list of columns with an exception"
        return await self._read_each(MaskedColumn, "data", what, path, query(userId=user_id))

    async def update_approval_record(self, record_id: str, decision: UpdateApprovalRecord) -> ApprovalRecord:
        """Decide about one stage of a request: APPROVED or DENIED; only one of its approvers may (FACTS 1.3).

        `duration` counts `duration_unit`s; without, access does not end. Raises NotFound, Forbidden, and Conflict for a record
        that is decided or not yet in turn: also where the answer to the first attempt was lost.
        """
        what = f"The approval record {record_id}"
        return await self._update(ApprovalRecord, what, below(RECORDS, record_id), decision)

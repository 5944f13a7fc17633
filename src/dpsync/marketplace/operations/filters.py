"""The words that the filters of searches take, as types.

A room of its own because three groups of operations search alike. Answers are not held against these lists: the
marketplace may know more words than dpsync.
"""

from __future__ import annotations

from typing import Literal

RequestType = Literal["DATA_ACCESS", "MASKING_EXCEPTION"]
RequestStatus = Literal[
    "APPROVED", "CANCELED", "DENIED", "PENDING", "NONE", "PUBLISHER", "REVOKED", "EXPIRED"
]
RequestRole = Literal["requestor", "manager", "steward"]
RequestOrder = Literal["status", "dataProduct", "createdAt", "updatedAt", "expiration"]
ReviewStatus = Literal["noReviews", "reviewedByYou", "awaitingReviewFromYou"]
ProductRole = Literal["manager", "member", "noRole", "steward"]
AssetType = Literal["DATA_PRODUCT", "DATA_OBJECT"]
TaggedModel = Literal["datasource", "column"]
NamedOrder = Literal["name", "createdAt", "updatedAt"]
SortOrder = Literal["asc", "desc"]

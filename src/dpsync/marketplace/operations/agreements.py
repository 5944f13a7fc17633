"""Data use agreements, and the forms that they are attached to (FACTS 2.5)."""

from __future__ import annotations

from dpsync.marketplace.models.agreements import (
    AssociatedRequestForm,
    CreateDataUseAgreement,
    DataUseAgreement,
    UpdateDataUseAgreement,
)
from dpsync.marketplace.operations.filters import NamedOrder, SortOrder
from dpsync.marketplace.operations.listing import OffsetListing
from dpsync.marketplace.operations.sending import Sender, query
from dpsync.marketplace.paths import below

COLLECTION = "/api/data-use-agreement"


class Agreements(Sender):
    """The operations of `/api/data-use-agreement`. `agreement_id` is a UUID."""

    def search_data_use_agreements(
        self,
        *,
        name_filter: str | None = None,
        exact_match: bool | None = None,
        sort_by: NamedOrder | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[DataUseAgreement]:
        """The agreements, by name; `name_filter` is a part of it, with `exact_match` all of it (FACTS 1.5)."""
        params = query(nameFilter=name_filter, exactMatch=exact_match, sortBy=sort_by, sortOrder=sort_order)
        return OffsetListing(self, DataUseAgreement, "The list of agreements", COLLECTION, params)

    async def create_data_use_agreement(self, agreement: CreateDataUseAgreement) -> DataUseAgreement:
        """Make an agreement. A lost answer is settled by its id, if it was given one.

        Raises Conflict for a name or an id that is taken.
        """
        identity = agreement.id
        found = None if identity is None else lambda: self.get_data_use_agreement_by_id(identity)
        return await self._create(DataUseAgreement, "The new agreement", COLLECTION, agreement, found)

    async def get_data_use_agreement_by_id(self, agreement_id: str) -> DataUseAgreement:
        """The agreement with an id. Raises NotFound."""
        return await self._read(
            DataUseAgreement, f"The agreement {agreement_id}", below(COLLECTION, agreement_id)
        )

    async def update_data_use_agreement(
        self, agreement_id: str, changes: UpdateDataUseAgreement
    ) -> DataUseAgreement:
        """Change the given fields of an agreement; who acknowledged it is not asked again (FACTS 2.1).

        Raises NotFound, Forbidden, and Conflict for a name that is taken.
        """
        path = below(COLLECTION, agreement_id)
        return await self._update(DataUseAgreement, f"The agreement {agreement_id}", path, changes)

    async def delete_data_use_agreement(self, agreement_id: str) -> None:
        """Delete an agreement. Raises NotFound, and presumably Conflict or Refused for one in use (FACTS 2.5)."""
        await self._delete(below(COLLECTION, agreement_id))

    async def get_associated_request_forms(self, agreement_id: str) -> tuple[AssociatedRequestForm, ...]:
        """The forms that an agreement is attached to. Raises NotFound."""
        path = below(COLLECTION, agreement_id, "request-forms")
        return await self._read_each(
            AssociatedRequestForm, "data", "The list of forms with an agreement", path
        )

"""Request forms, their versions, and the products that use them (FACTS 2.3)."""

from __future__ import annotations

from dpsync.marketplace.models.request_forms import (
    CreateRequestForm,
    LinkedAsset,
    LinkedDataProduct,
    RequestForm,
    UpdateRequestForm,
)
from dpsync.marketplace.operations.filters import NamedOrder, SortOrder
from dpsync.marketplace.operations.listing import OffsetListing
from dpsync.marketplace.operations.sending import Sender, query
from dpsync.marketplace.paths import below

COLLECTION = "/api/request-form"


class RequestForms(Sender):
    """The operations of `/api/request-form`. `form_id` is a UUID."""

    def search_request_forms(
        self,
        *,
        name_filter: str | None = None,
        exact_match: bool | None = None,
        sort_by: NamedOrder | None = None,
        sort_order: SortOrder | None = None,
    ) -> OffsetListing[RequestForm]:
        """The forms, by name; `name_filter` is a part of it, with `exact_match` all of it (FACTS 1.5)."""
        params = query(nameFilter=name_filter, exactMatch=exact_match, sortBy=sort_by, sortOrder=sort_order)
        return OffsetListing(self, RequestForm, "The list of forms", COLLECTION, params)

    async def create_request_form(self, form: CreateRequestForm) -> RequestForm:
        """Make a form. A lost answer is settled by its id, if it was given one.

        Raises Conflict for a name or an id that is taken, Refused for fields or a policy that are not accepted.
        """
        identity = form.id
        found = None if identity is None else lambda: self.get_request_form_by_id(identity)
        return await self._create(RequestForm, "The new form", COLLECTION, form, found)

    async def get_request_form_by_id(self, form_id: str) -> RequestForm:
        """The form with an id, as it is now. Raises NotFound."""
        return await self._read(RequestForm, f"The form {form_id}", below(COLLECTION, form_id))

    async def get_request_form_by_version(self, version: str) -> RequestForm:
        """A form as it was in a version, such as a request's `form_version`. Raises NotFound."""
        return await self._read(
            RequestForm, f"The form in version {version}", below(COLLECTION, "version", version)
        )

    async def update_request_form(self, form_id: str, changes: UpdateRequestForm) -> RequestForm:
        """Change the given fields of a form, and no other: a new version, for new requests of every product that uses it.

        Raises NotFound, Forbidden, and Refused for the built-in form.
        """
        return await self._update(RequestForm, f"The form {form_id}", below(COLLECTION, form_id), changes)

    async def delete_request_form_by_id(self, form_id: str) -> None:
        """Delete a form that no product uses. Raises NotFound, and Conflict or Refused for one that is in use."""
        await self._delete(below(COLLECTION, form_id))

    async def get_data_products(self, form_id: str) -> tuple[LinkedDataProduct, ...]:
        """The products that use a form, each with the request types that it uses it for. Raises NotFound."""
        path = below(COLLECTION, form_id, "data-products")
        return await self._read_each(LinkedDataProduct, "data", "The list of products that use a form", path)

    async def get_assets(self, form_id: str) -> tuple[LinkedAsset, ...]:
        """The assets, products and objects of catalogs, that use a form (vintage v2). Raises NotFound."""
        path = below(COLLECTION, form_id, "assets")
        return await self._read_each(LinkedAsset, "data", "The list of assets that use a form", path)

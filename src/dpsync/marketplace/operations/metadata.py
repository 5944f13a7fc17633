"""What products refer to: domains, their sources, users, groups, attributes and tags. Only read (FACTS 2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dpsync.errors import UsageError
from dpsync.marketplace.assumptions import DIRECTORY_LIMIT
from dpsync.marketplace.models.metadata import AppliedTag, Attribute, Domain, DomainSource, Group, Tag
from dpsync.marketplace.models.people import Person
from dpsync.marketplace.operations.filters import TaggedModel
from dpsync.marketplace.operations.listing import OffsetListing, PostedListing
from dpsync.marketplace.operations.sending import Sender, query
from dpsync.marketplace.paths import below

DOMAINS = "/api/metadata/domain"
USERS = "/api/metadata/users"
GROUPS = "/api/metadata/groups"
ATTRIBUTES = "/api/metadata/attributes"
TAGS = "/api/metadata/tags"
MOST_TAGS = 200


class Metadata(Sender):
    """The operations of `/api/metadata`."""

    async def get_available_domains(self) -> tuple[Domain, ...]:
        """The domains that the caller may make products in; one that is missing may still exist (FACTS 0.14)."""
        return await self._read_each(Domain, "domains", "The list of domains", DOMAINS)

    async def get_domain(self, domain_id: str) -> Domain:
        """The domain with an id. Raises NotFound."""
        return await self._read(Domain, f"The domain {domain_id}", below(DOMAINS, domain_id))

    def get_domain_data_sources(
        self, domain_id: str, *, search_text: str | None = None, data_source_ids: Iterable[str] = ()
    ) -> OffsetListing[DomainSource]:
        """The sources of a domain; `search_text` is a part of a name, `data_source_ids` those that are of interest.

        Reading it raises NotFound and Forbidden.
        """
        path = below(DOMAINS, domain_id, "datasources")
        params = query(searchText=search_text, dataSourceIds=data_source_ids)
        return OffsetListing(
            self, DomainSource, "The list of a domain's sources", path, params, "dataSourceId"
        )

    async def get_immuta_users(
        self,
        *,
        text: str | None = None,
        global_user_ids: Iterable[str] = (),
        limit: int = DIRECTORY_LIMIT,
    ) -> tuple[Person, ...]:
        """At most `limit` users, by a part of a name, user name or address, or by their ids.

        There is no second page (FACTS 0.13): as many as `limit` means that there may be more. `text` is the API's `filter`.
        """
        params = query(filter=text, globalUserId=global_user_ids, limit=limit)
        return await self._read_each(Person, "users", "The list of users", USERS, params)

    async def get_immuta_groups(
        self, *, text: str | None = None, limit: int = DIRECTORY_LIMIT
    ) -> tuple[Group, ...]:
        """At most `limit` groups, by a part of the name, which is the API's `filter`; no second page (FACTS 0.13)."""
        return await self._read_each(
            Group, "groups", "The list of groups", GROUPS, query(filter=text, limit=limit)
        )

    async def get_immuta_attributes(
        self, *, search: str | None = None, attribute_type: str | None = None
    ) -> tuple[Attribute, ...]:
        """The attributes that users have, by a part of them, and of one `attribute_type`, the API's `type`."""
        params = query(search=search, type=attribute_type)
        return await self._read_each(Attribute, "attributes", "The list of attributes", ATTRIBUTES, params)

    async def get_immuta_tags(
        self, *, search_text: str | None = None, fuzzy_search: bool | None = None, limit: int = MOST_TAGS
    ) -> tuple[Tag, ...]:
        """At most `limit` tags (from 1 to 200), by a part of the name; no second page (FACTS 0.13)."""
        params = query(searchText=search_text, fuzzySearch=fuzzy_search, limit=limit)
        return await self._read_each(Tag, "data", "The list of tags", TAGS, params)

    def search_applied_tags(
        self,
        *,
        data_product_id: str | None = None,
        data_object_id: str | None = None,
        data_source_ids: Iterable[str] = (),
        search_text: str | None = None,
        fuzzy_search: bool | None = None,
        model_type: Iterable[TaggedModel] = (),
        excluded_hierarchies: Iterable[str] = (),
    ) -> PostedListing[AppliedTag]:
        """The distinct tags on sources (`datasource`), on their columns (`column`), or on both.

        The sources are those of a product or `data_source_ids`, which are numbers on this wire (FACTS 0.11); tags below
        `excluded_hierarchies` are left out. A POST that only reads, and so is sent again if its answer is lost.
        Raises UsageError for a source id that is not a number.
        """
        filters = {
            "dataProductId": data_product_id,
            "dataObjectId": data_object_id,
            "dataSourceIds": [_number(each) for each in data_source_ids] or None,
            "searchText": search_text,
            "fuzzySearch": fuzzy_search,
            "modelType": [model_type] if isinstance(model_type, str) else list(model_type) or None,
            "excludedHierarchies": list(excluded_hierarchies) or None,
        }
        given = {name: value for name, value in filters.items() if value is not None}
        return PostedListing(self._search_applied_tags, AppliedTag, "The list of applied tags", given)

    async def _search_applied_tags(self, body: Mapping[str, Any]) -> Any:
        return await self._write("POST", f"{TAGS}/applied/search", body, settled=_never)


async def _never() -> bool:
    return False


def _number(source_id: str) -> int:
    if not (source_id.isascii() and source_id.isdigit()):
        raise UsageError(f"{source_id!r} is not the id of a data source.", "It is a number, such as '42'.")
    return int(source_id)

"""Listings: a search that was described and not yet sent, in either style of paging (FACTS 1.5).

A room of its own because every search reads alike: from its beginning to its end, or one page. Nothing is sent before
it is read, and reading it twice sends it twice. Must never filter what came; the marketplace does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dpsync.marketplace.assumptions import PAGE
from dpsync.marketplace.client import Params, ReadClient
from dpsync.marketplace.wire import Wire, listing, parsed_each, unreadable

Model = TypeVar("Model", bound=Wire)


@dataclass(frozen=True, slots=True)
class TokenPage(Generic[Model]):
    """One page. `next_token` is None on the last one; how many entries there are in all is not told."""

    entries: tuple[Model, ...]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class OffsetPage(Generic[Model]):
    """One page, from `offset` on, of `total_count` entries in all."""

    entries: tuple[Model, ...]
    offset: int
    total_count: int


@dataclass(frozen=True, slots=True)
class _Search(Generic[Model]):
    client: ReadClient = field(repr=False)
    model: type[Model]
    what: str
    path: str
    params: Params
    key: str | tuple[str, ...] = "id"

    def _read(self, entries: list[Any]) -> tuple[Model, ...]:
        return tuple(parsed_each(self.model, entries, self.what))

    async def _page(self, params: Params) -> tuple[tuple[Model, ...], dict[str, Any]]:
        payload = await self.client.get(self.path, {**self.params, **params})
        entries = listing(payload, "data", self.what)
        meta = payload.get("meta") if isinstance(payload, dict) else None
        if not isinstance(meta, dict):
            raise unreadable(self.what, "meta: an object should be here")
        return self._read(entries), meta


@dataclass(frozen=True, slots=True)
class TokenListing(_Search[Model]):
    """A search whose pages follow each other: `async for entry in listing`, `await listing.all()`, or one `page`."""

    async def __aiter__(self) -> AsyncIterator[Model]:
        """Every entry, page after page. Raises BadAnswer if the list does not come to an end."""
        async for entries in self.client.pages_by_token(self.path, self.params, key=self.key):
            for entry in self._read(entries):
                yield entry

    async def all(self) -> tuple[Model, ...]:
        """Every entry."""
        return tuple([entry async for entry in self])

    async def page(self, *, next_token: str | None = None, limit: int = PAGE) -> TokenPage[Model]:
        """The page that `next_token` of the page before names, or the first; `limit` is from 1 to 100 entries."""
        after = {} if next_token is None else {"nextToken": next_token}
        entries, meta = await self._page({"limit": limit, **after})
        token = meta.get("nextToken")
        return TokenPage(entries, token if isinstance(token, str) and token else None)


@dataclass(frozen=True, slots=True)
class OffsetListing(_Search[Model]):
    """A search whose pages are read at once: `async for entry in listing`, `await listing.all()`, `count`, or one `page`."""

    async def __aiter__(self) -> AsyncIterator[Model]:
        """Every entry. Raises BadAnswer if the list changes while it is read."""
        async for entries in self.client.pages_by_offset(self.path, self.params, key=self.key):
            for entry in self._read(entries):
                yield entry

    async def all(self) -> tuple[Model, ...]:
        """Every entry."""
        return tuple([entry async for entry in self])

    async def page(self, *, offset: int = 0, limit: int = PAGE) -> OffsetPage[Model]:
        """At most `limit` entries (at least 1) from `offset` on, which counts from 0."""
        entries, meta = await self._page({"offset": offset, "limit": limit})
        return OffsetPage(entries, offset, _number(meta, "totalCount", self.what))

    async def count(self) -> int:
        """How many entries there are."""
        return (await self.page(limit=1)).total_count


@dataclass(frozen=True, slots=True)
class PostedListing(Generic[Model]):
    """A search whose filters are the body of a POST that only reads; otherwise as `OffsetListing`."""

    post: Callable[[Mapping[str, Any]], Awaitable[Any]] = field(repr=False)
    model: type[Model]
    what: str
    filters: Mapping[str, Any]

    async def __aiter__(self) -> AsyncIterator[Model]:
        """Every entry, page after page. Raises BadAnswer if a page is empty before the end."""
        offset, total = 0, 1
        while offset < total:
            page = await self.page(offset=offset)
            for entry in page.entries:
                yield entry
            offset, total = offset + len(page.entries), page.total_count
            if not page.entries and offset < total:
                raise unreadable(self.what, f"no entries came at {offset} of {total}")

    async def all(self) -> tuple[Model, ...]:
        """Every entry."""
        return tuple([entry async for entry in self])

    async def page(self, *, offset: int = 0, limit: int = PAGE) -> OffsetPage[Model]:
        """At most `limit` entries (at least 1) from `offset` on, which counts from 0."""
        payload = await self.post({**self.filters, "offset": offset, "limit": limit})
        entries = tuple(parsed_each(self.model, listing(payload, "data", self.what), self.what))
        return OffsetPage(entries, offset, _number(payload, "total", self.what))

    async def count(self) -> int:
        """How many entries there are."""
        return (await self.page(limit=1)).total_count


def _number(payload: Any, name: str, what: str) -> int:
    number = payload.get(name) if isinstance(payload, dict) else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise unreadable(what, f"{name}: a number should be here")
    return int(number)

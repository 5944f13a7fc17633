"""Reading evidence: who is in which product, and what is tagged sensitive, as far as the impact of a plan needs it.

A room of its own because the plan is made before it is known whom it touches: what is read here is decided by a plan
(`impact.questions`), where `live.py` reads what a plan is made from. What cannot be read is missing from the answer, which
means not known; only a refused token and a marketplace that is not there end the run. Must never be given anything that
can write, and never decides who loses something.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dpsync.errors import MarketplaceError
from dpsync.marketplace.client import TAG_SEARCH, ReadClient
from dpsync.marketplace.endpoints import data_product, people, request_form, tags
from dpsync.marketplace.live import ends_the_run
from dpsync.marketplace.tasks import task_group, together
from dpsync.marketplace.wire import unreadable
from dpsync.model.impact import Audience, Evidence, Questions
from dpsync.model.state import Person

Found = TypeVar("Found")


async def read_evidence(client: ReadClient, questions: Questions) -> Evidence:
    """The answers to the questions of a plan; without questions, nothing is sent.

    Raises NotAuthenticated and, where no answer comes at all, Unreachable; whatever else cannot be read is not known.
    """
    reading = _Reading(client, questions)
    async with task_group() as tasks:
        tasks.create_task(reading.audiences_of(questions.products))
        tasks.create_task(reading.others())
        tasks.create_task(reading.products_of_forms())
        tasks.create_task(reading.sensitive_tags())
    return reading.evidence()


@dataclass
class _Reading:
    """One reading of the evidence, as it comes together."""

    client: ReadClient
    questions: Questions
    audiences: dict[str, Audience] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    contents: dict[str, frozenset[str]] = field(default_factory=dict)
    reached: dict[str, frozenset[str]] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    column_tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def evidence(self) -> Evidence:
        """What was read, in an order that does not depend on when it came."""
        return Evidence(
            _sorted(self.audiences),
            _sorted(self.people),
            _sorted(self.contents),
            _sorted(self.tags),
            _sorted(self.column_tags),
            _sorted(self.columns),
            _sorted(self.reached),
            everywhere=self.questions.everywhere and self._others_are_known,
        )

    @property
    def _others_are_known(self) -> bool:
        asked = self._sharing | self.questions.products
        return self.contents.keys() >= self.questions.elsewhere and self.audiences.keys() >= asked

    @property
    def _sharing(self) -> frozenset[str]:
        """The products elsewhere that have a source which members gain or lose."""
        touched = self.questions.touched
        return frozenset(one for one, sources in self.contents.items() if not touched.isdisjoint(sources))

    # -- who is in a product -----------------------------------------------------------------------------------------

    async def audiences_of(self, products: Iterable[str]) -> None:
        """Read the members of each of the products."""
        await together(*(self._audience(one) for one in sorted(products)))

    async def _audience(self, product: str) -> None:
        async def read() -> tuple[Audience, tuple[Person, ...]]:
            pages = self.client.pages_by_offset(people.members_path(product))
            return people.audience(await _all(pages))

        found = await _or_unknown(read())
        if found is not None:
            self.audiences[product], members = found
            self.people |= {person.id: person for person in members}

    async def others(self) -> None:
        """Read the sources of the products whose sources are not known, then the members of those that matter."""
        await together(*(self._contents(one) for one in sorted(self.questions.elsewhere)))
        await self.audiences_of(self._sharing - self.questions.products)

    async def _contents(self, product: str) -> None:
        async def read() -> frozenset[str]:
            payload = await self.client.get(data_product.sources_path(product))
            return frozenset(data_product.sources(payload))

        found = await _or_unknown(read())
        if found is not None:
            self.contents[product] = found

    async def products_of_forms(self) -> None:
        """Read which products each of the forms reaches."""
        await together(*(self._reached(form) for form in sorted(self.questions.forms)))

    async def _reached(self, form: str) -> None:
        async def read() -> frozenset[str]:
            payload = await self.client.get(request_form.linked_path(form))
            return frozenset(product for product, _request_types in request_form.linked(payload))

        found = await _or_unknown(read())
        if found is not None:
            self.reached[form] = found

    # -- what is tagged sensitive ------------------------------------------------------------------------------------

    async def sensitive_tags(self) -> None:
        """Read which added sources have sensitive tags: of all together first, and one by one only if there are some."""
        if not self.questions.sensitive:
            self.tags = dict.fromkeys(self.questions.added, ())
            return
        asked = sorted(filter(tags.is_number, self.questions.added))
        if not asked:
            return
        found = await self._applied(asked, (tags.SOURCE, tags.COLUMN))
        if found is None:
            return
        if len(asked) == 1:
            await self._keep_tags(asked[0], found)
        elif found:
            await together(*(self._tags_of(one) for one in asked))
        else:
            self.tags = dict.fromkeys(asked, ())

    async def _tags_of(self, source: str) -> None:
        found = await self._applied([source], (tags.SOURCE, tags.COLUMN))
        if found is not None:
            await self._keep_tags(source, found)

    async def _keep_tags(self, source: str, found: tuple[str, ...]) -> None:
        """Keep the tags of a source, once it is known which of them are on a column."""
        on_columns = await self._applied([source], (tags.COLUMN,)) if found else ()
        if on_columns is None:
            return
        self.tags[source] = found
        if on_columns:
            self.column_tags[source] = on_columns
            await self._name_columns(source, on_columns)

    async def _name_columns(self, source: str, on_columns: tuple[str, ...]) -> None:
        product = self.questions.shown.get(source)
        if product is None:
            return

        async def read() -> tuple[str, ...]:
            path, asked = tags.columns_path(product), {"dataSourceIds": [source]}
            pages = self.client.pages_by_offset(path, asked, key=tags.COLUMN_KEY)
            return tags.columns_with(on_columns, await _all(pages))

        found = await _or_unknown(read())
        if found:
            self.columns[source] = found

    async def _applied(self, sources: Sequence[str], on: Sequence[str]) -> tuple[str, ...] | None:
        """The sensitive ones of the tags on the sources or their columns; None if not known."""

        async def read() -> set[str]:
            names: set[str] = set()
            offset, total = 0, 1
            while offset < total:
                page = tags.page(await self.client.search(TAG_SEARCH, tags.body(sources, on, offset)))
                offset, total = offset + page.entries, page.total
                names.update(page.names)
                if not page.entries and offset < total:
                    raise unreadable("The list of applied tags", f"no entries came at {offset} of {total}")
            return names

        found = await _or_unknown(read())
        if found is None:
            return None
        return tuple(sorted(name for name in found if is_sensitive(name, self.questions.sensitive)))


def is_sensitive(tag: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern means the tag or one that it is below, whatever the case: `A.B` means `A.B.C`, too."""
    parts = tag.casefold().split(".")
    names = [".".join(parts[: end + 1]) for end in range(len(parts))]
    meant = [re.compile(fnmatch.translate(pattern.casefold())) for pattern in patterns]
    return any(pattern.match(name) for pattern in meant for name in names)


async def _all(pages: AsyncIterator[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [entry async for page in pages for entry in page]


async def _or_unknown(work: Coroutine[Any, Any, Found]) -> Found | None:
    """The result, or None if it cannot be read. What ends the run is raised."""
    try:
        return await work
    except MarketplaceError as error:
        if ends_the_run(error):
            raise
        return None


def _sorted(mapping: Mapping[str, Found]) -> Mapping[str, Found]:
    return {key: mapping[key] for key in sorted(mapping)}

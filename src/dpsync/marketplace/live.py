"""Reading the live state: everything that a plan needs, concurrently, and an honest list of what could not be read.

A room of its own because it decides what is worth a request (DESIGN 9) and what a failure means: a refused token or a
marketplace that does not answer ends the run, anything else is a gap in what is known. It takes a `ReadClient`, and must
never be given anything that can write.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from dpsync.errors import BadAnswer, MarketplaceError, NotAuthenticated, NotFound, Unreachable
from dpsync.kinds.catalog import DOMAINS, GROUPS, PEOPLE, SOURCE_KIND
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT
from dpsync.kinds.request_form import REQUEST_FORM
from dpsync.kinds.shared import RequestForms
from dpsync.marketplace import assumptions
from dpsync.marketplace.assumptions import DIRECTORY_LIMIT
from dpsync.marketplace.client import ReadClient
from dpsync.marketplace.endpoints import ENDPOINTS, data_product, data_source, domain, people, request_form
from dpsync.marketplace.endpoints.endpoint import FormPair, Parts
from dpsync.marketplace.tasks import started, task_group, together
from dpsync.model.identity import is_of_workspace
from dpsync.model.reference import Reference, is_live_id
from dpsync.model.resource import LiveResource
from dpsync.model.state import Caller, Catalog, Domain, Gap, Group, LiveState, Person, Scope, Source

Found = TypeVar("Found")


async def read_live(client: ReadClient, scope: Scope, *, vintage: str) -> LiveState:  # noqa: ARG001
    """The live state, as far as `scope` needs it. Both vintages are read alike.

    First who the token belongs to, alone, so that a refused token costs one request. Raises NotAuthenticated and, where
    no answer comes at all, Unreachable; whatever else goes wrong is a gap of the state.
    """
    try:
        caller = people.caller(await client.get(people.CALLER))
    except NotFound as error:
        raise NotFound(
            f"There is no marketplace at this url: {error.message}",
            "Does the url lack /marketplace at its end?",
            method=error.method,
            path=error.path,
            status=error.status,
        ) from None
    reading = _Reading(client, _with_all_forms(scope) if assumptions.SEND_WHOLE_OBJECT else scope)
    async with task_group() as tasks:
        reading.start(tasks)
    return reading.state(caller)


def _with_all_forms(scope: Scope) -> Scope:
    """The scope of a plan whose updates send whole products: what it shows has their forms, too."""
    return replace(scope, forms=scope.forms | scope.ids.get(DATA_PRODUCT.name, frozenset()))


@dataclass(frozen=True, slots=True)
class _Linked:
    """The forms of products as the forms tell it. For a product in `doubtful`, or if not `complete`, ask the product."""

    forms: Mapping[str, FormPair]
    doubtful: frozenset[str]
    complete: bool

    def of(self, product_id: str) -> FormPair | None:
        """The product's forms, or None if they are not known from here."""
        found = self.forms.get(product_id, FormPair())
        if product_id in self.doubtful:
            return None
        is_full = found.data_access is not None and found.masking_exception is not None
        return found if self.complete or is_full else None


@dataclass
class _Reading:
    """One reading of the live state, as it comes together."""

    client: ReadClient
    scope: Scope
    resources: dict[tuple[str, str], LiveResource] = field(default_factory=dict)
    sources: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    strays: dict[str, Source] = field(default_factory=dict)
    users: dict[str, dict[str, Reference]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to read everything."""
        self.tasks = tasks
        self.domains = tasks.create_task(self._domains())
        self.names = tasks.create_task(self._names())
        self.forms = tasks.create_task(self._forms())
        self.linked = tasks.create_task(self._linked())
        tasks.create_task(self._products() if self._only is None else self._some_products(self._only))
        tasks.create_task(self._agreements())
        self.listings = tasks.create_task(self._listings())
        tasks.create_task(self._users())
        for text in sorted(self.scope.people):
            tasks.create_task(self._search_people(text))
        for text in sorted(self.scope.groups):
            tasks.create_task(self._search_groups(text))

    def state(self, caller: Caller) -> LiveState:
        """What was read, in an order that does not depend on when it came."""
        return LiveState(
            caller,
            tuple(self._with_known_forms(self.resources[key]) for key in sorted(self.resources)),
            Catalog(
                self.domains.result() or (),
                {key: self.sources[key] for key in sorted(self.sources)},
                tuple(self.people[key] for key in sorted(self.people)),
                tuple(self.groups[key] for key in sorted(self.groups)),
                tuple(self.strays[key] for key in sorted(self.strays)),
            ),
            tuple(sorted(self.gaps, key=lambda gap: (gap.kind, gap.id, gap.reason))),
            frozenset(self.absent),
        )

    # -- what is referred to -----------------------------------------------------------------------------------------

    async def _domains(self) -> tuple[Domain, ...] | None:
        async def read() -> tuple[Domain, ...]:
            return domain.read(await self.client.get(domain.PATH))

        return await self._or_gap(DOMAINS, "", read())

    async def _names(self) -> Mapping[str, str]:
        return {each.id: each.name for each in await self.domains or ()}

    async def _listings(self) -> None:
        """Read the sources of each domain that is meant, once."""
        known = await self.domains
        meant = {_meant(reference, known) for reference in self.scope.domains}
        await together(*(self._listing(str(identity)) for identity in sorted(meant - {None}, key=str)))

    async def _listing(self, domain_id: str) -> None:
        if domain_id in self.asked:
            return
        self.asked.add(domain_id)

        async def read() -> tuple[Source, ...]:
            pages = self.client.pages_by_offset(data_source.path(domain_id), key=data_source.KEY)
            return data_source.read([entry async for page in pages for entry in page])

        found = await self._or_gap(SOURCE_KIND, domain_id, read())
        if found is not None:
            self.sources[domain_id] = found
            self.listed.update(source.id for source in found)

    async def _search_people(self, text: str) -> None:
        async def read(text: str) -> tuple[Person, ...]:
            asked = {"globalUserId": text} if is_live_id(text) else {"filter": text}
            return people.users(await self.client.get(people.USERS, {**asked, "limit": DIRECTORY_LIMIT}))

        found = await self._or_gap(PEOPLE, text, read(text))
        if found == () and _beginning(text):
            found = await self._or_gap(PEOPLE, text, read(_beginning(text)))
            self.people |= {person.id: person for person in found or ()}
            return
        found = found or ()
        self.people |= {person.id: person for person in found}
        exact = {name.casefold() for each in found for name in (each.id, each.username, each.email or "")}
        self._note_if_cut(PEOPLE, text, len(found), exact)

    async def _search_groups(self, text: str) -> None:
        async def read(text: str) -> tuple[Group, ...]:
            return people.groups(
                await self.client.get(people.GROUPS, {"filter": text, "limit": DIRECTORY_LIMIT})
            )

        found = await self._or_gap(GROUPS, text, read(text))
        if found == () and _beginning(text):
            found = await self._or_gap(GROUPS, text, read(_beginning(text)))
            self.groups |= {group.id: group for group in found or ()}
            return
        found = found or ()
        self.groups |= {group.id: group for group in found}
        self._note_if_cut(GROUPS, text, len(found), {each.name.casefold() for each in found})

    def _note_if_cut(self, kind: str, text: str, count: int, exact: set[str]) -> None:
        """A full page without what was looked for says nothing: there is no second page (FACTS 0.13)."""
        if count >= DIRECTORY_LIMIT and text.casefold() not in exact:
            self.gaps.append(
                Gap(kind, text, f"{text!r} finds {count} or more, and no more than that are shown.")
            )

    # -- forms and agreements ----------------------------------------------------------------------------------------

    async def _agreements(self) -> None:
        kind = DATA_USE_AGREEMENT.name
        pages = self.client.pages_by_offset(ENDPOINTS[kind].collection)
        await self._list(kind, pages)

    async def _forms(self) -> tuple[str, ...] | None:
        """The ids of all forms, or None if they are not all known."""
        kind = REQUEST_FORM.name
        return await self._list(kind, self.client.pages_by_offset(ENDPOINTS[kind].collection))

    async def _list(self, kind: str, pages: AsyncIterator[list[dict[str, Any]]]) -> tuple[str, ...] | None:
        """Read a list of whole objects; the ids, or None after a failure."""
        found: list[str] = []

        async def read() -> bool:
            async for page in pages:
                parts = Parts(domains=await self.names)
                for payload in page:
                    found.append(payload["id"])
                    await self._or_gap(kind, payload["id"], self._keep(kind, payload, parts))
            return True

        if await self._or_gap(kind, "", read()):
            return tuple(found)
        self._confirm_the_rest(kind, found)
        return None

    async def _keep(self, kind: str, payload: Any, parts: Parts) -> None:
        resource = ENDPOINTS[kind].read(payload, parts)
        self.resources[kind, resource.id] = resource

    async def _linked(self) -> _Linked | None:
        """The forms of products by form, if that is fewer requests than by product; otherwise None."""
        forms = await self.forms
        if forms is None or not self.scope.forms or len(forms) > len(self.scope.forms):
            return None
        answers = await together(*(self._products_of_form(form) for form in forms))
        found: dict[str, dict[str, Reference]] = {}
        doubtful: set[str] = set()
        for form, answer in zip(forms, answers, strict=True):
            resource = self.resources.get((REQUEST_FORM.name, form))
            reference = Reference(resource.title if resource else form, "id", form)
            for product, request_types in answer or ():
                mine = found.setdefault(product, {})
                for request_type in request_types:
                    if mine.setdefault(request_type, reference) is not reference:
                        doubtful.add(product)
        pairs = {product: data_product.pair(mine) for product, mine in found.items()}
        return _Linked(pairs, frozenset(doubtful), all(answer is not None for answer in answers))

    async def _products_of_form(self, form: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
        try:
            return request_form.linked(await self.client.get(request_form.linked_path(form)))
        except MarketplaceError as error:
            if ends_the_run(error):
                raise
            return None

    # -- what is about to go -----------------------------------------------------------------------------------------

    def _may_go(self, kind: str, identity: str) -> bool:
        """Whether a plan could delete the object: it is retired, or ours and in no manifest.

        Of a part, what is in no manifest goes only if it is said to.
        """
        return identity in self.scope.leaving or (
            self.scope.only is None
            and identity not in self.scope.ids.get(kind, frozenset())
            and is_of_workspace(self.scope.workspace_id, kind, identity)
        )

    async def _users(self) -> None:
        """Read which products use a form that may go, whoever made them; the others' forms are nobody's business."""
        kind = REQUEST_FORM.name
        going = [form for form in await self.forms or () if self._may_go(kind, form)]

        async def read(form: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
            return request_form.linked(await self.client.get(request_form.linked_path(form)))

        async def known(form: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
            return await self._or_gap(kind, form, read(form))

        for form, found in zip(going, await together(*map(known, going)), strict=True):
            for product, request_types in found or ():
                mine = self.users.setdefault(product, {})
                mine |= dict.fromkeys(request_types, Reference(self.resources[kind, form].title, "id", form))
        if self._only is not None:
            others = sorted(self.users.keys() - self._only.keys())
            await together(*(self._confirm(DATA_PRODUCT.name, product) for product in others))

    def _with_known_forms(self, resource: LiveResource) -> LiveResource:
        """The product with those of its forms that may go, where its forms were not read."""
        mine = self.users.get(resource.id)
        if mine is None or resource.kind != DATA_PRODUCT.name or resource.spec.manages("request_forms"):
            return resource
        found = data_product.pair(mine)
        known = {
            name: form
            for name, form in (
                ("data_access", found.data_access),
                ("masking_exception", found.masking_exception),
            )
            if form is not None
        }
        return replace(resource, spec=resource.spec.with_values(request_forms=RequestForms.of(**known)))

    # -- products ----------------------------------------------------------------------------------------------------

    async def _products(self) -> None:
        """Read the list of products, and begin the reads of each as its page arrives."""
        kind = DATA_PRODUCT.name
        seen: list[str] = []

        async def read() -> bool:
            async for page in self.client.pages_by_token(ENDPOINTS[kind].collection):
                names = await self.names
                for payload in page:
                    seen.append(payload["id"])
                    await self._start_product(payload, names)
            return True

        if not await self._or_gap(kind, "", read()):
            self._confirm_the_rest(kind, seen)

    # -- some products, each by its id ------------------------------------------------------------------------------

    @property
    def _only(self) -> Mapping[str, str] | None:
        """The products to be read, by id, each with the name that it is to have; None: all."""
        return None if self.scope.only is None else self.scope.only.get(DATA_PRODUCT.name, {})

    async def _some_products(self, only: Mapping[str, str]) -> None:
        """Read these products, however many others there are; and who has the names that they do not have yet."""
        await together(*(self._some_product(identity, only[identity]) for identity in sorted(only)))

    async def _some_product(self, identity: str, title: str) -> None:
        payload = await self._confirm(DATA_PRODUCT.name, identity)
        if payload is None and identity not in self.absent:
            return
        if payload is not None and identity in self.scope.leaving:
            # Of what no manifest names, only the live side tells the domain, and whose else its sources are.
            await together(
                *(self._listing(each) for each in payload.get("domains") or () if isinstance(each, str))
            )
        if title and (payload is None or _folded(str(payload.get("name", ""))) != _folded(title)):
            await self._or_gap(DATA_PRODUCT.name, "", self._holders(title))

    async def _holders(self, title: str) -> None:
        """Keep the products that are called so, in any case: names are unique, and one may be taken (FACTS 1.7)."""
        kind = DATA_PRODUCT.name
        async for page in self.client.pages_by_token(ENDPOINTS[kind].collection, {"nameFilter": title}):
            names = await self.names
            for payload in page:
                name = _folded(str(payload.get("name", "")))
                if name == _folded(title) and payload["id"] not in (self._only or {}):
                    await self._or_gap(kind, payload["id"], self._keep_product(payload, names, None, None))

    async def _start_product(self, payload: dict[str, Any], names: Mapping[str, str]) -> None:
        """Keep a product whose list entry is enough; begin to read the rest of one that is compared."""
        identity = payload["id"]
        if self._compares_sources(identity) or identity in self.scope.forms:
            started(self.tasks, self._read_product(payload, names))
        else:
            await self._or_gap(DATA_PRODUCT.name, identity, self._keep_product(payload, names, None, None))

    async def _read_product(self, payload: dict[str, Any], names: Mapping[str, str]) -> None:
        identity = payload["id"]
        if identity not in self.scope.forms or (self.linked.done() and self.linked.result() is not None):
            sources, forms = await self._sources_of(identity), await self._forms_of(identity)
        else:
            both = (self._sources_of(identity), self._forms_of(identity))
            sources, forms = cast("tuple[Any, Any]", await together(*both))
        await self._or_gap(DATA_PRODUCT.name, identity, self._keep_product(payload, names, sources, forms))
        await self._name_strays(identity, sources or ())

    async def _name_strays(self, identity: str, sources: tuple[str, ...]) -> None:
        """Read what sources of a product are called that stand in no listing: it moved, or they left its domain."""
        await self.listings
        if self.listed.issuperset(sources) or any(gap.kind == SOURCE_KIND for gap in self.gaps):
            return
        if not self.scope.domains and not self._may_go(DATA_PRODUCT.name, identity):
            return
        try:
            pages = self.client.pages_by_token(data_product.named_sources_path(identity))
            found = data_source.read_of_product([entry async for page in pages for entry in page])
        except MarketplaceError as error:
            if ends_the_run(error):
                raise
            return  # their ids will do: nothing is decided by names
        self.strays |= {source.id: source for source in found if source.id not in self.listed}

    async def _keep_product(
        self,
        payload: Any,
        names: Mapping[str, str],
        sources: tuple[str, ...] | None,
        forms: FormPair | None,
    ) -> None:
        await self._keep(DATA_PRODUCT.name, payload, Parts(sources, forms, names))

    def _compares_sources(self, identity: str) -> bool:
        return (
            identity in self.scope.sources
            or identity in self.scope.leaving
            or is_of_workspace(self.scope.workspace_id, DATA_PRODUCT.name, identity)
        )

    async def _sources_of(self, identity: str) -> tuple[str, ...] | None:
        if not self._compares_sources(identity):
            return None

        async def read() -> tuple[str, ...]:
            return data_product.sources(await self.client.get(data_product.sources_path(identity)))

        return await self._or_gap(DATA_PRODUCT.name, identity, read())

    async def _forms_of(self, identity: str) -> FormPair | None:
        if identity not in self.scope.forms:
            return None
        linked = await self.linked
        known = linked.of(identity) if linked is not None else None
        if known is not None:
            return known

        async def read() -> FormPair:
            return data_product.forms(await self.client.get(data_product.forms_path(identity)))

        return await self._or_gap(DATA_PRODUCT.name, identity, read())

    # -- what went wrong ---------------------------------------------------------------------------------------------

    def _confirm_the_rest(self, kind: str, seen: list[str]) -> None:
        """After a list that broke off: ask for each object that matters by its id. Only a 404 means absent."""
        for identity in sorted(self.scope.ids.get(kind, frozenset()) - set(seen)):
            started(self.tasks, self._confirm(kind, identity))

    async def _confirm(self, kind: str, identity: str) -> Mapping[str, Any] | None:
        """Read one object by its id; None if it is absent, or if that cannot be known."""

        async def read() -> Mapping[str, Any] | None:
            try:
                payload = await self.client.get(ENDPOINTS[kind].path(identity))
            except NotFound:
                self.absent.add(identity)
                return None
            names = await self.names
            if not isinstance(payload, dict) or payload.get("id") != identity:
                raise BadAnswer(f"Another object than {identity} was answered when asked for it by id.")
            if kind == DATA_PRODUCT.name:
                await self._start_product(payload, names)
            else:
                await self._keep(kind, payload, Parts(domains=names))
            return payload

        return await self._or_gap(kind, identity, read())

    async def _or_gap(self, kind: str, identity: str, work: Coroutine[Any, Any, Found]) -> Found | None:
        """The result, or None with a gap noted. What ends the run is raised."""
        try:
            return await work
        except MarketplaceError as error:
            if ends_the_run(error):
                raise
            self.gaps.append(Gap(kind, identity, error.message))
            return None


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _beginning(text: str) -> str:
    """The first word of what was not found, to look for near misses with; empty if that would find everybody."""
    word = "" if is_live_id(text) else re.split(r"[^\w]", text, maxsplit=1)[0]
    return word if len(word) > 2 and word != text else ""


def ends_the_run(error: MarketplaceError) -> bool:
    """Whether going on is pointless: the token is not accepted, or there is nobody there."""
    return isinstance(error, NotAuthenticated) or (isinstance(error, Unreachable) and not error.status)


def _meant(reference: Reference, domains: tuple[Domain, ...] | None) -> str | None:
    """The id of the domain that is meant; None if there is none or not exactly one, which the planner reports."""
    if reference.id is not None:
        return reference.id
    if domains is None:
        return reference.text if reference.how == "id" else None
    if any(each.id == reference.text for each in domains):
        return reference.text
    exact = {each.id for each in domains if each.name == reference.text}
    folded = {each.id for each in domains if each.name.casefold() == reference.text.casefold()}
    found = exact or folded
    return next(iter(found)) if len(found) == 1 else None

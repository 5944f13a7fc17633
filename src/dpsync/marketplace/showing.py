"""Reading what `dpsync show` shows: single objects and lists, concurrently, and only what the answer needs.

A room of its own because it reads for people, through the typed client: what cannot be read is left out and said in a
notice, while a plan must know everything or change nothing (`live.py`). Must never be used to make a plan, and the client
that it is given sends nothing but GET.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar, cast

from dpsync.errors import (
    BadAnswer,
    Forbidden,
    MarketplaceError,
    NotAuthenticated,
    NotFound,
    Unreachable,
    UsageError,
)
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT
from dpsync.kinds.domain import DOMAIN
from dpsync.kinds.request_form import REQUEST_FORM
from dpsync.kinds.review_flow import Delegate, Review
from dpsync.kinds.shared import V1
from dpsync.marketplace import models
from dpsync.marketplace.api import Client
from dpsync.marketplace.assumptions import PAGE
from dpsync.marketplace.endpoints import review_flow
from dpsync.marketplace.lookup import domain_called, person_called, product_called
from dpsync.marketplace.operations.listing import TokenListing
from dpsync.marketplace.tasks import task_group, together
from dpsync.model.base import Spec
from dpsync.model.reference import SourcePath
from dpsync.model.showing import (
    AboutAgreements,
    AboutDomains,
    AboutForms,
    AboutProduct,
    AboutProducts,
    AboutSources,
    Belonging,
    Declarations,
    Determination,
    Expert,
    ListedAgreement,
    ListedDomain,
    ListedForm,
    ListedProduct,
    ListedSource,
    Named,
    Pending,
    Question,
    Shown,
    ShownColumn,
    ShownProduct,
    ShownSource,
    Table,
    Way,
)
from dpsync.model.state import Domain, Person, Source

Found = TypeVar("Found")
RequestType = Literal["DATA_ACCESS", "MASKING_EXCEPTION"]

_ACCESS: RequestType = "DATA_ACCESS"
_MASKING: RequestType = "MASKING_EXCEPTION"


class Viewer(Client):
    """A client with every operation, of which those that write refuse to."""

    methods: ClassVar[frozenset[str]] = frozenset({"GET"})


@dataclass(frozen=True, slots=True)
class Around:
    """What every answer is made with: a client that cannot write, what the manifests declare, and the API's vintage."""

    client: Viewer
    declarations: Declarations
    vintage: str


async def shown(question: Question, around: Around) -> Shown:
    """The answer to a question. Raises UsageError for what does not exist, with the nearest names."""
    return await _ANSWERS[type(question)](question, around)


# -- one product -----------------------------------------------------------------------------------------------------


async def _product(asked: AboutProduct, around: Around) -> ShownProduct:
    client = around.client
    async with task_group() as tasks:
        finding = tasks.create_task(product_called(client, asked.product, around.declarations))
        using = tasks.create_task(_usable_domains(client))
        asking = None if asked.user is None else tasks.create_task(person_called(client, asked.user))
    product, user = finding.result(), asking.result() if asking is not None else None
    names = await _all_names(client, using.result(), product.domains)
    reading = _Reading(client, product, names, around.vintage)
    async with task_group() as tasks:
        ways = tasks.create_task(reading.told("The forms", reading.ways()))
        members = tasks.create_task(reading.told("The members", reading.members()))
        pending = tasks.create_task(reading.told("The pending requests", reading.pending()))
        named = asked.name if asked.sources else None
        sources = tasks.create_task(reading.told("The data sources", reading.sources(user, named)))
        columns = determinations = None
        if asked.columns:
            reading_columns = reading.columns(asked.name, masked_only=asked.masked_only)
            columns = tasks.create_task(reading.told("The columns", reading_columns))
        if asked.determinations:
            determinations = tasks.create_task(reading.told("The decisions", reading.determinations()))
    counted = members.result()
    expert = product.expert
    return ShownProduct(
        asked,
        product.id,
        product.name,
        product.description or "",
        tuple(Named(each, names[each]) for each in product.domains),
        None if expert is None else Expert(expert.id, expert.username or "", expert.name or ""),
        product.suspended,
        product.created_at,
        product.updated_at,
        around.declarations.standing(DATA_PRODUCT.name, product.id),
        ways.result(),
        None if counted is None else counted[0],
        None if counted is None else counted[1],
        pending.result(),
        sources.result(),
        _person(user) if user is not None else None,
        columns.result() if columns is not None else None,
        determinations.result() if determinations is not None else None,
        tuple(sorted(reading.notices)),
    )


@dataclass
class _Reading:
    """The parts of one product, each read by itself; what could not be read is in `notices`."""

    client: Viewer
    product: models.DataProduct
    names: Mapping[str, str]
    vintage: str
    notices: list[str] = field(default_factory=list)

    async def told(self, what: str, reading: Coroutine[Any, Any, Found]) -> Found | None:
        """What was read, or None and a notice."""
        try:
            return await reading
        except (NotAuthenticated, Unreachable):
            raise
        except Forbidden:
            self.notices.append(f"{what} are not shown: the token may not see them.")
        except NotFound:
            self.notices.append(
                f"{what} are not shown: this marketplace does not have the operation (vintage {self.vintage})."
            )
        except MarketplaceError as error:
            self.notices.append(f"{what} are not shown: {error.message}")
        return None

    async def ways(self) -> tuple[Way, ...]:
        """The form and the effective review flow of each request type."""
        forms = await self.client.get_request_forms(self.product.id)
        of_type: dict[str, models.ProductRequestForm] = {}
        for form in forms:
            of_type |= dict.fromkeys((form.request_type,) if form.request_type else (_ACCESS, _MASKING), form)
        own = {_ACCESS: self.product.data_access_policy, _MASKING: self.product.masking_exception_policy}
        return tuple(self._way(each, of_type.get(each), own[each]) for each in (_ACCESS, _MASKING))

    def _way(
        self, request_type: str, form: models.ProductRequestForm | None, own: models.Policy | None
    ) -> Way:
        mine = _flow(own, self.names)
        if form is None:
            return Way(request_type, None, _sentence(mine), "product")
        flow = _flow(form.policy, self.names)
        named = Named(form.id, form.name)
        if isinstance(flow, Delegate) and not flow.rules:
            return Way(request_type, named, _sentence(mine), "product")
        if isinstance(flow, str) or not getattr(flow, "delegates", False):
            return Way(request_type, named, _sentence(flow), "form")
        sentence = f"{_sentence(flow)}; the product's own is: {_sentence(mine)}"
        return Way(request_type, named, sentence, "form, product")

    async def members(self) -> tuple[int, int]:
        """How many people are members, and how many masking exceptions are approved.

        Every page is read: a person may have more than one approved request, and is one member.
        """
        requests = await self.client.search_data_product_members(self.product.id).all()
        people = {each.user.global_user_id for each in requests if each.type == _ACCESS}
        return len(people), sum(each.type == _MASKING for each in requests)

    async def pending(self) -> Pending:
        """How many requests of each type wait."""
        waiting = [
            self.client.search_data_product_access_requests(
                self.product.id, status=["PENDING"], request_type=[each], include_temporary=True
            )
            for each in (_ACCESS, _MASKING)
        ]
        return Pending(*await together(*(each.count() for each in waiting)))

    async def sources(self, user: models.Person | None, name: str | None) -> tuple[ShownSource, ...]:
        """The sources with `name` in their names, by path, with the access of the user, if there is one."""
        asked = user.global_user_id if user is not None else None
        found = await self.client.search_data_sources(self.product.id, user=asked, name_filter=name).all()
        sources = (
            ShownSource(_source(each, each.type), each.status if user is not None else None) for each in found
        )
        return tuple(sorted(sources, key=lambda each: _by_path(each.source)))

    async def columns(self, name: str | None, *, masked_only: bool) -> tuple[ShownColumn, ...]:
        """The columns with `name` in their names, by source and name."""
        found = await self.client.search_data_product_columns(
            self.product.id, search_text=name, masked_only=True if masked_only else None
        ).all()
        columns = (
            ShownColumn(
                each.source_id,
                each.source_name,
                each.name,
                each.type,
                tuple(sorted(each.tags)),
                _masking(each),
            )
            for each in found
        )
        ordered = sorted(columns, key=lambda each: (each.source_name, each.source_id, each.name))
        return tuple(each for each in ordered if each.masking is not None or not masked_only)

    async def determinations(self) -> tuple[Determination, ...]:
        """The recent decisions of each type, as the marketplace orders them."""
        found = await together(
            *(
                self.client.recent_determinations(self.product.id, request_type=each)
                for each in (_ACCESS, _MASKING)
            )
        )
        return tuple(
            Determination(
                request_type,
                _person(each.user),
                each.status,
                _person(each.action_by) if each.action_by is not None else None,
                each.updated_at,
                each.expiration,
                each.reason,
            )
            for request_type, decisions in zip((_ACCESS, _MASKING), found, strict=True)
            for each in decisions
        )


def _person(person: models.Person) -> Person:
    return Person(person.global_user_id, person.username, person.name, person.email)


def _source(source: models.ProductSource | models.DomainSource, platform: str) -> Source:
    path = SourcePath(
        platform or None,
        source.hostname or None,
        source.database or None,
        source.schema_ or None,
        source.table or None,
        source.prefix or None,
    )
    return Source(source.source_id, source.name, path)


def _by_path(source: Source) -> tuple[str, str, int, str]:
    return str(source.path), source.name, len(source.id), source.id


def _masking(column: models.Column) -> str | None:
    policies = (column.global_policy_info, column.local_policy_info)
    return ", ".join(dict.fromkeys(each.masking_type for each in policies if each is not None)) or None


# -- review flows ----------------------------------------------------------------------------------------------------


def _flow(policy: models.Policy | None, domains: Mapping[str, str]) -> Spec | str:
    """The flow, or a sentence that says why it is not understood."""
    payload = None if policy is None else policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        return review_flow.read_or_default(payload, domains, "The review flow")
    except BadAnswer as error:
        return f"not known: {error.message[0].lower()}{error.message[1:].rstrip('.')}"


def _sentence(flow: Spec | str) -> str:
    """The flow in words; stages that follow each other begin with `first`."""
    if isinstance(flow, Review) and len(flow.stages) > 1 and not flow.rules:
        return f"first {flow}"
    return str(flow)


# -- tables ----------------------------------------------------------------------------------------------------------


async def _products(asked: AboutProducts, around: Around) -> Table:
    client, notices = around.client, []
    if asked.belonging not in {None, Belonging.OWNED} and around.declarations.resources is None:
        raise UsageError(
            f"Which data products are {asked.belonging} is not known, because the manifests are not valid.",
            "`dpsync validate` says what is wrong.",
        )
    sorting = asked.descending or asked.limit is not None
    listing = client.search_data_products(
        name_filter=asked.name,
        status_filter=cast("Iterable[Any]", asked.statuses),
        role_filter=cast("Iterable[Any]", asked.roles),
        expiration=asked.expiring,
        sort_by="name" if sorting else None,
        sort_order=("desc" if asked.descending else "asc") if sorting else None,
    )
    async with task_group() as tasks:
        using = tasks.create_task(_usable_domains(client))
        listed = tasks.create_task(_first_products(listing, asked, around.declarations))
    found = listed.result()
    names = await _all_names(client, using.result(), (one for each in found for one in each.domains))
    domain = None
    if asked.domain is not None:
        known = [models.Domain(id=each, name=name) for each, name in names.items()]
        domain = domain_called(asked.domain, known, around.declarations)
        found = [each for each in found if domain.id in each.domains]
    if around.vintage == V1 and asked.roles:
        notices.append("The older API (vintage v1) may not know --role, and then shows products of any role.")
    if asked.limit is not None and len(found) > asked.limit:
        notices.append(f"There are more data products than the {asked.limit} that are shown (--limit).")
    rows = (_listed(each, names, around.declarations) for each in found[: asked.limit])
    ordered = sorted(rows, key=_by_name, reverse=asked.descending)
    return Table("products", tuple(ordered), _named(domain), tuple(notices))


async def _first_products(
    listing: TokenListing[models.DataProduct], asked: AboutProducts, declarations: Declarations
) -> list[models.DataProduct]:
    """The products that are asked for; of a limited number, that many and one more, if there are so many.

    All of them where a domain is asked for: which one that is, the products say.
    """
    enough = asked.limit + 1 if asked.limit is not None and asked.domain is None else None
    size = PAGE if enough is None or asked.belonging is not None else min(enough, PAGE)
    found: list[models.DataProduct] = []
    if enough is None:
        return [each for each in await listing.all() if _wanted(each, asked, declarations)]
    token: str | None = None
    seen: set[str | None] = set()
    while token not in seen:
        seen.add(token)
        page = await listing.page(next_token=token, limit=size)
        found += [each for each in page.entries if _wanted(each, asked, declarations)]
        token = page.next_token
        if token is None or len(found) >= enough:
            return found[:enough]
    raise BadAnswer(
        "The list of products does not come to an end: the marketplace named the same next page twice.",
        "Run again; without --limit, if it stays so.",
    )


def _wanted(product: models.DataProduct, asked: AboutProducts, declarations: Declarations) -> bool:
    """Whether a product is asked for, in what the marketplace may not know."""
    if asked.statuses and product.status not in {None, *asked.statuses}:
        return False
    standing = declarations.standing(DATA_PRODUCT.name, product.id)
    return asked.belonging in {None, standing.belonging}


def _listed(
    product: models.DataProduct, names: Mapping[str, str], declarations: Declarations
) -> ListedProduct:
    stats = product.stats or models.Statistics()
    return ListedProduct(
        product.id,
        product.name,
        tuple(Named(each, names[each]) for each in product.domains),
        product.suspended,
        stats.approved_request_count,
        stats.pending_request_count,
        product.status,
        product.expiration,
        declarations.standing(DATA_PRODUCT.name, product.id),
    )


def _named(domain: models.Domain | None) -> Named | None:
    return Named(domain.id, domain.name) if domain is not None else None


async def _forms(asked: AboutForms, around: Around) -> Table:
    async with task_group() as tasks:
        using = tasks.create_task(_usable_domains(around.client))
        listed = tasks.create_task(around.client.search_request_forms(name_filter=asked.name).all())
    names = {each.id: each.name for each in using.result()}
    rows = (
        ListedForm(
            each.id,
            each.name,
            tuple(one.label for one in each.fields),
            tuple(sorted((Named(one.id, one.name) for one in each.data_use_agreements), key=_by_name)),
            _sentence(_flow(each.policy, names)),
            around.declarations.standing(REQUEST_FORM.name, each.id),
        )
        for each in listed.result()
    )
    ordered = sorted(rows, key=_by_name)
    return Table("forms", tuple(ordered))


async def _agreements(asked: AboutAgreements, around: Around) -> Table:
    """Which forms an agreement is attached to, the forms say; that is one list, and not one request per agreement."""
    async with task_group() as tasks:
        listed = tasks.create_task(around.client.search_data_use_agreements(name_filter=asked.name).all())
        forms = tasks.create_task(around.client.search_request_forms().all())
    used: dict[str, list[Named]] = {}
    for form in forms.result():
        for one in form.data_use_agreements:
            used.setdefault(one.id, []).append(Named(form.id, form.name))
    rows = (
        ListedAgreement(
            each.id,
            each.name,
            each.body,
            tuple(sorted(used.get(each.id, ()), key=_by_name)),
            around.declarations.standing(DATA_USE_AGREEMENT.name, each.id),
        )
        for each in listed.result()
    )
    ordered = sorted(rows, key=_by_name)
    return Table("agreements", tuple(ordered))


async def _domains(asked: AboutDomains, around: Around) -> Table:
    wanted = (asked.name or "").casefold()
    declared = [one for one in around.declarations.resources or () if one.kind == DOMAIN.name]
    keys = {one.id if one.pinned else one.title: one.key for one in declared}
    rows = (
        ListedDomain(Domain(each.id, each.name, each.description), keys.get(each.id) or keys.get(each.name))
        for each in await around.client.get_available_domains()
        if wanted in each.name.casefold()
    )
    ordered = sorted(rows, key=lambda each: _by_name(each.domain))
    return Table("domains", tuple(ordered))


async def _sources(asked: AboutSources, around: Around) -> Table:
    usable = await around.client.get_available_domains()
    domain = domain_called(asked.domain, usable, around.declarations)
    found = await around.client.get_domain_data_sources(domain.id, search_text=asked.name).all()
    sources = sorted((_source(each, each.platform) for each in found), key=_by_path)
    return Table("sources", tuple(ListedSource(each) for each in sources), _named(domain))


async def _usable_domains(client: Viewer) -> tuple[models.Domain, ...]:
    """The domains that the token may make products in; none where it may not ask."""
    try:
        return await client.get_available_domains()
    except Forbidden:
        return ()


async def _all_names(
    client: Viewer, usable: Iterable[models.Domain], wanted: Iterable[str]
) -> dict[str, str]:
    """Names by id of the usable domains, and of those wanted besides; the id where the name is not told."""

    async def named(domain_id: str) -> tuple[str, str]:
        try:
            return domain_id, (await client.get_domain(domain_id)).name
        except (Forbidden, NotFound):
            return domain_id, domain_id

    names = {each.id: each.name for each in usable}
    missing = [each for each in dict.fromkeys(wanted) if each not in names]
    return names | dict(await together(*(named(each) for each in missing)))


def _by_name(one: Named | ListedProduct | ListedForm | ListedAgreement | Domain) -> tuple[str, str, str]:
    return one.name.casefold(), one.name, one.id


_ANSWERS: Mapping[type[Any], Callable[[Any, Around], Awaitable[Shown]]] = {
    AboutProduct: _product,
    AboutProducts: _products,
    AboutForms: _forms,
    AboutAgreements: _agreements,
    AboutDomains: _domains,
    AboutSources: _sources,
}
"""Who answers which question."""

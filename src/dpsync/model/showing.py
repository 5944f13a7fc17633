"""What `dpsync show` is asked and what it answers: questions, and the product page or table that answers one.

A module of its own because the same values are read in `marketplace/`, written in `reports/` and described in
docs/show-json.md, and none of these rooms knows the others. Nothing here is compared or planned; a plan must never be
made from these values, for they are read for people and some of them may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from dpsync.model.identity import is_of_workspace
from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.state import Domain, Person, Source

# -- whose a live object is ------------------------------------------------------------------------------------------


class Belonging(StrEnum):
    """Whose a live object is (DESIGN 4)."""

    OWNED = "owned"
    ADOPTED = "adopted"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a live object is, and which manifest names it. `belonging` is None where that is not known.

    `lifecycle` is what the manifest says, or empty.
    """

    belonging: Belonging | None
    address: Address | None = None
    origin: Origin | None = None
    lifecycle: str = ""


@dataclass(frozen=True)
class Declarations:
    """What the manifests declare, or None where they are not valid: to find live objects by key, and whose they are."""

    workspace_id: str
    resources: tuple[Resource, ...] | None

    def by_key(self, kind: str, key: str) -> Resource | None:
        """The declared resource with this key."""
        return self._by_address.get(Address(kind, key))

    def keys(self, kind: str) -> tuple[str, ...]:
        """The declared keys of a kind."""
        return tuple(one.key for one in self.resources or () if one.kind == kind)

    def standing(self, kind: str, live_id: str) -> Standing:
        """Whose the live object with this id is."""
        made_here = is_of_workspace(self.workspace_id, kind, live_id)
        resource = self._by_id.get((kind, live_id))
        if resource is None:
            if made_here:
                return Standing(Belonging.OWNED)
            return Standing(None if self.resources is None else Belonging.UNMANAGED)
        belonging = Belonging.OWNED if made_here else Belonging.ADOPTED
        if resource.lifecycle == "released":
            belonging = Belonging.UNMANAGED
        return Standing(belonging, resource.address, resource.origin, resource.lifecycle)

    @cached_property
    def _by_address(self) -> Mapping[Address, Resource]:
        return {one.address: one for one in self.resources or ()}

    @cached_property
    def _by_id(self) -> Mapping[tuple[str, str], Resource]:
        return {(one.kind, one.id): one for one in self.resources or ()}


# -- questions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AboutProduct:
    """One product, by key, name or id, and which of its parts in full.

    `user` is whose access to the sources is shown. `name` is in the names of the sources, if these are asked for, and in
    those of the columns, if these are; the others are left out.
    """

    product: str
    sources: bool = False
    user: str | None = None
    columns: bool = False
    masked_only: bool = False
    determinations: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AboutProducts:
    """Products by name, or `descending`; of many, the first `limit`.

    `statuses` and `roles` are the caller's own, `expiring` is about the caller's own access.
    """

    name: str | None = None
    statuses: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    expiring: bool | None = None
    domain: str | None = None
    belonging: Belonging | None = None
    descending: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class AboutForms:
    """Request forms whose names have `name` in them."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class AboutAgreements:
    """Data use agreements whose names have `name` in them."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class AboutDomains:
    """Domains whose names have `name` in them."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class AboutSources:
    """The data sources of a domain whose names have `name` in them."""

    domain: str
    name: str | None = None


Question = AboutProduct | AboutProducts | AboutForms | AboutAgreements | AboutDomains | AboutSources


# -- answers: one product --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has an id and is called by a name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Expert:
    """Whom consumers may ask. Names are empty where the marketplace tells none."""

    id: str
    username: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How one type of request is asked for and decided.

    `request_type` is the API's: DATA_ACCESS or MASKING_EXCEPTION. `review` is a sentence about the flow that decides, and
    `decided_by` says whose flow it is: `form`, `product`, or `form, product` where a rule of the form may hand over.
    """

    request_type: str
    form: Named | None
    review: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source of a product; `access` is the API's word for somebody's access to it, None where nobody was asked about."""

    source: Source
    access: str | None = None


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column as the token's user sees it. `masking` is how it is masked, None if it is not."""

    source_id: str
    source_name: str
    name: str
    type: str | None
    tags: tuple[str, ...]
    masking: str | None


@dataclass(frozen=True, slots=True)
class Determination:
    """A decision about the request of `user`: what (`status`), by whom, when, until when, and why."""

    request_type: str
    user: Person
    status: str
    decided_by: Person | None
    decided_at: datetime
    expires_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Requests that wait for a decision."""

    access: int
    masking_exceptions: int


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """One product. What could not be read is None, and a notice says why; `columns` and the like also if not asked for.

    `members` are distinct people with approved, unexpired access; masking exceptions are requests, and counted apart.
    """

    asked: AboutProduct
    id: str
    name: str
    description: str
    domains: tuple[Named, ...]
    expert: Expert | None
    suspended: bool
    created_at: datetime | None
    updated_at: datetime | None
    standing: Standing
    ways: tuple[Way, ...] | None
    members: int | None
    masking_exceptions: int | None
    pending: Pending | None
    sources: tuple[ShownSource, ...] | None
    user: Person | None = None
    columns: tuple[ShownColumn, ...] | None = None
    determinations: tuple[Determination, ...] | None = None
    notices: tuple[str, ...] = ()


# -- answers: tables -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product in a list. `approved` and `pending` are requests of both types; None where they are not told.

    `status` and `expires_at` are the caller's own access.
    """

    id: str
    name: str
    domains: tuple[Named, ...]
    suspended: bool
    approved: int | None
    pending: int | None
    status: str | None
    expires_at: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form in a list, with its questions, its agreements, and its review flow in a sentence."""

    id: str
    name: str
    questions: tuple[str, ...]
    agreements: tuple[Named, ...]
    review: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class ListedAgreement:
    """An agreement in a list, with the forms that it is attached to."""

    id: str
    name: str
    body: str
    forms: tuple[Named, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """A domain in a list; `key` is the one of its manifest, None where there is none."""

    domain: Domain
    key: str | None


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source in a list."""

    source: Source


Row = ListedProduct | ListedForm | ListedAgreement | ListedDomain | ListedSource


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a question about many: `thing` is what they are, in the plural. `domain` is the one that was asked about."""

    thing: str
    rows: tuple[Row, ...]
    domain: Named | None = None
    notices: tuple[str, ...] = ()


Shown = ShownProduct | Table

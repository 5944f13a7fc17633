"""A world: everything that stands in a sandbox marketplace, as frozen rows.

The rows are what a seed makes and what the store loads. They are plain values so that a test can write the
world it needs by hand and a generator can write one of any size. Ids of data sources are numbers here, as in the
domain listing; the product operations show them as strings (FACTS 0.11).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a data source. `masking` is the masking type of the policy on it, or None."""

    name: str
    type: str
    tags: tuple[str, ...] = ()
    masking: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A registered data source: a table, a view, or objects under an S3 prefix."""

    id: int
    name: str
    platform: str
    hostname: str | None = None
    database: str | None = None
    schema: str | None = None
    table: str | None = None
    prefix: str | None = None
    tags: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain and the numbers of the sources in it; a source may be in several domains (FACTS 2.2)."""

    id: str
    name: str
    description: str = ""
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """A person. `permissions` are global ones; `domains` holds pairs of (domain id, domain permission)."""

    id: int
    global_id: str
    username: str
    name: str
    email: str | None = None
    iam: str = "okta"
    permissions: tuple[str, ...] = ()
    domains: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people, as an identity provider gives it."""

    id: int
    name: str
    iam: str | None = "okta"
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that can be applied to sources and columns."""

    id: int
    name: str
    source: str = "curated"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A data use agreement."""

    id: str
    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Form:
    """A request form; `fields` and `policy` have the shapes of the wire (FACTS 2.3, 2.4)."""

    id: str
    name: str
    fields: tuple[dict[str, Any], ...]
    policy: dict[str, Any]
    agreements: tuple[str, ...] = ()
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """An access request: `user` is a global id, `status` one of the API's, times are ISO 8601 in UTC."""

    id: str
    user: str
    status: str
    type: str = "DATA_ACCESS"
    expiration: str | None = None
    columns: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A data product made by hand: its id is a cuid, as the server makes them."""

    id: str
    name: str
    domain: str
    sources: tuple[int, ...]
    form: str
    description: str | None = None
    expert: str | None = None
    suspended: bool = False
    masking_form: str | None = None
    flow: dict[str, Any] | None = None
    masking_flow: dict[str, Any] | None = None
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """All rows of one tenant. `caller` is the global id of the user that the default token acts as."""

    tenant: str
    caller: str
    domains: tuple[Domain, ...]
    sources: tuple[Source, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...] = ()
    tags: tuple[Tag, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    forms: tuple[Form, ...] = ()
    products: tuple[Product, ...] = ()
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> global id of the user that it acts as. The default token `sandbox` acts as the caller."""

"""Domains, their sources, groups, attributes and tags: what products refer to, and what is made elsewhere (FACTS 2.2)."""

from __future__ import annotations

from pydantic import Field

from dpsync.marketplace.models.base import Answer, Moment
from dpsync.marketplace.wire import Id


class Domain(Answer):
    """A domain that the caller may use."""

    id: Id
    name: str
    description: str = ""


class DomainSource(Answer):
    """A source of a domain. Its id is a number on the wire here, and text everywhere in dpsync (FACTS 0.11)."""

    source_id: Id = Field(alias="dataSourceId")
    name: str
    platform: str = ""
    created_at: Moment | None = None
    prefix: str | None = None
    hostname: str | None = None
    database: str | None = None
    schema_: str | None = Field(None, alias="schema")
    table: str | None = None


class Group(Answer):
    """A group of users."""

    id: Id
    name: str
    iam_id: Id | None = None
    email: str | None = None


class Attribute(Answer):
    """An attribute that somebody has. `type` is what reviewers call the key."""

    type: str
    value: str


class Tag(Answer):
    """A tag that exists."""

    name: str
    id: Id | None = None
    display_name: str | None = None
    source: str | None = None
    description: str | None = None
    deleted: bool = False


class AppliedTag(Answer):
    """A tag that is on at least one of the sources, or of their columns, that were asked about."""

    tag_id: Id
    name: str
    display_name: str | None = None
    color: str | None = None
    source: str = ""
    description: str | None = None
    protected: bool = False
    deleted: bool = False
    system_created: bool = False

"""The caller: whom the token acts as, where, for how long, and with which rights (FACTS 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from dpsync.marketplace.assumptions import MILLISECONDS_FROM
from dpsync.marketplace.models.base import Answer, Json, Number
from dpsync.marketplace.wire import Id


class Tenant(Answer):
    """The tenant that the token belongs to."""

    id: Id
    fqdn: str | None = None
    organization_id: Id | None = None
    organization_name: str | None = None
    global_segment: str | None = None


class DomainPermission(Answer):
    """A right in a domain. `collection_id` is the domain's id."""

    permission: str
    collection_id: Id | None = None


class CurrentUser(Answer):
    """Whom the token acts as. `collection_permissions` are by the id of the domain.

    `expiration` is as it came, in seconds or milliseconds since 1970; `expires_at` is the moment.
    """

    global_user_id: Id
    username: str = ""
    display_name: str = ""
    email: str | None = None
    expiration: Number | None = None
    tracking_id: str | None = None
    tenant_info: Tenant
    global_permissions: tuple[str, ...] | None = None
    collection_permissions: Mapping[str, tuple[DomainPermission, ...]] | None = None
    authorizations: Json = None
    groups: tuple[str, ...] = ()

    @property
    def expires_at(self) -> datetime | None:
        """The moment when the token ends; None for one that does not."""
        if not self.expiration or self.expiration < 0:
            return None
        milliseconds = self.expiration >= MILLISECONDS_FROM
        return datetime.fromtimestamp(self.expiration / (1000 if milliseconds else 1), UTC)

"""Domains on the wire: read only, unpaged, and only those that the token may use (FACTS 0.14)."""

from __future__ import annotations

from typing import Any

from dpsync.marketplace.wire import Wire, listing, parsed
from dpsync.model.state import Domain

PATH = "/api/metadata/domain"


class _Domain(Wire):
    id: str
    name: str
    description: str | None = None


def read(payload: Any) -> tuple[Domain, ...]:
    """The domains of the one list of them, by name and id."""
    what = "The list of domains"
    found = [parsed(_Domain, each, what) for each in listing(payload, "domains", what)]
    domains = (Domain(each.id, each.name, each.description or "") for each in found)
    return tuple(sorted(domains, key=lambda domain: (domain.name, domain.id)))

"""Which domains are meant: by what dpsync.yaml calls one, and by a product that is in one.

A file beside the rules because five of them ask it. It must never decide whether something is allowed.
"""

from __future__ import annotations

from dpsync.checks.rule import Planned
from dpsync.kinds.catalog import DOMAINS
from dpsync.model.base import Spec
from dpsync.model.reference import Address, Reference, is_uuid


def every_domain(planned: Planned, text: str) -> frozenset[str]:
    """The ids of all domains that a text may mean: by key, by name in any case, or by id. For what forbids something."""
    return _by_name(planned, text) | _by_key(planned, text)


def surest_domain(planned: Planned, text: str) -> frozenset[str]:
    """The id of the domain that is called or identified so, or else has the key. For what allows something.

    Manifests decide what a key means and nobody but the marketplace what a domain is called, so that a manifest cannot
    turn what dpsync.yaml allows in one domain into another.
    """
    return _by_name(planned, text) or _by_key(planned, text)


def domains_of(spec: Spec) -> frozenset[str]:
    """The ids of the domains that an object is in; empty where it is in none, or that is not known."""
    domain = getattr(spec, "domain", None)
    if not isinstance(domain, Reference) or domain.id is None:
        return frozenset()
    return frozenset(domain.id.split(","))


def domain_name(planned: Planned, live_id: str) -> str:
    """What a domain is called, or its id where that is not known."""
    known = planned.live.catalog.domain_by_id.get(live_id)
    return known.name if known is not None else live_id


def _by_name(planned: Planned, text: str) -> frozenset[str]:
    if is_uuid(text):
        return frozenset({text})
    domains = planned.live.catalog.domains
    exact = frozenset(one.id for one in domains if text in {one.id, one.name})
    return exact or frozenset(one.id for one in domains if one.name.casefold() == text.casefold())


def _by_key(planned: Planned, text: str) -> frozenset[str]:
    declared = planned.desired.by_address.get(Address(DOMAINS, text))
    if declared is None:
        return frozenset()
    return frozenset({declared.id}) if declared.pinned else _by_name(planned, declared.title)

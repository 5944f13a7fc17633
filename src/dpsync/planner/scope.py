"""What a plan needs of the live side, read off the desired state before anything is asked of the marketplace."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from dpsync.kinds.catalog import DOMAINS, GROUPS, PEOPLE
from dpsync.model.base import Spec, references_in, rules_of
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, Scope


def scope_of(desired: DesiredState) -> Scope:
    """The domains, people and objects that the desired state is about.

    References by key are turned into what the declared resource is called in the marketplace.
    """
    return _scope(desired, desired.resources)


def scope_of_part(desired: DesiredState, addresses: Collection[Address], gone: Collection[Address]) -> Scope:
    """The same for some of the resources, and for objects that may be deleted: by kind and live id."""
    some = tuple(one for one in desired.resources if one.address in addresses)
    only: dict[str, dict[str, str]] = {}
    for one in some:
        is_to_be = one.lifecycle not in {"retired", "released"}
        only.setdefault(one.kind, {})[one.id] = one.spec.title if is_to_be else ""
    for away in gone:
        only.setdefault(away.kind, {}).setdefault(away.key, "")
    scope = _scope(desired, some)
    ids: dict[str, set[str]] = {}
    for one in desired.resources:
        ids.setdefault(one.kind, set()).add(one.id)
    return replace(
        scope,
        ids={kind: frozenset(members) for kind, members in ids.items()},
        leaving=scope.leaving | {away.key for away in gone},
        only=only,
    )


def _scope(desired: DesiredState, resources: tuple[Resource, ...]) -> Scope:
    domains: set[Reference] = set()
    people: set[str] = set()
    groups: set[str] = set()
    ids: dict[str, set[str]] = {}
    sources: set[str] = set()
    forms: set[str] = set()
    leaving: set[str] = set()
    for resource in resources:
        ids.setdefault(resource.kind, set()).add(resource.id)
        for _path, reference, refers in references_in(resource.spec):
            if refers.to == DOMAINS:
                domains.add(_by_live_name(desired, reference))
            elif refers.to == PEOPLE:
                people.add(reference.text)
            elif refers.to == GROUPS:
                groups.add(reference.text)
        if resource.lifecycle == "retired":
            leaving.add(resource.id)
        if resource.lifecycle in {"retired", "released"}:
            continue
        managed = set(_managed(resource))
        if "sources" in managed:
            sources.add(resource.id)
        if "request_forms" in managed or "review_flows" in managed:
            forms.add(resource.id)
    return Scope(
        workspace_id=desired.workspace_id,
        domains=frozenset(domains),
        people=frozenset(people),
        groups=frozenset(groups),
        ids={kind: frozenset(members) for kind, members in ids.items()},
        sources=frozenset(sources),
        forms=frozenset(forms),
        leaving=frozenset(leaving),
    )


def _managed(resource: Resource) -> Iterator[str]:
    spec: Spec = resource.spec
    return (rule.attribute for rule in rules_of(type(spec)) if spec.manages(rule.attribute))


def _by_live_name(desired: DesiredState, reference: Reference) -> Reference:
    declared = desired.by_address.get(Address(DOMAINS, reference.text)) if reference.how == "key" else None
    if declared is None:
        return reference
    return Reference(declared.id, "id") if declared.pinned else Reference(declared.title, "name")

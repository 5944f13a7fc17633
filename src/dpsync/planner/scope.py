"""What a plan needs of the live side, read off the desired state before anything is asked of the marketplace."""

from __future__ import annotations

from collections.abc import Iterator

from dpsync.kinds.catalog import DOMAINS, GROUPS, PEOPLE
from dpsync.model.base import Spec, references_in, rules_of
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, Scope


def scope_of(desired: DesiredState) -> Scope:
    """The domains, people and objects that the desired state is about.

    References by key are turned into what the declared resource is called in the marketplace.
    """
    domains: set[Reference] = set()
    people: set[str] = set()
    groups: set[str] = set()
    ids: dict[str, set[str]] = {}
    sources: set[str] = set()
    forms: set[str] = set()
    leaving: set[str] = set()
    for resource in desired.resources:
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

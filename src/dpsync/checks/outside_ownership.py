"""outside-ownership: a manifest declares only what the owner of its path may declare.

Where several teams share a repository, each reviews its own folders. Nothing but this rule keeps a manifest in one team's
folder from changing another team's product. `owners` in dpsync.yaml says who owns which paths, and the domains, kinds and
labels of what may be declared there; what it leaves out is not limited. Paths are relative to the workspace; `*` stays
within one folder, `**` means any number of them, and a path that ends in `/` means everything below it. A product that
moves must be allowed in the domain that it leaves and in the one that it comes to. What a product takes over from the
defaults of a Domain must stand in a file whose owner may declare that Domain, and a patch of an environment below a path
whose owner may declare what it patches. If a path has several owners, it is enough
that one of them may. As soon as there are owners, every manifest that changes something needs one.

The rule cannot tell whose an object is that no manifest names any more; from deleting those, `protected` keeps.

What to do: move the manifest below a path of the owner whose it is. If the owner is to have more, add it under `owners`
in dpsync.yaml, which somebody else reviews.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dpsync.checks.domains import domain_name, domains_of, surest_domain
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds.catalog import DOMAINS
from dpsync.model.base import FieldPath
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan
from dpsync.model.policy import Owner
from dpsync.model.reference import Address
from dpsync.model.resource import Resource

NAME = "outside-ownership"

_LISTED = 5


@dataclass(frozen=True, slots=True)
class _Owner:
    """An owner, with the ids of the domains that it may declare in."""

    written: Owner
    domains: frozenset[str]

    def covers(self, file: str) -> bool:
        return any(covers(pattern, file) for pattern in self.written.paths)


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why an owner may not declare something, as a clause about the owner; what else would help; and the field."""

    text: str
    remedy: str
    path: FieldPath = ()


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each change whose manifest stands where its owner may not declare it."""
    owners = tuple(
        _Owner(one, frozenset(id_ for text in one.domains for id_ in surest_domain(planned, text)))
        for one in planned.policy.owners
    )
    if not owners:
        return
    for change in planned.plan.changes:
        if change.after is not None:
            for written in (change.after.origin, *change.after.patches):
                yield from _of_manifest(planned, change, change.after, owners, written)
            yield from _of_defaults(planned, change, owners)


def covers(pattern: str, file: str) -> bool:
    """Whether a path glob covers a file: `*` within one folder, `**` over any number of them, `/` at the end: all below."""
    globs = [part for part in pattern.split("/") if part not in {"", "."}]
    if pattern.endswith("/"):
        globs.append("**")
    parts = file.split("/")
    reached = {0}  # how many parts of the file may be used up so far
    for glob in globs:
        if glob == "**":
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {used + 1 for used in reached if used < len(parts) and fnmatchcase(parts[used], glob)}
        if not reached:
            return False
    return len(parts) in reached


def owners_by_path(plan: Plan, owners: tuple[Owner, ...]) -> Mapping[Address, tuple[str, ...]]:
    """Who owns the manifest of each change, by name; nobody is said of what has no manifest or no owner."""
    found = {
        change.address: tuple(
            owner.name
            for owner in owners
            if change.origin is not None and any(covers(path, change.origin.file) for path in owner.paths)
        )
        for change in plan.changes
    }
    return {address: names for address, names in found.items() if names}


def owners_of(planned: Planned) -> Mapping[Address, tuple[str, ...]]:
    """Who owns what each change is about: by its manifest, or without one by the domain that the object is in."""
    owners = planned.policy.owners
    domains = {
        one.name: {id_ for text in one.domains for id_ in surest_domain(planned, text)} for one in owners
    }
    by_domain = {
        change.address: tuple(
            one.name for one in owners if domains[one.name] & domains_of(change.before.spec)
        )
        for change in planned.plan.changes
        if change.origin is None and change.before is not None
    }
    found = {address: names for address, names in by_domain.items() if names}
    return {**found, **owners_by_path(planned.plan, owners)}


def _of_manifest(
    planned: Planned, change: Change, resource: Resource, owners: tuple[_Owner, ...], written: Origin
) -> Iterator[Finding]:
    """What stands against one of the documents that say what the resource is: its manifest, or a patch of it."""
    mine = {
        index: tuple(_reasons(planned, change, resource, owner))
        for index, owner in enumerate(owners)
        if owner.covers(written.file)
    }
    if not mine:
        yield _unowned(change, written)
        return
    if not all(mine.values()):
        return
    allowed = [owner for owner in owners if not any(_reasons(planned, change, resource, owner))]
    for index, reasons in mine.items():
        for reason in reasons:
            yield _finding(
                change,
                f"{written.file} belongs to the owner {owners[index].written.name}, {reason.text}.",
                _way_out(reason, allowed),
                place if (place := resource.origins.of(reason.path)).file == written.file else written,
            )


def _reasons(planned: Planned, change: Change, resource: Resource, owner: _Owner) -> Iterator[_Reason]:
    may = owner.written
    if may.kinds and resource.kind not in may.kinds:
        yield _Reason(
            f"who may declare {_listed(may.kinds)} and not {resource.kind}",
            f"add {resource.kind} to the kinds of {may.name} in dpsync.yaml",
        )
    if may.domains:
        coming = frozenset() if change.action is Action.DELETE else domains_of(resource.spec)
        leaving = domains_of(change.before.spec) if change.before is not None else frozenset()
        where = f"the domain{'s' if len(may.domains) > 1 else ''} {_listed(may.domains)}"
        for domain in sorted((coming | leaving) - owner.domains):
            name = domain_name(planned, domain)
            yield _Reason(
                f"who may declare what is in {where}, and not in {name}"
                if domain in coming
                else f"who may change what is in {where}, and {change.title!r} is in {name}",
                f"add {name} to the domains of {may.name} in dpsync.yaml",
                ("domain",),
            )
    for label, value in sorted(may.labels.items()):
        if resource.labels.get(label) != value:
            has = f"`{label}: {resource.labels[label]}`" if label in resource.labels else "no such label"
            yield _Reason(
                f"whose manifests carry the label `{label}: {value}`, and this one has {has}",
                f"write `{label}: {value}` under its metadata.labels",
            )


def _of_defaults(planned: Planned, change: Change, owners: tuple[_Owner, ...]) -> Iterator[Finding]:
    """What a change takes over from the defaults of a Domain, by the file in which they stand."""
    files = {
        field.origin.file: field
        for field in reversed(change.fields)
        if field.origin is not None and field.origin.layer is Layer.DEFAULT
    }
    coming = domains_of(change.after.spec) if change.after is not None else frozenset()
    for file, field in sorted(files.items(), key=lambda pair: pair[0]):
        assert field.origin is not None
        mine = [owner for owner in owners if owner.covers(file)]
        if not mine:
            yield _unowned(change, field.origin)
        elif not any(_may_set_defaults(owner, coming) for owner in mine):
            names = ", ".join(owner.written.name for owner in mine)
            where = " or ".join(repr(domain_name(planned, domain)) for domain in sorted(coming))
            yield _finding(
                change,
                f"`{field.path}` is a default from {file}, which belongs to the owner {names}, "
                f"who may not declare the {DOMAINS} {where}.",
                "Move that default below a path of an owner who may, or say it in the product's own manifest.",
                field.origin,
            )


def _may_set_defaults(owner: _Owner, domains: frozenset[str]) -> bool:
    may = owner.written
    return (not may.kinds or DOMAINS in may.kinds) and (not may.domains or domains <= owner.domains)


def _unowned(change: Change, origin: Origin) -> Finding:
    return _finding(
        change,
        f"No owner in dpsync.yaml covers this path: {origin.file}.",
        "Move the manifest below a path that has an owner, or add the path to one under `owners` in dpsync.yaml.",
        origin,
    )


def _way_out(reason: _Reason, allowed: list[_Owner]) -> str:
    if not allowed:
        return f"{reason.remedy[0].upper()}{reason.remedy[1:]}, or change the manifest."
    other = allowed[0].written
    return (
        f"Move the manifest to a path of {other.name} ({_listed(other.paths)}), who may; or {reason.remedy}."
    )


def _listed(names: tuple[str, ...]) -> str:
    shown = [*names[:_LISTED], *([f"{len(names) - _LISTED} more"] if len(names) > _LISTED else [])]
    return " and ".join(", ".join(part) for part in (shown[:-1], shown[-1:]) if part)


def _finding(change: Change, message: str, remedy: str, origin: Origin | None) -> Finding:
    return Finding(NAME, Severity.ERROR, message, remedy, origin, change.address)


RULE = Rule(NAME, check)

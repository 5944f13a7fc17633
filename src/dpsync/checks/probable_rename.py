"""probable-rename: an object is not deleted and made again because its key was renamed.

The live id is computed from the key. After `metadata.name` was changed, the old object looks like one that no manifest
names, and the new manifest like one to create. Carrying that out would end every access to the old one (FACTS 0.3). The
rule recognises the pair by the display name, or by the same domain and at least `share` of the sources (default 0.5).
Where the domain or the sources of either could not be found out, that counts as alike. A plan of a part looks at what it
deletes, and at the manifests outside of it that resemble that; whether what it creates is an object that no manifest names
any more is known by its name only, and a notice says so.

What to do: add the printed `id` line under `metadata` of the new manifest. The object is then kept under its new key.
`dpsync rename` changes a key and keeps the id in one go. If it really is another object, retire the old one first: keep
its manifest with `lifecycle: retired` for one apply.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import LiveResource, Resource

NAME = "probable-rename"

_LISTED = 3


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block both halves of what looks like a renamed key."""
    plan = planned.plan
    orphans = [(change.before, change) for change in plan.deletions if change.after is None and change.before]
    kept: list[tuple[LiveResource, Change | None]] = [(one, None) for one in plan.kept]
    for create in plan.changes:
        if create.action is not Action.CREATE or create.after is None:
            continue
        for live, delete in (*orphans, *kept):
            if live.kind == create.kind and _alike(live, create.after, numbers["share"]):
                yield _finding(create.after, live, create)
                if delete is not None:
                    yield _finding(create.after, live, delete)
    for beside in planned.beside:
        for live, delete in orphans:
            if live.kind == beside.kind and _alike(live, beside, numbers["share"]):
                yield _finding(beside, live, delete)
    if plan.part is not None and plan.owned is None:
        yield from _unknown(planned)


def _unknown(planned: Planned) -> Iterable[Finding]:
    """That not everything was looked at that a create may be another key of; only products are told by what they hold."""
    created = [
        str(change.address)
        for change in planned.plan.changes
        if change.action is Action.CREATE
        and change.after is not None
        and hasattr(change.after.spec, "domain")
    ]
    if created:
        listed = ", ".join([*created[:_LISTED], *(["…"] if len(created) > _LISTED else [])])
        yield Finding(
            NAME,
            Severity.NOTICE,
            f"What no manifest names any more was not all read for this partial plan, so that {listed} could be the new key "
            "of something live was looked for by name only.",
            "A plan of everything looks at domains and sources, too.",
        )


def _alike(live: LiveResource, create: Resource, share: float) -> bool:
    wanted = create.spec
    if _folded(live.title) == _folded(create.title):
        return True
    domain = getattr(wanted, "domain", None)
    if domain is None:
        return False
    if domain.id is None:
        return True
    if domain != getattr(live.spec, "domain", None):
        return False
    mine = {one.id for one in getattr(wanted, "sources", ())}
    theirs = {one.id for one in getattr(live.spec, "sources", None) or ()}
    if None in mine or "sources" not in live.parts:
        return True
    return bool(mine and theirs) and len(mine & theirs) >= share * max(len(mine), len(theirs))


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def _finding(create: Resource, live: LiveResource, about: Change) -> Finding:
    return Finding(
        NAME,
        Severity.ERROR,
        f"{create.address} would be created while {live.title!r} ({live.id}) is in no manifest any more: "
        "this looks like a renamed key.",
        f"To keep that object and its accesses, add `id: {live.id}` under metadata of {create.address}. "
        "`dpsync rename`, asked before the key is changed, does that and adapts the references.",
        create.origin,
        about.address,
    )


RULE = Rule(NAME, check, {"share": 0.5})

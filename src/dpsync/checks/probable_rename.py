"""probable-rename: an object is not deleted and made again because its key was renamed.

The live id is computed from the key. After `metadata.name` was changed, the old object looks like one that no manifest
names, and the new manifest like one to create. Carrying that out would end every access to the old one (FACTS 0.3). The
rule recognises the pair by the display name, or by the same domain and at least `share` of the sources (default 0.5).
Where the domain or the sources of either could not be found out, that counts as alike.

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
from dpsync.model.resource import LiveResource

NAME = "probable-rename"


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block both halves of what looks like a renamed key."""
    plan = planned.plan
    orphans = [(change.before, change) for change in plan.deletions if change.after is None and change.before]
    kept: list[tuple[LiveResource, Change | None]] = [(one, None) for one in plan.kept]
    for create in plan.changes:
        if create.action is not Action.CREATE or create.after is None:
            continue
        for live, delete in (*orphans, *kept):
            if live.kind == create.kind and _alike(live, create, numbers["share"]):
                yield _finding(create, live, create)
                if delete is not None:
                    yield _finding(create, live, delete)


def _alike(live: LiveResource, create: Change, share: float) -> bool:
    assert create.after is not None
    wanted = create.after.spec
    if _folded(live.title) == _folded(create.after.title):
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


def _finding(create: Change, live: LiveResource, about: Change) -> Finding:
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

"""protected: what dpsync.yaml protects is not deleted, suspended or emptied.

Some objects must outlive a mistake in the manifests. That they do cannot be said in their own manifests: whoever removes
the file removes the protection with it. `protected` in dpsync.yaml lists what is protected in three ways, each of which can
be decided when the manifest is gone. `resources` are addresses, such as `DataProduct/na-sales`: the id that dpsync made for
a key can be computed again. After a key was renamed, list the key that the object was made with, or its live id as the
plan shows it. `names` are patterns of live display names, whatever their case, and `domains` protect every product in them,
by key, name or id. Held back are deletes (by `lifecycle: retired` too), suspending, and a change after which nothing is
left of the sources that a product has. A new name, or a move to another domain, is not: the plan shows it.

What to do: if it is meant, take the entry out of `protected` in dpsync.yaml, or grant an exception from this rule for the
resource, in a pull request before the one that removes it. Otherwise bring the manifest back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dpsync.checks.domains import domain_name, domains_of, every_domain
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.base import FieldPath
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import computed_id

NAME = "protected"


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a change does to something protected, in words, and the field that asks for it."""

    words: str
    path: FieldPath


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each change that deletes, suspends or empties what is protected."""
    losses = [(change, loss) for change in planned.plan.changes if (loss := _loss(change)) is not None]
    if not losses:
        return
    domains = {text: every_domain(planned, text) for text in planned.policy.protected.domains}
    for change, loss in losses:
        protection = _protection(planned, change, domains)
        if protection is not None:
            yield Finding(
                NAME,
                Severity.ERROR,
                f"{change.title!r} is protected in dpsync.yaml ({protection}), and this change {loss.words}.",
                _remedy(change),
                change.after.origins.of(loss.path) if change.after is not None else None,
                change.address,
            )
    for text in sorted(text for text, found in domains.items() if not found):
        yield Finding(
            NAME,
            Severity.WARNING,
            f"dpsync.yaml protects the domain {text!r}, and the token sees no such domain: that protects nothing.",
            "Correct it under `protected` in dpsync.yaml, or write the domain's id.",
        )


def _loss(change: Change) -> _Loss | None:
    if change.before is None:
        return None
    if change.action is Action.DELETE:
        return _Loss("deletes it", ("lifecycle",))
    if any(field.path == "lifecycle" and field.after == "suspended" for field in change.fields):
        return _Loss("suspends it", ("lifecycle",))
    if change.sources.removed and not change.sources.kept:
        return _Loss("removes every source that it has", ("sources",))
    return None


def _protection(planned: Planned, change: Change, domains: Mapping[str, frozenset[str]]) -> str | None:
    """The entry that protects what is changed, as it is written."""
    protected = planned.policy.protected
    for text in protected.resources:
        if _is(planned, change, text):
            return f"resources: {text}"
    title = change.title.casefold()
    for pattern in protected.names:
        if fnmatchcase(title, pattern.casefold()):
            return f"names: {pattern}"
    mine = domains_of(change.before.spec) if change.before is not None else frozenset()
    for text, found in domains.items():
        if mine & found:
            called = domain_name(planned, min(mine & found))
            return f"domains: {text}" if called == text else f"domains: {text}, which is {called!r}"
    return None


def _is(planned: Planned, change: Change, resource: str) -> bool:
    """Whether an address is that of a change, by its key now, by the key it was made with, or by its live id."""
    kind, _, key = resource.partition("/")
    if kind != change.kind:
        return False
    live_id = change.id.casefold()
    return (
        key == change.address.key
        or key.casefold() == live_id
        or computed_id(planned.desired.workspace_id, kind, key) == live_id
    )


def _remedy(change: Change) -> str:
    back = "Bring its manifest back" if change.after is None else "Undo that in the manifest"
    return (
        f"{back}. If it is meant, first have the entry taken out of `protected` in dpsync.yaml, "
        f"or an exception from {NAME} granted."
    )


RULE = Rule(NAME, check, severities=(Severity.WARNING, Severity.ERROR))

"""wide-reach: what many data products share is not changed for all of them in passing.

A request form or a data use agreement may stand before hundreds of products, and so may the defaults of a Domain. The rule
holds back a change of a form or an agreement that reaches more than `products` of them (default 25), also those that are
not in this workspace; where the number is not known, it counts as more. A change of a Domain's defaults is a change of
each product that has them: if more than `products` products change by the defaults of one Domain, all of them are held
back. People who have access keep it; what changes is what the next request is asked, and who decides about it.

What to do: if it is meant for all of them, raise `products` in dpsync.yaml, or allow it for this one form; where the
rules are those of another revision (`--policy-from`), in a pull request of its own that comes first. Otherwise make a form of its own for the products that need the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.checks.people import KIND, allowing
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds import KINDS
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Layer
from dpsync.model.reference import Reference

NAME = "wide-reach"
SHARED = frozenset({"RequestForm", "DataUseAgreement"})


def check(planned: Planned, numbers: Numbers) -> Iterable[Finding]:
    """Block each change of what more than a number of products share."""
    updates = tuple(change for change in planned.plan.changes if change.action is Action.UPDATE)
    yield from _shared(updates, numbers["products"])
    yield from _defaults(updates, numbers["products"])


def _shared(updates: Iterable[Change], limit: float) -> Iterator[Finding]:
    for change in updates:
        if change.kind not in SHARED or not change.fields:
            continue
        reached = change.impact.products if change.impact is not None else None
        if reached is not None and reached <= limit:
            continue
        number = "an unknown number of" if reached is None else reached
        yield Finding(
            NAME,
            Severity.ERROR,
            f"This change of the {KINDS[change.kind].noun} {change.title!r} reaches {number} data products; "
            f"at most {limit:g} are changed at once.",
            "If it is meant for all of them, raise `products` under guardrails, "
            f"{NAME} in dpsync.yaml; or allow it with {allowing(NAME, change.address)}.",
            change.origin,
            change.address,
        )


def _defaults(updates: Iterable[Change], limit: float) -> Iterator[Finding]:
    """Products that change by what they inherit, counted by where they inherit it from."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in updates:
        for giver in sorted(set(_givers(change))):
            groups.setdefault(giver, []).append(change)
    for (file, domain), changes in groups.items():
        if len(changes) <= limit:
            continue
        for change in changes:
            yield Finding(
                NAME,
                Severity.ERROR,
                f"The defaults of the domain {domain} ({file}) change {len(changes)} data products; "
                f"at most {limit:g} are changed at once.",
                f"If it is meant for all of them, raise `products` under guardrails, {NAME} in dpsync.yaml.",
                change.origin,
                change.address,
            )


def _givers(change: Change) -> Iterator[tuple[str, str]]:
    """The file and the domain whose defaults change the product."""
    domain = getattr(change.after.spec, "domain", None) if change.after is not None else None
    if change.kind != KIND or not isinstance(domain, Reference):
        return
    for field in change.fields:
        if field.origin is not None and field.origin.layer is Layer.DEFAULT:
            yield field.origin.file, domain.text


RULE = Rule(NAME, check, {"products": 25})

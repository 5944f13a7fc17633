"""undocumented-product: a product that is made says what it is and whom to ask, and none stops saying it.

Consumers choose a product by its description, and a request that nobody can ask about is a request that nobody makes. The
rule looks at products that are created, and at those that had a description or an expert and lose it. A product that never
had one is left in peace: a source that must go today does not wait for a text.

What to do: write `description`, and `subjectMatterExpert` with an e-mail or a username. An expert for all products of a
domain can stand in the `defaults` of its Domain.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.base import Spec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import Resource

NAME = "undocumented-product"
KIND = "DataProduct"

_ASKED = (
    ("description", "description", "no description"),
    ("subject_matter_expert", "subjectMatterExpert", "no expert"),
)


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Warn of each product that will not say what it is, or whom to ask, and that is new or said so until now."""
    for change in planned.plan.changes:
        if change.kind != KIND or change.action is Action.DELETE or change.after is None:
            continue
        missing = [
            (attribute, name, words)
            for attribute, name, words in _ASKED
            if _is_missing(change, change.after, attribute)
        ]
        if missing:
            written = next(
                (name for attribute, name, _ in missing if change.after.spec.manages(attribute)), None
            )
            yield Finding(
                NAME,
                Severity.WARNING,
                f"It has {' and '.join(words for *_, words in missing)}.",
                f"Add {' and '.join(f'`{name}`' for _, name, _ in missing)}.",
                change.after.origins.of((written,)) if written is not None else change.origin,
                change.address,
            )


def _is_missing(change: Change, resource: Resource, attribute: str) -> bool:
    """Whether the product will not have it, and is new or has it now."""
    if change.before is not None:
        was_there = bool(_text(change.before.spec, attribute))
        return was_there and resource.spec.manages(attribute) and not _text(resource.spec, attribute)
    return not _text(resource.spec, attribute)


def _text(spec: Spec, attribute: str) -> str:
    value = getattr(spec, attribute, None)
    return "" if value is None else str(value).strip()


RULE = Rule(NAME, check, severities=(Severity.WARNING,))

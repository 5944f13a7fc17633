"""inactive-review-flow: a product does not declare a review flow that its form never asks for.

The request form of a product decides by itself who gets access, or it leaves that to the product (`decision: delegate`).
Under a form that decides by itself the product's own flow has no effect, whatever it says: dpsync neither sends nor compares
it. Whoever reads the manifest believes that other people decide than really do.

What to do: remove the flow from the product's `reviewFlows`. If the product is to decide, give the form
`reviewFlow: {decision: delegate}`, or name one that delegates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds.review_flow import DEFAULT_FLOW
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import Resource

NAME = "inactive-review-flow"
KIND = "DataProduct"

_REQUEST_TYPES = (("data_access", "dataAccess"), ("masking_exception", "maskingException"))


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Warn of each declared review flow that was left out because the form decides by itself."""
    for resource in planned.desired.of_kind(KIND):
        resolved = planned.resolved_by_address.get(resource.address)
        if resolved is not None:
            yield from _left_out(planned, resource, resolved)


def _left_out(planned: Planned, resource: Resource, resolved: Resource) -> Iterator[Finding]:
    declared = getattr(resource.spec, "review_flows", None)
    kept = getattr(resolved.spec, "review_flows", None)
    for attribute, name in _REQUEST_TYPES:
        if declared is None or not declared.manages(attribute):
            continue
        if kept is not None and kept.manages(attribute):
            continue
        if getattr(declared, attribute) == DEFAULT_FLOW:
            continue  # every product has it that was given none: undo asks for it as it was
        yield Finding(
            NAME,
            Severity.WARNING,
            f"The form {_form(planned, resolved, attribute)} decides by itself, "
            "so the product's review flow has no effect.",
            "Remove the flow here, or give the form `reviewFlow: {decision: delegate}`.",
            resource.origins.of(("reviewFlows", name)),
            resource.address,
        )


def _form(planned: Planned, resolved: Resource, request_type: str) -> str:
    """The form of a request type: the declared one, or else the live one."""
    live = planned.live.by_id.get((resolved.kind, resolved.id))
    forms = getattr(resolved.spec, "request_forms", None) or getattr(
        live and live.spec, "request_forms", None
    )
    return str(getattr(forms, request_type, ""))


RULE = Rule(NAME, check, severities=(Severity.WARNING,))

"""approved-without-review: a product does not come to let in everybody who asks without somebody noticing.

Who decides about requests for a product is said by its request form, or by the product itself where the form delegates
(FACTS 2.4). When a product changes to a form, or to a flow of its own, that approves at once, nobody gains anything at that
moment; but from then on whoever asks is let in, or sees what is masked. The names of forms do not tell, so this rule does.
It looks at products that change from people who decide, or from a refusal, to approval. A form that itself starts to
approve says so, and is counted by wide-reach.

What to do: nothing, if that is meant. Otherwise name another form, or write `reviewFlows` whose `decision` is `review`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.base import Spec
from dpsync.model.call import Action
from dpsync.model.finding import Finding, Severity
from dpsync.model.reference import Reference

NAME = "approved-without-review"
KIND, FORM_KIND = "DataProduct", "RequestForm"
APPROVES, DELEGATES = "approve", "delegate"

_MEANS = {
    "data_access": ("dataAccess", "whoever asks for {} is let in"),
    "masking_exception": ("maskingException", "whoever asks to see masked columns of {} sees them"),
}
"""What approval at once means, by request type, with the name of the type in a manifest."""


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Warn of each product that changes to approval at once."""
    live = {one.id: one.spec for one in planned.live.of_kind(FORM_KIND)}
    forms = live | {one.id: one.spec for one in planned.resolved if one.kind == FORM_KIND}
    for change in planned.plan.changes:
        before, after = change.before, change.after
        if change.kind != KIND or change.action is not Action.UPDATE or before is None or after is None:
            continue
        for request_type, (name, means) in _MEANS.items():
            paths = {f"requestForms.{name}", f"reviewFlows.{name}"}
            changed = [field for field in change.fields if field.path in paths]
            if not changed or _decision(request_type, (before.spec,), live) == APPROVES:
                continue
            if _decision(request_type, (after.spec, before.spec), forms) == APPROVES:
                yield Finding(
                    NAME,
                    Severity.WARNING,
                    f"From now on, {means.format(repr(change.title))} without review.",
                    "If that is not meant, name a form whose `reviewFlow` asks people.",
                    changed[0].origin or change.origin,
                    change.address,
                )


def _decision(request_type: str, product: tuple[Spec, ...], forms: Mapping[str, Spec]) -> str | None:
    """What becomes of a request of this type; None if that is not known.

    The first spec of `product` counts; what it does not manage is as the next one says.
    """
    form = _part("request_forms", request_type, product)
    by_form = forms.get(form.id or "") if isinstance(form, Reference) else None
    decision: str | None = getattr(getattr(by_form, "review_flow", None), "decision", None)
    if decision != DELEGATES:
        return decision
    return getattr(_part("review_flows", request_type, product), "decision", None)


def _part(attribute: str, request_type: str, product: tuple[Spec, ...]) -> object:
    """The form or the flow of a request type."""
    found = (getattr(spec, attribute, None) for spec in product)
    managed = (one for one in found if isinstance(one, Spec) and one.manages(request_type))
    return next((getattr(one, request_type) for one in managed), None)


RULE = Rule(NAME, check, severities=(Severity.WARNING,))

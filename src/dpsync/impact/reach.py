"""How far forms and agreements reach: a form every product that uses it, an agreement every form that shows it.

A module of its own because it is about objects and not about people: nobody's access depends on a form that changes, only
requests that wait and those to come (FACTS 2.1).
"""

from __future__ import annotations

from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT
from dpsync.kinds.request_form import REQUEST_FORM, RequestFormSpec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.state import LiveState


def forms_concerned(change: Change, live: LiveState) -> frozenset[str] | None:
    """Ids of the live forms that the change concerns; None if they are not all known. Nothing for a create."""
    if change.before is None or not (change.fields or change.action is Action.DELETE):
        return frozenset()
    if change.kind == REQUEST_FORM.name:
        return frozenset({change.id})
    if change.kind != DATA_USE_AGREEMENT.name:
        return frozenset()
    if any(gap.kind == REQUEST_FORM.name and (gap.kind, gap.id) not in live.by_id for gap in live.gaps):
        return None
    return frozenset(
        form.id
        for form in live.of_kind(REQUEST_FORM.name)
        if isinstance(form.spec, RequestFormSpec)
        and any(agreement.id == change.id for agreement in form.spec.agreements)
    )

"""A fingerprint is over what would be sent and what that does, and over nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dpsync.kinds import KINDS
from dpsync.kinds.review_flow import DEFAULT_FLOW, Approve, GroupReviewer, Review, Stage, UserReviewer
from dpsync.kinds.shared import RequestForms
from dpsync.marketplace.endpoints import calls_of
from dpsync.model.access import Accesses
from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Call
from dpsync.model.change import Change, Detail, FieldChange, Provenance, SourceChange
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding, Severity
from dpsync.model.fingerprint import canonical, fingerprint, is_fingerprint, plan_fingerprint
from dpsync.model.impact import Impact
from dpsync.model.place import Origin
from dpsync.model.plan import Plan
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.planner.planfile.values import specs
from planner import states
from planner.states import TARGET


def with_calls(plan: Plan) -> Plan:
    return replace(plan, changes=tuple(replace(one, calls=calls_of(one, "v2")) for one in plan.changes))


LIVE = states.live(
    states.as_live(
        states.product("orders"), description="Old", sources=states.at(states.ITEMS), name="Orders"
    ),
    states.as_live(states.product("gone"), sources=states.at(states.ORDERS, states.ITEMS)),
)
PLAN = with_calls(
    states.pruning(
        states.product(
            "orders", description="New", sources=(states.table("ANALYTICS.SALES.ORDERS"),), name="Orders"
        ),
        states.agreement("terms"),
        on=LIVE,
    )
)
UPDATE = PLAN.by_address[Address("DataProduct", "orders")]
CREATE = PLAN.by_address[Address("DataUseAgreement", "terms")]
(DELETE,) = PLAN.deletions

Touch = Callable[[Change], Change]


def moved(field: FieldChange) -> FieldChange:
    return replace(
        field,
        origin=Origin("elsewhere.yaml", 99, 9),
        effects=frozenset(Effect),
        details=(Detail("x", 1, 2),),
    )


NOT_PART_OF_IT: dict[str, Touch] = {
    "title": lambda one: replace(one, title="Another title"),
    "address": lambda one: replace(one, address=Address(one.kind, "another-key")),
    "reason": lambda one: replace(one, reason="Because."),
    "origin": lambda one: replace(one, origin=Origin("elsewhere.yaml", 99, 9)),
    "wave": lambda one: replace(one, wave=7),
    "needs": lambda one: replace(one, needs=(CREATE.address,), follows=(DELETE.address,)),
    "blocked": lambda one: replace(one, blocked=(Finding("x", Severity.ERROR, "No."),)),
    "impact": lambda one: replace(one, impact=Impact(members=frozenset({"u"}), ended=None)),
    "provenance": lambda one: replace(one, provenance=Provenance.DRIFTED),
    "places of fields": lambda one: replace(one, fields=tuple(moved(field) for field in one.fields)),
    "order of fields": lambda one: replace(one, fields=one.fields[::-1]),
    "names and order of sources": lambda one: replace(
        one,
        sources=SourceChange(
            tuple(replace(source, text="Renamed", by_match=True) for source in one.sources.added[::-1]),
            one.sources.removed[::-1],
            one.sources.kept + 1,
        ),
    ),
    "revision and members": lambda one: replace(
        one, before=replace(one.before, revision="2030", accesses=Accesses(9, 9)) if one.before else None
    ),
    "labels": lambda one: replace(one, after=replace(one.after, labels={"a": "b"}) if one.after else None),
}


@pytest.mark.parametrize("what", NOT_PART_OF_IT)
@pytest.mark.parametrize("change", [UPDATE, CREATE, DELETE], ids=["update", "create", "delete"])
def test_a_fingerprint_does_not_depend_on(change: Change, what: str) -> None:
    assert fingerprint(NOT_PART_OF_IT[what](change), TARGET) == fingerprint(change, TARGET)


def test_nor_on_the_name_and_the_url_of_the_environment() -> None:
    assert fingerprint(UPDATE, replace(TARGET, url="https://other", workspace="other")) == fingerprint(
        UPDATE, TARGET
    )


def with_call(change: Change, **values: Any) -> Change:
    first, *rest = change.calls
    return replace(change, calls=(replace(first, **values), *rest))


def with_field(change: Change, **values: Any) -> Change:
    first, *rest = change.fields
    return replace(change, fields=(replace(first, **values), *rest))


def with_before(change: Change, **values: Any) -> Change:
    assert change.before is not None
    return replace(change, before=replace(change.before, spec=change.before.spec.with_values(**values)))


ANOTHER = SourceReference("id", "77", id="77")
PART_OF_IT: dict[str, tuple[Change, Touch]] = {
    "kind": (UPDATE, lambda one: replace(one, address=Address("RequestForm", "orders"))),
    "id": (UPDATE, lambda one: replace(one, id="another")),
    "method": (UPDATE, lambda one: with_call(one, method="POST")),
    "path": (UPDATE, lambda one: with_call(one, path="/api/elsewhere")),
    "body": (UPDATE, lambda one: with_call(one, body={"description": "Newer"})),
    "order of calls": (UPDATE, lambda one: replace(one, calls=one.calls[::-1])),
    "one more call": (DELETE, lambda one: replace(one, calls=(*one.calls, *UPDATE.calls))),
    "field": (UPDATE, lambda one: with_field(one, path="name")),
    "value before": (UPDATE, lambda one: with_field(one, before="Older")),
    "value after": (UPDATE, lambda one: with_field(one, after="Newer")),
    "added source": (UPDATE, lambda one: replace(one, sources=replace(one.sources, added=(ANOTHER,)))),
    "removed source": (UPDATE, lambda one: replace(one, sources=replace(one.sources, removed=(ANOTHER,)))),
    "what is deleted": (DELETE, lambda one: with_before(one, description="More")),
    "where it is deleted": (
        DELETE,
        lambda one: with_before(one, domain=Reference("Sales", "id", "d-other")),
    ),
}


@pytest.mark.parametrize("what", PART_OF_IT)
def test_a_fingerprint_depends_on(what: str) -> None:
    change, touch = PART_OF_IT[what]
    assert fingerprint(touch(change), TARGET) != fingerprint(change, TARGET)


@pytest.mark.parametrize("where", ["tenant", "environment", "workspace_id"])
def test_a_fingerprint_depends_on_the_marketplace_and_the_workspace(where: str) -> None:
    elsewhere = replace(TARGET, **{where: "another"})
    assert fingerprint(UPDATE, elsewhere) != fingerprint(UPDATE, TARGET)


def flowing(*users: Reference, stages: tuple[Stage, ...] | None = None) -> FieldChange:
    one = (Stage.of(any=tuple(UserReviewer.of(user=user) for user in users)),)
    return FieldChange(
        "reviewFlows.dataAccess", DEFAULT_FLOW, Review.of(decision="review", stages=stages or one)
    )


def of_field(field: FieldChange) -> str:
    return fingerprint(replace(UPDATE, fields=(field,)), TARGET)


def test_people_and_forms_count_by_id_and_not_by_what_they_are_called() -> None:
    jane = Reference("jane.doe@acme.example", "name", "u-jane")
    assert of_field(flowing(jane)) == of_field(flowing(Reference("Jane Doe", "id", "u-jane")))
    assert of_field(flowing(jane)) != of_field(flowing(Reference("jane.doe@acme.example", "name", "u-other")))


def test_a_name_that_has_no_id_counts_as_a_name() -> None:
    group = Stage.of(all=(GroupReviewer.of(group=Reference("Stewards")),))
    other = Stage.of(all=(GroupReviewer.of(group=Reference("Owners")),))
    assert of_field(flowing(stages=(group,))) != of_field(flowing(stages=(other,)))


def test_what_is_not_managed_does_not_count() -> None:
    assert of_field(FieldChange("x", None, Approve.of(decision="approve"))) != of_field(
        FieldChange("x", None, Approve.of(decision="approve", comment="Open"))
    )
    forms = RequestForms.of(
        data_access=Reference("a", "id", "1"), masking_exception=Reference("b", "id", "2")
    )
    assert of_field(FieldChange("x", None, forms.without("masking_exception"))) == of_field(
        FieldChange("x", None, RequestForms.of(data_access=Reference("a", "id", "1")))
    )


def test_a_list_of_references_is_a_set_wherever_a_kind_has_one() -> None:
    """The fingerprint takes it for granted: whoever declares an ordered one has to teach it."""

    def holds_references(spec: type[Spec]) -> set[str]:
        return {
            rule.attribute
            for rule in rules_of(spec)
            if str(spec.model_fields[rule.attribute].annotation).startswith("tuple")
            and (rule.refers or rule.replaced_whole)
        }

    for spec in specs().values():
        unordered = {rule.attribute for rule in rules_of(spec) if rule.unordered}
        assert holds_references(spec) <= unordered
    assert holds_references(KINDS["RequestForm"].spec) == {"agreements"}


def test_the_order_of_agreements_does_not_count_and_the_order_of_stages_does() -> None:
    one, other = Reference("a", "id", "1"), Reference("b", "id", "2")
    assert of_field(FieldChange("agreements", (), (one, other))) == of_field(
        FieldChange("agreements", (), (other, one))
    )
    first, second = (Stage.of(any=(UserReviewer.of(user=user),)) for user in (one, other))
    assert of_field(flowing(stages=(first, second))) != of_field(flowing(stages=(second, first)))


def test_a_plan_is_recognised_by_the_set_of_what_it_would_make() -> None:
    digest = plan_fingerprint(PLAN)
    assert is_fingerprint(digest)
    assert plan_fingerprint(replace(PLAN, changes=PLAN.changes[::-1], owned=99)) == digest
    assert plan_fingerprint(replace(PLAN, allowed=("x:y",))) != digest, "what was let pass was reviewed, too"
    assert plan_fingerprint(replace(PLAN, changes=PLAN.changes[1:])) != digest
    finding = Finding("x", Severity.ERROR, "No.", address=UPDATE.address)
    assert plan_fingerprint(PLAN.with_findings([finding])) == plan_fingerprint(
        replace(PLAN, changes=tuple(one for one in PLAN.changes if one != UPDATE))
    )


def test_the_fingerprint_of_a_change_does_not_depend_on_the_others() -> None:
    alone = with_calls(
        states.keeping(
            states.product(
                "orders", description="New", sources=(states.table("ANALYTICS.SALES.ORDERS"),), name="Orders"
            ),
            on=LIVE,
        )
    )
    assert len(PLAN.changes) == 3
    assert fingerprint(states.one_change(alone), TARGET) == fingerprint(UPDATE, TARGET)


def test_a_delete_does_not_depend_on_whether_the_form_of_the_product_goes_as_well() -> None:
    """Which form it has is read only then (`marketplace/live.py`)."""
    forms = RequestForms.of(data_access=Reference("Open", "id", "f-open"))
    assert fingerprint(with_before(DELETE, request_forms=forms), TARGET) == fingerprint(DELETE, TARGET)


def test_a_fingerprint_stays_what_it_is_from_one_dpsync_to_the_next() -> None:
    """Fingerprints are kept in pull requests and saved plans. If this fails, raise VERSION and the plan file's format."""
    call = Call(UPDATE.actions[0], "PUT", "/api/x", {"description": "Größer"})
    change = Change(
        Address("DataProduct", "x"), "i", "X", UPDATE.actions, None, None,
        fields=(FieldChange("description", None, "Größer"),), calls=(call,),
    )  # fmt: skip
    assert fingerprint(change, TARGET) == (
        "sha256:80249e2e7e0d3335bbebd2b2dbd41dd49a12241aa94ba8379f7877b967761f75"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "a" * 63,
        "sha256:" + "A" * 64,
        "a" * 64,
        "sha512:" + "a" * 64,
        "sha256:" + "٣" * 64,
    ],
)
def test_what_is_not_a_fingerprint_is_not_taken_for_one(text: str) -> None:
    assert not is_fingerprint(text)


def test_canonical_json_has_one_form() -> None:
    assert canonical({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"\\u00fc"]}'


# The calls that are part of it.


def test_a_change_that_could_not_be_worked_out_has_no_calls() -> None:
    plan = states.pruning(
        states.product(
            "orders", domain=Reference("Nowhere"), sources=(states.table("ANALYTICS.SALES.ORDERS"),)
        ),
        states.product("items", sources=(states.table("ANALYTICS.SALES.ORDERS"), states.table("A.B.C"))),
        states.domain("nowhere", "Nowhere"),
        on=states.live(states.as_live(states.product("items"))),
    )
    assert len(plan.blocked) == len(plan.changes) == 3
    for vintage in ("v1", "v2"):
        assert [calls_of(one, vintage) for one in plan.changes] == [(), (), ()]


def test_a_change_that_is_only_held_back_has_its_calls() -> None:
    held = PLAN.with_findings([Finding("x", Severity.ERROR, "No.", address=UPDATE.address)])
    blocked = held.by_address[UPDATE.address]
    assert blocked.is_blocked
    assert calls_of(blocked, "v2") == UPDATE.calls
    assert [call.method for call in UPDATE.calls] == ["PUT", "PUT"]

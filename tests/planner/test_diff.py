"""What differs between a declared resource and its live counterpart, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from dpsync.kinds.request_form import ChoiceField, ShortAnswerField
from dpsync.kinds.review_flow import PermissionReviewer, Review, Stage, UserReviewer
from dpsync.model.base import Spec
from dpsync.model.call import Action
from dpsync.model.fields import Effect
from dpsync.model.reference import Reference
from planner.states import (
    FINANCE,
    ITEMS,
    ORDERS,
    as_live,
    at,
    form,
    live,
    live_form,
    one_change,
    product,
    pruning,
    table,
)


def reviewers(*permissions: str) -> Review:
    return Review.of(
        decision="review",
        stages=(Stage.of(any=tuple(PermissionReviewer.of(permission=one) for one in permissions)),),
        rules=(),
    )


def test_equal_is_no_change() -> None:
    one = product("p", sources=(table("ANALYTICS.SALES.ORDERS"),), description="Text")
    plan = pruning(one, on=live(as_live(one, sources=at(ORDERS), description="Text")))
    assert plan.changes == ()
    assert plan.unchanged == 1


def test_what_is_omitted_is_not_compared() -> None:
    one = product("p")
    assert pruning(one, on=live(as_live(one, description="Set by hand", lifecycle="suspended"))).changes == ()


def test_sources_are_compared_as_a_set_and_named_as_people_know_them() -> None:
    one = product("p", sources=(table("ANALYTICS.SALES.ORDERS"),))
    change = one_change(pruning(one, on=live(as_live(one, sources=at(ITEMS, ORDERS)))))
    assert change.actions == (Action.REPLACE_SOURCES,)
    assert [str(each) for each in change.sources.removed] == ["ANALYTICS.SALES.ORDER_ITEMS"]
    assert (change.sources.added, change.sources.kept) == ((), 1)
    assert (change.removes_access, change.grants_access) == (True, False)


def test_fields_and_sources_are_two_actions_of_one_change() -> None:
    one = product("p", sources=(table("ANALYTICS.SALES.ORDERS"),), description=None)
    change = one_change(pruning(one, on=live(as_live(one, description="Old"))))
    assert change.actions == (Action.UPDATE, Action.REPLACE_SOURCES)
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ("description", "Old", None)
    ]
    assert change.effect is Effect.GRANTS_ACCESS


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({"name": "Old"}, {}, Effect.RENAME),
        ({"lifecycle": "active"}, {"lifecycle": "suspended"}, Effect.REMOVES_ACCESS),
        ({"lifecycle": "suspended"}, {"lifecycle": "active"}, Effect.GRANTS_ACCESS),
        ({"domain": Reference("Finance", "id", FINANCE.id)}, {}, Effect.REMOVES_ACCESS),
        ({"description": "Old"}, {"description": "New"}, Effect.DESCRIPTIVE),
    ],
)
def test_a_change_says_what_it_does_to_people(
    before: dict[str, Any], after: dict[str, Any], effect: Effect
) -> None:
    one = product("p", **after)
    assert one_change(pruning(one, on=live(as_live(one, **before)))).effect is effect


def test_reviewers_of_a_stage_are_a_set() -> None:
    one = form("f", review_flow=reviewers("GOVERNANCE", "AUDIT"))
    same = live_form(one.id, one.title, review_flow=reviewers("AUDIT", "GOVERNANCE", "AUDIT"))
    assert pruning(one, on=live(same)).changes == ()


def test_stages_keep_their_order() -> None:
    stages = reviewers("GOVERNANCE").stages + reviewers("AUDIT").stages
    one = form("f", review_flow=Review.of(decision="review", stages=stages, rules=()))
    other = Review.of(decision="review", stages=stages[::-1], rules=())
    assert one_change(pruning(one, on=live(live_form(one.id, one.title, review_flow=other)))).fields


def test_what_differs_inside_a_flow_is_told_by_its_path() -> None:
    one = form("f", review_flow=reviewers("GOVERNANCE"))
    change = one_change(
        pruning(one, on=live(live_form(one.id, one.title, review_flow=reviewers("GOVERNANCE", "AUDIT"))))
    )
    (field,) = change.fields
    assert field.path == "reviewFlow"
    told = {detail.path: (detail.before, detail.after) for detail in field.details}
    assert told == {"stages.0.any.1": ({"permission": "AUDIT"}, None)}


def test_what_differs_inside_a_question_is_told_by_its_path() -> None:
    questions: tuple[Spec, ...] = (
        ShortAnswerField.of(type="SHORT_ANSWER", label="Why?", required=False),
        ChoiceField.of(type="DROPDOWN", label="Team", options=("A", "B")),
    )
    known: tuple[Spec, ...] = (
        ShortAnswerField.of(id="f-1", type="SHORT_ANSWER", label="Why?", required=True),
        ChoiceField.of(id="f-2", type="DROPDOWN", label="Team", options=("A",)),
    )
    one = form("f", fields=questions)
    (field,) = one_change(pruning(one, on=live(live_form(one.id, one.title, fields=known)))).fields
    told = {detail.path: (detail.before, detail.after) for detail in field.details}
    assert told == {"0.required": (True, False), "1.options.1": (None, "B")}


def test_a_question_keeps_the_id_of_the_live_one_with_its_label_and_type() -> None:
    known = ShortAnswerField.of(id="f-1", type="SHORT_ANSWER", label="Why?", required=True)
    one = form("f", fields=(ShortAnswerField.of(type="SHORT_ANSWER", label="Why?"),))
    assert pruning(one, on=live(live_form(one.id, one.title, fields=(known,)))).changes == ()


def test_a_reference_that_differs_has_no_details() -> None:
    user = UserReviewer.of(user=Reference("Jane", "id", "u-jane"))
    assert user.matches(UserReviewer.of(user=Reference("jane.doe@acme.example", "id", "u-jane")))
    one = product("p", subject_matter_expert=Reference("jane"))
    (field,) = one_change(pruning(one, on=live(as_live(one)))).fields
    assert (field.path, field.details) == ("subjectMatterExpert", ())


def test_a_create_shows_every_field_that_it_sends() -> None:
    change = one_change(pruning(product("p", description="Text", lifecycle="suspended"), on=live()))
    assert [field.path for field in change.fields] == ["name", "description", "domain", "lifecycle"]
    assert not change.removes_access

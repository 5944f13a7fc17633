"""Manifests held against manifests: what is said of every way in which they can differ."""

from __future__ import annotations

from dpsync.kinds.data_product import DataProductSpec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Target
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState
from dpsync.planner.offline import held_against
from planner.states import domain, product

TARGET = Target("story", "w", "production", "https://na.api.immutacloud.com/marketplace")


def changes(before: Resource | None, after: Resource | None) -> tuple[Change, ...]:
    base, desired = (DesiredState("w", "e", () if one is None else (one,)) for one in (before, after))
    return held_against(desired, base, TARGET).changes


def changed(before: Resource, **values: object) -> Resource:
    from dataclasses import replace

    return replace(before, spec=before.spec.with_values(**values))


def test_the_same_manifests_differ_in_nothing() -> None:
    assert changes(product("orders"), product("orders")) == ()
    assert (
        changes(changed(product("x"), lifecycle="retired"), changed(product("x"), lifecycle="retired")) == ()
    )


def test_what_is_new_is_created_and_what_is_gone_or_retired_is_deleted() -> None:
    retired = changed(product("orders"), lifecycle="retired")
    for before, after, action in (
        (None, product("orders"), Action.CREATE),
        (retired, product("orders"), Action.CREATE),
        (product("orders"), None, Action.DELETE),
        (product("orders"), retired, Action.DELETE),
    ):
        (change,) = changes(before, after)
        assert change.actions == (action,)
    assert changes(None, retired) == ()
    assert changes(retired, None) == ()


def test_fields_and_sources_differ_as_they_are_written() -> None:
    before = changed(product("orders"), description="a", sources=(SourceReference("key", "one"),))
    after = changed(before, description="b", sources=(SourceReference("key", "two"),))
    (change,) = changes(before, after)
    assert change.actions == (Action.UPDATE, Action.REPLACE_SOURCES)
    assert [(one.path, one.before, one.after) for one in change.fields] == [("description", "a", "b")]
    assert [str(one) for one in change.sources.added] == ["two"]
    assert [str(one) for one in change.sources.removed] == ["one"]


def test_a_field_that_is_named_no_more_is_said_and_is_no_clearing() -> None:
    before = changed(product("orders"), description="a")
    after = product("orders")
    spec = after.spec
    assert isinstance(spec, DataProductSpec)
    if spec.manages("description"):
        from dataclasses import replace

        after = replace(after, spec=spec.without("description"))
    (change,) = changes(before, after)
    assert change.fields == ()
    assert "description" in change.reason


def test_references_are_the_same_if_they_are_written_alike() -> None:
    before = changed(product("orders"), subject_matter_expert=Reference.of("jane.doe@acme.example"))
    assert changes(before, changed(before, subject_matter_expert=Reference.of("jane.doe@acme.example"))) == ()
    assert len(changes(before, changed(before, subject_matter_expert=Reference.of("sam@acme.example")))) == 1


def test_another_key_for_the_same_object_is_no_delete_and_no_create() -> None:
    before = product("orders", name="Orders")
    after = product("purchases", pinned=before.id.upper(), name="Orders")
    assert changes(before, after) == ()
    (change,) = changes(before, changed(after, description="All of them."))
    assert (change.actions, str(change.address)) == ((Action.UPDATE,), "DataProduct/purchases")
    assert change.reason == "DataProduct/orders in the base"
    (change,) = changes(before, changed(after, lifecycle="retired"))
    assert (change.actions, str(change.address)) == ((Action.DELETE,), "DataProduct/purchases")


def test_the_same_key_for_another_object_is_a_delete_and_a_create() -> None:
    before, after = product("orders"), product("orders", pinned="0b1c2d3e-0000-4000-8000-000000000000")
    found = changes(before, after)
    assert {one.action: (str(one.address), one.id) for one in found} == {
        Action.CREATE: ("DataProduct/orders", after.id),
        Action.DELETE: (f"DataProduct/{before.id}", before.id),
    }


def test_what_is_only_named_is_known_by_its_key() -> None:
    (change,) = changes(domain("sales", "Sales"), domain("sales", "Sales and more"))
    assert change.action is Action.UPDATE


def test_nothing_is_said_of_what_is_live() -> None:
    plan = held_against(DesiredState("w", "e", (product("orders"),)), DesiredState("w", "e", ()), TARGET)
    assert (plan.owned, plan.unmanaged) == (None, None)

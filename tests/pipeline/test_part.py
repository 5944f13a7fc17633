"""Plans of a part before a sandbox: what is beside them is found where it matters, and said where it is not known."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from dpsync.model.identity import computed_id
from dpsync.model.impact import Reach
from dpsync.model.part import Wanted
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.pipeline.part import drafted_part
from dpsync.pipeline.weighing import weighed
from dpsync.planner.part import part_of
from dpsync.sandbox.seed import STANDARD_FORM, large_world
from laws.markets import WORKSPACE_ID, Document, Market, declared, market

Documents = Sequence[Document]


def product(key: str, **spec: Any) -> Document:
    given = {
        "name": f"The {key}",
        "domain": {"name": "Domain 000"},
        "description": "Told.",
        "subjectMatterExpert": "user01@acme.example",
        "sources": [{"id": "1"}],
        "requestForm": {"name": STANDARD_FORM},
    }
    return {
        "apiVersion": "dpsync/v1beta1",
        "kind": "DataProduct",
        "metadata": {"name": key},
        "spec": given | spec,
    }


def form(key: str, **spec: Any) -> Document:
    given = {"name": f"Form {key}", "fields": [], "reviewFlow": {"decision": "approve", "comment": "Yes."}}
    return {
        "apiVersion": "dpsync/v1beta1",
        "kind": "RequestForm",
        "metadata": {"name": key},
        "spec": given | spec,
    }


def planned(
    one: Market,
    now: Documents,
    base: Documents = (),
    *,
    guardrails: Mapping[str, Mapping[str, object]] | None = None,
    **wanted: Any,
) -> Plan:
    """The plan of a part, weighed and judged; what changed since the base, unless something else is wanted."""
    settings = replace(one.settings, prune=True, policy=Policy(guardrails=guardrails or {}))
    state = declared([list(now)], settings).desired
    before = declared([list(base)], settings).desired if base else None
    part = part_of(Wanted(since="main" if base else "", **wanted), state, before, "0" * 40)

    async def made() -> Plan:
        async with one.client(one._door()) as client:
            asked = await drafted_part(settings, state, part, Reach.MANAGED, client)
            return (await weighed(asked, client, Reach.MANAGED)).plan

    return asyncio.run(made())


def told(plan: Plan) -> dict[str, tuple[str, set[str]]]:
    return {
        change.title: (change.action.value, {finding.rule for finding in change.blocked})
        for change in plan.changes
    }


@pytest.fixture
def one() -> Any:
    with market(large_world(20)) as found:
        yield found


def test_a_name_that_somebody_has_is_taken_though_no_list_was_read(one: Market) -> None:
    plan = planned(one, [product("a", name="product 00007")], targets=("a",))
    assert told(plan) == {"product 00007": ("create", {"name-taken"})}


def test_who_gives_up_a_name_is_planned_as_well(one: Market) -> None:
    base = [product("a", name="Orders"), product("b", name="Returns")]
    one.apply(one.plan([base]))
    now = [product("a", name="Old Orders"), product("b", name="Orders")]
    plan = planned(one, now, targets=("b",))
    assert told(plan) == {"Orders": ("update", set()), "Returns": ("update", set())}
    (wave, last) = plan.waves
    assert [change.title for change in (*wave, *last)] == ["Orders", "Returns"]


def test_who_gives_up_a_name_may_not_be_excluded(one: Market) -> None:
    one.apply(one.plan([[product("a", name="Orders"), product("b", name="Returns")]]))
    now = [product("a", name="Old Orders"), product("b", name="Orders")]
    plan = planned(one, now, targets=("b",), excludes=("a",))
    assert told(plan) == {"Returns": ("update", {"held-back"})}


def test_an_object_outside_is_not_pruned_but_named(one: Market) -> None:
    base = [product("a"), product("b"), form("f")]
    one.apply(one.plan([base]))
    plan = planned(one, [product("a", description="New.")], targets=("a",))
    assert told(plan) == {"The a": ("update", set())}
    assert [kept.title for kept in plan.kept] == ["Form f"]
    away = computed_id(WORKSPACE_ID, "DataProduct", "b")
    plan = planned(one, [product("a")], targets=(f"DataProduct/{away}",))
    assert told(plan) == {"The b": ("delete", set())}


def test_a_form_that_somebody_elses_product_uses_is_not_deleted(one: Market) -> None:
    base = [product("a", requestForm="f"), product("b"), form("f")]
    one.apply(one.plan([base]))
    by_hand = next(
        row["id"] for row in one.store.rows("SELECT id FROM products WHERE name = 'Product 00003'")
    )
    mine = computed_id(WORKSPACE_ID, "RequestForm", "f")
    one.store.update("products", by_hand, {"access_form": mine})
    plan = planned(one, [product("a"), product("b")], base)
    assert told(plan)["Form f"] == ("delete", {"still-used"})
    standard = one.store.value("SELECT id FROM forms WHERE name = ?", (STANDARD_FORM,))
    one.store.update("products", by_hand, {"access_form": standard})
    plan = planned(one, [product("a"), product("b")], base)
    assert told(plan) == {"The a": ("update", set()), "Form f": ("delete", set())}


def test_a_user_that_lets_go_is_planned_with_the_form_that_goes(one: Market) -> None:
    one.apply(one.plan([[product("a", requestForm="f"), product("b"), form("f")]]))
    now = [product("a", description="Drifted, and let go."), product("b"), form("f", lifecycle="retired")]
    plan = planned(one, now, targets=("RequestForm/f",))
    assert told(plan) == {"The a": ("update", set()), "Form f": ("delete", set())}


def test_a_share_of_deletes_is_found_to_be_small_by_reading_as_many_as_it_takes(one: Market) -> None:
    base = [product(f"p{number:02d}", sources=[{"id": str(number + 1)}]) for number in range(20)]
    one.apply(one.plan([base]))
    plan = planned(one, base[3:], base)
    assert list(told(plan).values()) == [("delete", set())] * 3
    plan = planned(one, base[3:], base, guardrails={"too-many-deletes": {"share": 0.1}})
    assert list(told(plan).values()) == [("delete", {"too-many-deletes"})] * 3
    (text,) = {finding.message for change in plan.changes for finding in change.blocked}
    assert "of which at least 20 are known to be live" in text
    assert plan.owned is None


def test_what_a_delete_may_be_the_former_key_of_is_looked_for_outside(one: Market) -> None:
    base = [product("a", sources=[{"id": "1"}, {"id": "2"}]), product("b", sources=[{"id": "9"}])]
    one.apply(one.plan([base]))
    now = [base[1], product("anew", name="Else", sources=[{"id": "1"}, {"id": "2"}])]
    away = computed_id(WORKSPACE_ID, "DataProduct", "a")
    plan = planned(one, now, targets=(f"DataProduct/{away}",))
    assert told(plan) == {"The a": ("delete", {"probable-rename"})}


def test_a_plan_that_leaves_out_the_new_key_deletes_the_former_no_more_than_with_it(one: Market) -> None:
    one.apply(one.plan([[product("a")]]))
    now = [product("anew", name="Else"), product("b", sources=[{"id": "9"}])]
    plan = planned(one, now, excludes=("anew",))
    assert told(plan)["The a"] == ("delete", {"probable-rename"})
    assert plan.owned == 1

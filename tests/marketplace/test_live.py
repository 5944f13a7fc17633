from __future__ import annotations

from dataclasses import replace

import pytest

from dpsync.errors import NotAuthenticated, Unreachable
from dpsync.kinds.data_product import DataProductSpec
from dpsync.marketplace import read_live
from dpsync.marketplace.client import ATTEMPTS
from dpsync.model.identity import computed_id
from dpsync.model.reference import Reference
from dpsync.model.state import LiveState, Scope
from dpsync.sandbox import Fault
from dpsync.sandbox.seed import large_world
from dpsync.sandbox.world import User, World
from marketplace.doorways import VINTAGES, WORKSPACE, Sandbox, Vintage, run
from sandbox import worlds

PRODUCT, FORM = "DataProduct", "RequestForm"
LIST = "/marketplace/api/data-product"
BOTH = frozenset({worlds.ORDERS, worlds.LEDGER})
EVERYTHING = Scope(
    WORKSPACE,
    domains=frozenset({Reference("sales"), Reference(worlds.FINANCE, "id"), Reference("nowhere")}),
    people=frozenset({"stew", worlds.CONSUMER, "nobody"}),
    groups=frozenset({"Data"}),
    ids={PRODUCT: BOTH},
    sources=BOTH,
    forms=BOTH,
)


def read(sandbox: Sandbox, scope: Scope = EVERYTHING, token: str = "sandbox") -> LiveState:
    async def reading() -> LiveState:
        async with sandbox.reading(token) as client:
            return await read_live(client, scope, vintage=sandbox.vintage)

    return run(reading())


def operations(sandbox: Sandbox) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in sandbox.received:
        counts[each.path.removeprefix("/marketplace/api/")] = (
            counts.get(each.path.removeprefix("/marketplace/api/"), 0) + 1
        )
    return counts


def product(live: LiveState, live_id: str) -> DataProductSpec:
    spec = live.by_id[PRODUCT, live_id].spec
    assert isinstance(spec, DataProductSpec)
    return spec


def everlasting(path: str, code: int = 503, method: str = "GET") -> Fault:
    return Fault(method, f"/marketplace/api/{path}", times=1000, code=code)


@pytest.mark.parametrize("vintage", VINTAGES)
def test_what_a_plan_needs_is_read(vintage: Vintage) -> None:
    live = read(Sandbox(worlds.small(), vintage))
    assert not live.gaps
    assert live.caller.governance
    orders = product(live, worlds.ORDERS)
    assert (orders.domain.text, orders.lifecycle) == ("Sales", "active")
    assert orders.subject_matter_expert is not None
    assert orders.subject_matter_expert.text == "stew"
    assert {each.id for each in orders.sources} == {"1", "2"}
    assert orders.request_forms is not None
    assert (orders.request_forms.data_access.id, orders.request_forms.data_access.text) == (
        worlds.DELEGATING,
        "Delegating",
    )
    assert {each.title for each in live.of_kind(FORM)} == {
        "Standard Request Form",
        "Delegating",
        "Automatic",
        "Closed",
    }
    assert [each.name for each in live.catalog.domains] == ["Finance", "Sales"]
    assert {key: len(found) for key, found in live.catalog.sources.items()} == {
        worlds.SALES: 4,
        worlds.FINANCE: 3,
    }
    assert {each.username for each in live.catalog.people} == {"stew", "cons"}
    assert [each.name for each in live.catalog.groups] == ["Data Stewards"]


def test_a_product_outside_the_scope_costs_no_read_of_its_own() -> None:
    sandbox = Sandbox(worlds.small())
    live = read(sandbox, Scope(WORKSPACE))
    assert live.by_id[PRODUCT, worlds.ORDERS].parts == {"fields"}
    assert operations(sandbox) == {
        "auth/user": 1,
        "metadata/domain": 1,
        "data-product": 1,
        "request-form": 1,
        "data-use-agreement": 1,
    }


def test_a_product_of_the_workspace_is_read_even_if_no_manifest_names_it() -> None:
    owned = computed_id(WORKSPACE, PRODUCT, "forgotten")
    small = worlds.small()
    world = replace(small, products=(*small.products[:1], replace(small.products[1], id=owned)))
    live = read(Sandbox(world), Scope(WORKSPACE))
    assert live.by_id[PRODUCT, owned].parts == {"fields", "sources"}
    assert live.by_id[PRODUCT, worlds.ORDERS].parts == {"fields"}


@pytest.mark.parametrize("products", [1, 100, 101, 250])
def test_nothing_to_do_costs_a_page_per_hundred_a_read_per_product_and_the_forms(products: int) -> None:
    ids = frozenset(computed_id(WORKSPACE, PRODUCT, str(number)) for number in range(products))
    by_number = sorted(ids)
    sandbox = Sandbox(large_world(products, product_id=lambda number: by_number[number]))
    live = read(sandbox, Scope(WORKSPACE, ids={PRODUCT: ids}, sources=ids, forms=ids))
    assert not live.gaps
    assert all(each.parts == {"fields", "sources", "forms"} for each in live.of_kind(PRODUCT))
    catalog = len(("user", "domains", "forms", "agreements"))
    assert len(sandbox.received) == catalog + -(-products // 100) + products + 1


def test_forms_are_read_by_product_where_that_is_fewer_requests() -> None:
    sandbox = Sandbox(worlds.small())
    live = read(sandbox, replace(EVERYTHING, forms=frozenset({worlds.LEDGER})))
    counts = operations(sandbox)
    assert counts[f"data-product/{worlds.LEDGER}/request-forms"] == 1
    assert not any(path.endswith("data-products") for path in counts)
    ledger = product(live, worlds.LEDGER)
    assert ledger.request_forms is not None
    assert (ledger.request_forms.data_access.id, ledger.request_forms.masking_exception.id) == (
        worlds.AUTOMATIC,
        worlds.DENYING,
    )


@pytest.mark.parametrize("vintage", VINTAGES)
def test_forms_by_form_and_by_product_are_the_same(vintage: Vintage) -> None:
    small = worlds.small()
    copies = tuple(
        replace(one, id=f"{one.id[:-1]}{number}", name=f"{one.name} {number}", requests=())
        for number in range(3)
        for one in small.products
    )
    world = replace(small, products=copies)
    ids = frozenset(one.id for one in copies)
    by_form = read(Sandbox(world, vintage), Scope(WORKSPACE, forms=ids))
    for one in copies:
        by_product = read(Sandbox(world, vintage), Scope(WORKSPACE, forms=frozenset({one.id})))
        assert product(by_form, one.id).request_forms == product(by_product, one.id).request_forms


def test_a_form_whose_products_cannot_be_read_is_asked_for_at_the_products() -> None:
    sandbox = Sandbox(_without_form(worlds.DENYING))
    sandbox.fail(everlasting(f"request-form/{worlds.AUTOMATIC}/data-products", 500))
    ids = BOTH | {"x", "y"}
    live = read(sandbox, replace(EVERYTHING, forms=ids))
    ledger = product(live, worlds.LEDGER).request_forms
    assert not live.gaps
    assert ledger is not None
    assert ledger.data_access.id == worlds.AUTOMATIC
    counts = operations(sandbox)
    assert f"data-product/{worlds.LEDGER}/request-forms" in counts
    assert f"data-product/{worlds.ORDERS}/request-forms" not in counts


def _without_form(form: str) -> World:
    small = worlds.small()
    return replace(
        small,
        forms=tuple(one for one in small.forms if one.id != form),
        products=tuple(replace(one, masking_form=None) for one in small.products),
    )


# -- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_refused_token_ends_the_run_after_one_request() -> None:
    sandbox = Sandbox(worlds.small())
    with pytest.raises(NotAuthenticated):
        read(sandbox, token="another")
    assert len(sandbox.received) == 1


def test_a_marketplace_that_is_not_there_ends_the_run() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("GET", "*/datasources/all", kind="reset", times=1000))
    with pytest.raises(Unreachable):
        read(sandbox)


@pytest.mark.parametrize("code", [403, 500, 503])
def test_a_list_that_cannot_be_read_is_a_gap_and_only_a_404_means_absent(code: int) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(everlasting("data-product", code))
    absent = computed_id(WORKSPACE, PRODUCT, "absent")
    scope = replace(EVERYTHING, ids={PRODUCT: BOTH | {absent}})
    live = read(sandbox, scope)
    gap = live.gap(PRODUCT)
    assert gap is not None
    assert str(code) in gap.reason
    assert live.confirmed_absent == {absent}
    assert product(live, worlds.ORDERS).sources
    assert live.by_id[PRODUCT, worlds.LEDGER].parts == {"fields", "sources", "forms"}


def test_what_was_seen_of_a_list_that_broke_off_is_not_asked_for_again() -> None:
    ids = tuple(computed_id(WORKSPACE, PRODUCT, str(number)) for number in range(150))
    sandbox = Sandbox(large_world(150, product_id=lambda number: ids[number]))
    sandbox.fail(Fault("GET", LIST, nth=2, times=ATTEMPTS))
    live = read(sandbox, Scope(WORKSPACE, ids={PRODUCT: frozenset(ids)}))
    assert live.gap(PRODUCT) is not None
    assert len(live.of_kind(PRODUCT)) == 150
    by_id = [
        path for path in operations(sandbox) if path.count("/") == 1 and path.startswith("data-product/")
    ]
    assert len(by_id) == 50


def test_a_list_of_forms_that_cannot_be_read_is_a_gap_and_forms_are_read_by_product() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(everlasting("request-form"))
    live = read(sandbox, replace(EVERYTHING, ids={FORM: frozenset({worlds.AUTOMATIC})}))
    assert live.gap(FORM) is not None
    assert [each.id for each in live.of_kind(FORM)] == [worlds.AUTOMATIC]
    assert product(live, worlds.ORDERS).request_forms is not None


@pytest.mark.parametrize("part", ["datasources/all", "request-forms"])
def test_a_part_that_cannot_be_read_is_a_gap_of_its_product(part: str) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(everlasting(f"data-product/{worlds.ORDERS}/{part}", 403))
    sandbox.fail(everlasting("request-form/*/data-products", 500))
    live = read(sandbox)
    assert [(gap.kind, gap.id) for gap in live.gaps] == [(PRODUCT, worlds.ORDERS)]
    assert "403" in live.gaps[0].reason
    assert live.by_id[PRODUCT, worlds.LEDGER].parts == {"fields", "sources", "forms"}


def test_a_domain_or_a_person_that_cannot_be_read_is_a_gap() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(
        everlasting(f"metadata/domain/{worlds.SALES}/datasources", 403),
        everlasting("metadata/users", 500),
        everlasting("metadata/groups", 500),
    )
    live = read(sandbox)
    assert {(gap.kind, gap.id) for gap in live.gaps} == {
        ("DataSource", worlds.SALES),
        ("User", "stew"),
        ("User", "nobody"),
        ("User", worlds.CONSUMER),
        ("Group", "Data"),
    }
    assert list(live.catalog.sources) == [worlds.FINANCE]


def test_without_the_list_of_domains_one_named_by_id_is_still_read() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(everlasting("metadata/domain"))
    live = read(sandbox)
    assert live.gap("Domain") is not None
    assert list(live.catalog.sources) == [worlds.FINANCE]
    assert product(live, worlds.ORDERS).domain.id == worlds.SALES


def test_a_product_that_cannot_be_understood_is_a_gap_of_its_own() -> None:
    sandbox = Sandbox(worlds.small())
    flow = '{"rules": [], "defaultEvent": {"type": "vote"}}'
    sandbox.store.rows("UPDATE products SET access_flow = ? WHERE id = ?", (flow, worlds.ORDERS))
    live = read(sandbox)
    assert [(gap.kind, gap.id) for gap in live.gaps] == [(PRODUCT, worlds.ORDERS)]
    assert (PRODUCT, worlds.LEDGER) in live.by_id


def test_a_full_page_of_people_without_the_one_looked_for_says_nothing() -> None:
    world = large_world(1)
    more = tuple(
        User(1000 + number, f"{number:08d}-0000-4000-8000-000000000000", f"person{number}", "P")
        for number in range(150)
    )
    sandbox = Sandbox(replace(world, users=(*world.users, *more)))
    live = read(sandbox, Scope(WORKSPACE, people=frozenset({"person", "person7"})))
    assert live.gap("User", "person") is not None
    assert live.gap("User", "person7") is None

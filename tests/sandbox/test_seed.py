"""Seeded worlds: complete, consistent, and the same every time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest

from dpsync.sandbox import acme, bodies, seed
from dpsync.sandbox.seed import demo_world, large_world, random_world
from dpsync.sandbox.store import Store, status
from dpsync.sandbox.world import Domain, Product, World

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CUID = re.compile(r"c[a-z0-9]{24}")
RANDOM_WORLDS = [random_world(number, number % 7) for number in range(60)]
WORLDS = [demo_world(), large_world(250, members_per_product=2), *RANDOM_WORLDS]


def domain(world: World, name: str) -> Domain:
    return next(each for each in world.domains if each.name == name)


def product(world: World, name: str) -> Product:
    return next(each for each in world.products if each.name == name)


def twice(values: Iterable[object]) -> list[object]:
    return [value for value, number in Counter(values).items() if number > 1]


def reviewers(world: World) -> Iterator[dict[str, object]]:
    flows = [form.policy for form in world.forms]
    flows += [flow for each in world.products for flow in (each.flow, each.masking_flow) if flow]
    for flow in flows:
        for stage in flow["defaultEvent"].get("params", {}).get("stages", ()):
            yield from stage.get("any") or stage["all"]


@pytest.mark.parametrize("world", WORLDS)
def test_no_two_rows_have_the_same_identity(world: World) -> None:
    assert not twice(each.id for each in world.domains)
    assert not twice(each.name for each in world.domains)
    assert not twice(each.id for each in world.sources)
    assert not twice((s.platform, s.hostname, s.database, s.schema, s.table, s.prefix) for s in world.sources)
    assert not twice(each.id for each in world.users)
    assert not twice(each.global_id for each in world.users)
    assert not twice(each.username for each in world.users)
    assert not twice(each.id for each in world.groups)
    assert not twice((each.name, each.iam) for each in world.groups)
    assert not twice(each.id for each in world.tags)
    assert not twice(each.name for each in world.tags)
    for kind in (world.agreements, world.forms, world.products):
        assert not twice(each.id for each in kind)
        assert not twice(each.name.casefold().strip() for each in kind)
    assert not twice(request.id for each in world.products for request in each.requests)
    for source in world.sources:
        assert not twice(column.name for column in source.columns)
        assert not twice(source.tags)
        assert not any(twice(column.tags) for column in source.columns)


@pytest.mark.parametrize("world", WORLDS)
def test_everything_that_is_named_exists(world: World) -> None:
    sources = {each.id: each for each in world.sources}
    domains = {each.id: each for each in world.domains}
    users = {each.global_id for each in world.users}
    forms = {each.id for each in world.forms}
    tags = {each.name for each in world.tags}
    groups = {each.name for each in world.groups}
    assert world.caller in users
    assert set(world.tokens.values()) <= users
    assert {number for each in world.domains for number in each.sources} == set(sources)
    assert not any(twice(each.sources) for each in world.domains)
    for user in world.users:
        assert {identity for identity, _ in user.domains} <= set(domains)
        assert set(user.groups) <= groups
    for source in world.sources:
        assert set(source.tags) <= tags
        assert {tag for column in source.columns for tag in column.tags} <= tags
    for form in world.forms:
        assert set(form.agreements) <= {each.id for each in world.agreements}
    for each in world.products:
        assert set(each.sources) <= set(domains[each.domain].sources)
        assert {each.form, each.masking_form or each.form} <= forms
        assert each.expert is None or each.expert in users
        assert not twice((r.user, r.type) for r in each.requests if r.status in {"APPROVED", "PENDING"})
        for request in each.requests:
            assert request.user in users
            for number, column in request.columns:
                assert number in each.sources
                assert column in {found.name for found in sources[number].columns if found.masking}
    for reviewer in reviewers(world):
        assert reviewer["type"] != "USER" or reviewer["id"] in users
        assert reviewer["type"] != "GROUP" or reviewer["name"] in groups


@pytest.mark.parametrize("world", WORLDS)
def test_ids_look_as_the_server_makes_them(world: World) -> None:
    assert all(
        UUID.fullmatch(each.id) for kind in (world.domains, world.forms, world.agreements) for each in kind
    )
    assert all(UUID.fullmatch(each.global_id) for each in world.users)
    assert all(CUID.fullmatch(each.id) for each in world.products)
    assert all(CUID.fullmatch(request.id) for each in world.products for request in each.requests)
    assert all(UUID.fullmatch(field["id"]) for form in world.forms for field in form.fields)


@pytest.mark.parametrize("world", WORLDS)
def test_forms_and_flows_have_the_shapes_that_clients_must_send(world: World) -> None:
    for form in world.forms:
        assert bodies.parse(bodies.UpdateForm, {"fields": list(form.fields), "policy": form.policy})
    for each in world.products:
        for flow in (each.flow, each.masking_flow):
            assert flow is None or bodies.parse(bodies.ProductFlow, flow)


@pytest.mark.parametrize("world", WORLDS[:12])
def test_the_store_takes_every_world(world: World) -> None:
    with Store() as store:
        store.load(world)
        rows = status(store)
        assert rows["products"] == len(world.products)
        assert rows["sources"] == len(world.sources)
        assert rows["requests"] == sum(len(each.requests) for each in world.products)


def test_the_same_arguments_give_the_same_world() -> None:
    assert demo_world() == demo_world()
    assert large_world(120) == large_world(120)
    assert random_world(7, 5) == random_world(7, 5)
    assert len({repr(world) for world in RANDOM_WORLDS}) == len(RANDOM_WORLDS)


def test_the_demo_world_is_of_the_size_of_a_company() -> None:
    world = demo_world()
    assert len(world.domains) >= 6
    assert len(world.sources) >= 300
    assert len(world.users) >= 40
    assert len(world.groups) >= 8
    assert len(world.forms) == 3
    assert len(world.agreements) == 1
    assert len(world.products) >= 6
    platforms = Counter(source.platform for source in world.sources)
    assert platforms["Snowflake"] >= 100
    assert platforms["Databricks"] >= 50
    assert platforms["S3"] >= 3


def test_tables_are_written_as_their_platform_writes_them() -> None:
    for source in demo_world().sources:
        path = f"{source.database}.{source.schema}.{source.table}"
        if source.platform == "Snowflake":
            assert (source.hostname, path) == ("acme.snowflakecomputing.com", path.upper())
            assert source.database in {"ANALYTICS", "RAW"}
        elif source.platform == "Databricks":
            assert (source.hostname, path) == ("acme.cloud.databricks.com", path.lower())
        else:
            assert source.prefix is not None
            assert source.prefix.startswith("s3://")
            assert source.table is None


def test_exactly_one_display_name_of_the_demo_world_is_ambiguous_in_its_domain() -> None:
    world = demo_world()
    names = {each.id: each.name for each in world.sources}
    ambiguous = [
        (each.name, name)
        for each in world.domains
        for name in twice(names[number] for number in each.sources)
    ]
    assert ambiguous == [("Sales", "Sales Orders")]
    paths = {(s.database, s.schema, s.table) for s in world.sources if s.name == "Sales Orders"}
    assert paths == {("ANALYTICS", "SALES", "ORDERS"), ("RAW", "SALES", "ORDERS")}


def test_the_demo_world_has_what_is_hard_about_names() -> None:
    world = demo_world()
    assert any(source.table == "ORDERS.V2" for source in world.sources)
    assert any(source.table == "umsätze" for source in world.sources)
    homes = Counter(number for each in world.domains for number in each.sources)
    assert sum(number > 1 for number in homes.values()) >= 5
    assert twice(user.name for user in world.users) == ["Alex Kim"]
    assert twice(group.name for group in world.groups) == ["Contractors"]
    names = [each.name for each in world.products]
    assert any("/" in name for name in names)
    assert any("\\" in name for name in names)
    assert any(not name.isascii() for name in names)
    assert [user.username for user in world.users if user.email is None] == [acme.NO_MAIL]


def test_the_demo_world_has_members_and_requests_in_every_state() -> None:
    world = demo_world()
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with Store(clock=lambda: now) as store:
        store.load(world)
        reached = store.access_pairs()
    crowded = product(world, "Store Sales Classic")
    assert len({user for identity, user, _ in reached if identity == crowded.id}) == 33
    statuses = {request.status for each in world.products for request in each.requests}
    assert statuses == {"APPROVED", "PENDING", "REVOKED", "DENIED", "CANCELED"}
    suspended = [each for each in world.products if each.suspended]
    assert [each.name for each in suspended] == ["HR Headcount Snapshot"]
    assert suspended[0].requests
    assert not any(identity == suspended[0].id for identity, _, _ in reached)
    types = {request.type for each in world.products for request in each.requests}
    assert types == {"DATA_ACCESS", "MASKING_EXCEPTION"}


def test_columns_carry_the_tags_and_masks_of_what_they_are() -> None:
    world = demo_world()
    by_path = {(s.database, s.schema, s.table): {c.name: c for c in s.columns} for s in world.sources}
    email = by_path["ANALYTICS", "SALES", "CUSTOMERS"]["EMAIL"]
    assert {"Discovered.PII", "Discovered.Entity.Email Address"} <= set(email.tags)
    assert email.masking == "Hash"
    assert "PCI" in by_path["RAW", "SALES", "PAYMENTS"]["CARD_NUMBER"].tags
    assert by_path["RAW", "SALESFORCE", "CONTACT"]["EMAIL"].masking is None
    assert by_path["main", "retail_de", "umsätze"]["amount"].type == "decimal(18,2)"


def test_the_three_tokens_have_the_rights_that_their_names_say() -> None:
    world = demo_world()
    users = {user.global_id: user for user in world.users}
    assert "GOVERNANCE" in users[world.caller].permissions
    reader = users[world.tokens[seed.READER_TOKEN]]
    assert (reader.permissions, reader.domains) == ((), ())
    sales = users[world.tokens[seed.SALES_TOKEN]]
    assert sales.permissions == ()
    assert sales.domains == ((domain(world, "Sales").id, "Manage Data Products"),)
    assert all(
        any(pair[0] == each.id for user in world.users for pair in user.domains) for each in world.domains
    )


def test_only_the_standard_form_is_built_in() -> None:
    assert [form.name for form in demo_world().forms if form.built_in] == ["Standard Request Form"]


@pytest.mark.parametrize(("products", "domains"), [(0, 0), (1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_large_world_has_a_domain_for_every_hundred_products(products: int, domains: int) -> None:
    world = large_world(products, sources_per_product=2)
    assert len(world.products) == products
    assert len(world.sources) == 2 * products
    assert len(world.domains) == domains
    assert all(len(each.sources) == 2 for each in world.products)


def test_a_large_world_asks_what_its_products_are_to_be_called_inside() -> None:
    world = large_world(3, product_id=lambda number: f"id-{number}", members_per_product=0)
    assert [each.id for each in world.products] == ["id-0", "id-1", "id-2"]
    assert not any(each.requests for each in world.products)


def test_random_worlds_are_small_and_differ() -> None:
    for number, world in enumerate(RANDOM_WORLDS):
        assert 2 <= len(world.domains) <= 4
        assert 10 <= len(world.sources) <= 40
        assert len(world.products) == number % 7
    products = [each for world in RANDOM_WORLDS for each in world.products]
    requests = [request for each in products for request in each.requests]
    assert any(each.suspended for each in products)
    assert any(each.flow for each in products)
    assert {"APPROVED", "PENDING", "REVOKED"} <= {request.status for request in requests}
    assert {None, seed.LONG_AGO, seed.FAR_AHEAD} == {request.expiration for request in requests}

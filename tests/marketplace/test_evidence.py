"""Evidence read from a sandbox: who is in which product, what is tagged, and what is left unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from dpsync.errors import NotAuthenticated, Unreachable
from dpsync.marketplace.client import ATTEMPTS
from dpsync.marketplace.evidence import is_sensitive, read_evidence
from dpsync.model.impact import Audience, Evidence, Questions
from dpsync.model.state import Person
from dpsync.sandbox import Fault, World
from dpsync.sandbox.seed import large_world
from dpsync.sandbox.world import Request
from marketplace.doorways import VINTAGES, Sandbox, Vintage, run
from sandbox import worlds

SEARCH = "POST metadata/tags/applied/search"
ORDERS_MEMBERS = f"GET data-product/{worlds.ORDERS}/members"
PII = ("Discovered.PII",)


def read(sandbox: Sandbox, questions: Questions, token: str = "sandbox") -> Evidence:
    async def reading() -> Evidence:
        async with sandbox.reading(token) as client:
            return await read_evidence(client, questions)

    return run(reading())


def sent(sandbox: Sandbox) -> Counter[str]:
    return Counter(f"{one.method} {one.path.removeprefix('/marketplace/api/')}" for one in sandbox.received)


def ids(*all_of_them: str) -> frozenset[str]:
    return frozenset(all_of_them)


def test_without_questions_nothing_is_sent() -> None:
    sandbox = Sandbox(worlds.small())
    assert read(sandbox, Questions(sensitive=PII)) == Evidence()
    assert sandbox.received == []


# -- members ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vintage", VINTAGES)
def test_a_member_has_an_approved_request_that_did_not_end_and_exceptions_are_counted_apart(
    vintage: Vintage,
) -> None:
    sandbox = Sandbox(worlds.small(), vintage)
    found = read(sandbox, Questions(products=ids(worlds.ORDERS, worlds.LEDGER)))
    assert found.audiences == {
        worlds.ORDERS: Audience(ids(worlds.CONSUMER), 1),
        worlds.LEDGER: Audience(ids(worlds.OTHER), 0),
    }
    assert found.people[worlds.CONSUMER] == Person(
        worlds.CONSUMER, "cons", "Connie Consumer", "connie@acme.example"
    )
    assert {one.method for one in sandbox.received} == {"GET"}
    assert len(sandbox.received) == 2


def test_members_are_read_to_the_last_page() -> None:
    world = large_world(1)
    users = tuple(
        replace(world.users[0], id=1000 + n, global_id=f"u-{n}", username=f"u{n}") for n in range(1, 251)
    )
    requests = tuple(Request(f"r-{one.id}", one.global_id, "APPROVED") for one in users)
    product = replace(world.products[0], requests=requests)
    world = replace(world, users=(*world.users, *users), products=(product,))
    sandbox = Sandbox(world)
    found = read(sandbox, Questions(products=ids(product.id)))
    assert len(found.audiences[product.id].members) == 250
    assert len(sandbox.received) == 3


def test_a_token_that_may_not_read_members_leaves_them_unknown() -> None:
    sandbox = Sandbox(worlds.small())
    found = read(sandbox, Questions(products=ids(worlds.ORDERS, worlds.LEDGER)), token="steward")
    assert set(found.audiences) == {worlds.LEDGER}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "*/members", code=403, times=9),
        Fault("GET", "*/members", code=404, times=9),
        Fault("GET", "*/members", code=500, times=9),
        Fault("GET", "*/members", code=503, times=9),
    ],
    ids=lambda fault: str(fault.code),
)
def test_members_that_cannot_be_read_are_unknown_and_the_rest_goes_on(fault: Fault) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(fault)
    found = read(sandbox, Questions(products=ids(worlds.ORDERS), forms=ids(worlds.AUTOMATIC)))
    assert found.audiences == {}
    assert found.reached == {worlds.AUTOMATIC: {worlds.LEDGER}}


def test_a_product_that_is_gone_has_unknown_members() -> None:
    assert read(Sandbox(worlds.small()), Questions(products=ids("gone"))) == Evidence()


def test_a_refused_token_ends_the_run() -> None:
    with pytest.raises(NotAuthenticated):
        read(Sandbox(worlds.small()), Questions(products=ids(worlds.ORDERS)), token="wrong")


def test_a_marketplace_that_is_not_there_ends_the_run() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("*", "*", kind="reset", times=ATTEMPTS))
    with pytest.raises(Unreachable):
        read(sandbox, Questions(products=ids(worlds.ORDERS)))


# -- products elsewhere, and those of forms --------------------------------------------------------------------------


def test_elsewhere_only_products_with_a_touched_source_are_asked_for_their_members() -> None:
    sandbox = Sandbox(worlds.small())
    elsewhere = ids(worlds.ORDERS, worlds.LEDGER)
    found = read(sandbox, Questions(touched=ids("2"), elsewhere=elsewhere, everywhere=True))
    assert found.contents == {worlds.ORDERS: {"1", "2"}, worlds.LEDGER: {"5"}}
    assert set(found.audiences) == {worlds.ORDERS}
    assert found.everywhere


@pytest.mark.parametrize("part", ["members", "datasources/all"])
def test_what_is_elsewhere_is_not_claimed_to_be_known_if_a_part_could_not_be_read(part: str) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("GET", f"*/{worlds.ORDERS}/{part}", code=403))
    elsewhere = ids(worlds.ORDERS, worlds.LEDGER)
    assert not read(sandbox, Questions(touched=ids("2"), elsewhere=elsewhere, everywhere=True)).everywhere


def test_a_form_reaches_the_products_that_use_it_and_an_unreadable_one_is_unknown() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("GET", f"*/{worlds.DELEGATING}/data-products", code=403))
    found = read(sandbox, Questions(forms=ids(worlds.DENYING, worlds.DELEGATING, worlds.STANDARD)))
    assert found.reached == {worlds.DENYING: {worlds.LEDGER}, worlds.STANDARD: frozenset()}


# -- tags ------------------------------------------------------------------------------------------------------------


def test_if_nothing_is_called_sensitive_nobody_asks_for_tags() -> None:
    sandbox = Sandbox(worlds.small())
    assert read(sandbox, Questions(added=ids("1", "2"))).tags == {"1": (), "2": ()}
    assert sandbox.received == []


def test_if_nothing_sensitive_occurs_one_search_over_all_sources_is_all() -> None:
    sandbox = Sandbox(worlds.small())
    found = read(sandbox, Questions(added=ids("1", "2", "3"), sensitive=("Secret*",)))
    assert found.tags == {"1": (), "2": (), "3": ()}
    (only,) = sandbox.received
    assert f"{only.method} {only.path}" == "POST /marketplace/api/metadata/tags/applied/search"
    assert only.body["dataSourceIds"] == [1, 2, 3]
    assert only.body["modelType"] == ["datasource", "column"]


def tagged(**tags: tuple[str, ...]) -> World:
    """The small world, with these tags on the sources and no other ones; `s3` is source 3."""
    small = worlds.small()
    bare = tuple(replace(column, tags=()) for column in small.sources[0].columns)
    sources = tuple(replace(one, tags=tags.get(f"s{one.id}", ()), columns=bare) for one in small.sources)
    return replace(small, sources=sources)


def test_if_a_sensitive_tag_occurs_each_source_is_asked() -> None:
    sandbox = Sandbox(tagged(s2=("PII.Email", "Sales"), s3=("Sales",)))
    found = read(sandbox, Questions(added=ids("1", "2", "3"), sensitive=("pii",)))
    assert found.tags == {"1": (), "2": ("PII.Email",), "3": ()}
    assert (found.column_tags, found.columns) == ({}, {})
    assert sent(sandbox) == {SEARCH: 1 + 3 + 1}


def test_a_tag_on_a_column_is_told_from_one_on_the_source_and_the_column_named_where_a_product_shows_it() -> (
    None
):
    sandbox = Sandbox(worlds.small())
    questions = Questions(added=ids("1", "3"), sensitive=PII, shown={"1": worlds.ORDERS})
    found = read(sandbox, questions)
    assert found.tags == found.column_tags == {"1": PII, "3": PII}
    assert found.columns == {"1": ("email",)}
    columns = [one for one in sandbox.received if one.path.endswith("/columns")]
    assert ["dataSourceIds=1" in one.query for one in columns] == [True]


def test_a_single_source_is_not_asked_about_twice() -> None:
    sandbox = Sandbox(worlds.small())
    assert read(sandbox, Questions(added=ids("1"), sensitive=PII)).tags == {"1": PII}
    assert sent(sandbox) == {SEARCH: 2}


def test_columns_that_cannot_be_read_are_not_named_and_their_tags_are_known_all_the_same() -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("GET", "*/columns", code=403))
    found = read(sandbox, Questions(added=ids("1"), sensitive=PII, shown={"1": worlds.ORDERS}))
    assert (found.column_tags, found.columns) == ({"1": PII}, {})


@pytest.mark.parametrize(("nth", "known"), [(1, 0), (2, 2)])
def test_tags_that_cannot_be_searched_are_unknown_and_not_none(nth: int, known: int) -> None:
    sandbox = Sandbox(worlds.small())
    sandbox.fail(Fault("POST", "*/search", code=403, nth=nth))
    found = read(sandbox, Questions(added=ids("1", "2", "3"), sensitive=PII))
    assert len(found.tags) == known


def test_a_source_whose_id_is_no_number_has_unknown_tags() -> None:
    sandbox = Sandbox(worlds.small())
    found = read(sandbox, Questions(added=ids("1", "s3-objects"), sensitive=("Secret",)))
    assert found.tags == {"1": ()}


def test_many_tags_are_searched_to_the_last_page_without_those_that_products_put_on() -> None:
    sandbox = Sandbox(tagged(s1=(*(f"T{number:03d}" for number in range(150)), "Z.Last")))
    found = read(sandbox, Questions(added=ids("1"), sensitive=("Z.*", "Immuta Marketplace*")))
    assert found.tags == {"1": ("Z.Last",)}
    assert [one.body["offset"] for one in sandbox.received] == [0, 100, 0]


@pytest.mark.parametrize(
    ("tag", "pattern", "meant"),
    [
        ("Discovered.PII", "Discovered.PII", True),
        ("Discovered.PII.Email", "Discovered.PII", True),
        ("Discovered.PII.Email", "discovered", True),
        ("Discovered.PII.Email", "*.Email", True),
        ("Discovered.PII.Email", "Discovered.P?I*", True),
        ("Discovered.PIIX", "Discovered.PII", False),
        ("Discovered", "Discovered.PII", False),
        ("Sales", "PII*", False),
    ],
)
def test_a_pattern_means_a_tag_and_all_below_it_whatever_the_case(
    tag: str, pattern: str, meant: bool
) -> None:
    assert is_sensitive(tag, ["Nothing", pattern]) is meant

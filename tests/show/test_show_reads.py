from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from dpsync.errors import BadAnswer, NotAuthenticated, UsageError
from dpsync.kinds.data_product import DataProductSpec
from dpsync.marketplace.showing import Around, Viewer, shown
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.showing import (
    AboutAgreements,
    AboutForms,
    AboutProduct,
    AboutProducts,
    AboutSources,
    Belonging,
    Declarations,
    ListedForm,
    ListedProduct,
    Question,
    ShownProduct,
    Table,
    Way,
)
from dpsync.sandbox import Fault
from dpsync.sandbox.world import Request, User, World
from marketplace.doorways import Nowhere, Sandbox, Vintage, run
from sandbox import worlds as w

NO_MANIFESTS = Declarations("ws-0123456789abcdef", ())


def asked(
    sandbox: Sandbox, question: Question, token: str = "sandbox", declarations: Declarations = NO_MANIFESTS
) -> Any:
    async def read() -> Any:
        async with sandbox.client(Viewer, token) as client:
            return await shown(question, Around(client, declarations, sandbox.vintage))

    return run(read())


def product(sandbox: Sandbox, text: str, token: str = "sandbox", **more: Any) -> ShownProduct:
    found = asked(sandbox, AboutProduct(text, **more), token)
    assert isinstance(found, ShownProduct)
    return found


def table(sandbox: Sandbox, question: Question, token: str = "sandbox") -> Table:
    found = asked(sandbox, question, token)
    assert isinstance(found, Table)
    return found


def with_orders(world: World, **changed: Any) -> World:
    orders, *others = world.products
    return replace(world, products=(replace(orders, **changed), *others))


def crowd(count: int) -> tuple[User, ...]:
    return tuple(
        User(100 + each, f"99999999-9999-4999-8999-{each:012d}", f"user{each}", f"User {each}")
        for each in range(count)
    )


def crowded(members: int, waiting: int) -> World:
    world, people = w.small(), crowd(members + waiting)
    requests = tuple(
        Request(f"c2222222222222222222{each:05d}", one.global_id, "APPROVED" if each < members else "PENDING")
        for each, one in enumerate(people)
    )
    return replace(with_orders(world, requests=requests), users=(*world.users, *people))


def paths(sandbox: Sandbox) -> list[str]:
    return [each.path.removeprefix("/marketplace/api") for each in sandbox.received]


# Counting


def test_a_thousand_members_and_those_who_wait_are_counted_over_all_pages() -> None:
    sandbox = Sandbox(crowded(1000, 150))
    found = product(sandbox, w.ORDERS)
    assert (found.members, found.masking_exceptions) == (1000, 0)
    assert found.pending is not None
    assert (found.pending.access, found.pending.masking_exceptions) == (150, 0)
    assert sum(path.endswith("/members") for path in paths(sandbox)) == 11


def test_who_has_two_approved_requests_is_one_member_and_an_ended_one_is_none() -> None:
    twice = (
        Request("c22222222222222222222aaaa", w.CONSUMER, "APPROVED"),
        Request("c22222222222222222222bbbb", w.CONSUMER, "APPROVED", expiration=w.FAR_AHEAD),
        Request("c22222222222222222222cccc", w.OTHER, "APPROVED", expiration=w.LONG_AGO),
    )
    assert product(Sandbox(with_orders(w.small(), requests=twice)), w.ORDERS).members == 1


def test_masking_exceptions_are_no_members() -> None:
    found = product(Sandbox(w.small()), w.ORDERS)
    assert (found.members, found.masking_exceptions) == (1, 1)


# Who decides


def ways(sandbox: Sandbox, text: str) -> Sequence[Way]:
    found = product(sandbox, text).ways
    assert found is not None
    return found


def test_the_products_own_flow_decides_where_the_form_delegates() -> None:
    access, masking = ways(Sandbox(w.small()), w.ORDERS)
    assert (access.review, access.decided_by) == (
        "first Stan Steward or group Data Stewards, then GOVERNANCE",
        "product",
    )
    assert (masking.review, masking.decided_by) == (
        "any holder of GOVERNANCE or Manage Data Products",
        "product",
    )


def test_the_forms_flow_decides_where_it_does_not_delegate() -> None:
    access, masking = ways(Sandbox(w.small()), "Ledger")
    assert (access.review, access.decided_by) == ("approved at once for 30 days", "form")
    assert (masking.review, masking.decided_by) == ("denied at once", "form")


def test_the_older_api_has_one_form_for_both() -> None:
    access, masking = ways(Sandbox(w.small(), "v1"), "Ledger")
    assert access.form == masking.form


def test_a_rule_that_may_hand_over_to_the_product_is_told_with_both_flows() -> None:
    rule = {"conditions": {"all": [{"fact": "x"}]}, "event": {"type": "dataProductPolicy"}}
    world = w.small()
    forms = tuple(
        replace(form, policy={**form.policy, "rules": [rule]}) if form.id == w.AUTOMATIC else form
        for form in world.forms
    )
    access, _masking = ways(Sandbox(replace(world, forms=forms)), "Ledger")
    assert access.decided_by == "form, product"
    assert access.review == (
        "1 rule, otherwise approved at once for 30 days; "
        "the product's own is: any holder of GOVERNANCE or Manage Data Products"
    )


def test_a_flow_that_this_dpsync_does_not_know_leaves_the_rest_of_the_page() -> None:
    world = w.small()
    odd = {
        "rules": [],
        "defaultEvent": {"type": "review", "params": {"stages": [{"any": [{"type": "ROBOT"}]}]}},
    }
    forms = tuple(replace(form, policy=odd) if form.id == w.AUTOMATIC else form for form in world.forms)
    found = table(Sandbox(replace(world, forms=forms)), AboutForms("Automatic"))
    (row,) = found.rows
    assert isinstance(row, ListedForm)
    assert row.review.startswith("not known: the review flow could not be understood: ")
    assert "'ROBOT'" in row.review


# What is read, and what cannot be


def test_showing_sends_nothing_but_get_and_each_request_once() -> None:
    sandbox = Sandbox(w.small())
    product(sandbox, "Orders and Items", sources=True, user="cons", columns=True, determinations=True)
    assert {each.method for each in sandbox.received} == {"GET"}
    sent = [(each.path, each.query) for each in sandbox.received]
    assert len(sent) == len(set(sent))


def test_the_client_that_shows_refuses_to_write() -> None:
    sandbox = Sandbox(w.small())

    async def write() -> None:
        async with sandbox.client(Viewer) as client:
            await client.delete_data_product(w.ORDERS)

    with pytest.raises(RuntimeError, match="may not send DELETE"):
        run(write())
    assert not sandbox.received


def test_only_what_the_page_needs_is_read() -> None:
    sandbox = Sandbox(w.small())
    product(sandbox, "Ledger")
    ends = sorted({path.replace(w.LEDGER, "ID") for path in paths(sandbox)})
    assert ends == [
        "/data-product/ID/datasources",
        "/data-product/ID/members",
        "/data-product/ID/request",
        "/data-product/ID/request-forms",
        "/data-product/Ledger/byName",
        "/metadata/domain",
    ]


@pytest.mark.parametrize(
    ("glob", "part"),
    [
        ("*/request-forms", "ways"),
        ("*/members", "members"),
        ("*/request", "pending"),
        ("*/datasources", "sources"),
        ("*/columns", "columns"),
        ("*/recent-determinations", "determinations"),
    ],
)
@pytest.mark.parametrize(
    ("code", "why"),
    [
        (403, "the token may not see them"),
        (404, "this marketplace does not have the operation (vintage v1)"),
        (500, "failed inside the marketplace"),
    ],
)
def test_a_part_that_cannot_be_read_is_not_known_and_a_notice_says_why(
    glob: str, part: str, code: int, why: str
) -> None:
    sandbox = Sandbox(w.small(), "v1")
    sandbox.fail(Fault("GET", glob, code=code, times=9))
    found = product(sandbox, w.ORDERS, columns=True, determinations=True)
    assert getattr(found, part) is None
    (notice,) = found.notices
    assert why in notice


def test_a_refused_token_ends_it() -> None:
    sandbox = Sandbox(w.small())
    sandbox.fail(Fault("GET", "*/members", code=401))
    with pytest.raises(NotAuthenticated):
        product(sandbox, w.ORDERS)


def test_a_domain_that_the_token_may_not_use_is_still_called_by_its_name() -> None:
    found = product(Sandbox(w.small()), w.ORDERS, token="other")
    assert [domain.name for domain in found.domains] == ["Sales"]


@pytest.mark.parametrize("text", [w.TERMS, "Ordres and Items"])
@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_a_product_that_the_token_may_not_see_is_not_said_to_be_absent(text: str, vintage: Vintage) -> None:
    sandbox = Sandbox(w.small(), vintage)
    sandbox.fail(
        Fault("GET", f"*/data-product/{w.TERMS}", code=403, times=9),
        Fault("GET", "*/byName", code=403, times=9),
    )
    with pytest.raises(UsageError, match="The token may not see the data product") as refused:
        product(sandbox, text)
    assert refused.value.exit_code == 1
    assert "It may be there, in a domain that the token may not see." in refused.value.message
    assert "There is no" not in refused.value.message
    assert ('"Orders and Items"' in refused.value.remedy) is (text != w.TERMS)


def test_a_declared_product_that_the_token_may_not_see_is_named_with_its_line() -> None:
    sandbox = Sandbox(w.small())
    sandbox.fail(Fault("GET", f"*/data-product/{w.TERMS}", code=403))
    declared = Resource(
        Address("DataProduct", "terms"),
        w.TERMS,
        pinned=True,
        spec=DataProductSpec.of(name="Terms", lifecycle="active"),
        origins=Nowhere(),
    )
    with pytest.raises(UsageError, match=r"may not see DataProduct/terms \(test\.yaml:\d+\), id ") as refused:
        asked(sandbox, AboutProduct("terms"), declarations=Declarations("ws-0123456789abcdef", (declared,)))
    assert "(403)" in refused.value.message


def test_a_token_that_may_not_even_list_products_is_told_the_same() -> None:
    sandbox = Sandbox(w.small())
    sandbox.fail(Fault("GET", "*/byName", code=403), Fault("GET", "*/api/data-product", code=403))
    with pytest.raises(UsageError, match="may not see the data product"):
        product(sandbox, "Ledgers")


def test_an_id_of_any_shape_is_found() -> None:
    assert product(Sandbox(w.small()), w.ORDERS).name == "Orders and Items"
    assert product(Sandbox(with_orders(w.small(), id=w.TERMS)), w.TERMS).name == "Orders and Items"


# Names


@pytest.mark.parametrize(
    "name",
    [
        "A/B",
        "A\\B",
        "A (b) - c_d",
        "Über uns",
        "売上 データ",
        "100",
        "..b".replace(".", "-"),
        "byName",
        "A//B\\\\",
    ],
)
@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_a_name_is_found_whatever_is_in_it(name: str, vintage: Vintage) -> None:
    sandbox = Sandbox(with_orders(w.small(), name=name), vintage)
    assert product(sandbox, name).id == w.ORDERS
    assert product(sandbox, name.swapcase()).id == w.ORDERS


def test_an_escape_in_a_name_that_is_not_found_is_written_out() -> None:
    with pytest.raises(UsageError) as refused:
        product(Sandbox(w.small()), "x\x1b[2Jy")
    assert '"x\\x1b[2Jy"' in refused.value.message


@pytest.mark.parametrize("text", ["stew", "STEW", "Stan Steward", w.STEWARD])
def test_a_person_is_found_by_what_people_call_them(text: str) -> None:
    found = product(Sandbox(w.small()), w.ORDERS, sources=True, user=text)
    assert found.user is not None
    assert found.user.id == w.STEWARD


def test_the_access_of_a_person_stands_with_each_source() -> None:
    found = product(Sandbox(w.small()), w.ORDERS, sources=True, user="connie@acme.example")
    assert found.sources is not None
    assert {each.access for each in found.sources} == {"SUBSCRIBED"}


# Tables


def test_a_table_holds_all_pages_in_order() -> None:
    world = w.small()
    made = tuple(
        replace(
            world.products[1], id=f"c3333333333333333333{each:05d}", name=f"Product {each:03d}", requests=()
        )
        for each in range(250)
    )
    found = table(Sandbox(replace(world, products=(*made, *world.products))), AboutProducts(name="product"))
    names = [row.name for row in found.rows if isinstance(row, ListedProduct)]
    assert names == [f"Product {each:03d}" for each in range(250)]


def many_products(count: int) -> World:
    world = w.small()
    made = tuple(
        replace(
            world.products[1], id=f"c3333333333333333333{each:05d}", name=f"Product {each:03d}", requests=()
        )
        for each in range(count)
    )
    return replace(world, products=(*made, *world.products))


@pytest.mark.parametrize(
    ("question", "names", "more"),
    [
        (AboutProducts(limit=2), ["Ledger", "Orders and Items"], True),
        (AboutProducts(descending=True, limit=2), ["Product 249", "Product 248"], True),
        (AboutProducts(name="product", limit=250), [f"Product {each:03d}" for each in range(250)], False),
        (AboutProducts(name="product", limit=120), [f"Product {each:03d}" for each in range(120)], True),
        (AboutProducts(name="ledger", limit=5), ["Ledger"], False),
        (AboutProducts(name="r", domain="sales", limit=1), ["Orders and Items"], False),
        (AboutProducts(belonging=Belonging.OWNED, limit=1), [], False),
        (AboutProducts(belonging=Belonging.UNMANAGED, descending=True, limit=1), ["Product 249"], True),
    ],
)
@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_the_first_or_last_products_by_name_are_shown_and_that_there_are_more(
    question: AboutProducts,
    names: list[str],
    more: bool,
    vintage: Vintage,
) -> None:
    found = table(Sandbox(many_products(250), vintage), question)
    assert [row.name for row in found.rows if isinstance(row, ListedProduct)] == names
    assert [notice for notice in found.notices if "--limit" in notice] == (
        [f"There are more data products than the {question.limit} that are shown (--limit)."] if more else []
    )


def test_only_as_many_products_are_read_as_are_shown() -> None:
    sandbox = Sandbox(many_products(250))
    table(sandbox, AboutProducts(limit=3, descending=True))
    (query,) = [
        dict(parse_qsl(each.query)) for each in sandbox.received if each.path.endswith("/data-product")
    ]
    assert query == {"sortBy": "name", "sortOrder": "desc", "limit": "4"}


def test_a_list_that_does_not_end_is_an_error_and_not_taken_for_the_whole() -> None:
    sandbox = Sandbox(w.small())
    page = '{"data": [], "meta": {"nextToken": "again"}}'
    sandbox.fail(Fault("GET", "*/api/data-product", code=200, body=page, times=9))
    with pytest.raises(BadAnswer, match="does not come to an end"):
        table(sandbox, AboutProducts(limit=1))


def test_without_a_limit_the_order_is_turned_and_nothing_is_left_out() -> None:
    found = table(Sandbox(w.small()), AboutProducts(descending=True))
    assert [row.name for row in found.rows if isinstance(row, ListedProduct)] == [
        "Orders and Items",
        "Ledger",
    ]
    assert found.notices == ()


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_sources_and_columns_of_a_product_are_those_whose_names_hold_a_text(vintage: Vintage) -> None:
    sandbox = Sandbox(w.small(), vintage)
    every = product(sandbox, w.ORDERS, sources=True, columns=True)
    assert every.sources is not None
    assert every.columns is not None
    text = every.sources[0].source.name[-4:].upper()
    column = every.columns[0].name[:4].lower()
    some = product(sandbox, w.ORDERS, sources=True, name=text)
    assert some.sources == tuple(one for one in every.sources if text in one.source.name.upper())
    assert some.sources != every.sources
    others = product(sandbox, w.ORDERS, columns=True, name=column)
    assert others.columns == tuple(one for one in every.columns if column in one.name.lower())
    assert others.columns != every.columns
    assert others.sources == every.sources
    asked_for = [dict(parse_qsl(each.query)) for each in sandbox.received if each.path.endswith("/columns")]
    assert {each.get("searchText") for each in asked_for} == {None, column}


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (AboutProducts(), ["Ledger", "Orders and Items"]),
        (AboutProducts(statuses=("APPROVED",)), ["Orders and Items"]),
        (AboutProducts(statuses=("EXPIRED",)), ["Ledger"]),
        (AboutProducts(expiring=True), []),
        (AboutProducts(expiring=False, roles=("member",)), ["Orders and Items"]),
        (AboutProducts(domain="finance"), ["Ledger"]),
    ],
)
def test_products_are_filtered_by_what_the_caller_has_to_do_with_them(
    question: AboutProducts, names: list[str]
) -> None:
    found = table(Sandbox(w.small()), question, "consumer")
    assert [row.name for row in found.rows if isinstance(row, ListedProduct)] == names


def test_the_older_api_may_not_know_roles_and_that_is_said() -> None:
    assert "--role" in table(Sandbox(w.small(), "v1"), AboutProducts(roles=("manager",))).notices[0]
    assert not table(Sandbox(w.small()), AboutProducts(roles=("manager",))).notices


def test_a_domain_is_found_by_id_and_in_any_case() -> None:
    sandbox = Sandbox(w.small())
    for text in ("SALES", w.SALES):
        assert len(table(sandbox, AboutSources(text)).rows) == 4


def test_agreements_tell_their_forms_with_two_requests() -> None:
    sandbox = Sandbox(w.small())
    table(sandbox, AboutAgreements())
    assert sorted(paths(sandbox)) == ["/data-use-agreement", "/request-form"]

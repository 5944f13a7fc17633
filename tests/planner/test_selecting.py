from __future__ import annotations

import pytest

from dpsync.errors import UsageError
from dpsync.model.reference import Address
from dpsync.planner.selecting import means, must_be_carried, must_mean_something, requirements, selects

ORDERS, STRICT = Address("DataProduct", "na-orders"), Address("RequestForm", "strict")


@pytest.mark.parametrize(
    ("pattern", "address", "is_meant"),
    [
        ("DataProduct/na-orders", ORDERS, True),
        ("dataproduct/na-orders", ORDERS, True),
        ("DataProduct/NA-orders", ORDERS, False),
        ("na-orders", ORDERS, True),
        ("na-*", ORDERS, True),
        ("DataProduct/*", ORDERS, True),
        ("*/na-?rders", ORDERS, True),
        ("Data*/[m-o]*", ORDERS, True),
        ("DataProduct/*", STRICT, False),
        ("*", STRICT, True),
        ("orders", ORDERS, False),
    ],
)
def test_a_name_means_what_a_shell_would_take_it_for(pattern: str, address: Address, is_meant: bool) -> None:
    assert means(pattern, address) == is_meant


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("DataProduct/na-order", "Did you mean `DataProduct/na-orders`?"),
        ("na-order", "Did you mean `DataProduct/na-orders`?"),
        ("RequestForm/zzz", "It takes KIND/KEY"),
        ("DataSource/*", "It takes KIND/KEY"),
        ("RequestFrom/strict", "Did you mean `RequestForm/strict`?"),
    ],
)
def test_a_name_that_means_nothing_is_an_error_with_the_closest_one(pattern: str, hint: str) -> None:
    with pytest.raises(UsageError, match="means no resource") as caught:
        must_mean_something("--target", (pattern,), {ORDERS, STRICT})
    assert caught.value.remedy.startswith(hint)


def test_an_object_that_no_manifest_names_is_named_by_its_id() -> None:
    must_mean_something("--target", ("DataProduct/5589b702-24d5-8c43-ad42-947049fdc05b",), {ORDERS})


@pytest.mark.parametrize(
    ("selector", "labels", "is_selected"),
    [
        ("team=sales", {"team": "sales"}, True),
        ("team = sales", {"team": "sales"}, True),
        ("team==sales", {"team": "ops"}, False),
        ("team=sales", {}, False),
        ("team=", {"team": ""}, True),
        ("team!=sales", {"team": "ops"}, True),
        ("team!=sales", {}, True),
        ("team!=sales", {"team": "sales"}, False),
        ("team in (sales, ops)", {"team": "ops"}, True),
        ("team in (sales,ops)", {"team": "hr"}, False),
        ("team notin (sales, ops)", {"team": "hr"}, True),
        ("team notin (sales)", {}, True),
        ("team notin (sales)", {"team": "sales"}, False),
        ("team", {"team": "x"}, True),
        ("team", {}, False),
        ("!team", {}, True),
        ("! team", {"team": "x"}, False),
        ("acme.example/team=sales, tier in (1, 2), !old", {"acme.example/team": "sales", "tier": "2"}, True),
        ("team=sales,tier", {"team": "sales"}, False),
        ("in", {"in": "x"}, True),
    ],
)
def test_labels_are_selected_as_by_kubectl(selector: str, labels: dict[str, str], is_selected: bool) -> None:
    assert selects(requirements(selector), labels) == is_selected


@pytest.mark.parametrize(
    "selector", ["", "team=a,", "team in sales", "team in (a", "=a", "team=a=b", "a b", "team>1"]
)
def test_a_selector_that_cannot_be_read_says_what_can(selector: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        requirements(selector)
    assert "team in (sales, ops)" in caught.value.remedy


def test_a_label_that_nobody_carries_selects_nothing_which_nobody_means() -> None:
    with pytest.raises(UsageError, match="No manifest carries the label 'taem'") as caught:
        must_be_carried(requirements("taem=sales"), [{"team": "sales"}, {}])
    assert caught.value.remedy == "Did you mean `team`?"
    must_be_carried(requirements("taem!=sales, !tier"), [{}])

"""How many requests a plan and an apply take: the wire's floor is the floor of the whole (DESIGN 9)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dpsync.model.identity import computed_id
from dpsync.sandbox import World
from dpsync.sandbox.seed import STANDARD_FORM, large_world
from laws.markets import WORKSPACE_ID, Document, Market, as_yaml, market

IN_SCOPE = 7
LIVE = 250


def key(number: int) -> str:
    return f"p-{number}"


def world(live: int = LIVE, mine: int = IN_SCOPE) -> World:
    """`live` products, the first `mine` of them made by this workspace; one form, a hundred products to a domain."""

    def identity(number: int) -> str:
        return computed_id(WORKSPACE_ID, "DataProduct", key(number)) if number < mine else f"c{number:024d}"

    return large_world(live, product_id=identity)


def document(number: int, **changed: Any) -> Document:
    """The manifest that says of product `number` what is so."""
    spec = {
        "name": f"Product {number:05d}",
        "domain": {"name": f"Domain {number // 100:03d}"},
        "description": f"Records of subject {number}.",
        "subjectMatterExpert": f"user{number % 50:02d}@acme.example",
        "sources": [{"id": str(number * 3 + step)} for step in (1, 2, 3)],
        "requestForm": {"name": STANDARD_FORM},
    }
    return {
        "apiVersion": "dpsync/v1beta1",
        "kind": "DataProduct",
        "metadata": {"name": key(number)},
        "spec": spec | changed,
    }


def counted(one: Market, documents: Sequence[Document]) -> dict[str, int]:
    """The requests of a plan that finds nothing to do, by operation."""
    plan = one.plan([documents])
    assert [str(change.address) for change in plan.changes] == []
    assert plan.unchanged == len(documents)
    return dict(one.requests)


def test_a_plan_that_finds_nothing_asks_for_no_more_than_it_compares() -> None:
    with market(world()) as one:
        found = counted(one, [document(number) for number in range(IN_SCOPE)])
    assert found == {
        "GET /api/auth/user": 1,
        "GET /api/metadata/domain": 1,
        "GET /api/data-product": 3,  # 250 products, 100 a page
        "GET /api/data-product/{id}/datasources/all": IN_SCOPE,
        "GET /api/request-form": 1,
        "GET /api/request-form/{id}/data-products": 1,  # one form is fewer than seven products
        "GET /api/data-use-agreement": 1,
        "GET /api/metadata/domain/{id}/datasources": 4,  # 300 sources of one domain, 100 a page that share one
        "GET /api/metadata/users": IN_SCOPE,  # one search for each person named
    }


def test_a_domain_and_a_person_that_many_name_are_read_once() -> None:
    with market(world(100, 60)) as one:
        found = counted(one, [document(number) for number in range(60)])
    assert found["GET /api/metadata/domain/{id}/datasources"] == 4
    assert found["GET /api/metadata/users"] == 50


def test_forms_are_read_by_product_where_that_is_fewer() -> None:
    with market(world(3, 1)) as one:
        for number in range(3):
            form = one.store.row("SELECT * FROM forms")
            assert form is not None
            row = {name: form[name] for name in form.keys()}  # noqa: SIM118
            one.store.insert(
                "forms", {**row, "id": f"f-{number}", "name": f"F{number}", "name_key": f"F{number}"}
            )
        found = counted(one, [document(0)])
    assert found["GET /api/data-product/{id}/request-forms"] == 1
    assert "GET /api/request-form/{id}/data-products" not in found


def test_what_is_not_managed_is_not_read() -> None:
    bare = document(0)
    spec = {name: value for name, value in bare["spec"].items() if name in {"name", "domain", "sources"}}
    with market(world(3, 1)) as one:
        found = counted(one, [{**bare, "spec": spec}])
    assert "GET /api/metadata/users" not in found
    assert not any("form" in operation and "{id}" in operation for operation in found)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"sources": []},
            {
                "GET /api/data-product/{id}": 1,  # whether it is suspended, asked again before they go
                "GET /api/data-product/{id}/datasources/all": 3,
                "GET /api/data-product/{id}/members": 1,  # who loses them
                "PUT /api/data-product/{id}/datasources": 1,
            },
        ),
    ],
)
def test_a_change_reads_writes_and_reads_back(changed: dict[str, Any], expected: dict[str, int]) -> None:
    with market(world(3, 1)) as one:
        plan = one.plan([[document(0, **changed)]])
        assert one.apply(plan).bad == []
        assert dict(one.requests) == expected


def test_a_create_asks_once_whether_it_is_there_and_then_reads_it_back() -> None:
    with market(world(3, 0)) as one:
        plan = one.plan([[document(7, name="New", domain={"name": "Domain 000"}, sources=[{"id": "1"}])]])
        assert one.apply(plan).bad == []
        assert one.requests["POST /api/data-product"] == 1
        assert one.requests["GET /api/data-product/{id}"] == 1
        assert sum(one.requests.values()) <= 4


def test_an_update_is_read_written_and_read_back_and_forms_only_until_they_are_known_to_stay() -> None:
    def requests(number: int) -> int:
        with market(world(20, number), parallelism=1) as one:
            plan = one.plan([[document(each, description="New.") for each in range(number)]])
            assert one.apply(plan).bad == []
            return sum(one.requests.values())

    first = requests(1)
    assert first <= 4  # the object and its forms, the write, the forms again
    assert requests(8) == first + 7 * 3


def test_a_plan_that_finds_nothing_does_not_load_what_it_does_not_need(tmp_path: Path) -> None:
    """deepdiff costs a tenth of a second, and only a structured value that differs needs it."""
    script = tmp_path / "noop.py"
    script.write_text(
        "import sys\n"
        "from planner.test_requests import *\n"
        "with market(world(3, 1)) as one:\n"
        "    counted(one, [document(0)])\n"
        "    print('deepdiff' in sys.modules)\n"
        "    one.plan([[document(0, description='New.')]])\n"
        "    print('deepdiff' in sys.modules)\n",
        encoding="utf-8",
    )
    (tmp_path / "manifest.yaml").write_text(as_yaml([document(0)]), encoding="utf-8")
    tests = Path(__file__).parent.parent
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tests)!r}); exec(open({str(script)!r}).read())",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.stdout.split() == ["False", "False"], ran.stderr

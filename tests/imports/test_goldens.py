"""Three imports, as folders to be read: what a person finds in Git after them. `make golden` writes them anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dpsync.imports import Wish
from dpsync.sandbox import World
from dpsync.sandbox.seed import demo_world
from dpsync.sandbox.world import Domain, Form, Group, Product, Source, User
from imports.importing import contents, imported, importing, is_in_step
from laws.markets import Market, market

HERE = Path(__file__).parent / "golden"


def _nothing_more(_one: Market) -> None: ...


def _years_later(one: Market) -> None:
    """The expert of a product has left."""
    with one.store.transaction():
        one.store.rows("DELETE FROM users WHERE username = 'gone.person'")


def _hard_world() -> World:
    """What grew by hand for years: names of every kind, tables of one name on two platforms, people who left."""

    def uuid(number: int) -> str:
        return f"00000000-0000-4000-8000-{number:012}"

    ask = {"type": "PERMISSION", "permission": "GOVERNANCE"}
    review = {"rules": [], "defaultEvent": {"type": "review", "params": {"stages": [{"any": [ask]}]}}}
    left = {"type": "USER", "id": uuid(93)}
    by_who_left = {"rules": [], "defaultEvent": {"type": "review", "params": {"stages": [{"any": [left]}]}}}
    delegate = {"rules": [], "defaultEvent": {"type": "dataProductPolicy"}}
    question = {"id": uuid(80), "type": "SHORT_ANSWER", "label": "Why?", "required": False}
    sources = (
        Source(1, "Orders", "Snowflake", "acme.snowflake.example", "SHOP", "CORE", "ORDERS"),
        Source(2, "Orders", "Databricks", "acme.databricks.example", "SHOP", "CORE", "ORDERS"),
        Source(3, "Orders", "Snowflake", "other.snowflake.example", "SHOP", "CORE", "ORDERS"),
        Source(4, "Dotted", "Snowflake", "acme.snowflake.example", "SHOP", "V1.2", "ORDER.ITEMS"),
        Source(5, "Exports", "S3", prefix="s3://lake/exports/"),
        Source(6, "Twin", "Custom"),
        Source(7, "Twin", "Custom"),
        Source(8, "Clicks", "Databricks", "acme.databricks.example", "main", "web", "clicks"),
    )
    people = tuple(
        User(number, uuid(number), username, username.title(), mail, permissions=("GOVERNANCE",))
        for number, username, mail in (
            (91, "root", None),
            (92, "jane.doe", "jane.doe@acme.example"),
            (93, "gone.person", "gone@acme.example"),
            (94, "jane.doe2", "jane.doe@acme.example"),
        )
    )
    forms = (
        Form(uuid(70), "Standard Request Form", (question,), review, built_in=True),
        Form(uuid(71), "Delegated", (question, {**question, "id": uuid(81)}), delegate),
        Form(uuid(72), "Asked of one who left", (question,), by_who_left),
    )

    def product(
        number: int, name: str, domain: str, *numbers: int, form: int = 71, **more: object
    ) -> Product:
        return Product(f"c{number:024}", name, domain, numbers, uuid(form), **more)  # type: ignore[arg-type]

    one, two = uuid(61), uuid(62)
    return World(
        tenant="hard",
        caller=uuid(91),
        domains=(
            Domain(one, "Sales", "", (1, 2, 3, 4, 5, 6, 7)),
            Domain(two, "sales (EU)", "", (8,)),
            Domain(uuid(63), "Forms", "", (8,)),
        ),
        sources=sources,
        users=people,
        groups=(Group(1, "Stewards", "okta"), Group(2, "Stewards", "bim")),
        forms=forms,
        products=(
            product(1, "Orders / All", one, 1, 2, 3, 4, 5, 6, 7, expert=uuid(92), flow=review),
            product(2, "Orders - All", one, 1, expert=uuid(92), description="no"),
            product(3, "注文", one, 5, expert=uuid(92), suspended=True),
            product(4, "Of one who left", one, form=72, expert=uuid(93)),
            product(5, "Clicks", two, 8, description="Clicks: ${of} the shop\n\nand the app\n"),
            product(7, "Borrowed", two, 8, 5, form=70),
            product(6, "Clicks 2", uuid(63), 8, form=70, flow=by_who_left),
        ),
    )


IMPORTS: dict[str, tuple[Callable[[], World], Wish, bool, Callable[[Market], None]]] = {
    "everything-of-acme": (demo_world, Wish(everything=True), False, _nothing_more),
    "one-domain-with-patterns": (
        lambda: _with_a_whole_schema(demo_world()),
        Wish(domains=("Sales",)),
        True,
        _nothing_more,
    ),
    "what-grew-by-hand": (_hard_world, Wish(everything=True), False, _years_later),
}


def _with_a_whole_schema(world: World) -> World:
    """Acme, with a product of everything that a schema of its domain has, and something more."""
    sales = next(domain for domain in world.domains if domain.name == "Sales")
    known = {source.id: source for source in world.sources}
    whole = [number for number in sales.sources if known[number].schema == "RETAIL"]
    some = [number for number in sales.sources if (known[number].table or "").startswith("FACT_")]
    other = [number for number in sales.sources if known[number].schema == "SALES" and number not in some]
    made = world.products[0]
    more = replace(
        made,
        id=f"c{9:024}",
        name="All of Retail",
        sources=(*whole, *some, *other[:1]),
        requests=(),
        expert=None,
    )
    return replace(world, products=(*world.products, more))


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_reads_as_expected(name: str) -> None:
    world, wish, globs, later = IMPORTS[name]
    with market(world()) as one, importing(one) as settings:
        later(one)
        found = imported(one, settings, wish, globs=globs)
        is_in_step(one, settings)
        told = "".join(f"{finding.message}\n" for finding in found.findings)
        written = {**contents(settings.root), "left-out.txt": told.encode()}
    folder = HERE / name
    if os.environ.get("DPSYNC_GOLDEN") == "write":
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in written.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    assert written == contents(folder)

"""Laws of import: whatever is live, the manifests that it writes are what is live.

After an import a plan has nothing to do, the second import has nothing to add, and everything that is live is declared or
listed. Worlds are those of the other laws, made stranger by hand: names of every legal letter, products in two domains,
sources that left their domain, people who left the company.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync import pipeline
from dpsync.imports import Wish
from dpsync.manifests.fmt import formatted
from dpsync.pipeline import imports
from dpsync.sandbox import World
from dpsync.sandbox.seed import demo_world, random_world
from dpsync.settings import Settings, Vintage, Workspace
from imports.importing import contents, imported, importing, is_in_step
from laws.budget import law
from laws.estates import Estate, estates, in_files, meddle
from laws.markets import UNGUARDED, Market, market

NAMES = ("Ünïcödé (Ω) 数据", "A-B_c/d\\e", "数据", "con", "Ærø", "a  b", "A B", "0f", "null", "DataProduct")
"""Legal names (FACTS 0.15) that are hard on keys and on YAML."""


def everything_is_declared_or_listed(one: Market, settings: Settings, found: imports.Imported) -> None:
    declared = {(each.kind, each.id) for each in pipeline.loaded(settings).resources}
    listed = " ".join(finding.message for finding in found.findings)
    for table, kind in (
        ("products", "DataProduct"),
        ("forms", "RequestForm"),
        ("agreements", "DataUseAgreement"),
    ):
        for row in one.store.rows(f"SELECT id, name FROM {table}"):
            if row["name"] != "Standard Request Form":
                assert (kind, row["id"]) in declared or row["id"] in listed, row["name"]


def holds(one: Market, **more: Any) -> None:
    """The law: import, plan, import again."""
    with importing(one) as settings:
        found = imported(one, settings, **more)
        everything_is_declared_or_listed(one, settings, found)
        if not found.objects:
            return
        is_in_step(one, settings, " ".join(finding.message for finding in found.findings))
        before = contents(settings.root)
        assert {path: formatted(content, Workspace).content for path, content in before.items()} == before
        again = imported(one, settings, **more)
        assert again.texts == {}
        assert contents(settings.root) == before


@law(0.3)
@given(st.integers(0, 400), st.integers(0, 6), st.integers(0, 999), st.booleans())
def test_after_an_import_of_any_world_a_plan_has_nothing_to_do(
    seed: int, size: int, hand: int, globs: bool
) -> None:
    world = random_world(seed, size)
    with market(world) as one:
        stranger(one, world, random.Random(hand))
        holds(one, globs=globs)


@law(0.15)
@given(st.integers(0, 400), st.integers(0, 6), st.integers(0, 999))
def test_the_older_api_is_imported_alike(seed: int, size: int, hand: int) -> None:
    world = random_world(seed, size)
    with market(world, vintage="v1") as one:
        stranger(one, world, random.Random(hand))
        holds(one)


@law(0.15)
@given(estates())
def test_what_another_workspace_or_this_one_made_is_imported_alike(estate: Estate) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=False, guardrails=UNGUARDED))
        estate.by_hand(one.store)
        holds(one)


@pytest.mark.parametrize("vintage", ["v1", "v2"])
def test_the_seeded_world_is_imported(vintage: Vintage) -> None:
    with market(demo_world(), vintage=vintage) as one:
        holds(one)


@law(0.15)
@given(st.integers(0, 400), st.integers(1, 6), st.integers(1, 2))
def test_importing_part_by_part_adds_what_is_new_and_changes_nothing_else(
    seed: int, size: int, part: int
) -> None:
    world = random_world(seed, size)
    with market(world) as one, importing(one) as settings:
        first = Wish(domains=tuple(domain.name for domain in world.domains[:part]))
        imported(one, settings, first)
        before = contents(settings.root)
        imported(one, settings)
        after = contents(settings.root)
        assert {path: after[path] for path in before} == before
        if after:
            is_in_step(one, settings)


def stranger(one: Market, world: World, chance: random.Random) -> None:
    """What people do to a marketplace in years."""
    store = one.store
    meddle(store, world, chance)
    with store.transaction():
        names = list(NAMES)
        chance.shuffle(names)
        for row in store.rows("SELECT id FROM products ORDER BY id"):
            if names and chance.random() < 0.5:
                name = names.pop()
                store.update("products", row["id"], {"name": name, "name_key": name})
        for row in store.rows("SELECT source FROM product_sources ORDER BY source"):
            if chance.random() < 0.1:
                home = store.value("SELECT domain FROM domain_sources WHERE source = ?", (row["source"],))
                others = [domain.id for domain in world.domains if domain.id != home]
                store.rows("DELETE FROM domain_sources WHERE source = ?", (row["source"],))
                if chance.random() < 0.7:
                    store.insert("domain_sources", {"domain": chance.choice(others), "source": row["source"]})
        if chance.random() < 0.4:
            gone = chance.choice([user for user in world.users if user.global_id != world.caller])
            store.rows("DELETE FROM users WHERE global_id = ?", (gone.global_id,))

"""`dpsync import` as it is typed: what is picked from a list, what is refused, and what a thousand sources come to."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.served import Estate, Terminal
from dpsync.cli import dpsync
from dpsync.cli.import_ import numbers_in
from dpsync.cli.progress import Reading
from dpsync.imports import Wish
from dpsync.imports.names import Keys, slug
from dpsync.model.reference import is_key
from dpsync.sandbox.seed import large_world
from imports.importing import imported, importing, is_in_step
from laws.markets import market

WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: test, id: example-import-0000}
spec:
  manifests: [products]
  environments: {sandbox: {url: "sandbox:"}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    return tmp_path


def typed(workspace: Path, *arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(dpsync, ["import", *arguments, "--workspace", str(workspace)], input=answers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1-3,7", (1, 2, 3, 7)),
        ("2 2", (2,)),
        ("ALL", tuple(range(1, 9))),
        ("", None),
        ("0", None),
        ("9", None),
        ("3-1", None),
        ("x", None),
    ],
)
def test_numbers_and_ranges_are_picked(text: str, numbers: tuple[int, ...] | None) -> None:
    assert numbers_in(text, 8) == numbers


def test_products_are_picked_from_a_numbered_list(estate: Estate) -> None:
    with estate.served(), Terminal(estate, "import") as terminal:
        terminal.read_until("or all: ")
        code, said = terminal.answer("2")
    assert code == 0
    assert "2  Customer Voice  (Customer Care)" in terminal.shown
    assert "Wrote products/customer-care/customer-voice.yaml" in said
    assert "1 data product and 1 request form" in said


def test_a_file_of_manifests_is_no_folder_for_new_ones(workspace: Path) -> None:
    file = workspace / "dpsync.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("[products]", "[all.yaml]"), encoding="utf-8")
    result = typed(workspace, "--all")
    assert result.exit_code == 1
    assert "no folder to put new ones into" in result.stderr


def test_a_manifest_that_has_the_name_of_something_made_by_hand_is_listed(workspace: Path) -> None:
    place = workspace / "products" / "voice.yaml"
    place.parent.mkdir()
    text = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: voice}
spec: {name: customer voice, domain: {name: Customer Care}, sources: []}
"""
    place.write_text(text, encoding="utf-8")
    result = typed(workspace, "--name", "Customer Voice")
    assert "`id: c1d3d4cf52d6c1dd578420428`" in result.stderr
    assert place.read_text(encoding="utf-8") == text


def test_a_product_of_a_thousand_sources_is_imported() -> None:
    world = large_world(2, sources_per_product=1000)
    with market(world) as one, importing(one) as settings:
        imported(one, settings, Wish(everything=True))
        is_in_step(one, settings)
        text = (settings.root / "products/domain-000/product-00000.yaml").read_text(encoding="utf-8")
        assert text.count("    - table: ANALYTICS.D000.T") == 1000
    with market(replace(world)) as one, importing(one) as settings:
        imported(one, settings, Wish(names=("product 00000",)), globs=True)
        is_in_step(one, settings)


def test_keys_are_keys_whatever_a_name_is_made_of() -> None:
    names = [
        "Ünïcödé (Ω)",
        "数据",
        "a/b\\c",
        "con",
        "  x  ",
        "ß",
        "Ærø",
        "İstanbul",
        "x" * 300,
        "---",
        "00000000-0000-4000-8000-000000000072",
    ]
    keys = Keys("data product")
    made = [keys.new(name, name) for name in [*names, *names]]
    assert len(set(made)) == len(made)
    assert all(is_key(key) for key in made)
    assert slug("Ærø & Łódź") == "aero-lodz"


def test_the_bar_counts_the_products_that_were_asked_for() -> None:
    now, sent = [0.0], [5]
    reading = Reading(lambda: sent[0], lambda: now[0])
    assert reading.numbers() == "Reading the marketplace"
    reading.reading("products", 10)
    now[0], sent[0] = 2.0, 9
    assert reading.numbers() == "4/10 products  2.0/s"
    sent[0] = 99
    assert reading.done == 10


def test_nothing_is_drawn_where_stderr_is_no_terminal(workspace: Path) -> None:
    assert not os.environ.get("FORCE_COLOR")
    assert typed(workspace, "--domain", "Sales").stderr == ""

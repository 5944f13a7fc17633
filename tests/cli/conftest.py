"""The seeded world in a file of its own for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.served import FORM, PRODUCT, Estate
from dpsync.sandbox.files import seed_file


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the demo world, to copy."""
    file = tmp_path_factory.mktemp("seeded") / "sandbox.db"
    seed_file(file)
    return file


@pytest.fixture
def estate(tmp_path: Path, seeded: Path) -> Estate:
    """A workspace with two forms and a product behind each; nothing of it is made yet."""
    root = tmp_path / "workspace"
    root.mkdir()
    made = Estate(root, Path(shutil.copy(seeded, tmp_path / "sandbox.db")))
    made.declare(
        calm=FORM.format(key="calm", name="Calm Form"),
        strict=FORM.format(key="strict", name="Strict Form"),
        orders=PRODUCT.format(key="orders", name="Edge Orders", form="calm", table="ORDERS"),
        returns=PRODUCT.format(key="returns", name="Edge Returns", form="strict", table="RETURNS"),
    )
    return made

"""Sandboxes in files: opening one that may not exist yet, and seeding one.

Apart from the store because a store neither knows the seeded world nor makes folders. Not for tests of the API, which
load the world that they need.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dpsync.sandbox.seed import demo_world, large_world
from dpsync.sandbox.store import Store


@contextmanager
def opened_store(path: Path) -> Iterator[Store]:
    """The store in this file; a file that is not there yet is made, with the demo world in it.

    It is filled beside its place and put there whole, so that two that begin at once see one world.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        with Store(beside) as store:
            store.load(demo_world())
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    with Store(path) as store:
        yield store


def seed_file(path: Path, products: int | None = None) -> None:
    """Fill the file with the demo world, or with a large one of that many products. What was in it is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Store(path) as store:
        store.load(demo_world() if products is None else large_world(products))

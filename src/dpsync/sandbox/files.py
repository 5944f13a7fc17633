"""Sandboxes in files: opening one that may not exist yet, and seeding one.

Apart from the store because a store neither knows the seeded world nor makes folders. Not for tests of the API, which
load the world that they need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dpsync.sandbox.seed import demo_world, large_world
from dpsync.sandbox.store import Store


@contextmanager
def opened_store(path: Path) -> Iterator[Store]:
    """The store in this file; a file that is not there yet is made, with the demo world in it."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with Store(path) as store:
        if is_new:
            store.load(demo_world())
        yield store


def seed_file(path: Path, products: int | None = None) -> None:
    """Fill the file with the demo world, or with a large one of that many products. What was in it is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Store(path) as store:
        store.load(demo_world() if products is None else large_world(products))

"""A marketplace and a workspace without manifests before it: what import makes of the one in the other."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dpsync import pipeline
from dpsync.imports import Wish
from dpsync.manifests.start import write_new
from dpsync.pipeline import imports
from dpsync.settings import Settings
from laws.markets import Market

ALL = Wish(everything=True)


class _Unwatched:
    def reading(self, what: str, total: int) -> None: ...


@contextmanager
def importing(one: Market, root: Path | None = None) -> Iterator[Settings]:
    """The settings of a workspace without manifests, before this marketplace."""
    with tempfile.TemporaryDirectory() as made:
        folder = root or Path(made)
        yield replace(one.settings, root=folder, variables={"sandbox": {}})


def imported(one: Market, settings: Settings, wish: Wish = ALL, **more: Any) -> imports.Imported:
    """Import, and write the files."""

    async def run() -> imports.Imported:
        async with one.client(one._door()) as client:
            survey = await imports.surveyed(settings, client)
            return await imports.imported(settings, survey, wish, client, _Unwatched(), **more)

    found = asyncio.run(run())
    write_new(settings.root, found.texts)
    return found


def is_in_step(one: Market, settings: Settings, listed: str = "") -> None:
    """Assert that a plan changes nothing, and that it is whole. Of this workspace's own, what was listed would be deleted."""
    plan = one.plan_of(pipeline.declared(settings), replace(settings, prune=True))
    told = [
        f"{change.address} {change.actions} {change.fields} {change.sources} {change.blocked}"
        for change in plan.changes
        if not (change.after is None and change.id in listed)
    ]
    assert told == []
    assert plan.complete


def contents(root: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

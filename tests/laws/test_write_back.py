"""Laws of write-back: what it brought into the manifests is no difference any more, and nothing else moved.

The manifests are one revision of an estate, what is live is another one that somebody applied; the files are full of comments.
What a plan still has to do afterwards is what was listed, and nothing but that.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given

from dpsync import pipeline
from dpsync.manifests.fmt.tree import read_tree
from dpsync.manifests.rename import write
from dpsync.pipeline.writeback import Back, written_back
from dpsync.settings import Settings
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import FOLDER, UNGUARDED, Document, Market, as_yaml, market


def put(folder: Path, files: Sequence[Sequence[Document]], chance: random.Random) -> None:
    """Write the files as people do: with comments between, above and beside the lines."""
    for number, documents in enumerate(files):
        if documents:
            path = folder / FOLDER / f"{number:02d}.yaml"
            path.parent.mkdir(exist_ok=True)
            lines = as_yaml(documents).splitlines()
            path.write_text("".join(_commented(line, chance) for line in lines), encoding="utf-8")


def _commented(line: str, chance: random.Random) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    is_whole = line.rstrip().endswith((":", "'")) or line.strip().startswith(
        ("kind", "- name", "database", "schema")
    )
    above = f"{indent}# {chance.randrange(1000)}\n" if is_whole and chance.random() < 0.2 else ""
    beside = (
        f"  # {chance.randrange(1000)}"
        if line.strip().startswith(("kind:", "apiVersion")) and chance.random() < 0.3
        else ""
    )
    return f"{above if line != '---' else ''}{line}{beside}\n"


def brought_back(one: Market, settings: Settings) -> Back:
    """Write back, and write the files."""

    async def run() -> Back:
        async with one.client(one._door()) as client:
            return await written_back(settings, client)

    back = asyncio.run(run())
    write(back.files)
    return back


def holds(one: Market, estate: Estate) -> None:
    """The law."""
    one.apply(one.plan(in_files(estate.first), prune=False, guardrails=UNGUARDED))
    one.apply(one.plan(in_files(estate.second), prune=False, guardrails=UNGUARDED))
    with tempfile.TemporaryDirectory() as made:
        settings = replace(one.settings, root=Path(made), variables={"sandbox": {}})
        put(settings.root, in_files(estate.first), random.Random(estate.hand))
        before = comments(settings.root)
        back = brought_back(one, settings)
        listed = {finding.address for finding in back.findings}
        plan = one.plan_of(pipeline.declared(settings), replace(settings, prune=True))
        assert {change.address for change in plan.changes} <= listed, [
            (str(change.address), change.fields, change.sources)
            for change in plan.changes
            if change.address not in listed
        ]
        lost = before - comments(settings.root)
        assert not lost, "comments that stand on a line of their own stay"
        again = brought_back(one, settings)
        assert set(again.fields) <= listed, "only what was listed may come later, once what it depends on has"


def comments(root: Path) -> Counter[str]:
    return Counter(
        comment
        for path in root.rglob("*.yaml")
        for comment in read_tree(path.read_text(encoding="utf-8")).comments
    )


@law(0.3)
@given(estates())
def test_what_was_written_back_is_no_difference_any_more(estate: Estate) -> None:
    with market(estate.world) as one:
        holds(one, estate)


@law(0.2)
@given(estates(vintage="v1"))
def test_the_older_api_is_written_back_alike(estate: Estate) -> None:
    with market(estate.world, vintage="v1") as one:
        holds(one, estate)

"""What a shell completes: the keys of the workspace, kinds, fields and guardrails.

Asked at every press of a key, so it imports little and reads files without judging them; and it never fails: who types
cannot use an error, so where nothing can be read there is nothing to complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dpsync.manifests.keys import Key


def complete_addresses(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """KIND/KEY of every resource that begins so; also what follows `RULE:` or a comma."""
    before, begun = _split(begun)
    return [f"{before}{kind}/{key}" for kind, key in _keys(ctx) if f"{kind}/{key}".startswith(begun)]


def complete_resources(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    """KIND/KEY and bare keys."""
    if "/" in begun:
        return complete_addresses(ctx, param, begun)
    keys = sorted({key for _kind, key in _keys(ctx) if key.startswith(begun)})
    return keys or complete_addresses(ctx, param, begun)


def complete_products(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """The keys of products."""
    from dpsync.kinds.data_product import DATA_PRODUCT

    return sorted({key for kind, key in _keys(ctx) if kind == DATA_PRODUCT.name and key.startswith(begun)})


def complete_kinds(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """The kinds of documents."""
    from dpsync.manifests.schema import names

    return _beginning(names(), begun)


def complete_pages(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """What `explain` has a page about: guardrails, kinds, and fields one step at a time."""
    from dpsync.checks import NAMES
    from dpsync.manifests.fields import paths
    from dpsync.settings import Workspace

    deep = begun.count(".")
    return _beginning([*NAMES, *(path for path in paths(Workspace) if path.count(".") <= deep)], begun)


def _beginning(words: Iterable[str], begun: str) -> list[str]:
    return [word for word in words if word.startswith(begun)]


def _split(begun: str) -> tuple[str, str]:
    """What was typed before the resource, and what of it is there."""
    for sign in (":", ","):
        before, found, rest = begun.rpartition(sign)
        if found:
            return before + found, rest
    return "", begun


def _keys(ctx: click.Context) -> tuple[Key, ...]:
    from dpsync.manifests.files import find_workspace
    from dpsync.manifests.keys import keys_of

    named = ctx.params.get("workspace")
    try:
        file = find_workspace(Path.cwd()) if named is None else Path(named) / "dpsync.yaml"
    except OSError:  # the folder is gone
        return ()
    return keys_of(file.parent) if file is not None else ()

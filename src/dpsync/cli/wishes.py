"""What the command line says about how a plan is made: the options that `plan` and `apply` share, as one value.

A module of its own, and light, because `plan --help` must not import what planning needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from dpsync.cli.keys import complete_resources
from dpsync.cli.shared import not_empty, url_option, workspace_options
from dpsync.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

REACHES = ("counts", "managed", "full")
DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a plan is made, by which policy, and how far it looks. What is None was not said."""

    workspace: Path | None = None
    environment: str | None = None
    url: str | None = None
    policy_from: str | None = None
    allow: tuple[str, ...] = ()
    reach: str = "managed"
    show_members: bool = False
    base: str | None = None
    only: str | None = None
    changed_since: str | None = None
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


def wish_options(command: Command) -> Command:
    """Every option that says how a plan is made; the command is given them as `wish`."""
    return _wishing(command, (*_WEIGHING, *_COMPARING, *_PARTING, *_RULING))


def undo_options(command: Command) -> Command:
    """The same for a plan that is not made of manifests: there is no base to compare them with."""
    return _wishing(command, (*_WEIGHING, *_RULING))


def _wishing(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    @wraps(command)
    def wishing(**given: Any) -> Any:
        _refuse_empty_variables()
        wish = Wish(**{name: given.pop(name) for name in Wish.__dataclass_fields__ if name in given})
        return command(wish=wish, **given)

    function: Any = wishing
    for option in reversed(options):
        function = option(function)
    return workspace_options(url_option(function))  # type: ignore[no-any-return]


_RESTRICTING = (
    "DPSYNC_POLICY_FROM",
    "DPSYNC_EXPECT_PLAN",
    "DPSYNC_FAIL_ON",
    "DPSYNC_BASE",
    "DPSYNC_CHANGED_SINCE",
    "DPSYNC_TARGET",
    "DPSYNC_EXCLUDE",
)


def _refuse_empty_variables() -> None:
    """A variable that restricts and is empty, as an unset expression of a pipeline is, must not mean 'no restriction'."""
    for name in _RESTRICTING:
        if os.environ.get(name) == "":
            raise UsageError(f"{name} is set and empty.", "Give it a value, or unset it.")


_WEIGHING = (
    click.option(
        "--impact",
        "reach",
        type=click.Choice(REACHES),
        default="managed",
        envvar="DPSYNC_IMPACT",
        show_default=True,
        help="Who keeps a source through another product: not asked, asked of this workspace's, or of all products.",
    ),
    click.option(
        "--show-members",
        is_flag=True,
        help="Name the people who gain or lose access; there is no variable for it.",
    ),
)
_COMPARING = (
    click.option(
        "--base",
        metavar="REF",
        envvar="DPSYNC_BASE",
        help="Say where each change comes from, compared with where this branch left REF.",
    ),
    click.option(
        "--only",
        type=click.Choice([DECLARED]),
        help="With --base: only changes that the manifests declare.",
    ),
)
_PARTING = (
    click.option(
        "--changed-since",
        metavar="REF",
        envvar="DPSYNC_CHANGED_SINCE",
        callback=not_empty,
        help="Plan, and read, only what the manifests say otherwise than where this branch left REF.",
    ),
    click.option(
        "--target",
        "targets",
        metavar="KEY",
        multiple=True,
        envvar="DPSYNC_TARGET",
        shell_complete=complete_resources,
        help="Plan, and read, only this resource: KIND/KEY, a key, or a glob. May be repeated.",
    ),
    click.option(
        "--exclude",
        "excludes",
        metavar="KEY",
        multiple=True,
        envvar="DPSYNC_EXCLUDE",
        shell_complete=complete_resources,
        help="Leave this resource out, named as for --target. May be repeated.",
    ),
    click.option(
        "--select",
        "selectors",
        metavar="LABELS",
        multiple=True,
        help="Plan, and read, only resources with these labels, as for kubectl: team=sales,tier in (1, 2).",
    ),
)
_RULING = (
    click.option(
        "--policy-from",
        metavar="REF",
        envvar="DPSYNC_POLICY_FROM",
        help="Take the whole of dpsync.yaml and the exceptions from this Git revision.",
    ),
    click.option(
        "--allow",
        metavar="RULE:RESOURCE",
        multiple=True,
        help="Let one guardrail pass for one resource, this once; there is no variable for it.",
    ),
)

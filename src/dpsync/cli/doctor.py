"""`dpsync doctor`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import page_for, root_of, settings_for, url_option, workspace_options
from dpsync.errors import DpsyncError, InvalidManifests, MarketplaceError, UsageError

if TYPE_CHECKING:
    from dpsync.model.examination import Examined
    from dpsync.settings import Settings

CANNOT_WORK = MarketplaceError.exit_code


@click.command()
@workspace_options
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(workspace: Path | None, environment: str | None, url: str | None, *, as_json: bool) -> int:
    """Say what keeps dpsync from working, and what to do about it.

    Looks at this machine, the workspace, the token, the way to the marketplace, and what the token may do there; says of each
    how it stands. Sends GET only, and shows no token.

    \b
    Exit 0  dpsync can work (there may be warnings)
    Exit 6  it cannot
    """  # noqa: D301 - click's own mark for "do not wrap"
    import asyncio

    from dpsync.model.examination import Examination
    from dpsync.reports.doctor import as_json as json_of
    from dpsync.reports.doctor import as_text

    settings, entries = _settled(workspace, environment, url)
    if settings is not None:
        entries += asyncio.run(_asked(settings))
    found = Examination(
        settings.environment if settings else "", settings.url if settings else "", tuple(entries)
    )
    click.echo(json_of(found) if as_json else as_text(found, page_for(sys.stdout)), nl=False)
    return 0 if found.can_work else CANNOT_WORK


def _settled(
    workspace: Path | None, environment: str | None, url: str | None
) -> tuple[Settings | None, list[Examined]]:
    """The settings, if there are any, and what there is to say of this machine and of them."""
    from dpsync.model.examination import error, good
    from dpsync.pipeline import doctor

    try:
        root = root_of(workspace)
        settings = settings_for(workspace, environment, url)
    except InvalidManifests as problem:
        first = next(one for one in problem.findings if one.is_error)
        wrong = error("workspace", f"{first.origin}: {first.message}", first.remedy)
    except UsageError as problem:
        wrong = error("workspace", problem.message, problem.remedy)
    else:
        machine = list(doctor.machine(root, os.environ, url=settings.url))
        return settings, [*machine, good("workspace", f"{root} is a workspace: {settings.workspace}.")]
    return None, [*doctor.machine(Path.cwd() if workspace is None else workspace, os.environ), wrong]


async def _asked(settings: Settings) -> list[Examined]:
    """What there is to say of the manifests, the token, and the marketplace."""
    import time

    from dpsync.cli.connect import connected
    from dpsync.cli.tokens import token_for, token_place
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.examination import error
    from dpsync.pipeline import doctor
    from dpsync.settings import allowed_hosts, is_sandbox

    now = time.time()
    valid, desired = doctor.manifests(settings)
    entries = [valid]
    try:
        if not is_sandbox(settings.url):
            token = token_for(settings)
            entries += doctor.token(token, token_place(settings), now)
            way, is_open = await doctor.reached(settings, token, allowed_hosts(os.environ), now, os.environ)
            entries += way
            if not is_open:
                return entries
        async with connected(settings, ReadClient) as client:
            entries += await doctor.inside(settings, desired, client, now)
    except DpsyncError as problem:
        entries.append(error("token", problem.message, problem.remedy))
    return entries

"""`dpsync import`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import is_interactive, list_findings, settings_for, url_option, workspace_options
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.imports import Wish
    from dpsync.model.finding import Finding
    from dpsync.pipeline.imports import Imported, Survey
    from dpsync.settings import Settings

WHOLE, INCOMPLETE = 0, 1
_SOURCES = "GET /api/data-product/{id}/datasources/all"
"""What is sent once for each product that is read whole."""


@click.command()
@click.option("--all", "everything", is_flag=True, help="Everything that is live and not declared.")
@click.option(
    "--domain",
    "domains",
    metavar="DOMAIN",
    multiple=True,
    help="The products of a domain, by name, key or id.",
)
@click.option(
    "--name", "names", metavar="GLOB", multiple=True, help="What is called so, with * and ?, in any case."
)
@click.option("--unmanaged", is_flag=True, help="What is live and was not made by this workspace.")
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also bring what is live into the manifests of what is declared already; comments stay.",
)
@click.option(
    "--globs", is_flag=True, help="Write `match` where a pattern finds exactly the sources that are there."
)
@workspace_options
@url_option
def command(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    *,
    everything: bool,
    domains: tuple[str, ...],
    names: tuple[str, ...],
    unmanaged: bool,
    globs: bool,
    overwrite: bool,
) -> int:
    """Make manifests of what is live.

    Writes new files only: one per object, products in a folder of their domain, with what most of them share as defaults of the
    Domain. Ids are pinned, so that each manifest is the live object; a plan afterwards has nothing to do. The forms and
    agreements that products name come along. Running it again adds what is new. What a manifest cannot say is listed. On
    a terminal, without an option, it asks which products are meant. The client that reads the marketplace cannot write.

    \b
    Exit 0  everything that could be said is in files
    Exit 1  usage, manifests that are not valid, or a list that could not be read completely
    Exit 6  the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    from dpsync.cli.connect import connected, finished
    from dpsync.cli.progress import reading_for
    from dpsync.imports import Wish
    from dpsync.manifests.rewriting import write
    from dpsync.manifests.start import write_new
    from dpsync.marketplace.client import ReadClient
    from dpsync.pipeline import imports
    from dpsync.reports.layout import visible

    wish = Wish(everything=everything, unmanaged=unmanaged, domains=domains, names=names)
    if wish.is_open and not is_interactive():
        raise UsageError(
            "What to import is not said.",
            "Write --all, --domain DOMAIN, --name GLOB or --unmanaged; on a terminal, dpsync asks.",
        )
    settings = settings_for(workspace, environment, url)

    async def surveyed() -> Survey:
        async with connected(settings, ReadClient) as client:
            return await imports.surveyed(settings, client)

    survey = finished(surveyed())
    if wish.is_open:
        wish = _picked(survey)

    async def imported() -> Imported:
        async with connected(settings, ReadClient) as client:
            with reading_for(lambda: client.requests[_SOURCES]) as watch:
                return await imports.imported(settings, survey, wish, client, watch, globs=globs)

    found = finished(imported())
    write(found.pins)
    write_new(settings.root, found.texts)
    for path in found.texts:
        click.echo(visible(f"Wrote {path}"))
    for file in found.pins:
        for number, text in file.lines:
            click.echo(visible(f"{file.name}:{number}: {text}"))
    findings = found.findings
    if overwrite and found.declared:
        findings = (*findings, *_overwritten(settings, found))
    if findings:
        list_findings(findings)
    click.echo(_summary(found))
    return INCOMPLETE if any(one.is_error for one in findings) else WHOLE


def _overwritten(settings: Settings, found: Imported) -> tuple[Finding, ...]:
    """Bring what is live into the manifests of what was meant and is declared; what could not be."""
    from dpsync.cli.connect import connected, finished
    from dpsync.cli.drift import wrote
    from dpsync.marketplace.client import ReadClient
    from dpsync.pipeline.writeback import Back, written_back

    async def back() -> Back:
        async with connected(settings, ReadClient) as client:
            return await written_back(settings, client, found.declared)

    done = finished(back())
    wrote(done)
    return done.findings


def _picked(survey: Survey) -> Wish:
    """What somebody picks from a numbered list of the products that no manifest declares."""
    from dpsync.imports import Wish, chosen
    from dpsync.reports.layout import visible

    new = [
        one for one in chosen(Wish(everything=True), survey.desired, survey.live).new if one.spec.gives_access
    ]
    if not new:
        return Wish(everything=True)
    width = len(str(len(new)))
    for number, one in enumerate(new, 1):
        domain = getattr(one.spec, "domain", "")
        click.echo(visible(f"{number:>{width}}  {one.title}  ({domain})"), err=True)
    while True:
        text = click.prompt("Which ones? Numbers and ranges such as 1-3,7, or all", err=True)
        numbers = numbers_in(text, len(new))
        if numbers is not None:
            return Wish(picked=frozenset(new[number - 1].id for number in numbers))
        click.echo(f"Write numbers from 1 to {len(new)}.", err=True)


def numbers_in(text: str, most: int) -> tuple[int, ...] | None:
    """The numbers that a text names, from 1 on, each once; None if it is none, or names one that there is not."""
    if text.strip().casefold() == "all":
        return tuple(range(1, most + 1))
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        ends = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
        if ends is None:
            return None
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if not 1 <= first <= last <= most:
            return None
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def _summary(found: Imported) -> str:
    """What became of it, in a sentence."""
    already = (
        f" {found.skipped} {'is' if found.skipped == 1 else 'are'} declared already." if found.skipped else ""
    )
    pinned = (
        f" {len(found.pins)} {'file pins' if len(found.pins) == 1 else 'files pin'} ids of what it declares by name."
        if found.pins
        else ""
    )
    if not found.objects:
        return f"Nothing new to import.{pinned}{already}"
    files = "1 file" if len(found.texts) == 1 else f"{len(found.texts)} files"
    return f"Imported {_counted(found.objects)} into {files}.{pinned}{already} Next: dpsync plan"


def _counted(objects: Sequence[tuple[str, str]]) -> str:
    from dpsync.kinds import KINDS

    counts = Counter(kind for kind, _id in objects)
    told = [
        f"{counts[name]} {kind.noun if counts[name] == 1 else kind.plural}"
        for name, kind in KINDS.items()
        if counts[name]
    ]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"

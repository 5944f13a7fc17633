"""`dpsync show …`: what is in the marketplace, for people and for machines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dpsync.cli.keys import complete_products
from dpsync.cli.shared import (
    page_for,
    report_options,
    settings_for,
    url_option,
    wanted_reports,
    workspace_options,
    write_reports,
)
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.model.showing import Question, Shown

Command = TypeVar("Command", bound=Callable[..., Any])

STATUSES = ("approved", "canceled", "denied", "pending", "none", "publisher", "revoked", "expired")
ROLES = ("manager", "member", "steward", "noRole")


@click.group()
def command() -> None:
    """Show what is in the marketplace; a product on one page, or many of a kind in a table.

    The client that reads the marketplace cannot write.
    """


def _shared(function: Command) -> Command:
    """The options that every `show` has."""
    as_json = click.option(
        "--json", "as_json", is_flag=True, help="Write JSON; docs/show-json.md has its fields."
    )
    return workspace_options(url_option(as_json(function)))


def _named(function: Command) -> Command:
    option = click.option("--name", metavar="TEXT", help="Only those whose names have this in them.")
    return option(function)


_belonging = {
    "--owned": "Only those that this workspace made.",
    "--adopted": "Only those made by hand that a manifest names.",
    "--unmanaged": "Only those that no manifest names.",
}


def _owned_or_not(function: Command) -> Command:
    for option, line in reversed(_belonging.items()):
        function = click.option(
            option, "belonging", flag_value=option.removeprefix("--"), default=None, help=line
        )(function)
    return function


@command.command()
@click.argument("product", metavar="KEY|NAME|ID", shell_complete=complete_products)
@click.option("--sources", is_flag=True, help="List every data source with path, name and id.")
@click.option("--user", metavar="U", help="With --sources: whether this person has access to each.")
@click.option("--columns", is_flag=True, help="List the columns with tags and masking.")
@click.option("--masked-only", is_flag=True, help="With --columns: only those that are masked.")
@click.option(
    "--name",
    metavar="TEXT",
    help="With --sources or --columns: only those of them whose names have this in them.",
)
@click.option("--determinations", is_flag=True, help="List the recent decisions about requests.")
@_shared
def product(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    *,
    as_json: bool,
    user: str | None,
    **asked: Any,
) -> None:
    """One page about a data product.

    It is found by the key of its manifest, by its name (any case, if there is only one such), or by its id.
    """
    from dpsync.model.showing import AboutProduct

    if user is not None and not asked["sources"]:
        raise UsageError("--user says whose access to the sources is shown.", "Add --sources.")
    if asked["masked_only"] and not asked["columns"]:
        raise UsageError("--masked-only is about columns.", "Add --columns.")
    if asked["name"] is not None and not (asked["sources"] or asked["columns"]):
        raise UsageError("--name is about sources or columns.", "Add --sources or --columns.")
    _answer(AboutProduct(user=user, **asked), workspace, environment, url, as_json=as_json)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@report_options
def plan(file: Path, reports: tuple[str, ...], *, as_json: bool) -> None:
    """A plan that `plan --out FILE` saved, as it was when it was made. Asks no marketplace."""
    wanted = wanted_reports(reports, as_json=as_json)

    from dpsync import __version__
    from dpsync.cli.reviews import read_plan
    from dpsync.model.report import Report

    write_reports(Report("show", __version__, plan=read_plan(file)), wanted)


@command.command()
@_named
@click.option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES),
    multiple=True,
    help="Only those to which your own access is this. May be repeated.",
)
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    help="Only those in which this is your own role. May be repeated.",
)
@click.option(
    "--expiring", "expiring", flag_value=True, default=None, help="Only those to which your own access ends."
)
@click.option(
    "--not-expiring", "expiring", flag_value=False, help="Only those to which your own access does not end."
)
@click.option("--domain", metavar="D", help="Only those of this domain: its key, name or id.")
@_owned_or_not
@click.option("--descending", is_flag=True, help="By name from the end of the alphabet.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    help="Only the first N, as the marketplace sorts them.",
)
@_shared
def products(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    *,
    as_json: bool,
    statuses: tuple[str, ...],
    belonging: str | None,
    **asked: Any,
) -> None:
    """A table of data products.

    APPROVED and PENDING count requests of both types, as the marketplace does; `show product` counts members.
    """
    from dpsync.model.showing import AboutProducts, Belonging

    question = AboutProducts(
        statuses=tuple(status.upper() for status in statuses),
        belonging=Belonging(belonging) if belonging is not None else None,
        **asked,
    )
    _answer(question, workspace, environment, url, as_json=as_json)


@command.command()
@_named
@_shared
def forms(
    workspace: Path | None, environment: str | None, url: str | None, *, as_json: bool, name: str | None
) -> None:
    """A table of request forms, with who decides."""
    from dpsync.model.showing import AboutForms

    _answer(AboutForms(name), workspace, environment, url, as_json=as_json)


@command.command()
@_named
@_shared
def agreements(
    workspace: Path | None, environment: str | None, url: str | None, *, as_json: bool, name: str | None
) -> None:
    """A table of data use agreements, with the forms that they are attached to."""
    from dpsync.model.showing import AboutAgreements

    _answer(AboutAgreements(name), workspace, environment, url, as_json=as_json)


@command.command()
@_named
@_shared
def domains(
    workspace: Path | None, environment: str | None, url: str | None, *, as_json: bool, name: str | None
) -> None:
    """A table of the domains that the token may use."""
    from dpsync.model.showing import AboutDomains

    _answer(AboutDomains(name), workspace, environment, url, as_json=as_json)


@command.command()
@click.option("--domain", metavar="D", required=True, help="The domain: its key, name or id.")
@_named
@_shared
def sources(
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    *,
    as_json: bool,
    domain: str,
    name: str | None,
) -> None:
    """A table of the data sources of a domain."""
    from dpsync.model.showing import AboutSources

    _answer(AboutSources(domain, name), workspace, environment, url, as_json=as_json)


def _answer(
    question: Question, workspace: Path | None, environment: str | None, url: str | None, *, as_json: bool
) -> None:
    """Read the answer and print it: the answer on stdout, notices on stderr; JSON has them in it."""
    from dpsync.cli.connect import connected, finished
    from dpsync.marketplace.showing import Viewer
    from dpsync.pipeline import show
    from dpsync.reports.layout import visible
    from dpsync.reports.show import as_json as json_of
    from dpsync.reports.show import as_text

    settings = settings_for(workspace, environment, url)
    declarations = show.declarations(settings)

    async def read() -> Shown:
        async with connected(settings, Viewer) as client:
            return await show.shown(settings, question, declarations, client)

    shown = finished(read())
    click.echo(json_of(shown) if as_json else as_text(shown, page_for(sys.stdout)), nl=False)
    for notice in () if as_json else shown.notices:
        click.echo(f"Notice: {visible(notice)}", err=True)

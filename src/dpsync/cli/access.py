"""`dpsync access …`: who is in a product, and letting people in and out.

The only commands besides `apply` that write. They read with a client that cannot write, show what they would do, ask, and
journal each call before it is sent. What is asked of people on a terminal is asked on stderr.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dpsync.cli.keys import complete_products
from dpsync.cli.shared import is_interactive, page_for, settings_for, url_option, workspace_options
from dpsync.errors import Declined, UsageError

if TYPE_CHECKING:
    from dpsync.apply.journal import AnyJournal
    from dpsync.marketplace.api import Client
    from dpsync.model.membership import Asking, Done, Form, Question, RequestType
    from dpsync.model.plan import Target
    from dpsync.settings import Settings

DONE, REFUSED, NOT_COMPLETED, UNREACHABLE = 0, 1, 5, 6

Answer = TypeVar("Answer")
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def command() -> None:
    """Who is in a product, and letting people in and out.

    PRODUCT is the key of its manifest, its name or its id; U is an e-mail address, a user name, a full name or an id.
    """


def _shared(command: Command) -> Command:
    option = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout instead of text.")
    return workspace_options(url_option(option(command)))


def _writing(command: Command) -> Command:
    """The options of what writes."""
    for option in (
        click.option("--yes", is_flag=True, help="Do not ask. There is no variable for it."),
        click.option(
            "--journal",
            metavar="DIR|off",
            envvar="DPSYNC_JOURNAL",
            help="Where the journal is kept. Default: .dpsync in the workspace. `off`: none.",
        ),
    ):
        command = option(command)
    return _shared(command)


def _requesting(command: Command) -> Command:
    """The options of what requests."""
    for option in (
        click.option(
            "--on-behalf-of", is_flag=True, help="They have accepted the use agreement of the form."
        ),
        click.option(
            "--answers",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="YAML or JSON: the label or id of each question, and its answer.",
        ),
        click.option(
            "--user", "users", metavar="U", multiple=True, required=True, help="For whom. May be repeated."
        ),
    ):
        command = option(command)
    return _writing(command)


@command.command("list")
@click.argument("product", shell_complete=complete_products)
@click.option("--pending", "which", flag_value="PENDING", help="Only requests that wait.")
@click.option("--members", "which", flag_value="MEMBERS", help="Only approved ones.")
@click.option("--all", "which", flag_value="ALL", help="Requests of every status.")
@click.option("--user", metavar="U", help="Only those of one person, with their ids.")
@click.option("--expiring", is_flag=True, help="Only those that end.")
@_shared
def list_accesses(
    product: str,
    *,
    which: str | None,
    user: str | None,
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    expiring: bool,
    as_json: bool,
) -> None:
    """List who is in a product, and who waits and for whom.

    Without --pending, --members or --all: members and pending requests.
    """
    from dpsync.model.membership import Which
    from dpsync.pipeline import access
    from dpsync.reports.access import json, text

    settings = settings_for(workspace, environment, url)
    chosen = Which[which or "OPEN"]
    found = asyncio.run(
        _looking(
            settings,
            lambda client: access.listed(settings, product, user, chosen, client, expiring=expiring),
        )
    )
    click.echo(json.listing(found) if as_json else text.listing(found, page_for(sys.stdout)), nl=False)


@command.command()
@click.argument("product", shell_complete=complete_products)
@_requesting
def request(
    product: str,
    *,
    users: tuple[str, ...],
    answers: Path | None,
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    journal: str | None,
    on_behalf_of: bool,
    as_json: bool,
    yes: bool,
) -> int:
    """Request access to a product for people.

    The answers to the product's form are checked before anything is sent. Without --answers they are asked for on a
    terminal; elsewhere a template of the file goes to stdout, and nothing is sent. Nobody is asked for twice.

    \b
    Exit 0    the requests are made (pending, approved or denied), or there were no new ones to make
    Exit 1    unknown product or person, wrong answers, refused by the marketplace, or nobody said 'yes'
    Exit 5    it failed for some of several people
    Exit 6    the marketplace cannot be reached, or does not accept the token
    """  # noqa: D301 - click's own mark for "do not wrap"
    from dpsync.model.membership import RequestType

    settings = settings_for(workspace, environment, url)
    ask = _prepared(settings, product, users, RequestType.DATA_ACCESS, ())
    return _request(
        settings, ask, answers, journal, on_behalf_of=on_behalf_of, as_json=as_json, without_asking=yes
    )


@command.command("request-masking-exception")
@click.argument("product", shell_complete=complete_products)
@click.option(
    "--column",
    "columns",
    metavar="SOURCE.COLUMN",
    multiple=True,
    required=True,
    help="A masked column; SOURCE is a path, a name or an id. May be repeated.",
)
@_requesting
def request_masking_exception(
    product: str,
    *,
    columns: tuple[str, ...],
    users: tuple[str, ...],
    answers: Path | None,
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    journal: str | None,
    on_behalf_of: bool,
    as_json: bool,
    yes: bool,
) -> int:
    """Request that people see masked columns as they are.

    As `request`, with the product's form for masking exceptions. The exit codes are the same.
    """
    from dpsync.model.membership import RequestType

    settings = settings_for(workspace, environment, url)
    ask = _prepared(settings, product, users, RequestType.MASKING_EXCEPTION, columns)
    return _request(
        settings, ask, answers, journal, on_behalf_of=on_behalf_of, as_json=as_json, without_asking=yes
    )


@command.command()
@click.argument("product", shell_complete=complete_products)
@click.option(
    "--user", "users", metavar="U", multiple=True, help="Everything that they have. May be repeated."
)
@click.option(
    "--request",
    "requests",
    metavar="ID",
    multiple=True,
    help="One request; `list --user` shows the ids. May be repeated.",
)
@_writing
def revoke(
    product: str,
    *,
    users: tuple[str, ...],
    requests: tuple[str, ...],
    workspace: Path | None,
    environment: str | None,
    url: str | None,
    journal: str | None,
    as_json: bool,
    yes: bool,
) -> int:
    """Take away the access that people have to a product.

    Shows who loses what, and asks. With --user both their data access and their masking exceptions go. The exit codes are
    those of `request`.
    """
    if not users and not requests:
        raise UsageError("Nobody is named.", "Name people with --user, or requests with --request.")
    from dpsync.model.membership import Done
    from dpsync.pipeline import access
    from dpsync.reports.access import text

    settings = settings_for(workspace, environment, url)
    loss = asyncio.run(
        _looking(settings, lambda client: access.revoking(settings, product, users, requests, client))
    )
    if not loss.accesses:
        return _finished(Done("revoke", loss.target, loss.product, loss.settled), as_json=as_json)
    click.echo(text.revoking(loss, page_for(_stream(as_json=as_json))), err=as_json)
    _ask("Revoke", loss.target, without_asking=yes)
    done = asyncio.run(
        _writing_with(settings, loss.target, journal, lambda client, book: access.revoked(loss, client, book))
    )
    return _finished(done, as_json=as_json)


# What the commands share.


def _prepared(
    settings: Settings, product: str, users: tuple[str, ...], wanted: RequestType, columns: tuple[str, ...]
) -> Asking:
    from dpsync.pipeline import access

    return asyncio.run(
        _looking(
            settings,
            lambda client: access.asking(settings, product, users, wanted, client, columns=columns),
        )
    )


def _request(
    settings: Settings,
    ask: Asking,
    file: Path | None,
    journal: str | None,
    *,
    on_behalf_of: bool,
    as_json: bool,
    without_asking: bool,
) -> int:
    """Check, show, ask, send and say what became of it."""
    from dpsync.access.asking import check_agreements
    from dpsync.model.membership import Done
    from dpsync.pipeline import access
    from dpsync.reports.access import text

    if not ask.people:
        return _finished(Done(ask.type.command, ask.target, ask.product, ask.settled), as_json=as_json)
    try:
        check_agreements(ask, on_behalf_of=on_behalf_of)
    except UsageError:
        click.echo(text.agreements(ask.form, page_for(sys.stderr)), err=True)
        raise
    answers = access.answers_in(file, ask.form) if file is not None else _answers(ask.form, as_json=as_json)
    ready = replace(ask, answers=answers)
    click.echo(text.asking(ready, page_for(_stream(as_json=as_json))), err=as_json)
    _ask(
        "Send this request" if len(ask.people) == 1 else "Send these requests",
        ask.target,
        without_asking=without_asking,
    )
    done = asyncio.run(
        _writing_with(
            settings, ask.target, journal, lambda client, book: access.requested(ready, client, book)
        )
    )
    return _finished(done, as_json=as_json)


def _answers(form: Form, *, as_json: bool) -> Mapping[str, Any]:
    """Answers from a terminal. Where nobody can be asked: a template on stdout, and UsageError."""
    if not any(question.required for question in form.questions) and not is_interactive():
        return {}
    if not is_interactive():
        from dpsync.access.answers import template

        click.echo(template(form), nl=False, err=as_json)
        raise UsageError(
            f"The form {form.name!r} has questions, and nobody can be asked here. Nothing was sent.",
            "Fill in the template above and name the file with --answers.",
        )
    return {question.id: answer for question in form.questions if (answer := asked(question)) is not None}


def asked(question: Question) -> Any:
    """The answer that somebody types to a question, in the API's shape; None for an optional one that is left empty."""
    from dpsync.access.answers import Wrong, understood
    from dpsync.reports.layout import visible

    for number, choice in enumerate(question.choices, 1):
        click.echo(f"  {number}  {visible(choice)}", err=True)
    hint = "" if question.required else " (may be left empty)"
    while True:
        typed = click.prompt(f"{visible(question.label)}{hint}", default="", show_default=False, err=True)
        answer = understood(question, _chosen(question, typed))
        if not isinstance(answer, Wrong):
            return answer
        click.echo(visible(f"{answer.message} {answer.remedy}"), err=True)


def _chosen(question: Question, typed: str) -> str | list[str]:
    """What was typed, with the numbers of choices replaced by the choices; several are separated by commas."""
    if not question.choices:
        return typed
    numbered = {str(number): choice for number, choice in enumerate(question.choices, 1)}
    if question.type != "CHECKBOXES":
        return numbered.get(typed.strip(), typed)
    parts = [part.strip() for part in typed.split(",") if part.strip()]
    return [part if part in question.choices else numbered.get(part, part) for part in parts]


def _ask(what: str, target: Target, *, without_asking: bool) -> None:
    """Ask on stderr. Raises Declined unless the answer is 'yes'."""
    if without_asking:
        return
    if not is_interactive():
        raise Declined(
            "Nobody can be asked here, so nothing was sent.", "Run it in a terminal, or add --yes."
        )
    click.echo(f"{what}, in {target.environment} ({target.url})?", err=True)
    if click.prompt("Only 'yes' will be accepted", default="", show_default=False, err=True) != "yes":
        raise Declined("The answer was not 'yes'. Nothing was sent.")


def _stream(*, as_json: bool) -> Any:
    return sys.stderr if as_json else sys.stdout


def _finished(done: Done, *, as_json: bool) -> int:
    """Write what became of it; the exit code."""
    from dpsync.reports.access import json, text

    click.echo(json.done(done) if as_json else text.done(done, page_for(sys.stdout)), nl=False)
    failed = [result for result in done.results if not result.is_good]
    if any(result.lost_contact for result in failed):
        return UNREACHABLE
    if not failed:
        return DONE
    return NOT_COMPLETED if len(failed) < len(done.results) else REFUSED


async def _looking(settings: Settings, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """Ask with a client that cannot write."""
    from dpsync.cli.connect import connected
    from dpsync.marketplace.showing import Viewer

    async with connected(settings, Viewer) as client:
        return await work(client)


async def _writing_with(
    settings: Settings,
    target: Target,
    where: str | None,
    work: Callable[[Client, AnyJournal], Awaitable[Answer]],
) -> Answer:
    """Write with a journal open; it is opened first, so that nothing is sent without one."""
    from dpsync.cli.connect import connected
    from dpsync.cli.journals import journal_at
    from dpsync.marketplace.api import Client
    from dpsync.model.history import ACCESS

    with journal_at(settings, target, where, command=ACCESS) as journal:
        async with connected(settings, Client) as client:
            return await work(client, journal)

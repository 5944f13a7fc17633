"""`dpsync comment`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import not_empty
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dpsync.hosts.host import Host, Posted
    from dpsync.model.secret import Token
    from dpsync.reports.sticky import Sticky

PRINTED = "stdout"
ONE_AND_ONLY = "default"
"""The environment of a comment about none: where a workspace has only one."""


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    envvar="DPSYNC_ENV",
    default=ONE_AND_ONLY,
    help="Which comment: there is one for each environment.",
)
@click.option(
    "--name", metavar="TEXT", default="", help="Which comment, where a repository has several workspaces."
)
@click.option(
    "--on",
    "where",
    type=click.Choice(["github", "gitlab", PRINTED]),
    help="Where to. Default: the host whose pipeline this is; elsewhere it is printed.",
)
@click.option(
    "--pull-request",
    "number",
    metavar="N",
    type=click.IntRange(min=1),
    help="The pull or merge request. Default: that of the pipeline.",
)
@click.option(
    "--issue",
    "title",
    metavar="TITLE",
    callback=not_empty,
    help="Keep one open issue with this title, and no comment.",
)
@click.option("--close", is_flag=True, help="With --issue: close it, if there is one.")
def command(
    file: Path,
    environment: str,
    name: str,
    *,
    where: str | None,
    number: int | None,
    title: str | None,
    close: bool,
) -> None:
    """Post a report on a pull request, or update what was posted.

    FILE is a Markdown report, written with --report markdown=FILE. So the job that plans needs no token that may write
    comments, and the job that comments none of the marketplace.

    There is one comment for each environment; what stood in it before is folded below the new report. Only a comment
    that the token itself wrote is edited, and nothing is deleted.

    \b
    Exit 0  the comment is there
    Exit 1  it is not: there is no report, no token, or the host refuses it
    """  # noqa: D301 - click's own mark for "do not wrap"
    if close and title is None:
        raise UsageError("--close is about an issue.", "Add --issue TITLE.")

    from dpsync.hosts import HOSTS, host_here
    from dpsync.reports import sticky

    environ = os.environ
    here = host_here(environ)
    host = here if where is None else HOSTS.get(where)
    run = host or here
    about = sticky.Sticky(
        environment,
        name,
        run.commit(environ) if run else "",
        run.link(environ) if run else "",
        *((run.limit,) if run else ()),
    )
    report = _report(file, about)
    if host is None or host.comments is None:
        click.echo(sticky.written(about, report), nl=False)
        return
    _keep(about, report, host, number, title, close=close)


def _report(file: Path, about: Sticky) -> str:
    """The report in the file. Raises UsageError if it is none, or too long for a comment."""
    from dpsync.reports import sticky

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(f"The report {file} cannot be read: {reason}.", _WRITE_ONE) from None
    if not sticky.is_report(text):
        raise UsageError(f"{file} is no Markdown report of dpsync.", _WRITE_ONE)
    if len(sticky.written(about, text)) > about.limit:
        raise UsageError(
            f"{file} has {len(text)} characters, and a comment here at most {about.limit}.",
            "Write it in a pipeline of the same host: the report keeps to what the host takes.",
        )
    return text


_WRITE_ONE = "Write one with `dpsync plan --report markdown=FILE`."


def _token(host: Host, environ: Mapping[str, str]) -> Token:
    from dpsync.model.secret import Token

    text = environ.get(host.token_variable, "")
    if not text.strip():
        raise UsageError(
            f"{host.token_variable} is not set, and without a token nothing can be written on {host.name}.",
            f"Set {host.token_variable}, or print the comment with --on {PRINTED}.",
        )
    return Token(text)


def _keep(
    about: Sticky, report: str, host: Host, number: int | None, title: str | None, *, close: bool
) -> None:
    from dpsync.hosts import host as hosts
    from dpsync.reports import sticky
    from dpsync.reports.layout import visible

    token = _token(host, os.environ)

    def written(former: str) -> str:
        return sticky.written(about, report, former)

    posted: Posted | None
    if title is None:
        assert host.comments is not None
        done, posted = hosts.put(host.comments(os.environ, token, number), about.mark, written)
    else:
        assert host.issues is not None
        issues = host.issues(os.environ, token, title)
        done, posted = (hosts.close if close else hosts.put)(issues, about.mark, written)
    where = f": {posted.url}" if posted is not None and posted.url else ""
    click.echo(
        visible(f"{'Comment' if title is None else 'Issue'} for {about.environment}: {done.value}{where}")
    )

"""Where the token of a run comes from: the environment's variable, or the file that `--token-file` names.

A room of its own because the token is in the hands of the command line nowhere else. The file is named on the command line
and nowhere besides: neither dpsync.yaml nor a variable can send somebody's file to a marketplace. Its content is shown by
nothing, not even by the message that says what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.model.secret import Token
    from dpsync.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY: Final = "dpsync.token_file"
_READ: Final = "dpsync.token_from_file"
_LONGEST: Final = 64 * 1024
_read: list[Token] = []


def token_file_option(command: Command) -> Command:
    """`--token-file`, for commands that talk to a marketplace."""
    option = click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_keep,
        help="Take the token from this file, not from the environment's variable. There is no variable for it.",
    )
    return option(command)


def _keep(context: click.Context, _option: click.Parameter, file: Path | None) -> None:
    context.meta[_KEY] = file


def token_for(settings: Settings) -> Token:
    """The token of this run; the sandbox needs none. Raises UsageError if there is none where it was to be."""
    from dpsync.settings import is_sandbox, token_of

    context = click.get_current_context(silent=True)
    file = None if context is None else context.meta.get(_KEY)
    if context is None or file is None or is_sandbox(settings.url):
        return token_of(settings, os.environ)
    if _READ not in context.meta:  # a pipe gives it once
        context.meta[_READ] = _token_in(file)
        _read.append(context.meta[_READ])
    token: Token = context.meta[_READ]
    return token


def token_place(settings: Settings) -> str:
    """What messages call the place that the token of this run is in: the file that was named, or the variable."""
    context = click.get_current_context(silent=True)
    file = None if context is None else context.meta.get(_KEY)
    return settings.token_variable if file is None else str(file)


def _token_in(file: Path) -> Token:
    from dpsync.settings import token_from

    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST + 1)
    except OSError as error:
        raise UsageError(
            f"The token file {file} cannot be read: {error.strerror or error}.",
            "Name a file that holds a personal access token of the marketplace and nothing else.",
        ) from None
    if len(content) > _LONGEST:
        raise UsageError(f"The token file {file} is too long to hold a token.", "Name another file.")
    return token_from(content.decode("utf-8", errors="replace"), str(file))


def read_from_files() -> tuple[str, ...]:
    """The tokens that this process has read from files, for the one report that must be searched for them."""
    return tuple(token.reveal() for token in _read)

"""What every code host is asked for, and how one text is kept up to date there.

A file beside the hosts because the order of the calls is the same for all: look for our own comment, then write. If an
answer is lost, look again before anything is sent twice. It must never name a host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from dpsync.errors import Lost, UsageError
from dpsync.model.hosts import is_loopback
from dpsync.model.secret import Token

Answer = TypeVar("Answer")

ROUNDS = 3
"""How often everything is looked up and tried anew after an answer was lost."""

PAGE = 100
MOST_PAGES = 200
"""How many pages of comments or issues are looked through for our own: 20,000 entries."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment or an issue of our own, as it is now; `url` is where a person reads it."""

    id: str
    body: str
    url: str = ""


class Thread(Protocol):
    """A place that holds texts: the comments of one pull request, or the open issues of a project."""

    def find(self, mark: str) -> Posted | None:
        """The oldest text of our own token that begins with the mark."""

    def post(self, body: str) -> Posted: ...

    def edit(self, posted: Posted, body: str) -> Posted: ...


class Closable(Thread, Protocol):
    """A thread whose texts can be marked as done, as issues can."""

    def close(self, posted: Posted, body: str) -> Posted: ...


class OpensComments(Protocol):
    """Opens the comments of a pull request; that of the pipeline if no number is given. Raises UsageError."""

    def __call__(self, environ: Mapping[str, str], token: Token, number: int | None) -> Thread: ...


class OpensIssues(Protocol):
    """Opens the issues of the project; a new one gets this title. Raises UsageError."""

    def __call__(self, environ: Mapping[str, str], token: Token, title: str) -> Closable: ...


@dataclass(frozen=True, slots=True)
class Host:
    """A code host: how long its comments may be, and where things are found in the variables of its pipelines.

    `comments` and `issues` are None where dpsync writes none; then the comment is printed.
    """

    name: str
    limit: int
    is_here: Callable[[Mapping[str, str]], bool]
    link: Callable[[Mapping[str, str]], str]
    commit: Callable[[Mapping[str, str]], str]
    token_variable: str = ""
    comments: OpensComments | None = None
    issues: OpensIssues | None = None


class Done(StrEnum):
    """What became of a text."""

    POSTED = "posted"
    UPDATED = "updated"
    SAME = "as it was"
    CLOSED = "closed"
    NOTHING = "nothing to close"


def put(thread: Thread, mark: str, compose: Callable[[str], str]) -> tuple[Done, Posted]:
    """Keep the one text with this mark up to date: `compose` makes the new one of the one that is there, or of ''."""

    def once() -> tuple[Done, Posted]:
        found = thread.find(mark)
        body = compose(found.body if found else "")
        if found is None:
            return Done.POSTED, thread.post(body)
        if _same(found.body, body):
            return Done.SAME, found
        return Done.UPDATED, thread.edit(found, body)

    return _in_rounds(once)


def close(thread: Closable, mark: str, compose: Callable[[str], str]) -> tuple[Done, Posted | None]:
    """Close the one issue with this mark, if there is one that is open."""

    def once() -> tuple[Done, Posted | None]:
        found = thread.find(mark)
        if found is None:
            return Done.NOTHING, None
        return Done.CLOSED, thread.close(found, compose(found.body))

    return _in_rounds(once)


def _in_rounds(once: Callable[[], Answer]) -> Answer:
    for _ in range(ROUNDS - 1):
        try:
            return once()
        except Lost:
            continue
    return once()


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same for a host, which may change line ends and drop blanks at the end."""
    return one.replace("\r\n", "\n").rstrip() == other.rstrip()


def checked(url: str, variable: str) -> str:
    """The address of an API that may get the token: https, or this machine. Raises UsageError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not is_safe or not host or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"{variable} is no address that a token may be sent to.",
            "It begins with https:// and has neither a user nor a query; http:// is for this machine only.",
        )
    return url.rstrip("/")

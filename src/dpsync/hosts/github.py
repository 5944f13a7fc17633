"""GitHub, and GitHub Enterprise: comments on a pull request, and issues.

A pull request is an issue to this API. Whose token it is, an installation's token such as that of Actions can only find
out by GraphQL (`GET /user` refuses it), so that is asked for every token. A comment counts as our own if both the login
and the type of its author are those of the token, and if it begins with the mark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpsync.errors import HostError, UsageError
from dpsync.hosts.host import Closable, Host, Posted, Thread, checked
from dpsync.model.secret import Token

if TYPE_CHECKING:
    from dpsync.hosts.wire import Wire

LIMIT = 65_536
"""The longest comment, in characters."""

_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_PULL = re.compile(r"refs/pull/([1-9][0-9]*)/(?:merge|head)")
_SHA = re.compile(r"[0-9a-f]{40,64}")
_BOT = "[bot]"
_API, _GRAPHQL = "https://api.github.com", "https://api.github.com/graphql"


@dataclass(frozen=True)
class _Project:
    """What comments and issues share: the repository, and who we are."""

    api: Wire
    graph: Wire
    repository: str

    @cached_property
    def login(self) -> str:
        """Whose token it is."""
        answer = self.graph.send("POST", "", {"query": "query { viewer { login } }"})
        found = answer.get("data") if isinstance(answer, dict) else None
        viewer = found.get("viewer") if isinstance(found, dict) else None
        login = viewer.get("login") if isinstance(viewer, dict) else None
        if not isinstance(login, str) or not login:
            raise HostError("GitHub does not say whose token this is.", "Is it a token that may use the API?")
        return login

    def first(self, entries: Iterator[Mapping[str, Any]], mark: str, key: str) -> Posted | None:
        """The first entry of our own that begins with the mark."""
        for entry in entries:
            if str(entry.get("body") or "").startswith(mark) and self._is_ours(entry.get("user")):
                return _posted(entry, key)
        return None

    def _is_ours(self, user: Any) -> bool:
        kind = "Bot" if self.login.endswith(_BOT) else "User"
        return isinstance(user, dict) and user.get("login") == self.login and user.get("type") == kind

    def at(self, path: str) -> str:
        return f"/repos/{self.repository}/{path}"


@dataclass(frozen=True)
class Comments:
    """The comments of one pull request."""

    project: _Project
    number: int

    def find(self, mark: str) -> Posted | None:
        return self.project.first(self.project.api.every(self._path), mark, "id")

    def post(self, body: str) -> Posted:
        return _posted(self.project.api.send("POST", self._path, {"body": body}), "id")

    def edit(self, posted: Posted, body: str) -> Posted:
        path = self.project.at(f"issues/comments/{posted.id}")
        return _posted(self.project.api.send("PATCH", path, {"body": body}), "id")

    @property
    def _path(self) -> str:
        return self.project.at(f"issues/{self.number}/comments")


@dataclass(frozen=True)
class Issues:
    """The open issues of a repository, and how a new one is called."""

    project: _Project
    title: str

    def find(self, mark: str) -> Posted | None:
        listed = self.project.api.every(
            self.project.at("issues"), {"state": "open", "sort": "created", "direction": "asc"}
        )
        return self.project.first((one for one in listed if "pull_request" not in one), mark, "number")

    def post(self, body: str) -> Posted:
        written = {"title": self.title, "body": body}
        return _posted(self.project.api.send("POST", self.project.at("issues"), written), "number")

    def edit(self, posted: Posted, body: str) -> Posted:
        return self._patched(posted, {"body": body})

    def close(self, posted: Posted, body: str) -> Posted:
        return self._patched(posted, {"body": body, "state": "closed", "state_reason": "completed"})

    def _patched(self, posted: Posted, body: Mapping[str, Any]) -> Posted:
        path = self.project.at(f"issues/{posted.id}")
        return _posted(self.project.api.send("PATCH", path, body), "number")


def _posted(entry: Mapping[str, Any], key: str) -> Posted:
    if not isinstance(entry, dict) or key not in entry:
        raise HostError("GitHub answers with something that is no comment.", "Is GITHUB_API_URL right?")
    return Posted(str(entry[key]), str(entry.get("body") or ""), str(entry.get("html_url") or ""))


# The variables of a workflow.


def _comments(environ: Mapping[str, str], token: Token, number: int | None) -> Thread:
    chosen = number or _number(environ)
    if chosen is None:
        raise UsageError("This run is about no pull request.", "Name one: --pull-request 17.")
    return Comments(_project(environ, token), chosen)


def _issues(environ: Mapping[str, str], token: Token, title: str) -> Closable:
    return Issues(_project(environ, token), title)


def _project(environ: Mapping[str, str], token: Token) -> _Project:
    from dpsync.hosts.wire import Wire

    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError("GITHUB_REPOSITORY does not name a repository.", "Set it to OWNER/NAME.")
    api = checked(environ.get("GITHUB_API_URL") or _API, "GITHUB_API_URL")
    graph = checked(environ.get("GITHUB_GRAPHQL_URL") or _GRAPHQL, "GITHUB_GRAPHQL_URL")
    return _Project(Wire(api, token, _headers), Wire(graph, token, _headers), repository)


def _headers(token: str) -> Mapping[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _number(environ: Mapping[str, str]) -> int | None:
    found = _PULL.fullmatch(environ.get("GITHUB_REF", ""))
    if found:
        return int(found[1])
    number = _pull_request(environ).get("number")
    return number if isinstance(number, int) and number > 0 else None


def _commit(environ: Mapping[str, str]) -> str:
    """The commit that the run is about: the head of the pull request, not the merge that is tried out."""
    head = _pull_request(environ).get("head")
    sha = head.get("sha") if isinstance(head, dict) else environ.get("GITHUB_SHA")
    return sha if isinstance(sha, str) and _SHA.fullmatch(sha) else ""


def _pull_request(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What the event says about the pull request; empty where there is none, or no event."""
    try:
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = event.get("pull_request") if isinstance(event, dict) else None
    return found if isinstance(found, dict) else {}


def _link(environ: Mapping[str, str]) -> str:
    server, run = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_RUN_ID", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    is_whole = server.startswith("https://") and run.isdigit() and _REPOSITORY.fullmatch(repository)
    return f"{server}/{repository}/actions/runs/{run}" if is_whole else ""


HOST = Host(
    "github",
    LIMIT,
    lambda environ: environ.get("GITHUB_ACTIONS") == "true",
    _link,
    _commit,
    "GITHUB_TOKEN",
    _comments,
    _issues,
)

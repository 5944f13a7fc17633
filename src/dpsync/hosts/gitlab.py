"""GitLab, on its own site or another: notes on a merge request, and issues.

The token of a job (`CI_JOB_TOKEN`) may not write notes, so a token of a project or of a person is asked for. A note counts as
our own if the id of its author is that of the token's user, and if it begins with the mark. Notes that GitLab writes by
itself (`system`) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dpsync.errors import HostError, UsageError
from dpsync.hosts.host import Closable, Host, Posted, Thread, checked
from dpsync.model.secret import Token

if TYPE_CHECKING:
    from dpsync.hosts.wire import Wire

LIMIT = 1_000_000
"""The longest note, in characters."""

_SHA = re.compile(r"[0-9a-f]{40,64}")
_API = "https://gitlab.com/api/v4"
_OLDEST_FIRST = {"order_by": "created_at", "sort": "asc"}


@dataclass(frozen=True)
class _Project:
    """What notes and issues share: the project, and who we are."""

    api: Wire
    id: str

    @cached_property
    def author(self) -> object:
        """The id of the token's user."""
        user = self.api.get("/user")
        if not isinstance(user, dict) or not isinstance(user.get("id"), int):
            raise HostError("GitLab does not say whose token this is.", "Is it a token with the scope `api`?")
        return user["id"]

    def first(self, entries: Iterator[Mapping[str, Any]], mark: str, text: str) -> Posted | None:
        """The first entry of our own whose text begins with the mark."""
        for entry in entries:
            author = entry.get("author")
            is_marked = str(entry.get(text) or "").startswith(mark) and not entry.get("system")
            if is_marked and isinstance(author, dict) and author.get("id") == self.author:
                return _posted(entry, text)
        return None

    def at(self, path: str) -> str:
        return f"/projects/{quote(self.id, safe='')}/{path}"


@dataclass(frozen=True)
class Notes:
    """The notes of one merge request."""

    project: _Project
    number: int

    def find(self, mark: str) -> Posted | None:
        return self.project.first(self.project.api.every(self._path, _OLDEST_FIRST), mark, "body")

    def post(self, body: str) -> Posted:
        return _posted(self.project.api.send("POST", self._path, {"body": body}), "body")

    def edit(self, posted: Posted, body: str) -> Posted:
        return _posted(self.project.api.send("PUT", f"{self._path}/{posted.id}", {"body": body}), "body")

    @property
    def _path(self) -> str:
        return self.project.at(f"merge_requests/{self.number}/notes")


@dataclass(frozen=True)
class Issues:
    """The open issues of a project, and how a new one is called."""

    project: _Project
    title: str

    def find(self, mark: str) -> Posted | None:
        listed = self.project.api.every(self.project.at("issues"), {"state": "opened", **_OLDEST_FIRST})
        return self.project.first(listed, mark, "description")

    def post(self, body: str) -> Posted:
        written = {"title": self.title, "description": body}
        return _posted(self.project.api.send("POST", self.project.at("issues"), written), "description")

    def edit(self, posted: Posted, body: str) -> Posted:
        return self._changed(posted, {"description": body})

    def close(self, posted: Posted, body: str) -> Posted:
        return self._changed(posted, {"description": body, "state_event": "close"})

    def _changed(self, posted: Posted, body: Mapping[str, Any]) -> Posted:
        return _posted(
            self.project.api.send("PUT", self.project.at(f"issues/{posted.id}"), body), "description"
        )


def _posted(entry: Mapping[str, Any], text: str) -> Posted:
    if not isinstance(entry, dict) or "id" not in entry:
        raise HostError("GitLab answers with something that is no note.", "Is CI_API_V4_URL right?")
    return Posted(
        str(entry["iid"] if text == "description" and "iid" in entry else entry["id"]),
        str(entry.get(text) or ""),
        str(entry.get("web_url") or ""),
    )


# The variables of a pipeline.


def _notes(environ: Mapping[str, str], token: Token, number: int | None) -> Thread:
    text = environ.get("CI_MERGE_REQUEST_IID", "")
    chosen = number or (int(text) if text.isdigit() else None)
    if not chosen:
        raise UsageError("This pipeline is about no merge request.", "Name one: --pull-request 17.")
    return Notes(_project(environ, token), chosen)


def _issues(environ: Mapping[str, str], token: Token, title: str) -> Closable:
    return Issues(_project(environ, token), title)


def _project(environ: Mapping[str, str], token: Token) -> _Project:
    from dpsync.hosts.wire import Wire

    identity = environ.get("CI_PROJECT_ID", "")
    if not identity:
        raise UsageError("CI_PROJECT_ID does not name a project.", "Set it to its number or path.")
    api = checked(environ.get("CI_API_V4_URL") or _API, "CI_API_V4_URL")
    return _Project(Wire(api, token, lambda text: {"PRIVATE-TOKEN": text}), identity)


def _commit(environ: Mapping[str, str]) -> str:
    """The commit that the pipeline is about: the source branch's, not the merge that is tried out."""
    sha = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "")
    return sha if _SHA.fullmatch(sha) else ""


def _link(environ: Mapping[str, str]) -> str:
    link = environ.get("CI_JOB_URL", "")
    return link if re.fullmatch(r"https://[^\s()<>]+", link) else ""


HOST = Host(
    "gitlab",
    LIMIT,
    lambda environ: environ.get("GITLAB_CI") == "true",
    _link,
    _commit,
    "GITLAB_TOKEN",
    _notes,
    _issues,
)

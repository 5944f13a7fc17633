"""Stand-ins for the two APIs, on this machine and over real HTTP: small, strict about what they are asked, with faults.

They check what a real host checks (method, path, token, headers, types of a body) and answer in its shapes. What they were
asked is kept, so that a test can say which calls are made. They end with the test.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "tkn-3f9a0c"

Answer = tuple[int, Any]


@dataclass
class Fault:
    """What goes wrong with the next calls of a method to a path: `status` instead of an answer, or a cut connection.

    With `late`, what was asked for is done all the same.
    """

    method: str
    path: str
    status: int = 0
    times: int = 1
    late: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass
class StandIn:
    """What every host has: who the token's user is, texts, issues, calls, faults. Subclasses know the paths."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    url: str = ""

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> Answer:
        raise NotImplementedError

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET") and "graphql" not in call]


def _page(entries: list[Any], query: dict[str, str]) -> Answer:
    assert query["per_page"] == "100"
    start = (int(query["page"]) - 1) * 100
    return 200, entries[start : start + 100]


@dataclass
class GitHub(StandIn):
    """`acme/data` with the pull request 17, as an installation's token of Actions sees it."""

    login: str = "github-actions[bot]"

    def user(self, login: str) -> dict[str, Any]:
        return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}

    def add(self, body: str, login: str = "") -> dict[str, Any]:
        number = 1000 + len(self.comments)
        made = {
            "id": number,
            "body": body,
            "user": self.user(login or self.login),
            "html_url": f"https://github.example/acme/data/pull/17#issuecomment-{number}",
        }
        self.comments.append(made)
        return made

    def open(self, title: str, body: str, login: str = "", **more: Any) -> dict[str, Any]:
        number = 40 + len(self.issues)
        made = {"id": number * 7, "number": number, "title": title, "body": body, "state": "open"}
        made |= {"user": self.user(login or self.login), **more}
        made["html_url"] = f"https://github.example/acme/data/issues/{number}"
        self.issues.append(made)
        return made

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> Answer:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        assert headers["accept"] == "application/vnd.github+json"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert headers["user-agent"].startswith("dpsync/")
        match method, path:
            case "POST", "/graphql":
                assert body == {"query": "query { viewer { login } }"}
                return 200, {"data": {"viewer": {"login": self.login}}}
            case "GET", "/repos/acme/data/issues/17/comments":
                return _page(self.comments, query)
            case "POST", "/repos/acme/data/issues/17/comments":
                assert set(body) == {"body"}
                if len(body["body"]) > 65_536:
                    return 422, {"message": "Validation Failed"}
                return 201, self.add(body["body"])
            case "GET", "/repos/acme/data/issues":
                assert query["state"] == "open"
                return _page([one for one in self.issues if one["state"] == "open"], query)
            case "POST", "/repos/acme/data/issues":
                assert set(body) == {"title", "body"}
                return 201, self.open(**body)
        for pattern, entries, key in (
            (r"/repos/acme/data/issues/comments/(\d+)", self.comments, "id"),
            (r"/repos/acme/data/issues/(\d+)", self.issues, "number"),
        ):
            found = re.fullmatch(pattern, path)
            entry = next((one for one in entries if found and one[key] == int(found[1])), None)
            if method == "PATCH" and entry is not None:
                assert set(body) <= ({"body"} if key == "id" else {"body", "state", "state_reason"})
                if entry["user"]["login"] != self.login:
                    return 403, {"message": "Resource not accessible by integration"}
                entry |= body
                return 200, entry
        return 404, {"message": "Not Found"}


@dataclass
class GitLab(StandIn):
    """The project 12 with the merge request 17, as a project's access token sees it."""

    author: int = 5

    def add(self, body: str, author: int = 0, **more: Any) -> dict[str, Any]:
        made = {"id": 300 + len(self.comments), "body": body, "author": {"id": author or self.author}}
        made |= {"system": False, **more}
        self.comments.append(made)
        return made

    def open(self, title: str, description: str, author: int = 0) -> dict[str, Any]:
        iid = 40 + len(self.issues)
        made = {"id": iid * 7, "iid": iid, "title": title, "description": description, "state": "opened"}
        made |= {"author": {"id": author or self.author}, "web_url": f"https://gitlab.example/-/issues/{iid}"}
        self.issues.append(made)
        return made

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> Answer:
        if headers.get("private-token") != TOKEN:
            return 401, {"message": "401 Unauthorized"}
        assert "authorization" not in headers
        base = "/api/v4/projects/12/"
        match method, path:
            case "GET", "/api/v4/user":
                return 200, {"id": self.author, "username": "project_12_bot"}
            case "GET", "/api/v4/projects/12/merge_requests/17/notes":
                assert (query["order_by"], query["sort"]) == ("created_at", "asc")
                return _page(self.comments, query)
            case "POST", "/api/v4/projects/12/merge_requests/17/notes":
                assert set(body) == {"body"}
                return 201, self.add(body["body"])
            case "GET", "/api/v4/projects/12/issues":
                assert query["state"] == "opened"
                return _page([one for one in self.issues if one["state"] == "opened"], query)
            case "POST", "/api/v4/projects/12/issues":
                assert set(body) == {"title", "description"}
                return 201, self.open(**body)
        for pattern, entries, key in (
            (rf"{base}merge_requests/17/notes/(\d+)", self.comments, "id"),
            (rf"{base}issues/(\d+)", self.issues, "iid"),
        ):
            found = re.fullmatch(pattern, path)
            entry = next((one for one in entries if found and one[key] == int(found[1])), None)
            if method == "PUT" and entry is not None:
                if body.get("state_event") == "close":
                    entry["state"] = "closed"
                entry |= {name: value for name, value in body.items() if name != "state_event"}
                return 200, entry
        return 404, {"message": "404 Not found"}


@contextmanager
def serving(host: StandIn) -> Iterator[str]:
    """The address of a stand-in that answers on this machine until the end."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            host.calls.append(f"{self.command} {self.path.partition('?')[0]}")
            fault = next(
                (one for one in host.faults if one.times and (one.method, one.path) == (self.command, path)),
                None,
            )
            extra: dict[str, str] = {}
            if fault is not None:
                fault.times -= 1
                extra = fault.headers
                if fault.late:
                    host.answer(self.command, path, query, body, _lower(self.headers))
                if not fault.status:
                    self.close_connection = True
                    return
            try:
                status, payload = (
                    (fault.status, fault.body)
                    if fault is not None
                    else host.answer(self.command, path, query, body, _lower(self.headers))
                )
            except AssertionError as error:
                status, payload = 418, {"message": f"The stand-in did not expect this: {error}"}
            content = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

"""A workspace before a marketplace that is served by another program, and the commands as programs of their own.

A room of its own because what is tested here is what only whole programs have: signals, terminals, exit codes, and a
server that fails. Whatever is waited for is a line in a pipe or the end of a program, never a time.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

import httpx2

PATIENCE = 60
"""Seconds after which a program that says nothing is taken for broken; nothing waits that long unless it is."""

WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {{name: edges, id: example-edges-0000}}
spec:
  manifests: [products]
  environments:
    served: {{url: "{url}", parallelism: 1}}
"""

FORM = """apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {{name: {key}}}
spec:
  name: {name}
  fields: []
  reviewFlow: {{decision: approve, comment: Open to everybody.}}
"""

PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: {key}}}
spec:
  name: {name}
  domain: Sales
  requestForm: {form}
  sources: [{{table: ANALYTICS.SALES.{table}}}]
"""

Fault = dict[str, Any]


def surroundings() -> dict[str, str]:
    """The environment variables of a program that is run here: nothing of the outer run, and the known token."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DPSYNC_")}
    kept.pop("CI", None)
    kept.pop("NO_COLOR", None)
    return {**kept, "DPSYNC_TOKEN": "sandbox", "TERM": "xterm", "COLUMNS": "120"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "dpsync", *(str(one) for one in arguments)]


@contextmanager
def announced(started: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that runs until the block ends, and the line that it said when it was there."""
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True, env=surroundings()) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.terminate()
            assert server.wait(PATIENCE) == 0


@dataclass(frozen=True)
class Estate:
    """A workspace, and the file of the marketplace that it is applied to."""

    root: Path
    db: Path

    def declare(self, **files: str) -> None:
        """Put these manifests into the workspace, and no others."""
        folder = self.root / "products"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    @contextmanager
    def served(self, *faults: Fault) -> Iterator[Marketplace]:
        """The marketplace, behaving as the faults say, until the block ends."""
        doors = [sys.executable, "-m", "dpsync.sandbox.doors", "--db", str(self.db), "--port", "0"]
        with announced([*doors, "--faults", json.dumps(faults)]) as (server, line):
            url = line.split(" on ")[-1]
            (self.root / "dpsync.yaml").write_text(WORKSPACE.format(url=url), encoding="utf-8")
            with httpx2.Client(base_url=url, headers={"Authorization": "Bearer sandbox"}) as client:
                yield Marketplace(url, server, client)

    def apply(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Apply as a pipeline does, to the end."""
        return subprocess.run(
            command("apply", "--workspace", self.root, "--auto-approve", *options),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=surroundings(),
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def applying(self, url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Apply as a pipeline does, or do what these words say, under the eyes of the test."""
        with subprocess.Popen(
            command(*(words or ("apply",)), "--workspace", self.root, "--auto-approve", "--url", url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=surroundings(),
        ) as program:
            try:
                yield program
            finally:
                program.kill()


@dataclass(frozen=True)
class Marketplace:
    """A served marketplace, its program, and a way to look and to write behind dpsync's back."""

    url: str
    server: subprocess.Popen[str]
    by_hand: httpx2.Client

    def named(self, collection: str, name: str) -> dict[str, Any] | None:
        """The object of this name, or None."""
        answer = self.by_hand.get(f"/api/{collection}", params={"size": 100})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        listed = found if isinstance(found, list) else next(v for v in found.values() if isinstance(v, list))
        return next((one for one in listed if one["name"] == name), None)

    def has(self, collection: str, name: str) -> bool:
        return self.named(collection, name) is not None


class Relay:
    """A marketplace one call at a time, with a look at the body of each POST before it goes on its way."""

    def __init__(self, marketplace: Marketplace, before_post: Callable[[bytes], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if self.command == "POST":
                    before_post(body)
                path = self.path.removeprefix("/marketplace")
                kind = {"Content-Type": "application/json"}
                answer = marketplace.by_hand.request(self.command, path, content=body, headers=kind)
                with suppress(ConnectionError):  # whoever asked may be gone
                    self.answer(answer.status_code, answer.content)

            def answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = pass_on  # noqa: N815  # the names that the library looks for

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_port}/marketplace"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Refusing:
    """A marketplace behind a door that lets reads in and the calls that are named; everything else gets 405 and is kept."""

    def __init__(self, marketplace: Marketplace, allowed: set[tuple[str, str]]) -> None:
        received: list[tuple[str, str]] = []
        refused: list[tuple[str, str]] = []
        self.received, self.refused = received, refused

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                path = self.path.removeprefix("/marketplace")
                call = (self.command, path.partition("?")[0])
                received.append(call)
                if self.command != "GET" and call not in allowed:
                    refused.append(call)
                    self.answer(405, b'{"message": "Only reads are let in here."}')
                    return
                kind = {"Content-Type": "application/json", "Authorization": self.headers["Authorization"]}
                answer = marketplace.by_hand.request(self.command, path, content=body, headers=kind)
                self.answer(answer.status_code, answer.content)

            def answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = pass_on  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_port}/marketplace"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Terminal:
    """A command (an apply, unless said) that somebody watches and answers: stdin and stderr are a terminal, stdout is a pipe."""

    def __init__(self, estate: Estate, name: str = "apply") -> None:
        self._master, slave = os.openpty()
        try:
            self.program = subprocess.Popen(
                command(name, "--workspace", estate.root),
                stdin=slave,
                stdout=subprocess.PIPE,
                stderr=slave,
                text=True,
                env=surroundings(),
            )
        finally:
            os.close(slave)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.program.kill()
        self.program.communicate()
        os.close(self._master)

    def read_until(self, sign: str) -> None:
        """Read what the terminal shows until it has shown the sign."""
        while sign not in self.shown:
            assert self._read(), f"{sign!r} was never shown: {self.shown}"

    def answer(self, text: str) -> tuple[int, str]:
        """Type an answer; the exit code, and all that stdout got."""
        os.write(self._master, f"{text}\n".encode())
        while self._read():
            pass
        said, _ = self.program.communicate(timeout=PATIENCE)
        return self.program.returncode, said

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        assert ready, f"the terminal stands still at: {self.shown}"
        try:
            part = os.read(self._master, 65536)
        except OSError:  # the way Linux says that the other end is closed
            return False
        self.shown += part.decode(errors="replace")
        return bool(part)

"""dpsync as a program with a secret token, and a server that writes down who asks it and answers nothing good.

A room of its own because what must not leak is looked for in everything that a program leaves: what it says and what it
writes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from cli.served import PATIENCE, command, surroundings

SECRET = "dpsync-secret-0123456789abcdef"


def dpsync(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a workspace, with the secret for a token."""
    return subprocess.run(
        command(*arguments),
        cwd=root,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**surroundings(), "DPSYNC_TOKEN": SECRET, **variables},
        timeout=PATIENCE,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def written(root: Path) -> str:
    """All that stands in the files below a folder."""
    files = sorted(file for file in root.rglob("*") if file.is_file())
    return "\n".join(file.read_bytes().decode("utf-8", "replace") for file in files)


@dataclass
class Listener:
    """A server that is not the marketplace, and whatever it was sent."""

    url: str = ""
    heard: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    """A server on this machine that answers 404 to everything."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def hear(self) -> None:
            listener.heard.append(f"{self.command} {self.path} {self.headers.get('Authorization')}")
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = hear  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    listener.url = f"http://127.0.0.1:{server.server_port}/marketplace"
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

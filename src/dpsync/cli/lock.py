"""One writer at a time: the lock that two runs on one machine and workspace take turns by.

A module of its own because every command that writes takes the same lock, and because a lock is only as good as what it says
about who holds it. The operating system lets go of it when its holder ends, however it ends, so that there is nothing to
clean up and nothing to force. It is for one machine: across machines, the pipeline's concurrency group is the lock
(docs/concurrency.md), and reading back finds who had none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from filelock import FileLock, Timeout

from dpsync.cli.shared import keep_out_of_git
from dpsync.errors import UsageError

FOLDER, FILE, HOLDER = ".dpsync", "apply.lock", "apply.lock.json"
_ASKS_EVERY = 0.2

Clock = Callable[[], datetime]


class Taken(UsageError):
    """Another run writes, and went on for longer than this one would wait."""


@contextmanager
def one_at_a_time(root: Path, patience: float, clock: Clock = lambda: datetime.now(UTC)) -> Iterator[None]:
    """Hold the lock of the workspace at `root` for as long as the block runs.

    Waits `patience` seconds for another run to end, and says for whom. Raises Taken. Where the workspace cannot be written
    to, there is nothing to lock; that is said on stderr.
    """
    folder = root / FOLDER
    lock = FileLock(folder / FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        keep_out_of_git(folder)
        _acquire(lock, folder / HOLDER, patience)
    except OSError as error:
        click.echo(
            f"Not locked: {folder / FILE} cannot be written ({error.strerror or error}). "
            "Make sure that no other apply of this workspace runs.",
            err=True,
        )
        yield
        return
    try:
        _note(folder / HOLDER, clock())
        yield
    finally:
        with suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path, patience: float) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = _told(holder)
        if patience > 0:
            click.echo(f"Waiting for another {who}, {patience:g} seconds at most.", err=True)
        try:
            lock.acquire(timeout=patience, poll_interval=_ASKS_EVERY)
        except Timeout:
            raise Taken(
                f"Another {_told(holder)} still writes to this workspace's marketplace. Nothing was changed.",
                "Wait for it to end, or wait longer with `--lock-timeout SECONDS`.",
            ) from None


def _note(holder: Path, since: datetime) -> None:
    """Write down who holds the lock. That is for people, so it may fail."""
    with suppress(OSError):
        text = json.dumps({"pid": os.getpid(), "since": since.isoformat(timespec="seconds")})
        holder.write_text(text + "\n", encoding="utf-8")


def _told(holder: Path) -> str:
    """Who holds the lock, as far as they said; a note may be half written, or of a run that ended without a word."""
    try:
        noted = json.loads(holder.read_text(encoding="utf-8"))
        pid, since = int(noted["pid"]), datetime.fromisoformat(noted["since"])
    except (OSError, ValueError, TypeError, KeyError):
        return "apply of this workspace"
    return f"apply of this workspace (process {pid}, since {since:%Y-%m-%d %H:%M:%S} UTC)"

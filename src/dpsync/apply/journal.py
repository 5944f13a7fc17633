"""The journal: what apply or `dpsync access` is about to write, on disk before it is sent, and what became of it.

Append-only JSON lines, one file per run. A room of its own because it must be able to speak when everything else has
failed: a `begin` without its `end` is a call of which nobody knows whether it took. It is for people, `history` and
`undo`; apply never reads it, and it is no state file: planning is the resume. It holds calls, which hold no headers, so
the token cannot be in it.

    {"type": "run", "format_version": 1, "run": …, "at": …, "dpsync": …, "who": …, "workspace": …, "environment": …, …}
    {"type": "begin", "sequence": 1, "at": …, "address": …, "id": …, "action": …, "method": …, "path": …, "body": …,
     "before": {"revision": …, "approved": …, "spec": {…}} or null}
                       of an access request: {"user": …, "type": …, "status": …, …}
    {"type": "end", "sequence": 1, "at": …, "result": "ok"}  or  {…, "result": "error", "error": …, "message": …}
    {"type": "finished", "at": …, "complete": true, "calls": 1}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import Any, Self

from dpsync.errors import MarketplaceError, UsageError
from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.plan import Target
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource

FORMAT_VERSION = 1

Clock = Callable[[], datetime]
"""Answers the time, with its zone."""


class JournalUnwritable(UsageError):
    """The journal cannot be written, so that nothing (more) is sent."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the first line says: where the run writes, who asked for it, which dpsync makes it, and of which Git commit."""

    target: Target
    who: str
    version: str
    commit: str | None = None


class Journal:
    """A journal on disk. `path` is its file. Used in a `with` statement, which writes the last line."""

    def __init__(self, path: Path, file: RawIOBase, clock: Clock) -> None:
        self.path = path
        self._file = file
        self._clock = clock
        self._calls = 0
        self._written = 0
        self._synced = 0
        self._turn = asyncio.Lock()
        self._broken: JournalUnwritable | None = None

    @classmethod
    def open(cls, folder: Path, run: Run, clock: Clock, randomness: Callable[[int], bytes]) -> Self:
        """A new journal below `folder`, in `runs/<UTC time>-<8 hex>.jsonl`, its first line on disk.

        `randomness(n)` answers n bytes. Raises JournalUnwritable.
        """
        began = clock().astimezone(UTC)
        name = f"{began:%Y%m%dT%H%M%S}.{began.microsecond // 1000:03d}Z-{randomness(4).hex()}"
        path = folder / "runs" / f"{name}.jsonl"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        journal = cls(path, file, clock)
        try:
            journal._append(_first_line(name, journal._time(), run))
            with journal._must_be_writable():
                os.fsync(file.fileno())
                _sync_folder(path.parent)
        except JournalUnwritable:
            file.close()
            raise
        return journal

    async def begin(self, change: Change, call: Call, now: LiveResource | None) -> int:
        """Write down a call and the object as it was; returns its number once the line is on disk.

        Raises JournalUnwritable; the call must then not be sent.
        """
        before = now if now is None else _as_it_was(now)
        return await self.begin_call(str(change.address), change.id, call, before)

    async def begin_call(
        self, address: str, live_id: str | None, call: Call, before: Mapping[str, Any] | None
    ) -> int:
        """Write down a call that is no change of a plan: what it is about, and that as it was, in plain JSON.

        As `begin`: returns the call's number once the line is on disk, or raises JournalUnwritable.
        """
        self._calls += 1
        number = self._calls
        self._append(
            {
                "type": "begin",
                "sequence": number,
                "at": self._time(),
                "address": address,
                "id": live_id,
                "action": call.action,
                "method": call.method,
                "path": call.path,
                "body": call.body if call.body is None else dict(call.body),
                "before": before if before is None else dict(before),
            }
        )
        await self._sync(self._written)
        return number

    def end(self, number: int) -> None:
        """Write down that the call with this number was confirmed. On disk with the next `begin`, or the last line."""
        self._append({"type": "end", "sequence": number, "at": self._time(), "result": "ok"})

    def end_with(self, number: int, error: MarketplaceError) -> None:
        """Write down that the call with this number failed. On disk with the next `begin`, or the last line."""
        self._append(
            {
                "type": "end",
                "sequence": number,
                "at": self._time(),
                "result": "error",
                "error": type(error).__name__,
                "message": error.message,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write the last line and close. A disk that is full by now costs that line, not the report of the run."""
        try:
            with contextlib.suppress(JournalUnwritable, OSError):
                self._append(
                    {"type": "finished", "at": self._time(), "complete": kind is None, "calls": self._calls}
                )
                os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        if self._broken is not None:
            raise self._broken
        rest = json.dumps(line, default=_in_manifest_words, separators=(",", ":")).encode() + b"\n"
        with self._must_be_writable():
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        self._written += 1

    async def _sync(self, line: int) -> None:
        """Return once the line is on disk. Those who waited for their turn find that one sync was enough for all."""
        async with self._turn:
            if self._broken is not None:
                raise self._broken
            if self._synced < line:
                written = self._written
                with self._must_be_writable():
                    await asyncio.to_thread(os.fsync, self._file.fileno())
                self._synced = written

    @contextlib.contextmanager
    def _must_be_writable(self) -> Iterator[None]:
        """One failure is the end of the journal: what the disk kept of a line is not known after it."""
        try:
            yield
        except OSError as error:
            self._broken = _unwritable(self.path, error)
            raise self._broken from error

    def _time(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class NoJournal:
    """No journal, because `--journal off` asked for none."""

    path: Path | None = None

    def __init__(self) -> None:
        self._calls = 0

    async def begin(self, _change: Change, _call: Call, _now: LiveResource | None) -> int:
        self._calls += 1
        return self._calls

    async def begin_call(
        self, _address: str, _live_id: str | None, _call: Call, _before: Mapping[str, Any] | None
    ) -> int:
        self._calls += 1
        return self._calls

    def end(self, _number: int) -> None: ...

    def end_with(self, _number: int, _error: MarketplaceError) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


AnyJournal = Journal | NoJournal


def last_commit(folder: Path, environment: str) -> str | None:
    """The Git commit of the newest complete run that wrote to an environment; None if no run says one.

    `folder` is the one that was given to `Journal.open`. A run that broke off does not count: what it left is not applied.
    """
    for file in sorted((folder / "runs").glob("*.jsonl"), reverse=True):
        lines = [_line_of(text) for text in file.read_text(encoding="utf-8", errors="replace").splitlines()]
        first, last = (lines[0], lines[-1]) if lines else ({}, {})
        is_whole = last.get("type") == "finished" and last.get("complete") is True
        if is_whole and first.get("environment") == environment and isinstance(first.get("commit"), str):
            return str(first["commit"])
    return None


def _line_of(text: str) -> dict[str, Any]:
    """A line of a journal; an empty one where it is torn."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _first_line(name: str, at: str, run: Run) -> dict[str, Any]:
    return {
        "type": "run",
        "format_version": FORMAT_VERSION,
        "run": name,
        "at": at,
        "dpsync": run.version,
        "who": run.who,
        "commit": run.commit,
        "workspace": run.target.workspace,
        "workspace_id": run.target.workspace_id,
        "environment": run.target.environment,
        "tenant": run.target.tenant,
        "url": run.target.url,
    }


def _as_it_was(now: LiveResource) -> dict[str, Any]:
    return {"revision": now.revision, "approved": now.accesses.approved, "spec": now.spec}


def _in_manifest_words(value: object) -> dict[str, Any]:
    """A value that JSON does not know, as a manifest could have it: what was read, and ids, which outlive names."""
    if isinstance(value, Spec):
        return {
            rule.name: getattr(value, rule.attribute)
            for rule in rules_of(type(value))
            if value.manages(rule.attribute)
        }
    if isinstance(value, Reference | SourceReference):
        return {value.how: value.text} if value.id is None else {"id": value.id}
    raise TypeError(f"{type(value).__name__} has no place in a journal")


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as lasting as its lines, where the system can open a folder."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> JournalUnwritable:
    return JournalUnwritable(
        f"The journal {path} cannot be written: {error.strerror or error}. What it does not hold is not sent.",
        "Make room or name another folder with `--journal DIR`; `--journal off` goes without one.",
    )

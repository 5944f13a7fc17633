"""The journal: what apply or `dpsync access` is about to write, on disk before it is sent, and what became of it.

Append-only JSON lines, one file per run. A room of its own because it must be able to speak when everything else has
failed: a `begin` without its `end` is a call of which nobody knows whether it took. It is for people, and holds
what it takes to put back what a run changed; apply never reads it, and it is no state file: planning is the resume. It
holds calls, which hold no headers, so the token cannot be in it.

    {"type": "run", "format_version": 1, "run": …, "at": …, "who": …, "command": …, "commit": …, "fingerprint": …, …}
    {"type": "begin", "sequence": 1, "at": …, "address": …, "id": …, "action": …, "method": …, "path": …, "body": …,
     "title": …, "origin": …, "labels": …, "fields": […], "after": {…} or null,
     "before": {"revision": …, "approved": …, "spec": {…}} or null}
                       of an access request: {"user": …, "type": …, "status": …, …}
    {"type": "end", "sequence": 1, "at": …, "result": "ok"}  or  {…, "result": "error", "error": …, "message": …}
    {"type": "finished", "at": …, "complete": true, "whole": true, "left": 0,
     "interrupted": false, "calls": 1}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import Any, Self

from dpsync.errors import MarketplaceError, UsageError
from dpsync.model.base import FieldPath, Spec, map_references, references_in, rules_of
from dpsync.model.call import Action, Call
from dpsync.model.change import Change
from dpsync.model.fields import Refers
from dpsync.model.history import APPLY
from dpsync.model.plan import Target
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource
from dpsync.model.words import in_words

FORMAT_VERSION = 1

Clock = Callable[[], datetime]
"""Answers the time, with its zone."""


class JournalUnwritable(UsageError):
    """The journal cannot be written, so that nothing (more) is sent."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the first line says: where the run writes, who asked for it, which dpsync makes it, and of which Git commit.

    `command` is what was asked for, `fingerprint` that of the plan, and `undoes` the run that this one is to undo.
    `dirty` says whether manifests were not as in the commit; None where there is none.
    """

    target: Target
    who: str
    version: str
    commit: str | None = None
    command: str = APPLY
    fingerprint: str | None = None
    undoes: str | None = None
    dirty: bool | None = None


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
        self._is_whole = False
        self._left = 0
        self._was_interrupted = False

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
        before = now if now is None else _as_it_was(change, now)
        return await self._begin(str(change.address), change.id, call, before, _about(change, call))

    async def begin_call(
        self, address: str, live_id: str | None, call: Call, before: Mapping[str, Any] | None
    ) -> int:
        """Write down a call that is no change of a plan: what it is about, and that as it was, in plain JSON.

        As `begin`: returns the call's number once the line is on disk, or raises JournalUnwritable.
        """
        return await self._begin(address, live_id, call, before, _NO_CHANGE)

    async def _begin(
        self,
        address: str,
        live_id: str | None,
        call: Call,
        before: Mapping[str, Any] | None,
        about: Mapping[str, Any],
    ) -> int:
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
                **about,
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

    def left(self, changes: int, *, interrupted: bool) -> None:
        """Say in the last line how many changes of the plan are not made, and whether somebody stopped the run."""
        self._left, self._was_interrupted = changes, interrupted

    def nothing_was_left(self) -> None:
        """Say in the last line that everything was done that the manifests ask for: the commit is applied."""
        self._is_whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write the last line and close. A disk that is full by now costs that line, not the report of the run."""
        try:
            with contextlib.suppress(JournalUnwritable, OSError):
                self._append(
                    {
                        "type": "finished",
                        "at": self._time(),
                        "complete": kind is None,
                        "whole": kind is None and self._is_whole,
                        "left": self._left,
                        "interrupted": self._was_interrupted,
                        "calls": self._calls,
                    }
                )
                os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        if self._broken is not None:
            raise self._broken
        rest = json.dumps(line, default=in_words, separators=(",", ":")).encode() + b"\n"
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

    def left(self, _changes: int, *, interrupted: bool) -> None: ...

    def nothing_was_left(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


AnyJournal = Journal | NoJournal


def _first_line(name: str, at: str, run: Run) -> dict[str, Any]:
    return {
        "type": "run",
        "format_version": FORMAT_VERSION,
        "run": name,
        "at": at,
        "dpsync": run.version,
        "who": run.who,
        "command": run.command,
        "commit": run.commit,
        "dirty": run.dirty,
        "fingerprint": run.fingerprint,
        "undoes": run.undoes,
        "workspace": run.target.workspace,
        "workspace_id": run.target.workspace_id,
        "environment": run.target.environment,
        "tenant": run.target.tenant,
        "url": run.target.url,
    }


_NO_CHANGE: Mapping[str, Any] = {
    "title": "",
    "origin": None,
    "labels": {},
    "fields": None,
    "after": None,
}


def _about(change: Change, call: Call) -> dict[str, Any]:
    """What there is to know of the change that a call belongs to, to undo it without the manifests."""
    origin, after = change.origin, change.after
    attributes, fields = _written_by(call, change)
    return {
        "title": change.title,
        "origin": None if origin is None else {"file": origin.file, "line": origin.line},
        "labels": {} if after is None else dict(after.labels),
        "fields": fields,
        "after": None if after is None or call.action is Action.DELETE else _only(after.spec, attributes),
    }


def _written_by(call: Call, change: Change) -> tuple[frozenset[str] | None, list[str]]:
    """The manifest names of what a call writes, None for everything; and the dotted names of what changes by it."""
    if change.after is None or change.action is Action.DELETE:
        return frozenset(), []
    if call.action is Action.CREATE:
        return None, []
    rules = rules_of(type(change.after.spec))
    whole = {rule.name for rule in rules if rule.replaced_whole}
    if call.action is Action.REPLACE_SOURCES:
        return frozenset(whole), sorted(whole)
    if change.action is Action.CREATE:  # what a create cannot say: the same object once more, with that
        return frozenset(rule.name for rule in rules) - whole, []
    fields = [field.path for field in change.fields]
    return frozenset(path.split(".")[0] for path in fields), fields


def _only(spec: Spec, names: frozenset[str] | None) -> Spec:
    """What of the spec a call writes; and what it is in, without which the rest cannot be read."""
    return spec.of(
        **{
            rule.attribute: getattr(spec, rule.attribute)
            for rule in rules_of(type(spec))
            if spec.manages(rule.attribute)
            and (names is None or rule.name in names or (rule.refers is not None and rule.refers.inherits))
        }
    )


def _as_it_was(change: Change, now: LiveResource) -> dict[str, Any]:
    spec = _with_names(now.spec, change)
    return {"revision": now.revision, "approved": now.accesses.approved, "spec": spec}


def _with_names(spec: Spec, change: Change) -> Spec:
    """The spec as it was read, with the names by which the plan knows what it refers to: a read may have ids only."""
    sides = (side.spec for side in (change.before, change.after) if side is not None)
    called = {
        (refers.to, one.id): one.text
        for side in sides
        for _path, one, refers in references_in(side)
        if one.id
    }

    def named_as_planned(_path: FieldPath, one: Reference, refers: Refers) -> Reference:
        return one if one.text != one.id else replace(one, text=called.get((refers.to, one.id), one.text))

    spec = map_references(spec, named_as_planned)
    for rule in rules_of(type(spec)):
        if not (rule.replaced_whole and spec.manages(rule.attribute)):
            continue
        after = getattr(change.after.spec, rule.attribute, ()) if change.after is not None else ()
        known = {one.id: one for one in (*(after or ()), *change.sources.added, *change.sources.removed)}
        sources: tuple[SourceReference, ...] = getattr(spec, rule.attribute)
        named = tuple(replace(one, text=known[one.id].text) if one.id in known else one for one in sources)
        return spec.with_values(**{rule.attribute: named})
    return spec


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

"""What machines are told while changes are made: one JSON object per line, as it happens (`docs/events.md`).

A room of its own because it is a contract, which what people see is not. It is one more `Progress`, and never in the way of
the run: a reader that goes away loses the rest, and is told of at the end. It holds calls without their bodies and no
headers, so that the token cannot be in it. Must never be used to decide anything.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from dpsync.errors import InvalidManifests

if TYPE_CHECKING:
    from dpsync.cli.shared import Wanted
    from dpsync.model.call import Call
    from dpsync.model.change import Change
    from dpsync.model.report import Report

FORMAT_VERSION = "1.0"
"""A field or a type that is added raises the second number; a change that a reader could misunderstand the first."""


def _now() -> datetime:
    return datetime.now(UTC)


class Events:
    """Writes each event to a stream at once. `clock` answers the time with its zone, `seconds` only goes forward."""

    def __init__(
        self,
        stream: IO[str],
        *,
        clock: Callable[[], datetime] = _now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._seconds = seconds
        self._sent: dict[str, float] = {}
        self._broken: OSError | None = None

    def planned(self, report: Report) -> None:
        """The plan that is about to be made. Raises OSError if it cannot be written: nothing was changed yet."""
        self._report("plan", report)
        self._raise_if_broken()

    def started(self, change: Change) -> None:
        self._write("started", {**_of(change), "title": change.title})

    def calling(self, change: Change, call: Call) -> None:
        """Not an event: what is sent is told when it is known what became of it."""
        self._sent[_key(change, call)] = self._seconds()

    def called(self, change: Change, call: Call, result: str, message: str) -> None:
        sent = self._sent.pop(_key(change, call), None)
        self._write(
            "call",
            {
                "address": str(change.address),
                "action": call.action.value,
                "method": call.method,
                "path": call.path,
                "result": result,
                "message": message,
                "seconds": None if sent is None else round(self._seconds() - sent, 3),
            },
        )

    def ended(self, change: Change, result: str, message: str) -> None:
        self._write("ended", {**_of(change), "result": str(result), "message": message})

    def reported(self, report: Report) -> None:
        """The last event: how it went. Raises OSError if this event, or one before it, could not be written."""
        self._report("report", report)
        self._raise_if_broken()

    @contextmanager
    def reported_if_invalid(self, command: str) -> Iterator[None]:
        """Write the report as the only event where the manifests are not valid."""
        from dpsync import __version__
        from dpsync.model.report import Report

        try:
            yield
        except InvalidManifests as error:
            self.reported(Report(command, __version__, findings=error.findings))
            raise

    def _report(self, kind: str, report: Report) -> None:
        from dpsync.reports.json import as_object

        self._write(kind, {"report": as_object(report)})

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        """Write one line. Once that failed nothing more is written: what the reader has of a line is not known."""
        if self._broken is not None:
            return
        at = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"format_version": FORMAT_VERSION, "type": kind, "at": at, **fields}
        try:
            self._stream.write(json.dumps(event, ensure_ascii=True, separators=(",", ":")) + "\n")
            self._stream.flush()
        except OSError as error:
            self._broken = error

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken


def besides_stdout(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """The reports that go to files; where events are written, stdout is theirs."""
    return tuple(one for one in wanted if one.file is not None)


def _of(change: Change) -> dict[str, Any]:
    return {"address": str(change.address), "id": change.id, "action": change.action.value}


def _key(change: Change, call: Call) -> str:
    """What tells calls under way apart: those of one change are sent one after the other."""
    return f"{change.address} {call.method} {call.path}"

"""Past runs: what a journal says about a run, its calls, and how it ended.

Values only, on the lowest floor because apply reads them, undo is planned from them, and `history` shows them. What a call
changed is in a manifest's words (`words.py`). Nothing here looks at what is live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from dpsync.model.place import Origin
from dpsync.model.plan import Target
from dpsync.model.words import Words

APPLY, UNDO, ACCESS = "apply", "undo", "access"
"""The commands that journal."""


def id_of(run: str) -> str:
    """What a run is called for short: the random end of its name."""
    return run.rpartition("-")[2]


class CallResult(StrEnum):
    """What is known of a call: confirmed, failed, or begun and never heard of again."""

    OK = "ok"
    ERROR = "error"
    UNKNOWN = "unknown"


_REFUSALS = frozenset({"Refused", "Forbidden", "NotFound", "Conflict", "NotAuthenticated"})
"""Errors that say that the marketplace did not do it; after any other it may have."""


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call. `before` is the object as it was, in words; None where there was none, or where nothing was noted.

    `fields` are the dotted names of what the call was to change, and `after` says to what; both are None where the call is
    none of a change. `approved` is how many had access before, if that was known. `line` is where it begins in the file.
    """

    sequence: int
    at: str
    address: str
    id: str | None
    action: str
    method: str
    path: str
    body: Mapping[str, Any] | None
    before: Words | None
    after: Words | None
    fields: tuple[str, ...] | None
    title: str = ""
    approved: int | None = None
    origin: Origin | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    result: CallResult = CallResult.UNKNOWN
    error: str = ""
    message: str = ""
    line: int = 0

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the marketplace may have done it: always, unless it said that it did not."""
        return self.result is not CallResult.ERROR or self.error not in _REFUSALS


@dataclass(frozen=True)
class PastRun:
    """One run that wrote, or was about to. `finished`: its last line is there; `complete`: that line says that all went on;
    `whole`: that everything is done that was asked for. `left` is how many changes of the plan are not made, and
    `interrupted` whether somebody stopped it.

    `commit` is the Git commit that was checked out, `dirty` whether manifests were not as in it, and `fingerprint` that of
    the plan, where there was one; `undoes` the run that this one undid. `file` is where the journal was read.
    """

    run: str
    at: str
    who: str
    command: str
    version: str
    target: Target
    file: str
    commit: str | None = None
    fingerprint: str | None = None
    undoes: str | None = None
    dirty: bool | None = None
    finished: bool = False
    complete: bool = False
    whole: bool = False
    left: int = 0
    interrupted: bool = False
    calls: tuple[PastCall, ...] = ()

    @property
    def id(self) -> str:
        """What the run is called for short."""
        return id_of(self.run)

    def is_called(self, text: str) -> bool:
        """Whether it may be called so: by its id, its name or the beginning of that."""
        return text == self.id or (text != "" and self.run.startswith(text))

    @cached_property
    def results(self) -> Mapping[CallResult, int]:
        """How many calls ended how."""
        return Counter(call.result for call in self.calls)

    @property
    def broke_off(self) -> bool:
        """Whether it ended in the middle: killed, or by a fault of dpsync itself."""
        return not (self.finished and self.complete)

    @property
    def _completeness(self) -> str:
        if self.whole or self.command == ACCESS:
            return "complete"
        return "partial" if self.left else "complete (partial)"

    @property
    def took_effect(self) -> bool:
        """Whether any of its calls may have taken effect."""
        return any(call.may_have_taken_effect for call in self.calls)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        failed = self.results.get(CallResult.ERROR, 0)
        unknown = self.results.get(CallResult.UNKNOWN, 0)
        if not self.broke_off:
            parts = ["interrupted"] if self.interrupted else []
            parts += [f"{failed} failed"] if failed else []
            parts = parts or [self._completeness]
            parts += [f"{unknown} not known"] if unknown else []
            parts += [f"{self.left} not made"] if self.left else []
            return ", ".join(parts)
        if not self.calls:
            return "broke off before its first call"
        last = self.calls[-1]
        told = f"broke off after call {last.sequence}, of {last.address}"
        if last.result is CallResult.UNKNOWN:
            told += ", whose result is not known"
        others = unknown - (last.result is CallResult.UNKNOWN)
        told += f"; {others} more not known" if others else ""
        return told + (f"; {failed} failed" if failed else "")


@dataclass(frozen=True, slots=True)
class History:
    """Past runs, the newest first; and what there is to say about each journal that cannot be read."""

    runs: tuple[PastRun, ...]
    unreadable: tuple[str, ...] = ()

    def of(self, environment: str | None) -> History:
        """The runs in one environment, or all; of what is unreadable nobody knows in which it was."""
        kept = tuple(run for run in self.runs if environment in {None, run.target.environment})
        return History(kept, self.unreadable)

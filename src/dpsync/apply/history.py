"""Reading journals: what past runs did, call by call, and how each ended.

Apart from `journal.py` because what writes must be small and sure, and what reads must bear whatever a power cut left. A
last line that was torn is nothing; everything else that is no line of a journal is an error with its place, because a gap
would make undo restore too little. What apply does never follows from anything here: planning is the resume.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dpsync.apply.journal import FORMAT_VERSION
from dpsync.errors import UsageError
from dpsync.model.history import APPLY, UNDO, CallResult, History, PastCall, PastRun, id_of
from dpsync.model.place import Origin
from dpsync.model.plan import Target


class JournalUnreadable(UsageError):
    """What a journal file holds is not what a journal holds."""


LAST = "last"
"""What the newest run may be called."""


def read_history(folder: Path) -> History:
    """Every run of which a journal is kept below `folder`, the one given to `Journal.open`; the newest first.

    A file without one whole line is of a run that sent nothing, and is left out.
    """
    runs: list[PastRun] = []
    unreadable: list[str] = []
    for file in _journals(folder):
        try:
            run = _run_in(file)
        except JournalUnreadable as error:
            unreadable.append(error.message)
        else:
            runs += [] if run is None else [run]
    return History(tuple(runs), tuple(unreadable))


def read_run(file: Path) -> PastRun:
    """The run that one journal file tells of, wherever the file is kept. Raises JournalUnreadable."""
    run = _run_in(file)
    if run is None:
        raise JournalUnreadable(f"{file} holds no run: not one line of it is whole.", _NAME_ANOTHER)
    return run


def run_named(folder: Path, text: str, environment: str | None = None) -> PastRun:
    """The run that an id, a name, the beginning of one, or `last` means; in an environment, where one is named.

    Raises UsageError.
    """
    files = _journals(folder)
    if not files:
        raise UsageError(f"There is no journal in {folder / 'runs'}.", _NAME_A_FOLDER)
    if text == LAST:
        newest = next(_runs(files, environment), None)
        if newest is None and environment is not None:
            raise UsageError(
                f"No journal in {folder / 'runs'} is of a run in {environment!r}.",
                "`dpsync history` lists them.",
            )
        if newest is None:
            raise UsageError(f"No journal in {folder / 'runs'} holds a whole line.", _NAME_A_FOLDER)
        return newest
    found = [file for file in files if file.stem.startswith(text)] if text else []
    exact = [file for file in files if text and text in {file.stem, id_of(file.stem)}]
    found = exact or found
    if len(found) == 1:
        return _of(read_run(found[0]), environment)
    if found:
        listed = ", ".join(file.stem for file in found[:_LISTED]) + (", …" if len(found) > _LISTED else "")
        raise UsageError(f"{text!r} begins the names of {len(found)} runs: {listed}.", "Write more of it.")
    raise UsageError(
        f"There is no run {text!r} in {folder / 'runs'}.",
        f"`dpsync history` lists them; the newest is {id_of(files[0].stem)}, or `{LAST}`.",
    )


def run_before(folder: Path, run: PastRun) -> PastRun | None:
    """The newest run before another one, in the same environment, that may have changed something; None if nobody knows."""
    files = [file for file in _journals(folder) if file.stem < run.run]
    try:
        return next((one for one in _runs(files, run.target.environment) if one.took_effect), None)
    except JournalUnreadable:
        return None


def _runs(files: Iterable[Path], environment: str | None) -> Iterator[PastRun]:
    """The runs in these files that hold any, in their order."""
    runs = (run for file in files if (run := _run_in(file)) is not None)
    return (run for run in runs if environment in {None, run.target.environment})


def _of(run: PastRun, environment: str | None) -> PastRun:
    if environment in {None, run.target.environment}:
        return run
    raise UsageError(
        f"The run {run.id} was in {run.target.environment!r}, not in {environment!r}.",
        "Leave `--env` (DPSYNC_ENV) out, or name another run.",
    )


def last_commit(folder: Path, environment: str) -> str | None:
    """The Git commit of the newest whole apply to an environment that was not undone; None if no run says one.

    A run that broke off or left something does not count. Reads the ends of files only. Raises JournalUnreadable.
    """
    undone: set[str] = set()
    for file in _journals(folder):
        first, last = _ends_of(file)
        if not first and not last:
            _must_be_torn(file)
            continue
        run = _run(file, first)
        is_whole = last.get("type") == "finished" and last.get("whole") is True
        if not is_whole or run.target.environment != environment or run.run in undone:
            continue
        if run.command == UNDO and run.undoes is not None:
            undone.add(run.undoes)
        if run.command == APPLY and run.commit is not None:
            return run.commit
    return None


def _journals(folder: Path) -> list[Path]:
    return sorted((folder / "runs").glob("*.jsonl"), reverse=True)


_LISTED = 3
_NAME_ANOTHER = "Name another file. `dpsync history` lists those that are kept here."
_NAME_A_FOLDER = (
    "Name the folder with `--journal DIR`, or one file that a pipeline kept with `undo --journal FILE`."
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_LAST_LINE = 4096
_RESULTS = {result.value: result for result in CallResult}


def _run_in(file: Path) -> PastRun | None:
    """The run in a file; None where there is not one whole line."""
    try:
        rows = file.read_bytes().split(b"\n")
    except OSError as error:
        raise _cannot_be_read(file, error) from None
    lines = list(_lines(file, rows))
    if not lines:
        return None
    _number, first = lines[0]
    run = _run(file, first)
    calls: dict[int, PastCall] = {}
    ended: Mapping[str, Any] = {}
    for number, line in lines[1:]:
        try:
            if line["type"] == "begin":
                calls[line["sequence"]] = _begun(line, number)
            elif line["type"] == "end":
                calls[line["sequence"]] = _ended(calls[line["sequence"]], line)
            elif line["type"] == "finished":
                ended = _finished(line)
            else:
                raise _unreadable(file, number, f"its type is {line['type']!r}")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            told = f"something is missing or is not what it should be ({error})"
            raise _unreadable(file, number, told) from None
    return replace(run, calls=tuple(calls.values()), **ended)


def _ends_of(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first line and the last; each empty where it is torn."""
    try:
        with file.open("rb") as opened:
            first = opened.readline()
            opened.seek(max(len(first), opened.seek(0, os.SEEK_END) - _LONGEST_LAST_LINE))
            rows = opened.read().splitlines()
    except OSError as error:
        raise _cannot_be_read(file, error) from None
    last = next((row for row in reversed(rows) if row), b"")
    return _whole(first) or {}, _whole(last) or {}


def _must_be_torn(file: Path) -> None:
    """Raises JournalUnreadable where a file that has not one whole line has the end of one."""
    try:
        _run_in(file)
    except OSError as error:
        raise _cannot_be_read(file, error) from None


def _whole(row: bytes) -> dict[str, Any] | None:
    """The object in a line; None where there is none."""
    try:
        line = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _lines(file: Path, rows: list[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines with their numbers. What follows the last end of a line was torn by the end of the run if it is not whole."""
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        try:
            line = json.loads(row)
        except (ValueError, RecursionError):
            if number == len(rows):
                return
            raise _unreadable(file, number, "it is not JSON") from None
        if not isinstance(line, dict):
            raise _unreadable(file, number, "it is not a JSON object")
        yield number, line


def _run(file: Path, first: Mapping[str, Any]) -> PastRun:
    """What the first line says; later lines say how the run went on."""
    if first.get("type") != "run":
        raise _unreadable(file, 1, "it does not begin with a run")
    version = first.get("format_version")
    if version != FORMAT_VERSION:
        raise _unreadable(
            file,
            1,
            f"its format is {version!r}, and this dpsync reads {FORMAT_VERSION}",
            "Use a newer dpsync.",
        )
    try:
        run = PastRun(
            run=str(first["run"]),
            at=str(first["at"]),
            who=str(first["who"]),
            command=str(first.get("command", APPLY)),
            version=str(first["dpsync"]),
            target=Target(
                *(str(first[name]) for name in ("workspace", "workspace_id", "environment", "url", "tenant"))
            ),
            file=str(file),
            commit=_text_or_none(first, "commit"),
            fingerprint=_text_or_none(first, "fingerprint"),
            undoes=_text_or_none(first, "undoes"),
            dirty=_flag_or_none(first, "dirty"),
        )
    except KeyError as error:
        raise _unreadable(file, 1, f"it has no {error}") from None
    except TypeError as error:
        raise _unreadable(file, 1, str(error)) from None
    if run.commit is not None and not _COMMIT.fullmatch(run.commit):
        raise _unreadable(file, 1, f"its commit is {run.commit!r}, and no commit is called so")
    return run


def _text_or_none(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if not isinstance(value, str | None):
        raise TypeError(f"its {name} is {value!r}, and no text")
    return value


def _flag_or_none(line: Mapping[str, Any], name: str) -> bool | None:
    value = line.get(name)
    if not isinstance(value, bool | None):
        raise TypeError(f"its {name} is {value!r}, and neither true nor false")
    return value


def _begun(line: Mapping[str, Any], number: int) -> PastCall:
    before, origin, fields = line["before"], line.get("origin"), line.get("fields")
    state = before.get("spec") if before is not None else None
    for words in (before, state, line.get("after"), line["body"]):
        if not isinstance(words, dict | None):
            raise TypeError(f"{words!r} is no object")
    approved = before.get("approved") if before is not None else None
    if not isinstance(approved, int | None):
        raise TypeError(f"{approved!r} is no number")
    live_id = line["id"]
    if not isinstance(live_id, str | None):
        raise TypeError(f"{live_id!r} is no id")
    return PastCall(
        sequence=int(line["sequence"]),
        at=str(line["at"]),
        address=str(line["address"]),
        id=live_id,
        action=str(line["action"]),
        method=str(line["method"]),
        path=str(line["path"]),
        body=line["body"],
        before=before if state is None else state,
        after=line.get("after"),
        fields=None if fields is None else tuple(str(name) for name in fields),
        title=str(line.get("title") or ""),
        approved=approved,
        origin=None if origin is None else Origin(str(origin["file"]), int(origin["line"])),
        labels=dict(line.get("labels") or {}),
        line=number,
    )


def _ended(call: PastCall, line: Mapping[str, Any]) -> PastCall:
    return replace(
        call,
        result=_RESULTS[line["result"]],
        error=str(line.get("error") or ""),
        message=str(line.get("message") or ""),
    )


def _finished(line: Mapping[str, Any]) -> dict[str, Any]:
    """What the last line says. Journals of before it said what was left say nothing of it."""
    left = line.get("left", 0)
    if not isinstance(left, int):
        raise TypeError(f"{left!r} is no number")
    flags = {name: line.get(name) is True for name in ("complete", "whole", "interrupted")}
    return {"finished": True, "left": left, **flags}


def _cannot_be_read(file: Path, error: OSError) -> JournalUnreadable:
    return JournalUnreadable(f"The journal {file} cannot be read: {error.strerror or error}.", _NAME_ANOTHER)


def _unreadable(file: Path, number: int, why: str, remedy: str = "") -> JournalUnreadable:
    return JournalUnreadable(
        f"{file}:{number} is not a line of a journal: {why}.",
        remedy or "Use another copy of the file. Without that line nobody knows what the run did.",
    )

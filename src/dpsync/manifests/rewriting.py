"""Files put in their places: each whole or not at all, and several all or none as far as the system lets us.

A room of its own because every command that writes over a file needs the same care: the new content is written beside the
place, with the rights of what is there, and moved there at once. It must never decide what is written, nor where.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsync.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file with its new content. `lines` are the changed ones, each with its number from 1 and its new text."""

    name: str
    path: Path
    before: bytes
    after: bytes
    lines: tuple[tuple[int, str], ...]


def write(files: Sequence[Rewritten]) -> None:
    """Put the files in their places, all or none as far as the system lets us.

    Each is written beside its place and moved there at once. Raises UsageError; what was moved by then is put back.
    """
    ready: list[tuple[Rewritten, Path]] = []
    moved: list[Rewritten] = []
    try:
        for file in files:
            if file.path.read_bytes() != file.before:
                raise changed_meanwhile(file.name)
            ready.append((file, _beside(file.path, file.after)))
        for file, place in ready:
            place.replace(file.path)
            moved.append(file)
    except OSError as error:
        for file in moved:
            with contextlib.suppress(OSError):
                put(file.path, file.before)
        raise UsageError(
            f"The files cannot be written, and are as they were: {error.strerror or error}.",
            "Give yourself the right to write them.",
        ) from None
    finally:
        for _file, place in ready:
            place.unlink(missing_ok=True)


def put(file: Path, content: bytes) -> None:
    """Write one file so that nobody ever reads half of it. Raises OSError; the file is as it was then."""
    draft = _beside(file, content)
    try:
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def changed_meanwhile(name: str) -> UsageError:
    """The error about a file that is not what it was when it was read."""
    return UsageError(f"{name} was changed meanwhile, so nothing was written.", "Run the command again.")


def _beside(file: Path, content: bytes) -> Path:
    """A new file in the same folder, with the rights of the one at the place, if there is one; nobody reads its name."""
    rights = stat.S_IMODE(file.stat().st_mode) if file.exists() else None
    draft = file.with_name(f".dpsync-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(
        draft,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
        0o666 if rights is None else 0o600,
    )
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        if rights is not None:
            draft.chmod(rights)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft

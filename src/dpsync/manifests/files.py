"""Finding and reading the files of a workspace, and refusing whatever leads out of it.

A room of its own because this is the one place that opens a file somebody else named. A path is resolved before it is
opened; what resolves outside the root is refused unopened, and nothing here ever quotes what a file holds. It must never
parse: it hands out bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsync.manifests.document import MOST_BYTES
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin

WORKSPACE_FILE = "dpsync.yaml"
WORKSPACE_KIND = "Workspace"
EXCEPTIONS = "exceptions"
EXCEPTION_KIND = "GuardrailException"
_SUFFIXES = (".yaml", ".yml")
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class File:
    """A file to read: what messages call it (relative to the root, with `/`), and where it really is."""

    name: str
    path: str


def find_workspace(start: Path) -> Path | None:
    """The `dpsync.yaml` of this folder, or of the nearest folder above that has one."""
    here = start.absolute()
    for folder in (here, *here.parents):
        file = folder / WORKSPACE_FILE
        if file.is_file() or file.is_symlink():
            return file
    return None


def find_files(
    root: str, folders: Sequence[str], *, exceptions: str = EXCEPTIONS
) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
    """Every manifest in these folders (or named directly), each once, sorted by name; and what is wrong with them.

    What stands in the folder of exceptions is left out: nothing in it is a manifest.
    """
    walk = _Walk(root, exceptions)
    for folder in folders:
        walk.start(folder)
    return walk.found


def find_exceptions(root: str, folder: str) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
    """Every document of the folder of exceptions, which may be empty or missing; and what is wrong with them."""
    walk = _Walk(root)
    if os.path.lexists(Path(root, folder)):
        walk.take(folder)
    return walk.found


def read_file(file: File) -> bytes | Finding:
    """What the file holds, or why it cannot be read."""
    try:
        descriptor = os.open(file.path, _FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return not_a_file(file.name)
            if status.st_size > MOST_BYTES:
                return _too_large(file.name, status.st_size)
            return _all_of(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        return _unreadable(file.name, error)


def _all_of(descriptor: int, size: int) -> bytes:
    """The bytes of an open file, which may have grown or shrunk since its size was read."""
    content = os.read(descriptor, size + 1)
    while len(content) <= MOST_BYTES and (more := os.read(descriptor, MOST_BYTES)):
        content += more
    return content


def is_inside(root: str, path: str) -> bool:
    """Whether a resolved path is the resolved root or below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


class _Walk:
    """One walk over the folders of a workspace; what it finds is keyed by where it really is."""

    def __init__(self, root: str, apart: str = "") -> None:
        self.apart = os.path.normpath(apart).replace(os.sep, "/") if apart else ""
        self.root = str(Path(root).absolute())
        self.real_root = os.path.realpath(root)
        self.files: dict[str, File] = {}
        self.findings: list[Finding] = []
        self.walked: set[str] = set()

    @property
    def found(self) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
        """The files by name, and the findings as they came."""
        return tuple(sorted(self.files.values(), key=lambda file: file.name)), tuple(self.findings)

    def start(self, folder: str) -> None:
        """Take what the workspace or the command line names, and say so where a folder has no manifest."""
        before = len(self.files), len(self.findings), len(self.walked)
        name = self.take(folder)
        if (len(self.files), len(self.findings)) == before[:2] and len(self.walked) > before[2]:
            self.findings.append(_no_manifests(name))

    def take(self, folder: str) -> str:
        """Walk one folder, or take one file, and answer what messages call it."""
        path = os.path.normpath(Path(self.root, folder))
        real = os.path.realpath(path)
        if not is_inside(self.real_root, real):
            self.findings.append(outside(folder))
            return folder
        name = _name(path, self.root) or _name(real, self.real_root) or "."
        if self._is_apart(name):
            self.findings.append(_apart(name))
            return name
        try:
            mode = Path(real).stat().st_mode
        except OSError as error:
            self.findings.append(
                _missing(name) if isinstance(error, FileNotFoundError) else _unreadable(name, error)
            )
            return name
        if stat.S_ISDIR(mode):
            self._folder("" if name == "." else name, real)
        elif not stat.S_ISREG(mode):
            self.findings.append(not_a_file(name))
        elif not name.lower().endswith(_SUFFIXES):
            self.findings.append(_not_yaml(name))
        else:
            self.files.setdefault(real, File(name, real))
        return name

    def _is_apart(self, name: str) -> bool:
        """Whether this is the folder of exceptions, or below it."""
        return bool(self.apart) and (self.apart in {".", name} or name.startswith(f"{self.apart}/"))

    def _folder(self, name: str, real: str) -> None:
        """Take what a folder and those below it hold. `real` is resolved, so an entry that is no link is inside."""
        pending = [(name, real)]
        while pending:
            name, real = pending.pop()
            if real in self.walked:
                continue
            self.walked.add(real)
            try:
                entries = tuple(_entries(real))
            except OSError as error:
                self.findings.append(_unreadable(name or ".", error))
                continue
            for entry in entries:
                below = f"{name}/{entry.name}" if name else entry.name
                if entry.name.startswith(".") or self._is_apart(below) or entry.name == WORKSPACE_FILE:
                    continue
                self._entry(entry, below, pending)

    def _entry(self, entry: os.DirEntry[str], name: str, pending: list[tuple[str, str]]) -> None:
        is_manifest = entry.name.lower().endswith(_SUFFIXES)
        path = entry.path
        if entry.is_symlink():
            path = os.path.realpath(path)
            if not is_inside(self.real_root, path):
                self.findings.append(outside(name))
                return
            if is_manifest and not Path(path).exists():
                self.findings.append(_missing(name))
                return
        if entry.is_dir():
            pending.append((name, path))
        elif not is_manifest:
            return
        elif entry.is_file():
            self.files.setdefault(path, File(name, path))
        else:
            self.findings.append(not_a_file(name))


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """The entries of a folder, in order; texts and not `Path` objects, of which there would be very many."""
    with os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _name(path: str, root: str) -> str:
    """The path relative to the root with `/`; empty if it is not below it."""
    if not is_inside(root, path):
        return ""
    return os.path.relpath(path, root).replace(os.sep, "/")


# ------------------------------------------------------------------------------------------- findings


def _finding(rule: str, name: str, message: str, remedy: str) -> Finding:
    return Finding(rule, Severity.ERROR, message, remedy, Origin(name, 1, 1))


def outside(name: str) -> Finding:
    """The finding about a path or a link that leads out of the workspace."""
    return _finding(
        "outside-workspace",
        name,
        f"{name} leads out of the workspace, so it was not opened.",
        "Put the file itself into the workspace, and remove the link or the path.",
    )


def not_a_file(name: str) -> Finding:
    """The finding about a socket, a device or a pipe."""
    return _finding("unreadable-file", name, f"{name} is not a regular file.", "Remove it, or write a file.")


def _missing(name: str) -> Finding:
    return _finding(
        "missing-file",
        name,
        f"{name} does not exist.",
        f"Create it, or correct `manifests:` in {WORKSPACE_FILE} (or the path on the command line).",
    )


def _unreadable(name: str, error: OSError) -> Finding:
    reason = (error.strerror or type(error).__name__).lower()
    return _finding(
        "unreadable-file", name, f"{name} cannot be read: {reason}.", "Give yourself the right to read it."
    )


def _too_large(name: str, size: int) -> Finding:
    return _finding(
        "too-large",
        name,
        f"{name} has {size:,} bytes; at most {MOST_BYTES:,} are read.",
        "Split it, or take it out of the manifests if it is not one.",
    )


def _no_manifests(name: str) -> Finding:
    return _finding(
        "no-manifests",
        name,
        f"The folder {name} holds no manifest (*.yaml or *.yml).",
        f"Add one, or take the folder out of `manifests:` in {WORKSPACE_FILE}.",
    )


def _apart(name: str) -> Finding:
    return _finding(
        "no-manifests",
        name,
        f"{name} is where exceptions from guardrails stand, so nothing in it is a manifest.",
        f"Correct `manifests:` or `exceptions:` in {WORKSPACE_FILE}.",
    )


def _not_yaml(name: str) -> Finding:
    return _finding(
        "not-yaml",
        name,
        f"{name} is not a manifest by its name.",
        "Give it a name that ends with .yaml or .yml.",
    )

"""Finding and reading the files of a workspace, and refusing whatever leads out of it.

A room of its own because this is the one place that opens a file somebody else named. A path is resolved before it is
opened; what resolves outside the root is refused unopened, and nothing here ever quotes what a file holds. It must never
parse: it hands out bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dpsync.manifests.document import MOST_BYTES
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin

WORKSPACE_FILE = "dpsync.yaml"
WORKSPACE_KIND = "Workspace"
EXCEPTIONS = "exceptions"
PATCHES = "environments"
EXCEPTION_KIND = "GuardrailException"
UNKNOWN_ENVIRONMENT = "unknown-environment"
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
    root: str, folders: Sequence[str], *, exceptions: str = EXCEPTIONS, patches: str = PATCHES
) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
    """Every manifest in these folders (or named directly), each once, sorted by name; and what is wrong with them.

    What stands in the folders of exceptions and of patches is left out: nothing in them is a manifest.
    """
    walk = _Walk(root, {exceptions: "exceptions from guardrails", patches: "patches of environments"})
    for folder in folders:
        walk.start(folder)
    return walk.found


def find_exceptions(root: str, folder: str) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
    """Every document of the folder of exceptions, which may be empty or missing; and what is wrong with them."""
    walk = _Walk(root)
    if os.path.lexists(Path(root, folder)):
        walk.take(folder)
    return walk.found


def find_patches(
    root: str, folder: str, environment: str, environments: Collection[str] = ()
) -> tuple[tuple[File, ...], tuple[Finding, ...]]:
    """Every patch of an environment, which may have none; and what is wrong with the folder of patches.

    Where the names of all environments are given, what belongs to none of them is wrong.
    """
    walk = _Walk(root)
    above = Path(root, folder)
    if not os.path.lexists(above):
        return walk.found
    if is_inside(walk.real_root, os.path.realpath(above)):
        try:
            walk.findings.extend(_of_no_environment(folder, above, environments))
        except OSError as error:
            walk.findings.append(_unreadable(folder, error))
    name = PurePosixPath(environment)
    if len(name.parts) == 1 and name.name not in {"", ".."} and os.path.lexists(above / environment):
        walk.take(f"{folder}/{environment}")
    return walk.found


def _of_no_environment(folder: str, path: Path, environments: Collection[str]) -> Iterator[Finding]:
    for entry in _entries(str(path)) if environments else ():
        if entry.name.startswith(".") or entry.name in environments:
            continue
        if entry.is_dir() or entry.name.lower().endswith(_SUFFIXES):
            yield _no_environment(folder, entry.name, environments, is_folder=entry.is_dir())


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


def beginning_of(file: File) -> bytes:
    """As much as is ever read of a file that is too large."""
    descriptor = os.open(file.path, _FLAGS)
    try:
        return os.read(descriptor, MOST_BYTES)
    finally:
        os.close(descriptor)


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

    def __init__(self, root: str, apart: Mapping[str, str] | None = None) -> None:
        self.apart = {
            os.path.normpath(folder).replace(os.sep, "/"): what for folder, what in (apart or {}).items()
        }
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
        apart = self._apart(name)
        if apart is not None:
            self.findings.append(_apart(name, apart))
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

    def _apart(self, name: str) -> str | None:
        """What stands in this folder instead of manifests, or in one above it."""
        for folder, what in self.apart.items():
            if folder in {".", name} or name.startswith(f"{folder}/"):
                return what
        return None

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
                if entry.name.startswith(".") or self._apart(below) or entry.name == WORKSPACE_FILE:
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


def _apart(name: str, what: str) -> Finding:
    return _finding(
        "no-manifests",
        name,
        f"{name} is where {what} stand, so nothing in it is a manifest.",
        f"Correct `manifests:` or `{what.partition(' ')[0]}:` in {WORKSPACE_FILE}.",
    )


def _no_environment(folder: str, name: str, environments: Collection[str], *, is_folder: bool) -> Finding:
    from dpsync.model.validation import closest  # heavy, and a shell that completes a key waits for this file

    path = f"{folder}/{name}"
    if not is_folder:
        remedy = f"Put it into the folder of one: {', '.join(f'{folder}/{one}' for one in environments)}."
        return _finding(UNKNOWN_ENVIRONMENT, path, f"{path} is a patch of no environment.", remedy)
    meant = closest(name, environments)
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    return _finding(
        UNKNOWN_ENVIRONMENT,
        path,
        f"{path} holds patches of an environment that {WORKSPACE_FILE} does not have.",
        f"{hint}Rename the folder, declare the environment {name}, or remove it. "
        f"There are: {', '.join(environments)}.",
    )


def _not_yaml(name: str) -> Finding:
    return _finding(
        "not-yaml",
        name,
        f"{name} is not a manifest by its name.",
        "Give it a name that ends with .yaml or .yml.",
    )

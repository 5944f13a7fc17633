"""The files of another Git revision, put into a temporary folder, so that they are read like those at hand.

A room of its own because it is the only place that runs Git. It asks for what is committed and nothing else: neither the
index nor the work tree is looked at or touched, and what is read there goes through the same loader, with the same
refusals, as a work tree. It must never fetch, nor write anything into the repository.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dpsync.errors import UsageError
from dpsync.model.validation import shown

_LINK, _SUBMODULE = b"120000", b"160000"
_OBJECT = re.compile(r"[0-9a-f]{40,64}")
_SHALLOW = (
    "This clone is shallow: fetch what it lacks, with `fetch-depth: 0` for actions/checkout, "
    "or `git fetch --unshallow origin`."
)


@contextmanager
def at_revision(root: Path, ref: str, paths: Sequence[str]) -> Iterator[Path]:
    """A temporary folder with the files that a revision has below these paths of the workspace, laid out as they are there.

    `root` may be a folder inside the repository. A path that the revision does not have is simply not there. Links are
    links, and what they lead to inside the workspace comes with them; submodules are left out. The folder is removed at the
    end. Raises UsageError where Git is not there, or does not know the revision.
    """
    commit = _commit(root, ref)
    prefix = _ask(root, "rev-parse", "--show-prefix").decode().removesuffix("\n")
    entries = _entries(root, commit, prefix)
    links = {entry.name: entry.id for entry in entries.values() if entry.is_link}
    contents = _contents(root, links.values())
    targets = {name: os.fsdecode(contents[link]) for name, link in links.items()}
    chosen = _chosen(entries, targets, paths)
    files = [entries[name] for name in sorted(chosen) if name not in targets]
    contents = _contents(root, (file.id for file in files))
    with TemporaryDirectory(prefix="dpsync-") as made:
        folder = Path(made).resolve()
        try:
            for file in files:
                place = folder / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(contents[file.id])
            # Links last, so that nothing is ever written through one.
            for name in sorted(chosen & targets.keys()):
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(targets[name])
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"The files of {shown(ref)} cannot be put into a temporary folder: {reason}.",
                "Make room in the folder that TMPDIR names.",
            ) from None
        yield folder


def merge_base(root: Path, ref: str) -> str:
    """The commit at which what is checked out left `ref`: the last one that both have. Raises UsageError."""
    commit = _commit(root, ref)
    if _found(root, "HEAD") is None:
        raise UsageError("Nothing is committed yet, so nothing was left.", "Commit the manifests first.")
    answer = _run(root, "merge-base", "HEAD", commit)
    found = answer.stdout.decode().strip()
    if answer.returncode == 0 and _OBJECT.fullmatch(found):
        return found
    raise UsageError(
        f"What is checked out and {shown(ref)} have no commit in common.",
        _SHALLOW if _is_shallow(root) else "Name a revision that what is checked out comes from.",
    )


def commit_of(root: Path) -> str | None:
    """The commit that is checked out, or None where there is none: no Git, no repository, nothing committed yet."""
    if shutil.which("git") is None:
        return None
    return _found(root, "HEAD")


def is_changed(root: Path) -> bool | None:
    """Whether YAML files of the workspace are not as in the commit that is checked out; None where Git does not say."""
    answer = _run(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    if answer.returncode != 0:
        return None
    return any(one.endswith((b".yaml", b".yml")) for one in answer.stdout.split(b"\0"))


# ------------------------------------------------------------------------------------------ asking Git


def _run(root: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run Git in the workspace. Its own variables are left alone; it takes no locks, asks nobody and speaks English."""
    program = shutil.which("git")
    if program is None:
        raise UsageError(
            "Another revision is read with Git, and no program `git` is found.",
            "Install Git, or leave the revision out.",
        )
    quiet = {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }
    return subprocess.run(  # noqa: S603  # no shell; what a user wrote is never the first of the arguments, nor an option
        [program, "-C", str(root), *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **quiet},
    )


def _ask(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What Git answers. Raises UsageError with Git's own words where it does not."""
    answer = _run(root, *arguments, given=given)
    if answer.returncode == 0:
        return answer.stdout
    raise _refused(root, answer.stderr)


def _refused(root: Path, said: bytes) -> UsageError:
    reason = next(iter(os.fsdecode(said).splitlines()), "").removeprefix("fatal: ")
    if "not a git repository" in reason:
        return UsageError(
            f"{root} is in no Git repository, so there is no other revision of it.",
            "Go to a clone of the repository, or leave the revision out.",
        )
    return UsageError(f"Git refuses to read {root}: {shown(reason)}", "`git status` there says more.")


def _commit(root: Path, ref: str) -> str:
    """The commit that a revision means. Raises UsageError."""
    _ask(root, "rev-parse", "--git-dir")
    found = _found(root, ref)
    if found is not None:
        return found
    if _is_shallow(root):
        remedy = _SHALLOW
    elif _found(root, f"origin/{ref}") is not None:
        remedy = f"Did you mean `origin/{ref}`?"
    else:
        remedy = "`git fetch origin` brings what others have pushed; `git branch --all` lists what is there."
    raise UsageError(f"Git knows no revision {shown(ref)}.", remedy)


def _found(root: Path, ref: str) -> str | None:
    if not ref or ref.startswith("-") or "\x00" in ref:
        return None
    answer = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    lines = answer.stdout.decode(errors="replace").split()
    if answer.returncode != 0 or not lines or not _OBJECT.fullmatch(lines[-1]):
        return None
    return lines[-1]


def _is_shallow(root: Path) -> bool:
    return _run(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


# ------------------------------------------------------------------------------------------- the files


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or a link of a revision: its name relative to the workspace, with `/`, and the object that it holds."""

    name: str
    id: str
    is_link: bool


def _entries(root: Path, commit: str, prefix: str) -> Mapping[str, _Entry]:
    """Everything that a commit has below the workspace, by name. Raises UsageError for what no Git would write."""
    below = (prefix.rstrip("/"),) if prefix else ()
    listed = _ask(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *below)
    entries: dict[str, _Entry] = {}
    for line in listed.split(b"\x00"):
        about, tab, path = line.partition(b"\t")
        if not tab:
            continue
        mode, _type, identity = about.split(b" ")
        name = os.fsdecode(path)
        if mode == _SUBMODULE or not name.startswith(prefix):
            continue
        name = name.removeprefix(prefix)
        entries[name] = _Entry(name, identity.decode(), mode == _LINK)
    folded = {name.casefold() for name in entries}
    for name in entries:
        parts = name.casefold().split("/")
        above = {"/".join(parts[:end]) for end in range(1, len(parts))}
        if {"", ".", ".."} & set(parts) or above & folded or (os.sep != "/" and os.sep in name):
            raise UsageError(
                f"The revision {commit[:12]} holds a path that cannot stand in a folder: {shown(name)}.",
                "`git fsck` says what is wrong with the repository.",
            )
    return entries


def _contents(root: Path, ids: Iterable[str]) -> Mapping[str, bytes]:
    """What these objects hold."""
    asked = sorted(set(ids))
    if not asked:
        return {}
    answer = _ask(root, "cat-file", "--batch", given="".join(f"{one}\n" for one in asked).encode())
    found: dict[str, bytes] = {}
    start = 0
    for one in asked:
        end = answer.index(b"\n", start)
        header = answer[start:end].split(b" ")
        if header[1] != b"blob":
            raise UsageError(
                f"The repository lacks the object {one[:12]} of that revision.",
                "`git fetch` brings it; a clone with a filter leaves such objects out.",
            )
        size = int(header[2])
        found[one] = answer[end + 1 : end + 1 + size]
        start = end + 1 + size + 1
    return found


def _chosen(entries: Iterable[str], targets: Mapping[str, str], paths: Iterable[str]) -> set[str]:
    """The names of what stands below the paths, and of what links there lead to inside the workspace."""
    names = tuple(entries)
    chosen: set[str] = set()
    pending = [posixpath.normpath(path) for path in paths]
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        if path in seen or path == ".." or path.startswith(("../", "/")):
            continue
        seen.add(path)
        for name in names:
            is_below = path in {".", name} or name.startswith(f"{path}/")
            is_above = name in targets and path.startswith(f"{name}/")
            if not (is_below or is_above):
                continue
            chosen.add(name)
            if name in targets:
                target = posixpath.join(
                    posixpath.dirname(name), targets[name], path[len(name) + 1 :] if is_above else ""
                )
                pending.append(posixpath.normpath(target))
    return chosen

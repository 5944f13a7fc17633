"""`dpsync fmt`."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import leads_out, root_of, workspace_option
from dpsync.errors import InvalidManifests, UsageError

if TYPE_CHECKING:
    from dpsync.manifests.files import File
    from dpsync.manifests.rewriting import Rewritten
    from dpsync.model.finding import Finding

STDIN = "-"


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file is not formatted.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@workspace_option
def command(paths: tuple[str, ...], workspace: Path | None, *, check: bool, diff: bool) -> int:
    """Write manifests in one order and style.

    Fields stand in the order of the manifest page, comments stay with what they are about, and no manifest means anything
    else afterwards. Without PATHS, all manifests of the workspace, its patches, exceptions and dpsync.yaml; with PATHS, those
    files and folders, also without a workspace; with `-`, stdin to stdout. Files without a document of dpsync are left as
    they are.
    Opens no connection. Exit 1: a file cannot be read, or, with --check, is not formatted.
    """
    from dpsync.manifests.rewriting import write
    from dpsync.reports.layout import visible

    if paths == (STDIN,):
        return _of_stdin(check=check)
    files, findings = _named(paths) if paths else _of_workspace(root_of(workspace))
    rewritten, more, ours = _rewritten(files)
    if diff:
        for file in rewritten:
            _show(file)
    if not (check or diff):
        write(rewritten)
    verb = "Would format" if check or diff else "Formatted"
    for file in rewritten:
        click.echo(visible(f"{verb} {file.name}"), err=diff)
    click.echo(_summary(len(rewritten), ours, done=not (check or diff)), err=True)
    if findings or more:
        raise InvalidManifests((*findings, *more))
    return 1 if check and rewritten else 0


def _summary(count: int, ours: int, *, done: bool) -> str:
    files = "1 file" if ours == 1 else f"{ours} files"
    if not count:
        return f"{files}, all formatted." if ours != 1 else "1 file, formatted."
    return f"{count} of {files} {'formatted' if done else 'to be formatted'}."


def _show(file: Rewritten) -> None:
    from dpsync.reports.layout import visible

    before, after = (text.decode().splitlines(keepends=True) for text in (file.before, file.after))
    for line in difflib.unified_diff(before, after, file.name, file.name):
        click.echo(visible(line.rstrip("\r\n")))


def _of_stdin(*, check: bool) -> int:
    from dpsync.manifests.fmt import formatted
    from dpsync.manifests.load import problem_finding
    from dpsync.settings import Workspace

    before = sys.stdin.buffer.read()
    done = formatted(before, Workspace)
    if done.problems:
        raise InvalidManifests(tuple(problem_finding("<stdin>", one) for one in done.problems))
    if not check:
        click.echo(done.content, nl=False)
    return 1 if check and done.content != before else 0


def _rewritten(files: Sequence[File]) -> tuple[list[Rewritten], list[Finding], int]:
    """The files that are to be written, what is wrong with others, and how many there are that are ours."""
    from dpsync.manifests.files import beginning_of, read_file
    from dpsync.manifests.fmt import formatted, seems_ours
    from dpsync.manifests.load import problem_finding
    from dpsync.manifests.rewriting import Rewritten
    from dpsync.model.finding import Finding
    from dpsync.settings import Workspace

    rewritten: list[Rewritten] = []
    findings: list[Finding] = []
    ours = 0
    for file in files:
        content = read_file(file)
        if isinstance(content, Finding):
            if content.rule != "too-large" or seems_ours(beginning_of(file)):
                findings.append(content)
            continue
        done = formatted(content, Workspace)
        findings += [problem_finding(file.name, problem) for problem in done.problems]
        ours += done.is_ours
        if done.content != content:
            rewritten.append(Rewritten(file.name, Path(file.path), content, done.content, ()))
    return rewritten, findings, ours


def _of_workspace(root: Path) -> tuple[Sequence[File], Sequence[Finding]]:
    """What a workspace is made of: manifests, exceptions, the patches of every environment, and its dpsync.yaml.

    Raises InvalidManifests if that is not valid.
    """
    from dpsync.manifests.files import (
        EXCEPTIONS,
        WORKSPACE_FILE,
        File,
        find_exceptions,
        find_files,
        find_patches,
    )
    from dpsync.manifests.workspace import read_workspace
    from dpsync.settings import layout_of

    document, findings = read_workspace(root / WORKSPACE_FILE)
    if document is None or findings:
        raise InvalidManifests(tuple(findings))
    layout = layout_of(document, document.root, WORKSPACE_FILE)
    spec = document.root["spec"] if isinstance(document.root, dict) else {}
    apart = spec.get("exceptions", EXCEPTIONS)
    manifests, more = find_files(str(root), layout.manifests, exceptions=apart, patches=layout.patches)
    granted, others = find_exceptions(str(root), apart)
    environments = tuple(spec["environments"])
    laid = [find_patches(str(root), layout.patches, one, environments) for one in environments]
    settings = File(WORKSPACE_FILE, os.path.realpath(root / WORKSPACE_FILE))
    files = (settings, *manifests, *granted, *(file for found, _wrong in laid for file in found))
    wrong = (*more, *others, *(finding for _found, findings in laid for finding in findings))
    # What is wrong with the folder of patches is said once, and a file that is reached in two ways is one.
    return tuple({file.path: file for file in files}.values()), tuple(dict.fromkeys(wrong))


def _named(paths: Sequence[str]) -> tuple[Sequence[File], Sequence[Finding]]:
    """The files that were named, and the YAML files in the folders that were; a link in a folder is not followed.

    Raises UsageError for what is not there, and for a link that leads out of the folder in which it was typed.
    """
    from dpsync.manifests.files import File

    found: dict[str, File] = {}
    for path in paths:
        if not Path(path).exists():
            raise UsageError(
                f"There is no {path}.", "Name files or folders, or nothing for the whole workspace."
            )
        if leads_out(Path(path)):
            raise UsageError(
                f"{path} is not opened: a link leads from there out of this folder.",
                "Name the file itself.",
            )
        for file in _below(Path(path)):
            found.setdefault(os.path.realpath(file), File(file.as_posix(), os.path.realpath(file)))
    return tuple(found.values()), ()


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith((".yaml", ".yml")) and not Path(folder, name).is_symlink():
                yield Path(folder, name)

"""A new workspace: the texts of its first files, made of the templates that come with the package.

A room of its own because these are manifests that nobody wrote yet; what is in them must be valid by the very next command.
It makes texts, puts them into files that are not there yet, and never touches one that is. Random characters and names
are arguments.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from dpsync.errors import UsageError
from dpsync.manifests.files import WORKSPACE_FILE, find_workspace
from dpsync.manifests.write import inline

_TEMPLATES = files("dpsync") / "templates"
_HOME = {"github": ".github/workflows", "gitlab": "."}
"""Where each host looks for its pipelines."""
_ENVIRONMENT = "production"
"""What the templates of pipelines call the environment."""
_EDITOR = frozenset({"dpsync.schema.json", ".vscode/settings.json"})


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new workspace is asked to be."""

    name: str
    id: str
    environment: str
    url: str
    vintage: str
    domain: str
    ci: str | None = None


def workspace_id(name: str, random: str) -> str:
    """An id for a workspace: something of its name, for people, and random characters, for everything else."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
    return f"{slug if slug and not slug.startswith('example') else 'workspace'}-{random}"


def editor_files(schema: str) -> dict[str, str]:
    """The schema of the workspace's documents, and the settings of an editor that name it."""
    settings = (_TEMPLATES / "vscode-settings.json").read_text(encoding="utf-8")
    return {"dpsync.schema.json": schema, ".vscode/settings.json": settings}


def first_files(beginning: Beginning) -> dict[str, str]:
    """The text of each file of the new workspace, by its path in it."""
    words = {
        "name": inline(beginning.name),
        "id": inline(beginning.id),
        "environment": inline(beginning.environment),
        "url": inline(beginning.url),
        "vintage": beginning.vintage,
        "domain": inline(beginning.domain),
    }
    texts = {
        WORKSPACE_FILE: _filled(_TEMPLATES / WORKSPACE_FILE, words),
        "products/first-product.yaml": _filled(_TEMPLATES / "first-product.yaml", words),
    }
    return texts | (pipelines(beginning.ci, beginning.environment) if beginning.ci else {})


def must_be_at_the_top(folder: Path) -> None:
    """Refuse pipelines for a workspace that is not at the top of its repository. Raises UsageError."""
    real = folder.resolve()
    top = next((one for one in (real, *real.parents) if (one / ".git").exists()), real)
    if top != real:
        raise UsageError(
            f"The pipelines would not run: {real} is not the top of its repository, which is {top}. Nothing was written.",
            "Begin at the top, or leave `--ci` out and adapt the pipelines by hand (docs/ci.md).",
        )


def must_be_alone(folder: Path) -> None:
    """Refuse to begin a workspace inside another one. Raises UsageError."""
    outer = find_workspace(folder.resolve().parent)
    if outer is not None:
        raise UsageError(
            f"{folder.resolve()} is inside the workspace of {outer}, so nothing was written.",
            "Begin in a folder that is in no workspace; a workspace may have many folders of manifests.",
        )


def write_new(root: Path, texts: Mapping[str, str]) -> None:
    """Write files that are not there yet. Raises UsageError, and writes nothing, if one of them is."""
    taken = [name for name in texts if (root / name).exists() or (root / name).is_symlink()]
    if taken:
        raise UsageError(
            f"{', '.join(taken)} {'is' if len(taken) == 1 else 'are'} there already, so nothing was written.",
            "`--no-editor` begins without the files of the editor; `dpsync schema` prints the schema for your own settings."
            if _EDITOR.issuperset(taken)
            else "Move what is there out of the way, or begin in another folder.",
        )
    real = root.resolve()
    led = next((name for name in texts if not (root / name).resolve().is_relative_to(real)), None)
    if led is not None:
        raise UsageError(
            f"A link leads from {led} out of the folder, so nothing was written.", "Remove the link."
        )
    for name, text in texts.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)


def _filled(template: Traversable, words: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    return re.sub(r"@([a-z]+)@", lambda found: words[found[1]], text)


def pipelines(
    host: str, environment: str, folders: Mapping[str, Sequence[str]] | None = None
) -> dict[str, str]:
    """The pipelines of a host, for one environment; `folders` are those of the workspace by what the templates call them."""
    return dict(_pipelines(host, environment, folders or {}))


def _pipelines(
    host: str, environment: str, folders: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    home = _HOME[host]
    for template in sorted((_TEMPLATES / "ci" / host).iterdir(), key=lambda one: one.name):
        text = template.read_text(encoding="utf-8")
        for before in (r"(DPSYNC_ENV: ){}\b", r"(--env ){}\b", r"(?m)(^ {{10}}environment: ){}$"):
            text = re.sub(before.format(_ENVIRONMENT), lambda found: found[1] + environment, text)
        for usual, own in folders.items():
            for rest in ("/**", "/**/*"):
                text = text.replace(f'"{usual}{rest}"', _globs(own, rest))
        if folders:
            usual_paths = f" -- {WORKSPACE_FILE} {' '.join(folders)}"
            own_paths = [one for entries in folders.values() for one in entries]
            text = text.replace(usual_paths, f" -- {WORKSPACE_FILE} {shlex.join(own_paths)}")
        yield (template.name if home == "." else f"{home}/{template.name}"), text


def _globs(folders: Sequence[str], rest: str) -> str:
    """Everything below these folders; a file is itself."""
    return ", ".join(
        json.dumps(
            one
            if one.endswith((".yaml", ".yml"))
            else rest[1:]
            if one.strip("./") == ""
            else one.removeprefix("./").rstrip("/") + rest
        )
        for one in folders
    )

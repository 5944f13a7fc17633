"""The keys of a workspace, found fast and without judging anything: what a shell completes.

A search over bytes and no reading of YAML, so that ten thousand manifests are looked through while somebody types. What is
written in an unusual way is not found, which costs a completion and nothing else; it must never be used for anything else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dpsync.manifests.document import read_documents
from dpsync.manifests.files import EXCEPTIONS, WORKSPACE_FILE, File, find_files, read_file

Key = tuple[str, str]
"""A kind and a key."""

_MARKER = re.compile(rb"^---(?=\s|$)", re.MULTILINE)
_KIND = re.compile(rb"""^kind:[ \t]*["']?([A-Za-z]+)""", re.MULTILINE)
_NAME = re.compile(
    rb"""^metadata:[^\n{]*(?:\{[^}]*?|(?:\n[ \t]+[^\n]*|\n[ \t]*)*?\n[ \t]+)\bname[ \t]*:[ \t]*["']?([a-z0-9][a-z0-9._-]*)""",
    re.MULTILINE,
)


def keys_of(root: Path) -> tuple[Key, ...]:
    """The kind and key of every manifest that is easily found, sorted. Empty where there is no workspace; never an error."""
    found: set[Key] = set()
    files, _findings = find_files(str(root), _folders(root), exceptions=EXCEPTIONS)
    for file in files:
        content = read_file(file)
        if isinstance(content, bytes):
            for document in _MARKER.split(content.replace(b"\r\n", b"\n")):
                kind, name = _KIND.search(document), _NAME.search(document)
                if kind and name:
                    found.add((kind[1].decode(), name[1].decode()))
    return tuple(sorted(found))


def _folders(root: Path) -> tuple[str, ...]:
    """Where the manifests are, as far as `dpsync.yaml` says so."""
    content = read_file(File(WORKSPACE_FILE, str(root / WORKSPACE_FILE)))
    documents = read_documents(content)[0] if isinstance(content, bytes) else ()
    value: Any = documents[0].root if documents else None
    for step in ("spec", "manifests"):
        value = value.get(step) if isinstance(value, dict) else None
    return (
        tuple(one for one in value if isinstance(one, str) and "\0" not in one)
        if isinstance(value, list)
        else ()
    )

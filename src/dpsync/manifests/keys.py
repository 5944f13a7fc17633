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
_METADATA = re.compile(rb"^metadata:([^\n]*)((?:\n[ \t#][^\n]*|\n(?=\n))*)", re.MULTILINE)
"""The line of the metadata, and the lines that belong to it. No two ways lead to one match, so none is ever tried again."""
_NAMED = re.compile(rb"""["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9][a-z0-9._-]*)""")
_NAMED_IN_BRACES = re.compile(rb"[{,\s]" + _NAMED.pattern)


def keys_of(root: Path) -> tuple[Key, ...]:
    """The kind and key of every manifest that is easily found, sorted. Empty where there is no workspace; never an error."""
    found: set[Key] = set()
    files, _findings = find_files(str(root), _folders(root), exceptions=EXCEPTIONS)
    for file in files:
        content = read_file(file)
        if isinstance(content, bytes):
            for document in _MARKER.split(content.replace(b"\r\n", b"\n")):
                kind, name = _KIND.search(document), _name(document)
                if kind and name:
                    found.add((kind[1].decode(), name.decode()))
    return tuple(sorted(found))


def _name(document: bytes) -> bytes | None:
    """The name in the metadata of a document: in its braces, or on the first line that is as deep as the first below it."""
    metadata = _METADATA.search(document)
    if metadata is None:
        return None
    if metadata[1].lstrip().startswith(b"{"):
        found = _NAMED_IN_BRACES.search(metadata[0].partition(b"}")[0])
        return found[1] if found else None
    depth = None
    for line in metadata[2].split(b"\n"):
        entry = line.lstrip()
        if not entry or entry.startswith(b"#"):
            continue
        depth = len(line) - len(entry) if depth is None else depth
        found = _NAMED.match(entry) if len(line) - len(entry) == depth else None
        if found:
            return found[1]
    return None


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

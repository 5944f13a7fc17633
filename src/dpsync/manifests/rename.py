"""Another key for a resource: the text of the manifests with the name, the id and every reference put in its place.

A room of its own because it puts one text in the place of another, wherever it stands. It changes characters at places that
the reader of YAML knows, so that comments, order and quotes stay; the result is read again and has to be exactly what was
meant, or nothing is written (`rewriting.py` does that). The live object keeps its id, so a plan has nothing to do afterwards: where the id was
computed from the old key, it is written down. It must never be used to write anything but what it read itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsync.errors import InvalidManifests, UsageError
from dpsync.kinds import KINDS
from dpsync.kinds.catalog import DOMAINS, SOURCE_KIND
from dpsync.manifests.document import Document, YamlList, YamlMap, plain, read_documents
from dpsync.manifests.files import (
    EXCEPTIONS,
    PATCHES,
    WORKSPACE_FILE,
    File,
    find_exceptions,
    find_files,
    find_patches,
    read_file,
)
from dpsync.manifests.load import problem_finding
from dpsync.manifests.origins import DocumentOrigins
from dpsync.manifests.rewriting import Rewritten, changed_meanwhile, write
from dpsync.manifests.variables import SIGN
from dpsync.manifests.write import flow
from dpsync.model.base import FieldPath, Spec, references_in, rules_of
from dpsync.model.finding import Finding
from dpsync.model.identity import computed_id
from dpsync.model.place import Place
from dpsync.model.reference import Address, SourceReference, is_key
from dpsync.model.resource import Resource
from dpsync.model.validation import closest, shown

__all__ = ["Renaming", "Rewritten", "renaming", "write"]

_BOM = "\ufeff"
_BREAK = re.compile(r"\r\n|\r|\n")
_ALIGNED = re.compile(r" {2,}(?=#)")


@dataclass(frozen=True, slots=True)
class Renaming:
    """What a rename comes to: the addresses, the live id (empty for what is never written), and the files, by name."""

    old: Address
    new: Address
    id: str
    files: tuple[Rewritten, ...]


def renaming(
    root: Path,
    folders: Sequence[str],
    resources: Sequence[Resource],
    old: str,
    new: str,
    *,
    workspace_id: str,
    exceptions: str = EXCEPTIONS,
    patches: str = PATCHES,
) -> Renaming:
    """The rename of the resource `old` (`Kind/key`) to the key `new`, worked out and not written.

    `resources` are what the valid manifests in these folders of the workspace declare, in every environment one after the
    other: a patch may name what the manifest does not. `exceptions` is the folder of those from guardrails, `patches` that of
    patches. Raises UsageError where there is no such resource, where the key is none or is taken, and where a value
    is written in a way that cannot be edited; InvalidManifests where an exception or `dpsync.yaml` cannot be read.
    """
    declared = {one.address: one for one in resources}
    address = _address(old, declared)
    target = _new_address(address, new, declared)
    manifests = _without_errors(find_files(str(root), folders, exceptions=exceptions, patches=patches))
    granted = _without_errors(find_exceptions(str(root), exceptions))
    workspace = File(WORKSPACE_FILE, os.path.realpath(root / WORKSPACE_FILE))
    drafts = _Drafts({file.name: file for file in (*manifests, workspace)})
    settings = drafts.of(workspace)
    environments = _environments(settings)
    found = [_without_errors(find_patches(str(root), patches, name)) for name in environments]
    laid = {file.name: file for files in found for file in files}
    drafts.files.update(laid)

    resource = declared[address]
    origins = _origins(resource)
    draft, index = drafts.at(origins), origins.document.index
    end = draft.put(index, ("metadata", "name"), address.key, target.key)
    if KINDS[address.kind].written:
        _must_keep_its_ids(resources, address, draft, index)
        draft.pin(index, computed_id(workspace_id, address.kind, address.key), environments, end)
    for one in resources:
        origins = _origins(one)
        for path in _references(one, address):
            drafts.at(origins)
            drafts.put(origins.file, origins.document.at(path), address.key, target.key)
    for file in laid.values():
        draft = drafts.of(file)
        for index, document in enumerate(draft.documents):
            for path in _in_patch(document.root, address):
                draft.put(index, path, address.key, target.key)
    for draft in (settings, *(drafts.of(file) for file in granted)):
        for index, document in enumerate(draft.documents):
            for path in _mentions(document.root, str(address)):
                draft.put(index, path, str(address), str(target))
    if address.kind == DOMAINS:
        _in_policy(settings, address.key, target.key)
    files = tuple(draft.rewritten() for draft in drafts.edited())
    return Renaming(address, target, resource.id if KINDS[address.kind].written else "", files)


# ------------------------------------------------------------------------------------- what is renamed


def _address(text: str, declared: Mapping[Address, Resource]) -> Address:
    kind, slash, key = text.partition("/")
    if not slash:
        raise UsageError(
            f"{shown(text)} is no address.", f"Write Kind/key, such as {_example(text, declared)}."
        )
    if kind not in KINDS:
        meant = closest(kind, KINDS)
        hint = f"Did you mean `{meant}`?" if meant else f"Write one of: {', '.join(KINDS)}."
        raise UsageError(f"There is no kind {shown(kind)}.", hint)
    address = Address(kind, key)
    if address not in declared:
        meant = closest(key, [one.key for one in declared if one.kind == kind])
        hint = f"Did you mean `{Address(kind, meant)}`? " if meant else ""
        raise UsageError(
            f"No manifest declares {Address(kind, shown(key)[1:-1])}.",
            f"{hint}The key is `metadata.name`, not what consumers read.",
        )
    return address


def _example(key: str, declared: Mapping[Address, Resource]) -> str:
    return next((str(one) for one in declared if one.key == key), f"{next(iter(KINDS))}/na-sales")


def _new_address(address: Address, new: str, declared: Mapping[Address, Resource]) -> Address:
    if not is_key(new):
        raise UsageError(
            f"{shown(new)} is not a key.",
            "Write a-z, 0-9, `-`, `.` and `_`, at most 100; what consumers read is `spec.name`.",
        )
    target = Address(address.kind, new)
    if target == address:
        raise UsageError(f"{address} has this key already.", "Write another one.")
    if target in declared:
        raise UsageError(
            f"{target} is declared already, at {declared[target].origin}.", "Write a key that is free."
        )
    return target


def _references(one: Resource, to: Address) -> Iterator[FieldPath]:
    """The paths in a document at which the key is written, as a reference of this resource's own."""
    for path, reference, refers in references_in(one.spec):
        if (refers.to, reference.how, reference.text) == (to.kind, "key", to.key):
            yield from _written_at(one, path, to.key)
    for index, entry in enumerate(getattr(one.spec, "sources", ())):
        if isinstance(entry, SourceReference) and (entry.how, entry.text) == ("key", to.key):
            yield from _written_at(one, ("sources", index), to.key) if to.kind == SOURCE_KIND else ()


def _written_at(one: Resource, path: FieldPath, key: str) -> Iterator[FieldPath]:
    """Where the field is written in the resource's own document: nowhere, if it is a default of another one's."""
    origins = _origins(one)
    if path[0] in origins.inherited:
        return
    for end in range(1, len(path) + 1):
        if path[:end] in origins.renamed:
            path = origins.renamed[path[:end]]
            break
    path = ("spec", *path)
    value: Any = origins.document.root
    for step in path:
        value = value[step]
    yield path if value == key else (*path, "key")


def _in_patch(root: Any, address: Address) -> Iterator[FieldPath]:
    """Where a patch names the resource other than in what it sets: as what it is for, and among what it removes."""
    kind = KINDS.get(root.get("kind", "")) if isinstance(root, dict) else None
    if kind is None:
        return
    if root["kind"] == address.kind and root["metadata"]["name"] == address.key:
        yield ("metadata", "name")
    for name, field in (root.get("spec") or {}).items():
        removed = field.get("remove") if isinstance(field, dict) else None
        meant = _meant(kind.spec, name)
        for place, entry in enumerate(removed if isinstance(removed, list) and meant == address.kind else ()):
            path = ("spec", name, "remove", place)
            if entry == address.key:
                yield path
            elif entry == {"key": address.key}:
                yield (*path, "key")


def _meant(spec: type[Spec], name: str) -> str | None:
    """The kind that the entries of a list refer to by key."""
    for rule in rules_of(spec):
        if rule.name == name:
            return SOURCE_KIND if rule.replaced_whole else rule.refers.to if rule.refers else None
    return None


def _must_keep_its_ids(resources: Iterable[Resource], address: Address, draft: _Draft, index: int) -> None:
    """Refuse where an environment takes away the id that the manifest pins: it would compute another one."""
    root: Any = draft.documents[index].root
    pinned = isinstance(root["metadata"].get("id"), str)
    for one in resources:
        if pinned and one.address == address and not one.pinned:
            patch = ", ".join(str(place) for place in one.patches)
            raise UsageError(
                f"{address} pins an id that a patch takes away, so its id would become another one there: {patch}.",
                f"Write `id: {one.id}` in that patch instead, and run the command again.",
            )


def _origins(one: Resource) -> DocumentOrigins:
    assert isinstance(one.origins, DocumentOrigins), "the loader makes no other"
    return one.origins


# ------------------------------------------------------------------ what else speaks of it: the policy


def _environments(settings: _Draft) -> tuple[str, ...]:
    written = _section(settings, "spec", "environments")
    return tuple(written) if isinstance(written, dict) else ()


def _without_errors(found: tuple[tuple[File, ...], tuple[Finding, ...]]) -> tuple[File, ...]:
    files, problems = found
    if problems:
        raise InvalidManifests(problems)
    return files


def _mentions(value: Any, text: str, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The paths of the values that are exactly this text."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, entry in entries:
        if entry == text:
            yield (*path, step)
        else:
            yield from _mentions(entry, text, (*path, step))


def _in_policy(settings: _Draft, old: str, new: str) -> None:
    """Where `dpsync.yaml` names domains: by key, or else by name."""
    for index, document in enumerate(settings.documents):
        spec = document.root.get("spec") if isinstance(document.root, dict) else None
        for path in _mentions(spec, old, ("spec",)):
            names = [step for step in path if isinstance(step, str)]
            if names[-1] in {"domains", "exclusiveDomains"}:
                settings.put(index, path, old, new)
        if isinstance(spec, dict) and old in (spec.get("displayNames") or {}):
            settings.put_key(index, ("spec", "displayNames", old), new)


def _section(draft: _Draft, *path: str) -> Any:
    value: Any = draft.documents[0].root if draft.documents else None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


# ------------------------------------------------------------------------------------- editing a file


class _Drafts:
    """The files that are looked at, each read once."""

    def __init__(self, files: dict[str, File]) -> None:
        self.files = files
        self._drafts: dict[str, _Draft] = {}

    def at(self, origins: DocumentOrigins) -> _Draft:
        """The file of a resource, which has to be what it was when it was loaded."""
        draft = self.of(self.files[origins.file])
        index, written = origins.document.index, origins.written or origins.document
        if index >= len(draft.documents) or draft.documents[index].root != written.root:
            raise changed_meanwhile(origins.file)
        return draft

    def put(self, file: str, place: Place, old: str, new: str) -> None:
        """Write another text at a place of a document, in whichever file that is. Raises UsageError."""
        line, column, name = place if len(place) == 3 else (*place, file)
        draft = self.of(self.files[name])
        found = draft.path_at((line, column))
        if found is None:
            raise changed_meanwhile(name)
        index, path, written = found
        if isinstance(written, str) and SIGN in written:
            raise UsageError(
                f"{shown(old)} is named by a variable at {name}:{line}:{column}: {shown(written)}.",
                "Write the key itself there and run the command again; or rename it by hand, in one commit.",
            )
        if written != old:
            raise changed_meanwhile(name)
        draft.put(index, path, old, new)

    def of(self, file: File) -> _Draft:
        if file.name not in self._drafts:
            content = read_file(file)
            if isinstance(content, Finding):
                raise InvalidManifests((content,))
            documents, problems = read_documents(content)
            if problems:
                raise InvalidManifests(tuple(problem_finding(file.name, one) for one in problems))
            self._drafts[file.name] = _Draft(file, content, documents)
        return self._drafts[file.name]

    def edited(self) -> Iterator[_Draft]:
        return (draft for _name, draft in sorted(self._drafts.items()) if draft.edits)


class _Draft:
    """A file being edited: what is to stand where, and what reading it again has to give."""

    def __init__(self, file: File, content: bytes, documents: tuple[Document, ...]) -> None:
        self.file = file
        self.documents = documents
        self.edits: dict[tuple[int, int], str] = {}
        self._content = content
        text = content.decode()
        self._mark = _BOM if text.startswith(_BOM) else ""
        self._text = text.removeprefix(_BOM)
        self._starts = (0, *(found.end() for found in _BREAK.finditer(self._text)))
        self._meant = [plain(document.root) for document in documents]
        self._paths: dict[tuple[int, int], tuple[int, FieldPath, Any]] | None = None

    def path_at(self, place: tuple[int, int]) -> tuple[int, FieldPath, Any] | None:
        """What stands at a place: in which document, under which path, and the value."""
        if self._paths is None:
            self._paths = {
                at: (index, path, value)
                for index, document in enumerate(self.documents)
                for at, path, value in _placed(document.root, ())
            }
        return self._paths.get(place)

    def put(self, index: int, path: FieldPath, old: str, new: str) -> int:
        """Write another text in the place of one; the index at which the old one ends."""
        end = self._replace(self.documents[index].at(path), old, new)
        *above, last = path
        self._inner(index, above)[last] = new
        return end

    def put_key(self, index: int, path: tuple[str, ...], new: str) -> None:
        """Write another key of a mapping in the place of the one that the path ends with."""
        *above, last = path
        self._replace(self.documents[index].key_at(path), last, new)
        mapping = self._inner(index, above)
        mapping[new] = mapping.pop(last)

    def pin(self, index: int, live_id: str, environments: Iterable[str], name_end: int) -> None:
        """Write down the id wherever it was computed from the key so far. `name_end` is where the name ends."""
        document = self.documents[index]
        root: Any = document.root
        ids = root["metadata"].get("id")
        if ids is None:
            self._insert_id(document, live_id, name_end)
            self._inner(index, ("metadata",))["id"] = live_id
        elif isinstance(ids, dict):
            missing = [name for name in environments if name not in ids]
            if missing:
                self._insert_environments(document, ids, [f"{flow(one)}: {live_id}" for one in missing])
                self._inner(index, ("metadata", "id")).update(dict.fromkeys(missing, live_id))

    def rewritten(self) -> Rewritten:
        """The file with all edits. Raises UsageError if reading it does not give what was meant."""
        pieces: list[str] = []
        starts: list[int] = []
        done = length = 0
        for (start, end), text in sorted(self.edits.items()):
            pieces += (self._text[done:start], text)
            length += start - done
            starts.append(length + len(text) - len(text.lstrip("\r\n")))
            length += len(text)
            done = end
        after = "".join((*pieces, self._text[done:]))
        content = (self._mark + after).encode()
        documents, problems = read_documents(content)
        if problems or [plain(document.root) for document in documents] != self._meant:
            raise UsageError(
                f"{self.file.name} is written in a way that cannot be edited, so nothing was changed.",
                "Write its metadata in block style, one field per line, and run the command again.",
            )
        lines = _BREAK.split(after)
        changed = sorted({len(_BREAK.findall(after, 0, start)) for start in starts})
        return Rewritten(
            self.file.name,
            Path(self.file.path),
            self._content,
            content,
            tuple((number + 1, lines[number].strip()) for number in changed),
        )

    def _inner(self, index: int, path: Iterable[str | int]) -> Any:
        value = self._meant[index]
        for step in path:
            value = value[step]
        return value

    def _offset(self, place: Place) -> int:
        line, column = place[:2]
        return self._starts[line - 1] + column - 1

    def _replace(self, place: Place, old: str, new: str) -> int:
        start = self._offset(place)
        for quote in ("", '"', "'"):
            written = f"{quote}{old}{quote}"
            if self._text.startswith(written, start):
                end = start + len(written)
                if (start, end) in self.edits:
                    return end
                put = f"{quote}{new}{quote}" if quote else flow(new)
                self.edits[start, end] = put
                self._align(end, len(put) - len(written))
                return end
        raise UsageError(
            f"{shown(old)} at {self.file.name}:{place[0]}:{place[1]} is written in a way that cannot be edited.",
            "Write it plainly, in one line and without escapes, and run the command again.",
        )

    def _align(self, end: int, grown: int) -> None:
        """Keep a comment in its column where blanks had put it there, as far as there are blanks."""
        blanks = _ALIGNED.match(self._text, end)
        if blanks is None:
            return
        comment = blanks.end()
        if grown < 0:
            self.edits[comment, comment] = " " * -grown
        elif (fewer := min(grown, comment - end - 2)) > 0:
            self.edits[comment - fewer, comment] = ""

    def _insert_id(self, document: Document, live_id: str, name_end: int) -> None:
        if self._is_flow(document.at(("metadata",))):
            self.edits[name_end, name_end] = f", id: {live_id}"
            return
        line = " " * (document.key_at(("metadata", "name"))[1] - 1) + f"id: {live_id}"
        following = _BREAK.search(self._text, name_end)
        if following is None:
            end = len(self._text)
            self.edits[end, end] = f"{self._break()}{line}"
        else:
            self.edits[following.end(), following.end()] = line + following[0]

    def _insert_environments(
        self, document: Document, ids: Mapping[str, str], entries: Sequence[str]
    ) -> None:
        place = document.at(("metadata", "id"))
        start = self._offset(place)
        if self._is_flow(place):
            self.edits[start + 1, start + 1] = ", ".join(entries) + (", " if ids else "")
            return
        row, column = document.key_at(("metadata", "id", next(iter(ids))))[:2]
        indent = " " * (column - 1)
        begin = self._starts[row - 1]
        self.edits[begin, begin] = "".join(f"{indent}{entry}{self._break()}" for entry in entries)

    def _is_flow(self, place: Place) -> bool:
        return self._text.startswith("{", self._offset(place))

    def _break(self) -> str:
        """The line ending of the file."""
        found = _BREAK.search(self._text)
        return found[0] if found else "\n"


def _placed(value: Any, path: FieldPath) -> Iterator[tuple[tuple[int, int], FieldPath, Any]]:
    """Every value inside a document that holds no others, with its place and its path."""
    entries: Iterable[tuple[str | int, Any, Place]] = ()
    if isinstance(value, YamlMap):
        entries = ((name, entry, value.values_at[name]) for name, entry in value.items())
    elif isinstance(value, YamlList):
        entries = ((index, entry, value.items_at[index]) for index, entry in enumerate(value))
    for step, entry, place in entries:
        if isinstance(entry, dict | list):
            yield from _placed(entry, (*path, step))
        else:
            yield place[:2], (*path, step), entry

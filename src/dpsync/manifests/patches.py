"""Patches: what one environment has otherwise than the manifests say, laid over them document by document.

A room of its own because it is where two documents become one. A patch is a document of the same shape as a manifest, found
by kind and name: what it names takes the place of what the manifest says, what it leaves out stays. Groups of fields are
merged field by field; everything else, lists too, is replaced whole, but for lists without order, which also take
`{add, remove}`. `$unset` makes fields unmanaged, `$omit` leaves the whole resource out. Each value keeps its place, so that
a message points to the file that caused it. Whether the result is valid is judged afterwards, as of any other document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from dpsync.kinds import API_VERSION, KINDS
from dpsync.manifests.document import Document, YamlList, YamlMap
from dpsync.model.base import FieldPath, Spec, groups_of, rules_of
from dpsync.model.finding import Finding, Severity
from dpsync.model.kind import Kind
from dpsync.model.place import Layer, Origin, Place
from dpsync.model.reference import Address
from dpsync.model.validation import INVALID_VALUE, NOT_ALLOWED, closest, path_text, shown, validated

UNSET = "$unset"
OMIT = "$omit"
ADD, REMOVE = "add", "remove"


class _Metadata(BaseModel):
    """By which name the manifest is found, and what of its metadata is otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    name: Annotated[str, Field(description="The key of the manifest that is patched.")]
    labels: Annotated[Any, Field(description="Labels that are added, or have another value.")] = None
    id: Annotated[Any, Field(description="The live id in this environment.")] = None
    unset: Annotated[Any, Field(alias=UNSET, description="Which of `labels` and `id` are left out.")] = None


class _Patch(BaseModel):
    """The outermost fields of a patch."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    api_version: Annotated[
        Literal["dpsync/v1beta1"], Field(alias="apiVersion", description=f"It is {API_VERSION}.")
    ]
    kind: Annotated[str, Field(description=f"One of {', '.join(KINDS)}.")]
    metadata: _Metadata
    spec: Annotated[dict[str, Any], Field(description="The fields that are otherwise here.")] = {}
    omit: Annotated[
        Literal[True], Field(alias=OMIT, description="Whether the environment has no such resource.")
    ] = True


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A patch that was read: for which resource, where it stands, and what it says."""

    address: Address
    file: str
    document: Document

    @property
    def origin(self) -> Origin:
        return Origin(self.file, self.document.line, self.document.column, Layer.PATCH)

    @property
    def root(self) -> YamlMap:
        assert isinstance(self.document.root, YamlMap), "the reader keeps no other"
        return self.document.root

    @property
    def omits(self) -> bool:
        return OMIT in self.root

    def place(self, line: int, column: int) -> Place:
        """A place of the patch, among those of the manifest that it is laid over."""
        return line, column, self.file


@dataclass(slots=True)
class Patches:
    """The patches of one environment, by what they are for; and what is wrong with them."""

    by_address: dict[Address, Patch] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    used: set[Address] = field(default_factory=set)

    @property
    def left_out(self) -> Mapping[Address, Origin]:
        """What manifests declare and the environment does not have, each with the place that says so."""
        return {
            address: self.by_address[address].origin
            for address in self.used
            if self.by_address[address].omits
        }

    def of(self, manifest: Any) -> Patch | None:
        """The patch for a manifest, if there is one; from now on it is a patch that matches something."""
        metadata = manifest.get("metadata") if self.by_address and isinstance(manifest, dict) else None
        if not isinstance(metadata, dict):
            return None
        patch = self.by_address.get(Address(str(manifest.get("kind")), str(metadata.get("name"))))
        if patch is not None:
            self.used.add(patch.address)
        return patch

    def unmatched(
        self, environment: str, declared: Collection[Address], uncertain: Callable[[Address], bool]
    ) -> Iterator[Finding]:
        """One error for each patch of what no manifest declares."""
        for address, patch in self.by_address.items():
            if address in self.used or uncertain(address):
                continue
            meant = closest(address.key, [one.key for one in declared if one.kind == address.kind])
            hint = f"Did you mean `{meant}`? " if meant is not None else ""
            yield Finding(
                UNMATCHED,
                Severity.ERROR,
                f"No manifest declares {address}, which this patch of {environment} is for.",
                f"{hint}A patch changes a manifest and stands for none: declare it among the manifests, or remove the patch.",
                Origin(patch.file, *patch.document.at(("metadata", "name"))[:2]),
                address,
            )


UNMATCHED = "unmatched-patch"


def take(file: str, document: Document, found: Patches) -> None:
    """Put one document of a file among the patches, or say what is wrong with it."""
    if not isinstance(document.root, YamlMap):
        message = f"A patch is a mapping, not {shown(document.root)}."
        remedy = f"Begin with `apiVersion: {API_VERSION}` and `kind:`, or take the file out of the folder."
        origin = Origin(file, document.line, document.column)
        found.findings.append(Finding("not-a-manifest", Severity.ERROR, message, remedy, origin))
        return
    written, findings = validated(_Patch, document.root, document, file)
    found.findings.extend(findings)
    if written is None:
        return
    if written.kind not in KINDS:
        found.findings.append(_other_kind(file, document, written.kind))
        return
    patch = Patch(Address(written.kind, written.metadata.name), file, document)
    earlier = found.by_address.setdefault(patch.address, patch)
    if earlier is not patch:
        found.findings.append(_twice(patch, earlier))
    elif patch.omits and ("spec" in patch.root or len(patch.root["metadata"]) > 1):
        found.findings.append(_omits_and_changes(patch))
    elif not patch.omits and not patch.root.get("spec") and len(patch.root["metadata"]) == 1:
        found.findings.append(_says_nothing(patch))


# --------------------------------------------------------------------------------------- one on another


def patched(document: Document, kind: Kind, patch: Patch) -> tuple[Document, tuple[Finding, ...]]:
    """The document with the patch laid over it, and what in the patch has nothing to change."""
    merging = _Merging(patch)
    root = document.root
    assert isinstance(root, YamlMap), "only manifests that were found by their name are patched"
    laid = _copy(root)
    over = patch.root
    if isinstance(root.get("metadata"), YamlMap):
        laid["metadata"] = merging.metadata(root["metadata"], over["metadata"])
    if "spec" in over:
        if isinstance(root.get("spec"), YamlMap):
            laid["spec"] = merging.group(root["spec"], over["spec"], kind.spec, ("spec",))
        else:
            merging.put(laid, over, "spec")
    return Document(laid, document.line, document.index, document.column), tuple(merging.findings)


@dataclass(slots=True)
class _Merging:
    """One patch being laid over one manifest."""

    patch: Patch
    findings: list[Finding] = field(default_factory=list)

    def put(self, laid: YamlMap, over: YamlMap, name: str, value: Any = None) -> None:
        """Set a field to what the patch says, or to a value that was made of it."""
        laid[name] = self.placed(over[name]) if value is None else value
        laid.keys_at[name] = self.patch.place(*over.keys_at[name][:2])
        laid.values_at[name] = self.patch.place(*over.values_at[name][:2])

    def placed(self, value: Any) -> Any:
        """A value of the patch, each of its places with the file."""
        if isinstance(value, YamlMap):
            mapping = YamlMap({name: self.placed(entry) for name, entry in value.items()})
            mapping.place = self.patch.place(*value.place[:2])
            mapping.keys_at = {name: self.patch.place(*at[:2]) for name, at in value.keys_at.items()}
            mapping.values_at = {name: self.patch.place(*at[:2]) for name, at in value.values_at.items()}
            return mapping
        if isinstance(value, YamlList):
            listed = YamlList(self.placed(entry) for entry in value)
            listed.place = self.patch.place(*value.place[:2])
            listed.items_at = [self.patch.place(*at[:2]) for at in value.items_at]
            return listed
        return value

    def metadata(self, base: YamlMap, over: YamlMap) -> YamlMap:
        laid = _copy(base)
        for name in over:
            old, new = base.get(name), over[name]
            if name == "labels" and isinstance(old, YamlMap) and isinstance(new, YamlMap):
                labels = _copy(old)
                for label in new:
                    if label != UNSET:
                        self.put(labels, new, label)
                self._unset(labels, new, ("metadata", "labels"))
                laid["labels"] = labels
            elif name not in {"name", UNSET}:
                self.put(laid, over, name)
        self._unset(laid, over, ("metadata",), required=frozenset({"name"}))
        return laid

    def group(self, base: YamlMap, over: YamlMap, model: type[Spec], path: FieldPath) -> YamlMap:
        """A group of fields, each replaced, merged or left as it is."""
        laid = _copy(base)
        groups = groups_of(model)
        sets = {rule.name: rule.attribute for rule in rules_of(model) if rule.unordered}
        for short, (group, members) in model.shorthands.items():
            if group in over and short in laid:
                _spell_out(laid, short, group, members)
            elif short in over and group in laid:
                _drop(laid, group)
        for name in over:
            old, new, here = laid.get(name), over[name], (*path, name)
            if name == UNSET:
                continue
            if name in groups and isinstance(old, YamlMap) and isinstance(new, YamlMap):
                laid[name] = self.group(old, new, groups[name], here)
            elif name in groups and isinstance(new, YamlMap) and UNSET in new:
                self._nothing(new.values_at[UNSET], f"{path_text(here)} is not in the manifest", here)
            elif name in sets and isinstance(new, YamlMap) and new and new.keys() <= {ADD, REMOVE}:
                self._listed(laid, over, name, here, _reader(model, sets[name]))
            else:
                self.put(laid, over, name)
        self._unset(laid, over, path, required=_required(model))
        return laid

    def _listed(
        self, laid: YamlMap, over: YamlMap, name: str, path: FieldPath, read: Callable[[Any], Any]
    ) -> None:
        """A list without order, with what the patch adds and without what it removes."""
        old, new = laid.get(name), over[name]
        for word in new:
            if not isinstance(new[word], YamlList):
                self._wrong(
                    INVALID_VALUE,
                    new.values_at[word],
                    f"{path_text((*path, word))} has to be a list, not {shown(new[word])}.",
                    "Write each entry on a line of its own that begins with `- `.",
                )
                return
        if not isinstance(old, YamlList):
            self._nothing(new.place, f"{path_text(path)} is no list in the manifest", path)
            return
        entries = list(zip(old, old.items_at, strict=True))
        removed: YamlList = new.get(REMOVE) or _empty(new.place)
        for gone, place in zip(removed, removed.items_at, strict=True):
            kept = [one for one in entries if read(one[0]) != read(gone)]
            if len(kept) == len(entries):
                self._nothing(place, f"{path_text(path)} of the manifest has no such entry to remove", path)
            entries = kept
        added: YamlList = new.get(ADD) or _empty(new.place)
        entries += [
            (self.placed(come), self.patch.place(*place[:2]))
            for come, place in zip(added, added.items_at, strict=True)
        ]
        listed = YamlList(entry for entry, _place in entries)
        listed.place, listed.items_at = old.place, [place for _entry, place in entries]
        self.put(laid, over, name, listed)

    def _unset(
        self, laid: YamlMap, over: YamlMap, path: FieldPath, required: frozenset[str] = frozenset()
    ) -> None:
        """Take out the fields that the patch makes unmanaged."""
        if UNSET not in over:
            return
        names = over[UNSET]
        if not isinstance(names, YamlList) or not all(isinstance(name, str) for name in names):
            self._wrong(
                INVALID_VALUE,
                over.values_at[UNSET],
                f"{path_text((*path, UNSET))} has to be a list of fields, not {shown(names)}.",
                f"Write `{UNSET}: [field]`, with the names of fields beside it.",
            )
            return
        for name, place in zip(names, names.items_at, strict=True):
            here = (*path, name)
            if name in over:
                self._wrong(
                    INVALID_VALUE,
                    place,
                    f"{path_text(here)} is set and unset in one patch.",
                    "Remove one of the two.",
                )
            elif name in required:
                self._wrong(
                    NOT_ALLOWED,
                    place,
                    f"{path_text(here)} is required, so it cannot be left out.",
                    "Write another value for it, or leave the whole resource out with `$omit: true`.",
                )
            elif name not in laid:
                self._wrong(
                    UNMATCHED,
                    place,
                    f"{path_text(here)} is not in the manifest, so it cannot be unset.",
                    f"Remove it from `{UNSET}`: what the manifest leaves out is not managed.",
                )
            else:
                _drop(laid, name)

    def _nothing(self, place: Place, message: str, path: FieldPath) -> None:
        remedy = f"Write {path_text(path)} as the manifest has it, or remove the line."
        self._wrong(UNMATCHED, place, f"{message}.", remedy)

    def _wrong(self, rule: str, place: Place, message: str, remedy: str) -> None:
        origin = Origin.at(self.patch.file, self.patch.place(*place[:2]))
        self.findings.append(Finding(rule, Severity.ERROR, message, remedy, origin, self.patch.address))


def _copy(mapping: YamlMap) -> YamlMap:
    copy = YamlMap(mapping)
    copy.place, copy.keys_at, copy.values_at = (
        mapping.place,
        dict(mapping.keys_at),
        dict(mapping.values_at),
    )
    return copy


def _empty(place: Place) -> YamlList:
    listed = YamlList()
    listed.place, listed.items_at = place, []
    return listed


def _drop(mapping: YamlMap, name: str) -> None:
    del mapping[name], mapping.keys_at[name], mapping.values_at[name]


def _spell_out(laid: YamlMap, short: str, group: str, members: tuple[str, ...]) -> None:
    """Write a shorthand out as the group that it is short for, each member at the place of the shorthand."""
    value, key_at, place = laid[short], laid.keys_at[short], laid.values_at[short]
    whole = YamlMap(dict.fromkeys(members, value))
    whole.place = place
    whole.keys_at, whole.values_at = dict.fromkeys(members, key_at), dict.fromkeys(members, place)
    _drop(laid, short)
    laid[group], laid.keys_at[group], laid.values_at[group] = whole, key_at, place


@cache
def _required(model: type[Spec]) -> frozenset[str]:
    return frozenset(
        rule.name for rule in rules_of(model) if model.model_fields[rule.attribute].is_required()
    )


@cache
def _reader(model: type[Spec], attribute: str) -> Callable[[Any], Any]:
    """What turns a written entry of a list into a value that can be compared; itself where it is not understood."""
    annotation: Any = model.model_fields[attribute].annotation
    adapter: TypeAdapter[tuple[Any, ...]] = TypeAdapter(annotation)

    def read(entry: Any) -> Any:
        try:
            (value,) = adapter.validate_python([entry])
        except ValidationError:
            return entry
        return value

    return read


# ------------------------------------------------------------------------------------------- findings


def _other_kind(file: str, document: Document, name: str) -> Finding:
    meant = closest(name, KINDS)
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    origin = Origin.at(file, document.at(("kind",)))
    message, remedy = f"There is no kind {shown(name)}.", f"{hint}Write one of: {', '.join(KINDS)}."
    return Finding("unknown-kind", Severity.ERROR, message, remedy, origin)


def _twice(patch: Patch, earlier: Patch) -> Finding:
    return Finding(
        "duplicate-patch",
        Severity.ERROR,
        f"{patch.address} is patched twice: here and at {earlier.origin}.",
        "Put both into one document: which of two would come last is not said anywhere.",
        patch.origin,
        patch.address,
    )


def _omits_and_changes(patch: Patch) -> Finding:
    return Finding(
        "empty-patch",
        Severity.ERROR,
        f"This patch leaves {patch.address} out and changes it at the same time.",
        f"Remove `{OMIT}`, or everything but `{OMIT}` and its name.",
        patch.origin,
        patch.address,
    )


def _says_nothing(patch: Patch) -> Finding:
    return Finding(
        "empty-patch",
        Severity.ERROR,
        f"This patch of {patch.address} changes nothing.",
        f"Write under `spec:` what is otherwise here, write `{OMIT}: true` to leave it out, or remove the patch.",
        patch.origin,
        patch.address,
    )

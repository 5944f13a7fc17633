"""Folders become resources: every document is read, checked on its own and against the others, and given its id.

A room of its own because this is the whole of what happens offline. Nothing is raised: whatever is wrong is a finding, and
all of them are found in one go. It must never look at the marketplace, and it knows no kind by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from dpsync.kinds import API_VERSION, KINDS
from dpsync.manifests.consistency import RELEASED, RETIRED, dangling, twice
from dpsync.manifests.document import Document, Problem, read_documents
from dpsync.manifests.files import (
    EXCEPTION_KIND,
    EXCEPTIONS,
    PATCHES,
    UNKNOWN_ENVIRONMENT,
    WORKSPACE_FILE,
    WORKSPACE_KIND,
    File,
    find_files,
    find_patches,
    read_file,
)
from dpsync.manifests.origins import DocumentOrigins, renamed
from dpsync.manifests.patches import Patches, patched, take
from dpsync.manifests.variables import SIGN, Filling
from dpsync.model.base import FieldPath, FieldRule, Spec, rules_of
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.identity import computed_id
from dpsync.model.kind import Kind
from dpsync.model.place import Origin, Place
from dpsync.model.reference import Address, Reference, is_key, is_live_id, is_uuid
from dpsync.model.resource import Resource
from dpsync.model.validation import (
    INVALID_VALUE,
    MISSING_FIELD,
    closest,
    shown,
    understood,
    validated,
)
from dpsync.model.variable import Variable


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the manifests declare, sorted by address, and what there is to say about them."""

    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]


def load(
    root: Path,
    folders: Sequence[str],
    *,
    workspace_id: str,
    environment: str,
    vintage: str,
    exceptions: str = EXCEPTIONS,
    patches: str = PATCHES,
    variables: Mapping[str, Variable] | None = None,
    environments: Collection[str] = (),
) -> Loaded:
    """Every resource that the manifests in these folders (or files) declare in an environment, and everything that is wrong.

    Folders are relative to `root`; those of `exceptions` and `patches` hold no manifests. The patches of the environment are
    laid over the manifests, and its `variables` filled in. `environments` are the names of all there are, as far as they are
    known. Where a finding is an error, nothing may be planned from the resources.
    """
    filling = Filling(environment, variables or {})
    reading = _Reading(workspace_id, environment, tuple(environments), filling)
    files, findings = find_patches(str(root), patches, environment, environments)
    reading.findings.extend(findings)
    reading.blind = any(finding.rule != UNKNOWN_ENVIRONMENT for finding in findings)
    for file in files:
        reading.patch(file)
    files, findings = find_files(str(root), folders, exceptions=exceptions, patches=patches)
    reading.findings.extend(findings)
    reading.blind = reading.blind or bool(findings)
    for file in files:
        reading.file(file)
    resources, doubtful = _with_defaults(reading.resources, reading.uncertain)
    resources = sorted(resources, key=lambda one: (one.address, one.origin))
    found = reading.told()
    for one in resources:
        found.extend(_noted(one, vintage, complete=one.address not in doubtful))
    found.extend(twice(resources))
    found.extend(dangling(resources, reading.uncertain, reading.patches.left_out))
    if not resources and not any(finding.is_error for finding in found):
        left_out = reading.patches.left_out
        found.append(_all_left_out(environment, min(left_out.values())) if left_out else _nothing())
    return Loaded(tuple(resources), in_order(found))


# --------------------------------------------------------------------------------------- one document


def _key(text: str) -> str:
    if is_key(text):
        return text
    raise PydanticCustomError(
        "key",
        "{name} is not a key.",
        {"name": shown(text), "remedy": "Write a-z, 0-9, `-`, `.` and `_`, at most 100, " + _instead(text)},
    )


def _instead(text: str) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.casefold())[:100].strip("-._")
    if slug:
        return f"such as `{slug}`; what consumers read is spec.name."
    return "such as `na-sales`; what consumers read is spec.name."


def _ids(value: Any) -> Any:
    if isinstance(value, str) or (
        isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    ):
        return value
    raise PydanticCustomError(
        "ids",
        "metadata.id has to be a live id, or a mapping from environments to live ids.",
        {"remedy": "Write `id: <the id>` or `id: {<environment>: <the id>}`, in quotes if it is a number."},
    )


class Metadata(BaseModel):
    """What dpsync knows a resource by; none of it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    name: Annotated[
        str, AfterValidator(_key), Field(description="The key that others refer to.", examples=["na-sales"])
    ]
    labels: Annotated[
        dict[str, str],
        Field(description="For selecting; they stay in Git.", examples=[{"team": "sales-engineering"}]),
    ] = {}
    id: Annotated[
        Any,
        BeforeValidator(_ids),
        Field(
            description="The live id, where it is not the computed one; or a map by environment.",
            examples=["6f1f3c1e-5b52-4c6b-9d0e-0d3f5f6f7a10"],
        ),
    ] = None


class Manifest(BaseModel):
    """The outermost fields of every document; what stands in `spec` is the kind's business."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    api_version: Annotated[
        str, Field(alias="apiVersion", description=f"It is {API_VERSION}.", examples=[API_VERSION])
    ]
    kind: Annotated[str, Field(description=f"One of {', '.join(KINDS)}.", examples=list(KINDS))]
    metadata: Annotated[
        Metadata, Field(description="What dpsync knows the resource by.", examples=[{"name": "na-sales"}])
    ]
    spec: Annotated[Any, Field(description="What the resource is; its fields depend on the kind.")]


@dataclass(slots=True)
class _Reading:
    """What has been read so far. `blind`: something could not be read at all; `lost`: keys in what was not understood."""

    workspace_id: str
    environment: str
    environments: tuple[str, ...]
    filling: Filling
    patches: Patches = field(default_factory=Patches)
    resources: list[Resource] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    understood: int = 0
    blind: bool = False
    lost: set[str] = field(default_factory=set)

    def uncertain(self, address: Address) -> bool:
        """Whether a document that could not be understood may declare this."""
        return self.blind or address.key in self.lost

    def told(self) -> list[Finding]:
        """What there is to say about the documents read, each on its own."""
        declared = [one.address for one in self.resources]
        found = [one for one in self.findings if one.origin not in self.filling.unfilled]
        found += self.filling.findings
        if not any(one.is_error for one in found):
            found += self.filling.unused()
        found += self.patches.unmatched(self.environment, declared, self.uncertain)
        return found

    def _opened(self, file: File) -> tuple[bytes, tuple[Document, ...], tuple[Problem, ...]] | None:
        """The content of a file, its documents and what is wrong with them, which is noted; None if it cannot be read."""
        content = read_file(file)
        if isinstance(content, Finding):
            self.findings.append(content)
            self.blind = True
            return None
        documents, problems = read_documents(content)
        self.findings.extend(problem_finding(file.name, problem) for problem in problems)
        return content, documents, problems

    def patch(self, file: File) -> None:
        """Read one file of patches."""
        opened = self._opened(file)
        if opened is None:
            return
        content, documents, problems = opened
        before = len(self.patches.findings)
        for document in documents:
            if document.root is not None:
                take(file.name, self.filling.filled(document, file.name), self.patches)
            elif not problems:
                self.findings.append(_empty(file.name, document, len(documents)))
        wrong = self.patches.findings[before:]
        self.findings.extend(wrong)
        if problems or wrong:
            self.lost.update(found.decode() for found in _NAMES.findall(content))

    def file(self, file: File) -> None:
        """Read one file, with all of its documents."""
        opened = self._opened(file)
        if opened is None:
            return
        content, documents, problems = opened
        before = self.understood
        fill = self.filling.filled if SIGN.encode() in content else _as_it_is
        for document in documents:
            if document.root is not None:
                self._document(file.name, document, fill, whole=not problems)
            elif not problems:
                self.findings.append(_empty(file.name, document, len(documents)))
        if problems or self.understood - before < len(documents):
            self.lost.update(found.decode() for found in _NAMES.findall(content))

    def _document(
        self, file: str, document: Document, fill: Callable[[Document, str], Document], *, whole: bool
    ) -> None:
        """Take one document as it is in the environment.

        If it is not `whole`, what it lacks may be among what was refused: that is not said.
        """
        patch = self.patches.of(document.root)
        if patch is not None and patch.omits:
            self.filling.mentioned(document.root)
            self.understood += 1
            return
        written = document
        document = fill(document, file)
        if patch is not None:
            document, unmatched = patched(document, KINDS[patch.address.kind], patch)
            self.findings.extend(unmatched)
        origins = DocumentOrigins(file, document, written=None if document is written else written)
        resource, findings = self._resource(origins, () if patch is None else (patch.origin,))
        if resource is not None:
            self.understood += 1
            self.resources.append(resource)
        if findings:
            self.findings.extend(one for one in findings if whole or one.rule != MISSING_FIELD)

    def _resource(
        self, origins: DocumentOrigins, patches: tuple[Origin, ...]
    ) -> tuple[Resource | None, Sequence[Finding]]:
        file, document = origins.file, origins.document
        root: Any = document.root
        if not isinstance(root, dict):
            return None, (_not_a_manifest(file, document),)
        version, name = root.get("apiVersion"), root.get("kind")
        if isinstance(version, str) and version != API_VERSION:
            return None, (_other_version(file, document, version),)
        outer = {**root, "spec": True} if root.get("spec") is not None else root
        manifest, findings = validated(Manifest, outer, document, file)
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            unknown = (_other_kind(file, document, name),) if isinstance(name, str) else ()
            return None, (*findings, *unknown)
        address = None if manifest is None else Address(kind.name, manifest.metadata.name)
        if "spec" not in root or root["spec"] is None:
            return None, findings
        spec, wrong = validated(kind.spec, root["spec"], document, file, prefix=("spec",), address=address)
        findings = (*findings, *wrong)
        if manifest is None or address is None:
            return None, findings
        metadata = manifest.metadata
        pinned, more = (
            self._pinned(metadata.id, kind, file, document) if metadata.id is not None else (None, ())
        )
        spec = spec or understood(kind.spec, root["spec"])
        if spec is None:
            return None, (*findings, *more)
        normal = spec.normalised()
        resource = Resource(
            address=address,
            id=pinned or computed_id(self.workspace_id, address.kind, address.key),
            pinned=pinned is not None,
            spec=normal,
            origins=DocumentOrigins(file, document, renamed(spec, normal), written=origins.written),
            labels=metadata.labels,
            patches=patches,
        )
        return resource, (*findings, *more)

    def _pinned(
        self, ids: str | Mapping[str, str], kind: Kind, file: str, document: Document
    ) -> tuple[str | None, tuple[Finding, ...]]:
        """The live id that is pinned in this environment, if one is; all of them are checked."""
        if kind.pinned_by != "metadata.id":
            return None, (_not_here(Origin.at(file, document.key_at(("metadata", "id"))), kind),)
        wanted = {self.environment: ids} if isinstance(ids, str) else ids
        wrong = tuple(
            _not_an_id(Origin.at(file, document.at(("metadata", "id", environment))), kind, live_id)
            for environment, live_id in wanted.items()
            if not (is_live_id(live_id) and (kind.cuids or "-" in live_id))
        )
        pinned = wanted.get(self.environment)
        if wrong:
            return None, wrong
        unknown = () if isinstance(ids, str) else tuple(self._unknown_environments(ids, file, document))
        if pinned is None:
            return None, unknown
        return (pinned.lower() if is_uuid(pinned) else pinned), unknown

    def _unknown_environments(self, ids: Iterable[str], file: str, document: Document) -> Iterator[Finding]:
        """One warning for each environment that an id is pinned in and that does not exist."""
        for name in ids if self.environments else ():
            if name not in self.environments:
                meant = closest(name, self.environments)
                hint = f"Did you mean `{meant}`? " if meant is not None else ""
                yield Finding(
                    UNKNOWN_ENVIRONMENT,
                    Severity.WARNING,
                    f"metadata.id pins an id in {shown(name)}, which is no environment of {WORKSPACE_FILE}.",
                    f"{hint}There are: {', '.join(self.environments)}.",
                    Origin.at(file, document.key_at(("metadata", "id", name))),
                )


def _as_it_is(document: Document, _file: str) -> Document:
    return document


_NAMES = re.compile(rb"""\bname["']?:\s*["']?([a-z0-9][a-z0-9._-]*)""")


# ------------------------------------------------------------------------------- defaults and notes

_GIVING = frozenset(
    rule.refers.to
    for kind in KINDS.values()
    for rule in rules_of(kind.spec)
    if rule.refers is not None and rule.refers.inherits
)
"""The kinds whose `defaults` others inherit."""


def _with_defaults(
    resources: Sequence[Resource], uncertain: Callable[[Address], bool]
) -> tuple[list[Resource], frozenset[Address]]:
    """The resources with what they inherit, and those of which it is not certain what they inherit."""
    giving: dict[tuple[str, str, str], Resource] = {}
    for one in resources:
        if one.kind in _GIVING:
            giving.setdefault((one.kind, "key", one.key), one)
            giving.setdefault((one.kind, "name", one.spec.title), one)
            giving.setdefault((one.kind, "id", one.id), one)
    done: list[Resource] = []
    doubtful: set[Address] = set()
    for one in resources:
        result = one
        for attribute, kind in _inheriting(type(one.spec)) if one.lifecycle not in _LEFT else ():
            reference = getattr(one.spec, attribute)
            if not isinstance(reference, Reference):
                continue
            giver = giving.get((kind, reference.how, reference.text))
            if giver is not None:
                result = _inherited(result, giver)
            elif uncertain(Address(kind, reference.text)):
                doubtful.add(one.address)
        done.append(result)
    return done, frozenset(doubtful)


_LEFT = frozenset({RETIRED, RELEASED})


@cache
def _inheriting(spec: type[Spec]) -> tuple[tuple[str, str], ...]:
    """The attributes of a spec whose references lead to defaults, each with the kind referred to."""
    return tuple(
        (rule.attribute, rule.refers.to)
        for rule in rules_of(spec)
        if rule.refers is not None and rule.refers.inherits
    )


def _inherited(one: Resource, giver: Resource) -> Resource:
    """The resource with the defaults for what it does not manage itself."""
    defaults = getattr(giver.spec, "defaults", None)
    if not isinstance(defaults, Spec):
        return one
    given = defaults.model_fields_set - one.spec.model_fields_set
    missing = [rule for rule in _shared(type(defaults), type(one.spec)) if rule.attribute in given]
    mine, theirs = one.origins, giver.origins
    if not missing or not isinstance(mine, DocumentOrigins) or not isinstance(theirs, DocumentOrigins):
        return one
    whence: tuple[DocumentOrigins, FieldPath] = (theirs, ("defaults",))
    # Constructors and not `dataclasses.replace`, which is slow: most products of an estate come through here.
    return Resource(
        address=one.address,
        id=one.id,
        pinned=one.pinned,
        spec=one.spec.with_values(**{rule.attribute: getattr(defaults, rule.attribute) for rule in missing}),
        origins=DocumentOrigins(
            mine.file,
            mine.document,
            mine.renamed,
            {**mine.inherited, **{rule.name: whence for rule in missing}},
            mine.written,
        ),
        labels=one.labels,
        patches=one.patches,
    )


@cache
def _shared(defaults: type[Spec], spec: type[Spec]) -> tuple[FieldRule, ...]:
    """The fields of defaults that a spec has too."""
    return tuple(rule for rule in rules_of(defaults) if rule.attribute in spec.model_fields)


def _noted(one: Resource, vintage: str, *, complete: bool) -> Iterator[Finding]:
    """What the spec says about itself. What it lacks is not said where it is not known what it inherits."""
    if one.lifecycle in _LEFT:
        return
    for note in one.spec.notes(vintage):
        if complete or note.path:
            origin = one.origins.of(note.path)
            yield Finding(note.rule, note.severity, note.message, note.remedy, origin, one.address)


# ------------------------------------------------------------------------------------------- findings


def problem_finding(file: str, problem: Problem) -> Finding:
    """A problem of YAML as a finding."""
    message, remedy = (text[:1].upper() + text[1:] for text in (problem.message, problem.remedy))
    return Finding(
        "yaml", Severity.ERROR, message + ".", remedy + ".", Origin(file, problem.line, problem.column)
    )


def _at(
    rule: str,
    file: str,
    place: Place,
    message: str,
    remedy: str,
) -> Finding:
    return Finding(rule, Severity.ERROR, message, remedy, Origin.at(file, place))


def _empty(file: str, document: Document, documents: int) -> Finding:
    place = (document.line, document.column)
    if documents > 1:
        message, remedy = (
            "This document is empty.",
            "Remove the `---` before it, or write a manifest below it.",
        )
        return Finding("empty-document", Severity.WARNING, message, remedy, Origin(file, *place))
    return _at("empty-file", file, place, f"{file} holds no manifest.", "Write one, or remove the file.")


def _not_a_manifest(file: str, document: Document) -> Finding:
    return _at(
        "not-a-manifest",
        file,
        (document.line, document.column),
        f"A manifest is a mapping, not {shown(document.root)}.",
        f"Begin with `apiVersion: {API_VERSION}` and `kind:`, or take the file out of the manifests.",
    )


def _other_version(file: str, document: Document, version: str) -> Finding:
    return _at(
        "unknown-version",
        file,
        document.at(("apiVersion",)),
        f"apiVersion cannot be {shown(version)}.",
        f"Write `apiVersion: {API_VERSION}`, or take the file out of the manifests if it is not for dpsync.",
    )


_ELSEWHERE = {WORKSPACE_KIND: WORKSPACE_FILE, EXCEPTION_KIND: "the folder of exceptions"}


def _other_kind(file: str, document: Document, name: str) -> Finding:
    if name in _ELSEWHERE:
        message = f"A {name} document stands in {_ELSEWHERE[name]} and nowhere else."
        return _at(
            "unknown-kind", file, document.at(("kind",)), message, "Remove the document from this file."
        )
    meant = closest(name, KINDS)
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    return _at(
        "unknown-kind",
        file,
        document.at(("kind",)),
        f"There is no kind {shown(name)}.",
        f"{hint}Write one of: {', '.join(KINDS)}.",
    )


def _not_here(origin: Origin, kind: Kind) -> Finding:
    return Finding(
        INVALID_VALUE,
        Severity.ERROR,
        f"`metadata.id` of a {kind.noun} has no effect.",
        f"Write `{kind.pinned_by}` where the {kind.noun} is known by its id; otherwise remove the line.",
        origin,
    )


def _not_an_id(origin: Origin, kind: Kind, live_id: str) -> Finding:
    shapes = "a uuid, or a cuid of 25 characters" if kind.cuids else "a uuid"
    return Finding(
        INVALID_VALUE,
        Severity.ERROR,
        f"{shown(live_id)} is not a live id of a {kind.noun}.",
        f"Write {shapes}, as the marketplace shows it; without the line, the id is computed from the key.",
        origin,
    )


def _nothing() -> Finding:
    return Finding(
        "nothing-declared",
        Severity.ERROR,
        "The manifests declare nothing.",
        f"Write a manifest, or correct `manifests:` in {WORKSPACE_FILE}. "
        "To delete what is there, keep its manifest with `lifecycle: retired`.",
        Origin(WORKSPACE_FILE, 1, 1),
    )


def _all_left_out(environment: str, origin: Origin) -> Finding:
    return Finding(
        "nothing-declared",
        Severity.NOTICE,
        f"The patches of {environment} leave out everything that the manifests declare.",
        f"If {environment} is to have something, remove `$omit: true` from its patch.",
        origin,
    )

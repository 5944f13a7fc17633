"""Write-back on one page: what somebody changed in the marketplace becomes what the manifests say, field by field.

The plan tells what differs; here the manifest gets the live value instead of the other way round. A field is edited where its own
document says it; a default, a patch, a variable and a pattern are somebody else's to change, and are listed with their place. The
result is loaded and planned before it is written, so that what is written back is no difference any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dpsync import imports, pipeline
from dpsync.errors import InvalidManifests
from dpsync.imports import Unsayable, Words
from dpsync.manifests.document import plain
from dpsync.manifests.edit import NotEdited, edited, rewritten
from dpsync.manifests.files import File, find_files, read_file
from dpsync.manifests.load import Loaded
from dpsync.manifests.origins import DocumentOrigins
from dpsync.manifests.rewriting import Rewritten
from dpsync.manifests.variables import escaped
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.place import Layer, Origin
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.state import DesiredState, LiveState
from dpsync.pipeline.imports import Key, as_if, changed_by, with_everything
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Back:
    """The files with what was written back, the fields that were, and what could not be, each with its place."""

    plan: Plan
    files: tuple[Rewritten, ...]
    fields: Mapping[Address, tuple[str, ...]]
    findings: tuple[Finding, ...]


async def written_back(settings: Settings, client: ReadClient, only: frozenset[Key] | None = None) -> Back:
    """What the manifests at hand become with what is live; nothing is written. `only` are the objects that are meant.

    Raises InvalidManifests.
    """
    from dpsync.marketplace.live import read_live
    from dpsync.model.plan import Target
    from dpsync.planner import pruning_plan, resolve, scope_of

    desired = pipeline.declared(settings).desired
    live = await read_live(client, scope_of(desired), vintage=settings.vintage)
    target = Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )
    resolved = resolve(desired, live)
    plan = pruning_plan(resolved, live, target)
    meant = [one for one in plan.changes if only is None or (one.kind, one.id) in only]
    changed = [one.before for one in meant if one.before is not None and one.after is not None]
    live = await with_everything(settings, live, changed, client)
    writing = _Writing(settings, desired, live, {one.address: one for one in resolved.resources})
    for change in meant:
        writing.take(change)
    writing.check()
    return Back(plan, writing.rewritten(), writing.fields, in_order(writing.findings))


@dataclass
class _Writing:
    """The files as they come together, and what cannot be brought into them."""

    settings: Settings
    desired: DesiredState
    live: LiveState
    resolved: Mapping[Address, Resource]
    fields: dict[Address, tuple[str, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    meant: dict[tuple[str, int], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found, _findings = find_files(
            str(self.settings.root),
            self.settings.manifests,
            exceptions=self.settings.exceptions,
            patches=self.settings.patches,
        )
        self.files: dict[str, File] = {file.name: file for file in found}
        self.before: dict[str, bytes] = {}
        self.words = Words(self.live, imports.keys_of(self.desired, self.live))

    # One change.

    def take(self, change: Change) -> None:
        """Bring what differs into the manifest of the change."""
        resource = self.desired.by_address.get(change.address)
        if change.action is Action.DELETE or resource is None:
            if resource is None:
                self._left(change, None, "it is live and in no manifest", "`dpsync import` makes one.")
            else:
                self._left(
                    change, resource.origin, "its manifest says that it is retired", "Apply deletes it."
                )
        elif change.action is Action.CREATE:
            self._left(
                change,
                resource.origin,
                "it is not live (any more)",
                "Remove its manifest, or let apply make it.",
            )
        elif not change.fields and change.sources.is_empty:
            for finding in change.blocked:
                self.findings.append(replace(finding, rule="not-written-back", severity=Severity.WARNING))
        else:
            paths = [tuple(one.path.split(".")) for one in change.fields]
            paths += [] if change.sources.is_empty else [("sources",)]
            for path in paths:
                self._field(change, resource, path)

    def _field(self, change: Change, resource: Resource, path: tuple[str, ...]) -> None:
        origin = resource.origins.of(path)
        try:
            self._write(change, resource, path)
        except Unsayable as error:
            self._left(change, origin, f"live there is {error.why}", field=".".join(path))
        except NotEdited as error:
            self._left(change, origin, str(error), "Change it by hand.", field=".".join(path))
        except _Elsewhere as error:
            self._left(change, origin, str(error), "Change it there.", field=".".join(path))
        else:
            self.fields[change.address] = (*self.fields.get(change.address, ()), ".".join(path))

    def _write(self, change: Change, resource: Resource, path: tuple[str, ...]) -> None:
        origins = resource.origins
        assert isinstance(origins, DocumentOrigins), "the loader makes no other"
        assert change.before is not None, "an update has something before it"
        origin = origins.of(path)
        if origin.layer is Layer.DEFAULT:
            raise _Elsewhere("it is a default that others have, too")
        place = next(
            (origins.renamed[path[:end]] for end in range(1, len(path) + 1) if path[:end] in origins.renamed),
            path,
        )
        root = self._root(origins)
        if origin.layer is Layer.PATCH or not _is_own(origins, place):
            raise _Elsewhere("it is written with a variable or by a patch")
        live, settled = change.before.spec, self.resolved[change.address].spec
        spec = root["spec"]
        if place != path:
            self._long_form(spec, str(place[-1]), live)
        else:
            written = _at(origins.document.root, ("spec", *path))
            value = escaped(imports.said_now(self.words, path, written, settled, live))
            inner = spec
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
        self._put(origins, root)

    def _long_form(self, spec: dict[str, Any], short: str, live: Any) -> None:
        """Let the short way stay where it is still true, and write out the long one otherwise."""
        if short not in spec:
            return  # another field of the group was written back before
        long, names = type(live).shorthands[short]
        attribute = next(name for name, one in type(live).model_fields.items() if one.alias == long)
        group = getattr(live, attribute)
        if group is None:
            raise Unsayable(f"no {long} at all, which a manifest cannot ask for")
        said = imports.both_said(self.words, names, group)
        if all(one == said[0] for one in said):
            spec[short] = said[0]
            return
        del spec[short]
        spec[long] = dict(zip(names, said, strict=True))

    # Files.

    def _root(self, origins: DocumentOrigins) -> Any:
        """What the document says by now, to be changed."""
        written = origins.written or origins.document
        return plain(self.meant.get((origins.file, written.index), written.root))

    def _put(self, origins: DocumentOrigins, root: Any) -> None:
        index = (origins.written or origins.document).index
        content = self.contents.get(origins.file)
        if content is None:
            read = read_file(self.files[origins.file])
            if isinstance(read, Finding):
                raise InvalidManifests((read,))
            content = self.before[origins.file] = read
        self.contents[origins.file] = edited(content, index, root)
        self.meant[origins.file, index] = root

    def check(self) -> None:
        """Load and plan the files as they would be; what would not be valid is put back, what would still differ listed."""
        if self._invalid(self.contents) is not None:
            self._keep_what_is_valid()
        addresses = set(self.fields)
        if not addresses:
            return
        with self._as_if(self.contents) as found:
            desired = DesiredState(self.settings.workspace_id, self.settings.environment, found.resources)
            for change in changed_by(self.settings, desired, self.live, addresses):
                known = {one.address for one in self.findings}
                if change.address not in known:
                    names = ", ".join(one.path for one in change.fields) or "sources"
                    self._left(change, change.origin, f"its {names} would still differ", "Change it by hand.")

    def _keep_what_is_valid(self) -> None:
        """Keep the files that are valid with one another: two manifests may not take the same name, for one thing."""
        waiting, kept = dict(self.contents), dict[str, bytes]()
        reasons: dict[str, str] = {}
        while True:
            before = len(waiting)
            for name, content in sorted(waiting.items()):
                reason = self._invalid({**kept, name: content})
                if reason is None:
                    kept[name] = waiting.pop(name)
                else:
                    reasons[name] = reason
            if len(waiting) == before:
                break
        for name in sorted(waiting):
            self._put_back(name, reasons[name])

    def _invalid(self, contents: Mapping[str, bytes]) -> str | None:
        """Why the manifests would not be valid with these files; None if they would be."""
        with self._as_if(contents) as found:
            first = next((one for one in found.findings if one.is_error), None)
        return None if first is None else first.message.removesuffix(".")

    @contextmanager
    def _as_if(self, contents: Mapping[str, bytes]) -> Iterator[Loaded]:
        texts = {name: content.decode() for name, content in contents.items()}
        with as_if(self.settings, texts) as folder:
            yield pipeline.loaded(replace(self.settings, root=folder))

    def _put_back(self, name: str, why: str) -> None:
        if name not in self.contents:
            return
        del self.contents[name]
        for address in [one for one in self.fields if self.desired.by_address[one].origin.file == name]:
            del self.fields[address]
            origin = self.desired.by_address[address].origin
            self._told(address, origin, f"its manifest would not be valid: {why}", "Change it by hand.")

    def rewritten(self) -> tuple[Rewritten, ...]:
        """The files that are to be written, with their changed lines."""
        return tuple(
            rewritten(self.files[name], self.before[name], content)
            for name, content in sorted(self.contents.items())
            if content != self.before[name]
        )

    # What is left.

    def _left(
        self, change: Change, origin: Origin | None, why: str, remedy: str = "", field: str = ""
    ) -> None:
        what = f"`{field}` of {change.address}" if field else str(change.address)
        if change.after is None:
            what = f"{change.kind} {change.title!r} ({change.id})"
        self._told(change.address, origin, why, remedy, what)

    def _told(self, address: Address, origin: Origin | None, why: str, remedy: str, what: str = "") -> None:
        self.findings.append(
            Finding(
                "not-written-back",
                Severity.WARNING,
                f"{what or address} is not written back: {why}.",
                remedy,
                origin,
                address,
            )
        )


class _Elsewhere(Exception):
    """The value is not the manifest's own, in words."""


def _is_own(origins: DocumentOrigins, path: tuple[str | int, ...]) -> bool:
    """Whether the document says the value itself, and not a variable or a patch."""
    if origins.written is None:
        return True
    here = _at(origins.document.root, ("spec", *path))
    there = _at(origins.written.root, ("spec", *path))
    return bool(escaped(plain(here)) == plain(there))


def _at(root: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if not isinstance(root, dict) or step not in root:
            return None
        root = root[step]
    return root

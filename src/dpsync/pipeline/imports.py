"""Import on one page: what is live is looked over, chosen, read whole, said in a manifest's words, checked, and written.

Nothing is written to the marketplace: every client here reads. Before a file is written, the workspace is loaded as it would
be with it and planned against what was read; what a plan would change then is left out and listed, so that a plan after an
import has nothing to do because of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from dpsync import imports, pipeline
from dpsync.errors import InvalidManifests, UsageError
from dpsync.imports import Composed, Wish
from dpsync.kinds import KINDS
from dpsync.kinds.catalog import DOMAINS, GROUPS, PEOPLE
from dpsync.manifests.edit import NotEdited, index_of, pinned, rewritten
from dpsync.manifests.files import File, find_files, read_file
from dpsync.manifests.load import Loaded
from dpsync.manifests.rewriting import Rewritten
from dpsync.manifests.variables import escaped
from dpsync.manifests.write import tidy_text
from dpsync.model.base import references_in, rules_of
from dpsync.model.finding import Finding, Severity
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import DesiredState, LiveState, Scope
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.change import Change

_NOT_THERE_YET = frozenset({"nothing-declared", "missing-file", "no-manifests"})
"""What is wrong with manifests that nobody has written yet."""

Key = tuple[str, str]
"""A kind and a live id."""


class Watch(Protocol):
    """Who is told what is being read, and of how many objects."""

    def reading(self, what: str, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Survey:
    """What is declared, what is live, and the files that are there: enough to choose from."""

    desired: DesiredState
    live: LiveState
    taken: frozenset[Address]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Imported:
    """The texts of new files by path, the live objects that they declare, and what could not be said."""

    texts: Mapping[str, str]
    objects: tuple[Key, ...]
    findings: tuple[Finding, ...]
    skipped: int = 0
    pins: tuple[Rewritten, ...] = ()
    """The files of manifests that were there by name, and have the id of this environment now."""
    declared: frozenset[Key] = frozenset()
    """What was meant and is declared already."""


def surveyable(settings: Settings) -> tuple[DesiredState, frozenset[Address], frozenset[str]]:
    """What is declared, every address of every environment, and all files. Raises InvalidManifests, but not for nothing."""
    here = _loaded(settings)
    taken = {one.address for one in here.resources}
    for name in settings.variables:
        if name != settings.environment:
            there = pipeline.loaded(replace(settings, environment=name, vintage="v2"))
            taken |= {one.address for one in there.resources}
    files, _findings = find_files(
        str(settings.root), settings.manifests, exceptions=settings.exceptions, patches=settings.patches
    )
    desired = DesiredState(settings.workspace_id, settings.environment, here.resources)
    return desired, frozenset(taken), frozenset(file.name for file in files)


async def surveyed(settings: Settings, client: ReadClient) -> Survey:
    """What there is to choose from: the lists of everything, and nothing of each product."""
    from dpsync.marketplace.live import read_live

    desired, taken, files = surveyable(settings)
    live = await read_live(client, Scope(settings.workspace_id), vintage=settings.vintage)
    return Survey(desired, live, taken, files)


async def imported(
    settings: Settings,
    survey: Survey,
    wish: Wish,
    client: ReadClient,
    watch: Watch,
    *,
    globs: bool = False,
) -> Imported:
    """The files that declare what the wish means. Reads only, and writes no file."""
    found = imports.chosen(wish, survey.desired, survey.live)
    known = frozenset((one.kind, one.id) for one in found.declared)
    adopted = _adopted(settings, survey, found.new)
    new = tuple(one for one in found.new if (one.kind, one.id) not in adopted.met)
    if not new:
        return Imported({}, (), adopted.findings, len(known), adopted.files, known)
    survey = replace(survey, desired=adopted.desired)
    live = await _read_whole(settings, survey, new, client, watch)
    around = imports.Surroundings(
        survey.desired,
        _folder(settings),
        settings.environment,
        tuple(settings.variables),
        survey.taken,
        survey.files,
        globs,
    )
    objects = tuple(live.by_id[one.kind, one.id] for one in new if (one.kind, one.id) in live.by_id)
    edits = {file.name: file.after.decode() for file in adopted.files}
    refused: dict[Key, str] = {}
    while True:
        made = imports.composed(live, objects, replace(around, refused=refused))
        texts = {file.path: tidy_text(escaped(one) for one in file.documents) for file in made.files}
        wrong = _wrong(settings, made, {**texts, **edits}, live)
        if not wrong.keys() - refused.keys():
            declared = tuple(sorted(key for file in made.files for key in file.objects))
            findings = (*_unread(live), *adopted.findings, *made.findings)
            texts = texts if declared else {}
            return Imported(texts, declared, findings, len(known), adopted.files, known)
        refused |= wrong


def _unread(live: LiveState) -> Iterator[Finding]:
    """What could not be read to its end, so that nobody takes the files for everything that there is."""
    for gap in live.gaps:
        if not gap.id and gap.kind in {*KINDS}:
            message = f"The list of {KINDS[gap.kind].plural} could not be read to its end: {gap.reason}"
            yield Finding(
                "incomplete", Severity.ERROR, message, "Run the command again; it adds what is missing."
            )


# What another environment declares by the same name.


@dataclass(frozen=True, slots=True)
class _Adopted:
    """The live objects that a manifest has the name of, the files in which it pins their ids, and the state with these."""

    desired: DesiredState
    met: frozenset[Key] = frozenset()
    files: tuple[Rewritten, ...] = ()
    findings: tuple[Finding, ...] = ()


def _adopted(settings: Settings, survey: Survey, new: tuple[LiveResource, ...]) -> _Adopted:
    """Where a manifest declares an object of that name which is not live here: with several environments, its id is added.

    With a single one nobody can say that it is the same, so that is listed with the line to add.
    """
    waiting: dict[tuple[str, str], list[Resource]] = {}
    for one in survey.desired.resources:
        is_to_be = KINDS[one.kind].written and one.lifecycle not in {"retired", "released"}
        if is_to_be and (one.kind, one.id) not in survey.live.by_id:
            waiting.setdefault((one.kind, one.title.casefold()), []).append(one)
    files = {
        file.name: file
        for file in find_files(
            str(settings.root), settings.manifests, exceptions=settings.exceptions, patches=settings.patches
        )[0]
    }
    contents: dict[str, bytes] = {}
    before: dict[str, bytes] = {}
    ids: dict[Address, str] = {}
    met: set[Key] = set()
    findings: list[Finding] = []
    for live in new:
        named = waiting.get((live.kind, live.title.casefold()), ())
        if len(named) != 1 or named[0].address in ids:
            continue
        one, why = named[0], "its manifest pins another id"
        met.add((live.kind, live.id))
        many = len(settings.variables) > 1
        if many:
            file = one.origin.file
            content = contents.get(file) or before.setdefault(file, _content(files[file]))
            try:
                contents[file] = pinned(
                    content, index_of(one), live.id, settings.environment, tuple(settings.variables)
                )
            except NotEdited as error:
                why = str(error)
            else:
                ids[one.address] = live.id
                continue
        elif not one.pinned:
            why = f"{one.address} has its name"
        line = f"{{{settings.environment}: {live.id}}}" if many else live.id
        findings.append(
            Finding(
                "not-imported",
                Severity.WARNING,
                f"{KINDS[live.kind].noun.capitalize()} {live.title!r} ({live.id}) is left as it is: {why}.",
                f"If it is the same, write `id: {line}` into the metadata of {one.address}.",
                one.origin,
                one.address,
            )
        )
    resources = tuple(
        replace(one, id=ids[one.address], pinned=True) if one.address in ids else one
        for one in survey.desired.resources
    )
    return _Adopted(
        replace(survey.desired, resources=resources),
        frozenset(met),
        tuple(rewritten(files[name], before[name], contents[name]) for name in sorted(contents)),
        tuple(findings),
    )


def _content(file: File) -> bytes:
    content = read_file(file)
    if isinstance(content, Finding):
        raise InvalidManifests((content,))
    return content


# What is declared already.


def _loaded(settings: Settings) -> Loaded:
    found = pipeline.loaded(settings)
    errors = [one for one in found.findings if one.is_error and one.rule not in _NOT_THERE_YET]
    if errors:
        raise InvalidManifests(found.findings)
    return found


def _folder(settings: Settings) -> str:
    """The folder in which new manifests are put: the first one of the workspace that is no file."""
    for folder in settings.manifests:
        if not folder.lower().endswith((".yaml", ".yml")):
            return folder.rstrip("/")
    raise UsageError(
        "dpsync.yaml names files of manifests, and no folder to put new ones into.",
        "Add a folder to `manifests:`, such as products.",
    )


# What is read.


async def _read_whole(
    settings: Settings, survey: Survey, chosen: tuple[LiveResource, ...], client: ReadClient, watch: Watch
) -> LiveState:
    """The live state with everything that the manifests of the chosen objects have to name."""
    from dpsync.marketplace.live import read_live
    from dpsync.planner import scope_of

    ids = frozenset(one.id for one in chosen if one.spec.gives_access)
    watch.reading("products", len(ids))
    domains = {
        Reference(each, "id")
        for one in chosen
        for _path, reference, refers in references_in(one.spec)
        if refers.to == DOMAINS and reference.id
        for each in reference.id.split(",")
    }
    named = tuple(one for one in survey.desired.resources if not KINDS[one.kind].written)
    domains |= scope_of(replace(survey.desired, resources=named)).domains
    scope = Scope(settings.workspace_id, frozenset(domains), sources=ids, forms=ids)
    live = await read_live(client, scope, vintage=settings.vintage)
    return await with_everything(settings, live, live.resources, client)


async def with_everything(
    settings: Settings, live: LiveState, objects: Collection[LiveResource], client: ReadClient
) -> LiveState:
    """The live state with what these objects have to do with: their sources' domains, and the people and groups they name.

    Whoever else answers to the name of one of these people is read, too.
    """
    from dpsync.marketplace.live import read_live

    everywhere = frozenset(Reference(one.id, "id") for one in live.catalog.domains)
    if not _sources(objects) <= live.catalog.domains_by_source.keys():
        scope = Scope(settings.workspace_id, everywhere, only={})
        live = _merged(live, await read_live(client, scope, vintage=settings.vintage))
    specs = [one.spec for one in objects]
    people: set[str] = set()
    groups: set[str] = set()
    for spec in specs:
        for _path, reference, refers in references_in(spec):
            if refers.to == PEOPLE and reference.id:
                people.add(reference.id)
            elif refers.to == GROUPS:
                groups.add(reference.text)
    if not people and not groups:
        return live
    scope = Scope(settings.workspace_id, people=frozenset(people), groups=frozenset(groups), only={})
    live = _merged(live, await read_live(client, scope, vintage=settings.vintage))
    names = {
        name for one in live.catalog.people if one.id in people for name in (one.email, one.username) if name
    }
    scope = Scope(settings.workspace_id, people=frozenset(names), only={})
    return _merged(live, await read_live(client, scope, vintage=settings.vintage))


def _merged(live: LiveState, more: LiveState) -> LiveState:
    """The live state with what another reading knows of the catalog; objects stay as they were read first."""
    catalog = live.catalog
    people = {one.id: one for one in (*catalog.people, *more.catalog.people)}
    groups = {one.id: one for one in (*catalog.groups, *more.catalog.groups)}
    gaps = {*live.gaps, *(gap for gap in more.gaps if gap.kind in {PEOPLE, GROUPS})}
    return replace(
        live,
        catalog=replace(
            catalog,
            sources={**more.catalog.sources, **catalog.sources},
            people=tuple(people[key] for key in sorted(people)),
            groups=tuple(groups[key] for key in sorted(groups)),
        ),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.kind, gap.id, gap.reason))),
    )


def _sources(objects: Iterable[LiveResource]) -> frozenset[str]:
    """The ids of all sources that were read of these objects."""
    return frozenset(
        each.id
        for one in objects
        for rule in rules_of(type(one.spec))
        if rule.replaced_whole and one.spec.manages(rule.attribute)
        for each in getattr(one.spec, rule.attribute)
    )


# Whether it is true.


def _wrong(settings: Settings, made: Composed, texts: Mapping[str, str], live: LiveState) -> dict[Key, str]:
    """The objects of which a plan would say that their new manifest is not what is live, each with why."""
    objects = {key: file.path for file in made.files for key in file.objects}
    by_file: dict[str, list[Key]] = {}
    for key, path in objects.items():
        by_file.setdefault(path, []).append(key)
    with as_if(settings, texts) as folder:
        found = pipeline.loaded(replace(settings, root=folder))
        addresses = {(one.kind, one.id): one.address for one in found.resources}
        wrong: dict[Key, str] = {}
        for finding in found.findings:
            if finding.is_error and finding.origin is not None:
                wrong |= {key: _as_reason(finding) for key in by_file.get(finding.origin.file, ())}
        desired = DesiredState(settings.workspace_id, settings.environment, found.resources)
        new = {addresses[key] for key in objects if key in addresses}
        for change in changed_by(settings, desired, live, new):
            first = next(iter(change.blocked), None)
            fields = ", ".join(one.path for one in change.fields) or "sources"
            why = _as_reason(first) if first else f"no manifest can say its {fields} as they are"
            wrong[change.kind, change.id] = why
    return wrong


def changed_by(
    settings: Settings, desired: DesiredState, live: LiveState, addresses: Collection[Address]
) -> tuple[Change, ...]:
    """What a plan would do to some of the resources, from what was read already."""
    from dpsync.model.plan import Target
    from dpsync.planner import keeping_plan, resolve_part

    target = Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )
    plan = keeping_plan(resolve_part(desired, live, addresses), live, target)
    return tuple(change for change in plan.changes if change.address in addresses)


def _as_reason(finding: Finding) -> str:
    message = finding.message.removesuffix(".")
    return message[:1].lower() + message[1:]


@contextmanager
def as_if(settings: Settings, texts: Mapping[str, str]) -> Iterator[Path]:
    """A copy of the manifests and patches of the workspace, with these files among them."""
    with TemporaryDirectory(prefix="dpsync-") as made:
        folder = Path(made)
        for name in (*settings.manifests, settings.patches):
            here, there = settings.root / name, folder / name
            if here.is_dir():
                shutil.copytree(here, there, dirs_exist_ok=True)
            elif here.is_file():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(here, there)
        for path, text in texts.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
        yield folder

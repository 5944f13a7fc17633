"""The files of an import: every object that is meant, each in its file, and what is common in one place.

A pure function of what was read and what is declared, so that the same marketplace makes the same files. Products of a domain
stand in a folder of its key, beside `_domain.yaml`, which gives the domain that key and has the defaults that most of its
products share; forms and agreements stand in folders of their own. What a manifest cannot say becomes a finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dpsync.imports.choose import BUILT_IN
from dpsync.imports.names import Keys
from dpsync.imports.patterns import grouped
from dpsync.imports.words import Unsayable, Words, sources_in_order
from dpsync.kinds import API_VERSION, KINDS
from dpsync.kinds.catalog import DOMAINS, SOURCE_KIND, find_sources
from dpsync.kinds.data_product import DATA_PRODUCT, DataProductSpec
from dpsync.kinds.data_source import DataSourceSpec
from dpsync.kinds.data_use_agreement import DATA_USE_AGREEMENT
from dpsync.kinds.domain import DomainSpec
from dpsync.kinds.request_form import REQUEST_FORM, RequestFormSpec
from dpsync.kinds.review_flow import DEFAULT_FLOW
from dpsync.model.base import Spec
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import computed_id, is_of_workspace
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import DesiredState, LiveState, Source

_REQUEST_TYPES = (("data_access", "dataAccess"), ("masking_exception", "maskingException"))

Document = dict[str, Any]
Key = tuple[str, str]
"""A kind and a live id."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written: where, and what is in it; `objects` are the live ones that it declares."""

    path: str
    documents: tuple[Document, ...]
    objects: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """The new files, by path, and what could not be said."""

    files: tuple[NewFile, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Surroundings:
    """What the new files come to stand beside.

    `desired` is what is declared in the environment, `taken` every address that is in any, `files` the names of all files.
    `folder` is where new ones go. `refused` are objects of which it turned out that no manifest can be made, each with why.
    """

    desired: DesiredState
    folder: str
    environment: str
    environments: tuple[str, ...] = ()
    taken: frozenset[Address] = frozenset()
    files: frozenset[str] = frozenset()
    globs: bool = False
    refused: Mapping[Key, str] = field(default_factory=dict)


def composed(live: LiveState, objects: Iterable[LiveResource], around: Surroundings) -> Composed:
    """The files that declare these live objects, and the forms, agreements and domains that they need besides."""
    return _Composition(live, tuple(objects), around).run()


@dataclass
class _Composition:
    live: LiveState
    objects: tuple[LiveResource, ...]
    around: Surroundings
    findings: list[Finding] = field(default_factory=list)
    files: list[NewFile] = field(default_factory=list)
    keys: dict[Key, str] = field(default_factory=dict)

    def run(self) -> Composed:
        self.keys.update(keys_of(self.around.desired, self.live))
        chosen = {(one.kind, one.id): one for one in self.objects}
        products = self._of(chosen, DATA_PRODUCT.name)
        forms = self._named(chosen, products, REQUEST_FORM.name)
        agreements = self._named(chosen, forms, DATA_USE_AGREEMENT.name)
        for one in agreements:
            self._one_object(one, "agreements", self.words.of)
        for one in forms:
            self._one_object(one, "forms", self._form)
        self._products(products)
        ordered = sorted(self.files, key=lambda file: file.path)
        return Composed(tuple(ordered), tuple(self.findings))

    # What there is.

    def _meant_domain(self, reference: Reference | None) -> str | None:
        return meant_domain(self.live, self._domain_keys, reference)

    @cached_property
    def _domain_keys(self) -> Mapping[str, str]:
        """The declared domains: their ids by key."""
        found = keys_of(self.around.desired, self.live)
        return {key: identity for (kind, identity), key in found.items() if kind == DOMAINS}

    @cached_property
    def words(self) -> Words:
        return Words(self.live, self.keys)

    def _of(self, chosen: Mapping[Key, LiveResource], kind: str) -> tuple[LiveResource, ...]:
        found = (one for key, one in chosen.items() if key[0] == kind and key not in self._declared)
        return tuple(sorted(found, key=lambda one: (one.title, one.id)))

    def _named(
        self, chosen: Mapping[Key, LiveResource], by: Iterable[LiveResource], kind: str
    ) -> tuple[LiveResource, ...]:
        """Those of a kind that are meant, and those that others refer to."""
        referred = {
            (kind, reference.id or "")
            for one in by
            if (one.kind, one.id) not in self.around.refused
            for reference in _referred(one.spec)
        }
        found = dict(chosen)
        found |= {key: self.live.by_id[key] for key in referred if key in self.live.by_id}
        return tuple(one for one in self._of(found, kind) if one.title not in BUILT_IN)

    @cached_property
    def _declared(self) -> frozenset[Key]:
        return frozenset((one.kind, one.id) for one in self.around.desired.resources)

    # Keys, ids and files.

    @cached_property
    def _free(self) -> Mapping[str, Keys]:
        taken: dict[str, list[str]] = {}
        for address in self.around.taken:
            taken.setdefault(address.kind, []).append(address.key)
        return {name: Keys(kind.noun, taken.get(name, ())) for name, kind in KINDS.items()}

    def _path(self, folder: str, key: str) -> str:
        """Where a new file goes, by its key; beside what is there already."""
        path, number = f"{folder}/{key}.yaml", 1
        while path in self._paths:
            number += 1
            path = f"{folder}/{key}-{number}.yaml"
        self._paths.add(path)
        return path

    @cached_property
    def _paths(self) -> set[str]:
        return set(self.around.files)

    def _id(self, kind: str, key: str, identity: str) -> dict[str, Any]:
        """The line that pins an id, where it is not the one that the key makes."""
        if identity == computed_id(self.around.desired.workspace_id, kind, key):
            return {}
        many = len(self.around.environments) > 1
        return {"id": {self.around.environment: identity} if many else identity}

    def _write(self, one: LiveResource, folder: str, spec: Document) -> None:
        identity = (one.kind, one.id)
        key = self.keys.get(identity) or self._free[one.kind].new(one.title, one.id)
        self.keys[identity] = key
        metadata = {"name": key, **self._id(one.kind, key, one.id)}
        document = _document(one.kind, metadata, spec)
        self.files.append(NewFile(self._path(folder, key), (document,), (identity,)))

    # Objects.

    def _one_object(self, one: LiveResource, folder: str, said: Any) -> None:
        why = self._why_not(one)
        if why is None:
            try:
                self._write(one, f"{self.around.folder}/{folder}", said(one.spec.without("lifecycle")))
            except Unsayable as error:
                why = f"it names {error.why}"
        if why is not None:
            self._left_out(one, why)

    def _why_not(self, one: LiveResource) -> str | None:
        refused = self.around.refused.get((one.kind, one.id))
        if refused is not None:
            return refused
        gap = self.live.gap(one.kind, one.id)
        return f"it cannot be read completely: {gap.reason}" if gap is not None else None

    def _form(self, spec: RequestFormSpec) -> Document:
        """A form: of a question that is asked twice, each gets a key to tell it by; ids are found by what is asked."""
        bare = spec.with_values(fields=tuple(each.without("id") for each in spec.fields))
        said: Document = self.words.of(bare)
        for question, each in zip(said["fields"], spec.fields, strict=True):
            if type(each).model_fields["label"].default == each.label:
                question.pop("label", None)
        seen = Counter(str(each.label) for each in spec.fields)
        keys = Keys("question")
        for index, each in enumerate(spec.fields):
            if seen[str(each.label)] > 1:
                said["fields"][index] = {
                    "key": keys.new(str(each.label), each.id or ""),
                    **said["fields"][index],
                }
        return said

    def _products(self, products: tuple[LiveResource, ...]) -> None:
        by_domain: dict[str, list[LiveResource]] = {}
        for one in products:
            why = self._why_no_product(one)
            if why is not None:
                self._left_out(one, why)
            else:
                by_domain.setdefault(_domain_of(one), []).append(one)
        known = self.live.catalog.domain_by_id
        order = sorted(by_domain, key=lambda identity: (known[identity].name, identity))
        new = [identity for identity in order if (DOMAINS, identity) not in self.keys]
        for identity in new:
            self.keys[DOMAINS, identity] = self._free[DOMAINS].new(known[identity].name, identity)
        for identity in order:
            self._source_keys(identity, by_domain[identity])
        for identity in order:
            self._domain(identity, by_domain[identity], is_new=identity in new)

    def _why_no_product(self, one: LiveResource) -> str | None:
        why = self._why_not(one)
        if why is not None:
            return why
        assert isinstance(one.spec, DataProductSpec)
        domain = one.spec.domain
        if domain.id not in self.live.catalog.domain_by_id:
            several = "," in (domain.id or "")
            return (
                f"it is in several domains ({domain.text}), and a manifest names one"
                if several
                else f"its domain {domain.text} is not among those that the token can see"
            )
        gap = self.live.gap(SOURCE_KIND, domain.id or "")
        if gap is not None:
            return f"the sources of its domain cannot be read: {gap.reason}"
        if not one.spec.manages("sources"):
            return "its sources were not read"
        unknown = [each.text for each in one.spec.sources if each.id not in self.live.catalog.source_by_id]
        unknown += [
            self.live.catalog.source_by_id[each.id or ""].name
            for each in one.spec.sources
            if each.id in self.live.catalog.source_by_id
            and each.id not in self.live.catalog.domains_by_source
        ]
        if unknown:
            many = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            return f"its source {unknown[0]}{many} is in no domain that the token can see, so no manifest can name it"
        return None

    # Sources.

    def _source_keys(self, domain: str, products: Iterable[LiveResource]) -> None:
        """Give keys to sources that the products of a domain cannot name otherwise: of other domains, or known by id only."""
        wanted: dict[str, Source] = {}
        for one in products:
            assert isinstance(one.spec, DataProductSpec)
            for each in one.spec.sources:
                source = self.live.catalog.source_by_id[each.id or ""]
                is_known = (SOURCE_KIND, source.id) in self.keys
                if not is_known and not self.words.is_plain(source, domain):
                    wanted[source.id] = source
        documents = tuple(self._keyed(source, domain) for source in sources_in_order(wanted.values()))
        if documents:
            path = self._path(self._folder(domain), "_sources")
            self.files.append(NewFile(path, documents))

    def _keyed(self, source: Source, domain: str) -> Document:
        """The manifest of a source, in the domain of the product if that has it."""
        homes = self.live.catalog.domains_by_source[source.id]
        home = domain if domain in homes else min(homes)
        entry = self.words.source(source, home)
        if "table" in entry and len(entry) == 1:
            path = source.path
            entry = {"database": path.database, "schema": path.schema, "table": path.table}
        if "id" in entry:
            entry = {"id": str(source.id)}
        key = self._free[SOURCE_KIND].new(source.name, source.id)
        self.keys[SOURCE_KIND, source.id] = key
        where = self.words.reference(Reference(home, "id", home), DOMAINS)
        return _document(SOURCE_KIND, {"name": key}, {"domain": where, **entry})

    def _sources(self, spec: DataProductSpec) -> list[Any]:
        domain = spec.domain.id or ""
        found = sources_in_order(self.live.catalog.source_by_id[each.id or ""] for each in spec.sources)
        if not self.around.globs:
            return [self.words.source(source, domain) for source in found]
        patterns, rest = grouped(found, self.live.catalog.sources.get(domain, ()))
        return [*patterns, *(self.words.source(source, domain) for source in rest)]

    # A domain and its products.

    def _folder(self, domain: str) -> str:
        return f"{self.around.folder}/{self.keys[DOMAINS, domain]}"

    def _domain(self, identity: str, products: list[LiveResource], *, is_new: bool) -> None:
        drafts = [(one, self._draft(one)) for one in products]
        said = [(one, draft) for one, draft in drafts if draft is not None]
        if is_new:
            domain = self.live.catalog.domain_by_id[identity]
            defaults = {} if self._is_used(identity) else dict(_shared([draft for _one, draft in said]))
            self._domain_file(identity, domain.name, defaults)
        else:
            defaults = self._given(identity)
        for one, draft in said:
            spec = _less(draft, defaults)
            if isinstance(spec, str):
                self._left_out(one, spec)
            else:
                self._write(one, self._folder(identity), spec)

    def _domain_file(self, identity: str, name: str, defaults: Document) -> None:
        key = self.keys[DOMAINS, identity]
        same = [one for one in self.live.catalog.domains if one.name.casefold() == name.casefold()]
        many = len(self.around.environments) > 1
        pin = {"id": {self.around.environment: identity} if many else identity} if len(same) > 1 else {}
        spec: Document = {"name": name}
        if defaults:
            spec["defaults"] = {name: defaults[name] for name in _DEFAULTS if name in defaults}
        document = _document(DOMAINS, {"name": key, **pin}, spec)
        self.files.append(NewFile(self._path(self._folder(identity), "_domain"), (document,)))

    def _is_used(self, domain: str) -> bool:
        """Whether something that is declared already is in the domain, and would get what it has by default."""
        return domain in self._used

    @cached_property
    def _used(self) -> frozenset[str | None]:
        declared = self.around.desired.of_kind(DATA_PRODUCT.name)
        return frozenset(self._meant_domain(getattr(one.spec, "domain", None)) for one in declared)

    def _given(self, domain: str) -> Document:
        """The defaults that a declared domain has, as its manifest says them."""
        found = self.around.desired.by_address.get(Address(DOMAINS, self.keys[DOMAINS, domain]))
        return _said_defaults(found) if found is not None else {}

    def _draft(self, one: LiveResource) -> Document | None:
        """The whole spec of a product, with nothing left to defaults; None where it cannot be said."""
        spec = one.spec
        assert isinstance(spec, DataProductSpec)
        said: Document = {"name": spec.name}
        if spec.description is not None:
            said["description"] = spec.description
        try:
            said["domain"] = self.words.field(spec, "domain")
            if spec.subject_matter_expert is not None:
                said["subjectMatterExpert"] = self._or_left(
                    one, "subjectMatterExpert", spec, "subject_matter_expert"
                )
            said["sources"] = self._sources(spec)
        except Unsayable as error:
            self._left_out(one, f"it names {error.why}")
            return None
        said |= self._forms(one, spec)
        flows = self._flows(one, spec)
        if flows:
            said["reviewFlows"] = flows
        if spec.lifecycle == "suspended":
            said["lifecycle"] = "suspended"
        return said

    def _or_left(self, one: LiveResource, name: str, spec: Spec, attribute: str) -> Any:
        """The value of a field, or what says that the manifest has to be silent about it."""
        try:
            return self.words.field(spec, attribute)
        except Unsayable as error:
            self._field_left_out(one, name, f"names {error.why}")
            return _SILENT

    def _forms(self, one: LiveResource, spec: DataProductSpec) -> Document:
        forms = spec.request_forms
        if forms is None:
            return {}
        pair = (forms.data_access, forms.masking_exception)
        if None in pair:
            known = [str(form) for form in pair if form is not None]
            self._field_left_out(one, "requestForms", f"has {known[0]} for one request type only")
            return {"requestForm": _SILENT}
        try:
            said = [self.words.reference(form, REQUEST_FORM.name) for form in pair]
        except Unsayable as error:
            self._field_left_out(one, "requestForms", f"names {error.why}")
            return {"requestForm": _SILENT}
        if pair[0] == pair[1]:
            return {"requestForm": said[0]}
        return {"requestForms": {"dataAccess": said[0], "maskingException": said[1]}}

    def _flows(self, one: LiveResource, spec: DataProductSpec) -> Document:
        """The product's own flows as far as they have an effect; the default one is null."""
        said: Document = {}
        for attribute, name in _REQUEST_TYPES:
            flow = getattr(spec.review_flows, attribute, None)
            form = getattr(spec.request_forms, attribute, None)
            of_form = self.live.by_id.get((REQUEST_FORM.name, form.id)) if form is not None else None
            delegates = getattr(getattr(of_form, "spec", None), "review_flow", None)
            if flow is None or (of_form is None and flow == DEFAULT_FLOW):
                continue
            if delegates is not None and not delegates.delegates:
                if not _is_default(flow):
                    self._field_left_out(
                        one, f"reviewFlows.{name}", f"has no effect, because the form {form} does not ask it"
                    )
                continue
            if _is_default(flow):
                said[name] = None
                continue
            try:
                said[name] = self.words.of(flow)
            except Unsayable as error:
                self._field_left_out(one, f"reviewFlows.{name}", f"names {error.why}")
        return said

    # What cannot be said.

    def _left_out(self, one: LiveResource, why: str) -> None:
        noun = KINDS[one.kind].noun.capitalize()
        message = f"{noun} {one.title!r} ({one.id}) is left as it is: {why}."
        is_ours = is_of_workspace(self.around.desired.workspace_id, one.kind, one.id)
        remedy = (
            "This workspace made it: until it has a manifest, apply deletes it where `prune` is on."
            if is_ours
            else ""
        )
        self.findings.append(Finding("not-imported", Severity.WARNING, message, remedy))

    def _field_left_out(self, one: LiveResource, name: str, why: str) -> None:
        noun = KINDS[one.kind].noun
        self.findings.append(
            Finding(
                "not-imported-field",
                Severity.NOTICE,
                f"`{name}` of the {noun} {one.title!r} is left to the marketplace: it {why}.",
            )
        )


def keys_of(desired: DesiredState, live: LiveState) -> dict[Key, str]:
    """The keys of what is declared, by kind and live id; of domains and sources too, which pin no ids."""
    keys: dict[Key, str] = {}
    by_name: dict[str, str] = {}
    for domain in live.catalog.domains:
        by_name.setdefault(domain.name.casefold(), domain.id)
    for one in desired.resources:
        if one.lifecycle in {"retired", "released"}:
            continue
        if KINDS[one.kind].written:
            keys[one.kind, one.id] = one.key
        elif one.kind == DOMAINS:
            found = one.id if one.pinned else by_name.get(one.title.casefold())
            if found is not None:
                keys.setdefault((DOMAINS, found), one.key)
    ids = {key: identity for (kind, identity), key in keys.items() if kind == DOMAINS}
    for one in desired.of_kind(SOURCE_KIND):
        assert isinstance(one.spec, DataSourceSpec)
        home = meant_domain(live, ids, one.spec.domain)
        sources = find_sources(one.spec.reference, live.catalog.sources.get(home or "", ()))
        if len(sources) == 1:
            keys.setdefault((SOURCE_KIND, sources[0].id), one.key)
    return keys


def meant_domain(live: LiveState, keys: Mapping[str, str], reference: Reference | None) -> str | None:
    """The id of the domain that a reference means: by a key of `keys`, by id, or by name in any case."""
    if reference is None:
        return None
    if reference.how == "key" and reference.text in keys:
        return keys[reference.text]
    for domain in live.catalog.domains:
        if reference.text == domain.id or reference.text.casefold() == domain.name.casefold():
            return domain.id
    return None


_SILENT = object()
"""Stands where a product must not manage a field, and where no default may make it do so."""

_DEFAULTS = ("subjectMatterExpert", "requestForm", "requestForms")
_FORMS = ("requestForm", "requestForms")


def _shared(drafts: list[Document]) -> Iterator[tuple[str, Any]]:
    """The defaults that make the manifests of a domain shorter: what most of its products have."""
    if len(drafts) < 2:
        return
    forms = [next(((name, draft[name]) for name in _FORMS if name in draft), None) for draft in drafts]
    experts = [draft.get("subjectMatterExpert") for draft in drafts]
    best = _most(forms)
    if all(form is not None and form[1] is not _SILENT for form in forms) and best is not None:
        yield best[0]
    common = _most([None if expert is None else ("", expert) for expert in experts])
    if common is not None and _SILENT not in experts:
        (_, value), count = common
        if count - 1 > experts.count(None):
            yield "subjectMatterExpert", value


def _most(values: list[tuple[str, Any] | None]) -> tuple[tuple[str, Any], int] | None:
    """The most common value and how often it is there; the first one of several. None where all are different."""
    found: dict[str, tuple[tuple[str, Any], int]] = {}
    for value in values:
        if value is not None and value[1] is not _SILENT:
            found[repr(value)] = (value, found.get(repr(value), (value, 0))[1] + 1)
    best = max(found.values(), key=lambda one: one[1], default=None)
    return best if best is not None and best[1] > 1 else None


def _less(draft: Document, defaults: Mapping[str, Any]) -> Document | str:
    """The spec without what it has by default; or why it cannot be without it."""
    spec = dict(draft)
    form_given = next((name for name in _FORMS if name in defaults), None)
    form_said = next((name for name in _FORMS if name in draft), None)
    if form_given is not None:
        if form_said is None or draft[form_said] is _SILENT:
            return "its domain gives a form by default, and the product has none that a manifest can say"
        if (form_given, defaults[form_given]) == (form_said, draft[form_said]):
            del spec[form_said]
    if "subjectMatterExpert" in defaults:
        expert = draft.get("subjectMatterExpert")
        if expert is _SILENT:
            return (
                "its domain gives an expert by default, and the product has one that a manifest cannot name"
            )
        if expert == defaults["subjectMatterExpert"]:
            del spec["subjectMatterExpert"]
        elif expert is None:
            spec["subjectMatterExpert"] = None
    order = list(_PRODUCT_ORDER)
    return {name: spec[name] for name in order if name in spec and spec[name] is not _SILENT}


_PRODUCT_ORDER = tuple(field.alias or name for name, field in DataProductSpec.model_fields.items())
"""The order in which a manifest has its fields."""


def _said_defaults(domain: Resource) -> Document:
    """The defaults of a declared domain, in the words in which import would say them."""
    spec = domain.spec
    defaults = spec.defaults if isinstance(spec, DomainSpec) else None
    if defaults is None:
        return {}
    said: Document = {}
    if defaults.manages("subject_matter_expert"):
        said["subjectMatterExpert"] = _as_written(defaults.subject_matter_expert)
    forms = defaults.request_forms
    if forms is not None:
        pair = [_as_written(forms.data_access), _as_written(forms.masking_exception)]
        same = pair[0] == pair[1]
        said |= (
            {"requestForm": pair[0]}
            if same
            else {"requestForms": {"dataAccess": pair[0], "maskingException": pair[1]}}
        )
    return said


def _as_written(reference: Reference | None) -> Any:
    if reference is None:
        return None
    plain = Reference.of(reference.text)
    is_mail = "@" in reference.text
    return (
        reference.text
        if plain.how == reference.how and (plain.how == "key" or is_mail)
        else {reference.how: reference.text}
    )


def _document(kind: str, metadata: Document, spec: Document) -> Document:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _domain_of(one: LiveResource) -> str:
    assert isinstance(one.spec, DataProductSpec)
    return one.spec.domain.id or ""


def _referred(spec: Spec) -> Iterator[Reference]:
    """The objects that are written and that a spec refers to."""
    if isinstance(spec, DataProductSpec):
        forms = spec.request_forms
        found = (forms.data_access, forms.masking_exception) if forms is not None else ()
        yield from (one for one in found if one is not None)
    elif isinstance(spec, RequestFormSpec):
        yield from spec.agreements


def _is_default(flow: Any) -> bool:
    return bool(DEFAULT_FLOW.matches(flow))

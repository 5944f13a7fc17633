"""Random estates: manifests over the domains, sources, people and forms of a random world, and what becomes of them.

An estate has two revisions: the first is applied to a world of objects made by hand, then people and colleagues do what
they do (`hand` is the seed of it), then the second revision is applied. All estates are valid offline; what is not live
(a table, a person, a pinned id) is named now and then on purpose. Names come from a pool that is too small, so that they
wander from one object to another.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from dpsync.model.identity import computed_id
from dpsync.sandbox import Store, World
from dpsync.sandbox.seed import random_world
from dpsync.sandbox.world import Domain, Source
from dpsync.settings import Vintage
from laws.markets import WORKSPACE_ID, Document

Draw = Callable[[st.SearchStrategy[Any]], Any]
Spec = dict[str, Any]

_GONE_ID: Final = "00000000-0000-4000-8000-000000000000"
_POOL: Final = ("Orders", "Returns", "A/B Tests", "Stock (daily)", "Köln", "Costs\\Plan")
_ASCII_POOL: Final = tuple(name for name in _POOL if name.isascii())
_TEXTS: Final = ("All of it.", "yes", "0123", "- a list?", "Zeile 1\nZeile 2", "#no comment: {x}")


@dataclass(frozen=True)
class Estate:
    """A world, two revisions of the manifests of one workspace, and the seed of what happens by hand in between."""

    seed: int
    size: int
    first: tuple[Document, ...]
    second: tuple[Document, ...]
    hand: int
    prune: bool

    @property
    def world(self) -> World:
        return _world(self.seed, self.size)

    def by_hand(self, store: Store) -> None:
        """What people do to the marketplace between the two revisions."""
        meddle(store, self.world, random.Random(self.hand))

    def __repr__(self) -> str:
        """The estate as a failing law shows it."""
        lines = [f"world {self.seed}/{self.size}, hand {self.hand}, prune {self.prune}"]
        for title, documents in (("first", self.first), ("second", self.second)):
            lines += [f"{title}:", *(f"  {_told(document)}" for document in documents)]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))


def _told(document: Document) -> str:
    pinned = document["metadata"].get("id")
    return f"{document['kind']}/{document['metadata']['name']}{f' = {pinned}' if pinned else ''} {document['spec']}"


@cache
def _world(seed: int, size: int) -> World:
    return random_world(seed, size)


def in_files(documents: Sequence[Document], seed: int = 0) -> tuple[tuple[Document, ...], ...]:
    """The documents, shuffled over up to five files."""
    chance = random.Random(seed)
    shuffled = chance.sample(list(documents), len(documents))
    files: list[list[Document]] = [[] for _ in range(chance.randint(1, 5))]
    for document in shuffled:
        chance.choice(files).append(document)
    return tuple(tuple(file) for file in files)


# -- what happens by hand --------------------------------------------------------------------------------------------


def meddle(store: Store, world: World, chance: random.Random) -> None:
    """Members join; and some products are suspended, renamed, emptied, moved, or deleted by hand."""
    with store.transaction():
        for row in store.rows("SELECT id, name FROM products ORDER BY id"):
            for user in chance.sample(world.users, min(2, len(world.users))):
                _join(store, row["id"], user.global_id)
            does = chance.choice((*[None] * 8, *_BY_HAND))
            if does is not None:
                does(store, row["id"], world, chance)


def _join(store: Store, product: str, user: str) -> None:
    if store.row("SELECT 1 FROM requests WHERE product = ? AND user = ?", (product, user)):
        return
    store.insert(
        "requests",
        {
            "id": store.new_cuid(),
            "product": product,
            "user": user,
            "requesting_user": user,
            "type": "DATA_ACCESS",
            "status": "APPROVED",
            "form_version": "",
            "form": "{}",
            "expiration": None,
            "created_at": "",
            "updated_at": "",
        },
    )


def _suspend(store: Store, product: str, _world: World, _chance: random.Random) -> None:
    suspended = store.value("SELECT suspended FROM products WHERE id = ?", (product,))
    store.update("products", product, {"suspended": 1 - suspended})


def _rename(store: Store, product: str, _world: World, chance: random.Random) -> None:
    name = chance.choice(("By hand", "Orders", "Returns"))
    if not store.row("SELECT 1 FROM products WHERE lower(name_key) = lower(?)", (name,)):
        store.update("products", product, {"name": name, "name_key": name})


def _empty(store: Store, product: str, _world: World, _chance: random.Random) -> None:
    store.delete("product_sources", "product", product)


def _move(store: Store, product: str, world: World, chance: random.Random) -> None:
    domain = chance.choice(world.domains)
    store.delete("product_domains", "product", product)
    store.delete("product_sources", "product", product)
    store.insert("product_domains", {"product": product, "position": 0, "domain": domain.id})
    for source in chance.sample(domain.sources, min(2, len(domain.sources))):
        store.insert("product_sources", {"product": product, "source": source})


def _second_domain(store: Store, product: str, world: World, chance: random.Random) -> None:
    known = {
        row["domain"]
        for row in store.rows("SELECT domain FROM product_domains WHERE product = ?", (product,))
    }
    if len(known) > 1:
        return
    other = chance.choice([domain.id for domain in world.domains if domain.id not in known])
    store.insert("product_domains", {"product": product, "position": 1, "domain": other})


def _delete(store: Store, product: str, _world: World, _chance: random.Random) -> None:
    for table in ("product_sources", "product_domains", "requests"):
        store.delete(table, "product", product)
    store.delete("products", "id", product)


_BY_HAND: Final = (_suspend, _rename, _empty, _move, _second_domain, _delete)


# -- strategies ------------------------------------------------------------------------------------------------------


@st.composite
def estates(draw: Draw, vintage: Vintage = "v2", most: int = 5) -> Estate:
    """An estate of up to `most` products in each revision."""
    seed, size = draw(st.integers(0, 40)), draw(st.integers(0, 4))
    first = _Revision(draw, _world(seed, size), vintage, most)
    documents = first.documents()
    second = first.later()
    return Estate(seed, size, documents, second, draw(st.integers(0, 999)), draw(st.booleans()))


def _rarely(draw: Draw, of: int = 12) -> bool:
    """Hardly ever true, and false once an example is made smaller."""
    return bool(draw(st.integers(0, of - 1)) == of - 1)


def _flow_of_product(world: World) -> st.SearchStrategy[Spec]:
    reviewer: st.SearchStrategy[Spec] = st.sampled_from(
        (
            {"permission": "GOVERNANCE"},
            {"domainPermission": "Manage Data Products"},
            {"domainPermission": "Manage Policies", "domain": {"name": world.domains[0].name}},
            {"group": "Stewards"},
            {"user": str(world.users[-1].email)},
            {"attribute": "Department", "value": "Number 1"},
            {"catalogPermission": True},
        )
    )
    reviewers = st.lists(reviewer, min_size=1, max_size=3)
    stage = st.builds(lambda mode, who: {mode: who}, st.sampled_from(("any", "all")), reviewers)
    return st.one_of(
        st.sampled_from(
            (
                {"decision": "approve"},
                {"decision": "approve", "comment": "Open"},
                {"decision": "approve", "comment": "Open", "duration": 30, "durationUnit": "DAYS"},
            )
        ),
        st.builds(
            lambda stages: {"decision": "review", "stages": stages}, st.lists(stage, min_size=1, max_size=2)
        ),
    )


_RULE: Final[Spec] = {
    "conditions": {"all": [{"fact": "user", "operator": "equal", "value": 1}]},
    "event": {"type": "dataProductPolicy"},
}


def _flow_of_form(world: World) -> st.SearchStrategy[Spec]:
    simple = st.sampled_from(
        (
            {"decision": "delegate"},
            {"decision": "deny", "comment": "Closed"},
            {"decision": "deny", "rules": [_RULE]},
        )
    )
    return st.one_of(simple, _flow_of_product(world))


_FIELDS: Final[tuple[Spec, ...]] = (
    {"type": "SHORT_ANSWER", "label": "Why?"},
    {"type": "SHORT_ANSWER", "label": "Which law?", "required": False, "key": "law"},
    {"type": "DROPDOWN", "label": "Team", "options": ["yes", "no"], "key": "team"},
    {"type": "CHECKBOXES", "label": "Tools", "options": ["SQL", "BI"]},
    {"type": "ACCESS_DURATION"},
)


def _document(kind: str, key: str, spec: Spec, pinned: str | None = None) -> Document:
    metadata = {"name": key} | ({"id": pinned} if pinned else {})
    return {"apiVersion": "dpsync/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


class _Revision:
    """Draws the documents of an estate, first for one revision, then for the next."""

    def __init__(self, draw: Draw, world: World, vintage: Vintage, most: int) -> None:
        self.draw, self.world, self.vintage, self.most = draw, world, vintage, most
        self.by_number = {source.id: source for source in world.sources}
        self.domain_keys: dict[str, Domain] = {}
        self.source_keys: dict[str, tuple[Source, Domain]] = {}
        self.agreements: dict[str, Document] = {}
        self.forms: dict[str, Document] = {}
        self.products: dict[str, Document] = {}
        self.pins: set[str] = set()
        self.number = 0

    # Whole revisions.

    def documents(self) -> tuple[Document, ...]:
        draw = self.draw
        for index, domain in enumerate(self.world.domains):
            if draw(st.booleans()):
                self.domain_keys[f"domain-{index}"] = domain
                for number in domain.sources[: draw(st.integers(0, 2))]:
                    self.source_keys[f"source-{index}-{number}"] = (self.by_number[number], domain)
        for _ in range(draw(st.integers(0, 2))):
            key = self._new_key("agreement")
            adopted = self._pin([one.id for one in self.world.agreements])
            self.agreements[key] = _document("DataUseAgreement", key, self._agreement(), adopted)
        for _ in range(draw(st.integers(0, 3))):
            key = self._new_key("form")
            adopted = self._pin([one.id for one in self.world.forms if not one.built_in])
            self.forms[key] = _document("RequestForm", key, self._form(), adopted)
        for _ in range(draw(st.integers(1, self.most))):
            self._add_product()
        return self._all()

    def later(self) -> tuple[Document, ...]:
        """The next revision: everything is kept, changed, renamed, retired, released or removed, and something new comes."""
        for key, document in list(self.agreements.items()):
            self.agreements[key] = self._changed(document, self._agreement)
        self._drop_the_removed(self.agreements)
        for key, document in list(self.forms.items()):
            self.forms[key] = self._with_agreements_that_stay(self._changed(document, self._form))
        self._drop_the_removed(self.forms)
        products, self.products = self.products, {}
        for key, document in products.items():
            becomes = self.draw(
                st.sampled_from(
                    (*["keep"] * 2, *["edit"] * 4, "rename", "retire", "release", "remove", "key")
                )
            )
            self._product_later(key, document, becomes)
        for _ in range(self.draw(st.integers(0, 2))):
            self._add_product()
        if not any((self.agreements, self.forms, self.products)):
            self._add_product()
        return self._all()

    def _all(self) -> tuple[Document, ...]:
        domains = [_document("Domain", key, self._domain(domain)) for key, domain in self.domain_keys.items()]
        sources = [
            _document("DataSource", key, self._source(key, source, domain))
            for key, (source, domain) in self.source_keys.items()
        ]
        shelves = (self.agreements, self.forms, self.products)
        return (*domains, *sources, *(document for shelf in shelves for document in shelf.values()))

    # One document in the next revision.

    def _changed(self, document: Document, spec: Callable[[], Spec]) -> Document:
        becomes = self.draw(st.sampled_from(("keep", "keep", "edit", "edit", "retire", "release", "remove")))
        if becomes == "keep":
            return document
        if becomes in {"retire", "release"}:
            return {**document, "spec": {**document["spec"], "lifecycle": f"{becomes}d"}}
        if becomes == "remove":
            return {**document, "spec": {}}
        return {**document, "spec": spec()}

    @staticmethod
    def _drop_the_removed(shelf: dict[str, Document]) -> None:
        for key in [key for key, document in shelf.items() if not document["spec"]]:
            del shelf[key]

    def _with_agreements_that_stay(self, form: Document) -> Document:
        spec = form["spec"]
        if "agreements" not in spec:
            return form
        usable = {*self._usable(self.agreements)}
        stays = [one for one in spec["agreements"] if not isinstance(one, str) or one in usable]
        return {**form, "spec": {**spec, "agreements": stays}}

    def _product_later(self, key: str, document: Document, becomes: str) -> None:
        spec = document["spec"]
        if becomes in {"retire", "release"}:
            self.products[key] = {**document, "spec": self._repaired({**spec, "lifecycle": f"{becomes}d"})}
        elif becomes == "keep":
            self.products[key] = {**document, "spec": self._unique(self._repaired(spec))}
        elif becomes == "rename":
            self.products[key] = {
                **document,
                "spec": self._unique(self._repaired({**spec, "name": self._name()})),
            }
        elif becomes == "edit":
            self.products[key] = {**document, "spec": self._unique(self._product())}
        elif becomes == "key":
            new = self._new_key("product")
            former = document["metadata"].get("id") or computed_id(WORKSPACE_ID, "DataProduct", key)
            pinned = former if self.draw(st.booleans()) else None
            self.products[new] = _document("DataProduct", new, self._unique(self._repaired(spec)), pinned)

    def _repaired(self, spec: Spec) -> Spec:
        """The spec without forms that are no longer declared."""
        usable = {*self._usable(self.forms)}
        named = [spec.get("requestForm"), *spec.get("requestForms", {}).values()]
        if all(one is None or isinstance(one, Mapping) or one in usable for one in named):
            return spec
        rest = {name: value for name, value in spec.items() if name not in {"requestForm", "requestForms"}}
        return rest | self._forms_of_product()

    def _unique(self, spec: Spec) -> Spec:
        """The spec with a name that no other product of the revision has."""
        taken = {one["spec"]["name"].casefold() for one in self._living(self.products)}
        name = spec["name"]
        while name.casefold() in taken:
            name = f"{spec['name']} {self._next()}"
        return {**spec, "name": name}

    # Specs.

    def _domain(self, domain: Domain) -> Spec:
        spec: Spec = {"name": domain.name}
        defaults: Spec = {}
        if self.draw(st.booleans()):
            defaults |= self._forms_of_product()
        if self.draw(st.booleans()):
            defaults["subjectMatterExpert"] = self.world.users[0].email
        return {**spec, "defaults": defaults} if defaults else spec

    def _source(self, key: str, source: Source, domain: Domain) -> Spec:
        where = {"domain": {"id": domain.id}}
        if source.prefix:
            return {**where, "prefix": source.prefix}
        if key.endswith(("1", "3", "5")):
            return {**where, "id": str(source.id)}
        return {**where, "database": source.database, "schema": source.schema, "table": source.table}

    def _agreement(self) -> Spec:
        return {"name": self._name_in(self.agreements), "body": self.draw(st.sampled_from(_TEXTS))}

    def _form(self) -> Spec:
        draw = self.draw
        spec: Spec = {
            "name": self._name_in(self.forms),
            "fields": draw(st.lists(st.sampled_from(_FIELDS), max_size=3, unique_by=lambda one: one["type"])),
            "reviewFlow": draw(_flow_of_form(self.world)),
        }
        named = [
            *self._usable(self.agreements),
            *({"name": one.name} for one in self.world.agreements if one.id not in self.pins),
        ]
        if named and draw(st.booleans()):
            spec["agreements"] = draw(st.lists(st.sampled_from(named), max_size=2, unique_by=str))
        if _rarely(draw, 4):
            spec["lifecycle"] = "active"
        return spec

    def _product(self) -> Spec:
        draw = self.draw
        domain = draw(st.sampled_from(self.world.domains))
        spec: Spec = {
            "name": self._name(),
            "domain": self._domain_reference(domain),
            "sources": self._sources(domain),
        }
        if draw(st.booleans()):
            spec["description"] = draw(st.sampled_from((None, *_TEXTS)))
        if draw(st.booleans()):
            spec["subjectMatterExpert"] = self._person()
        if self.vintage == "v1" or not _rarely(draw, 4):
            spec |= self._forms_of_product()
        if draw(st.booleans()):
            flow = st.one_of(st.none(), _flow_of_product(self.world))
            kinds = draw(
                st.sampled_from((("dataAccess",), ("maskingException",), ("dataAccess", "maskingException")))
            )
            spec["reviewFlows"] = {kind: draw(flow) for kind in kinds}
        lifecycle = draw(st.sampled_from((None, "active", "suspended")))
        return {**spec, "lifecycle": lifecycle} if lifecycle else spec

    def _domain_reference(self, domain: Domain) -> Any:
        if _rarely(self.draw, 24):
            return {"name": "Nowhere"}
        keys = [key for key, one in self.domain_keys.items() if one is domain]
        return self.draw(st.sampled_from(({"name": domain.name}, {"id": domain.id}, domain.id, *keys)))

    def _person(self) -> Any:
        if _rarely(self.draw, 24):
            return "nobody@acme.example"
        user = self.draw(st.sampled_from(self.world.users))
        return self.draw(st.sampled_from((None, user.email, {"name": user.username}, {"id": user.global_id})))

    def _forms_of_product(self) -> Spec:
        draw = self.draw
        known = [{"name": one.name} for one in self.world.forms if one.id not in self.pins]
        known += [{"id": one.id} for one in self.world.forms if one.id not in self.pins]
        form = st.sampled_from((*self._usable(self.forms), *known))
        if self.vintage == "v1" or draw(st.booleans()):
            return {"requestForm": draw(form)}
        return {"requestForms": {"dataAccess": draw(form), "maskingException": draw(form)}}

    def _sources(self, domain: Domain) -> list[Any]:
        draw = self.draw
        numbers = draw(st.lists(st.sampled_from(domain.sources), max_size=4, unique=True))
        entries = [self._source_entry(self.by_number[number], domain) for number in numbers]
        entries += draw(
            st.lists(
                st.sampled_from(
                    (
                        {"match": {"schema": "ONE"}},
                        {"match": {"name": "table *"}},
                        {"match": {"table": "T*1*"}},
                    )
                ),
                max_size=1,
            )
        )
        if _rarely(draw, 24):
            entries.append({"table": "NO.SUCH.TABLE"})
        return entries

    def _source_entry(self, source: Source, domain: Domain) -> Any:
        ways: list[Any] = [{"id": str(source.id)}, {"id": source.id}]
        ways += [key for key, pair in self.source_keys.items() if pair == (source, domain)]
        if source.table:
            ways.append({"table": ".".join(_quoted(str(part)) for part in _path(source))})
            ways.append(
                {
                    "platform": source.platform,
                    **dict(zip(("database", "schema", "table"), _path(source), strict=True)),
                }
            )
        if source.prefix:
            ways.append({"prefix": source.prefix})
        names = [self.by_number[number].name.casefold() for number in domain.sources]
        if names.count(source.name.casefold()) == 1:
            ways.append({"name": source.name})
        return self.draw(st.sampled_from(ways))

    # Names, keys and ids.

    def _add_product(self) -> None:
        key = self._new_key("product")
        pinned = self._pin([one.id for one in self.world.products])
        self.products[key] = _document("DataProduct", key, self._unique(self._product()), pinned)

    def _pin(self, live: Sequence[str]) -> str | None:
        """The id of an object made by hand that nothing else has adopted; rarely, one that is not live."""
        free = [one for one in live if one not in self.pins]
        if free and self.draw(st.integers(0, 2)) == 2:
            pinned = str(self.draw(st.sampled_from(free)))
        elif _GONE_ID not in self.pins and _rarely(self.draw, 24):
            pinned = _GONE_ID
        else:
            return None
        self.pins.add(pinned)
        return pinned

    def _name(self) -> str:
        pool = _ASCII_POOL if self.vintage == "v1" else _POOL
        live = [one.name for one in self.world.products]
        if self.vintage == "v1":
            live = [name for name in live if name.isascii()]
        if live and _rarely(self.draw, 6):
            return str(self.draw(st.sampled_from(live)))
        return str(self.draw(st.sampled_from(pool)))

    def _name_in(self, shelf: Mapping[str, Document]) -> str:
        taken = {one["spec"]["name"].casefold() for one in shelf.values() if one["spec"]}
        name = str(self.draw(st.sampled_from(_POOL)))
        while name.casefold() in taken:
            name = f"{name} {self._next()}"
        return name

    def _usable(self, shelf: Mapping[str, Document]) -> list[str]:
        """The keys that may be referred to: not those of tombstones."""
        return [
            key for key, one in shelf.items() if one["spec"] and one["spec"].get("lifecycle") != "retired"
        ]

    @staticmethod
    def _living(shelf: Mapping[str, Document]) -> list[Document]:
        return [one for one in shelf.values() if one["spec"].get("lifecycle") not in {"retired", "released"}]

    def _new_key(self, kind: str) -> str:
        return f"{kind}-{self._next()}"

    def _next(self) -> int:
        self.number += 1
        return self.number


def _path(source: Source) -> tuple[str | None, ...]:
    return (source.database, source.schema, source.table)


def _quoted(part: str) -> str:
    return f'"{part}"' if "." in part else part

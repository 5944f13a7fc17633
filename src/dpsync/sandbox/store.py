"""The store: everything that stands in a sandbox marketplace, as rows of one SQLite database.

A room of its own so that the operations can ask for rows and give rows, and so that tests can look at the truth
past the operations: who can reach what (`access_pairs`) and what was written (`snapshot`). One connection, plain
SQL, no objects. The state is in the file and nowhere else, so that a second connection may load another world while
a server runs. Must never know a request, a status code or a payload of the wire.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dpsync.sandbox import assumptions, flows, identifiers, moments
from dpsync.sandbox.flows import Draft, Flow
from dpsync.sandbox.world import Form, Product, Request, World

LOADED_AT: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When the rows of a world were made, as far as the marketplace can tell."""

MANAGE: Final = "Manage Data Products"
"""The domain permission that products are written with (FACTS 1.3)."""

Row = sqlite3.Row

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tenant (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT, caller TEXT, made_at TEXT, serial INTEGER);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, user TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS domains (id TEXT PRIMARY KEY, name TEXT, description TEXT);
CREATE TABLE IF NOT EXISTS sources (
  id INTEGER PRIMARY KEY, name TEXT, platform TEXT, hostname TEXT, "database" TEXT, "schema" TEXT, "table" TEXT,
  prefix TEXT, created_at TEXT);
CREATE TABLE IF NOT EXISTS domain_sources (
  domain TEXT, source INTEGER, PRIMARY KEY (domain, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS columns (
  source INTEGER, name TEXT, type TEXT, masking TEXT, PRIMARY KEY (source, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied_tags (
  source INTEGER, "column" TEXT, tag TEXT, PRIMARY KEY (source, "column", tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY, global_id TEXT UNIQUE, username TEXT, name TEXT, email TEXT, iam TEXT,
  authorizations TEXT);
CREATE TABLE IF NOT EXISTS user_permissions (user TEXT, permission TEXT, PRIMARY KEY (user, permission)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user_domains (
  user TEXT, domain TEXT, permission TEXT, PRIMARY KEY (user, domain, permission)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user_groups (user TEXT, name TEXT, PRIMARY KEY (user, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user_attributes (
  user TEXT, type TEXT, value TEXT, PRIMARY KEY (user, type, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (id INTEGER PRIMARY KEY, name TEXT, iam TEXT, email TEXT);
CREATE TABLE IF NOT EXISTS tags (id INTEGER PRIMARY KEY, name TEXT UNIQUE, source TEXT);
CREATE TABLE IF NOT EXISTS agreements (
  id TEXT PRIMARY KEY, name TEXT, name_key TEXT, body TEXT,
  created_by TEXT, created_at TEXT, updated_by TEXT, updated_at TEXT);
CREATE INDEX IF NOT EXISTS agreements_by_name ON agreements (name_key);
CREATE TABLE IF NOT EXISTS forms (
  id TEXT PRIMARY KEY, name TEXT, name_key TEXT, fields TEXT, policy TEXT, built_in INTEGER, version TEXT,
  created_by TEXT, created_at TEXT, updated_by TEXT, updated_at TEXT);
CREATE INDEX IF NOT EXISTS forms_by_name ON forms (name_key);
CREATE TABLE IF NOT EXISTS form_agreements (
  form TEXT, position INTEGER, agreement TEXT, PRIMARY KEY (form, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS form_agreements_by_agreement ON form_agreements (agreement);
CREATE TABLE IF NOT EXISTS form_versions (
  version TEXT PRIMARY KEY, form TEXT, name TEXT, fields TEXT, policy TEXT, agreements TEXT,
  created_by TEXT, created_at TEXT, updated_by TEXT, updated_at TEXT);
CREATE TABLE IF NOT EXISTS products (
  id TEXT PRIMARY KEY, name TEXT, name_key TEXT, description TEXT, expert TEXT, suspended INTEGER,
  access_form TEXT, masking_form TEXT, access_flow TEXT, masking_flow TEXT,
  created_by TEXT, created_at TEXT, updated_at TEXT);
CREATE INDEX IF NOT EXISTS products_in_order ON products (name, id);
CREATE INDEX IF NOT EXISTS products_by_name ON products (name_key);
CREATE INDEX IF NOT EXISTS products_by_access_form ON products (access_form);
CREATE INDEX IF NOT EXISTS products_by_masking_form ON products (masking_form);
CREATE TABLE IF NOT EXISTS product_domains (
  product TEXT, position INTEGER, domain TEXT, PRIMARY KEY (product, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS product_domains_by_domain ON product_domains (domain);
CREATE TABLE IF NOT EXISTS product_sources (
  product TEXT, source INTEGER, PRIMARY KEY (product, source)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS product_sources_by_source ON product_sources (source);
CREATE TABLE IF NOT EXISTS requests (
  id TEXT PRIMARY KEY, product TEXT, user TEXT, requesting_user TEXT, type TEXT, status TEXT, form_version TEXT,
  form TEXT, expiration TEXT, created_at TEXT, updated_at TEXT);
CREATE INDEX IF NOT EXISTS requests_by_product ON requests (product, type, status, expiration);
CREATE INDEX IF NOT EXISTS requests_by_user ON requests (user, product);
CREATE TABLE IF NOT EXISTS request_columns (
  request TEXT, source INTEGER, "column" TEXT, PRIMARY KEY (request, source, "column")) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approval_records (
  id TEXT PRIMARY KEY, request TEXT, position INTEGER, approvers TEXT, prerequisites TEXT, action_by TEXT,
  status TEXT, reason TEXT, criteria TEXT, duration INTEGER, duration_unit TEXT, created_at TEXT, updated_at TEXT);
CREATE INDEX IF NOT EXISTS approval_records_by_request ON approval_records (request, position);
"""

_RECORD_STATUS: Final = {
    "APPROVED": "APPROVED",
    "CANCELED": "CANCELED",
    "DENIED": "DENIED",
    "EXPIRED": "APPROVED",
    "REVOKED": "APPROVED",
}


class NotASandbox(Exception):
    """The file holds something else, or cannot be read or written."""


class Store:
    """A marketplace in a SQLite file, or in memory.

    `path` is a file or `:memory:`. `clock` says what time it is wherever the store itself has to know.
    """

    def __init__(self, path: str | Path = ":memory:", *, clock: moments.Clock = moments.utc_now) -> None:
        self.path = str(path)
        self.clock = clock
        self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=512
        )
        self._connection.row_factory = sqlite3.Row
        try:
            if self.path != ":memory:":
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise NotASandbox(f"{self.path} cannot be used as a sandbox: {error}.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a store in memory is gone then."""
        self._connection.close()

    # -- rows in, rows out ---------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows that the statement yields."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row that the statement yields, or None."""
        found: Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first value of the first row, or None."""
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Add one row; the keys are column names written in this package."""
        self._connection.execute(_insertion(table, tuple(row)), tuple(row.values()))

    def insert_all(self, table: str, names: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
        """Add many rows with the given columns."""
        self._connection.executemany(_insertion(table, names), rows)

    def update(self, table: str, identity: str, row: Mapping[str, Any]) -> None:
        """Change the given columns of the row with that id."""
        if row:
            changes = ", ".join(f'"{name}" = ?' for name in row)
            self._connection.execute(
                f'UPDATE "{table}" SET {changes} WHERE id = ?',  # noqa: S608
                (*row.values(), identity),
            )

    def delete(self, table: str, name: str, wanted: str) -> None:
        """Delete the rows whose column `name` has that value."""
        self._connection.execute(f'DELETE FROM "{table}" WHERE "{name}" = ?', (wanted,))  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect together, or none of them does."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def new_cuid(self) -> str:
        """A cuid that this store has not made before; it depends on what was done before and on nothing else."""
        return identifiers.cuid(self._serial(), "cuid")

    def new_uuid(self) -> str:
        """A UUID that this store has not made before."""
        return identifiers.uuid(self._serial(), "uuid")

    def _serial(self) -> int:
        self._connection.execute("UPDATE tenant SET serial = serial + 1")
        return int(self.value("SELECT serial FROM tenant") or 0)

    # -- worlds --------------------------------------------------------------------------------------------------

    def load(self, world: World, *, at: datetime = LOADED_AT) -> None:
        """Replace everything by the rows of `world`, made at `at` by its caller; one transaction."""
        with self.transaction():
            self._empty()
            _load(self, world, moments.text(at))
        if self.path != ":memory:":
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def reset(self) -> None:
        """Delete every row, the tenant and its tokens too."""
        with self.transaction():
            self._empty()

    def tables(self) -> tuple[str, ...]:
        """The names of all tables, sorted."""
        found = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        return tuple(row["name"] for row in found)

    def _empty(self) -> None:
        for table in self.tables():
            self._connection.execute(f'DELETE FROM "{table}"')  # noqa: S608

    # -- the truth, for tests ------------------------------------------------------------------------------------

    def access_pairs(self, at: datetime | None = None) -> frozenset[tuple[str, str, str]]:
        """Who can reach what: triples of (product id, global user id, source id).

        A member is a person with an approved, unexpired request for data access; a suspended product gives
        nobody anything. `at` is the moment that decides what has expired; the store's clock says it if it is None.
        """
        found = self.rows(
            """
            SELECT DISTINCT r.product, r.user, s.source
            FROM requests r JOIN products p ON p.id = r.product JOIN product_sources s ON s.product = p.id
            WHERE r.type = 'DATA_ACCESS' AND r.status = 'APPROVED' AND NOT p.suspended
              AND (r.expiration IS NULL OR r.expiration > ?)
            """,
            (moments.text(at or self.clock()),),
        )
        return frozenset((row["product"], row["user"], str(row["source"])) for row in found)

    def snapshot(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What clients can write, by table and id: sorted, comparable, without times, versions and authors.

        A product without a flow of its own has the documented default, as over the wire (FACTS 2.4).
        """
        agreements = {
            row["id"]: {"name": row["name"], "body": row["body"]}
            for row in self.rows("SELECT id, name, body FROM agreements ORDER BY id")
        }
        attached: dict[str, list[str]] = {}
        for row in self.rows("SELECT form, agreement FROM form_agreements ORDER BY form, position"):
            attached.setdefault(row["form"], []).append(row["agreement"])
        forms = {
            row["id"]: {
                "name": row["name"],
                "fields": json.loads(row["fields"]),
                "policy": _unversioned(row["policy"]),
                "agreements": attached.get(row["id"], []),
            }
            for row in self.rows("SELECT id, name, fields, policy FROM forms ORDER BY id")
        }
        domains: dict[str, list[str]] = {}
        for row in self.rows("SELECT product, domain FROM product_domains ORDER BY product, domain"):
            domains.setdefault(row["product"], []).append(row["domain"])
        sources: dict[str, list[str]] = {}
        for row in self.rows("SELECT product, source FROM product_sources ORDER BY product, source"):
            sources.setdefault(row["product"], []).append(str(row["source"]))
        products = {
            row["id"]: {
                "name": row["name"],
                "description": row["description"],
                "expert": row["expert"],
                "suspended": bool(row["suspended"]),
                "domains": domains.get(row["id"], []),
                "sources": sources.get(row["id"], []),
                "access_form": row["access_form"],
                "masking_form": row["masking_form"],
                "access_flow": _unversioned(row["access_flow"]),
                "masking_flow": _unversioned(row["masking_flow"]),
            }
            for row in self.rows("SELECT * FROM products ORDER BY id")
        }
        return {"agreements": agreements, "forms": forms, "products": products}


def status(store: Store) -> dict[str, int]:
    """How many rows each table has, by the table's name."""
    return {
        table: int(store.value(f'SELECT count(*) FROM "{table}"'))  # noqa: S608
        for table in store.tables()
    }


def dump(value: Any) -> str:
    """JSON as the store keeps it: no spaces, every character itself."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _insertion(table: str, names: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({quoted}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608


def _unversioned(flow: str | None) -> dict[str, Any]:
    read = json.loads(flow) if flow else assumptions.DEFAULT_FLOW
    return {name: value for name, value in read.items() if name != "version"}


def _load(store: Store, world: World, at: str) -> None:
    store.insert(
        "tenant", {"id": 1, "name": world.tenant, "caller": world.caller, "made_at": at, "serial": 0}
    )
    tokens = {assumptions.DEFAULT_TOKEN: world.caller, **world.tokens}
    store.insert_all("tokens", ("token", "user"), tokens.items())
    _load_metadata(store, world, at)
    _load_people(store, world)
    _load_agreements(store, world, at)
    _load_forms(store, world, at)
    _load_products(store, world, at)
    _load_requests(store, world, at)


def _load_metadata(store: Store, world: World, at: str) -> None:
    store.insert_all(
        "domains",
        ("id", "name", "description"),
        ((each.id, each.name, each.description) for each in world.domains),
    )
    store.insert_all(
        "sources",
        ("id", "name", "platform", "hostname", "database", "schema", "table", "prefix", "created_at"),
        (
            (s.id, s.name, s.platform, s.hostname, s.database, s.schema, s.table, s.prefix, at)
            for s in world.sources
        ),
    )
    store.insert_all(
        "domain_sources",
        ("domain", "source"),
        ((domain.id, source) for domain in world.domains for source in domain.sources),
    )
    store.insert_all(
        "columns",
        ("source", "name", "type", "masking"),
        ((s.id, c.name, c.type, c.masking) for s in world.sources for c in s.columns),
    )
    store.insert_all(
        "applied_tags",
        ("source", "column", "tag"),
        ((s.id, "", tag) for s in world.sources for tag in s.tags),
    )
    store.insert_all(
        "applied_tags",
        ("source", "column", "tag"),
        ((s.id, c.name, tag) for s in world.sources for c in s.columns for tag in c.tags),
    )
    store.insert_all("tags", ("id", "name", "source"), ((t.id, t.name, t.source) for t in world.tags))
    store.insert_all(
        "groups", ("id", "name", "iam", "email"), ((g.id, g.name, g.iam, g.email) for g in world.groups)
    )


def _load_people(store: Store, world: World) -> None:
    store.insert_all(
        "users",
        ("id", "global_id", "username", "name", "email", "iam", "authorizations"),
        (
            (u.id, u.global_id, u.username, u.name, u.email, u.iam, dump(_gathered(u.attributes)))
            for u in world.users
        ),
    )
    store.insert_all(
        "user_permissions",
        ("user", "permission"),
        ((u.global_id, permission) for u in world.users for permission in u.permissions),
    )
    store.insert_all(
        "user_domains",
        ("user", "domain", "permission"),
        ((u.global_id, *pair) for u in world.users for pair in u.domains),
    )
    store.insert_all(
        "user_groups", ("user", "name"), ((u.global_id, name) for u in world.users for name in u.groups)
    )
    store.insert_all(
        "user_attributes",
        ("user", "type", "value"),
        ((u.global_id, *pair) for u in world.users for pair in u.attributes),
    )


def _gathered(attributes: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for kind, value in attributes:
        gathered.setdefault(kind, []).append(value)
    return gathered


def _load_agreements(store: Store, world: World, at: str) -> None:
    store.insert_all(
        "agreements",
        ("id", "name", "name_key", "body", "created_by", "created_at", "updated_by", "updated_at"),
        (
            (a.id, a.name, a.name.strip(), a.body, world.caller, at, world.caller, at)
            for a in world.agreements
        ),
    )


def _load_forms(store: Store, world: World, at: str) -> None:
    bodies = {a.id: {"id": a.id, "name": a.name, "body": a.body} for a in world.agreements}
    by = world.caller
    columns = ("created_by", "created_at", "updated_by", "updated_at")
    store.insert_all(
        "forms",
        ("id", "name", "name_key", "fields", "policy", "built_in", "version", *columns),
        (
            (f.id, f.name, f.name.strip(), *_form(f), int(f.built_in), _version(f), by, at, by, at)
            for f in world.forms
        ),
    )
    store.insert_all(
        "form_versions",
        ("version", "form", "name", "fields", "policy", "agreements", *columns),
        (
            (_version(f), f.id, f.name, *_form(f), dump([bodies[a] for a in f.agreements]), by, at, by, at)
            for f in world.forms
        ),
    )
    store.insert_all(
        "form_agreements",
        ("form", "position", "agreement"),
        ((f.id, position, a) for f in world.forms for position, a in enumerate(f.agreements)),
    )


def _form(form: Form) -> tuple[str, str]:
    return dump(list(form.fields)), dump(form.policy)


def _version(form: Form) -> str:
    return identifiers.cuid("form version", form.id)


def _load_products(store: Store, world: World, at: str) -> None:
    store.insert_all(
        "products",
        (
            *("id", "name", "name_key", "description", "expert", "suspended", "access_form", "masking_form"),
            *("access_flow", "masking_flow", "created_by", "created_at", "updated_at"),
        ),
        (
            (
                *(
                    p.id,
                    p.name,
                    p.name.strip(),
                    p.description,
                    p.expert,
                    int(p.suspended),
                    p.form,
                    masking_form(p),
                ),
                *(p.flow and dump(p.flow), p.masking_flow and dump(p.masking_flow), world.caller, at, at),
            )
            for p in world.products
        ),
    )
    store.insert_all(
        "product_domains", ("product", "position", "domain"), ((p.id, 0, p.domain) for p in world.products)
    )
    store.insert_all(
        "product_sources", ("product", "source"), ((p.id, s) for p in world.products for s in p.sources)
    )


def masking_form(product: Product) -> str:
    """The form for masking exceptions of a product of a world: its own, or the one for data access."""
    return product.masking_form or product.form


def _load_requests(store: Store, world: World, at: str) -> None:
    versions = {form.id: _version(form) for form in world.forms}
    pairs = [(product, request) for product in world.products for request in product.requests]
    store.insert_all(
        "requests",
        (
            *("id", "product", "user", "requesting_user", "type", "status", "form_version", "form"),
            *("expiration", "created_at", "updated_at"),
        ),
        (
            (
                *(r.id, p.id, r.user, r.user, r.type, r.status),
                *(versions[p.form if r.type == "DATA_ACCESS" else masking_form(p)], "{}"),
                *(r.expiration and moments.normal(r.expiration), at, at),
            )
            for p, r in pairs
        ),
    )
    store.insert_all(
        "request_columns",
        ("request", "source", "column"),
        ((r.id, *column) for _, r in pairs for column in r.columns),
    )
    flows_of = {form.id: form.policy for form in world.forms}
    store.insert_all(
        "approval_records",
        (
            *("id", "request", "position", "approvers", "prerequisites", "action_by", "status", "criteria"),
            *("created_at", "updated_at"),
        ),
        (
            (
                *(draft.id, r.id, draft.position, dump(draft.approvers), dump(draft.prerequisites)),
                *(None if r.status in {"PENDING", "CANCELED"} else world.caller,),
                *(_RECORD_STATUS.get(r.status, draft.status), None, at, at),
            )
            for p, r in pairs
            for draft in _drafts(p, r, flows_of)
        ),
    )


def _drafts(product: Product, request: Request, forms: Mapping[str, Flow]) -> tuple[Draft, ...]:
    """The records of a request of a world: those of its flow while it waits, and else one, which decided."""
    numbers = count()
    form, flow = (
        (product.form, product.flow)
        if request.type == "DATA_ACCESS"
        else (masking_form(product), product.masking_flow)
    )
    asks = assumptions.DEFAULT_FLOW
    if request.status == "PENDING":
        asks = flows.effective(forms[form], flow or asks)

    def new_id() -> str:
        return identifiers.cuid("record", request.id, next(numbers))

    default = assumptions.DEFAULT_FLOW["defaultEvent"]
    return flows.drafts(asks["defaultEvent"], new_id) or flows.drafts(default, new_id)

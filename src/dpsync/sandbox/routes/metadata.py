"""Metadata: the domains, sources, people, groups, attributes and tags that products refer to. Only read here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dpsync.sandbox import assumptions, bodies, identifiers, payloads
from dpsync.sandbox.answers import Answer, forbidden, not_found
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import Row

_SEARCHED: Final = """
SELECT value FROM json_each(:sources) UNION SELECT source FROM product_sources WHERE product = :product
"""
"""The sources that a search for applied tags is about."""


def domains(call: Call) -> Answer:
    """All domains that the caller may make products in, unpaged (FACTS 0.14)."""
    rows = call.store.rows("SELECT id, name, description FROM domains ORDER BY name, id")
    return Answer(200, {"domains": [dict(row) for row in rows if call.caller.may_use(row["id"])]})


def domain(call: Call) -> Answer:
    """One domain."""
    return Answer(200, dict(_domain(call)))


def domain_sources(call: Call) -> Answer:
    """The sources of a domain; their ids are numbers here (FACTS 0.11)."""
    where = _domain(call)["id"]
    if not call.caller.may_use(where):
        raise forbidden("see the data sources of this domain")
    window = call.query.window
    found = {
        "domain": where,
        "text": call.query.text("searchText"),
        "ids": payloads.listed(call.query.numbers("dataSourceIds")),
        "limit": window.limit,
        "offset": window.offset,
    }
    conditions = "d.domain = :domain"
    if found["text"]:
        texts = """s.name || ' ' || coalesce(s."database", '') || '.' || coalesce(s."schema", '') || '.' ||
                   coalesce(s."table", '')"""
        conditions += f" AND instr(lower({texts}), lower(:text))"
    if "dataSourceIds" in call.query.values:
        conditions += " AND s.id IN (SELECT value FROM json_each(:ids))"
    joined = f"FROM domain_sources d JOIN sources s ON s.id = d.source WHERE {conditions}"
    total = call.store.value(f"SELECT count(*) {joined}", found)
    rows = call.store.rows(
        f"SELECT s.* {joined} ORDER BY {assumptions.DOMAIN_SEARCH_ORDER} LIMIT :limit OFFSET :offset",
        found,
    )
    shown = [_source(row) for row in rows]
    return Answer(200, {"data": shown, "meta": window.meta(total, len(shown))})


def _domain(call: Call) -> Row:
    row = call.store.row("SELECT id, name, description FROM domains WHERE id = ?", (call.path["id"],))
    if row is None:
        raise not_found("Domain", call.path["id"])
    return row


def _source(row: Row) -> dict[str, Any]:
    places = ("prefix", "hostname", "database", "schema", "table")
    return {
        "dataSourceId": row["id"],
        "name": row["name"],
        "platform": row["platform"],
        "createdAt": row["created_at"],
        **{place: row[place] for place in places},
    }


def users(call: Call) -> Answer:
    """People by a part of their names, or by their global ids; no offset (FACTS 0.13)."""
    ids = call.query.many("globalUserId")
    rows = call.store.rows(
        """
        SELECT * FROM users
        WHERE instr(lower(name || char(10) || username || char(10) || coalesce(email, '')), lower(:text))
          AND (:all OR global_id IN (SELECT value FROM json_each(:ids)))
        ORDER BY name, id LIMIT :limit
        """,
        {
            "text": call.query.text("filter"),
            "all": not ids,
            "ids": payloads.listed(ids),
            "limit": call.query.number("limit", default=100, low=1),
        },
    )
    return Answer(200, {"users": [payloads.person(row) for row in rows]})


def groups(call: Call) -> Answer:
    """Groups by a part of their names; no offset (FACTS 0.13)."""
    rows = call.store.rows(
        """
        SELECT id, iam AS iamId, name, email FROM groups WHERE instr(lower(name), lower(?)) ORDER BY name, id LIMIT ?
        """,
        (call.query.text("filter"), call.query.number("limit", default=100, low=1)),
    )
    return Answer(200, {"groups": [dict(row) for row in rows]})


def attributes(call: Call) -> Answer:
    """The attributes that somebody has."""
    rows = call.store.rows(
        """
        SELECT DISTINCT type, value FROM user_attributes
        WHERE instr(lower(type || char(10) || value), lower(:text)) AND :type IN ('', type) ORDER BY type, value
        """,
        {"text": call.query.text("search"), "type": call.query.text("type")},
    )
    return Answer(200, {"attributes": [dict(row) for row in rows]})


def tags(call: Call) -> Answer:
    """All tags by a part of their names; at most 200, no offset (FACTS 0.13)."""
    call.query.flag("fuzzySearch")
    rows = call.store.rows(
        "SELECT id, name, source FROM tags WHERE instr(lower(name), lower(?)) ORDER BY name LIMIT ?",
        (
            call.query.text("searchText"),
            call.query.number("limit", default=assumptions.TAG_LIMIT, low=1, high=200),
        ),
    )
    return Answer(200, [{**dict(row), "displayName": row["name"], "deleted": False} for row in rows])


def applied_tags(call: Call) -> Answer:
    """The distinct tags on the sources of a body, or on their columns: a POST that only reads (FACTS 0.11)."""
    search = bodies.parse(bodies.TagSearch, call.body)
    models = [search.model_type] if isinstance(search.model_type, str) else list(search.model_type)
    among = {
        "sources": payloads.listed(search.data_source_ids),
        "product": search.data_product_id,
        "models": payloads.listed(models),
    }
    narrowed = f"a.source IN ({_SEARCHED})" if search.data_source_ids or search.data_product_id else "1"
    rows = call.store.rows(
        f"""
        SELECT DISTINCT t.id, a.tag AS name, coalesce(t.source, 'curated') AS source
        FROM applied_tags a LEFT JOIN tags t ON t.name = a.tag
        WHERE {narrowed}
          AND CASE WHEN a."column" = '' THEN 'datasource' ELSE 'column' END IN (SELECT value FROM json_each(:models))
        ORDER BY 2
        """,  # noqa: S608
        among,
    )
    found = [_tag(row["id"], row["name"], row["source"]) for row in rows]
    if "datasource" in models:
        found += _product_tags(call, among)
    wanted = sorted((tag for tag in found if _wanted(tag["name"], search)), key=lambda tag: str(tag["name"]))
    page = wanted[search.offset : search.offset + search.limit]
    return Answer(200, {"data": page, "total": len(wanted)})


def _wanted(name: str, search: bodies.TagSearch) -> bool:
    excluded = any(name == root or name.startswith(f"{root}.") for root in search.excluded_hierarchies)
    return search.search_text.lower() in name.lower() and not excluded


def _product_tags(call: Call, among: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The tags that the marketplace itself puts on the sources of products (FACTS 0.3)."""
    rows = call.store.rows(
        f"SELECT DISTINCT product FROM product_sources WHERE source IN ({_SEARCHED})",  # noqa: S608
        among,
    )
    for row in rows:
        yield _tag(None, f"{assumptions.PRODUCT_TAG}.{row['product']}", "marketplace") | {
            "protected": True,
            "systemCreated": True,
        }


def _tag(identity: int | None, name: str, source: str) -> dict[str, Any]:
    return {
        "tagId": identity if identity is not None else int(identifiers.uuid("tag", name)[:7], 16),
        "name": name,
        "displayName": name,
        "color": None,
        "source": source,
        "description": None,
        "protected": False,
        "deleted": False,
        "systemCreated": False,
        "createdBy": None,
    }


OPERATIONS: Final = (
    Operation("GET", "/api/metadata/domain", domains),
    Operation("GET", "/api/metadata/domain/{id}/datasources", domain_sources),
    Operation("GET", "/api/metadata/domain/{id}", domain),
    Operation("GET", "/api/metadata/users", users),
    Operation("GET", "/api/metadata/groups", groups),
    Operation("GET", "/api/metadata/attributes", attributes),
    Operation("GET", "/api/metadata/tags", tags),
    Operation("POST", "/api/metadata/tags/applied/search", applied_tags),
)

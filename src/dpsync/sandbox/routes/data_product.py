"""Data products: the seventeen operations that dpsync is about (FACTS 1.8, 1.9, 2.1)."""

from __future__ import annotations

from typing import Any, Final

from dpsync.sandbox import assumptions, bodies, identifiers, listing, payloads, requesting, review
from dpsync.sandbox.answers import Answer, Refusal, forbidden, id_taken, name_taken, not_found, unknown
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import MANAGE, Row

KIND: Final = "Data product"

_AFTER: Final = {
    "ASC": "(:name IS NULL OR (p.name, p.id) > (:name, :id))",
    "DESC": "(:name IS NULL OR (p.name, p.id) < (:name, :id))",
}
_OWN_STATUS: Final = f"""
CASE WHEN p.created_by = :caller THEN 'PUBLISHER' ELSE coalesce((
    SELECT {payloads.STATUS_NOW} FROM requests r
    WHERE r.product = p.id AND r.user = :caller AND r.type = 'DATA_ACCESS'
    ORDER BY r.created_at DESC, r.rowid DESC LIMIT 1), 'NONE') END
"""  # noqa: S608
_MANAGER: Final = f"""
(:governs OR EXISTS (SELECT 1 FROM product_domains d JOIN user_domains m ON m.domain = d.domain
    WHERE d.product = p.id AND m.user = :caller AND m.permission = '{MANAGE}'))
"""  # noqa: S608
_MEMBER: Final = f"""
EXISTS (SELECT 1 FROM requests r WHERE r.product = p.id AND r.user = :caller AND r.type = 'DATA_ACCESS'
    AND {payloads.STATUS_NOW} = 'APPROVED')
"""  # noqa: S608
_STEWARD: Final = f"EXISTS (SELECT 1 FROM requests r WHERE r.product = p.id AND {review.STEWARD})"  # noqa: S608
_ROLES: Final = {
    "manager": _MANAGER,
    "member": _MEMBER,
    "steward": _STEWARD,
    "noRole": f"NOT ({_MANAGER} OR {_MEMBER} OR {_STEWARD})",
}


# -- reading ---------------------------------------------------------------------------------------------------------


def search(call: Call) -> Answer:
    """Products by name, page by page with `nextToken`; a change in between skips nothing (FACTS 1.5)."""
    cursor = call.query.cursor
    call.query.choice("sortBy", ("name",), "name")
    turn = listing.direction(call, "asc")
    name, identity = cursor.after or (None, None)
    found = requesting.Conditions(
        parameters={
            "now": call.now,
            "caller": call.caller.user,
            "governs": call.caller.governs,
            "name": name,
            "id": identity,
            "more": cursor.limit + 1,
        }
    )
    if cursor.token:
        found.add(_AFTER[turn])
    if call.query.text("nameFilter"):
        found.add("instr(lower(p.name), lower(:filter))", filter=call.query.text("nameFilter"))
    found.add_choice(_OWN_STATUS, "statuses", call.query.many("statusFilter", payloads.STATUSES))
    roles = call.query.many("roleFilter", tuple(_ROLES))
    if roles:
        found.add(f"({' OR '.join(_ROLES[role] for role in roles)})")
    expires = call.query.flag("expiration")
    if expires is not None:
        found.add(f"{_EXPIRES} = :expires", expires=expires)
    rows = call.store.rows(
        f"SELECT p.* FROM products p WHERE {found.where} ORDER BY p.name {turn}, p.id {turn} LIMIT :more",  # noqa: S608
        found.parameters,
    )
    shown = rows[: cursor.limit]
    following = (shown[-1]["name"], shown[-1]["id"]) if len(rows) > cursor.limit else None
    return Answer(200, {"data": payloads.products(call, shown), "meta": cursor.meta(following)})


_EXPIRES: Final = f"""
EXISTS (SELECT 1 FROM requests r WHERE r.product = p.id AND r.user = :caller AND r.type = 'DATA_ACCESS'
    AND {payloads.STATUS_NOW} = 'APPROVED' AND r.expiration IS NOT NULL)
"""  # noqa: S608


def get(call: Call) -> Answer:
    """One product by id."""
    return Answer(200, _payload(call, _row(call)["id"]))


def by_name(call: Call) -> Answer:
    """One product by its exact name; slashes in it are percent-encoded (FACTS 0.15)."""
    row = call.store.row("SELECT * FROM products WHERE name_key = ?", (call.path["name"].strip(),))
    if row is None:
        raise not_found(KIND, call.path["name"])
    return Answer(200, payloads.products(call, [row])[0])


def data_sources(call: Call) -> Answer:
    """The sources of a product with what they are, page by page with `nextToken`."""
    product = _row(call)
    cursor = call.query.cursor
    name, identity = cursor.after or (None, None)
    rows = call.store.rows(
        """
        SELECT s.* FROM product_sources m JOIN sources s ON s.id = m.source
        WHERE m.product = :product AND instr(lower(s.name), lower(:filter))
          AND (:name IS NULL OR (s.name, s.id) > (:name, CAST(:id AS INTEGER)))
        ORDER BY s.name, s.id LIMIT :more
        """,
        {
            "product": product["id"],
            "filter": call.query.text("nameFilter"),
            "name": name,
            "id": identity,
            "more": cursor.limit + 1,
        },
    )
    status = _source_status(call, product, call.query.text("user", call.caller.user))
    shown = rows[: cursor.limit]
    following = (shown[-1]["name"], str(shown[-1]["id"])) if len(rows) > cursor.limit else None
    sources = [_source(product, row, status) for row in shown]
    return Answer(200, {"data": sources, "meta": cursor.meta(following)})


def _source_status(call: Call, product: Row, user: str) -> str:
    """The user's access to every source of the product, as far as this product gives it."""
    member = call.store.row(
        f"""
        SELECT 1 FROM requests r WHERE r.product = :product AND r.user = :user AND r.type = 'DATA_ACCESS'
          AND {payloads.STATUS_NOW} = 'APPROVED'
        """,  # noqa: S608
        {"now": call.now, "product": product["id"], "user": user},
    )
    if not member:
        return "NONE"
    return assumptions.SUSPENDED_SOURCE if product["suspended"] else "SUBSCRIBED"


def _source(product: Row, row: Row, status: str) -> dict[str, Any]:
    places = ("hostname", "database", "schema", "table", "prefix")
    return {
        "id": identifiers.cuid("product source", product["id"], row["id"]),
        "name": row["name"],
        "type": row["platform"],
        "sourceId": str(row["id"]),
        **{place: row[place] for place in places},
        "status": status,
    }


def all_data_sources(call: Call) -> Answer:
    """The ids of all sources of a product, unpaged."""
    identity = _row(call)["id"]
    rows = call.store.rows(
        "SELECT source FROM product_sources WHERE product = ? ORDER BY source", (identity,)
    )
    return Answer(200, {"dataSources": [{"sourceId": str(row["source"])} for row in rows]})


def request_forms(call: Call) -> Answer:
    """The forms of a product, one row for each type of request that has one (FACTS 0.10)."""
    product = _row(call)
    chosen = (
        ("DATA_ACCESS", product["access_form"]),
        ("MASKING_EXCEPTION", product[call.marketplace.vintage.masking_form]),
    )
    rows = call.store.rows(
        "SELECT * FROM forms WHERE id IN (SELECT value FROM json_each(?))",
        (payloads.listed({form for _, form in chosen if form}),),
    )
    forms = {form["id"]: form for form in payloads.forms(call.store, rows)}
    return Answer(200, [{**forms[form], "requestType": kind} for kind, form in chosen if form in forms])


def columns(call: Call) -> Answer:
    """The columns of a product's sources, with tags and masking; not masked where an exception was approved."""
    product = _row(call)
    window = call.query.window
    turn = listing.direction(call, "asc")
    turn = call.query.choice("dir", ("ASC", "DESC"), turn)
    found = requesting.Conditions(
        parameters={
            "product": product["id"],
            "limit": window.limit,
            "offset": window.offset,
            "caller": call.caller.user,
            "now": call.now,
        }
    )
    found.add("m.product = :product")
    found.add_choice("CAST(c.source AS TEXT)", "sources", call.query.many("dataSourceIds"))
    if call.query.text("searchText"):
        found.add("instr(lower(c.name), lower(:text))", text=call.query.text("searchText"))
    if call.query.flag("maskedOnly"):
        found.add(f"c.masking IS NOT NULL AND NOT {payloads.UNMASKED}")
    tags = call.query.many("tagIds")
    if tags:
        found.add(
            """
            EXISTS (SELECT 1 FROM applied_tags a JOIN tags t ON t.name = a.tag
                    WHERE a.source = c.source AND a."column" = c.name
                      AND CAST(t.id AS TEXT) IN (SELECT value FROM json_each(:tags)))
            """,
            tags=payloads.listed(tags),
        )
    joined = f"FROM product_sources m JOIN columns c ON c.source = m.source WHERE {found.where}"
    total = call.store.value(f"SELECT count(*) {joined}", found.parameters)
    rows = call.store.rows(
        f"""
        SELECT c.source, c.name, c.type, CASE WHEN {payloads.UNMASKED} THEN NULL ELSE c.masking END AS masking,
               (SELECT name FROM sources WHERE id = c.source) AS source_name {joined}
        ORDER BY c.name {turn}, c.source {turn} LIMIT :limit OFFSET :offset
        """,  # noqa: S608
        found.parameters,
    )
    return Answer(200, {"data": payloads.columns(call.store, rows), "meta": window.meta(total, len(rows))})


# -- writing ---------------------------------------------------------------------------------------------------------


def create(call: Call) -> Answer:
    """A new product, which is a published product; the client may choose its id (FACTS 0.2, 2.1)."""
    body = bodies.parse(call.marketplace.vintage.create, call.body)
    if not call.caller.manages_somewhere:
        raise forbidden("create data products")
    sources = bodies.parse(bodies.Sources, call.body).data_sources
    row = body.row
    _check_domains(call, body.domains)
    _check_row(call, row)
    numbers = _numbers(call, sources, body.domains)
    identity = body.id or call.store.new_cuid()
    if body.id and call.store.row("SELECT 1 FROM products WHERE id = ?", (identity,)):
        raise id_taken(KIND)
    _check_name(call, identity, body.name)
    made = {"created_by": call.caller.user, "created_at": call.now, "updated_at": call.now}
    call.store.insert("products", {"id": identity, **row, "suspended": 0, **made})
    _put_domains(call, identity, body.domains)
    _put_sources(call, identity, numbers)
    return Answer(201, _payload(call, identity))


def update(call: Call) -> Answer:
    """A changed product. What is left out is kept, or set to its default: that is the marketplace's `put`."""
    body = bodies.parse(call.marketplace.vintage.update, call.body)
    product = _row(call)
    _check_permission(call, product, "change this data product")
    row = body.row
    if "domains" in body.model_fields_set:
        _check_domains(call, body.domains)
    _check_row(call, row)
    if "name" in row:
        _check_name(call, product["id"], row["name"])
    left_out = body.replaced if call.marketplace.put == "replace" else {}
    call.store.update("products", product["id"], {**left_out, **row, "updated_at": call.now})
    if "domains" in body.model_fields_set:
        _put_domains(call, product["id"], body.domains)
    return Answer(200, _payload(call, product["id"]))


def update_data_sources(call: Call) -> Answer:
    """All sources of a product at once; what is left out goes (FACTS 0.4, 0.7)."""
    body = bodies.parse(bodies.Sources, call.body)
    product = _row(call)
    _check_permission(call, product, "change this data product")
    numbers = _numbers(call, body.data_sources, requesting.domains(call, product["id"]))
    _put_sources(call, product["id"], numbers)
    return Answer(200, _payload(call, product["id"]))


def delete(call: Call) -> Answer:
    """A product less, and with it every request: its members lose what it gave them (FACTS 0.3). Answers 200."""
    product = _row(call)
    _check_permission(call, product, "delete this data product")
    requesting.forget(call, product["id"])
    call.store.delete("product_sources", "product", product["id"])
    call.store.delete("product_domains", "product", product["id"])
    call.store.delete("products", "id", product["id"])
    return Answer(200)


def _row(call: Call) -> Row:
    row = call.store.row("SELECT * FROM products WHERE id = ?", (call.path["id"],))
    if row is None:
        raise not_found(KIND, call.path["id"])
    return row


def _payload(call: Call, identity: str) -> dict[str, Any]:
    return payloads.products(call, call.store.rows("SELECT * FROM products WHERE id = ?", (identity,)))[0]


def _check_permission(call: Call, product: Row, what: str) -> None:
    if not call.caller.manages(requesting.domains(call, product["id"])):
        raise forbidden(what)


def _check_domains(call: Call, wanted: list[str]) -> None:
    rows = call.store.rows(
        "SELECT id FROM domains WHERE id IN (SELECT value FROM json_each(?))", (payloads.listed(wanted),)
    )
    usable = {row["id"] for row in rows if call.caller.may_use(row["id"])}
    refused = sorted(set(wanted) - usable)
    if refused:
        raise unknown("These domains do not exist or may not be used", refused)


def _check_row(call: Call, row: dict[str, Any]) -> None:
    """Whatever the row refers to must be there: forms, and the expert."""
    forms = {row[column] for column in ("access_form", "masking_form") if row.get(column)}
    known = call.store.rows(
        "SELECT id FROM forms WHERE id IN (SELECT value FROM json_each(?))", (payloads.listed(forms),)
    )
    missing = sorted(forms - {found["id"] for found in known})
    if missing:
        raise unknown("These request forms do not exist", missing)
    expert = row.get("expert")
    if expert and not call.store.row("SELECT 1 FROM users WHERE global_id = ?", (expert,)):
        raise unknown("This subject matter expert does not exist", [expert])


def _check_name(call: Call, identity: str, name: str) -> None:
    if listing.name_is_taken(call.store, "products", identity, name):
        raise name_taken("Data Product")


def _numbers(call: Call, sources: list[bodies.SourceId], domains: list[str]) -> list[int]:
    """The sources as numbers. All of them must be in one of the domains (FACTS 0.6)."""
    wanted = {source.source_id for source in sources}
    rows = call.store.rows(
        """
        SELECT DISTINCT source FROM domain_sources
        WHERE domain IN (SELECT value FROM json_each(?)) AND source IN (SELECT CAST(value AS INTEGER) FROM json_each(?))
        """,
        (payloads.listed(domains), payloads.listed(wanted)),
    )
    inside = {str(row["source"]) for row in rows}
    outside = sorted(wanted - inside)
    if outside:
        raise unknown("These data sources are not in the domain of the data product", outside)
    return sorted(map(int, wanted))


def _put_domains(call: Call, identity: str, wanted: list[str]) -> None:
    call.store.delete("product_domains", "product", identity)
    call.store.insert_all(
        "product_domains",
        ("product", "position", "domain"),
        ((identity, position, domain) for position, domain in enumerate(dict.fromkeys(wanted))),
    )


def _put_sources(call: Call, identity: str, numbers: list[int]) -> None:
    call.store.delete("product_sources", "product", identity)
    call.store.insert_all(
        "product_sources", ("product", "source"), ((identity, number) for number in numbers)
    )


# -- access ----------------------------------------------------------------------------------------------------------


def requests(call: Call) -> Answer:
    """All requests for a product, by whomever and of whatever status."""
    found = _requests_of(call)
    requesting.without_temporary(call, found)
    return Answer(200, requesting.page(call, found))


def members(call: Call) -> Answer:
    """The approved, unexpired requests for a product, of both types unless the query says which."""
    found = _requests_of(call)
    found.add(f"{payloads.STATUS_NOW} = 'APPROVED'")
    return Answer(200, requesting.page(call, found))


def _requests_of(call: Call) -> requesting.Conditions:
    product = _row(call)
    _check_permission(call, product, "see the requests for this data product")
    found = requesting.conditions(call)
    found.add("r.product = :of", of=product["id"])
    return found


def request(call: Call) -> Answer:
    """A new request for access; the flow decides whether it is pending, approved or denied."""
    body = bodies.parse(bodies.AccessRequest, call.body)
    asked = requesting.Asked(_row(call), body, "DATA_ACCESS", "access_form", "access_flow")
    return Answer(201, requesting.make(call, asked))


def request_masking_exception(call: Call) -> Answer:
    """A new request to see masked columns as they are; the requester need not be a member (FACTS 2.6)."""
    body = bodies.parse(bodies.MaskingRequest, call.body)
    product = _row(call)
    wanted = {(column.source_id, column.column_name) for column in body.columns}
    masked = call.store.rows(
        """
        SELECT c.source, c.name FROM product_sources m JOIN columns c ON c.source = m.source
        WHERE m.product = ? AND c.masking IS NOT NULL
        """,
        (product["id"],),
    )
    missing = sorted(wanted - {(str(row["source"]), row["name"]) for row in masked})
    if missing:
        names = [f"{source}/{name}" for source, name in missing]
        raise unknown("These are not masked columns of this data product", names)
    if not wanted:
        raise Refusal(assumptions.UNKNOWN_REFERENCE, "A masking exception needs at least one column.")
    asked = requesting.Asked(
        product,
        body,
        "MASKING_EXCEPTION",
        call.marketplace.vintage.masking_form,
        "masking_flow",
        tuple(sorted((int(source), name) for source, name in wanted)),
    )
    return Answer(201, requesting.make(call, asked))


def revoke(call: Call) -> Answer:
    """A request that was approved is revoked, by who manages the product or may review the request (FACTS 1.3)."""
    product = _row(call)
    row = requesting.one(call, call.path["requestId"])
    if row["product"] != product["id"]:
        raise not_found("Access request", row["id"])
    if not requesting.has_role(call, row["id"], [review.STEWARD]):
        _check_permission(call, product, "revoke access to this data product")
    requesting.end(call, row, expected="APPROVED", becomes="REVOKED")
    return Answer(204)


def recent_determinations(call: Call) -> Answer:
    """The five latest decisions that people took about requests that are decided, newest first.

    A row is an approval record, with the people and the expiration of its request.
    """
    product = _row(call)
    kind = call.query.choice("type", payloads.TYPES, "DATA_ACCESS")
    rows = call.store.rows(
        """
        SELECT a.id, r.user, r.requesting_user, a.action_by, a.reason, a.status, a.created_at, a.updated_at,
               r.expiration
        FROM requests r JOIN approval_records a ON a.request = r.id
        WHERE r.product = ? AND r.type = ? AND r.status NOT IN ('PENDING', 'CANCELED')
          AND a.status IN ('APPROVED', 'DENIED') AND a.action_by IS NOT NULL
        ORDER BY a.updated_at DESC, a.rowid DESC LIMIT 5
        """,
        (product["id"], kind),
    )
    who = {row[column] for row in rows for column in ("user", "requesting_user", "action_by")}
    known = payloads.people(call.store, who)
    determinations = [
        {
            "id": row["id"],
            "requestingUser": known[row["requesting_user"]],
            "user": known[row["user"]],
            "actionBy": known.get(row["action_by"]),
            **({"reason": row["reason"]} if row["reason"] else {}),
            "status": row["status"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            **({"expiration": row["expiration"]} if row["expiration"] else {}),
        }
        for row in rows
    ]
    return Answer(200, {"determinations": determinations})


OPERATIONS: Final = (
    Operation("GET", "/api/data-product", search),
    Operation("POST", "/api/data-product", create),
    Operation("GET", "/api/data-product/{id}/datasources/all", all_data_sources),
    Operation("GET", "/api/data-product/{id}/datasources", data_sources),
    Operation("PUT", "/api/data-product/{id}/datasources", update_data_sources),
    Operation("GET", "/api/data-product/{id}/request", requests),
    Operation("POST", "/api/data-product/{id}/request", request),
    Operation("POST", "/api/data-product/{id}/request/masking-exception", request_masking_exception),
    Operation("DELETE", "/api/data-product/{id}/request/{requestId}", revoke),
    Operation("GET", "/api/data-product/{id}/members", members),
    Operation("GET", "/api/data-product/{id}/recent-determinations", recent_determinations),
    Operation("GET", "/api/data-product/{id}/request-forms", request_forms),
    Operation("GET", "/api/data-product/{id}/columns", columns),
    Operation("GET", "/api/data-product/{name:path}/byName", by_name),
    Operation("GET", "/api/data-product/{id}", get),
    Operation("PUT", "/api/data-product/{id}", update),
    Operation("DELETE", "/api/data-product/{id}", delete),
)

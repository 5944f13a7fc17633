"""Request forms: what people fill in to ask for access, and who decides about it (FACTS 2.3)."""

from __future__ import annotations

import json
from typing import Any, Final

from dpsync.sandbox import bodies, flows, listing, payloads
from dpsync.sandbox.answers import Answer, Refusal, forbidden, id_taken, name_taken, not_found, unknown
from dpsync.sandbox.assumptions import BUILT_IN, IN_USE
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import Row, dump

KIND: Final = "Request form"


def search(call: Call) -> Answer:
    """Forms by name, page by page, with the domains of the products that use them."""
    rows, meta = listing.named(call, "forms")
    linked: dict[str, list[str]] = {}
    for row in call.store.rows(
        """
        WITH used (form, product) AS (
            SELECT access_form, id FROM products WHERE access_form IN (SELECT value FROM json_each(:forms))
            UNION SELECT masking_form, id FROM products WHERE masking_form IN (SELECT value FROM json_each(:forms)))
        SELECT DISTINCT u.form, d.domain FROM used u JOIN product_domains d ON d.product = u.product ORDER BY 1, 2
        """,
        {"forms": payloads.listed(row["id"] for row in rows)},
    ):
        linked.setdefault(row["form"], []).append(row["domain"])
    forms = payloads.forms(call.store, rows)
    shown = [{**form, "associatedDomains": linked.get(form["id"], [])} for form in forms]
    return Answer(200, {"data": shown, "meta": meta})


def get(call: Call) -> Answer:
    """One form as it is now."""
    return Answer(200, _payload(call, call.path["id"]))


def version(call: Call) -> Answer:
    """One form as it was in that version."""
    row = call.store.row("SELECT *, form AS id FROM form_versions WHERE version = ?", (call.path["version"],))
    if row is None:
        raise not_found("Request form version", call.path["version"])
    return Answer(200, payloads.form_versions(call.store, [row])[0])


def create(call: Call) -> Answer:
    """A new form; the client may choose its id (FACTS 0.2)."""
    body = bodies.parse(bodies.CreateForm, call.body)
    if not call.caller.manages_somewhere:
        raise forbidden("create request forms")
    identity = body.id or call.store.new_uuid()
    if body.id and call.store.row("SELECT 1 FROM forms WHERE id = ?", (identity,)):
        raise id_taken(KIND)
    _check_agreements(call, body)
    _check_name(call, identity, body.name)
    author = listing.authored({"by": call.caller.user, "at": call.now})
    fresh = {"id": identity, "built_in": 0, "version": call.store.new_cuid()}
    call.store.insert("forms", {**fresh, **body.row, **author})
    _attach(call, identity, body)
    _keep_version(call, identity)
    return Answer(201, _payload(call, identity))


def update(call: Call) -> Answer:
    """A changed form: a new version, for new requests only; answers 201 (FACTS 1.6, 2.3)."""
    body = bodies.parse(bodies.UpdateForm, call.body)
    row = _row(call, call.path["id"])
    _check_built_in(row)
    if not (call.caller.manages_somewhere or _is_steward(call, row)):
        raise forbidden("change this request form")
    _check_agreements(call, body)
    if body.name:
        _check_name(call, row["id"], body.name)
    changed = {"version": call.store.new_cuid(), "updated_by": call.caller.user, "updated_at": call.now}
    call.store.update("forms", row["id"], body.row | changed)
    if "data_use_agreement_ids" in body.model_fields_set:
        call.store.delete("form_agreements", "form", row["id"])
        _attach(call, row["id"], body)
    _keep_version(call, row["id"])
    return Answer(201, _payload(call, row["id"]))


def delete(call: Call) -> Answer:
    """A form less; refused while a product has it (FACTS 1.3). Its versions can still be read."""
    row = _row(call, call.path["id"])
    _check_built_in(row)
    if not call.caller.manages_somewhere:
        raise forbidden("delete request forms")
    masking = call.marketplace.vintage.masking_form
    used = call.store.row(
        f"SELECT 1 FROM products WHERE access_form = :id OR {masking} = :id",  # noqa: S608
        {"id": row["id"]},
    )
    if used:
        raise Refusal(IN_USE, f"{KIND} is in use by a data product.")
    call.store.delete("form_agreements", "form", row["id"])
    call.store.delete("forms", "id", row["id"])
    return Answer(204)


def data_products(call: Call) -> Answer:
    """The products that have the form, and for which types of request."""
    identity = _row(call, call.path["id"])["id"]
    masking = call.marketplace.vintage.masking_form
    rows = call.store.rows(
        f"""
        SELECT id, name, access_form = :form AS access, {masking} = :form AS masking FROM products
        WHERE access_form = :form OR {masking} = :form ORDER BY name, id
        """,  # noqa: S608
        {"form": identity},
    )
    return Answer(200, [{"id": row["id"], "name": row["name"], "requestTypes": _types(row)} for row in rows])


def assets(call: Call) -> Answer:
    """The catalog objects that have the form: none, because the sandbox has no catalog (FACTS 2.7)."""
    _row(call, call.path["id"])
    return Answer(200, [])


def _types(row: Row) -> list[str]:
    pairs = (("DATA_ACCESS", "access"), ("MASKING_EXCEPTION", "masking"))
    return [kind for kind, column in pairs if row[column]]


def _row(call: Call, identity: str) -> Row:
    row = call.store.row("SELECT * FROM forms WHERE id = ?", (identity,))
    if row is None:
        raise not_found(KIND, identity)
    return row


def _payload(call: Call, identity: str) -> dict[str, Any]:
    return payloads.forms(call.store, [_row(call, identity)])[0]


def _check_built_in(row: Row) -> None:
    if row["built_in"]:
        raise Refusal(BUILT_IN, f"The {row['name']} cannot be changed or deleted.")


def _check_name(call: Call, identity: str, name: str) -> None:
    if listing.name_is_taken(call.store, "forms", identity, name):
        raise name_taken(KIND)


def _check_agreements(call: Call, body: bodies.UpdateForm) -> None:
    wanted = body.data_use_agreement_ids
    rows = call.store.rows(
        "SELECT id FROM agreements WHERE id IN (SELECT value FROM json_each(?))", (payloads.listed(wanted),)
    )
    known = {row["id"] for row in rows}
    missing = sorted(set(wanted) - known)
    if missing:
        raise unknown("These data use agreements do not exist", missing)


def _is_steward(call: Call, row: Row) -> bool:
    """Whether the form's flow names the caller, or a group of the caller (FACTS 1.3)."""
    groups = {
        found["name"]
        for found in call.store.rows("SELECT name FROM user_groups WHERE user = ?", (call.caller.user,))
    }
    return any(
        (named["type"] == "USER" and named["id"] == call.caller.user)
        or (named["type"] == "GROUP" and named["name"] in groups)
        for named in flows.reviewers(json.loads(row["policy"]))
    )


def _attach(call: Call, identity: str, body: bodies.UpdateForm) -> None:
    wanted = dict.fromkeys(body.data_use_agreement_ids)
    call.store.insert_all(
        "form_agreements",
        ("form", "position", "agreement"),
        ((identity, position, agreement) for position, agreement in enumerate(wanted)),
    )


def _keep_version(call: Call, identity: str) -> None:
    row = _row(call, identity)
    agreed = payloads.forms(call.store, [row])[0]["dataUseAgreements"]
    copied = ("version", "name", "fields", "policy", "created_by", "created_at", "updated_by", "updated_at")
    kept = {name: row[name] for name in copied}
    call.store.insert("form_versions", {**kept, "form": identity, "agreements": dump(agreed)})


OPERATIONS: Final = (
    Operation("GET", "/api/request-form", search),
    Operation("POST", "/api/request-form", create),
    Operation("GET", "/api/request-form/version/{version}", version),
    Operation("GET", "/api/request-form/{id}/data-products", data_products),
    Operation("GET", "/api/request-form/{id}/assets", assets),
    Operation("GET", "/api/request-form/{id}", get),
    Operation("PUT", "/api/request-form/{id}", update),
    Operation("DELETE", "/api/request-form/{id}", delete),
)

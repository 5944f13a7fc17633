"""Data use agreements: what people acknowledge before they ask for access (FACTS 2.5)."""

from __future__ import annotations

from typing import Any, Final

from dpsync.sandbox import bodies, listing, payloads
from dpsync.sandbox.answers import Answer, Refusal, forbidden, id_taken, name_taken, not_found
from dpsync.sandbox.assumptions import IN_USE
from dpsync.sandbox.calls import Call, Operation
from dpsync.sandbox.store import Row

KIND: Final = "Data use agreement"


def search(call: Call) -> Answer:
    """Agreements by name, page by page."""
    rows, meta = listing.named(call, "agreements")
    return Answer(200, {"data": payloads.agreements(call.store, rows), "meta": meta})


def get(call: Call) -> Answer:
    """One agreement."""
    return Answer(200, _payload(call, call.path["id"]))


def create(call: Call) -> Answer:
    """A new agreement; the client may choose its id (FACTS 0.2)."""
    body = bodies.parse(bodies.CreateAgreement, call.body)
    _check_permission(call)
    identity = body.id or call.store.new_uuid()
    if body.id and call.store.row("SELECT 1 FROM agreements WHERE id = ?", (identity,)):
        raise id_taken(KIND)
    _check_name(call, identity, body.name)
    author = {"by": call.caller.user, "at": call.now}
    call.store.insert("agreements", {"id": identity, **body.row, **listing.authored(author)})
    return Answer(201, _payload(call, identity))


def update(call: Call) -> Answer:
    """A changed agreement; answers 201 (FACTS 1.6)."""
    body = bodies.parse(bodies.UpdateAgreement, call.body)
    identity = _row(call, call.path["id"])["id"]
    _check_permission(call)
    if body.name:
        _check_name(call, identity, body.name)
    changed = {"updated_by": call.caller.user, "updated_at": call.now}
    call.store.update("agreements", identity, body.row | changed)
    return Answer(201, _payload(call, identity))


def delete(call: Call) -> Answer:
    """An agreement less; refused while a form has it."""
    identity = _row(call, call.path["id"])["id"]
    _check_permission(call)
    if call.store.row("SELECT 1 FROM form_agreements WHERE agreement = ?", (identity,)):
        raise Refusal(IN_USE, f"{KIND} is in use by a request form.")
    call.store.delete("agreements", "id", identity)
    return Answer(204)


def request_forms(call: Call) -> Answer:
    """The forms that have the agreement."""
    identity = _row(call, call.path["id"])["id"]
    rows = call.store.rows(
        """
        SELECT DISTINCT f.id, f.name FROM form_agreements a JOIN forms f ON f.id = a.form
        WHERE a.agreement = ? ORDER BY f.name, f.id
        """,
        (identity,),
    )
    return Answer(200, [dict(row) for row in rows])


def _row(call: Call, identity: str) -> Row:
    row = call.store.row("SELECT * FROM agreements WHERE id = ?", (identity,))
    if row is None:
        raise not_found(KIND, identity)
    return row


def _payload(call: Call, identity: str) -> dict[str, Any]:
    return payloads.agreements(call.store, [_row(call, identity)])[0]


def _check_permission(call: Call) -> None:
    if not call.caller.manages_somewhere:
        raise forbidden("write data use agreements")


def _check_name(call: Call, identity: str, name: str) -> None:
    if listing.name_is_taken(call.store, "agreements", identity, name):
        raise name_taken(KIND)


OPERATIONS: Final = (
    Operation("GET", "/api/data-use-agreement", search),
    Operation("POST", "/api/data-use-agreement", create),
    Operation("GET", "/api/data-use-agreement/{id}/request-forms", request_forms),
    Operation("GET", "/api/data-use-agreement/{id}", get),
    Operation("PUT", "/api/data-use-agreement/{id}", update),
    Operation("DELETE", "/api/data-use-agreement/{id}", delete),
)

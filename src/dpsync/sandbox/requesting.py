"""Requesting: how a request for access is found, made and decided at once, and how it ends.

A room of its own because products and the list of all requests share it. What people decide later, stage by stage,
is in `deciding`; it starts from the approval records that are made here (FACTS 2.4, 2.6). Must never write anything
but requests and their records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dpsync.sandbox import assumptions, bodies, filling, flows, listing, moments, payloads, review
from dpsync.sandbox.answers import Refusal, forbidden, invalid, not_found, unknown
from dpsync.sandbox.calls import Call
from dpsync.sandbox.store import Row, dump

_SELECT: Final = f"""
SELECT r.*, {payloads.STATUS_NOW} AS now_status, p.name AS product_name, p.description AS product_description
FROM requests r JOIN products p ON p.id = r.product
"""  # noqa: S608

_ORDERS: Final = {
    "status": "r.status",
    "dataProduct": "p.name",
    "createdAt": "r.created_at",
    "updatedAt": "r.updated_at",
    "expiration": "r.expiration",
}

_REVIEWED: Final = (
    "EXISTS (SELECT 1 FROM approval_records a WHERE a.request = r.id AND a.action_by IS NOT NULL)"
)
_REVIEWED_BY_YOU: Final = (
    "EXISTS (SELECT 1 FROM approval_records a WHERE a.request = r.id AND a.action_by = :caller)"
)
_REVIEW_STATUSES: Final = {
    "noReviews": f"NOT {_REVIEWED}",
    "reviewedByYou": _REVIEWED_BY_YOU,
    "awaitingReviewFromYou": review.AWAITING,
}


@dataclass
class Conditions:
    """Conditions that gather while a query is read: SQL texts and their parameters."""

    texts: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, condition: str, /, **parameters: Any) -> None:
        """One more condition that must hold."""
        self.texts.append(condition)
        self.parameters |= parameters

    def add_choice(self, column: str, name: str, chosen: tuple[str, ...]) -> None:
        """The column is one of those that were chosen, if any were."""
        if chosen:
            condition = f"{column} IN (SELECT value FROM json_each(:{name}))"  # noqa: S608
            self.add(condition, **{name: payloads.listed(chosen)})

    @property
    def where(self) -> str:
        """All of them, in SQL."""
        return " AND ".join(self.texts) or "1"


def conditions(call: Call) -> Conditions:
    """The conditions that the filters of a query say (FACTS 1.9)."""
    query, found = call.query, Conditions(parameters={"now": call.now, "caller": call.caller.user})
    found.add_choice(payloads.STATUS_NOW, "statuses", query.many("status", payloads.STATUSES))
    found.add_choice("r.type", "types", query.many("type", payloads.TYPES))
    found.add_choice("r.user", "users", query.many("userIds"))
    expires = query.flag("expiration")
    if expires is not None:
        found.add("(r.expiration IS NOT NULL) = :expires", expires=expires)
    for name in ("dataProductId", "assetId"):
        if query.text(name):
            found.add(f"r.product = :{name}", **{name: query.text(name)})
    asset_types = query.many("assetType", ("DATA_PRODUCT", "DATA_OBJECT"))
    if asset_types and "DATA_PRODUCT" not in asset_types:
        found.add("0")
    reviewed = query.many("reviewStatus", tuple(_REVIEW_STATUSES))
    if reviewed:
        found.add(f"({' OR '.join(_REVIEW_STATUSES[status] for status in reviewed)})")
    if query.text("searchText"):
        text = "u.name || char(10) || u.username || char(10) || coalesce(u.email, '') || char(10) || p.name"
        named = f"SELECT 1 FROM users u WHERE u.global_id = r.user AND instr(lower({text}), lower(:text))"  # noqa: S608
        found.add(f"EXISTS ({named})", text=query.text("searchText"))
    return found


def without_temporary(call: Call, found: Conditions) -> None:
    """Leave out requests that expire, unless the query asks for them [INF 1.9]."""
    asked = call.query.flag("includeTemporary") or call.query.flag("expiration") is not None
    if not asked:
        found.add("r.expiration IS NULL")


def page(call: Call, found: Conditions) -> dict[str, Any]:
    """A page of the requests that the conditions find."""
    window = call.query.window
    order = _ORDERS[call.query.choice("sortBy", tuple(_ORDERS), "createdAt")]
    turn = listing.direction(call, "desc")
    parameters = {**found.parameters, "limit": window.limit, "offset": window.offset}
    total = call.store.value(
        f"SELECT count(*) FROM requests r JOIN products p ON p.id = r.product WHERE {found.where}",  # noqa: S608
        parameters,
    )
    rows = call.store.rows(
        f"{_SELECT} WHERE {found.where} ORDER BY {order} {turn}, r.id {turn} LIMIT :limit OFFSET :offset",
        parameters,
    )
    return {"data": payloads.requests(call.store, rows), "meta": window.meta(total, len(rows))}


def one(call: Call, identity: str) -> Row:
    """The request with that id, as `payloads.requests` wants it."""
    row = call.store.row(f"{_SELECT} WHERE r.id = :id", {"now": call.now, "id": identity})
    if row is None:
        raise not_found("Access request", identity)
    return row


def has_role(call: Call, request: str, roles: Iterable[str]) -> bool:
    """Whether the caller has one of the roles, each in SQL, towards the request `r`."""
    found = call.store.row(
        f"SELECT 1 FROM requests r WHERE r.id = :id AND ({' OR '.join(roles)})",  # noqa: S608
        {"id": request, "caller": call.caller.user},
    )
    return found is not None


def domains(call: Call, product: str) -> list[str]:
    """Ids of the domains of a product."""
    rows = call.store.rows("SELECT domain FROM product_domains WHERE product = ?", (product,))
    return [row["domain"] for row in rows]


# -- making ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about to be made: for whom, of which type, with which form and which columns."""

    product: Row
    body: bodies.AccessRequest
    type: str
    form: str
    flow: str
    """The columns of the product that hold the form and the flow for this type."""
    columns: tuple[tuple[int, str], ...] = ()


def make(call: Call, asked: Asked) -> dict[str, Any]:
    """Make the request and let the effective flow decide what it becomes; the payload of what it became."""
    user = asked.body.user
    if not call.store.row("SELECT 1 FROM users WHERE global_id = ?", (user,)):
        raise unknown("This user does not exist", [user])
    if user != call.caller.user and not call.caller.manages(domains(call, asked.product["id"])):
        raise forbidden("request access for somebody else")
    _check_open(call, asked)
    form = _form(call, asked)
    fields = json.loads(form["fields"])
    wrong = filling.problems(fields, asked.body.form)
    if wrong:
        raise invalid(wrong)
    flow = flows.effective(flows.stored(form["policy"]), flows.stored(asked.product[asked.flow]))
    event = flow["defaultEvent"]
    decided = _EVENTS[event["type"]](call, event, filling.duration(fields, asked.body.form))
    identity = call.store.new_cuid()
    row = {
        "id": identity,
        "product": asked.product["id"],
        "user": user,
        "requesting_user": call.caller.user,
        "type": asked.type,
        "form_version": form["version"],
        "form": dump(asked.body.form),
        "created_at": call.now,
        "updated_at": call.now,
    }
    call.store.insert("requests", row | decided)
    call.store.insert_all(
        "request_columns", ("request", "source", "column"), ((identity, *column) for column in asked.columns)
    )
    _ask(call, identity, flows.drafts(event, call.store.new_cuid))
    return payloads.requests(call.store, [one(call, identity)])[0]


def _check_open(call: Call, asked: Asked) -> None:
    already = call.store.value(
        f"""
        SELECT {payloads.STATUS_NOW} AS now_status FROM requests r
        WHERE r.user = :user AND r.product = :product AND r.type = :type AND now_status IN ('PENDING', 'APPROVED')
        """,  # noqa: S608
        {"now": call.now, "product": asked.product["id"], "user": asked.body.user, "type": asked.type},
    )
    if already:
        raise Refusal(
            assumptions.REQUEST_EXISTS,
            f"This user already has a request of type {asked.type} for this data product; it is {already}.",
        )


def _form(call: Call, asked: Asked) -> Row:
    row = call.store.row(
        "SELECT * FROM forms WHERE id = ? OR (? IS NULL AND built_in)",
        (asked.product[asked.form], asked.product[asked.form]),
    )
    if row is None:
        raise unknown("This data product has no request form", [asked.product["id"]])
    return row


Chosen = tuple[float, str] | None
"""The duration that the requester chose, if the form asks for one."""


def _approved(call: Call, event: flows.Event, chosen: Chosen) -> dict[str, Any]:
    """Approved, for as long as the requester chose, or as the flow says (FACTS 2.3)."""
    params = event["params"]
    if chosen is None and "duration" not in params:
        return {"status": "APPROVED"}
    duration, unit = chosen or (params["duration"], params.get("durationUnit", "DAYS"))
    return {"status": "APPROVED", "expiration": moments.text(moments.later(call.moment, duration, unit))}


def _denied(_call: Call, _event: flows.Event, _chosen: Chosen) -> dict[str, Any]:
    return {"status": "DENIED"}


def _pending(_call: Call, _event: flows.Event, _chosen: Chosen) -> dict[str, Any]:
    return {"status": "PENDING"}


_EVENTS: Final[dict[str, Callable[[Call, flows.Event, Chosen], dict[str, Any]]]] = {
    "approve": _approved,
    "deny": _denied,
    "review": _pending,
}


def _ask(call: Call, request: str, drafts: Iterable[flows.Draft]) -> None:
    for draft in drafts:
        call.store.insert(
            "approval_records",
            {
                "id": draft.id,
                "request": request,
                "position": draft.position,
                "approvers": dump(draft.approvers),
                "prerequisites": dump(draft.prerequisites),
                "status": draft.status,
                "created_at": call.now,
                "updated_at": call.now,
            },
        )


# -- ending ----------------------------------------------------------------------------------------------------------


def end(call: Call, row: Row, *, expected: str, becomes: str) -> None:
    """Take a request from the one status that allows it to the other; its open records are cancelled."""
    if row["now_status"] != expected:
        raise Refusal(
            assumptions.NOT_REVOCABLE,
            f"The access request is {row['now_status']}; only one that is {expected} can become {becomes}.",
        )
    settle(call, row["id"], status=becomes)


def settle(call: Call, request: str, **columns: str | None) -> None:
    """Write what became of a request, by column; its open records are cancelled."""
    call.store.update("requests", request, {**columns, "updated_at": call.now})
    call.store.rows(
        """
        UPDATE approval_records SET status = 'CANCELED', updated_at = ?
        WHERE request = ? AND status IN ('PENDING', 'BLOCKED')
        """,
        (call.now, request),
    )


def forget(call: Call, product: str) -> None:
    """Delete all requests of a product with everything that belongs to them (FACTS 0.3)."""
    requests = payloads.listed(
        row["id"] for row in call.store.rows("SELECT id FROM requests WHERE product = ?", (product,))
    )
    for table in ("request_columns", "approval_records"):
        call.store.rows(
            f"DELETE FROM {table} WHERE request IN (SELECT value FROM json_each(?))",  # noqa: S608
            (requests,),
        )
    call.store.delete("requests", "product", product)

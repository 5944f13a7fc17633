"""Payloads: rows as the API shows them.

A room of its own because the same product, form, request or person appears in the answers of several groups of
operations, and always alike. Each function takes all rows of a page at once and asks the store a fixed number of
questions, however long the page is. Must never decide who may see something.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dpsync.sandbox import assumptions, flows, review
from dpsync.sandbox.calls import Call, Caller
from dpsync.sandbox.store import Row, Store

STATUS_NOW: Final = (
    "CASE WHEN r.status = 'APPROVED' AND r.expiration <= :now THEN 'EXPIRED' ELSE r.status END"
)
"""The status of request `r` at the time `:now`; an approval that ran out is EXPIRED (FACTS 2.6)."""

STATUSES: Final = ("APPROVED", "CANCELED", "DENIED", "PENDING", "NONE", "PUBLISHER", "REVOKED", "EXPIRED")
TYPES: Final = ("DATA_ACCESS", "MASKING_EXCEPTION")

_COUNTED: Final = ("pending", "approved", "revoked", "canceled", "denied")


def listed(values: Iterable[Any]) -> str:
    """Values for `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(values))


# -- products --------------------------------------------------------------------------------------------------------


def products(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The products as their caller sees them (FACTS 1.9, 2.1)."""
    ids = listed(row["id"] for row in rows)
    shown = {"ids": ids, "now": call.now, "user": call.caller.user}
    domains = _domains(call.store, ids)
    sources = _sources(call.store, ids)
    counts = _counts(call.store, shown)
    own = _own_requests(call.store, shown)
    experts = people(call.store, {row["expert"] for row in rows if row["expert"]})
    shown_flows = _flows(
        call.store, {row[column] for row in rows for column in ("access_flow", "masking_flow")}
    )
    payloads = []
    for row in rows:
        identity = row["id"]
        number, platforms = sources.get(identity, (0, []))
        payload = {
            "id": identity,
            "name": row["name"],
            "description": row["description"],
            "domains": domains.get(identity, []),
            "suspended": bool(row["suspended"]),
            "createdBy": row["created_by"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "status": "NONE",
            "stats": _stats(number, counts.get(identity, {})),
            "sourceTypes": platforms,
            "metadata": _metadata(row["expert"], experts),
            "dataAccessPolicy": shown_flows[row["access_flow"]],
            "maskingExceptionPolicy": shown_flows[row["masking_flow"]],
        }
        payloads.append(payload | own.get(identity, {}) | _publisher(row, call.caller))
    return payloads


def _flows(store: Store, texts: set[str | None]) -> dict[str | None, flows.Flow]:
    """The flows as they read back, by how they are stored; many products share one."""
    stored = {text: flows.stored(text) for text in texts}
    directory = review.Directory.of(store, stored.values())
    return {text: directory.shown(flow) for text, flow in stored.items()}


def _domains(store: Store, ids: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in store.rows(
        """
        SELECT product, domain FROM product_domains WHERE product IN (SELECT value FROM json_each(?))
        ORDER BY product, position
        """,
        (ids,),
    ):
        found.setdefault(row["product"], []).append(row["domain"])
    return found


def _sources(store: Store, ids: str) -> dict[str, tuple[int, list[str]]]:
    found: dict[str, tuple[int, list[str]]] = {}
    for row in store.rows(
        """
        SELECT p.product, s.platform, count(*) FROM product_sources p JOIN sources s ON s.id = p.source
        WHERE p.product IN (SELECT value FROM json_each(?)) GROUP BY p.product, s.platform ORDER BY 1, 2
        """,
        (ids,),
    ):
        number, platforms = found.get(row["product"], (0, []))
        found[row["product"]] = (number + row[2], [*platforms, row["platform"]])
    return found


def _counts(store: Store, shown: Mapping[str, str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in store.rows(
        f"""
        SELECT r.product, {STATUS_NOW} AS now_status, count(*) FROM requests r
        WHERE r.product IN (SELECT value FROM json_each(:ids)) AND r.type IN (SELECT value FROM json_each(:types))
        GROUP BY 1, 2
        """,  # noqa: S608
        {**shown, "types": listed(assumptions.STATS_TYPES)},
    ):
        found.setdefault(row["product"], {})[row["now_status"]] = row[2]
    return found


def _stats(sources: int, counts: Mapping[str, int]) -> dict[str, int]:
    by_status = {f"{status}RequestCount": counts.get(status.upper(), 0) for status in _COUNTED}
    return {"dataSourceCount": sources, **by_status, "totalRequestCount": sum(counts.values())}


def _own_requests(store: Store, shown: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What a product says about the caller's own request, the latest one, by product."""
    found = store.rows(
        f"""
        SELECT r.product, r.id, r.expiration, {STATUS_NOW} AS now_status FROM requests r
        WHERE r.user = :user AND r.type = 'DATA_ACCESS' AND r.product IN (SELECT value FROM json_each(:ids))
        ORDER BY r.created_at, r.rowid
        """,  # noqa: S608
        shown,
    )
    return {
        row["product"]: {"status": row["now_status"], "expiration": row["expiration"], "requestId": row["id"]}
        for row in found
    }


def _publisher(row: Row, caller: Caller) -> dict[str, str]:
    return {"status": "PUBLISHER"} if row["created_by"] == caller.user else {}


def _metadata(expert: str | None, known: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    if expert is None:
        return None
    person = known.get(expert)
    names = {"username": person["username"], "name": person["name"]} if person else {}
    return {"subjectMatterExpert": {"id": expert, **names}}


# -- people ----------------------------------------------------------------------------------------------------------


def people(store: Store, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """People by global user id; those that are not known are left out."""
    found = store.rows(
        "SELECT * FROM users WHERE global_id IN (SELECT value FROM json_each(?))", (listed(sorted(ids)),)
    )
    return {row["global_id"]: person(row) for row in found}


def person(row: Row) -> dict[str, Any]:
    """A person as the API shows one (FACTS 6.1)."""
    return {
        "id": row["id"],
        "iamId": row["iam"],
        "globalUserId": row["global_id"],
        "username": row["username"],
        "name": row["name"],
        "email": row["email"],
        "authorizations": json.loads(row["authorizations"]),
    }


def _author(identity: str, known: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    return {"globalUserId": identity, "name": known[identity]["name"] if identity in known else identity}


def _authorship(row: Row, known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "createdBy": _author(row["created_by"], known),
        "createdAt": row["created_at"],
        "updatedBy": _author(row["updated_by"], known),
        "updatedAt": row["updated_at"],
    }


def _authors(store: Store, rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    return people(store, {row[column] for row in rows for column in ("created_by", "updated_by")})


# -- forms and agreements --------------------------------------------------------------------------------------------


def forms(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The forms as they are now, with the agreements as they are now (FACTS 2.3)."""
    attached: dict[str, list[dict[str, str]]] = {}
    for row in store.rows(
        """
        SELECT f.form, a.id, a.name, a.body FROM form_agreements f JOIN agreements a ON a.id = f.agreement
        WHERE f.form IN (SELECT value FROM json_each(?)) ORDER BY f.form, f.position
        """,
        (listed(row["id"] for row in rows),),
    ):
        attached.setdefault(row["form"], []).append({name: row[name] for name in ("id", "name", "body")})
    return _forms(store, rows, [attached.get(row["id"], []) for row in rows])


def form_versions(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Versions of forms, with the agreements as they were."""
    return _forms(store, rows, [json.loads(row["agreements"]) for row in rows])


def _forms(store: Store, rows: Sequence[Row], agreed: Sequence[list[dict[str, str]]]) -> list[dict[str, Any]]:
    known = _authors(store, rows)
    policies = [json.loads(row["policy"]) for row in rows]
    directory = review.Directory.of(store, policies)
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "fields": json.loads(row["fields"]),
            "policy": directory.shown(policy),
            "dataUseAgreements": attached,
            **_authorship(row, known),
            "version": row["version"],
        }
        for row, policy, attached in zip(rows, policies, agreed, strict=True)
    ]


def agreements(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The data use agreements (FACTS 2.5)."""
    known = _authors(store, rows)
    return [
        {"id": row["id"], "name": row["name"], "body": row["body"], **_authorship(row, known)} for row in rows
    ]


# -- requests --------------------------------------------------------------------------------------------------------


def requests(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Access requests; the rows are of `requests` with `now_status` and the product's name and description."""
    known = people(store, {row[column] for row in rows for column in ("user", "requesting_user")})
    return [
        {
            "id": row["id"],
            "requestingUser": known[row["requesting_user"]],
            "user": known[row["user"]],
            "formVersion": row["form_version"],
            "form": json.loads(row["form"]),
            "type": row["type"],
            "metadata": {},
            "status": row["now_status"],
            **({"expiration": row["expiration"]} if row["expiration"] else {}),
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "dataProduct": {
                "id": row["product"],
                "name": row["product_name"],
                "description": row["product_description"],
            },
        }
        for row in rows
    ]


def approval_records(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The records of requests' stages, in the order of the rows, with names of people and ids of groups."""
    known = people(store, {row["action_by"] for row in rows if row["action_by"]})
    asked = [json.loads(row["approvers"]) for row in rows]
    directory = review.Directory.among(store, [reviewer for approvers in asked for reviewer in approvers])
    return [
        {
            "id": row["id"],
            "dataAccessRequestId": row["request"],
            "approvers": [directory.reviewer(each) for each in approvers],
            "prerequisites": json.loads(row["prerequisites"]),
            **({"actionBy": known[row["action_by"]]} if row["action_by"] in known else {}),
            "status": row["status"],
            **({"reason": row["reason"]} if row["reason"] else {}),
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "approverCriteriaMet": row["criteria"]
            and [directory.reviewer(each) for each in json.loads(row["criteria"])],
            "duration": row["duration"],
            "durationUnit": row["duration_unit"],
        }
        for row, approvers in zip(rows, asked, strict=True)
    ]


UNMASKED: Final = f"""
(c.source, c.name) IN (SELECT q.source, q."column" FROM requests r JOIN request_columns q ON q.request = r.id
    WHERE r.user = :caller AND r.type = 'MASKING_EXCEPTION' AND {STATUS_NOW} = 'APPROVED')
"""  # noqa: S608
"""Whether an approved masking exception shows column `c` to `:caller` as it is, at the time `:now` (FACTS 2.6)."""


def columns(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Columns; the rows are of `columns` with the name of the source."""
    tags: dict[tuple[int, str], list[str]] = {}
    for row in store.rows(
        "SELECT * FROM applied_tags WHERE source IN (SELECT value FROM json_each(?))",
        (listed({row["source"] for row in rows}),),
    ):
        tags.setdefault((row["source"], row["column"]), []).append(row["tag"])
    return [
        {
            "name": row["name"],
            "sourceId": str(row["source"]),
            "sourceName": row["source_name"],
            "tags": tags.get((row["source"], row["name"]), []),
            "type": row["type"],
            "globalPolicyInfo": row["masking"] and {"maskingType": row["masking"]},
            "localPolicyInfo": None,
        }
        for row in rows
    ]

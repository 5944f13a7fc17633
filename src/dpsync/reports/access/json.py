"""Accesses as JSON: for machines. Its fields are a contract: added to, never repurposed; docs/cli.md says them.

Every character outside ASCII is written as an escape, as in the report of a plan. Moments are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from dpsync.model.membership import Access, Done, Listing, Product, Result
from dpsync.model.plan import Target
from dpsync.model.state import Person

FORMAT_VERSION = "1.0"


def listing(found: Listing) -> str:
    """A list of accesses as one JSON object."""
    return _written(
        {
            **_head("access list", found.target, found.product),
            "which": found.which.name.lower(),
            "expiring": found.expiring,
            "user": _person(found.person) if found.person is not None else None,
            "accesses": [_access(access) for access in found.accesses],
        }
    )


def done(what: Done) -> str:
    """What a command that writes has done, as one JSON object."""
    return _written(
        {
            **_head(f"access {what.command}", what.target, what.product),
            "results": [_result(result) for result in what.results],
        }
    )


def _head(command: str, target: Target, product: Product) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "environment": target.environment,
        "url": target.url,
        "tenant": target.tenant,
        "product": {"id": product.id, "name": product.name, "suspended": product.suspended},
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "user": _person(result.person),
        "result": result.became.value,
        "message": result.message,
        "remedy": result.remedy,
        "access": _access(result.access) if result.access is not None else None,
    }


def _access(access: Access) -> dict[str, Any]:
    return {
        "id": access.id,
        "user": _person(access.person),
        "type": access.type,
        "status": access.status,
        "since": _moment(access.since),
        "until": _moment(access.until),
        "waits_for": access.waits_for or None,
        "columns": [
            {"source_id": column.source_id, "source": column.source, "name": column.name}
            for column in access.columns
        ],
    }


def _person(person: Person) -> dict[str, Any]:
    return {"id": person.id, "username": person.username, "name": person.name, "email": person.email}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"

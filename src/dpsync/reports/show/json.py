"""The answers as JSON: for machines. Their fields are a contract, and `docs/show-json.md` documents every one of them.

Fields are added, never renamed or given another meaning; `format_version` says which they are. Every character outside
ASCII is written as an escape, so that the text is safe on any terminal and in any log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from dpsync.model.showing import (
    Determination,
    ListedAgreement,
    ListedDomain,
    ListedForm,
    ListedProduct,
    ListedSource,
    Named,
    Shown,
    ShownColumn,
    ShownProduct,
    Standing,
    Table,
    Way,
)
from dpsync.model.state import Person, Source

FORMAT_VERSION = "1.0"


def as_json(shown: Shown) -> str:
    """The answer as one JSON object, in the order of the documentation."""
    thing, held = _product(shown) if isinstance(shown, ShownProduct) else _table(shown)
    answer = {"format_version": FORMAT_VERSION, "notices": list(shown.notices), thing: held}
    return json.dumps(answer, indent=2, ensure_ascii=True) + "\n"


def _product(shown: ShownProduct) -> tuple[str, Any]:
    expert, pending = shown.expert, shown.pending
    return "product", {
        "id": shown.id,
        "name": shown.name,
        "description": shown.description,
        "domains": [_named(each) for each in shown.domains],
        "expert": (
            None if expert is None else {"id": expert.id, "username": expert.username, "name": expert.name}
        ),
        "lifecycle": _lifecycle(suspended=shown.suspended),
        "created_at": _moment(shown.created_at),
        "updated_at": _moment(shown.updated_at),
        **_standing(shown.standing),
        "members": shown.members,
        "masking_exceptions": shown.masking_exceptions,
        "pending": (
            None
            if pending is None
            else {"access": pending.access, "masking_exceptions": pending.masking_exceptions}
        ),
        "forms": None if shown.ways is None else [_way(each) for each in shown.ways],
        "sources": (
            None
            if shown.sources is None
            else [{**_source(each.source), "access": each.access} for each in shown.sources]
        ),
        "access_of": None if shown.user is None else _person(shown.user),
        "columns": None if shown.columns is None else [_column(each) for each in shown.columns],
        "determinations": (
            None if shown.determinations is None else [_determination(each) for each in shown.determinations]
        ),
    }


def _table(shown: Table) -> tuple[str, Any]:
    return shown.thing, [_ROWS[shown.thing](row) for row in shown.rows]


def _listed_product(row: ListedProduct) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "domains": [_named(each) for each in row.domains],
        "lifecycle": _lifecycle(suspended=row.suspended),
        "approved": row.approved,
        "pending": row.pending,
        "own_status": row.status,
        "own_expiration": _moment(row.expires_at),
        **_standing(row.standing),
    }


def _listed_form(row: ListedForm) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "questions": list(row.questions),
        "agreements": [_named(each) for each in row.agreements],
        "review": row.review,
        **_standing(row.standing),
    }


def _listed_agreement(row: ListedAgreement) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "body": row.body,
        "forms": [_named(each) for each in row.forms],
        **_standing(row.standing),
    }


def _listed_domain(row: ListedDomain) -> dict[str, Any]:
    return {
        "id": row.domain.id,
        "name": row.domain.name,
        "description": row.domain.description,
        "key": row.key,
    }


def _listed_source(row: ListedSource) -> dict[str, Any]:
    return _source(row.source)


_ROWS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "products": _listed_product,
    "forms": _listed_form,
    "agreements": _listed_agreement,
    "domains": _listed_domain,
    "sources": _listed_source,
}
"""What a row is written as, by what the rows are."""


def _named(one: Named) -> dict[str, Any]:
    return {"id": one.id, "name": one.name}


def _person(person: Person) -> dict[str, Any]:
    return {"id": person.id, "username": person.username, "name": person.name}


def _way(way: Way) -> dict[str, Any]:
    return {
        "request_type": way.request_type,
        "form": None if way.form is None else _named(way.form),
        "review": way.review,
        "decided_by": way.decided_by,
    }


def _source(source: Source) -> dict[str, Any]:
    path = source.path
    return {
        "id": source.id,
        "name": source.name,
        "path": str(path),
        "platform": path.platform,
        "hostname": path.hostname,
        "database": path.database,
        "schema": path.schema,
        "table": path.table,
        "prefix": path.prefix,
    }


def _column(column: ShownColumn) -> dict[str, Any]:
    return {
        "source_id": column.source_id,
        "source_name": column.source_name,
        "name": column.name,
        "type": column.type,
        "tags": list(column.tags),
        "masking": column.masking,
    }


def _determination(decision: Determination) -> dict[str, Any]:
    return {
        "request_type": decision.request_type,
        "user": _person(decision.user),
        "status": decision.status,
        "decided_by": None if decision.decided_by is None else _person(decision.decided_by),
        "decided_at": _moment(decision.decided_at),
        "expires_at": _moment(decision.expires_at),
        "reason": decision.reason,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    origin = standing.origin
    return {
        "belonging": None if standing.belonging is None else standing.belonging.value,
        "address": None if standing.address is None else str(standing.address),
        "file": None if origin is None else origin.file,
        "line": None if origin is None else origin.line or None,
    }


def _lifecycle(*, suspended: bool) -> str:
    return "suspended" if suspended else "active"


def _moment(when: datetime | None) -> str | None:
    return None if when is None else f"{when.astimezone(UTC).isoformat(timespec='seconds')[:-6]}Z"

"""A comparison as JSON: for machines. Its fields are a contract, and `docs/environments.md` documents them."""

from __future__ import annotations

import json
from typing import Any

from dpsync.model.comparison import Comparison, FieldDifference, ResourceDifference, Side
from dpsync.model.place import Origin
from dpsync.model.report import Page
from dpsync.model.resource import Resource
from dpsync.reports.values import plain

FORMAT_VERSION = "1.0"


def as_json(comparison: Comparison, _page: Page) -> str:
    """The comparison as one JSON object, in the order of the documentation."""
    answer = {
        "format_version": FORMAT_VERSION,
        "workspace": comparison.workspace,
        "left": comparison.left,
        "right": comparison.right,
        "differing": [_differing(one) for one in comparison.differing],
        "only_left": [_resource(one) for one in comparison.only_left],
        "only_right": [_resource(one) for one in comparison.only_right],
        "alike": comparison.alike,
    }
    return json.dumps(answer, indent=2, ensure_ascii=True) + "\n"


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "resource": str(resource.address),
        "name": resource.title,
        "origin": _place(resource.origin),
        "patches": [_place(one) for one in resource.patches],
    }


def _differing(difference: ResourceDifference) -> dict[str, Any]:
    return {
        "resource": str(difference.address),
        "name": difference.right.title,
        "fields": [_field(one) for one in difference.fields],
    }


def _field(field: FieldDifference) -> dict[str, Any]:
    return {"path": field.path, "left": _side(field.left), "right": _side(field.right)}


def _side(side: Side) -> dict[str, Any]:
    return {
        "managed": side.is_managed,
        "value": plain(side.value) if side.is_managed else None,
        "origin": _place(side.origin),
    }


def _place(origin: Origin | None) -> dict[str, Any] | None:
    if origin is None:
        return None
    return {"file": origin.file, "line": origin.line, "column": origin.column, "layer": origin.layer.value}

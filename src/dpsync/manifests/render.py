"""The manifests as they are in one environment: variables filled in, patches laid over them, and written out as manifests.

What comes out is valid input: read in the same environment without patches, it declares the same, and rendering it gives
the same bytes. Defaults of a Domain stay where they are, because they are no part of a product's own manifest. It looks at
documents and not at what they were understood as, so that everything stands as somebody wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dpsync.kinds import KINDS
from dpsync.manifests.origins import DocumentOrigins
from dpsync.manifests.variables import escaped
from dpsync.manifests.write import documents_text
from dpsync.model.base import Spec, groups_of, rules_of
from dpsync.model.resource import Resource


def rendered(resources: Iterable[Resource], environment: str) -> str:
    """The manifests of these resources in an environment, as YAML: what others refer to comes first, then by key."""
    ordered = sorted(resources, key=lambda one: (KINDS[one.kind].rank, one.address))
    return documents_text(escaped(_document(one, environment)) for one in ordered)


def _document(resource: Resource, environment: str) -> dict[str, Any]:
    assert isinstance(resource.origins, DocumentOrigins), "the loader makes no other"
    root: Any = resource.origins.document.root
    metadata = {
        name: root["metadata"][name] for name in ("name", "labels", "id") if root["metadata"].get(name)
    }
    ids = metadata.get("id")
    if isinstance(ids, dict):
        del metadata["id"]
        if environment in ids:
            metadata["id"] = ids[environment]
    spec = _in_order(root["spec"], KINDS[resource.kind].spec)
    return {"apiVersion": root["apiVersion"], "kind": root["kind"], "metadata": metadata, "spec": spec}


def _in_order(value: Any, model: type[Spec]) -> dict[str, Any]:
    """The fields of a group in the order in which the page about manifests has them."""
    groups = groups_of(model)
    return {
        rule.name: _in_order(value[rule.name], groups[rule.name])
        if rule.name in groups and isinstance(value[rule.name], dict)
        else value[rule.name]
        for rule in rules_of(model)
        if rule.name in value
    }

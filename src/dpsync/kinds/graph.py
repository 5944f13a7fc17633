"""The graph of what manifests declare: each resource, what it refers to, and what it says about that.

Here, on the shelf of kinds, because what a reference leads to is a kind; one kind is not told from another. People and groups
are left out: they are referred to everywhere, and none of them is a resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.kinds import KINDS
from dpsync.kinds.catalog import SOURCE_KIND
from dpsync.model.base import FieldPath, references_in
from dpsync.model.graph import Edge, Graph, Node
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import Resource


def graph_of(resources: Iterable[Resource]) -> Graph:
    """The graph of some resources, and of all that they refer to, declared or not."""
    declared = tuple(resources)
    nodes = {str(one.address): Node(one.kind, str(one.address), one.title, one.origin) for one in declared}
    by_name = {(one.kind, one.title): str(one.address) for one in declared}
    by_id = {(one.kind, one.id): str(one.address) for one in declared}
    edges: set[Edge] = set()
    for one in declared:
        for path, kind, how, text in _targets(one):
            known = {
                "key": str(Address(kind, text)),
                "name": by_name.get((kind, text)),
                "id": by_id.get((kind, text)),
            }
            target = known.get(how) or f"{kind}/{{{how}: {text}}}"
            nodes.setdefault(target, Node(kind, target, text))
            edges.add(
                Edge(str(one.address), target, ".".join(part for part in path if isinstance(part, str)))
            )
    kinds = {name: kind.noun for name, kind in KINDS.items()}
    return Graph(tuple(sorted(nodes.values(), key=lambda node: node.id)), tuple(sorted(edges)), kinds)


def _targets(one: Resource) -> Iterator[tuple[FieldPath, str, str, str]]:
    """What a resource refers to: where, the kind, how it is named, and its key, name, id, path or pattern."""
    for path, reference, refers in references_in(one.spec):
        if refers.to in KINDS:
            yield path, refers.to, reference.how, reference.text
    for entry in getattr(one.spec, "sources", ()):
        if isinstance(entry, SourceReference):
            yield ("sources",), SOURCE_KIND, entry.how, entry.text

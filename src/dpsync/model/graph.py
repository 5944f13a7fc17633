"""Resources and what they refer to, as nodes and edges: what `graph` draws.

Values only, in order. It must never be used to decide what is applied first; that is `planner/waves.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dpsync.model.place import Origin


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A resource, or something that manifests only refer to: then it has no `origin`, and its id says how it is named."""

    kind: str
    id: str
    title: str
    origin: Origin | None = None

    @property
    def is_declared(self) -> bool:
        return self.origin is not None


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One resource refers to another, in a field."""

    source: str
    target: str
    field: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, each sorted. `kinds` are the names of kinds in their order, each with what people call it."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    kinds: Mapping[str, str]

    def around(self, middle: Iterable[str], depth: int) -> Graph:
        """The part that is at most so many steps away from some nodes, in either direction."""
        near: dict[str, set[str]] = {}
        for edge in self.edges:
            near.setdefault(edge.source, set()).add(edge.target)
            near.setdefault(edge.target, set()).add(edge.source)
        reached = set(middle)
        edge_of_it = set(reached)
        for _ in range(depth):
            edge_of_it = {other for one in edge_of_it for other in near.get(one, ())} - reached
            reached |= edge_of_it
        return Graph(
            tuple(node for node in self.nodes if node.id in reached),
            tuple(edge for edge in self.edges if edge.source in reached and edge.target in reached),
            self.kinds,
        )

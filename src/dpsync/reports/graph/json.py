"""A graph for machines. Names of fields are a contract: added to, never repurposed."""

from __future__ import annotations

import json

from dpsync.model.graph import Graph

FORMAT_VERSION = "1.0"


def render(graph: Graph) -> str:
    """The graph as JSON: its nodes with their places, and its edges."""
    nodes = [
        {
            "id": node.id,
            "kind": node.kind,
            "title": node.title,
            "declared": node.is_declared,
            "file": node.origin.file if node.origin else None,
            "line": node.origin.line if node.origin else None,
        }
        for node in graph.nodes
    ]
    edges = [{"from": edge.source, "to": edge.target, "field": edge.field} for edge in graph.edges]
    return (
        json.dumps(
            {"format_version": FORMAT_VERSION, "nodes": nodes, "edges": edges}, indent=2, ensure_ascii=False
        )
        + "\n"
    )

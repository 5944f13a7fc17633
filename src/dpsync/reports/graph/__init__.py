"""Graphs as text: one format, one file: `render(graph) -> str`.

Texts in a graph come from manifests, so each format escapes them in its own way, at the last moment. It must never be used for
plans; those are reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dpsync.model.graph import Graph
from dpsync.reports.graph import dot, json, mermaid

FORMATS: Mapping[str, Callable[[Graph], str]] = {
    "mermaid": mermaid.render,
    "dot": dot.render,
    "json": json.render,
}
"""Every format by its name."""

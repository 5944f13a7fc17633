"""A graph as a flowchart of Mermaid, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

import re

from dpsync.model.graph import Graph
from dpsync.reports.graph.dot import COLOURS
from dpsync.reports.layout import visible

_PLAIN = re.compile(r"[^\w .,/-]")


def render(graph: Graph) -> str:
    """The graph as a flowchart. What no manifest declares is dashed."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes, 1)}
    classes = {kind: f"k{number}" for number, kind in enumerate(graph.kinds, 1)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        label = f"{_escaped(node.title)}<br/>{_escaped(graph.kinds.get(node.kind, node.kind))}"
        lines.append(f'  {names[node.id]}["{label}"]')
    lines += [
        f'  {names[edge.source]} -->|"{_escaped(edge.field)}"| {names[edge.target]}' for edge in graph.edges
    ]
    for (kind, name), colour in zip(classes.items(), COLOURS, strict=False):
        members = [names[node.id] for node in graph.nodes if node.kind == kind]
        if members:
            lines += [
                f"  classDef {name} fill:{colour},stroke:#374151,color:#111827",
                f"  class {','.join(members)} {name}",
            ]
    undeclared = [names[node.id] for node in graph.nodes if not node.is_declared]
    if undeclared:
        lines += ["  classDef undeclared stroke-dasharray:4", f"  class {','.join(undeclared)} undeclared"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """A text within double quotes: every sign that may mean something to Mermaid or HTML by its number."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", visible(text))

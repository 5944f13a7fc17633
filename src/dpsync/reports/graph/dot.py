"""A graph in the language of Graphviz."""

from __future__ import annotations

from dpsync.model.graph import Graph
from dpsync.reports.layout import visible

COLOURS = ("#dbeafe", "#fef3c7", "#fce7f3", "#dcfce7", "#f3f4f6")
"""One for each kind, in their order."""


def render(graph: Graph) -> str:
    """The graph for `dot`. What no manifest declares is dashed."""
    colours = dict(zip(graph.kinds, COLOURS, strict=False))
    lines = ["digraph dpsync {", "  rankdir=LR;", '  node [shape=box, style="filled"];']
    for node in graph.nodes:
        style = "filled" if node.is_declared else "filled,dashed"
        label = f"{_escaped(node.title)}\\n{_escaped(graph.kinds.get(node.kind, node.kind))}"
        lines.append(
            f'  {_quoted(node.id)} [label="{label}", style="{style}", fillcolor="{colours.get(node.kind, "white")}"];'
        )
    lines += [
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [label={_quoted(edge.field)}];"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """A text within double quotes, in which no escape of Graphviz means anything."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')

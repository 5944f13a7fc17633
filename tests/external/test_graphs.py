"""Graphs with hostile names, read by the real parsers of their formats."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from dpsync.model.graph import Edge, Graph, Node
from dpsync.model.place import Origin
from dpsync.reports.graph import FORMATS

pytestmark = pytest.mark.external

HOSTILE = (
    'quote " and \\" backslash \\', "\\N \\G \\L", "new\nline", "<b>bold</b>", "a]b}c)d|e", "-->", "end", "graph TD; x-->y",
    "%% comment", "#quot; #35;", "`code`", "Umsätze 販売 😀", "a;b", "click n1 callback", "subgraph", "{{x}}", "&amp; & <", "\x1b[31m", "",
)  # fmt: skip
ORIGIN = Origin("a.yaml", 1, 1)
NODES = tuple(Node("DataProduct", f"DataProduct/{text}", text, ORIGIN) for text in HOSTILE)
EDGES = tuple(Edge(one.id, other.id, "requestForms.dataAccess") for one, other in itertools.pairwise(NODES))
GRAPH = Graph(NODES, EDGES, {"DataProduct": "data product"})


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


READ = """
import json, sys, pydot
(graph,) = pydot.graph_from_dot_file(sys.argv[1], encoding="utf-8")
names = [node.get_name() for node in graph.get_nodes() if node.get_name() != "node"]
print(json.dumps([len(names), len(set(names)), [[edge.get_source(), edge.get_destination()] for edge in graph.get_edges()]]))
"""


def test_a_parser_of_dot_reads_every_name(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "pydot", cwd=tmp_path)
    (tmp_path / "graph.dot").write_text(FORMATS["dot"](GRAPH), encoding="utf-8")
    count, different, edges = json.loads(run(python, "-c", READ, tmp_path / "graph.dot", cwd=tmp_path))
    assert (count, different, len(edges)) == (len(NODES), len(NODES), len(EDGES))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_every_name(tmp_path: Path) -> None:
    (tmp_path / "graph.dot").write_text(FORMATS["dot"](GRAPH), encoding="utf-8")
    drawn = json.loads(run("dot", "-Tjson0", tmp_path / "graph.dot", cwd=tmp_path))
    assert len(drawn["objects"]) == len(NODES)
    assert len(drawn["edges"]) == len(EDGES)


PARSE = """
import { JSDOM } from "jsdom";
import fs from "node:fs";
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document, Element: window.Element });
const { default: mermaid } = await import("mermaid");
const text = fs.readFileSync(process.argv[2], "utf8");
await mermaid.parse(text);
const diagram = await mermaid.mermaidAPI.getDiagramFromText(text);
console.log(JSON.stringify([diagram.db.getVertices().size, diagram.db.getEdges().length]));
"""


@pytest.mark.skipif(shutil.which("npm") is None, reason="mermaid is installed with npm")
def test_mermaid_reads_every_name(tmp_path: Path) -> None:
    packages = ("mermaid@11", "jsdom@24")
    run(
        "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tmp_path, *packages, cwd=tmp_path
    )
    (tmp_path / "graph.mmd").write_text(FORMATS["mermaid"](GRAPH), encoding="utf-8")
    (tmp_path / "parse.mjs").write_text(PARSE, encoding="utf-8")
    said = run("node", tmp_path / "parse.mjs", tmp_path / "graph.mmd", cwd=tmp_path)
    assert json.loads(said.splitlines()[-1]) == [len(NODES), len(EDGES)]

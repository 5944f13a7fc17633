"""`dpsync graph`: the whole, a neighbourhood, and names that mean something to the formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from telling import WORKSPACE, forget_the_surroundings

MANIFESTS = """\
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, defaults: {requestForm: strict}}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}
spec: {name: Strict, fields: [], reviewFlow: {decision: deny}, agreements: [{name: 'Terms "2026"; <b>`'}]}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: orders}
spec: {name: Orders, domain: sales, requestForm: strict, sources: [table: 'A.B."C\\N"', match: {table: "F*"}]}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: returns}
spec: {name: Returns, domain: {name: Sales}, requestForm: {name: By hand}, sources: []}
"""
MERMAID = """\
flowchart LR
  n1["Orders<br/>data product"]
  n2["table F#42;<br/>data source"]
  n3["A.B.C#92;N<br/>data source"]
  n4["Terms #34;2026#34;#59; #60;b#62;#96;<br/>data use agreement"]
  n5["Sales<br/>domain"]
  n6["Strict<br/>request form"]
  n1 -->|"sources"| n2
  n1 -->|"sources"| n3
  n1 -->|"domain"| n5
  n1 -->|"requestForms.dataAccess"| n6
  n1 -->|"requestForms.maskingException"| n6
  n5 -->|"defaults.requestForms.dataAccess"| n6
  n5 -->|"defaults.requestForms.maskingException"| n6
  n6 -->|"agreements"| n4
  classDef k1 fill:#dbeafe,stroke:#374151,color:#111827
  class n1 k1
  classDef k2 fill:#fef3c7,stroke:#374151,color:#111827
  class n6 k2
  classDef k3 fill:#fce7f3,stroke:#374151,color:#111827
  class n4 k3
  classDef k4 fill:#dcfce7,stroke:#374151,color:#111827
  class n5 k4
  classDef k5 fill:#f3f4f6,stroke:#374151,color:#111827
  class n2,n3 k5
  classDef undeclared stroke-dasharray:4
  class n2,n3,n4 undeclared
"""


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE)
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "all.yaml").write_text(MANIFESTS)


def answered(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(dpsync, ["graph", *arguments], prog_name="dpsync")
    return result.exit_code, result.stdout, result.stderr


def nodes(*arguments: str) -> list[str]:
    code, said, complained = answered("--format", "json", *arguments)
    assert (code, complained) == (0, "")
    return [node["id"] for node in json.loads(said)["nodes"]]


def test_a_flowchart_says_what_refers_to_what_and_escapes_hostile_names() -> None:
    (products,) = Path().glob("products/all.yaml")
    products.write_text(MANIFESTS.rpartition("---\n")[0])
    assert answered() == (0, MERMAID, "")


def test_a_neighbourhood_of_no_steps_is_the_thing_itself() -> None:
    code, said, _ = answered("--of", "orders", "--depth", "0")
    assert (code, said.splitlines()[:2]) == (0, ["flowchart LR", '  n1["Orders<br/>data product"]'])


def test_a_neighbourhood_goes_in_both_directions_as_far_as_it_is_asked_to() -> None:
    agreement = 'DataUseAgreement/{name: Terms "2026"; <b>`}'
    assert nodes("--of", "strict") == ["DataProduct/orders", agreement, "Domain/sales", "RequestForm/strict"]
    assert nodes("--of", "strict", "--depth", "0") == ["RequestForm/strict"]
    assert "DataProduct/returns" in nodes("--of", "RequestForm/strict", "--depth", "2")
    assert len(nodes()) == 8


def test_what_is_referred_to_by_its_name_is_what_a_manifest_declares() -> None:
    _, said, _ = answered("--format", "json")
    graph = json.loads(said)
    assert {"from": "DataProduct/returns", "to": "Domain/sales", "field": "domain"} in graph["edges"]
    by_hand = next(node for node in graph["nodes"] if node["title"] == "By hand")
    assert by_hand == {
        "id": "RequestForm/{name: By hand}", "kind": "RequestForm", "title": "By hand", "declared": False, "file": None,
        "line": None,
    }  # fmt: skip
    assert graph["format_version"] == "1.0"
    assert next(node for node in graph["nodes"] if node["id"] == "RequestForm/strict")["line"] == 6


def test_a_file_for_graphviz_quotes_what_means_something_there() -> None:
    code, said, _ = answered("--format", "dot")
    assert code == 0
    assert said.startswith("digraph dpsync {\n")
    assert r'label="A.B.C\\N\ndata source"' in said
    assert r'label="Terms \"2026\"; <b>`\ndata use agreement"' in said


def test_a_key_that_nothing_has_names_the_closest() -> None:
    code, said, complained = answered("--of", "order")
    assert (code, said) == (1, "")
    assert "No manifest declares 'order'." in complained
    assert "Did you mean 'orders'?" in complained

"""`dpsync rename` in a workspace that was applied: the live objects stay, and a plan has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from telling import WORKSPACE, WORKSPACE_ID, forget_the_surroundings, run

MANIFESTS = """\
# Who decides, and about what.
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}             # the key
spec:
  name: Strict Form
  fields: [{key: why, type: SHORT_ANSWER, label: Why?}]
  reviewFlow: {decision: approve, comment: Open to everybody.}
---
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, defaults: {requestForm: strict}}
---
apiVersion: dpsync/v1beta1
kind: DataSource
metadata: {name: orders}
spec: {domain: sales, database: ANALYTICS, schema: SALES, table: ORDERS}
"""
PRODUCT = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata:
  name: orders
spec:
  name: Orders of Everything
  description: Every order, one row each.
  domain: sales
  subjectMatterExpert: jane.doe
  sources:
    - orders   # the table
"""
NO_CHANGES = "No changes. The marketplace matches the manifests."


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that was applied."""
    forget_the_surroundings(monkeypatch)
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE)
    products = tmp_path / "products"
    products.mkdir()
    (products / "shared.yaml").write_text(MANIFESTS)
    (products / "orders.yaml").write_text(PRODUCT)
    said = run(tmp_path, "apply --auto-approve")
    assert said[-1] == "[exit 0]", "\n".join(said)
    return tmp_path


def test_after_every_rename_a_plan_has_nothing_to_do(workspace: Path) -> None:
    for old, new in (
        ("DataProduct/orders", "all-orders"),
        ("RequestForm/strict", "careful"),
        ("Domain/sales", "emea"),
        ("DataSource/orders", "order-table"),
        ("DataProduct/all-orders", "orders"),
    ):
        assert run(workspace, f"rename {old} {new}")[-1] == "[exit 0]"
        said = run(workspace, "plan --detailed-exitcode")
        assert said[-1] == "[exit 0]", "\n".join(said)
        assert NO_CHANGES in said
    text = (workspace / "products" / "orders.yaml").read_text()
    assert "    - order-table  # the table\n" in text
    assert text.count("id: ") == 1


def test_each_line_that_changed_is_told(workspace: Path) -> None:
    from dpsync.model.identity import computed_id

    live_id = computed_id(WORKSPACE_ID, "RequestForm", "strict")
    assert run(workspace, "rename RequestForm/strict careful") == [
        f"products/shared.yaml:4: metadata: {{name: careful, id: {live_id}}}             # the key",
        "products/shared.yaml:13: spec: {name: Sales, defaults: {requestForm: careful}}",
        f"Renamed RequestForm/strict to RequestForm/careful. Its id stays {live_id}.",
        "[exit 0]",
    ]


def test_a_rename_needs_no_token_and_no_marketplace(workspace: Path) -> None:
    url = 'url: "https://na.api.immutacloud.com/marketplace"'
    text = WORKSPACE.replace('url: "sandbox:"', url).replace("id: example-story-0000", "id: story-0000-real")
    (workspace / "dpsync.yaml").write_text(text)
    assert run(workspace, "rename Domain/sales emea")[-2:] == [
        "Renamed Domain/sales to Domain/emea.",
        "[exit 0]",
    ]


def test_a_rename_in_manifests_that_are_not_valid_says_what_is_wrong(workspace: Path) -> None:
    (workspace / "products" / "orders.yaml").write_text(PRODUCT.replace("description", "descripton"))
    before = (workspace / "products" / "shared.yaml").read_text()
    said = run(workspace, "rename RequestForm/strict careful")
    assert said[-1] == "[exit 1]"
    assert any("Did you mean `description`?" in line for line in said)
    assert (workspace / "products" / "shared.yaml").read_text() == before


def test_a_rename_of_what_is_not_there_names_what_is_near(workspace: Path) -> None:
    assert run(workspace, "rename DataProduct/order all-orders") == [
        "stderr: Error: No manifest declares DataProduct/order.",
        "stderr:        Did you mean `DataProduct/orders`? The key is `metadata.name`, not what consumers read.",
        "[exit 1]",
    ]

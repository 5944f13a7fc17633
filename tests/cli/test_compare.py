"""`plan --compare` and `plan --offline`: what they do not do is refused, and never left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from telling import forget_the_surroundings, run

WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: sides, id: example-sides-0000}
spec:
  manifests: [products]
  environments:
    dev: {url: "sandbox:"}
    prod: {url: "sandbox:"}
"""
PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: orders}
spec:
  name: Orders
  domain: Sales
  requestForm: {name: Standard Request Form}
  sources: [{table: ANALYTICS.SALES.ORDERS}]
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_surroundings(monkeypatch)
    (tmp_path / "products").mkdir()
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (tmp_path / "products" / "orders.yaml").write_text(PRODUCT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "option",
    [
        "--out plan.json",
        "--expect-plan sha256:0000",
        "--unmanaged",
        "--calls",
        "--fail-on descriptive",
        "--offline",
        "--base main",
        "--only declared",
        "--show-members",
        "--allow source-removal:DataProduct/x",
        "--changed-since main",
        "--target x",
        "--exclude x",
        "--select team=sales",
    ],
)
def test_a_comparison_refuses_what_only_a_plan_has(workspace: Path, option: str) -> None:
    said = run(workspace, f"plan --compare dev prod {option}")
    name = option.split(maxsplit=1)[0]
    assert said[-1] == "[exit 1]"
    assert f"{name} is about a plan, and with --compare there is none" in " ".join(said)
    assert f"Leave {name} or --compare out." in " ".join(said)


def test_a_comparison_alone_is_made(workspace: Path) -> None:
    assert run(workspace, "plan --compare dev prod --detailed-exitcode")[-1] == "[exit 0]"


@pytest.mark.parametrize("mode", ["--compare dev prod", "--env dev --base main --offline"])
def test_a_variable_that_is_in_the_way_is_named(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("DPSYNC_FAIL_ON", "descriptive")
    said = " ".join(run(workspace, f"plan {mode}"))
    assert "--fail-on is about a plan" in said
    assert "It is set by the variable DPSYNC_FAIL_ON." in said

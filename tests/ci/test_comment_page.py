"""The comment that the docs show, made of a few edits of the examples. DPSYNC_GOLDEN=write writes it anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from telling import forget_the_surroundings, told_as_expected

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "comment.md"

EDITS = {
    "sales/orders.yaml": [
        ("  name: Orders and Returns", "  name: Orders"),
        ("Refreshed hourly.", "Refreshed every ten minutes."),
    ],
    "sales/targets.yaml": [("ANALYTICS.SALES.SALES_REPS", "ANALYTICS.SALES.SALES_REP")],
    "reference-data/lists.yaml": [("    - table: ANALYTICS.REFERENCE.INDUSTRIES\n", "")],
}
OWNERS = "  owners: [{name: sales-eng, paths: [products/sales/]}, {name: platform, paths: [products/]}]\n"
MEMBERS = ("sofia.rossi", "lena.fischer", "sam.taylor")


def run(workspace: Path, *words: str) -> int:
    environment = {"DPSYNC_ENV": "sandbox", "DPSYNC_WORKSPACE": str(workspace)}
    return CliRunner().invoke(dpsync, words, prog_name="dpsync", env=environment).exit_code


def test_the_comment_in_the_docs_is_made_of_the_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_surroundings(monkeypatch)
    workspace = tmp_path / "acme"
    shutil.copytree(
        ROOT / "examples", workspace, ignore=shutil.ignore_patterns(".dpsync", "__pycache__", "ci")
    )
    settings = workspace / "dpsync.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("  guardrails:", f"{OWNERS}  guardrails:"),
        encoding="utf-8",
    )
    assert run(workspace, "apply", "--auto-approve") == 0
    members = [word for name in MEMBERS for word in ("--user", name)]
    assert run(workspace, "access", "request", "reference-lists", *members, "--yes", "--on-behalf-of") == 0
    for file, edits in EDITS.items():
        place = workspace / "products" / file
        text = place.read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        place.write_text(text, encoding="utf-8")
    (workspace / "products" / "sales" / "export-v1.yaml").unlink()
    report = tmp_path / "plan.md"
    run(workspace, "plan", "--report", f"markdown={report}")
    told_as_expected(PAGE, report.read_text(encoding="utf-8"))

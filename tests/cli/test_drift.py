"""`dpsync drift`: what is live against what was committed, whatever the work tree has by now."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dpsync.sandbox.files import opened_store
from manifests.repositories import Repository
from telling import WORKSPACE, by_hand, forget_the_surroundings, run

PRODUCT = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: {key}}}
spec:
  name: {name}
  description: As agreed.
  domain: Sales
  requestForm: {{name: Standard Request Form}}
  sources: [{{table: ANALYTICS.SALES.{table}}}]
"""
ORDERS = PRODUCT.format(key="orders", name="Drift Orders", table="ORDERS")
RETURNS = PRODUCT.format(key="returns", name="Drift Returns", table="RETURNS")

TERMS = """\
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: terms}
spec: {name: Drift Terms, body: Be careful.}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A workspace that is committed and applied."""
    forget_the_surroundings(monkeypatch)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    made = Repository.new(tmp_path / "repository")
    (made.root / ".gitignore").write_text(".dpsync/\n")
    made.commit(dpsync=WORKSPACE, products__orders=ORDERS)
    applies(made)
    return made


def applies(repository: Repository) -> None:
    said = run(repository.root, "apply --auto-approve")
    assert said[-1] == "[exit 0]", "\n".join(said)


def changes(repository: Repository, options: str = "") -> tuple[dict[str, list[str]], str]:
    """The changed fields by title, as the JSON report has them, and the exit code."""
    *said, code = run(repository.root, f"drift --json {options}")
    report = json.loads("\n".join(line for line in said if not line.startswith("stderr: ")))
    assert report["command"] == "drift"
    found = {one["title"]: [field["path"] for field in one["fields"]] for one in report["changes"]}
    return found, code


def edit(repository: Repository, body: str) -> None:
    by_hand(repository.root, "PUT /api/data-product/{DataProduct/orders}", body)


def test_nothing_has_drifted_after_an_apply(repository: Repository) -> None:
    assert changes(repository) == ({}, "[exit 0]")


def test_what_the_work_tree_has_and_nobody_committed_is_no_drift(repository: Repository) -> None:
    repository.write(
        products__orders=ORDERS.replace("As agreed.", "Not committed."), products__returns=RETURNS
    )
    assert changes(repository) == ({}, "[exit 0]")


def test_a_hand_edit_is_drift_also_where_the_work_tree_wants_it(repository: Repository) -> None:
    edit(repository, '{"description": "By hand."}')
    repository.write(products__orders=ORDERS.replace("As agreed.", "By hand."))
    assert changes(repository) == ({"Drift Orders": ["description"]}, "[exit 2]")
    said = run(repository.root, "drift")
    commit = repository.git("rev-parse", "HEAD")[:12]
    assert said[0] == "Drift in sandbox (workspace story, tenant acme)"
    told = " ".join(" ".join(said).split())
    assert f"Compared with the manifests at {commit}, the commit that is checked out." in told


def test_what_is_missing_and_what_is_left_over_are_drift(repository: Repository) -> None:
    repository.write(products__returns=RETURNS)
    applies(repository)
    by_hand(repository.root, "DELETE /api/data-product/{DataProduct/orders}", None)
    found, code = changes(repository)
    assert set(found) == {"Drift Orders", "Drift Returns"}
    assert code == "[exit 2]"


def test_the_base_is_where_the_branch_left_the_other(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "topic")
    repository.commit(products__orders=ORDERS.replace("As agreed.", "Agreed anew."))
    assert changes(repository) == ({"Drift Orders": ["description"]}, "[exit 2]")
    assert changes(repository, "--base main") == ({}, "[exit 0]")


def test_manifests_of_a_commit_that_are_not_valid_are_named_as_they_were_asked_for(
    repository: Repository,
) -> None:
    repository.commit(products__orders="kind: DataProduct\nmetadata: {name: orders\n")
    commit = repository.git("rev-parse", "HEAD")[:12]
    for options, name in (("", "HEAD"), (" --base main", "main")):
        said = run(repository.root, f"drift{options}")
        assert said[0].startswith(f"stderr: Error: The manifests at {name} ({commit}) are not valid,")
        assert said[-1] == "[exit 1]"


def test_a_revision_that_git_does_not_know_is_said(repository: Repository) -> None:
    assert run(repository.root, "drift --base mian") == [
        "stderr: Error: Git knows no revision 'mian'.",
        "stderr:        `git fetch origin` brings what others have pushed; `git branch --all` lists what is there.",
        "[exit 1]",
    ]


def test_a_revision_without_manifests_is_no_base(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "other").mkdir()
    other = Repository.new(tmp_path / "other" / "repository")
    first = other.commit()
    other.commit(dpsync=WORKSPACE, products__orders=ORDERS)
    del repository
    said = run(other.root, f"drift --base {first}")
    assert said[-1] == "[exit 1]"
    assert f"The workspace has no manifests at {first}" in said[0]


def test_manifests_that_are_not_valid_at_the_base_are_said(repository: Repository) -> None:
    repository.commit(products__orders=ORDERS.replace("description", "descripton"))
    repository.write(products__orders=ORDERS)
    said = " ".join(run(repository.root, "drift"))
    assert "[exit 1]" in said
    assert "products/orders.yaml:6:3 `descripton` is not a field of spec." in said


def test_without_git_the_manifests_at_hand_are_the_agreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_surroundings(monkeypatch)
    (tmp_path / "products").mkdir()
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE)
    (tmp_path / "products" / "orders.yaml").write_text(ORDERS)
    said = run(tmp_path, "drift")
    assert said[-1] == "[exit 2]"
    assert any("Compared with the manifests at hand" in line for line in said)


def test_a_token_that_may_only_read_sees_the_drift_and_no_complaint(repository: Repository) -> None:
    repository.commit(products__terms=TERMS)
    applies(repository)
    (repository.root / "products" / "orders.yaml").unlink()
    repository.commit()
    applies(repository)
    by_hand(repository.root, "PUT /api/data-use-agreement/{DataUseAgreement/terms}", '{"body": "By hand."}')
    with opened_store(repository.root / ".dpsync" / "sandbox.db") as store:
        person = store.value("SELECT global_id FROM users WHERE username = ?", ("tom.becker",))
        store.rows("UPDATE tokens SET user = ? WHERE token = 'sandbox'", (person,))
    assert any("no-permission" in line for line in run(repository.root, "plan"))
    said = run(repository.root, "drift")
    assert said[-1] == "[exit 2]", "\n".join(said)
    assert not any("no-permission" in line for line in said)
    assert any('body: "By hand." → "Be careful."' in line for line in said), "\n".join(said)


def test_a_source_that_is_gone_is_told_with_its_reason(repository: Repository) -> None:
    repository.commit(products__orders=ORDERS.replace("SALES.ORDERS", "SALES.ODRERS"))
    said = run(repository.root, "drift")
    assert said[-1] == "[exit 2]"
    assert any("unresolved-source" in line for line in said)

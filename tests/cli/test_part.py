"""Plans of a part on the command line: from review to apply, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manifests.repositories import Repository
from telling import forget_the_surroundings, run

WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: parts, id: example-parts-0000}
spec:
  manifests: [products]
  environments:
    sandbox: {url: "%s", prune: true}
"""
PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: %s}
spec:
  name: %s
  description: %s
  subjectMatterExpert: jane.doe
  domain: Sales
  requestForm: {name: Standard Request Form}
  sources: [{table: ANALYTICS.SALES.ORDERS}]
"""


def product(key: str, description: str = "Told.") -> str:
    return PRODUCT % (key, f"The {key}", description)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Two products, applied and committed to `main`; checked out is the branch `work`, in which one is told anew."""
    forget_the_surroundings(monkeypatch)
    made = Repository.new(tmp_path / "workspace")
    (made.root / ".gitignore").write_text(".dpsync/\n", encoding="utf-8")
    (made.root / "dpsync.yaml").write_text(WORKSPACE % "sandbox:", encoding="utf-8")
    made.commit(products__a=product("a"), products__b=product("b"))
    assert run(made.root, "apply --auto-approve")[-1] == "[exit 0]"
    made.git("switch", "--quiet", "--create", "work")
    made.commit(products__a=product("a", "Told anew."))
    return made


def report(repository: Repository, command: str) -> dict[str, object]:
    file = repository.root / "report.json"
    run(repository.root, f"{command} --report json={file}")
    found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return found


def test_what_was_reviewed_is_planned_again_and_nothing_is_made(repository: Repository) -> None:
    assert run(repository.root, "plan --changed-since main --out {workspace}/plan.json")[-1] == "[exit 0]"
    assert run(repository.root, "plan --expect-plan {workspace}/plan.json")[-1] == "[exit 0]"
    repository.commit(products__a=product("a", "Something else."), products__b=product("b", "Else, too."))
    said = run(repository.root, "plan --expect-plan {workspace}/plan.json")
    assert said[-1] == "[exit 4]"
    assert "Not reviewed, and left: 1 change" in said  # b is not what the file is about
    repository.commit(products__a=product("a"), products__b=product("b"))
    said = run(repository.root, "plan --expect-plan {workspace}/plan.json")
    assert said[-1] == "[exit 4]"  # reviewed, and not asked for any more
    assert any("not-asked-for" in line for line in said)


def test_a_digest_is_that_of_the_same_part(repository: Repository) -> None:
    digest = report(repository, "plan --changed-since main")["fingerprint"]
    repository.commit(products__b=product("b", "Else."))
    assert run(repository.root, f"plan --expect-plan {digest}")[-1] == "[exit 4]"
    assert run(repository.root, f"plan --expect-plan {digest} --target a")[-1] == "[exit 0]"
    assert run(repository.root, f"apply --expect-plan {digest} --target a --auto-approve")[-1] == "[exit 0]"


def test_apply_with_a_file_needs_no_history(repository: Repository) -> None:
    run(repository.root, "plan --changed-since main --out {workspace}/plan.json")
    (repository.root / ".git").rename(repository.root / "gone")
    said = run(repository.root, "apply --expect-plan {workspace}/plan.json --auto-approve")
    assert said[-1] == "[exit 0]"
    assert "Apply complete: 0 created, 1 updated, 0 deleted. Partial plan." in said
    said = run(repository.root, "apply {workspace}/plan.json --auto-approve")
    assert "Reviewed, and nothing is left to do there: DataProduct/a." in said
    assert said[-1] == "[exit 0]"


def test_a_file_is_trusted_for_its_part(repository: Repository) -> None:
    run(repository.root, "plan --changed-since main --out {workspace}/plan.json")
    said = run(repository.root, "apply {workspace}/plan.json --trust-plan --auto-approve")
    assert said[-1] == "[exit 0]"
    assert "Apply complete: 0 created, 1 updated, 0 deleted. Partial plan." in said


@pytest.mark.parametrize(
    "command",
    [
        "apply {workspace}/plan.json --target a",
        "apply {workspace}/plan.json --trust-plan --select team",
        "apply --expect-plan {workspace}/plan.json --exclude b",
        "plan --expect-plan {workspace}/plan.json --changed-since main",
    ],
)
def test_a_file_says_itself_what_it_is_about(command: str, repository: Repository) -> None:
    run(repository.root, "plan --changed-since main --out {workspace}/plan.json")
    said = run(repository.root, command)
    assert said[-1] == "[exit 1]"
    assert any("A saved plan is applied to what it is about" in line for line in said)


def test_where_nothing_changed_nobody_is_asked_and_no_token_is_needed(repository: Repository) -> None:
    repository.write(products__a=product("a"))
    repository.git("mv", "products/b.yaml", "products/renamed.yaml")
    (repository.root / "dpsync.yaml").write_text(
        WORKSPACE % "http://127.0.0.1:1/marketplace", encoding="utf-8"
    )
    said = run(repository.root, "plan --changed-since main --detailed-exitcode")
    assert "No changes. There is nothing to plan. Partial plan." in said
    assert any("dpsync.yaml is not what it was at" in line for line in said)
    assert said[-1] == "[exit 0]"
    assert run(repository.root, "apply --changed-since main")[-1] == "[exit 0]"
    assert run(repository.root, "plan --target a")[-1] != "[exit 0]"


def test_names_come_from_variables_too(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPSYNC_TARGET", "a b")
    monkeypatch.setenv("DPSYNC_EXCLUDE", "DataProduct/a")
    partial = report(repository, "plan")["partial"]
    assert isinstance(partial, dict)
    assert (partial["targets"], partial["excludes"], partial["covered"]) == (["a", "b"], ["DataProduct/a"], 1)
    monkeypatch.setenv("DPSYNC_CHANGED_SINCE", "main")
    partial = report(repository, "plan")["partial"]
    assert isinstance(partial, dict)
    assert (partial["covered"], partial["since"]) == (0, "main")


def test_a_part_with_full_impact_knows_everything(repository: Repository) -> None:
    summary = report(repository, "plan --changed-since main --impact full")["summary"]
    assert isinstance(summary, dict)
    assert summary["owned"] == 2
    summary = report(repository, "plan --changed-since main")["summary"]
    assert isinstance(summary, dict)
    assert summary["owned"] is summary["unmanaged"] is None


def test_a_shallow_clone_is_told_how_to_become_whole(repository: Repository, tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), ".")
    said = run(clone.root, "plan --changed-since origin/main")
    assert any("`fetch-depth: 0`" in line for line in said)
    assert said[-1] == "[exit 1]"

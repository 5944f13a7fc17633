"""The example workflows, run here from the pull request to drift: a real repository, a served sandbox, a stand-in of GitHub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ci.runner import ROOT, Run
from cli.served import announced, command
from dpsync.model.identity import computed_id
from hosts.standins import TOKEN, Answer, GitHub, serving

WORKFLOWS = ROOT / "examples" / "ci" / "github"
WORKSPACE_ID = "example-pipeline-0000"
WORKSPACE = f"""apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {{name: acme, id: {WORKSPACE_ID}}}
spec:
  manifests: [products]
  owners: [{{name: sales-eng, paths: [products/**]}}]
  environments:
    production: {{url: "%s", prune: true}}
"""
ORDERS = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: orders}
spec:
  name: Orders
  description: %s
  domain: Sales
  subjectMatterExpert: jane.doe@acme.example
  requestForm: {name: Standard Request Form}
  sources: [{table: ANALYTICS.SALES.ORDERS}]
"""
GH = """#!/usr/bin/env bash
set -euo pipefail
[ "$1" = api ]
exec curl --silent --fail --header "Authorization: Bearer $GH_TOKEN" "$GITHUB_API_URL/$2"
"""

PLANNED = {"relevant": "success", "plan": "success", "comment": "success", "fork": "skipped"}

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "git", "curl"))), reason="runs shell, Git and curl"
)


@dataclass
class Hosted(GitHub):
    """The stand-in, with what `gh api` is asked for: merged pull requests, and runs of a workflow."""

    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> Answer:
        parts = path.removeprefix("/repos/acme/data/").split("/")
        if parts[0] == "commits":
            assert headers["authorization"] == f"Bearer {TOKEN}"
            return 200, self.pulls.get(parts[1], [])
        if parts == ["pulls", "17", "files"]:
            start = 100 * (int(query["page"]) - 1)
            return 200, self.files[start : start + 100]
        if parts[:3] == ["actions", "workflows", "dpsync-plan.yml"]:
            assert headers["authorization"] == f"Bearer {TOKEN}"
            return 200, {"workflow_runs": [one for one in self.runs if one["head_sha"] == query["head_sha"]]}
        if parts[:2] == ["actions", "runs"] and parts[3:] == ["jobs"]:
            return 200, {"jobs": self.jobs[parts[2]]}
        return super().answer(method, path, query, body, headers)


@dataclass
class Team:
    """A repository with a remote, the marketplace that it is about, and the host that shows its pull requests."""

    folder: Path
    url: str
    host: Hosted
    number: int = 0

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def git(self, *arguments: str) -> str:
        who = {
            f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in _SOMEBODY.items()
        }
        surroundings = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.clone,
            env=surroundings | who,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, file: str, text: str, message: str) -> str:
        """A commit on the branch at hand; answers its name."""
        place = self.clone / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, file: str, text: str) -> str:
        """A pull request that changes one file; answers its last commit."""
        self.git("switch", "--quiet", "--force-create", "change", "main")
        head = self.write(file, text, "A change")
        self.git("push", "--quiet", "--force", "origin", "change")
        return head

    def merge(self) -> str:
        """The pull request, merged; answers the commit that main has now."""
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge", "change")
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def merged(self, commit: str, head: str, **more: Any) -> None:
        """The host knows that this commit came of pull request 17."""
        pull = {"number": 17, "merged_at": "2026-06-01T12:00:00Z", "merge_commit_sha": commit}
        pull |= {"head": {"sha": head}, "base": {"ref": "main"}, **more}
        self.host.pulls[commit] = [pull]
        changed = self.git("diff", "--name-only", f"{commit}^1...{head}").splitlines()
        self.host.files = [{"filename": name} for name in changed]

    def ran(self, head: str, **more: Any) -> None:
        """The host knows that the last run planned this head of pull request 17."""
        run = {"id": self.number, "head_sha": head, "event": "pull_request", "status": "completed"}
        run |= {
            "path": ".github/workflows/dpsync-plan.yml",
            "pull_requests": [{"number": 17, "base": {"ref": "main"}}],
        }
        self.host.runs.append(run | more)

    def run(self, workflow: str, sha: str, **event: Any) -> Run:
        """A run of an example workflow for a commit."""
        self.number += 1
        about = self.folder / f"event-{self.number}.json"
        about.write_text(json.dumps(event.get("event", {})), encoding="utf-8")
        is_pull = "pull_request" in event.get("event", {})
        run = Run(
            WORKFLOWS / workflow,
            self.remote,
            self.folder / f"run-{self.number}",
            {
                "repository": "acme/data",
                "sha": sha,
                "token": TOKEN,
                "run_id": "9",
                "run_attempt": "1",
                **event,
            },
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": "acme/data",
                "GITHUB_SHA": sha,
                "GITHUB_REF": "refs/pull/17/merge" if is_pull else "refs/heads/main",
                "GITHUB_REF_NAME": "17/merge" if is_pull else "main",
                "GITHUB_EVENT_PATH": str(about),
                "GITHUB_API_URL": self.host.url,
                "GITHUB_GRAPHQL_URL": f"{self.host.url}/graphql",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_RUN_ID": str(self.number),
            },
            {"MARKETPLACE_TOKEN": "sandbox"},
            self.folder / "artifacts",
            self.number,
        )
        run.all_jobs()
        self.host.jobs[str(self.number)] = run.jobs
        return run

    def planned(self, head: str, fork: str = "acme/data") -> Run:
        """The run of a pull request: the commit that is tried out is a merge of its head into main."""
        self.git("switch", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Try", head)
        merge = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", f"{merge}:refs/pull/17/merge")
        pull = {"number": 17, "head": {"sha": head, "repo": {"full_name": fork}}}
        return self.run("dpsync-plan.yml", merge, base_ref="main", event={"pull_request": pull})

    def applied(self, commit: str, before: str) -> Run:
        """The run of a push that moved main from one commit to another."""
        return self.run("dpsync-apply.yml", commit, event={"before": before})

    def by_hand(self, description: str) -> None:
        """Somebody edits the product in the marketplace."""
        place = f"{self.url}/api/data-product/{computed_id(WORKSPACE_ID, 'DataProduct', 'orders')}"
        headers = {"Authorization": "Bearer sandbox"}
        answer = httpx2.put(place, json={"description": description}, headers=headers)
        assert answer.is_success, answer.text


_SOMEBODY = {"NAME": "Somebody", "EMAIL": "somebody@acme.example", "DATE": "2026-06-01T12:00:00Z"}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A repository whose marketplace cannot be reached, for everything that ends before it is asked."""
    host = Hosted()
    with serving(host):
        yield started(tmp_path, "http://127.0.0.1:1/marketplace", host)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Team]:
    """A repository whose manifests are applied to a marketplace that answers."""
    host = Hosted()
    sandbox = command("sandbox", "serve", "--db", tmp_path / "sandbox.db", "--port", "0")
    with announced(sandbox) as (_, said), serving(host):
        found = started(tmp_path, said.removeprefix("Sandbox marketplace on "), host)
        done = subprocess.run(
            command("apply", "--auto-approve", "--workspace", found.clone),
            env={"DPSYNC_TOKEN": "sandbox", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield found


def started(folder: Path, url: str, host: Hosted) -> Team:
    """A clone and its remote, with the workflow of plans and one product on main."""
    (folder / "bin").mkdir()
    (folder / "bin" / "gh").write_text(GH, encoding="utf-8")
    (folder / "bin" / "gh").chmod(0o755)
    shutil.copy(ROOT / "ci" / "reviewed", folder / "bin" / "dpsync-reviewed")
    found = Team(folder, url, host)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", found.remote], check=True)
    subprocess.run(["git", "clone", "--quiet", found.remote, found.clone], check=True, capture_output=True)
    found.git("switch", "--quiet", "--create", "main")
    workflow = (WORKFLOWS / "dpsync-plan.yml").read_text(encoding="utf-8")
    for file, text in {
        ".gitignore": ".dpsync/\n",
        ".github/workflows/dpsync-plan.yml": workflow,
        "dpsync.yaml": WORKSPACE % url,
        "products/orders.yaml": ORDERS % "Every order.",
    }.items():
        found.write(file, text, f"Add {file}")
    found.git("push", "--quiet", "origin", "main")
    return found


def test_from_the_pull_request_to_drift(served: Team) -> None:
    team = served
    head = team.branch("products/orders.yaml", ORDERS % "Every order of all channels.")

    planned = team.planned(head)
    assert planned.results == PLANNED, planned.log
    (comment,) = team.host.comments
    assert "**Plan: 0 to create, 1 to update, 0 to delete.**" in comment["body"]
    assert "+ description: " in comment["body"] or "+   now: " in comment["body"]
    assert "· <code>sales-eng</code>" in comment["body"]
    assert f"_For commit `{head}`" in comment["body"]
    assert comment["body"].split("Plan fingerprint")[1].count("production") == 1

    base = team.git("rev-parse", "main")
    queued = team.run("dpsync-queue.yml", head, event={"merge_group": {"base_sha": base}})
    assert queued.results == {"plan": "success"}, queued.log
    assert "Plan: 0 to create, 1 to update, 0 to delete." in queued.summary

    again = team.planned(head)
    assert set(again.results.values()) == {"success", "skipped"}
    assert len(team.host.comments) == 1
    team.ran(head)

    past = (ORDERS % "Pushed past the review.").replace("rders", "thers")
    team.git("switch", "--quiet", "change")
    team.write("products/others.yaml", past, "Past the review")
    merge = team.merge()
    team.merged(merge, head)
    applied = team.applied(merge, base)
    assert applied.results == {"apply": "failure"}, applied.log
    assert f"The policy is that of {base[:12]}." in applied.log
    assert "[exit 4]" in applied.log
    assert "Apply complete: 0 created, 1 updated, 0 deleted. 1 not reviewed." in applied.summary
    (team.clone / "products" / "others.yaml").unlink()
    merge = team.write("README.md", "Orders only.", "Take back what nobody reviewed")
    team.git("push", "--quiet", "origin", "main")
    journal = team.folder / "artifacts" / str(team.number) / "journal-9-1"
    assert [file.suffix for file in journal.iterdir()] == [".jsonl"]

    clean = team.run("dpsync-drift.yml", merge)
    assert clean.results == {"drift": "success", "issue": "success"}, clean.log
    assert not team.host.issues

    team.by_hand("Edited by hand.")
    drifted = team.run("dpsync-drift.yml", merge)
    assert drifted.results == {"drift": "success", "issue": "success"}, drifted.log
    (issue,) = team.host.issues
    assert (issue["title"], issue["state"]) == ("Drift in production", "open")
    assert "Edited by hand." in issue["body"]

    team.by_hand("Every order of all channels.")
    assert team.run("dpsync-drift.yml", merge).results["issue"] == "success"
    assert issue["state"] == "closed"


def test_manifests_that_are_not_valid_are_a_comment_and_a_red_check(team: Team) -> None:
    head = team.branch("products/orders.yaml", (ORDERS % "x").replace("domain:", "domian:"))
    planned = team.planned(head)
    assert planned.results == PLANNED | {"plan": "failure"}, planned.log
    assert "Did you mean `domain`?" in team.host.comments[0]["body"]
    assert "::error file=products/orders.yaml,line=7" in planned.log


def test_a_fork_gets_no_token_and_a_comparison_of_manifests(team: Team) -> None:
    head = team.branch("products/orders.yaml", ORDERS % "From a fork.")
    planned = team.planned(head, fork="mallory/data")
    assert planned.results == {
        "relevant": "success",
        "plan": "skipped",
        "comment": "skipped",
        "fork": "success",
    }, planned.log
    assert "**Not compared with the marketplace." in planned.summary
    assert "From a fork." in planned.summary
    assert not team.host.calls


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no pull request", "was not merged into main by one pull request, so nobody reviewed"),
        ("not merged", "was not merged into main by one pull request"),
        ("another commit", "was not merged into main by one pull request"),
        ("two pull requests", "was not merged into main by one pull request"),
        ("no run", "No plan of pull request 17 was made for its last commit"),
        ("a run into another branch", "No plan of pull request 17 was made for its last commit"),
        ("a run of another pull request", "No plan of pull request 17 was made for its last commit"),
        ("a run of another workflow", "No plan of pull request 17 was made for its last commit"),
        ("a run of another event", "No plan of pull request 17 was made for its last commit"),
        ("a changed workflow", "Pull request 17 changes .github/"),
        ("a workflow that was moved", "Pull request 17 changes .github/"),
        ("a workflow on the second page", "Pull request 17 changes .github/"),
        ("too many files", "Pull request 17 changes more files than GitHub lists"),
        ("a run that made no plan", "Run 1 made no plan: its step 'Keep the plan' did not run, or failed."),
        ("a run without that step", "Run 1 made no plan: its step 'Keep the plan' did not run, or failed."),
        ("an unknown policy", "it is not known which policy counts"),
        ("a policy of nowhere", "it is not known which policy counts"),
        ("a policy of another branch", "it is not known which policy counts"),
    ],
)
def test_a_plan_that_nobody_vouches_for_is_not_applied(team: Team, what: str, said: str) -> None:
    team.git("switch", "--quiet", "--create", "other")
    team.write("other.txt", "Not on main.", "Elsewhere")
    team.git("push", "--quiet", "origin", "other")
    file = ".github/workflows/dpsync-plan.yml" if what == "a changed workflow" else "products/orders.yaml"
    head = team.branch(file, ORDERS % "Sneaked in.")
    before = team.git("rev-parse", "main")
    merge = team.merge()
    team.number = 1
    if what != "no pull request":
        team.merged(merge, head)
    pull = team.host.pulls.get(merge, [{}])[0]
    if what == "not merged":
        pull["merged_at"] = None
    if what == "another commit":
        pull["merge_commit_sha"] = "0" * 40
    if what == "two pull requests":
        team.host.pulls[merge] *= 2
    many: list[dict[str, Any]] = [{"filename": f"products/{number}.yaml"} for number in range(3000)]
    moved = {"filename": "old.yml", "previous_filename": ".github/workflows/x.yml"}
    if what == "a workflow that was moved":
        team.host.files.append(moved)
    if what == "a workflow on the second page":
        team.host.files = [*many[:120], moved]
    if what == "too many files":
        team.host.files = many
    theirs: dict[str, dict[str, Any]] = {
        "a run into another branch": {"pull_requests": [{"number": 17, "base": {"ref": "mine"}}]},
        "a run of another pull request": {"pull_requests": [{"number": 18, "base": {"ref": "main"}}]},
        "a run of another workflow": {"path": ".github/workflows/mine.yml"},
        "a run of another event": {"event": "workflow_dispatch"},
    }
    if what != "no run":
        team.ran(head, **theirs.get(what, {}))
    step = {"name": "Keep the plan", "conclusion": "skipped" if what.endswith("no plan") else "success"}
    team.host.jobs["1"] = [{"name": "plan", "steps": [] if what.endswith("that step") else [step]}]
    befores = {"an unknown policy": "", "a policy of nowhere": "0" * 40}
    befores["a policy of another branch"] = team.git("rev-parse", "other")
    place = team.folder / "artifacts" / "1" / f"plan-{head}"
    place.mkdir(parents=True)
    (place / "plan.json").write_text("{}", encoding="utf-8")
    applied = team.applied(merge, befores.get(what, before))
    assert applied.results == {"apply": "failure"}
    assert said in applied.log
    assert "dpsync apply" not in applied.log


def test_a_plan_that_the_pull_request_brings_along_is_neither_kept_nor_applied(team: Team) -> None:
    before = team.git("rev-parse", "main")
    team.branch("dpsync-report/plan.json", '{"forged": true}')
    team.write("dpsync-report/plan.md/in-the-way", "A folder where the report would go.", "Be in the way")
    head = team.write("products/orders.yaml", (ORDERS % "x").replace("domain:", "domian:"), "Stop it early")
    team.git("push", "--quiet", "origin", "change")

    planned = team.planned(head)
    assert planned.results["plan"] == "failure", planned.log
    kept = {place.name for place in (team.folder / "artifacts").glob("*/*")}
    assert kept == {"report"}
    assert "Did you mean `domain`?" in team.host.comments[0]["body"]

    team.ran(head)
    merge = team.merge()
    team.merged(merge, head)
    applied = team.applied(merge, before)
    assert applied.results == {"apply": "failure"}
    assert "Run 1 made no plan" in applied.log


def test_nothing_that_a_pull_request_brings_along_is_run(served: Team) -> None:
    team = served
    seen = team.folder / "seen"
    module = f"open({str(seen)!r}, 'a').write(__file__)\n"
    for name in ("json", "re", "sys", "sitecustomize"):
        head = team.branch(f"{name}.py", module) if name == "json" else team.write(f"{name}.py", module, name)
    head = team.write("products/orders.yaml", ORDERS % "Every order of all channels.", "A change")
    team.git("push", "--quiet", "--force", "origin", "change")
    planned = team.planned(head)
    assert planned.results == PLANNED, planned.log
    before = team.git("rev-parse", "main")
    merge = team.merge()
    team.merged(merge, head)
    team.ran(head)
    applied = team.applied(merge, before)
    assert applied.results == {"apply": "success"}, applied.log
    assert not seen.exists()


def test_the_policy_is_that_of_main_before_all_commits_of_a_rebase_merge(served: Team) -> None:
    team = served
    before = team.git("rev-parse", "main")
    team.branch("dpsync.yaml", WORKSPACE.replace("sales-eng", "mallory") % team.url)
    head = team.write("products/orders.yaml", ORDERS % "Every order of all channels.", "A change")
    team.git("push", "--quiet", "--force", "origin", "change")
    assert team.planned(head).results == PLANNED
    team.ran(head)
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--ff-only", "change")
    team.git("push", "--quiet", "origin", "main")
    team.merged(head, head)
    applied = team.applied(head, before)
    assert applied.results == {"apply": "success"}, applied.log
    assert f"The policy is that of {before[:12]}." in applied.log


def test_a_pull_request_without_manifests_is_not_planned_and_not_held_up(team: Team) -> None:
    head = team.branch("README.md", "Orders.")
    planned = team.planned(head)
    assert planned.results == dict.fromkeys(PLANNED, "skipped") | {"relevant": "success"}, planned.log


@pytest.mark.parametrize("file", ["environments/production/orders.yaml", "exceptions/x.yaml", "dpsync.yaml"])
def test_a_change_of_patches_exceptions_or_settings_is_planned(team: Team, file: str) -> None:
    planned = team.planned(team.branch(file, "x: 1\n"))
    assert planned.results["plan"] == "failure", planned.log
    assert '$ "$GITHUB_ACTION_PATH/ci/validate"' in planned.log

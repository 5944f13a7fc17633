"""`ci/reviewed-gitlab` against a stand-in of the API: which plan it takes, and which it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hosts.standins import TOKEN, Answer, StandIn, serving

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples" / "ci" / "gitlab" / "dpsync.gitlab-ci.yml"

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "git", "curl"))), reason="runs shell, Git and curl"
)


@dataclass
class Project(StandIn):
    """The project 12, as far as the script asks: by path, what is answered."""

    answers: dict[str, Any] = field(default_factory=dict)

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> Answer:
        assert (method, body) == ("GET", None)
        assert set(query) <= {"per_page"}
        assert headers["authorization"] == f"Bearer {TOKEN}"
        found = self.answers.get(path.removeprefix("/api/v4/projects/12/"))
        return (404, {}) if found is None else (200, found)


@pytest.fixture
def project() -> Iterator[Project]:
    found = Project()
    with serving(found):
        yield found


@dataclass
class Clone:
    """A clone in which a merge request was merged."""

    folder: Path
    host: Project
    head: str
    base: str
    merge: str

    def ask(self, before: str | None = None) -> subprocess.CompletedProcess[str]:
        variables = {
            "PATH": os.environ["PATH"],
            "GITLAB_TOKEN": TOKEN,
            "CI_API_V4_URL": f"{self.host.url}/api/v4",
            "CI_PROJECT_ID": "12",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_BEFORE_SHA": self.base if before is None else before,
        }
        done = subprocess.run(
            [str(ROOT / "ci" / "reviewed-gitlab"), self.merge, "dpsync-plan", "reviewed.json"],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert TOKEN not in done.stdout + done.stderr
        return done


def clone(folder: Path, host: Project, changed: str) -> Clone:
    """A repository whose merge request changes one file, and a host that knows all about it."""
    folder.mkdir()

    def git(*arguments: str) -> str:
        who = {
            f"GIT_{role}_{what}": "x@acme.example"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **who}
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("commit", "--quiet", "--allow-empty", "--message", "Start")
    base = git("rev-parse", "HEAD")
    git("switch", "--quiet", "--create", "change")
    (folder / changed).write_text("x: 1\n", encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Change")
    head = git("rev-parse", "HEAD")
    git("switch", "--quiet", "main")
    git("merge", "--quiet", "--no-ff", "--message", "Merge", "change")
    merge = git("rev-parse", "HEAD")
    request = {"iid": 17, "state": "merged", "target_branch": "main", "sha": head, "merge_commit_sha": merge}
    job = {
        "id": 8,
        "name": "dpsync-plan",
        "status": "success",
        "artifacts_file": {"filename": "artifacts.zip"},
    }
    host.answers = {
        f"repository/commits/{merge}/merge_requests": [request],
        "merge_requests/17/pipelines": [
            {"id": 3, "sha": head, "source": "merge_request_event"},
            {"id": 4, "sha": head, "source": "web"},
            {"id": 5, "sha": base, "source": "merge_request_event"},
        ],
        "pipelines/3/jobs": [
            job,
            {**job, "id": 9, "name": "other"},
            {**job, "id": 7, "artifacts_file": None},
        ],
        "jobs/8/artifacts/dpsync-report/plan.json": {"plan": "reviewed"},
    }
    return Clone(folder, host, head, base, merge)


def test_the_plan_is_that_of_the_last_commit_of_the_merge_request(tmp_path: Path, project: Project) -> None:
    team = clone(tmp_path / "clone", project, "orders.yaml")
    done = team.ask()
    assert done.returncode == 0, done.stderr
    assert (team.folder / "reviewed.json").read_text(encoding="utf-8") == '{"plan": "reviewed"}'
    assert (team.folder / "reviewed.env").read_text(encoding="utf-8") == f"BASE={team.base}\n"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("not merged", "was not merged into main by one merge request"),
        ("another branch", "was not merged into main by one merge request"),
        ("no pipeline", "No pipeline of the merge request ran for its last commit"),
        ("no job", "The job dpsync-plan did not run."),
        ("no plan", "The job dpsync-plan kept no plan: it was success."),
        ("a job that was stopped", "The job dpsync-plan kept no plan: it was canceled."),
        ("a job that ran out of time", "The job dpsync-plan kept no plan: it was failed."),
        ("the pipeline itself", "Merge request 17 changes the pipeline"),
    ],
)
def test_a_plan_that_nobody_vouches_for_is_not_fetched(
    tmp_path: Path, project: Project, what: str, said: str
) -> None:
    team = clone(
        tmp_path / "clone", project, ".gitlab-ci.yml" if what == "the pipeline itself" else "orders.yaml"
    )
    request = project.answers[f"repository/commits/{team.merge}/merge_requests"][0]
    if what == "not merged":
        request["state"] = "opened"
    if what == "another branch":
        request["target_branch"] = "mine"
    if what == "no pipeline":
        project.answers["merge_requests/17/pipelines"] = []
    job = project.answers["pipelines/3/jobs"][0]
    if what == "no job":
        project.answers["pipelines/3/jobs"] = []
    if what == "no plan":
        job["artifacts_file"] = None
    if what == "a job that was stopped":
        job["status"] = "canceled"
    if what == "a job that ran out of time":
        job |= {"status": "failed", "failure_reason": "job_execution_timeout"}
    done = team.ask()
    assert done.returncode == 1
    assert said in done.stderr
    assert not (team.folder / "reviewed.json").exists()


def test_the_shell_of_the_template_is_shell() -> None:
    for name, job in yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")).items():
        for script in job.get("script", []) if isinstance(job, dict) else []:
            done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{name}: {done.stderr}"


def test_the_template_applies_one_at_a_time_and_gives_forks_no_token() -> None:
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    assert template["dpsync-apply"]["resource_group"] == "dpsync-production"
    assert template["dpsync-apply"]["interruptible"] is False
    assert "TOKEN" not in str(template["dpsync-fork"])
    assert "GITLAB_TOKEN" not in str(template["dpsync-plan"])


def test_a_plan_with_something_blocked_is_taken(tmp_path: Path, project: Project) -> None:
    team = clone(tmp_path / "clone", project, "orders.yaml")
    project.answers["pipelines/3/jobs"][0] |= {"status": "failed", "failure_reason": "script_failure"}
    done = team.ask()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", ["", "0" * 40, "main", "the head"])
def test_without_the_commit_before_the_push_there_is_no_policy(
    tmp_path: Path, project: Project, before: str
) -> None:
    team = clone(tmp_path / "clone", project, "orders.yaml")
    if before == "the head":
        (team.folder / "later.yaml").write_text("x", encoding="utf-8")
        subprocess.run(["git", "add", "--all"], cwd=team.folder, check=True)
        who = ["-c", "user.name=x", "-c", "user.email=x@acme.example"]
        subprocess.run(["git", *who, "commit", "--quiet", "-m", "Later"], cwd=team.folder, check=True)
        before = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=team.folder, text=True).strip()
    done = team.ask(before)
    assert done.returncode == 1
    assert "it is not known which policy counts" in done.stderr
    assert not (team.folder / "reviewed.json").exists()


def test_a_fast_forward_merge_cannot_bring_its_own_pipeline_in_an_earlier_commit(
    tmp_path: Path, project: Project
) -> None:
    team = clone(tmp_path / "clone", project, ".gitlab-ci.yml")
    (team.folder / "orders.yaml").write_text("x", encoding="utf-8")
    who = ["-c", "user.name=x", "-c", "user.email=x@acme.example"]
    for command in (
        ["switch", "--quiet", "change"],
        ["add", "--all"],
        [*who, "commit", "--quiet", "-m", "Then a manifest"],
    ):
        subprocess.run(["git", *command], cwd=team.folder, check=True)
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=team.folder, text=True).strip()
    request = project.answers[f"repository/commits/{team.merge}/merge_requests"][0]
    project.answers[f"repository/commits/{head}/merge_requests"] = [
        {**request, "sha": head, "merge_commit_sha": None}
    ]
    project.answers["merge_requests/17/pipelines"][0]["sha"] = head
    team.merge = team.head = head
    done = team.ask()
    assert done.returncode == 1
    assert "Merge request 17 changes the pipeline" in done.stderr


def test_links_that_were_committed_in_place_of_the_answers_are_not_followed(
    tmp_path: Path, project: Project
) -> None:
    team = clone(tmp_path / "clone", project, "orders.yaml")
    for name in ("reviewed.json", "reviewed.env"):
        (team.folder / name).symlink_to("/dev/null")
    assert team.ask().returncode == 0
    assert (team.folder / "reviewed.env").read_text(encoding="utf-8") == f"BASE={team.base}\n"
    assert (team.folder / "reviewed.json").read_text(encoding="utf-8") == '{"plan": "reviewed"}'


def test_a_token_is_not_sent_in_the_clear(tmp_path: Path, project: Project) -> None:
    team = clone(tmp_path / "clone", project, "orders.yaml")
    done = subprocess.run(
        [str(ROOT / "ci" / "reviewed-gitlab"), team.merge, "dpsync-plan", "reviewed.json"],
        cwd=team.folder,
        env={
            "PATH": os.environ["PATH"],
            "GITLAB_TOKEN": TOKEN,
            "CI_API_V4_URL": project.url.replace("127.0.0.1", "0.0.0.0") + "/api/v4",
            "CI_PROJECT_ID": "12",
            "CI_COMMIT_BRANCH": "main",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "rotocol" in done.stderr
    assert not project.calls


@pytest.mark.parametrize("is_link", [False, True])
def test_the_job_that_plans_keeps_no_plan_that_the_merge_request_brought_along(
    tmp_path: Path, *, is_link: bool
) -> None:
    brought = tmp_path / ("elsewhere" if is_link else "dpsync-report")
    (brought / "plan.md").mkdir(parents=True)
    (brought / "plan.json").write_text("forged", encoding="utf-8")
    if is_link:
        (tmp_path / "dpsync-report").symlink_to("elsewhere")
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    for script in ("\n".join(template["dpsync-plan"]["script"]), template["dpsync-plan"]["script"][0]):
        subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={"PATH": path, "MARKETPLACE_TOKEN": "x", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "0" * 40},
            capture_output=True,
            check=False,
        )
        assert not (tmp_path / "dpsync-report" / "plan.json").exists()

"""`ci/reviewed-gitlab` against a stand-in of the API: which plan it takes, and which it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
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

    def ask(self) -> subprocess.CompletedProcess[str]:
        variables = {
            "PATH": os.environ["PATH"],
            "GITLAB_TOKEN": TOKEN,
            "CI_API_V4_URL": f"{self.host.url}/api/v4",
            "CI_PROJECT_ID": "12",
            "CI_COMMIT_BRANCH": "main",
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
    job = {"id": 8, "name": "dpsync-plan", "artifacts_file": {"filename": "artifacts.zip"}}
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
            {**job, "id": 10, "artifacts_file": None},
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
        ("no plan", "The job dpsync-plan kept no plan."),
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
    if what == "no plan":
        project.answers["pipelines/3/jobs"] = []
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

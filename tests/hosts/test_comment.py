"""`dpsync comment` against stand-ins of both hosts, over HTTP."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dpsync.cli import dpsync
from dpsync.model.report import Page
from dpsync.reports import markdown
from hosts.standins import TOKEN, Fault, GitHub, GitLab, StandIn, serving
from reports.builders import EVERYTHING, NOTHING, RENAME, report

COMMENTS = "/repos/acme/data/issues/17/comments"
NOTES = "/api/v4/projects/12/merge_requests/17/notes"
HEAD = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _nobodys_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("DPSYNC_", "GITHUB_", "GITLAB_", "CI", "BITBUCKET_", "TF_BUILD")):
            monkeypatch.delenv(name)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHub]:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 17, "head": {"sha": HEAD}}}), encoding="utf-8")
    host = GitHub()
    with serving(host) as url:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": url,
            "GITHUB_GRAPHQL_URL": f"{url}/graphql",
            "GITHUB_REPOSITORY": "acme/data",
            "GITHUB_REF": "refs/pull/17/merge",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "99",
            "GITHUB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield host


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    host = GitLab()
    with serving(host) as url:
        for name, value in {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{url}/api/v4",
            "CI_PROJECT_ID": "12",
            "CI_MERGE_REQUEST_IID": "17",
            "CI_COMMIT_SHA": HEAD,
            "CI_JOB_URL": "https://gitlab.example/acme/data/-/jobs/8",
            "GITLAB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield host


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest) -> StandIn:
    found: StandIn = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return saved(tmp_path / "plan.md", report(RENAME))


def saved(file: Path, shown: Any) -> Path:
    file.write_text(markdown.render(shown, Page()), encoding="utf-8")
    return file


def comment(file: Path, *options: str) -> Result:
    result = CliRunner().invoke(dpsync, ["comment", str(file), *options], prog_name="dpsync")
    assert TOKEN not in result.output
    return result


def done(file: Path, *options: str) -> str:
    result = comment(file, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_report_becomes_a_comment_with_a_hidden_mark_the_commit_and_the_run(
    host: StandIn, plan: Path
) -> None:
    assert done(plan, "--env", "production").startswith("Comment for production: posted")
    (posted,) = host.comments
    first, second, *_ = posted["body"].split("\n")
    assert re.fullmatch(r"<!-- dpsync comment [0-9a-f]{16} -->", first)
    assert second == "### dpsync plan: `sandbox`"
    assert f"_For commit `{HEAD}`, [the run](https://" in posted["body"]
    assert len(host.writes) == 1


def test_a_new_report_takes_the_place_of_the_old_one_and_folds_it(
    host: StandIn, plan: Path, tmp_path: Path
) -> None:
    done(plan)
    told = done(saved(tmp_path / "next.md", NOTHING))
    assert told.startswith("Comment for default: updated")
    (posted,) = host.comments
    new, _, old = posted["body"].partition("<!-- dpsync earlier -->")
    assert "No changes." in new
    assert "Returned Goods" not in new
    assert f"<summary>Earlier, for commit <code>{HEAD}</code>: Plan: 0 to create, 1 to update" in old
    assert "Returned Goods" in old


def test_the_same_report_of_the_same_commit_writes_nothing(host: StandIn, plan: Path) -> None:
    done(plan)
    assert done(plan).startswith("Comment for default: as it was")
    assert len(host.writes) == 1


def test_every_environment_has_a_comment_of_its_own_and_so_has_every_name(host: StandIn, plan: Path) -> None:
    for options in (["--env", "test"], ["--env", "production"], ["--env", "test", "--name", "other"]):
        done(plan, *options)
        done(plan, *options)
    assert len(host.comments) == len(host.writes) == 3


def test_what_another_person_wrote_is_not_edited_whatever_mark_it_has(github: GitHub, plan: Path) -> None:
    done(plan)
    theirs = github.comments[0]["body"]
    github.comments.clear()
    github.add(theirs, "mallory")
    github.add(theirs, "github-actions")
    github.add(f"quoted\n{theirs}")
    done(plan)
    assert [one["user"]["login"] for one in github.comments][2:] == ["github-actions[bot]"] * 2
    assert github.writes == [f"POST {COMMENTS}"] * 2


def test_a_note_of_another_person_or_of_gitlab_itself_is_not_edited(gitlab: GitLab, plan: Path) -> None:
    done(plan)
    theirs = gitlab.comments[0]["body"]
    gitlab.comments.clear()
    gitlab.add(theirs, author=6)
    gitlab.add(theirs, system=True)
    done(plan)
    assert gitlab.writes == [f"POST {NOTES}"] * 2


def test_our_comment_is_found_on_the_last_page(host: StandIn, plan: Path) -> None:
    done(plan)
    (ours,) = host.comments
    host.comments[:] = [{**ours, "id": number, "body": "hello"} for number in range(250)] + [ours]
    done(plan)
    assert len(host.writes) == 1
    assert len([call for call in host.calls if call.startswith("GET") and "17" in call]) == 4


def test_nothing_is_ever_deleted(host: StandIn, tmp_path: Path) -> None:
    for shown in (EVERYTHING, NOTHING, report(RENAME)):
        done(saved(tmp_path / "x.md", shown))
    assert not any(call.startswith("DELETE") for call in host.calls)


def test_a_post_whose_answer_is_lost_is_looked_for_and_not_sent_twice(host: StandIn, plan: Path) -> None:
    path = COMMENTS if isinstance(host, GitHub) else NOTES
    host.faults = [Fault("POST", path, late=True)]
    done(plan)
    assert len(host.comments) == len(host.writes) == 1


def test_a_post_that_was_lost_on_the_way_is_sent_again(host: StandIn, plan: Path) -> None:
    path = COMMENTS if isinstance(host, GitHub) else NOTES
    host.faults = [Fault("POST", path, status=502)]
    done(plan)
    assert len(host.comments) == 1
    assert len(host.writes) == 2


def test_a_refusal_says_why_and_what_to_do(host: StandIn, plan: Path) -> None:
    path = COMMENTS if isinstance(host, GitHub) else NOTES
    host.faults = [Fault("POST", path, 403, body={"message": f"no {TOKEN}\n for \x1b[31mforks"})]
    result = comment(plan)
    assert result.exit_code == 1
    assert "403 no (the token) for" in result.stderr
    assert "\x1b" not in result.stderr
    assert "pull-requests: write" in result.stderr


def test_a_redirect_is_not_followed(host: StandIn, plan: Path) -> None:
    path = COMMENTS if isinstance(host, GitHub) else NOTES
    with serving(GitHub()) as elsewhere:
        host.faults = [Fault("GET", path, 307, headers={"location": f"{elsewhere}{path}"})]
        result = comment(plan)
    assert result.exit_code == 1
    assert "redirect (307), which is not followed" in result.stderr
    assert not host.writes


def test_a_wrong_token_is_said_and_not_shown(
    host: StandIn, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "wrong-7f6e5d"
    monkeypatch.setenv("GITHUB_TOKEN" if isinstance(host, GitHub) else "GITLAB_TOKEN", wrong)
    result = comment(plan)
    assert result.exit_code == 1
    assert "401" in result.stderr
    assert wrong not in result.output


def test_without_a_token_nothing_is_asked(host: StandIn, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "GITHUB_TOKEN" if isinstance(host, GitHub) else "GITLAB_TOKEN"
    monkeypatch.delenv(name)
    result = comment(plan)
    assert result.exit_code == 1
    assert f"{name} is not set" in result.stderr
    assert "--on stdout" in result.stderr
    assert not host.calls


@pytest.mark.parametrize(
    "url",
    [
        "http://github.example",
        "https://user@github.example",
        "file:///etc/passwd",
        "https://",
        "ftp://127.0.0.1",
    ],
)
@pytest.mark.parametrize("variable", ["GITHUB_API_URL", "GITHUB_GRAPHQL_URL"])
def test_a_token_goes_over_https_or_to_this_machine_only(
    github: GitHub, plan: Path, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    result = comment(plan)
    assert result.exit_code == 1
    assert f"{variable} is no address that a token may be sent to" in result.stderr
    assert not github.calls


def test_elsewhere_the_comment_is_printed(plan: Path) -> None:
    told = done(plan, "--env", "production")
    assert told.startswith("<!-- dpsync comment ")
    assert "Returned Goods" in told


def test_it_is_printed_where_that_is_asked_for(github: GitHub, plan: Path) -> None:
    assert f"_For commit `{HEAD}`" in done(plan, "--on", "stdout")
    assert not github.calls


def test_another_pull_request_can_be_named(github: GitHub, plan: Path) -> None:
    result = comment(plan, "--pull-request", "18")
    assert result.exit_code == 1
    assert "404 Not Found" in result.stderr
    assert github.calls == ["GET /repos/acme/data/issues/18/comments"]


def test_a_run_about_no_pull_request_needs_a_number(
    github: GitHub, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    result = comment(plan)
    assert result.exit_code == 1
    assert "This run is about no pull request." in result.stderr
    assert not github.calls


@pytest.mark.parametrize(
    "text",
    ["", "# Mine\n", "### dpsync plan: `x`\n<!-- dpsync earlier -->\n", "### dpsync plan\n" + "x" * 70_000],
)
def test_what_is_no_report_is_not_posted(github: GitHub, tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.md"
    file.write_text(text, encoding="utf-8")
    result = comment(file)
    assert result.exit_code == 1
    assert "x.md" in result.stderr
    assert not github.calls


def test_drift_opens_one_issue_updates_it_and_closes_it(host: StandIn, tmp_path: Path) -> None:
    issue = ("--env", "production", "--issue", "Drift in production")
    drift = saved(tmp_path / "drift.md", report(RENAME))
    assert done(drift, *issue).startswith("Issue for production: posted: https://")
    assert done(saved(tmp_path / "more.md", EVERYTHING), *issue).startswith("Issue for production: updated")
    (opened,) = host.issues
    assert opened["title"] == "Drift in production"
    clean = saved(tmp_path / "clean.md", NOTHING)
    assert done(clean, *issue, "--close").startswith("Issue for production: closed")
    assert opened["state"] == "closed"
    assert done(clean, *issue, "--close").startswith("Issue for production: nothing to close")
    done(drift, *issue)
    assert [one["state"][:4] for one in host.issues] == ["clos", "open"]


def test_an_issue_of_somebody_else_and_a_pull_request_are_left_alone(github: GitHub, plan: Path) -> None:
    done(plan, "--issue", "Drift")
    body = github.issues.pop()["body"]
    github.open("Drift", body, "mallory")
    github.open("Drift", body, pull_request={"url": "x"})
    done(plan, "--issue", "Drift")
    assert len(github.issues) == 3
    assert not any(call.startswith("PATCH") for call in github.calls)


def test_closing_is_for_issues(plan: Path) -> None:
    result = comment(plan, "--close")
    assert result.exit_code == 1
    assert "--issue TITLE" in result.stderr


@pytest.mark.parametrize(
    ("variables", "limit"),
    [
        ({"GITHUB_ACTIONS": "true"}, 65_536),
        ({"GITLAB_CI": "true"}, 1_000_000),
        ({"BITBUCKET_BUILD_NUMBER": "3"}, 32_768),
        ({"TF_BUILD": "True"}, 150_000),
        ({}, 65_536),
    ],
)
def test_a_report_keeps_to_what_the_host_of_the_pipeline_takes(
    variables: dict[str, str], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dpsync.cli.shared import page_for

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert page_for(None).limit == limit

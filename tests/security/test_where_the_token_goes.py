"""The token goes to the marketplace and nowhere else, whatever a pull request writes into the workspace.

Tested elsewhere, url by url: which hosts may get it and that http is for this machine only (`tests/test_settings.py`, where
a url is read; `tests/marketplace/test_client.py`, where it is used); that the name of a token's variable begins with
DPSYNC_TOKEN (`tests/test_settings.py`). Here whole programs are run, before servers that listen.
"""

from __future__ import annotations

import pytest

from cli.served import Estate
from manifests.repositories import Repository
from security.programs import SECRET, dpsync, listening, said

EVIL = "https://evil.example/marketplace"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(guarded: Estate, code: int) -> None:
    with listening() as listener:
        where = [["Location", f"{listener.url}/auth/user"]]
        fault = {"method": "GET", "path_glob": "*", "times": 99, "code": code, "headers": where}
        with guarded.served(fault):
            done = dpsync(guarded.root, "plan")
        assert listener.heard == []
    assert done.returncode == 6, done
    assert "redirect" in done.stderr


@pytest.mark.parametrize(
    "url", ["http://na.api.immutacloud.com/marketplace", EVIL, "http://127.0.0.2.evil.example"]
)
def test_a_url_of_the_command_line_is_held_to_the_same_rules(guarded: Estate, url: str) -> None:
    with guarded.served():
        for done in (
            dpsync(guarded.root, "plan", "--url", url),
            dpsync(guarded.root, "plan", DPSYNC_URL=url),
        ):
            assert done.returncode == 1, done
            assert SECRET not in said(done)


@pytest.mark.parametrize(
    "line",
    [
        "allowedHosts: [evil.example]",
        "DPSYNC_ALLOWED_HOSTS: evil.example",
        "env: {DPSYNC_ALLOWED_HOSTS: evil.example}",
    ],
)
def test_a_workspace_cannot_allow_a_host(guarded: Estate, line: str) -> None:
    with guarded.served():
        file = guarded.root / "dpsync.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}  {line}\n", encoding="utf-8")
        done = dpsync(guarded.root, "plan")
    assert done.returncode == 1, done
    assert "unknown-field" in done.stderr


def test_a_file_of_variables_in_the_workspace_is_not_read(guarded: Estate) -> None:
    with guarded.served():
        for name in (".env", "dpsync.env", ".dpsyncrc"):
            (guarded.root / name).write_text(
                f"DPSYNC_ALLOWED_HOSTS=evil.example\nDPSYNC_URL={EVIL}\n", encoding="utf-8"
            )
        assert dpsync(guarded.root, "plan").returncode == 0


def in_a_pull_request(estate: Estate, old: str, new: str) -> Repository:
    """The workspace is committed to main; on a branch, its dpsync.yaml is another."""
    repository = Repository.new(estate.root)
    repository.commit()
    repository.git("switch", "--quiet", "--create", "topic")
    file = estate.root / "dpsync.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    repository.commit()
    return repository


def test_a_url_that_a_pull_request_changes_gets_nothing(guarded: Estate) -> None:
    with guarded.served() as served:
        in_a_pull_request(guarded, served.url, EVIL)
        refused = dpsync(guarded.root, "plan")
        assert refused.returncode == 1, refused
        assert "evil.example is not a host that dpsync sends a token to" in refused.stderr
        assert dpsync(guarded.root, "plan", "--policy-from", "main").returncode == 0


@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_with_the_policy_of_a_revision_not_even_this_machine_is_asked_in_its_place(
    guarded: Estate, command: tuple[str, ...]
) -> None:
    with guarded.served() as served, listening() as listener:
        in_a_pull_request(guarded, served.url, listener.url)
        done = dpsync(guarded.root, *command, "--policy-from", "main")
        assert done.returncode == 0, done
        assert listener.heard == []


def test_another_variable_that_a_pull_request_names_is_not_read(guarded: Estate) -> None:
    """The branch asks for the token of an administrator, which the same job happens to have, and for its own server."""
    admin = "admin-secret-0123456789abcdef"
    with guarded.served() as served, listening() as listener:
        other = f'"{listener.url}", tokenVariable: DPSYNC_TOKEN_ADMIN'
        in_a_pull_request(guarded, f'"{served.url}"', other)
        done = dpsync(guarded.root, "plan", "--policy-from", "main", DPSYNC_TOKEN_ADMIN=admin)
        assert done.returncode == 0, done
        assert listener.heard == []
    assert admin not in said(done)


def test_a_variable_that_holds_another_secret_is_refused_unread(guarded: Estate) -> None:
    with guarded.served() as served:
        in_a_pull_request(guarded, f'"{served.url}"', f'"{served.url}", tokenVariable: AWS_SECRET_ACCESS_KEY')
        done = dpsync(guarded.root, "plan", AWS_SECRET_ACCESS_KEY="aws-secret-0123456789")
    assert done.returncode == 1, done
    assert "tokenVariable is the name of an environment variable that begins with DPSYNC_TOKEN" in " ".join(
        said(done).split()
    )
    assert "aws-secret" not in said(done)

"""Tells what happens in a workspace of its own: commands typed, marketplaces edited by hand, and what was then read.

A room of its own because stories and checks are told in the same way. Every telling begins with the seeded world of the
sandbox, runs the real command line in process, and ends as text: a golden file. Nothing of ours is replaced by a stand-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from dpsync.model.identity import computed_id
from dpsync.sandbox import create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.files import opened_store
from dpsync.sandbox.store import Store

WORKSPACE_ID = "example-story-0000"
WORKSPACE = f"""apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {{name: story, id: {WORKSPACE_ID}}}
spec:
  manifests: [products]
  environments:
    sandbox: {{url: "sandbox:", prune: true}}
"""
GOLDEN = "DPSYNC_GOLDEN"

_PLACEHOLDER = re.compile(r"\{(?P<what>\w+)(?P<by>[/:])(?P<which>[^{}\"]+)\}")
_ROWS = {
    "name": "SELECT id FROM products WHERE name = ?",
    "form": "SELECT id FROM forms WHERE name = ?",
    "agreement": "SELECT id FROM agreements WHERE name = ?",
    "user": "SELECT global_id FROM users WHERE username = ?",
    "domain": "SELECT id FROM domains WHERE name = ?",
    "source": """SELECT id FROM sources WHERE "database" || '.' || "schema" || '.' || "table" = ?""",
}
"""What stands before the colon of a placeholder, and where the id is found."""


def told_as_expected(golden: Path, told: str) -> None:
    """Compare with the golden file, or write it where the run was asked to."""
    if os.environ.get(GOLDEN) == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def forget_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the environment variables that the command line listens to."""
    for variable in [one for one in os.environ if one.startswith("DPSYNC_") and one != GOLDEN]:
        monkeypatch.delenv(variable)


def open_workspace(folder: Path, workspace: Path) -> None:
    """Put the folder's own dpsync.yaml, or the usual one, into an empty workspace."""
    own = folder / "dpsync.yaml"
    text = own.read_text(encoding="utf-8") if own.exists() else WORKSPACE
    (workspace / "dpsync.yaml").write_text(text, encoding="utf-8")


def put_manifests(folder: Path, workspace: Path) -> None:
    """Replace the manifests of the workspace by those of a folder."""
    shutil.rmtree(workspace / "products", ignore_errors=True)
    shutil.copytree(folder, workspace / "products")


def tell(folder: Path, story: dict[str, Any], workspace: Path) -> str:
    """The transcript of a story: each step in turn, and what was read at it."""
    open_workspace(folder, workspace)
    lines = [story["about"], ""]
    for step in story["step"]:
        if "say" in step:
            lines += [f"# {step['say']}", ""]
        if "manifests" in step:
            put_manifests(folder / step["manifests"], workspace)
        if "workspace" in step:
            shutil.copytree(folder / step["workspace"], workspace, dirs_exist_ok=True)
        if "api" in step:
            lines += [f"# by hand: {step['api']} {step.get('body', '')}".rstrip(), ""]
            by_hand(workspace, step["api"], step.get("body"))
        for where, changes in (("in Git", _IN_GIT), ("elsewhere", _WORLD)):
            for name in [name for name in changes if name in step]:
                lines += [f"# {where}: {changes[name](workspace, step[name])}", ""]
        if "run" in step:
            with contextlib.chdir(folder):
                said = run(workspace, step["run"])
            if not step.get("quiet"):
                lines += [f"$ dpsync {step['run']}", *said, ""]
            else:
                assert said[-1] == "[exit 0]", "\n".join(said)
    return "\n".join(lines).rstrip() + "\n"


def run(workspace: Path, command: str) -> list[str]:
    """What a command prints, line by line; stderr is marked, and the exit code comes last.

    The command is split as a shell does, so that names with blanks stand in quotes. `{workspace}` is the folder with
    dpsync.yaml, for files that a command writes and another reads, and `{run-2}` the name of the second run that was
    journaled. A day of the coming year is told by how far it is away, and a run by its number, so that a transcript reads
    alike on every day.
    """
    today = datetime.now(UTC).date()
    here = {"DPSYNC_WORKSPACE": str(workspace), "LOGNAME": "maria"}
    ids = {f"{{run-{number}}}": journal.stem for number, journal in enumerate(_journals(workspace), 1)}
    words = [_with_names(word, {**ids, _FOLDER: str(workspace)}) for word in shlex.split(command)]
    result = CliRunner().invoke(dpsync, words, prog_name="dpsync", env=here)
    said = [line.rstrip() for line in result.stdout.splitlines()]
    said += [f"stderr: {line}".rstrip() for line in result.stderr.splitlines()]
    masks = {journal.stem[-8:]: f"<run-{at:02}>" for at, journal in enumerate(_journals(workspace), 1)}
    said = [_with_names(_MOMENT.sub("", line), {str(workspace): _FOLDER, **masks}) for line in said]
    said = [_MINUTE.sub(_THIS_MINUTE, line) for line in said]
    return [_DAY.sub(lambda found: _told_from(today, found[0]), line) for line in said] + [
        f"[exit {result.exit_code}]"
    ]


def _journals(workspace: Path) -> list[Path]:
    return sorted((workspace / ".dpsync" / "runs").glob("*.jsonl"))


def _with_names(text: str, names: dict[str, str]) -> str:
    for name, meant in names.items():
        text = text.replace(name, meant)
    return text


_FOLDER = "{workspace}"
_MOMENT = re.compile(r"\b20\d{6}T\d{6}\.\d{3}Z-(?=[0-9a-f]{8}\b)")
"""What the name of a run begins with."""

_MINUTE = re.compile(r"\b20\d\d-[01]\d-[0-3]\dT\d\d:\d\dZ")
_THIS_MINUTE = "<today>, <minute>"
"""As wide as what it stands for."""

_DAY = re.compile(r"\b20\d\d-[01]\d-[0-3]\d(T[0-9:.]+Z| [0-9:]+ UTC)?")


def _told_from(today: date, day: str) -> str:
    try:
        away = (date.fromisoformat(day[:10]) - today).days
    except ValueError:  # a day that the calendar does not have is told as it is
        return day
    if away not in range(400):
        return day
    return f"<{f'today + {away} days' if away else 'today'}>"


# What happens to the marketplace without dpsync.


def by_hand(workspace: Path, call: str, body: str | None) -> None:
    """Send one request to the marketplace, as somebody with a script would. It must succeed."""
    method, path = call.split(" ", 1)
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        resolved = _with_ids(store, path)
        content = json.loads(_with_ids(store, body)) if body else None

        async def send() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=InProcess(create_app(store))) as client:
                return await client.request(
                    method,
                    f"{BASE_URL}{resolved}",
                    json=content,
                    headers={"Authorization": "Bearer sandbox"},
                )

        answer = asyncio.run(send())
        assert answer.status_code < 300, answer.text


def _with_ids(store: Store, text: str) -> str:
    def live_id(match: re.Match[str]) -> str:
        if match["by"] == "/":
            return computed_id(WORKSPACE_ID, match["what"], match["which"])
        found = store.value(_ROWS[match["what"]], (match["which"],))
        assert found is not None, f"nothing live is meant by {match[0]}"
        return str(found)

    return _PLACEHOLDER.sub(live_id, text)


def _assigned(workspace: Path, what: str) -> str:
    """`TABLE to DOMAIN`: an administrator puts a source into a domain."""
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        domain, source = _domain_and_source(store, what, " to ")
        store.insert("domain_sources", {"domain": domain, "source": source})
    return f"{what.replace(' to ', ' is assigned to the domain ')}"


def _unassigned(workspace: Path, what: str) -> str:
    """`TABLE from DOMAIN`: an administrator takes a source out of a domain, and with that out of its products."""
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        domain, source = _domain_and_source(store, what, " from ")
        where = "domain = :domain AND source = :source"
        store.rows(f"DELETE FROM domain_sources WHERE {where}", {"domain": domain, "source": source})
    return f"{what.replace(' from ', ' is taken out of the domain ')}"


def _without_power(workspace: Path, what: str) -> str:
    """The machine goes down while the last answer is written down: of that line, only the beginning is on disk."""
    journal = _journals(workspace)[-1]
    *whole, torn, _finished = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole) + torn[: len(torn) // 2])
    return what


def _domain_and_source(store: Store, what: str, between: str) -> tuple[str, str]:
    table, _, domain = what.partition(between)
    return _with_ids(store, f"{{domain:{domain}}}"), _with_ids(store, f"{{source:{table}}}")


def _committed(workspace: Path, message: str) -> str:
    """Everything in the workspace but what dpsync keeps there becomes a commit of the branch `main`."""
    if not (workspace / ".git").exists():
        (workspace / ".gitignore").write_text(".dpsync/\n", encoding="utf-8")
        _git(workspace, "init", "--quiet", "--initial-branch=main")
    _git(workspace, "add", "--all")
    _git(workspace, "commit", "--quiet", "--allow-empty", "--message", message)
    return f"committed to {_git(workspace, 'branch', '--show-current').strip()}: {message}"


def _branched(workspace: Path, name: str) -> str:
    """From now on, commits are made on a branch of their own."""
    _git(workspace, "switch", "--quiet", "--create", name)
    return f"on the branch {name}"


def _git(workspace: Path, *arguments: str) -> str:
    """What git says; author and times are always the same, and nobody's own configuration counts."""
    when = "2026-06-01T12:00:00Z"
    who = {"NAME": "Story", "EMAIL": "story@acme.example", "DATE": when}
    surroundings = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in who.items()},
    }
    done = subprocess.run(
        ["git", *arguments], cwd=workspace, env=surroundings, check=True, capture_output=True, text=True
    )
    return done.stdout


def _acting(workspace: Path, username: str) -> str:
    """From now on the token is that of another person."""
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        person = _with_ids(store, f"{{user:{username}}}")
        store.rows("UPDATE tokens SET user = ? WHERE token = 'sandbox'", (person,))
    return f"the token is now that of {username}"


_WORLD: dict[str, Callable[[Path, str], str]] = {
    "assign": _assigned,
    "unassign": _unassigned,
    "token_of": _acting,
    "power_cut": _without_power,
}
"""The steps that change the seeded world in ways that no API does, each with what tells it."""

_IN_GIT: dict[str, Callable[[Path, str], str]] = {"branch": _branched, "commit": _committed}
"""The steps that record the workspace in Git, each with what tells it."""

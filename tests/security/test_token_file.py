"""`--token-file`: the token from a file that the command line names, which is shown by nothing that goes wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.served import PATIENCE, Estate, command, surroundings
from security.programs import SECRET, said, written


def dpsync(root: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in a workspace, without a token in its surroundings."""
    variables = {name: value for name, value in surroundings().items() if name != "DPSYNC_TOKEN"}
    return subprocess.run(
        command(*arguments),
        cwd=root,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=variables,
        timeout=PATIENCE,
        check=False,
    )


def test_an_apply_takes_its_token_from_a_file_and_writes_it_nowhere(guarded: Estate, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    with guarded.served():
        without = dpsync(guarded.root, "plan")
        done = dpsync(guarded.root, "apply", "--auto-approve", "--token-file", file)
    assert without.returncode == 1
    assert "--token-file" in without.stderr
    assert done.returncode == 0, done
    assert SECRET not in said(done) + written(guarded.root)


def test_a_pipe_gives_the_token_once_and_that_is_enough(guarded: Estate) -> None:
    with guarded.served():
        arguments = command("apply", "--auto-approve", "--token-file", "/dev/stdin")
        done = subprocess.run(
            arguments,
            cwd=guarded.root,
            input=SECRET,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{SECRET} and more".encode(), "is not a token"),
        (b"\xff\xfe" + SECRET.encode(), "is not a token"),
        (b"", "is not a token"),
        (SECRET.encode() * 5000, "too long to hold a token"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_token_is_refused_unshown_and_nothing_is_sent(
    guarded: Estate, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with guarded.served():
        done = dpsync(guarded.root, "plan", "--token-file", file)
    assert done.returncode == 1, done
    assert told in " ".join(done.stderr.split())
    assert SECRET not in said(done)
    assert "Traceback" not in done.stderr


def test_a_folder_is_no_token_file(guarded: Estate, tmp_path: Path) -> None:
    with guarded.served():
        done = dpsync(guarded.root, "plan", "--token-file", tmp_path)
    assert done.returncode == 1
    assert "cannot be read: Is a directory" in " ".join(done.stderr.split())


BUG = """
import click
from pathlib import Path
from types import SimpleNamespace
from dpsync.cli.shared import run, url_option
from dpsync.cli.tokens import token_for

@click.command()
@url_option
def broken(url):
    token = token_for(SimpleNamespace(url="http://127.0.0.1:1"))
    raise ValueError(f"a bug with {token.reveal()}")

run(lambda: broken.main(standalone_mode=False))
"""


def test_the_traceback_of_a_bug_does_not_hold_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", BUG, "--token-file", str(file)],
        capture_output=True,
        text=True,
        env=surroundings(),
        timeout=PATIENCE,
        check=False,
    )
    assert "This is a bug in dpsync" in done.stderr
    assert "a bug with (the token)" in done.stderr
    assert SECRET not in said(done)

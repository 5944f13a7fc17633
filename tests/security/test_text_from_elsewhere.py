"""Whatever is written in a name, on a terminal it is text: it moves no cursor, rings no bell and turns no line round.

Tested elsewhere: every format with reports made by hand, and markup, mentions and fences (`tests/reports/test_hostile_text.py`);
the bar (`tests/cli/test_progress.py`); events (`tests/cli/test_events.py`). Here the texts come from a live marketplace and
from the workspace, through whole commands. JSON is ASCII.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dpsync.cli import dpsync
from dpsync.sandbox.files import opened_store, seed_file
from telling import WORKSPACE, forget_the_surroundings

ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2066\x08\r\u2028\x85\x00\ufeff"
FORM = """apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: calm}
spec: {name: Calm, fields: [], reviewFlow: {decision: approve, comment: Open.}}
"""
PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: mine}
spec:
  name: Mine
  description: "About \\e[31m\\x07\\x08 it"
  domain: Sales
  requestForm: calm
  sources: [{table: ANALYTICS.SALES.ORDERS}]
"""
COMMANDS = (
    ("validate",),
    ("plan", "--unmanaged", "--calls", "--show-members"),
    ("plan", "--report", "markdown", "--calls", "--unmanaged"),
    ("plan", "--json"),
    ("show", "products"),
    ("show", "forms"),
    ("show", "agreements"),
    ("show", "domains"),
    ("show", "sources", "--domain", "Sales"),
    ("show", "products", "--json"),
    ("apply", "--auto-approve"),
    ("show", "product", "mine", "--sources", "--columns"),
    ("access", "list", "mine"),
    ("drift",),
    ("history",),
    ("history", "show", "last"),
)


@pytest.fixture
def hostile(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace before a marketplace in which every name of people's making is hostile, but for what is asked for."""
    forget_the_surroundings(monkeypatch)
    (workspace / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (workspace / "products").mkdir()
    (workspace / "products" / "all.yaml").write_text(f"{FORM}---\n{PRODUCT}", encoding="utf-8")
    file = workspace / ".dpsync" / "sandbox.db"
    file.parent.mkdir()
    seed_file(file)
    with opened_store(file) as store:
        for table in ("products", "forms", "agreements"):
            for row in store.rows(f"SELECT id, name FROM {table}"):
                name = f"{row['name']}{ESCAPES}"
                store.update(table, row["id"], {"name": name, "name_key": name})
        store.rows("UPDATE products SET description = ?", (ESCAPES,))
        store.rows("UPDATE domains SET description = ?", (ESCAPES,))
        store.rows("UPDATE users SET name = name || ?", (ESCAPES,))
        store.rows("UPDATE sources SET name = name || ?", (ESCAPES,))
    return workspace


def run(workspace: Path, *arguments: str) -> Result:
    """What the command says as it would to a terminal: escape sequences are not taken out of it."""
    return CliRunner().invoke(
        dpsync, arguments, prog_name="dpsync", env={"DPSYNC_WORKSPACE": str(workspace)}, color=True
    )


def controls(done: Result) -> set[str]:
    return {one for one in done.stdout + done.stderr if unicodedata.category(one)[0] == "C"} - {"\n"}


def test_no_command_writes_a_control_character_that_somebody_else_wrote(hostile: Path) -> None:
    for arguments in COMMANDS:
        done = run(hostile, *arguments)
        assert controls(done) - {"\u200b"} == set(), arguments
        assert done.exit_code == 0, (arguments, done.stderr, done.stdout)


def test_an_error_about_names_writes_none_either(hostile: Path) -> None:
    for arguments in (
        ("show", "product", f"Customer{ESCAPES}".replace("\x00", "")),
        ("show", "sources", "--domain", ESCAPES),
        ("plan", "--env", ESCAPES),
        ("plan", "--url", f"https://{ESCAPES}.example"),
        ("apply", "--expect-plan", ESCAPES.replace("\x00", "")),
        ("show", "plan", ESCAPES.replace("\x00", "")),
        ("explain", ESCAPES),
    ):
        done = run(hostile, *arguments)
        assert done.exit_code == 1, (arguments, done.output)
        assert controls(done) == set(), arguments


def test_a_name_of_an_environment_writes_none_either(hostile: Path) -> None:
    more = '    "b\\x1b[2J\\u202e": {url: "sandbox:"}\n'
    (hostile / "dpsync.yaml").write_text(f"{WORKSPACE}{more}", encoding="utf-8")
    done = run(hostile, "plan")
    assert done.exit_code == 1
    assert controls(done) == set()

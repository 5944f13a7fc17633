"""Planning only reads: proven against a marketplace that refuses everything else, and by a token that may write nothing.

The client that plans cannot send anything else, which `tests/marketplace` shows. Here the whole commands are run against a
marketplace that is another program, and what it received is looked at: whatever a later change does on the way, this is
what must stay true.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.served import PRODUCT, Estate, Refusing, command, surroundings
from dpsync.cli import dpsync
from dpsync.sandbox.files import opened_store

SEARCH = ("POST", "/api/metadata/tags/applied/search")
PLANNING: Mapping[tuple[str, ...], int] = {
    ("validate",): 0,
    ("plan",): 0,
    ("plan", "--calls"): 0,
    ("plan", "--impact", "counts"): 3,
    ("plan", "--impact", "full", "--show-members"): 0,
    ("plan", "--unmanaged", "--fail-on", "access-removing", "--detailed-exitcode"): 3,
    ("plan", "--base", "HEAD"): 0,
    ("plan", "--base", "HEAD", "--only", "declared"): 0,
    ("plan", "--changed-since", "HEAD"): 0,
    ("plan", "--target", "*"): 0,
    ("plan", "--exclude", "orders"): 0,
    ("plan", "--policy-from", "HEAD"): 0,
    ("plan", "--allow", "source-removal:DataProduct/orders"): 0,
    ("plan", "--report", "markdown"): 0,
    ("plan", "--json"): 0,
    ("drift",): 0,
    ("drift", "--base", "HEAD"): 0,
    ("show", "products"): 0,
    ("show", "product", "orders", "--sources", "--columns", "--determinations"): 0,
    ("show", "forms"): 0,
    ("show", "agreements"): 0,
    ("show", "domains"): 0,
    ("show", "sources", "--domain", "Sales"): 0,
    ("access", "list", "orders"): 0,
    ("explain", "source-removal"): 0,
}
"""Every command that says what would be, or what is, with its exit code."""

FOR_A_READER = {("plan",): 3, ("drift",): 2, ("show", "sources"): 1, ("access", "list"): 1}
"""Where the exit code is another one for a token that may write nothing and does not see every domain."""

CHANGED = PRODUCT.replace("ANALYTICS.SALES.{table}", "ANALYTICS.SALES.CUSTOMERS")


@pytest.fixture
def changed(estate: Estate) -> Iterator[Estate]:
    """A workspace that was applied and committed, and in which a source was replaced by another since."""
    with estate.served() as served:
        assert estate.apply().returncode == 0
        requested = command(
            "access", "request", "orders", "--workspace", estate.root, "--url", served.url, "--user", "jane.doe", "--yes",
            "--on-behalf-of",
        )  # fmt: skip
        done = subprocess.run(requested, env=surroundings(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        with_tags(estate.root / "dpsync.yaml")
        commit(estate.root)
        orders = estate.root / "products" / "orders.yaml"
        orders.write_text(CHANGED.format(key="orders", name="Edge Orders", form="calm"), encoding="utf-8")
        yield estate


def with_tags(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("spec:\n", "spec:\n  sensitiveTags: [Discovered.PII]\n", 1), encoding="utf-8"
    )


def commit(folder: Path) -> None:
    for arguments in (
        ["init", "--quiet"],
        ["add", "dpsync.yaml", "products"],
        ["-c", "user.name=a", "-c", "user.email=a@acme.example", "commit", "--quiet", "--message", "one"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def run(estate: Estate, url: str, *words: str) -> Result:
    """Run a command as a pipeline does; those that open no connection are given no url. A traceback fails the test."""
    where = ["--workspace", str(estate.root)] if words[0] != "explain" and words[1:2] != ("plan",) else []
    where += ["--url", url] if words[0] not in {"explain", "validate"} and words[1:2] != ("plan",) else []
    outer = {name: None for name in os.environ if name.startswith("DPSYNC_")}
    return CliRunner().invoke(
        dpsync, [*words, *where], env={**outer, "DPSYNC_TOKEN": "sandbox"}, catch_exceptions=False
    )


@contextmanager
def refusing(estate: Estate) -> Iterator[Refusing]:
    """The marketplace of the estate behind a door that only lets reads in."""
    with estate.served() as served, Refusing(served, {SEARCH}) as door:
        yield door


def everything_in(estate: Estate) -> dict[str, list[tuple[object, ...]]]:
    """Every row that the marketplace keeps, by table."""
    with opened_store(estate.db) as store:
        tables = [row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [tuple(row) for row in store.rows(f"SELECT * FROM {table}")] for table in tables}


def test_no_planning_command_sends_anything_but_reads_or_changes_anything(changed: Estate) -> None:
    saved = str(changed.root / "plan.json")
    with refusing(changed) as door:
        with_tags(changed.root / "dpsync.yaml")
        before = everything_in(changed)
        commands = {**PLANNING, ("plan", "--out", saved): 0, ("show", "plan", saved): 0}
        assert {words: run(changed, door.url, *words).exit_code for words in commands} == commands
        assert everything_in(changed) == before
    assert not door.refused
    assert SEARCH in door.received, "the tags of the added source were asked for"
    assert {method for method, path in door.received if (method, path) != SEARCH} == {"GET"}
    assert "DataProduct/orders" in Path(saved).read_text(encoding="utf-8")


def test_what_writes_manifests_sends_nothing_but_reads(changed: Estate) -> None:
    with refusing(changed) as door:
        assert run(changed, door.url, "import", "--all", "--globs").exit_code == 0
        assert run(changed, door.url, "drift", "--write-back").exit_code == 0
        assert "No changes." in run(changed, door.url, "plan").stdout
    assert not door.refused
    assert "ANALYTICS.SALES.CUSTOMERS" not in (changed.root / "products" / "orders.yaml").read_text(
        encoding="utf-8"
    )


def test_every_planning_command_answers_a_token_that_may_write_nothing(changed: Estate) -> None:
    with opened_store(changed.db) as store:
        person = store.value("SELECT global_id FROM users WHERE username = ?", ("read.only",))
        store.rows("UPDATE tokens SET user = ? WHERE token = 'sandbox'", (person,))
    form = changed.root / "products" / "calm.yaml"
    form.write_text(form.read_text(encoding="utf-8").replace("everybody", "all of us"), encoding="utf-8")
    with refusing(changed) as door:
        with_tags(changed.root / "dpsync.yaml")
        done = {words: run(changed, door.url, *words) for words in PLANNING}
    assert not door.refused
    assert {words: one.exit_code for words, one in done.items()} == {
        words: FOR_A_READER.get(words[:2], FOR_A_READER.get(words[:1], code))
        for words, code in PLANNING.items()
    }
    assert "no-permission" in done["plan",].stdout

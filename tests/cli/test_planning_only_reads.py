"""Planning only reads: proven against a marketplace that refuses everything else, and by a token that may write nothing.

The client that plans cannot send anything else, which `tests/marketplace` shows. Here the whole programs are run, and what
the marketplace received is looked at: whatever a later change does on the way, this is what must stay true.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.served import PATIENCE, PRODUCT, Estate, Refusing, command, surroundings
from dpsync.sandbox.files import opened_store

SEARCH = ("POST", "/api/metadata/tags/applied/search")
PLANNING = (
    ("validate",),
    ("plan",),
    ("plan", "--impact", "counts"),
    ("plan", "--impact", "full", "--show-members"),
    ("plan", "--unmanaged", "--fail-on", "access-removing", "--detailed-exitcode"),
    ("plan", "--base", "HEAD"),
    ("plan", "--base", "HEAD", "--only", "declared"),
    ("plan", "--policy-from", "HEAD"),
    ("plan", "--allow", "source-removal:DataProduct/orders"),
    ("plan", "--report", "markdown"),
    ("plan", "--json"),
    ("drift",),
    ("drift", "--base", "HEAD"),
    ("show", "products"),
    ("show", "product", "orders", "--sources", "--columns", "--determinations"),
    ("show", "forms"),
    ("show", "agreements"),
    ("show", "domains"),
    ("show", "sources", "--domain", "Sales"),
    ("access", "list", "orders"),
    ("explain", "source-removal"),
)
"""Every command that says what would be, or what is."""

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


def run(estate: Estate, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a pipeline does; those that open no connection are given no url."""
    where = ["--workspace", str(estate.root)] if words[0] != "explain" else []
    where += ["--url", url] if words[0] not in {"explain", "validate"} else []
    return subprocess.run(
        command(*words, *where),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=surroundings(),
        timeout=PATIENCE,
        check=False,
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
    saved = changed.root / "plan.json"
    with refusing(changed) as door:
        with_tags(changed.root / "dpsync.yaml")
        before = everything_in(changed)
        for words in (*PLANNING, ("plan", "--out", str(saved))):
            done = run(changed, door.url, *words)
            assert done.returncode in {0, 2, 3}, (words, done)
            assert "Traceback" not in done.stderr, words
        assert everything_in(changed) == before
    assert not door.refused
    assert SEARCH in door.received, "the tags of the added source were asked for"
    assert {method for method, path in door.received if (method, path) != SEARCH} == {"GET"}
    assert "DataProduct/orders" in saved.read_text(encoding="utf-8")


def test_every_planning_command_answers_a_token_that_may_write_nothing(changed: Estate) -> None:
    with opened_store(changed.db) as store:
        person = store.value("SELECT global_id FROM users WHERE username = ?", ("emma.clarke",))
        store.rows("UPDATE tokens SET user = ? WHERE token = 'sandbox'", (person,))
    with refusing(changed) as door:
        with_tags(changed.root / "dpsync.yaml")
        for words in PLANNING:
            done = run(changed, door.url, *words)
            assert "Traceback" not in done.stderr, words
            assert done.returncode in {0, 1, 2, 3}, (words, done)
    assert not door.refused

"""The token is in nothing that dpsync says or writes, also when the marketplace sends it back.

Tested elsewhere: that its `repr` hides it and that it cannot be dumped, that one with blanks is refused unshown
(`tests/test_settings.py`, `tests/marketplace/test_client.py`); that a call holds no header (`src/dpsync/model/call.py` has
no place for one).
"""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from cli.served import PRODUCT, Estate, surroundings
from dpsync.model.secret import Token
from dpsync.sandbox.files import opened_store
from security.programs import SECRET, dpsync, said, written

EVERYTHING = (
    ("validate",),
    ("plan", "--unmanaged", "--show-members", "--impact", "full", "--calls"),
    ("plan", "--json"),
    ("plan", "--report", "markdown", "--report", "json=report.json", "--out", "saved.json"),
    ("apply", "--auto-approve", "--report", "json=applied.json"),
    ("plan",),
    ("drift",),
    ("show", "products"),
    ("show", "products", "--json"),
    ("show", "product", "orders", "--sources", "--columns"),
    ("show", "forms"),
    ("show", "domains"),
    ("access", "list", "orders"),
    ("history",),
    ("history", "show", "last"),
)
ECHOES = (
    '{"message": "Not with Bearer %s"}',
    '{"message": ["%s", {"path": ["%s"], "message": "%s"}]}',
    '{"%s": 1, "errors": "%s"}',
    "<html>%s</html>",
    "%s",
)


def everything(estate: Estate) -> str:
    """All that dpsync says and writes from the first plan to the end."""
    spoken = [said(dpsync(estate.root, *arguments)) for arguments in EVERYTHING]
    assert (estate.root / "saved.json").is_file()
    assert [*estate.root.glob(".dpsync/runs/*.jsonl")]
    return "\n".join([*spoken, written(estate.root)])


def test_the_token_is_in_no_output_journal_saved_plan_or_report(guarded: Estate) -> None:
    with guarded.served():
        found = everything(guarded)
    assert "Apply complete: 4 created" in found
    assert SECRET not in found


def test_a_token_that_stands_in_the_name_of_an_object_is_not_passed_on(guarded: Estate) -> None:
    with opened_store(guarded.db) as store:
        for table in ("products", "forms"):
            (row, *_) = store.rows(f"SELECT id FROM {table} ORDER BY name")
            name = f"Name {SECRET}"
            store.update(table, row["id"], {"name": name, "name_key": name})
        store.rows("UPDATE domains SET description = ?", (f"Kept by {SECRET}",))
        store.rows("UPDATE users SET name = ?", (f"{SECRET} Doe",))
    with guarded.served():
        found = everything(guarded)
    assert "Name (the token)" in found
    assert SECRET not in found


def test_a_token_in_an_object_that_is_changed_is_not_in_the_journal(guarded: Estate) -> None:
    with guarded.served():
        assert dpsync(guarded.root, "apply", "--auto-approve").returncode == 0
    with opened_store(guarded.db) as store:
        store.rows("UPDATE products SET description = ? WHERE name LIKE 'Edge%'", (f"by hand: {SECRET}",))
    text = PRODUCT.format(key="orders", name="Edge Orders", form="calm", table="ORDERS")
    file = guarded.root / "products" / "orders.yaml"
    file.write_text(f"{text}  description: From Git.\n", encoding="utf-8")
    with guarded.served():
        done = dpsync(guarded.root, "apply", "--auto-approve", "--json")
    assert done.returncode == 0, done
    found = said(done) + written(guarded.root)
    assert "by hand: (the token)" in found
    assert SECRET not in found


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("code", [200, 400, 500])
def test_an_answer_to_a_write_that_sends_the_token_back_is_not_passed_on(
    guarded: Estate, code: int, echo: str
) -> None:
    fault = {
        "method": "POST",
        "path_glob": "*/api/*",
        "times": 999,
        "code": code,
        "body": echo.replace("%s", SECRET),
        "headers": [["X-Echo", SECRET], ["Set-Cookie", SECRET], ["Retry-After", SECRET]],
    }
    with guarded.served(fault):
        done = dpsync(guarded.root, "apply", "--auto-approve", "--report", "json=report.json")
    assert done.returncode in {5, 6}, done
    assert SECRET not in said(done) + written(guarded.root)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("echo", ECHOES)
def test_an_answer_to_a_read_that_sends_the_token_back_is_not_passed_on(guarded: Estate, echo: str) -> None:
    fault = {
        "method": "GET",
        "path_glob": "*/auth/user",
        "times": 9,
        "code": 401,
        "body": echo.replace("%s", SECRET),
    }
    with guarded.served(fault):
        done = dpsync(guarded.root, "plan", "--json")
    assert done.returncode == 6, done
    assert SECRET not in said(done)


BUG = """
import os
from dpsync.cli.shared import run
from dpsync.marketplace import ReadClient
from dpsync.model.secret import Token

def broken():
    text = os.environ["DPSYNC_TOKEN"]
    token, client = Token(text), ReadClient("http://127.0.0.1:1", Token(text))
    try:
        raise KeyError({"token": token, "client": client, "headers": f"Bearer {text}"})
    except KeyError as error:
        raise ValueError(f"{token!r} {token} {client} {vars(token) if hasattr(token, '__dict__') else ''} {text}") from error

run(broken)
"""


def test_the_traceback_of_a_bug_holds_no_token_not_even_where_its_message_does() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUG],
        capture_output=True,
        text=True,
        env={**surroundings(), "DPSYNC_TOKEN": SECRET},
        check=False,
    )
    assert done.returncode == 1
    assert "This is a bug in dpsync" in done.stderr
    assert "ValueError" in done.stderr
    assert SECRET not in said(done)


def test_a_token_is_not_pickled_and_not_shown() -> None:
    token = Token(SECRET)
    assert SECRET not in f"{token} {token!r} {token!s}"
    with pytest.raises(TypeError):
        pickle.dumps(token)

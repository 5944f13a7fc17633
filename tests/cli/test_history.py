"""The edges of `dpsync history`: where it looks, what it needs, and what it says about journals that are not whole."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import unicodedata
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from cli.past import CALM, ORDERS, Past, opened
from cli.served import PATIENCE, Estate, Relay, command, surroundings

DOCS = Path(__file__).parents[2] / "docs" / "history.md"


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return opened(tmp_path / "workspace")


def test_a_run_that_was_killed_says_after_which_call_and_undo_puts_back_what_arrived(estate: Estate) -> None:
    on_its_way, may_arrive = Event(), Event()

    def hold(body: bytes) -> None:
        if b"Strict Form" in body:
            on_its_way.set()
            may_arrive.wait(PATIENCE)

    with estate.served() as served:
        with Relay(served, hold) as relay, estate.applying(relay.url) as program:
            assert on_its_way.wait(PATIENCE)
            program.send_signal(signal.SIGKILL)
            assert program.wait(PATIENCE) == -signal.SIGKILL
            may_arrive.set()
        assert (served.has("request-form", "Calm Form"), served.has("request-form", "Strict Form")) == (
            True,
        ) * 2
        told = said(estate, "history")
        assert "broke off after call 2, of RequestForm/strict, whose result is not known" in " ".join(
            told.split()
        )
        undone = said(estate, "undo", "last", "--auto-approve")
        assert "Undo complete: 0 created, 0 updated, 2 deleted." in undone
        assert not served.has("request-form", "Calm Form")
        assert not served.has("request-form", "Strict Form")


def test_an_undo_that_somebody_stops_names_itself_as_the_way_on_and_last_goes_on_with_it(
    estate: Estate,
) -> None:
    on_its_way, may_arrive = Event(), Event()

    def hold(body: bytes) -> None:
        if b"Strict Form" in body:
            on_its_way.set()
            may_arrive.wait(PATIENCE)

    with estate.served() as served:
        assert estate.apply().returncode == 0
        said(estate, "undo", "last", "--auto-approve")
        undo = json.loads(said(estate, "history", "--json"))["runs"][0]["id"]
        with Relay(served, hold) as relay, estate.applying(relay.url, "undo", undo) as program:
            assert on_its_way.wait(PATIENCE)
            program.send_signal(signal.SIGINT)
            may_arrive.set()
            told, complained = program.communicate(timeout=PATIENCE)
        assert program.returncode == 130, complained
        assert f"Interrupted. Run `dpsync undo {undo}` again: it continues with what is left." in told
        assert f"→ Run `dpsync undo {undo}` again; it continues with what is left." in told
        assert "apply again" not in told
        assert "interrupted, 2 not made" in " ".join(said(estate, "history").split())
        assert "2 created, 0 updated, 0 deleted" in said(estate, "undo", "last", "--auto-approve")
        assert served.has("data-product", "Edge Orders")


def said(estate: Estate, *arguments: str) -> str:
    done = subprocess.run(
        command(*arguments, "--workspace", estate.root),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=surroundings(),
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def test_a_folder_of_journals_needs_no_workspace_and_no_token(past: Past, tmp_path: Path) -> None:
    past.apply(calm=CALM)
    kept = tmp_path / "kept"
    shutil.copytree(past.root / ".dpsync" / "runs", kept / "runs")
    elsewhere = Past(tmp_path / "elsewhere")
    elsewhere.root.mkdir()
    assert "1 run." in elsewhere.done("history", "--journal", kept).stdout
    assert "1. create RequestForm/calm" in elsewhere.done("history", "show", "last", "--journal", kept).stdout
    assert elsewhere.run("history").exit_code == 1


def test_a_workspace_that_is_not_valid_has_a_history_all_the_same(past: Past) -> None:
    past.apply(calm=CALM)
    (past.root / "dpsync.yaml").write_text("spec: [", encoding="utf-8")
    assert "1 run." in past.done("history").stdout


def test_a_workspace_without_runs_says_so(past: Past) -> None:
    assert past.done("history").stdout == "No runs.\n"
    assert json.loads(past.done("history", "--json").stdout)["runs"] == []
    refused = past.run("history", "show", "last")
    assert (refused.exit_code, "There is no journal in" in refused.stderr) == (1, True)


def test_options_may_stand_on_either_side_of_show(past: Past) -> None:
    name = past.apply(calm=CALM).stem
    shown = [
        past.done("history", *before, "show", name[-8:], *after).stdout
        for before, after in (
            (("--json",), ()),
            ((), ("--json",)),
            (("--journal", past.root / ".dpsync"), ("--json",)),
            (("--json",), ("--journal", past.root / ".dpsync")),
        )
    ]
    assert len(set(shown)) == 1
    assert json.loads(shown[0])["run"]["run"] == name


def test_only_runs_in_one_environment_are_shown_where_one_is_named(past: Past) -> None:
    past.apply(calm=CALM)
    assert "1 run." in past.done("history", "--env", "sandbox").stdout
    elsewhere = past.done("history", "--env", "prod").stdout
    assert elsewhere == "No runs in prod. There is 1 in sandbox.\n"
    shown = past.run("history", "show", "last", "--env", "prod")
    assert (shown.exit_code, "of a run in 'prod'" in shown.stderr) == (1, True)
    assert past.run("history", "--env", "prod", "show", "last").stderr == shown.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--env", ""), "`--env` names no environment."),
        (("--journal", "nowhere"), "There is no folder nowhere."),
        (("--journal", str(DOCS)), f"There is no folder {DOCS}."),
    ],
)
def test_what_is_misspelled_is_not_taken_for_no_runs(past: Past, options: tuple[str, ...], told: str) -> None:
    past.apply(calm=CALM)
    for words in (("history",), ("history", "show", "last")):
        refused = past.run(*words, *options)
        assert refused.exit_code == 1
        assert told in " ".join(refused.stderr.split())


def test_each_call_that_makes_a_suspended_product_says_what_it_does(past: Past) -> None:
    past.apply(calm=CALM, orders=f"{ORDERS}  lifecycle: suspended\n")
    shown = past.done("history", "show", "last").stdout
    _form, _made, suspended, sourced = shown.split("DataProduct/orders")
    assert "lifecycle: suspended" in suspended
    assert "ANALYTICS.SALES.ORDERS" in sourced
    assert "domain:" not in sourced
    assert past.plan_of_undo("last") == {"DataProduct/orders": (), "RequestForm/calm": ()}


def test_an_apply_of_a_part_is_not_called_complete(past: Past) -> None:
    past.apply("--target", "RequestForm/calm", calm=CALM, orders=ORDERS)
    assert past.done("history").stdout.count("complete (partial)") == 1


def test_a_journal_that_cannot_be_read_is_named_and_the_others_are_shown(past: Past) -> None:
    past.apply(calm=CALM)
    damaged = past.journals[0].with_name("20200101T000000.000Z-00000000.jsonl")
    damaged.write_text("[]\n{}\n", encoding="utf-8")
    shown = past.run("history")
    assert shown.exit_code == 1
    assert "1 run. 1 journal cannot be read." in shown.stdout
    assert "is not a line of a journal: it is not a JSON object." in " ".join(shown.stdout.split())
    as_json = past.run("history", "--json")
    assert as_json.exit_code == 1
    (told,) = json.loads(as_json.stdout)["unreadable"]
    assert told.startswith(f"{damaged}:1 ")


def test_an_access_request_stands_in_the_history_beside_what_was_applied(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    past.done("access", "request", "orders", "--user", "sofia.rossi", "--yes")
    assert "access: complete" in past.done("history").stdout
    shown = past.done("history", "show", "last").stdout
    assert "(access)" in shown
    assert "POST /api/data-product/" in shown
    refused = past.run("undo", "last")
    assert refused.exit_code == 1
    assert "it changed who has access, and no object" in refused.stderr


def test_what_an_editor_put_into_a_journal_steers_no_terminal(past: Past) -> None:
    file = past.apply(calm=CALM)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    bad = "x\x1b[2J\u202e\x07[red]"
    lines[0] |= {"who": bad, "environment": bad, "dpsync": bad, "command": bad, "undoes": bad}
    lines[1] |= {"address": bad, "title": bad, "path": bad, "method": bad, "action": bad}
    lines[2] |= {"result": "error", "error": bad, "message": bad}
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    for arguments in (("history",), ("history", "show", "last"), ("history", "--json"), ("undo", "last")):
        shown = past.run(*arguments)
        written = {one for one in shown.output if unicodedata.category(one)[0] == "C"}
        assert written <= {"\n"}, arguments


@pytest.mark.parametrize("commit", [7, "x\x1b[2J", "1b87af8a9"])
def test_a_commit_that_is_none_makes_a_journal_unreadable_and_is_no_bug_of_dpsync(
    past: Past, commit: object
) -> None:
    file = past.apply(calm=CALM)
    first, rest = file.read_text(encoding="utf-8").split("\n", 1)
    file.write_text(f"{json.dumps(json.loads(first) | {'commit': commit})}\n{rest}", encoding="utf-8")
    for arguments in (("history",), ("undo", "last"), ("plan", "--base", "journal")):
        shown = past.run(*arguments)
        assert shown.exit_code == 1, arguments
        assert f"its commit is {commit!r}" in " ".join(shown.output.split())
        assert "bug" not in shown.output
        assert "\x1b" not in shown.output
    assert "Name a Git revision instead" in past.run("plan", "--base", "journal").stderr


def test_every_field_of_the_json_is_on_the_page_and_every_one_on_the_page_is_there(past: Past) -> None:
    past.apply(calm=CALM)
    listed = json.loads(past.done("history", "--json").stdout)
    shown = json.loads(past.done("history", "show", "last", "--json").stdout)
    assert listed["runs"] == [shown["run"]]
    assert documented("## JSON") == {*listed, *shown}
    assert documented("Of a run:") == {*shown["run"]}
    assert documented("Of a call:") == {*shown["calls"][0]}
    assert {*named("Of a run:", "target")} >= {*shown["run"]["target"]}
    assert {*named("Of a run:", "counts")} >= {*shown["run"]["counts"]}


def rows(below: str) -> list[str]:
    text = DOCS.read_text(encoding="utf-8").partition(f"\n{below}\n")[2]
    table: list[str] = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()[2:]
    return table


def documented(below: str) -> set[str]:
    return {name for row in rows(below) for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def named(below: str, field: str) -> list[Any]:
    return re.findall(r"`(\w+)`", next(row for row in rows(below) if f"`{field}`" in row.split("|")[1]))

"""The edges of `dpsync apply`: what each exit code is given for, and what is left so that the next apply can finish."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from threading import Event

import pytest

from cli.served import FORM, PATIENCE, PRODUCT, Estate, Fault, Marketplace, Relay, Terminal

FORMS, PRODUCTS = "request-form", "data-product"
PROMPT = "Only 'yes' will be accepted"
ALWAYS = 999


def creating(collection: str, nth: int = 1, **what: object) -> Fault:
    """A fault at the nth creation in a collection and at all after it."""
    return {
        "method": "POST",
        "path_glob": f"*/api/{collection}",
        "nth": nth,
        "times": ALWAYS,
        "headers": [["Retry-After", "0"]],
        **what,
    }


@pytest.mark.parametrize("code", [400, 500])
def test_a_failed_form_skips_its_product_only_and_the_next_apply_finishes(estate: Estate, code: int) -> None:
    with estate.served(creating(FORMS, nth=2, code=code, body='{"message": "not on a Monday"}')) as served:
        done = estate.apply()
        assert served.has(PRODUCTS, "Edge Orders")
        assert not served.has(FORMS, "Strict Form")
        assert not served.has(PRODUCTS, "Edge Returns")
    assert done.returncode == 5, done
    assert "done RequestForm/calm" in done.stderr
    assert "failed RequestForm/strict" in done.stderr
    assert "done DataProduct/orders" in done.stderr
    assert "skipped DataProduct/returns: It needs RequestForm/strict, which failed." in done.stderr
    assert "not on a Monday" in " ".join(done.stdout.split())
    finishes(estate)


def test_the_events_of_an_apply_that_fails_end_with_its_report(estate: Estate) -> None:
    """`apply --json` as a pipeline reads it, with a form that the marketplace refuses."""
    with estate.served(creating(FORMS, nth=2, code=400)):
        done = estate.apply("--json")
    assert done.returncode == 5, done
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "plan"
    assert events[-1]["type"] == "report"
    begun = [event["address"] for event in events if event["type"] == "started"]
    ended = {event["address"]: event["result"] for event in events if event["type"] == "ended"}
    assert set(begun) <= ended.keys()
    assert sorted(ended.values()) == ["done", "done", "failed", "skipped"]
    (failed,) = [address for address, result in ended.items() if result == "failed"]
    (call,) = [event for event in events if event["type"] == "call" and event["result"] == "error"]
    assert (call["address"], call["method"], call["path"]) == (failed, "POST", "/api/request-form")
    assert call["message"]
    told = {one["address"]: one["result"] for one in events[-1]["report"]["outcomes"]}
    assert told == ended


def test_a_token_that_ends_part_way_ends_the_run(estate: Estate) -> None:
    with estate.served(creating(PRODUCTS, code=401)) as served:
        done = estate.apply()
        assert served.has(FORMS, "Calm Form")
        assert not served.has(PRODUCTS, "Edge Orders")
    assert done.returncode == 6, done
    assert "done RequestForm/strict" in done.stderr
    assert "failed DataProduct/orders" in done.stderr
    assert "skipped DataProduct/returns: The run was stopped because of DataProduct/orders" in done.stderr
    finishes(estate)


def test_a_server_that_goes_away_before_the_answer_ends_the_run(estate: Estate) -> None:
    with estate.served() as served, Terminal(estate) as terminal:
        terminal.read_until(PROMPT)
        served.server.terminate()
        code, said = terminal.answer("yes")
    assert code == 6, terminal.shown
    assert served.url in said
    finishes(estate)


def test_an_object_that_is_changed_while_the_prompt_waits_is_left_alone(estate: Estate) -> None:
    with estate.served():
        assert estate.apply().returncode == 0
    text = PRODUCT.format(key="orders", name="Edge Orders", form="calm", table="ORDERS")
    estate.declare(
        calm=FORM.format(key="calm", name="Calm Form"),
        strict=FORM.format(key="strict", name="Strict Form"),
        orders=f"{text}  description: From the manifest.\n",
        returns=PRODUCT.format(key="returns", name="Edge Returns Again", form="strict", table="RETURNS"),
    )
    with estate.served() as served, Terminal(estate) as terminal:
        terminal.read_until(PROMPT)
        meddle(served, "Edge Orders", "By hand.")
        code, said = terminal.answer("yes")
        assert code == 4, terminal.shown + said
        orders = served.named(PRODUCTS, "Edge Orders")
        assert orders is not None
        assert orders["description"] == "By hand."
        assert served.has(PRODUCTS, "Edge Returns Again")
    assert "DataProduct/orders" in said
    finishes(estate)


def test_ctrl_c_finishes_the_call_in_flight_and_the_next_apply_the_rest(estate: Estate) -> None:
    on_its_way, may_arrive = Event(), Event()

    def hold(body: bytes) -> None:
        if b"Strict Form" in body:
            on_its_way.set()
            may_arrive.wait(PATIENCE)

    with estate.served() as served, Relay(served, hold) as relay, estate.applying(relay.url) as program:
        assert program.stderr is not None
        assert program.stderr.readline().startswith("[1/4] done RequestForm/calm")
        assert on_its_way.wait(PATIENCE)
        program.send_signal(signal.SIGINT)
        heard = program.stderr.readline()
        may_arrive.set()
        said, complained = program.communicate(timeout=PATIENCE)
        assert served.has(FORMS, "Strict Form")
        assert not served.has(PRODUCTS, "Edge Orders")
    assert program.returncode == 130, complained
    assert heard == "Stopping: finishing the calls in flight, starting nothing new. Once more ends at once.\n"
    assert "done RequestForm/strict" in complained
    assert "skipped DataProduct/orders: The run was interrupted before this change." in complained
    assert "skipped DataProduct/returns: The run was interrupted before this change." in complained
    assert "Interrupted" in said
    assert "Traceback" not in complained
    finishes(estate)


@pytest.mark.parametrize("name", [b"Strict Form", b"Edge Orders"])
def test_a_run_that_is_killed_is_finished_by_the_next_one(estate: Estate, name: bytes) -> None:
    """SIGKILL, with a call on its way that takes effect after that: the journal says which."""
    programs: list[subprocess.Popen[str]] = []
    known = Event()

    def kill(body: bytes) -> None:
        if name in body:
            known.wait(PATIENCE)
            programs[0].kill()
            programs[0].wait(PATIENCE)

    with estate.served() as served:
        with Relay(served, kill) as relay, estate.applying(relay.url) as program:
            programs.append(program)
            known.set()
            program.communicate(timeout=PATIENCE)
        assert program.returncode == -signal.SIGKILL
    (journal,) = (estate.root / ".dpsync" / "runs").iterdir()
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["type"] == "begin"
    assert lines[-1]["body"]["name"] == name.decode()
    finishes(estate)
    assert estate_is_settled(estate)


def test_a_second_signal_ends_at_once_with_the_journal_and_the_report_complete(estate: Estate) -> None:
    on_its_way, may_arrive = Event(), Event()

    def hold(body: bytes) -> None:
        if b"Strict Form" in body:
            on_its_way.set()
            may_arrive.wait(PATIENCE)

    with estate.served() as served:
        with Relay(served, hold) as relay, estate.applying(relay.url) as program:
            assert program.stderr is not None
            assert program.stderr.readline().startswith("[1/4] done RequestForm/calm")
            assert on_its_way.wait(PATIENCE)
            program.send_signal(signal.SIGTERM)
            assert program.stderr.readline().startswith("Stopping: ")
            program.send_signal(signal.SIGINT)
            said, complained = program.communicate(timeout=PATIENCE)
            may_arrive.set()
        assert program.returncode == 130, complained
        assert complained.startswith("Ending at once: the calls in flight are given up.\n")
        assert "failed RequestForm/strict: The run was ended while POST /api/request-form" in complained
        assert "it is not known whether it took effect" in " ".join(said.split())
        assert "skipped DataProduct/orders: The run was interrupted before this change." in complained
        assert "Interrupted" in said
        assert "Traceback" not in complained
    (journal,) = (estate.root / ".dpsync" / "runs").iterdir()
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [line["type"] for line in lines] == ["run", "begin", "end", "begin", "end", "finished"]
    assert "not known whether it took effect" in lines[-2]["message"]
    finishes(estate)


def test_what_is_blocked_is_left_and_the_others_are_made(estate: Estate) -> None:
    text = PRODUCT.format(key="lost", name="Edge Lost", form="calm", table="NO_SUCH_TABLE")
    (estate.root / "products" / "lost.yaml").write_text(text, encoding="utf-8")
    with estate.served() as served:
        done = estate.apply()
        assert done.returncode == 3, done
        assert served.has(PRODUCTS, "Edge Orders")
        assert served.has(PRODUCTS, "Edge Returns")
        assert not served.has(PRODUCTS, "Edge Lost")
        # Nothing is left to be made, and still what is blocked is not passed over.
        assert estate.apply().returncode == 3
    assert "NO_SUCH_TABLE" in done.stdout


@pytest.mark.parametrize("answer", ["no", "YES"])
def test_any_answer_but_yes_changes_nothing(estate: Estate, answer: str) -> None:
    with estate.served() as served, Terminal(estate) as terminal:
        terminal.read_until(PROMPT)
        assert f"Apply these changes to served ({served.url})?" in terminal.shown
        code, said = terminal.answer(answer)
        assert not served.has(FORMS, "Calm Form")
    assert code == 1
    assert "Nothing was changed." in terminal.shown
    assert "Plan: 4 to create" in said
    assert "Apply complete" not in said


def test_yes_makes_the_changes_and_a_bar_shows_how_far(estate: Estate) -> None:
    with estate.served() as served, Terminal(estate) as terminal:
        terminal.read_until(PROMPT)
        code, said = terminal.answer("yes")
        assert served.has(PRODUCTS, "Edge Returns")
    assert code == 0, terminal.shown
    assert "Apply complete: 4 created" in said
    assert "━" in terminal.shown
    assert "4/4" in terminal.shown
    assert "━" not in said


def test_ctrl_c_at_the_prompt_changes_nothing(estate: Estate) -> None:
    with estate.served() as served, Terminal(estate) as terminal:
        terminal.read_until(PROMPT)
        os.kill(terminal.program.pid, signal.SIGINT)
        code, _ = terminal.answer("yes")
        assert not served.has(FORMS, "Calm Form")
    assert code == 130, terminal.shown
    assert "Traceback" not in terminal.shown


def finishes(estate: Estate) -> None:
    """An apply to a marketplace that is well again makes all that is left."""
    with estate.served() as served:
        done = estate.apply()
        assert served.has(FORMS, "Strict Form")
        assert served.has(PRODUCTS, "Edge Orders")
    assert done.returncode == 0, done
    assert "Apply complete" in done.stdout


def estate_is_settled(estate: Estate) -> bool:
    """Whether a further apply finds nothing to do."""
    with estate.served():
        done = estate.apply()
    return done.returncode == 0 and "No changes" in done.stdout


def meddle(served: Marketplace, product: str, description: str) -> None:
    """Describe a product anew, as somebody at the marketplace does."""
    found = served.named(PRODUCTS, product)
    assert found is not None
    changed = served.by_hand.put(f"/api/{PRODUCTS}/{found['id']}", json={"description": description})
    assert changed.status_code == 200, changed.text

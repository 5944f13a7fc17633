"""Requests and revocations against the sandbox: journaled, sent once, and looked for when an answer is lost."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dpsync.apply.journal import Journal, Run
from dpsync.cli import dpsync
from dpsync.errors import UsageError
from dpsync.marketplace.accesses import AbsentOperation
from dpsync.marketplace.api import Client
from dpsync.model.membership import Asking, Became, Done, RequestType, Which
from dpsync.model.plan import Target
from dpsync.model.secret import Token
from dpsync.pipeline import access
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.faults import Fault, Faults
from dpsync.sandbox.files import opened_store
from dpsync.sandbox.seed import demo_world
from dpsync.settings import Settings
from telling import WORKSPACE, forget_the_surroundings

TOKEN = "sandbox"
SCORECARD = "Supplier Scorecard"
REQUEST = "*/request"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_surroundings(monkeypatch)
    monkeypatch.setenv("DPSYNC_WORKSPACE", str(tmp_path))
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (tmp_path / "products").mkdir()
    (tmp_path / "answers.yaml").write_text(
        "What will you use it for?: Work\nYour team: Other\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def settings(workspace: Path) -> Settings:
    from dpsync.cli.shared import settings_for

    return settings_for(workspace, None)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as opened:
        opened.load(demo_world())
        yield opened


def run(*words: str) -> Any:
    return CliRunner().invoke(dpsync, words)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "runs").iterdir())
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


async def asking(settings: Settings, client: Client, *users: str) -> Asking:
    ask = await access.asking(settings, SCORECARD, users, RequestType.DATA_ACCESS, client, columns=())
    answers = access.answers_in(settings.root / "answers.yaml", ask.form)
    from dataclasses import replace

    return replace(ask, answers=answers)


def played(
    settings: Settings,
    store: Store,
    faults: Faults,
    work: Callable[[Client, Journal], Awaitable[Done]],
) -> Done:
    """What the work says, with a marketplace on which things go wrong; the journal is in the workspace."""

    async def no_sleep(_seconds: float) -> None:
        return

    async def all_of_it() -> Done:
        transport = InProcess(create_app(store, faults=faults))
        run = Run(Target("story", "id", "sandbox", BASE_URL), "somebody", "1")
        with Journal.open(settings.root, run, lambda: datetime.now(UTC), os.urandom) as journal:
            async with Client(BASE_URL, Token(TOKEN), transport=transport, sleep=no_sleep) as client:
                return await work(client, journal)

    return asyncio.run(all_of_it())


def posts(store: Store, user: str) -> int:
    return int(
        store.value(
            "SELECT count(*) FROM requests r JOIN users u ON u.global_id = r.user JOIN products p ON p.id = r.product "
            "WHERE u.username = ? AND p.name = ?",
            (user, SCORECARD),
        )
        or 0
    )


def test_every_write_is_in_the_journal_with_begin_and_end_and_never_the_token(workspace: Path) -> None:
    answers = str(workspace / "answers.yaml")
    asked = run(
        "access", "request", SCORECARD, "--user", "jane.doe", "--on-behalf-of", "--answers", answers, "--yes"
    )
    assert asked.exit_code == 0, asked.output
    taken = run("access", "revoke", "Customer Voice", "--user", "emma.clarke", "--yes")
    assert taken.exit_code == 0, taken.output
    lines = lines_of(workspace / ".dpsync")
    assert [line["type"] for line in lines] == [
        "run", "begin", "end", "finished", "run", "begin", "end", "begin", "end", "finished",
    ]  # fmt: skip
    made, first, second = (line for line in lines if line["type"] == "begin")
    assert (made["action"], made["before"], made["body"].keys()) == ("create", None, {"user", "form"})
    assert (first["action"], first["before"]["status"]) == ("delete", "APPROVED")
    assert first["id"] in first["path"]
    assert second["before"]["columns"] == ["ANALYTICS.SUPPORT.AGENTS.EMAIL"]
    assert all(line["result"] == "ok" for line in lines if line["type"] == "end")
    assert "Bearer" not in json.dumps(lines)


def test_what_is_journaled_is_what_is_sent(settings: Settings, store: Store) -> None:
    faults = Faults()

    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    app_log: list[Any] = []
    transport = InProcess(create_app(store, faults=faults, received=app_log))

    async def all_of_it() -> None:
        run = Run(Target("story", "id", "sandbox", BASE_URL), "somebody", "1")
        with Journal.open(settings.root, run, lambda: datetime.now(UTC), os.urandom) as journal:
            async with Client(BASE_URL, Token(TOKEN), transport=transport) as client:
                await work(client, journal)

    asyncio.run(all_of_it())
    (begun,) = (line for line in lines_of(settings.root) if line["type"] == "begin")
    (sent,) = (one for one in app_log if one.method == "POST")
    assert sent.path.endswith(begun["path"])
    assert (sent.body if isinstance(sent.body, dict) else json.loads(sent.body)) == begun["body"]


def test_a_request_whose_answer_is_lost_is_found_and_not_sent_again(settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    done = played(settings, store, Faults([Fault("POST", REQUEST, kind="lost")]), work)
    (result,) = done.results
    assert (result.became, posts(store, "jane.doe")) == (Became.PENDING, 1)
    assert result.access is not None
    assert result.access.waits_for == "group Supply Chain Stewards"


def test_a_request_that_was_lost_before_it_arrived_is_not_known_and_not_sent_again(
    settings: Settings, store: Store
) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    done = played(settings, store, Faults([Fault("POST", REQUEST, kind="reset")]), work)
    (result,) = done.results
    assert (result.became, result.lost_contact, posts(store, "jane.doe")) == (Became.UNKNOWN, True, 0)
    assert "not known" in result.message
    assert [line.get("result") for line in lines_of(settings.root) if line["type"] == "end"] == ["error"]


def test_what_fails_for_one_person_is_done_for_the_others(settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        ask = await asking(settings, client, "jane.doe", "zoe.mueller")
        return await access.requested(ask, client, journal)

    done = played(
        settings, store, Faults([Fault("POST", REQUEST, code=400, body='{"message": "No."}')]), work
    )
    assert [result.became for result in done.results] == [Became.REFUSED, Became.PENDING]


def test_who_came_in_since_it_was_shown_is_not_asked_for_twice(settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        ask = await asking(settings, client, "jane.doe")
        (person,) = ask.people
        await client.request_access(ask.product.id, user=person.id, form=dict(ask.answers))
        return await access.requested(ask, client, journal)

    done = played(settings, store, Faults(), work)
    assert [result.became for result in done.results] == [Became.ALREADY]
    assert posts(store, "jane.doe") == 1


def test_a_revocation_whose_answer_is_lost_is_seen_to_be_done(settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        loss = await access.revoking(settings, "Customer Voice", ("lucas.martin",), (), client)
        return await access.revoked(loss, client, journal)

    done = played(settings, store, Faults([Fault("DELETE", "*", kind="lost")]), work)
    assert [result.became for result in done.results] == [Became.REVOKED]


def test_a_thousand_members_are_listed_over_many_pages(workspace: Path) -> None:
    (workspace / ".dpsync").mkdir()
    with opened_store(workspace / ".dpsync" / "sandbox.db") as store:
        template = store.row("SELECT * FROM users WHERE username = 'jane.doe'")
        member = store.row(
            "SELECT r.* FROM requests r JOIN products p ON p.id = r.product WHERE p.name = 'Customer Voice' "
            "AND r.status = 'APPROVED' AND r.type = 'DATA_ACCESS'"
        )
        assert template is not None
        assert member is not None
        for number in range(1000):
            user = {
                "id": 10_000 + number,
                "global_id": store.new_uuid(),
                "username": f"user{number:04d}",
                "name": f"User {number:04d}",
                "email": f"user{number:04d}@acme.example",
            }
            store.insert("users", {**dict(template), **user})
            store.insert("requests", {**dict(member), "id": store.new_cuid(), "user": user["global_id"]})
    said = run("access", "list", "Customer Voice", "--members", "--json")
    assert said.exit_code == 0, said.output
    names = [access["user"]["name"] for access in json.loads(said.stdout)["accesses"]]
    assert len(names) == 1005
    assert names == sorted(names)
    assert run("access", "list", "Customer Voice").stdout.endswith("1005 approved.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are opened with pty")
def test_on_a_terminal_the_answers_and_the_permission_are_asked_for(workspace: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    words = ["access", "request", SCORECARD, "--user", "jane.doe", "--on-behalf-of"]
    with subprocess.Popen(
        [sys.executable, "-m", "dpsync", *words],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        cwd=workspace,
        env=environment,
    ) as process:
        os.close(theirs)
        os.write(ours, b"Planning\n3\nyes\n")
        assert process.stdout is not None
        said = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    assert "Your team: Other" in said
    assert said.endswith("Request: 1 pending.\n")


# An API that is too old


ABSENT = "does not know an operation that is needed here; its API is too old for it"


@pytest.mark.parametrize("which", list(Which))
def test_a_list_that_the_marketplace_does_not_have_is_said_to_be_too_old(
    which: Which, settings: Settings, store: Store
) -> None:
    glob = "*/members" if which is Which.MEMBERS else REQUEST

    async def work(client: Client, _journal: Journal) -> Done:
        await access.listed(settings, SCORECARD, None, which, client, expiring=False)
        raise AssertionError

    with pytest.raises(AbsentOperation, match=ABSENT) as absent:
        played(settings, store, Faults([Fault("GET", glob, code=404, times=9)]), work)
    assert absent.value.exit_code == 1
    assert f"The product {SCORECARD!r} is there" in absent.value.message
    assert "(404)" in absent.value.message


@pytest.mark.parametrize("glob", ["*/request-forms", "*/api/access-request"])
def test_what_a_request_needs_to_know_may_be_too_new(glob: str, settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    with pytest.raises(AbsentOperation, match=ABSENT):
        played(settings, store, Faults([Fault("GET", glob, code=404, times=9)]), work)
    assert posts(store, "jane.doe") == 0


@pytest.mark.parametrize("glob", ["*/datasources", "*/columns"])
def test_what_a_masking_exception_needs_to_know_may_be_too_new(
    glob: str, settings: Settings, store: Store
) -> None:
    async def work(client: Client, _journal: Journal) -> Done:
        columns = ("ANALYTICS.SUPPORT.AGENTS.EMAIL",)
        wanted = RequestType.MASKING_EXCEPTION
        await access.asking(settings, "Customer Voice", ("jane.doe",), wanted, client, columns=columns)
        raise AssertionError

    with pytest.raises(AbsentOperation, match=ABSENT):
        played(settings, store, Faults([Fault("GET", glob, code=404, times=9)]), work)


def test_a_request_that_the_marketplace_cannot_take_is_refused_and_journaled(
    settings: Settings, store: Store
) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    done = played(settings, store, Faults([Fault("POST", REQUEST, code=404)]), work)
    (result,) = done.results
    assert result.became is Became.REFUSED
    assert ABSENT in result.message
    assert posts(store, "jane.doe") == 0
    (ended,) = (line for line in lines_of(settings.root) if line["type"] == "end")
    assert ended["result"] != "ok"


def test_a_revocation_that_the_marketplace_does_not_have_is_refused(settings: Settings, store: Store) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        loss = await access.revoking(settings, "Customer Voice", ("lucas.martin",), (), client)
        return await access.revoked(loss, client, journal)

    done = played(settings, store, Faults([Fault("DELETE", "*", code=404, times=9)]), work)
    assert {result.became for result in done.results} == {Became.REFUSED}
    assert all(ABSENT in result.message for result in done.results)


def test_a_product_that_is_gone_meanwhile_is_not_said_to_be_an_old_api(
    settings: Settings, store: Store
) -> None:
    async def work(client: Client, journal: Journal) -> Done:
        return await access.requested(await asking(settings, client, "jane.doe"), client, journal)

    gone = [
        Fault("POST", REQUEST, code=404),
        Fault("GET", "*/data-product/c????????????????????????", code=404, times=9),
    ]
    (result,) = played(settings, store, Faults(gone), work).results
    assert result.became is Became.REFUSED
    assert ABSENT not in result.message


def test_a_product_that_the_token_may_not_see_is_not_said_to_be_absent(
    settings: Settings, store: Store
) -> None:
    async def work(client: Client, _journal: Journal) -> Done:
        await access.listed(settings, "Hidden", None, Which.OPEN, client, expiring=False)
        raise AssertionError

    with pytest.raises(UsageError, match='The token may not see the data product "Hidden"') as refused:
        played(settings, store, Faults([Fault("GET", "*/byName", code=403)]), work)
    assert refused.value.exit_code == 1

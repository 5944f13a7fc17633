"""What `show` and `access` send, and what they get, is as the published contract says, in either vintage.

Every page, list and request is asked for through a door that holds the contract against each exchange. Skipped where the
contract is not at hand.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.openapi import OpenApi
from contract.test_dpsync_keeps_the_contract import Watched
from dpsync.apply.journal import NoJournal
from dpsync.cli.shared import settings_for
from dpsync.marketplace.api import Client
from dpsync.marketplace.showing import Around, Viewer, shown
from dpsync.model.membership import Became, RequestType, Which
from dpsync.model.secret import Token
from dpsync.model.showing import (
    AboutAgreements,
    AboutDomains,
    AboutForms,
    AboutProduct,
    AboutProducts,
    AboutSources,
    Declarations,
    Question,
)
from dpsync.pipeline import access
from dpsync.sandbox import Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.seed import demo_world
from dpsync.settings import Settings, Vintage
from telling import WORKSPACE, forget_the_surroundings

API = "/marketplace/api"
PRODUCT = f"{API}/data-product"
VOICE = "Customer Voice"
EMAIL = "ANALYTICS.SUPPORT.AGENTS.EMAIL"
PHONE = "ANALYTICS.SUPPORT.AGENTS.PHONE"

QUESTIONS: Sequence[Question] = (
    AboutProduct(
        VOICE,
        sources=True,
        user="emma.clarke",
        columns=True,
        masked_only=True,
        determinations=True,
        name="e",
    ),
    AboutProduct("finance\\ledger extract", columns=True),
    AboutProduct("Kundenumsätze München", sources=True),
    AboutProduct("c1d3d4cf52d6c1dd578420428"),
    AboutProducts(),
    AboutProducts(name="e", expiring=False, domain="sales", descending=True, limit=1),
    AboutProducts(expiring=True, limit=3),
    AboutForms("e"),
    AboutAgreements("a"),
    AboutDomains("s"),
    AboutSources("Sales", "orders"),
)
V2_QUESTIONS: Sequence[Question] = (
    AboutProducts(statuses=("APPROVED", "EXPIRED"), roles=("manager", "steward", "noRole")),
)


@pytest.fixture(scope="module")
def contract() -> OpenApi:
    found = OpenApi.load_or_none()
    if found is None:
        pytest.skip("the published contract is not at hand (DPSYNC_OPENAPI names it)")
    return found


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    forget_the_surroundings(monkeypatch)
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (tmp_path / "products").mkdir()
    return settings_for(tmp_path, None)


@pytest.mark.parametrize("vintage", ["v2", "v1"])
def test_every_page_and_list_of_show_keeps_the_contract(vintage: Vintage, contract: OpenApi) -> None:
    async def look(door: Watched) -> None:
        around = Declarations("example-contract", ())
        token: Any = Token("sandbox")
        async with Viewer(BASE_URL, token, transport=door) as client:
            for question in (*QUESTIONS, *(V2_QUESTIONS if vintage == "v2" else ())):
                answer = await shown(question, Around(client, around, vintage))
                assert not [notice for notice in answer.notices if "not shown" in notice]

    seen = _watched(vintage, contract, look)
    ends = ("datasources", "columns", "members", "request", "request-forms", "recent-determinations")
    expected = {
        f"GET {PRODUCT}",
        f"GET {PRODUCT}/{{id}}",
        f"GET {PRODUCT}/{{name}}/byName",
        *(f"GET {PRODUCT}/{{id}}/{end}" for end in ends),
        f"GET {API}/request-form",
        f"GET {API}/data-use-agreement",
        f"GET {API}/metadata/domain",
        f"GET {API}/metadata/domain/{{id}}/datasources",
        f"GET {API}/metadata/users",
    }
    assert expected <= set(seen), sorted(seen)


@pytest.mark.parametrize("vintage", ["v2", "v1"])
def test_every_request_of_access_keeps_the_contract(
    vintage: Vintage, contract: OpenApi, settings: Settings
) -> None:
    async def let_in_and_out(door: Watched) -> None:
        token: Any = Token("sandbox")
        async with Client(BASE_URL, token, transport=door) as client:
            for which in Which:
                for user in (None, "emma.clarke"):
                    await access.listed(settings, VOICE, user, which, client, expiring=which is Which.ALL)
            await _asked(settings, client, RequestType.DATA_ACCESS, "Supplier Scorecard", "jane.doe")
            await _asked(settings, client, RequestType.MASKING_EXCEPTION, VOICE, "lucas.martin", EMAIL, PHONE)
            loss = await access.revoking(settings, VOICE, ("emma.clarke",), (), client)
            assert len(loss.accesses) == 2
            done = await access.revoked(loss, client, NoJournal())
            assert {result.became for result in done.results} == {Became.REVOKED}
            again = await access.revoking(settings, VOICE, (), (loss.accesses[0].id,), client)
            assert not again.accesses

    seen = _watched(vintage, contract, let_in_and_out)
    expected = {
        f"GET {PRODUCT}/{{id}}/members",
        f"GET {PRODUCT}/{{id}}/request",
        f"GET {PRODUCT}/{{id}}/request-forms",
        f"GET {PRODUCT}/{{id}}/columns",
        f"GET {API}/access-request",
        f"GET {API}/access-request/{{id}}",
        f"POST {PRODUCT}/{{id}}/request",
        f"POST {PRODUCT}/{{id}}/request/masking-exception",
        f"DELETE {PRODUCT}/{{id}}/request/{{requestId}}",
    }
    assert expected <= set(seen), sorted(seen)


async def _asked(
    settings: Settings, client: Client, wanted: RequestType, product: str, user: str, *columns: str
) -> None:
    ask = await access.asking(settings, product, (user,), wanted, client, columns=columns)
    given = {
        "ACCESS_DURATION": {"duration": 3, "durationUnit": "MONTHS"},
        "SHORT_ANSWER": "Work",
        "PARAGRAPH": "Work",
    }
    answers = {
        one.id: list(one.choices[:1])
        if one.type == "CHECKBOXES"
        else next(iter(one.choices), given.get(one.type))
        for one in ask.form.questions
    }
    done = await access.requested(replace(ask, answers=answers), client, NoJournal())
    assert {result.became for result in done.results} <= {Became.PENDING, Became.APPROVED}, done.results


def _watched(vintage: Vintage, contract: OpenApi, work: Any) -> Counter[str]:
    async def watched(store: Store) -> Counter[str]:
        door = Watched(InProcess(create_app(store, vintage=vintage)), contract)
        await work(door)
        return door.seen

    with Store() as store:
        store.load(demo_world())
        return asyncio.run(watched(store))

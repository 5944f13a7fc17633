"""How many requests a plan of a part takes: they follow the size of the pull request, and not of the estate (ADR 19)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from dpsync.model.call import Action
from dpsync.model.impact import Reach
from dpsync.model.part import Wanted
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.pipeline.part import drafted_part
from dpsync.pipeline.weighing import weighed
from dpsync.planner.part import part_of
from laws.markets import Document, Market, declared, market
from planner.test_requests import document, key, world


def planned(
    one: Market, base: Sequence[Document], now: Sequence[Document], reach: Reach = Reach.MANAGED
) -> Plan:
    """The plan of what changed, with every guardrail on; what it sent is counted in `one.requests`."""
    settings = replace(one.settings, prune=True, policy=Policy())
    before, after = (declared([list(documents)], settings).desired for documents in (base, now))
    part = part_of(Wanted(since="main"), after, before, "0" * 40)

    async def made() -> Plan:
        async with one.client(one._door()) as client:
            return (
                await weighed(await drafted_part(settings, after, part, reach, client), client, reach)
            ).plan

    return asyncio.run(made())


def pull_request(base: Sequence[Document]) -> list[Document]:
    """One manifest is edited, one loses a source, one goes, one comes; a product of the first domain each."""
    first, second, _third, *others = base
    return [
        {**first, "spec": {**first["spec"], "description": "Told anew."}},
        {**second, "spec": {**second["spec"], "sources": second["spec"]["sources"][1:]}},
        *others,
        document(99_999, name="Brand New", domain={"name": "Domain 000"}, sources=[{"id": "1"}]),
    ]


def counted(live: int) -> dict[str, int]:
    base = [document(number) for number in range(live)]
    with market(world(live, live)) as one:
        plan = planned(one, base, pull_request(base))
        assert plan.complete
        assert {(change.address.key, change.action) for change in plan.changes if change.after} == {
            (key(0), Action.UPDATE),
            (key(1), Action.UPDATE),
            (key(99_999), Action.CREATE),
        }
        assert plan.count(Action.DELETE) + len(plan.blocked) >= 1
        return dict(one.requests)


def test_a_pull_request_takes_as_many_requests_in_an_estate_of_a_thousand_as_of_a_hundred() -> None:
    few, many = counted(100), counted(1000)
    assert few == many
    assert sum(few.values()) < 45, few

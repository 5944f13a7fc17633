"""Whether an update keeps what it omits is not known (FACTS 7.1): on a server that does not, a run stops and says so.

With the one constant that makes dpsync send the whole object, it converges on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given

from dpsync.marketplace import assumptions
from dpsync.model.call import Action
from dpsync.model.outcome import Result
from dpsync.model.plan import Plan
from dpsync.sandbox.seed import random_world
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import Market, Put, market

Rows = dict[str, dict[str, Any]]
Snapshot = dict[str, Rows]

_COLUMNS = {
    "name": {"name"},
    "description": {"description"},
    "domain": {"domains"},
    "subjectMatterExpert": {"expert"},
    "requestForms": {"access_form", "masking_form"},
    "reviewFlows": {"access_flow", "masking_flow"},
    "lifecycle": {"suspended"},
}
"""The columns of a product in the sandbox that a field is kept in."""


@contextmanager
def whole_objects() -> Iterator[None]:
    """For as long as the block runs, updates send the whole object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assumptions, "SEND_WHOLE_OBJECT", True)
        yield


def damaged(plan: Plan, before: Snapshot, after: Snapshot) -> set[str]:
    """The products in which something moved that their change is not about."""
    found = set()
    for change in plan.applicable:
        row, other = before["products"].get(change.id), after["products"].get(change.id)
        if change.action is not Action.UPDATE or row is None or other is None:
            continue
        mine = {column for field in change.fields for column in _COLUMNS[field.path.split(".")[0]]}
        rest = [column for column in row if column not in mine | {"sources"}]
        if any(_undecorated(row[column]) != _undecorated(other[column]) for column in rest):
            found.add(change.id)
    return found


def _undecorated(value: Any) -> Any:
    """A flow without what the server adds to a group when it answers, which a whole object sends back (FACTS 7.7)."""
    if isinstance(value, dict):
        return {name: _undecorated(entry) for name, entry in value.items() if name != "iamId"}
    return [_undecorated(entry) for entry in value] if isinstance(value, list) else value


def ready(one: Market, estate: Estate) -> Plan:
    """The plan of the second revision, the first having been applied without harm."""
    with whole_objects():
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
    estate.by_hand(one.store)
    return one.plan(in_files(estate.second), prune=estate.prune)


@pytest.mark.parametrize("parallelism", [1, 3])
def test_a_server_that_forgets_what_is_omitted_stops_the_run(parallelism: int) -> None:
    @law(0.75)
    @given(estates())
    def stops(estate: Estate) -> None:
        with market(estate.world, put="replace", parallelism=parallelism) as one:
            plan = ready(one, estate)
            before = one.store.snapshot()
            run = one.apply(plan)
            harmed = damaged(plan, before, one.store.snapshot())
            assert len(harmed) <= parallelism
            told = {
                outcome.change.id
                for outcome in run.results(Result.FAILED)
                if outcome.message.startswith("Something moved that was not sent")
            }
            assert harmed <= told
            if harmed and run.results(Result.SKIPPED):
                assert all(
                    "The run was stopped" in one.message or "It needs" in one.message
                    for one in run.results(Result.SKIPPED)
                )

    stops()


@pytest.mark.parametrize("put", ["replace", "merge"])
def test_sending_the_whole_object_converges_on_both_servers(put: Put) -> None:
    @law(0.75)
    @given(estates())
    def converges(estate: Estate) -> None:
        with market(estate.world, put=put) as one, whole_objects():
            for documents in (estate.first, estate.second):
                files = in_files(documents)
                plan = one.plan(files, prune=estate.prune)
                before = one.store.snapshot()
                run = one.apply(plan)
                assert run.bad == []
                assert damaged(plan, before, one.store.snapshot()) == set()
                assert one.plan(files, prune=estate.prune).applicable == ()
                estate.by_hand(one.store)

    converges()


NEW_AND_SUSPENDED = {
    "apiVersion": "dpsync/v1beta1",
    "kind": "DataProduct",
    "metadata": {"name": "new"},
    "spec": {
        "name": "New",
        "description": "Not open yet.",
        "domain": {"name": "Domain 1"},
        "sources": [{"match": {"name": "*"}}],
        "subjectMatterExpert": "user01@acme.example",
        "requestForm": {"name": "Form 2"},
        "reviewFlows": {"dataAccess": {"decision": "approve", "comment": "Open"}},
        "lifecycle": "suspended",
    },
}


@pytest.mark.parametrize("put", ["replace", "merge"])
def test_a_product_that_is_new_and_suspended_keeps_its_fields_where_whole_objects_are_sent(put: Put) -> None:
    """A create knows no `suspended`, so that an update follows it, which must not undo it."""
    with market(random_world(1, 0), put=put) as one, whole_objects():
        plan = one.plan([[NEW_AND_SUSPENDED]])
        assert one.apply(plan).bad == []
        (row,) = one.store.snapshot()["products"].values()
        assert (row["description"], row["suspended"]) == ("Not open yet.", True)
        assert one.plan([[NEW_AND_SUSPENDED]]).changes == ()


def test_a_new_product_that_a_forgetful_server_spoils_is_told_as_failed() -> None:
    with market(random_world(1, 0), put="replace") as one:
        (outcome,) = one.apply(one.plan([[NEW_AND_SUSPENDED]])).outcomes
        assert outcome.result is Result.FAILED
        assert "description reads back as not set" in outcome.message
        assert one.store.access_pairs() == frozenset()

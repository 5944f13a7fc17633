"""What is applied is what was planned: the calls that `plan --calls` shows are those that the marketplace receives.

`test_saved_plans.py` compares them as a whole; here it is change by change and in order, and what is compared is what a
reader sees. Nothing changes in between, so that what an update merges into what it read is equal, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from hypothesis import given

from dpsync.model.plan import Plan
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from dpsync.sandbox.doors import BASE_URL
from dpsync.settings import Vintage
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import GUARDED, UNGUARDED, Applied, Written, market
from laws.test_both_servers import whole_objects

Sent = tuple[str, str, Any]
"""Method, path below the url, and body."""

WIDE = Page(width=10**6)
CALL = re.compile(r"( *)(POST|PUT|DELETE) (/\S+)")


def object_of(sent: Sent) -> str:
    """The id of the object that a call is about: of a create it stands in the body, of all others in the path."""
    method, path, body = sent
    return str(body["id"]) if method == "POST" else path.split("/")[3]


def by_object(calls: Iterable[Sent]) -> dict[str, list[Sent]]:
    """The calls about each object, in their order."""
    found: dict[str, list[Sent]] = {}
    for each in calls:
        found.setdefault(object_of(each), []).append(each)
    return found


def received(run: Applied) -> list[Sent]:
    return [_sent(one) for one in run.written]


def _sent(one: Written) -> Sent:
    return one.method, one.path.removeprefix(urlsplit(BASE_URL).path), one.body


def shown_to_machines(plan: Plan) -> dict[str, list[Sent]]:
    """The calls of the changes that apply would make, as the JSON report has them."""
    report = json.loads(FORMATS["json"](Report("plan", "0.1.0", plan), Page()))
    return {
        change["id"]: [(call["method"], call["path"], call["body"]) for call in change["calls"]]
        for change in report["changes"]
        if not change["blocked"] and change["calls"]
    }


def shown_to_people(plan: Plan) -> dict[str, list[Sent]]:
    """The same as the text report has them, on a page so wide that nothing is wrapped."""
    made = replace(plan, changes=plan.applicable, findings=())
    lines = FORMATS["text"](Report("plan", "0.1.0", made, with_calls=True), WIDE).splitlines()
    calls: list[Sent] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if found := CALL.fullmatch(line):
            indent, method, path = found.groups()
            has_body = following.startswith(f"{indent}  {{")
            calls.append((method, path, json.loads(following) if has_body else None))
    return by_object(calls)


def told_as_it_is_done(estate: Estate, vintage: Vintage = "v2", guardrails: Any = UNGUARDED) -> None:
    """Both revisions of an estate are planned, shown and applied; what is shown is what arrives."""
    with market(estate.world, vintage=vintage) as one:
        for documents in (estate.first, estate.second):
            plan = one.plan(in_files(documents), prune=estate.prune, guardrails=guardrails)
            run = one.apply(plan)
            assert run.bad == []
            arrived = by_object(received(run))
            assert shown_to_machines(plan) == arrived
            assert shown_to_people(plan) == arrived
            estate.by_hand(one.store)


@law(0.5)
@given(estates())
def test_the_calls_that_are_shown_are_those_that_are_received_in_their_order(estate: Estate) -> None:
    told_as_it_is_done(estate)


@law(0.5)
@given(estates(vintage="v1"))
def test_that_is_so_for_the_older_api_too(estate: Estate) -> None:
    told_as_it_is_done(estate, vintage="v1")


@law(0.5)
@given(estates())
def test_that_is_so_where_whole_objects_are_sent(estate: Estate) -> None:
    with whole_objects():
        told_as_it_is_done(estate)


@law(0.5)
@given(estates())
def test_of_a_change_that_is_blocked_nothing_is_received(estate: Estate) -> None:
    told_as_it_is_done(estate, guardrails=GUARDED)

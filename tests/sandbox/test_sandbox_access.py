"""How requests move: what the flow decides, what people decide, and how access ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import worlds as w
from sandbox.clocks import Clock
from sandbox.rooms import Room, room

PRODUCT = f"/api/data-product/{w.ORDERS}"
LEDGER = f"/api/data-product/{w.LEDGER}"
PENDING = "c11111111111111111request2"
SELECT: dict[str, Any] = {
    "id": "f0000000-0000-4000-8000-000000000002",
    "type": "DROPDOWN",
    "label": "Which region?",
    "required": False,
    "options": [{"value": "EMEA"}, {"value": "APAC"}],
}
CHECK: dict[str, Any] = {
    **SELECT,
    "id": "f0000000-0000-4000-8000-000000000003",
    "type": "CHECKBOXES",
    "required": True,
}
HOW_LONG: dict[str, Any] = {
    "id": "f0000000-0000-4000-8000-000000000004",
    "type": "ACCESS_DURATION",
    "label": "How long do you need access to this data?",
    "required": True,
}
MONTH = {"duration": 1, "durationUnit": "MONTHS"}


class Estate:
    """The small world with a clock, and what tests do to it, as sentences."""

    def __init__(self, sandbox: Room, clock: Clock) -> None:
        self.sandbox, self.clock = sandbox, clock

    def ok(self, token: str, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.sandbox.ask(token, method, path, body)
        assert status < 300, answer
        return answer

    def status(self, token: str, method: str, path: str, body: Any = None) -> int:
        return self.sandbox.ask(token, method, path, body)[0]

    def put_flow(self, event: dict[str, Any]) -> None:
        self.ok("sandbox", "PUT", PRODUCT, {"dataAccessReviewFlow": {"rules": [], "defaultEvent": event}})

    def put_stages(self, *stages: dict[str, Any]) -> None:
        self.put_flow({"type": "review", "params": {"stages": list(stages)}})

    def put_form(self, *fields: dict[str, Any], policy: dict[str, Any] | None = None) -> None:
        body = {"fields": list(fields)} | ({"policy": policy} if policy else {})
        self.ok("sandbox", "PUT", f"/api/request-form/{w.DELEGATING}", body)

    def request(self, answers: Any = w.ANSWERS, user: str = w.STEWARD) -> Any:
        return self.ok("sandbox", "POST", f"{PRODUCT}/request", {"user": user, "form": answers})

    def records(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ok(
            "sandbox", "GET", f"/api/access-request/{request['id']}/records"
        )["approvalRecords"]
        return found

    def decide(self, token: str, record: dict[str, Any], **body: Any) -> int:
        return self.status(
            token, "PUT", f"/api/approval-record/{record['id']}", {"status": "APPROVED"} | body
        )

    def now(self, request: dict[str, Any]) -> Any:
        return self.ok("sandbox", "GET", f"/api/access-request/{request['id']}")

    @property
    def members(self) -> set[str]:
        page = self.ok("sandbox", "GET", f"{PRODUCT}/members?type=DATA_ACCESS")
        return {each["user"]["globalUserId"] for each in page["data"]}

    @property
    def stats(self) -> dict[str, int]:
        found: dict[str, int] = self.ok("sandbox", "GET", PRODUCT)["stats"]
        return found


@pytest.fixture
def estate() -> Iterator[Estate]:
    clock = Clock()
    with room(clock) as sandbox:
        yield Estate(sandbox, clock)


# -- what the flow decides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "unit", "ends"),
    [
        (36, "HOURS", "2026-06-03T00:00:00.000Z"),
        (1.5, "DAYS", "2026-06-03T00:00:00.000Z"),
        (2, "WEEKS", "2026-06-15T12:00:00.000Z"),
        (8, "MONTHS", "2027-02-01T12:00:00.000Z"),
        (4, "YEARS", "2030-06-01T12:00:00.000Z"),
        (1e300, "DAYS", "9999-12-31T23:59:59.999Z"),
        (10**30, "YEARS", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_flow_that_approves_says_for_how_long(
    estate: Estate, duration: float, unit: str, ends: str
) -> None:
    estate.put_flow({"type": "approve", "params": {"duration": duration, "durationUnit": unit}})
    made = estate.request()
    assert (made["status"], made["expiration"]) == ("APPROVED", ends)
    assert estate.records(made) == []


def test_a_flow_that_approves_without_a_duration_approves_for_good(estate: Estate) -> None:
    estate.put_flow({"type": "approve", "params": {"comment": "Public"}})
    made = estate.request()
    assert made["status"] == "APPROVED"
    assert "expiration" not in made
    estate.clock.advance(days=10_000)
    assert w.STEWARD in estate.members


def test_the_flow_of_the_form_wins_unless_it_delegates(estate: Estate) -> None:
    estate.put_flow({"type": "approve", "params": {}})
    estate.put_form(policy=w.DENY)
    assert estate.request({})["status"] == "DENIED"
    estate.put_form(policy=w.DELEGATE)
    assert estate.request({})["status"] == "APPROVED"


def test_a_rule_that_delegates_never_matches(estate: Estate) -> None:
    rule = {"conditions": {"all": []}, "event": {"type": "dataProductPolicy"}}
    estate.put_flow({"type": "approve", "params": {}})
    estate.put_form(policy={**w.DENY, "rules": [rule]})
    assert estate.request({})["status"] == "DENIED"


def test_a_masking_exception_goes_the_way_of_its_own_form(estate: Estate) -> None:
    estate.ok("sandbox", "PUT", PRODUCT, {"maskingExceptionRequestFormId": w.AUTOMATIC})
    body = {"user": w.STEWARD, "columns": [{"columnName": "email", "sourceId": "1"}]}
    made = estate.ok("steward", "POST", f"{PRODUCT}/request/masking-exception", body)
    assert (made["status"], made["expiration"]) == ("APPROVED", "2026-07-01T12:00:00.000Z")
    columns = f"{PRODUCT}/columns?maskedOnly=true"
    assert estate.ok("steward", "GET", columns)["data"] == []
    assert w.STEWARD not in estate.members
    estate.clock.advance(days=30)
    assert len(estate.ok("steward", "GET", columns)["data"]) == 1


# -- what people decide ----------------------------------------------------------------------------------------------

REVIEWERS: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"type": "USER", "id": w.STEWARD}, {"steward"}),
    ({"type": "GROUP", "name": "Data Stewards"}, {"steward"}),
    ({"type": "GROUP", "name": "Nobody"}, set()),
    ({"type": "PERMISSION", "permission": "GOVERNANCE"}, {"sandbox"}),
    ({"type": "PERMISSION", "permission": "AUDIT"}, set()),
    ({"type": "DOMAIN PERMISSION", "permission": "Audit Activity"}, {"steward"}),
    ({"type": "DOMAIN PERMISSION", "permission": "Manage Data Products"}, set()),
    (
        {"type": "DOMAIN PERMISSION", "permission": "Manage Data Products", "domainId": w.FINANCE},
        {"steward"},
    ),
    ({"type": "DOMAIN PERMISSION", "permission": "Audit Activity", "domainId": w.FINANCE}, set()),
    ({"type": "ATTRIBUTE", "key": "region", "value": "APAC"}, {"steward"}),
    ({"type": "ATTRIBUTE", "key": "region", "value": "LATAM"}, set()),
    ({"type": "CATALOG PERMISSION"}, set()),
)


@pytest.mark.parametrize(("reviewer", "able"), REVIEWERS)
def test_only_who_fulfils_an_approver_decides(
    estate: Estate, reviewer: dict[str, Any], able: set[str]
) -> None:
    estate.put_stages({"any": [reviewer]})
    for token in ("sandbox", "steward", "consumer", "other"):
        made = estate.request(user=w.GOVERNOR)
        (record,) = estate.records(made)
        assert estate.decide(token, record) == (200 if token in able else 403)
        (decided,) = estate.records(made)
        if token in able:
            assert [each["type"] for each in decided["approverCriteriaMet"]] == [reviewer["type"]]
            assert estate.now(made)["status"] == "APPROVED"
            estate.ok("sandbox", "DELETE", f"{PRODUCT}/request/{made['id']}")
        else:
            assert decided == record
            estate.ok("sandbox", "DELETE", f"/api/access-request/{made['id']}")


def test_a_stage_of_all_asks_each_of_its_reviewers(estate: Estate) -> None:
    steward, governor = {"type": "USER", "id": w.STEWARD}, {"type": "USER", "id": w.GOVERNOR}
    estate.put_stages({"all": [steward, governor]}, {"any": [steward, governor]})
    made = estate.request(user=w.GOVERNOR)
    first, second, last = estate.records(made)
    assert [each["status"] for each in (first, second, last)] == ["PENDING", "PENDING", "BLOCKED"]
    assert (first["prerequisites"], second["prerequisites"]) == ([], [])
    assert last["prerequisites"] == [first["id"], second["id"]]
    assert estate.decide("steward", second) == 403
    assert estate.decide("sandbox", second) == 200
    assert estate.decide("steward", last) == 409
    assert estate.decide("steward", first) == 200
    assert estate.decide("steward", last) == 200
    assert estate.now(made)["status"] == "APPROVED"


def test_the_shortest_duration_that_an_approver_gives_counts_from_the_last_approval(estate: Estate) -> None:
    steward = {"type": "USER", "id": w.STEWARD}
    estate.put_stages({"any": [steward]}, {"any": [steward]})
    made = estate.request(user=w.GOVERNOR)
    first, second = estate.records(made)
    assert estate.decide("steward", first, duration=3) == 200
    estate.clock.advance(days=1)
    assert estate.decide("steward", second, duration=1, durationUnit="WEEKS") == 200
    assert estate.now(made)["expiration"] == "2026-06-05T12:00:00.000Z"
    assert estate.records(made)[0]["durationUnit"] == "DAYS"


def test_a_denial_counts_nothing_that_was_said_about_time(estate: Estate) -> None:
    estate.put_stages({"any": [{"type": "USER", "id": w.STEWARD}]})
    made = estate.request(user=w.GOVERNOR)
    (record,) = estate.records(made)
    assert estate.decide("steward", record, status="DENIED", reason="No", duration=3) == 200
    (denied,) = estate.records(made)
    assert (denied["duration"], denied["reason"]) == (None, "No")
    assert estate.now(made)["status"] == "DENIED"


def test_a_change_of_the_flow_leaves_open_requests_alone(estate: Estate) -> None:
    made = estate.request(user=w.GOVERNOR)
    before = estate.records(made)
    estate.put_flow({"type": "approve", "params": {}})
    assert estate.records(made) == before
    assert estate.now(made)["status"] == "PENDING"


def test_the_five_latest_decisions_of_people_are_shown_newest_first(estate: Estate) -> None:
    estate.put_stages({"any": [{"type": "USER", "id": w.STEWARD}]})
    decided = []
    for number in range(6):
        estate.clock.advance(minutes=1)
        made = estate.request(user=w.GOVERNOR)
        (record,) = estate.records(made)
        assert estate.decide("steward", record, status="DENIED", reason=str(number)) == 200
        decided.append(str(number))
    estate.put_flow({"type": "approve", "params": {}})
    estate.request(user=w.GOVERNOR)
    found = estate.ok("sandbox", "GET", f"{PRODUCT}/recent-determinations")["determinations"]
    assert [each["reason"] for each in found] == decided[:0:-1]
    assert {each["actionBy"]["name"] for each in found} == {"Stan Steward"}


def test_a_first_approval_is_no_determination_while_others_are_asked(estate: Estate) -> None:
    made = estate.request(user=w.GOVERNOR)
    assert estate.decide("steward", estate.records(made)[0]) == 200
    found = estate.ok("sandbox", "GET", f"{PRODUCT}/recent-determinations")["determinations"]
    assert [each["user"]["globalUserId"] for each in found] == [w.CONSUMER]


# -- how access ends -------------------------------------------------------------------------------------------------


def test_access_that_ran_out_is_over_everywhere_at_once(estate: Estate) -> None:
    estate.put_flow({"type": "approve", "params": {"duration": 1, "durationUnit": "HOURS"}})
    made = estate.request()
    sources = f"{PRODUCT}/datasources"

    def shown() -> tuple[Any, ...]:
        reached = (w.ORDERS, w.STEWARD, "1") in estate.sandbox.store.access_pairs()
        (status,) = {each["status"] for each in estate.ok("steward", "GET", sources)["data"]}
        own = estate.ok("steward", "GET", PRODUCT)["status"]
        approved = estate.stats["approvedRequestCount"]
        return estate.now(made)["status"], own, w.STEWARD in estate.members, reached, status, approved

    assert shown() == ("APPROVED", "APPROVED", True, True, "SUBSCRIBED", 3)
    estate.clock.advance(hours=1)
    assert shown() == ("EXPIRED", "EXPIRED", False, False, "NONE", 2)
    assert estate.status("sandbox", "DELETE", f"{PRODUCT}/request/{made['id']}") == 400
    assert estate.request()["status"] == "APPROVED"


def test_a_suspended_product_keeps_its_members_and_gives_them_nothing(estate: Estate) -> None:
    estate.ok("sandbox", "PUT", PRODUCT, {"suspended": True})
    assert estate.members == {w.CONSUMER}
    assert w.ORDERS not in {product for product, _, _ in estate.sandbox.store.access_pairs()}
    assert estate.request()["status"] == "PENDING"
    estate.ok("sandbox", "PUT", PRODUCT, {"suspended": False})
    assert (w.ORDERS, w.CONSUMER, "1") in estate.sandbox.store.access_pairs()


def test_deleting_a_product_ends_every_access_that_it_gave(estate: Estate) -> None:
    estate.ok("sandbox", "DELETE", PRODUCT)
    assert w.ORDERS not in {product for product, _, _ in estate.sandbox.store.access_pairs()}
    columns = f"/api/access-request/approved-masking-exception-columns?userId={w.OTHER}"
    assert estate.ok("other", "GET", columns) == []
    for path in (f"/api/access-request/{PENDING}", f"/api/access-request/{PENDING}/records"):
        assert estate.status("sandbox", "GET", path) == 404
    rows = estate.sandbox.store.rows("SELECT 1 FROM approval_records a JOIN requests r ON r.id = a.request")
    assert len(rows) == estate.sandbox.store.value("SELECT count(*) FROM approval_records")


# -- what may be asked -----------------------------------------------------------------------------------------------


def test_only_managers_ask_for_somebody_else(estate: Estate) -> None:
    body = {"user": w.GOVERNOR, "form": w.ANSWERS}
    assert estate.status("steward", "POST", f"{PRODUCT}/request", body) == 403
    assert estate.status("steward", "POST", f"{LEDGER}/request", {"user": w.GOVERNOR}) == 201
    made = estate.ok("sandbox", "POST", f"{PRODUCT}/request", {**body, "user": w.STEWARD})
    assert (made["user"]["globalUserId"], made["requestingUser"]["globalUserId"]) == (w.STEWARD, w.GOVERNOR)


@pytest.mark.parametrize("user", [w.CONSUMER, w.OTHER])
def test_who_has_access_or_waits_for_it_does_not_ask_twice(estate: Estate, user: str) -> None:
    body = {"user": user, "form": w.ANSWERS}
    assert estate.status("sandbox", "POST", f"{PRODUCT}/request", body) == 409


def test_answers_answer_the_questions_of_the_form(estate: Estate) -> None:
    estate.put_form(w.FIELD, SELECT, CHECK, HOW_LONG)
    answers = {**w.ANSWERS, CHECK["id"]: ["APAC", "EMEA"], HOW_LONG["id"]: MONTH}
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({w.FIELD["id"]: "  "}, f"form.{w.FIELD['id']}: an answer to “What is it for?” is required"),
        ({w.FIELD["id"]: 3}, f"form.{w.FIELD['id']}: must be a text"),
        ({SELECT["id"]: "LATAM"}, f"form.{SELECT['id']}: must be one of EMEA, APAC"),
        ({SELECT["id"]: ["EMEA"]}, f"form.{SELECT['id']}: must be one of EMEA, APAC"),
        ({CHECK["id"]: []}, f"form.{CHECK['id']}: an answer to “Which region?” is required"),
        ({CHECK["id"]: "EMEA"}, f"form.{CHECK['id']}: must be a list of options"),
        ({CHECK["id"]: ["LATAM"]}, f"form.{CHECK['id']}: must be one of EMEA, APAC"),
        (
            {HOW_LONG["id"]: "1 month"},
            f"form.{HOW_LONG['id']}: must be an object of duration and durationUnit",
        ),
        (
            {HOW_LONG["id"]: {**MONTH, "duration": 0}},
            f"form.{HOW_LONG['id']}: duration must be a number of at least 1",
        ),
        (
            {HOW_LONG["id"]: {**MONTH, "durationUnit": []}},
            f"form.{HOW_LONG['id']}: durationUnit must be one of HOURS, DAYS, WEEKS, MONTHS, YEARS",
        ),
        ({"reason": "x"}, "form.reason: is not a field of this form"),
    )
    for change, message in wrong:
        body = {"user": w.STEWARD, "form": answers | change}
        status, answer = estate.sandbox.ask("steward", "POST", f"{PRODUCT}/request", body)
        assert (status, answer["message"]) == (422, [message])
    assert estate.request(answers)["form"] == answers


def test_the_chosen_duration_is_granted_at_once_but_only_recommended_to_reviewers(estate: Estate) -> None:
    estate.put_form(HOW_LONG)
    estate.put_flow({"type": "approve", "params": {"duration": 1, "durationUnit": "YEARS"}})
    made = estate.request({HOW_LONG["id"]: MONTH})
    assert made["expiration"] == "2026-07-01T12:00:00.000Z"
    estate.put_stages({"any": [{"type": "USER", "id": w.STEWARD}]})
    waiting = estate.request({HOW_LONG["id"]: MONTH}, user=w.GOVERNOR)
    assert estate.decide("steward", estate.records(waiting)[0]) == 200
    assert estate.now(waiting)["form"] == {HOW_LONG["id"]: MONTH}
    assert "expiration" not in estate.now(waiting)


def test_the_requests_of_a_world_wait_for_those_whom_its_flows_name(estate: Estate) -> None:
    first, second = estate.records({"id": PENDING})
    assert first["approvers"] == [
        {"type": "USER", "id": w.STEWARD, "displayName": "Stan Steward"},
        {"type": "GROUP", "name": "Data Stewards", "id": 7, "iamId": "okta"},
    ]
    assert (second["status"], second["prerequisites"]) == ("BLOCKED", [first["id"]])

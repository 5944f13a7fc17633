"""A law: in whatever order people ask, decide, revoke and wait, the counts say what the rows say."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sandbox import worlds as w
from sandbox.clocks import Clock
from sandbox.rooms import room

PRODUCT = f"/api/data-product/{w.ORDERS}"
COLUMN = {"columnName": "email", "sourceId": "1"}
STAGES = {
    "any": [{"any": [{"type": "USER", "id": w.STEWARD}]}],
    "all": [{"all": [{"type": "USER", "id": w.STEWARD}, {"type": "PERMISSION", "permission": "GOVERNANCE"}]}],
    "two": w.TWO_STAGES["defaultEvent"]["params"]["stages"],
}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "approve", "params": {}},
    {"type": "approve", "params": {"duration": 2, "durationUnit": "HOURS"}},
    *({"type": "review", "params": {"stages": stages}} for stages in STAGES.values()),
)
USERS = st.sampled_from([w.GOVERNOR, w.STEWARD, w.CONSUMER, w.OTHER])
TOKENS = st.sampled_from(["sandbox", "steward", "other"])
LASTING = st.sampled_from([{}, {"duration": 3, "durationUnit": "HOURS"}, {"duration": 1}])


class Access(RuleBasedStateMachine):
    """One product; whatever the marketplace refuses is refused, and changes nothing that the law is about."""

    @initialize()
    def open(self) -> None:
        self.clock = Clock()
        self.room = room(self.clock)
        self.sandbox = self.room.__enter__()

    def teardown(self) -> None:
        if hasattr(self, "room"):
            self.room.__exit__(None, None, None)

    def send(self, token: str, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.sandbox.ask(token, method, path, body)
        assert status < 500
        return answer if status < 300 else None

    def ids(self, table: str) -> list[str]:
        return [row["id"] for row in self.sandbox.store.rows(f"SELECT id FROM {table} ORDER BY rowid")]

    def rows(self) -> list[Any]:
        """The requests for the product, each with the status that the clock makes of it."""
        return [
            {**row, "status": "EXPIRED"} if self.is_over(row) else dict(row)
            for row in self.sandbox.store.rows("SELECT * FROM requests WHERE product = ?", (w.ORDERS,))
        ]

    def is_over(self, row: Any) -> bool:
        now = self.clock.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return row["status"] == "APPROVED" and row["expiration"] is not None and row["expiration"] <= now

    # -- what happens ------------------------------------------------------------------------------------------------

    @rule(user=USERS)
    def ask(self, user: str) -> None:
        self.send("sandbox", "POST", f"{PRODUCT}/request", {"user": user, "form": w.ANSWERS})

    @rule(user=USERS)
    def ask_for_an_exception(self, user: str) -> None:
        body = {"user": user, "form": w.ANSWERS, "columns": [COLUMN]}
        self.send("sandbox", "POST", f"{PRODUCT}/request/masking-exception", body)

    @rule(event=st.sampled_from(EVENTS))
    def change_the_flow(self, event: dict[str, Any]) -> None:
        flow = {"rules": [], "defaultEvent": event}
        body = {"dataAccessReviewFlow": flow, "maskingExceptionReviewFlow": flow}
        assert self.send("sandbox", "PUT", PRODUCT, body)

    @rule(user=USERS)
    def ask_for_two_hours(self, user: str) -> None:
        self.change_the_flow(EVENTS[1])
        self.ask(user)

    @rule(lasting=LASTING)
    def approve_whatever_is_asked(self, lasting: dict[str, Any]) -> None:
        for record in self.ids("approval_records"):
            for token in ("steward", "sandbox"):
                self.send(token, "PUT", f"/api/approval-record/{record}", {"status": "APPROVED", **lasting})

    @rule(picked=st.data(), token=TOKENS, lasting=LASTING)
    def approve(self, picked: st.DataObject, token: str, lasting: dict[str, Any]) -> None:
        record = picked.draw(st.sampled_from(self.ids("approval_records")))
        self.send(token, "PUT", f"/api/approval-record/{record}", {"status": "APPROVED", **lasting})

    @rule(picked=st.data(), token=TOKENS)
    def deny(self, picked: st.DataObject, token: str) -> None:
        record = picked.draw(st.sampled_from(self.ids("approval_records")))
        self.send(token, "PUT", f"/api/approval-record/{record}", {"status": "DENIED"})

    @rule(picked=st.data(), token=TOKENS)
    def revoke(self, picked: st.DataObject, token: str) -> None:
        self.send(token, "DELETE", f"{PRODUCT}/request/{picked.draw(st.sampled_from(self.ids('requests')))}")

    @rule(picked=st.data(), token=TOKENS)
    def cancel(self, picked: st.DataObject, token: str) -> None:
        self.send(
            token, "DELETE", f"/api/access-request/{picked.draw(st.sampled_from(self.ids('requests')))}"
        )

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule(suspended=st.booleans())
    def suspend_or_not(self, suspended: bool) -> None:
        assert self.send("sandbox", "PUT", PRODUCT, {"suspended": suspended})

    # -- what always holds -------------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "sandbox"))
    @invariant()
    def the_counts_say_what_the_rows_say(self) -> None:
        product = self.send("sandbox", "GET", PRODUCT)
        counted = Counter(row["status"].lower() for row in self.rows())
        names = ("pending", "approved", "revoked", "canceled", "denied")
        assert product["stats"] == {
            "dataSourceCount": 2,
            **{f"{name}RequestCount": counted[name] for name in names},
            "totalRequestCount": counted.total(),
        }

    @precondition(lambda self: hasattr(self, "sandbox"))
    @invariant()
    def members_have_an_approved_request_and_reach_the_sources_unless_suspended(self) -> None:
        page = self.send("sandbox", "GET", f"{PRODUCT}/members?type=DATA_ACCESS&limit=100")
        wanted = {
            row["user"] for row in self.rows() if (row["type"], row["status"]) == ("DATA_ACCESS", "APPROVED")
        }
        assert sorted(each["user"]["globalUserId"] for each in page["data"]) == sorted(wanted)
        suspended = self.send("sandbox", "GET", PRODUCT)["suspended"]
        reached = {user for product, user, _ in self.sandbox.store.access_pairs() if product == w.ORDERS}
        assert reached == (set() if suspended else wanted)

    @precondition(lambda self: hasattr(self, "sandbox"))
    @invariant()
    def nobody_has_two_open_requests_of_a_type(self) -> None:
        found = Counter(
            (row["user"], row["type"]) for row in self.rows() if row["status"] in {"PENDING", "APPROVED"}
        )
        assert [pair for pair, number in found.items() if number > 1] == []

    @precondition(lambda self: hasattr(self, "sandbox"))
    @invariant()
    def only_a_pending_request_has_open_records(self) -> None:
        open_records = self.sandbox.store.rows(
            """
            SELECT r.status, sum(a.status = 'PENDING') AS turn FROM approval_records a
            JOIN requests r ON r.id = a.request WHERE a.status IN ('PENDING', 'BLOCKED') GROUP BY r.id
            """
        )
        assert all(row["status"] == "PENDING" and row["turn"] >= 1 for row in open_records)

    @precondition(lambda self: hasattr(self, "sandbox"))
    @invariant()
    def only_a_pending_request_can_be_denied_or_approved(self) -> None:
        """An approved request has only approved records, a denied one a denied record, if it has any."""
        wrong = self.sandbox.store.rows(
            """
            SELECT r.id, r.status FROM approval_records a JOIN requests r ON r.id = a.request
            GROUP BY r.id HAVING sum(a.status <> 'APPROVED') > 0 AND r.status IN ('APPROVED', 'REVOKED')
              OR sum(a.status = 'DENIED') <> (r.status = 'DENIED')
            """
        )
        assert [tuple(row) for row in wrong] == []


TestAccess = Access.TestCase
TestAccess.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, derandomize=True)

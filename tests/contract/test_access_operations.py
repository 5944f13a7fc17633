"""What people do about access, through both doors and in both vintages, against the published contract."""

from __future__ import annotations

from typing import Any

import pytest

from contract.conftest import Door
from dpsync.sandbox.identifiers import cuid
from sandbox import worlds as w

PRODUCT = f"/api/data-product/{w.ORDERS}"
WAITING = "c11111111111111111request2"
EXCEPTION = "c11111111111111111request3"
FIRST, SECOND = (f"/api/approval-record/{cuid('record', WAITING, number)}" for number in range(2))


def records(door: Door, request: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = door.done("GET", f"/api/access-request/{request}/records")[
        "approvalRecords"
    ]
    return found


def test_two_stages_approve_one_after_the_other(door: Door) -> None:
    assert [record["status"] for record in records(door, WAITING)] == ["PENDING", "BLOCKED"]
    first = door.done("PUT", FIRST, body={"status": "APPROVED", "reason": "Needed"}, token="steward")
    assert (first["status"], first["reason"], first["actionBy"]["name"]) == (
        "APPROVED",
        "Needed",
        "Stan Steward",
    )
    assert [each["type"] for each in first["approverCriteriaMet"]] == ["USER", "GROUP"]
    assert door.done("GET", f"/api/access-request/{WAITING}")["status"] == "PENDING"
    body = {"status": "APPROVED", "duration": 2, "durationUnit": "WEEKS"}
    second = door.done("PUT", SECOND, body=body)
    assert (second["duration"], second["durationUnit"]) == (2, "WEEKS")
    assert second["prerequisites"] == [first["id"]]
    request = door.done("GET", f"/api/access-request/{WAITING}")
    assert request["status"] == "APPROVED"
    assert request["expiration"] > request["updatedAt"]
    assert (w.ORDERS, w.OTHER, "1") in door.store.access_pairs()
    for record in (FIRST, SECOND):
        token = "steward" if record == FIRST else "sandbox"
        door.refused("PUT", record, 409, body={"status": "DENIED"}, token=token)


def test_a_denial_ends_the_request_and_nobody_else_is_asked(door: Door) -> None:
    door.done("PUT", FIRST, body={"status": "DENIED", "reason": "No"}, token="steward")
    assert [record["status"] for record in records(door, WAITING)] == ["DENIED", "CANCELED"]
    assert door.done("GET", f"/api/access-request/{WAITING}")["status"] == "DENIED"
    door.refused("PUT", SECOND, 409, body={"status": "APPROVED"})
    found = door.done("GET", f"{PRODUCT}/recent-determinations")["determinations"]
    assert [(each["status"], each.get("reason")) for each in found] == [("DENIED", "No"), ("APPROVED", None)]


def test_only_an_approver_decides_and_only_in_turn(door: Door) -> None:
    door.refused("PUT", FIRST, 403, body={"status": "APPROVED"})
    door.refused("PUT", FIRST, 403, body={"status": "APPROVED"}, token="other")
    door.refused("PUT", SECOND, 409, body={"status": "APPROVED"})
    for status in ("BLOCKED", "CANCELED", "PENDING"):
        door.refused("PUT", FIRST, 400, body={"status": status}, token="steward")
    door.refused("PUT", "/api/approval-record/c00000000000", 404, body={"status": "APPROVED"})


def test_what_a_decision_must_not_say(door: Door) -> None:
    def message(**body: Any) -> str:
        return door.refused("PUT", FIRST, 422, body=body, token="steward")

    assert "status" in message(reason="Fine")
    assert "status" in message(status="EXPIRED")
    assert "duration" in message(status="APPROVED", duration=0)
    assert "durationUnit" in message(status="APPROVED", duration=1, durationUnit="MINUTES")
    assert "comment" in message(status="APPROVED", comment="Fine")


def test_the_columns_of_a_masking_exception_are_listed(door: Door) -> None:
    path = f"/api/access-request/{EXCEPTION}/masking-exception-columns"
    page = door.done("GET", path, query={"limit": 5})
    assert [(column["name"], column["sourceName"]) for column in page["data"]] == [("email", "Orders")]
    assert page["data"][0]["globalPolicyInfo"] == {"maskingType": "Hash"}
    assert page["meta"]["totalCount"] == 1
    assert (
        door.done("GET", f"/api/access-request/{WAITING}/masking-exception-columns", token="other")["data"]
        == []
    )
    door.refused("GET", path, 403, token="consumer")
    door.refused("GET", path, 422, query={"limit": 0})
    door.refused("GET", "/api/access-request/c00000000000/masking-exception-columns", 404)


def test_approved_masking_exceptions_are_listed_by_person(door: Door) -> None:
    path = "/api/access-request/approved-masking-exception-columns"
    email = [{"columnName": "email", "sourceId": "1"}]
    assert door.done("GET", path, query={"userId": w.OTHER}) == email
    assert door.done("GET", path, query={"userId": w.OTHER}, token="other") == email
    assert door.done("GET", path, query={"userId": w.CONSUMER}) == []
    door.refused("GET", path, 403, query={"userId": w.OTHER}, token="consumer")
    door.refused("GET", path, 422)
    door.done("DELETE", f"{PRODUCT}/request/{EXCEPTION}", 204)
    assert door.done("GET", path, query={"userId": w.OTHER}) == []


def test_an_unmasked_column_is_unmasked_for_its_user_only(door: Door) -> None:
    def masking(token: str, **query: Any) -> list[Any]:
        page = door.done("GET", f"{PRODUCT}/columns", query={"searchText": "email", **query}, token=token)
        return [(column["sourceId"], column["globalPolicyInfo"]) for column in page["data"]]

    assert masking("other") == [("1", None), ("2", None)]
    assert masking("consumer") == [("1", {"maskingType": "Hash"}), ("2", None)]
    assert masking("other", maskedOnly=True) == []
    assert masking("consumer", maskedOnly=True) == [("1", {"maskingType": "Hash"})]


def test_the_status_of_a_source_follows_the_access_of_the_user(door: Door) -> None:
    def statuses(user: str, token: str = "sandbox") -> set[str]:
        page = door.done("GET", f"{PRODUCT}/datasources", query={"user": user}, token=token)
        return {source["status"] for source in page["data"]}

    assert (statuses(w.CONSUMER), statuses(w.OTHER)) == ({"SUBSCRIBED"}, {"NONE"})
    door.done("PUT", PRODUCT, body={"suspended": True})
    assert (statuses(w.CONSUMER), statuses(w.OTHER)) == ({"RESTRICTED"}, {"NONE"})
    door.done("PUT", PRODUCT, body={"suspended": False})
    assert statuses(w.CONSUMER) == {"SUBSCRIBED"}


def test_requests_are_found_by_who_reviews_them(door: Door) -> None:
    def ids(path: str, token: str, **query: Any) -> set[str]:
        return {each["id"][-1] for each in door.done("GET", path, query=query, token=token)["data"]}

    everywhere = "/api/access-request"
    assert ids(everywhere, "steward", role=["steward"], includeTemporary=True) == {"2", "4", "5"}
    assert ids(everywhere, "steward", reviewStatus=["awaitingReviewFromYou"]) == {"2"}
    assert ids(everywhere, "sandbox", reviewStatus=["awaitingReviewFromYou"]) == set()
    assert ids(f"{PRODUCT}/request", "sandbox", reviewStatus=["noReviews"]) == {"2"}
    assert ids(f"{PRODUCT}/request", "sandbox", reviewStatus=["reviewedByYou"]) == {"1", "3"}
    door.refused("GET", everywhere, 422, query={"reviewStatus": ["mine"]})
    door.done("PUT", FIRST, body={"status": "APPROVED"}, token="steward")
    assert ids(everywhere, "sandbox", reviewStatus=["awaitingReviewFromYou"]) == {"2"}
    shown = door.done("GET", "/api/data-product", query={"roleFilter": ["steward"]}, token="steward")
    assert [product["name"] for product in shown["data"]] == ["Ledger", "Orders and Items"]


def test_a_form_is_in_no_catalog(door: Door) -> None:
    assert door.done("GET", f"/api/request-form/{w.DELEGATING}/assets") == []
    door.refused("GET", f"/api/request-form/{w.TERMS}/assets", 404)


def test_tokens_are_listed_to_their_owner_without_the_secret(door: Door) -> None:
    (mine,) = door.done("GET", "/api/auth/tokens", token="steward")
    assert mine["userId"] == w.STEWARD
    assert "steward" not in str(mine)
    assert door.done("GET", f"/api/auth/tokens/{mine['tokenId']}", token="steward")["active"]
    door.refused("GET", f"/api/auth/tokens/{mine['tokenId']}", 404, token="consumer")


@pytest.mark.parametrize(
    "path",
    [
        "/api/access-request/c00000000000",
        "/api/access-request/c00000000000/records",
        "/api/data-product/nothing/recent-determinations",
    ],
)
def test_what_is_not_there_is_404(door: Door, path: str) -> None:
    door.refused("GET", path, 404)


def test_revoking_is_for_managers_and_stewards(door: Door) -> None:
    member = f"{PRODUCT}/request/c11111111111111111request1"
    for token in ("consumer", "other", "steward"):
        door.refused("DELETE", member, 403, token=token)
    door.done("PUT", FIRST, body={"status": "APPROVED"}, token="steward")
    door.done("PUT", SECOND, body={"status": "APPROVED"})
    door.done("DELETE", f"{PRODUCT}/request/{WAITING}", 204, token="steward")
    assert door.done("GET", f"/api/access-request/{WAITING}")["status"] == "REVOKED"
    stats = door.done("GET", PRODUCT)["stats"]
    assert (stats["pendingRequestCount"], stats["revokedRequestCount"]) == (0, 1)
    assert [each["status"] for each in records(door, WAITING)] == ["APPROVED", "APPROVED"]
    door.refused("DELETE", f"{PRODUCT}/request/c00000000000", 404)

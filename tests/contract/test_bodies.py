"""A law: the sandbox finds a body well-formed exactly when the published contract does.

Valid bodies are damaged in one place or two (a value replaced, left out, or added), and both are asked.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.openapi import Broken, OpenApi
from dpsync.sandbox.identifiers import cuid
from sandbox import worlds as w
from sandbox.rooms import Room, room

RULE = {
    "conditions": {"any": [{"fact": "f", "operator": "equal", "value": 1}]},
    "event": {"type": "approve", "params": {"comment": "ok", "duration": 2, "durationUnit": "WEEKS"}},
}
EVERY_REVIEWER = {
    "version": "1",
    "rules": [
        RULE,
        {"conditions": {"not": {}}, "event": {"type": "deny", "params": {}}},
        {"conditions": {"all": []}, "event": {"type": "dataProductPolicy"}},
    ],
    "defaultEvent": {
        "type": "review",
        "params": {
            "stages": [
                {
                    "any": [
                        {"type": "USER", "id": w.STEWARD, "displayName": "Stan"},
                        {"type": "GROUP", "name": "Data Stewards", "id": 7, "iamId": "okta"},
                        {"type": "CATALOG PERMISSION"},
                    ]
                },
                {
                    "all": [
                        {"type": "PERMISSION", "permission": "AUDIT"},
                        {"type": "DOMAIN PERMISSION", "permission": "Manage Policies", "domainId": "d"},
                        {"type": "ATTRIBUTE", "key": "region", "value": "EMEA"},
                    ]
                },
            ]
        },
    },
}
PRODUCT = {
    "name": "Umsätze (EMEA) 1/2",
    "description": "All of them",
    "metadata": {"subjectMatterExpert": {"id": w.STEWARD, "username": "stew", "name": "Stan"}},
    "domains": [w.SALES],
    "dataSources": [{"sourceId": "1"}],
    "id": "9c16db23-eecd-4f58-a72b-151ebea3b87e",
    "dataAccessRequestFormId": w.AUTOMATIC,
    "maskingExceptionRequestFormId": w.DENYING,
    "dataAccessReviewFlow": EVERY_REVIEWER,
    "maskingExceptionPolicy": w.APPROVE,
}
FORM = {
    "name": "Strict",
    "id": "9c16db23-eecd-4f58-a72b-151ebea3b87e",
    "fields": [
        w.FIELD,
        {**w.FIELD, "type": "CHECKBOXES", "options": [{"value": "a"}]},
        {**w.FIELD, "type": "ACCESS_DURATION", "label": "How long do you need access to this data?"},
    ],
    "policy": EVERY_REVIEWER,
    "dataUseAgreementIds": [w.TERMS],
}
AGREEMENT = {"id": "9c16db23-eecd-4f58-a72b-151ebea3b87e", "name": "Privacy", "body": "Nobody else."}
TAGS = {
    "dataProductId": w.ORDERS,
    "dataSourceIds": [1],
    "searchText": "p",
    "fuzzySearch": True,
    "modelType": ["column"],
    "excludedHierarchies": ["Sales"],
    "offset": 0,
    "limit": 5,
}
MASKING = {"user": w.CONSUMER, "form": w.ANSWERS, "columns": [{"columnName": "email", "sourceId": "1"}]}
DECISION = {"status": "APPROVED", "reason": "Fine", "duration": 1.5, "durationUnit": "WEEKS"}
RECORD = cuid("record", "c11111111111111111request2", 0)
ORDERS = f"/api/data-product/{w.ORDERS}"
UPDATE = {name: value for name, value in PRODUCT.items() if name != "dataSources"} | {"suspended": False}

REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/data-product", PRODUCT),
    ("PUT", ORDERS, UPDATE),
    ("PUT", f"{ORDERS}/datasources", {"dataSources": [{"sourceId": "1"}]}),
    ("POST", f"{ORDERS}/request", {"user": w.STEWARD, "form": w.ANSWERS}),
    ("POST", f"{ORDERS}/request/masking-exception", MASKING),
    ("POST", "/api/request-form", FORM),
    ("PUT", f"/api/request-form/{w.DELEGATING}", FORM),
    ("POST", "/api/data-use-agreement", AGREEMENT),
    ("PUT", f"/api/data-use-agreement/{w.TERMS}", AGREEMENT),
    ("POST", "/api/metadata/tags/applied/search", TAGS),
    ("PUT", f"/api/approval-record/{RECORD}", DECISION),
)


def sent(sandbox: Room, method: str, path: str, body: Any) -> httpx2.Response:
    """The answer to the body; only a steward may decide about the record."""
    token = "steward" if "approval-record" in path else "sandbox"
    return sandbox.send(method, path, json=body, headers={"Authorization": f"Bearer {token}"})


def found_well_formed(response: httpx2.Response) -> bool:
    """The contract says nothing about `form`; what the sandbox says about it is about the answers in it."""
    return response.status_code != 422 or all(each.startswith("form") for each in response.json()["message"])


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 1.5, "", "x", "1", "a.b", [], {}, [1], ["x"], [{}], "x" * 256),
        *(
            "review",
            "approve",
            "deny",
            "dataProductPolicy",
            "USER",
            "GROUP",
            "CATALOG PERMISSION",
            "DROPDOWN",
        ),
        *(
            "SHORT_ANSWER",
            "ACCESS_DURATION",
            "DAYS",
            "GOVERNANCE",
            "datasource",
            w.STEWARD,
            "c12345678",
            w.SALES,
        ),
        *({"type": "dataProductPolicy"}, w.APPROVE, w.DENY, w.DELEGATE, w.FIELD),
    ]
)
EXTRA = st.sampled_from(["not", "type", "params", "comment", "duration", "other", "id", "options"])


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, Any]:
    method, path, valid = draw(st.sampled_from(REQUESTS))
    body = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 2))):
        found = list(places(body))
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        how = draw(st.sampled_from(["replace", "leave out", "add"]))
        if how == "replace":
            container[key] = copy.deepcopy(draw(VALUES))
        elif how == "leave out":
            del container[key]
        elif isinstance(container, dict):
            container[draw(EXTRA)] = copy.deepcopy(draw(VALUES))
    return method, path, body


@pytest.fixture(scope="module")
def checked() -> Iterator[tuple[OpenApi, Room]]:
    contract = OpenApi.load_or_none()
    if contract is None:
        pytest.skip("the OpenAPI document is not beside this repository; set DPSYNC_OPENAPI")
    with room() as sandbox:
        yield contract, sandbox


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_the_bodies_are_valid_before_they_are_damaged(
    checked: tuple[OpenApi, Room], method: str, path: str, body: Any
) -> None:
    contract, sandbox = checked
    contract.check_request(method, f"/marketplace{path}", {}, body)
    response = sent(sandbox, method, path, body)
    sandbox.store.load(w.small())
    assert response.is_success, response.text


@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request_=damaged())
def test_a_body_is_well_formed_for_both_or_for_neither(
    checked: tuple[OpenApi, Room], request_: tuple[str, str, Any]
) -> None:
    contract, sandbox = checked
    method, path, body = request_
    try:
        contract.check_request(method, f"/marketplace{path}", {}, body)
        wanted = "well-formed"
    except Broken as broken:
        wanted = str(broken)
    response = sent(sandbox, method, path, body)
    if response.is_success:
        sandbox.store.load(w.small())
    assert response.status_code < 500
    assert found_well_formed(response) == (wanted == "well-formed"), (body, wanted, response.text)
    answer = response.json() if response.content else None
    contract.check_answer(method, f"/marketplace{path}", response.status_code, answer)

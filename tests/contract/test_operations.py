"""Every operation through both doors and in both vintages, valid and invalid, against the published contract."""

from __future__ import annotations

from typing import Any

import pytest

from contract.conftest import Door
from contract.openapi import OpenApi
from sandbox import worlds as w

CHOSEN = "9c16db23-eecd-4f58-a72b-151ebea3b87e"
PRODUCT = f"/api/data-product/{w.ORDERS}"
LEDGER = f"/api/data-product/{w.LEDGER}"


def new_product(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": "North American Sales",
        "metadata": {"subjectMatterExpert": {"id": w.STEWARD}},
        "domains": [w.SALES],
        "dataSources": [{"sourceId": "1"}, {"sourceId": "3"}],
        "requestFormId": w.DELEGATING,
    }
    return {name: value for name, value in (body | changes).items() if value is not ...}


def access_flow(door: Door) -> str:
    return {"v1": "dataAccessPolicy", "v2": "dataAccessReviewFlow"}[door.vintage]


def everything_listed(door: Door, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = door.done("GET", path, query={**query, **token})
        found += page["data"]
        if page["meta"]["nextToken"] is None:
            return found
        token = {"nextToken": page["meta"]["nextToken"]}


# -- health and auth -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_needs_no_token(door: Door, path: str) -> None:
    assert door.done("GET", path, token="")["status"] == "ok"


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/auth/user"), ("GET", "/api/data-product"), ("DELETE", PRODUCT), ("PUT", PRODUCT)],
)
def test_without_a_good_token_nothing_else_is_answered(
    door: Door, method: str, path: str, token: str
) -> None:
    body: Any = {} if method == "PUT" else None
    assert door.refused(method, path, 401, body=body, token=token) == "Not authenticated."


def test_auth_says_who_may_do_what_where(door: Door) -> None:
    governor = door.done("GET", "/api/auth/user")
    assert (governor["globalUserId"], governor["globalPermissions"]) == (w.GOVERNOR, ["GOVERNANCE"])
    steward = door.done("GET", "/api/auth/user", token="steward")
    granted = {
        domain: [each["permission"] for each in permissions]
        for domain, permissions in steward["collectionPermissions"].items()
    }
    assert granted == {w.SALES: ["Audit Activity"], w.FINANCE: ["Manage Data Products"]}
    assert steward["groups"] == ["Data Stewards"]
    assert steward["authorizations"] == {"region": ["APAC", "EMEA"]} or steward["authorizations"] == {
        "region": ["EMEA", "APAC"]
    }


# -- metadata --------------------------------------------------------------------------------------------------------


def test_domains_are_listed_to_those_who_may_use_them(door: Door) -> None:
    def names(token: str) -> list[str]:
        answer = door.done("GET", "/api/metadata/domain", token=token)
        return [domain["name"] for domain in answer["domains"]]

    assert names("sandbox") == ["Finance", "Sales"]
    assert names("steward") == ["Finance"]
    assert names("consumer") == []
    assert door.done("GET", f"/api/metadata/domain/{w.FINANCE}")["name"] == "Finance"
    door.refused("GET", "/api/metadata/domain/nowhere", 404)


def test_sources_of_a_domain_have_numbers_and_pages(door: Door) -> None:
    path = f"/api/metadata/domain/{w.SALES}/datasources"
    page = door.done("GET", path, query={"offset": 1, "limit": 2})
    assert [source["dataSourceId"] for source in page["data"]] == [2, 3]
    assert page["meta"] == {
        "offset": 1,
        "limit": 2,
        "totalCount": 4,
        "pageCount": 2,
        "currentPage": 1,
        "totalPages": 2,
    }
    assert door.done("GET", path, query={"searchText": "items"})["meta"]["totalCount"] == 1
    chosen = door.done("GET", path, query={"dataSourceIds": [1, 4, 5]})
    assert [source["dataSourceId"] for source in chosen["data"]] == [1, 4]
    door.refused("GET", path, 403, token="steward")
    door.refused("GET", path, 422, query={"limit": 0})
    door.refused("GET", path, 422, query={"offset": "x"})
    door.refused("GET", path, 422, query={"dataSourceIds": "x"})


def test_people_groups_attributes_and_tags_are_found(door: Door) -> None:
    def names(path: str, member: str, **query: Any) -> list[str]:
        return [each["name"] for each in door.done("GET", path, query=query)[member]]

    users = "/api/metadata/users"
    assert names(users, "users", filter="GRACE@") == ["Grace Governor"]
    assert names(users, "users", globalUserId=[w.OTHER, w.STEWARD]) == ["Otto Other", "Stan Steward"]
    assert len(names(users, "users", limit=2)) == 2
    assert names("/api/metadata/groups", "groups", filter="stew") == ["Data Stewards"]
    found = door.done("GET", "/api/metadata/attributes", query={"type": "region", "search": "eme"})
    assert found == {"attributes": [{"type": "region", "value": "EMEA"}]}
    tags = door.done("GET", "/api/metadata/tags", query={"searchText": "pii", "limit": 200})
    assert [tag["name"] for tag in tags] == ["Discovered.PII"]
    door.refused("GET", "/api/metadata/tags", 422, query={"limit": 201})


def test_applied_tags_are_found_by_a_post_that_only_reads(door: Door) -> None:
    path = "/api/metadata/tags/applied/search"
    before = door.store.snapshot()

    def names(**body: Any) -> list[str]:
        return [tag["name"] for tag in door.done("POST", path, body=body)["data"]]

    product_tag = f"Immuta Marketplace Data Product.{w.ORDERS}"
    assert names(dataSourceIds=[1]) == ["Discovered.PII", product_tag, "Sales"]
    assert names(dataSourceIds=[1], modelType="column") == ["Discovered.PII"]
    assert names(dataProductId=w.ORDERS, excludedHierarchies=["Immuta Marketplace Data Product"]) == [
        "Discovered.PII",
        "Sales",
    ]
    assert door.done("POST", path, body={"dataSourceIds": [1], "offset": 1, "limit": 1})["total"] == 3
    assert door.store.snapshot() == before
    assert "dataSourceIds" in door.refused("POST", path, 422, body={"dataSourceIds": ["1"]})


# -- products, read --------------------------------------------------------------------------------------------------


def test_a_listed_product_is_the_product_itself(door: Door) -> None:
    listed = everything_listed(door, "/api/data-product", limit=1)
    assert [product["name"] for product in listed] == ["Ledger", "Orders and Items"]
    for product in listed:
        assert door.done("GET", f"/api/data-product/{product['id']}") == product
        assert door.done("GET", f"/api/data-product/{product['name']}/byName") == product


def test_a_product_counts_its_requests_and_knows_its_platforms(door: Door) -> None:
    product = door.done("GET", PRODUCT)
    assert product["stats"] == {
        "dataSourceCount": 2,
        "pendingRequestCount": 1,
        "approvedRequestCount": 2,
        "revokedRequestCount": 0,
        "canceledRequestCount": 0,
        "deniedRequestCount": 0,
        "totalRequestCount": 3,
    }
    assert product["sourceTypes"] == ["Databricks", "Snowflake"]
    assert product["metadata"]["subjectMatterExpert"]["username"] == "stew"
    assert product["status"] == "PUBLISHER"
    assert door.done("GET", PRODUCT, token="consumer")["status"] == "APPROVED"
    assert door.done("GET", LEDGER, token="consumer")["status"] == "EXPIRED"
    assert door.done("GET", PRODUCT, token="steward")["status"] == "NONE"


def test_flows_read_back_with_what_the_server_knows(door: Door) -> None:
    product = door.done("GET", PRODUCT)
    first = product["dataAccessPolicy"]["defaultEvent"]["params"]["stages"][0]["any"]
    assert first == [
        {"type": "USER", "id": w.STEWARD, "displayName": "Stan Steward"},
        {"type": "GROUP", "name": "Data Stewards", "id": 7, "iamId": "okta"},
    ]
    assert product["maskingExceptionPolicy"]["defaultEvent"]["params"]["stages"] == [
        {
            "any": [
                {"type": "PERMISSION", "permission": "GOVERNANCE"},
                {"type": "DOMAIN PERMISSION", "permission": "Manage Data Products"},
            ]
        }
    ]
    assert product["maskingExceptionPolicy"]["version"]


def test_products_are_filtered_and_turned_around(door: Door) -> None:
    def names(token: str = "sandbox", **query: Any) -> list[str]:
        page = door.done("GET", "/api/data-product", query=query, token=token)
        return [product["name"] for product in page["data"]]

    assert names(sortOrder="desc", sortBy="name") == ["Orders and Items", "Ledger"]
    assert names(nameFilter="items") == ["Orders and Items"]
    assert names("consumer", statusFilter=["APPROVED"]) == ["Orders and Items"]
    assert names("consumer", statusFilter=["EXPIRED", "NONE"]) == ["Ledger"]
    assert names("steward", roleFilter=["manager"]) == ["Ledger"]
    assert names("consumer", roleFilter=["member"]) == ["Orders and Items"]
    assert names("consumer", roleFilter=["noRole"]) == ["Ledger"]
    assert names("consumer", expiration=True) == []
    for query in ({"limit": 0}, {"limit": 101}, {"sortOrder": "up"}, {"sortBy": "id"}, {"nextToken": "no"}):
        door.refused("GET", "/api/data-product", 422, query=query)
    door.refused("GET", "/api/data-product", 422, query={"statusFilter": ["GOOD"]})
    door.refused("GET", "/api/data-product", 422, query={"expiration": "maybe"})


def test_a_page_is_not_skipped_when_an_earlier_product_goes(door: Door) -> None:
    first = door.done("GET", "/api/data-product", query={"limit": 1})
    door.done("DELETE", LEDGER)
    second = door.done("GET", "/api/data-product", query={"nextToken": first["meta"]["nextToken"]})
    assert [product["name"] for product in second["data"]] == ["Orders and Items"]


def test_the_sources_of_a_product_are_listed_in_two_ways(door: Door) -> None:
    assert door.done("GET", f"{PRODUCT}/datasources/all") == {
        "dataSources": [{"sourceId": "1"}, {"sourceId": "2"}]
    }
    listed = everything_listed(door, f"{PRODUCT}/datasources", limit=1)
    assert [(source["name"], source["sourceId"]) for source in listed] == [("Items", "2"), ("Orders", "1")]
    for user, status in ((w.CONSUMER, "SUBSCRIBED"), (w.OTHER, "NONE")):
        page = door.done("GET", f"{PRODUCT}/datasources", query={"user": user, "nameFilter": "ord"})
        assert [source["status"] for source in page["data"]] == [status]


def test_the_forms_of_a_product_are_one_row_for_each_type(door: Door) -> None:
    forms = door.done("GET", f"{LEDGER}/request-forms")
    shown = {form["requestType"]: form["id"] for form in forms}
    masking = {"v1": w.AUTOMATIC, "v2": w.DENYING}[door.vintage]
    assert shown == {"DATA_ACCESS": w.AUTOMATIC, "MASKING_EXCEPTION": masking}


def test_columns_have_tags_and_masking(door: Door) -> None:
    page = door.done("GET", f"{PRODUCT}/columns", query={"maskedOnly": True})
    assert [(column["name"], column["sourceName"]) for column in page["data"]] == [("email", "Orders")]
    assert page["data"][0]["globalPolicyInfo"] == {"maskingType": "Hash"}
    tagged = door.done("GET", f"{PRODUCT}/columns", query={"tagIds": ["2"], "dataSourceIds": ["2"]})
    assert [(column["name"], column["tags"]) for column in tagged["data"]] == [("email", ["Discovered.PII"])]
    turned = door.done(
        "GET", f"{PRODUCT}/columns", query={"sortOrder": "desc", "limit": 1, "searchText": "i"}
    )
    assert turned["data"][0]["name"] == "id"
    assert turned["meta"]["totalCount"] == 4


@pytest.mark.parametrize(
    "path",
    ["", "/datasources", "/datasources/all", "/request", "/members", "/request-forms", "/columns", "/byName"],
)
def test_a_product_that_is_not_there_is_404(door: Door, path: str) -> None:
    door.refused("GET", f"/api/data-product/nothing{path}", 404)


# -- products, written -----------------------------------------------------------------------------------------------


def test_a_product_is_created_with_the_id_that_the_client_chose(door: Door) -> None:
    created = door.done("POST", "/api/data-product", 201, body=new_product(id=CHOSEN))
    assert created["id"] == CHOSEN
    assert (created["suspended"], created["description"]) == (False, None)
    assert created["stats"]["dataSourceCount"] == 2
    assert door.done("GET", f"/api/data-product/{CHOSEN}") == created
    forms = door.done("GET", f"/api/data-product/{CHOSEN}/request-forms")
    assert [form["id"] for form in forms] == [w.DELEGATING, w.DELEGATING]


def test_a_product_without_an_id_gets_a_cuid(door: Door) -> None:
    created = door.done("POST", "/api/data-product", 201, body=new_product(metadata=None, dataSources=[]))
    assert created["id"].startswith("c")
    assert created["metadata"] is None


def test_what_a_create_must_not_say(door: Door) -> None:
    def message(**changes: Any) -> str:
        return door.refused("POST", "/api/data-product", 422, body=new_product(**changes))

    assert "name" in message(name=...)
    assert "name" in message(name="Sales, all of them")
    assert "name" in message(name="")
    assert "name" in message(name="x" * 256)
    assert "metadata" in message(metadata=...)
    assert "domains" in message(domains=[])
    assert "dataSources" in message(dataSources=...)
    assert "dataSources.0.sourceId" in message(dataSources=[{"sourceId": 1}])
    assert "id" in message(id="chosen")
    assert "description" in message(description=3)
    assert access_flow(door) in message(**{access_flow(door): None})
    for refused in (w.DENY, w.DELEGATE):
        assert access_flow(door) in message(**{access_flow(door): refused})
    empty_stage = {"rules": [], "defaultEvent": {"type": "review", "params": {"stages": [{"any": []}]}}}
    assert access_flow(door) in message(**{access_flow(door): empty_stage})
    extra = {"rules": [], "defaultEvent": {"type": "approve", "params": {"who": "me"}}}
    assert access_flow(door) in message(**{access_flow(door): extra})


def test_what_a_create_refers_to_must_be_there(door: Door) -> None:
    def message(token: str = "sandbox", **changes: Any) -> str:
        return door.refused("POST", "/api/data-product", 400, body=new_product(**changes), token=token)

    assert "nowhere" in message(domains=["nowhere"])
    assert "5, 99" in message(dataSources=[{"sourceId": "5"}, {"sourceId": "99"}, {"sourceId": "1"}])
    assert "01" in message(dataSources=[{"sourceId": "01"}])
    assert CHOSEN in message(requestFormId=CHOSEN)
    assert CHOSEN in message(metadata={"subjectMatterExpert": {"id": CHOSEN}})
    assert w.SALES in message("steward")
    door.refused("POST", "/api/data-product", 403, body=new_product(), token="consumer")


def test_names_and_ids_are_taken_once(door: Door) -> None:
    door.done("POST", "/api/data-product", 201, body=new_product(id=CHOSEN))
    door.refused("POST", "/api/data-product", 409, body=new_product())
    door.refused("POST", "/api/data-product", 409, body=new_product(name=" North American Sales "))
    door.refused("POST", "/api/data-product", 409, body=new_product(id=CHOSEN, name="Another"))
    door.refused("PUT", PRODUCT, 409, body={"name": "Ledger"})
    door.done("PUT", PRODUCT, body={"name": "Orders and Items"})
    door.done("POST", "/api/data-product", 201, body=new_product(name="north american sales"))


def test_an_update_keeps_what_it_leaves_out(door: Door) -> None:
    before = door.store.snapshot()["products"][w.ORDERS]
    updated = door.done("PUT", PRODUCT, body={"description": None, "suspended": True})
    assert (updated["description"], updated["suspended"]) == (None, True)
    after = door.store.snapshot()["products"][w.ORDERS]
    assert after == {**before, "description": None, "suspended": True}
    assert door.done("GET", PRODUCT) == updated


def test_null_clears_the_description_and_the_expert_and_nothing_else(door: Door) -> None:
    updated = door.done("PUT", PRODUCT, body={"description": None, "metadata": None})
    assert (updated["description"], updated["metadata"]) == (None, None)
    for name in ("name", "domains", "suspended", "requestFormId", access_flow(door)):
        assert name in door.refused("PUT", PRODUCT, 422, body={name: None})


def test_a_rename_is_an_update_in_place(door: Door) -> None:
    assert door.done("PUT", PRODUCT, body={"name": "Orders / Items"})["id"] == w.ORDERS
    assert door.done("GET", "/api/data-product/Orders%20%2F%20Items/byName")["id"] == w.ORDERS


def test_a_flow_is_written_under_one_name_and_read_under_another(door: Door) -> None:
    updated = door.done("PUT", LEDGER, body={access_flow(door): w.TWO_STAGES})
    assert updated["dataAccessPolicy"]["defaultEvent"]["params"]["stages"][1] == {
        "all": [{"type": "PERMISSION", "permission": "GOVERNANCE"}]
    }
    other = {"v1": "maskingExceptionPolicy", "v2": "maskingExceptionPolicy"}[door.vintage]
    approved = door.done("PUT", LEDGER, body={other: w.APPROVE})
    assert approved["maskingExceptionPolicy"]["defaultEvent"] == w.APPROVE["defaultEvent"]


def test_sources_are_replaced_in_full(door: Door) -> None:
    path = f"{PRODUCT}/datasources"
    updated = door.done("PUT", path, body={"dataSources": [{"sourceId": "4"}, {"sourceId": "1"}]})
    assert updated["stats"]["dataSourceCount"] == 2
    assert door.store.snapshot()["products"][w.ORDERS]["sources"] == ["1", "4"]
    assert "5" in door.refused("PUT", path, 400, body={"dataSources": [{"sourceId": "5"}]})
    assert "dataSources" in door.refused("PUT", path, 422, body={})
    door.refused("PUT", path, 403, body={"dataSources": []}, token="steward")
    door.refused("PUT", "/api/data-product/nothing/datasources", 404, body={"dataSources": []})


def test_moving_a_product_does_not_look_at_its_sources(door: Door) -> None:
    assert door.done("PUT", PRODUCT, body={"domains": [w.FINANCE]})["domains"] == [w.FINANCE]
    door.refused("PUT", f"{PRODUCT}/datasources", 400, body={"dataSources": [{"sourceId": "1"}]})
    assert "nowhere" in door.refused("PUT", PRODUCT, 400, body={"domains": ["nowhere"]})


def test_writing_needs_a_permission_in_the_domain(door: Door) -> None:
    for method, body in (("PUT", {"name": "Mine"}), ("DELETE", None)):
        door.refused(method, PRODUCT, 403, body=body, token="steward")
        door.refused(method, LEDGER, 403, body=body, token="consumer")
    door.done("PUT", LEDGER, body={"name": "Ledgers"}, token="steward")
    door.refused("PUT", LEDGER, 400, body={"domains": [w.SALES]}, token="steward")
    door.refused("PUT", "/api/data-product/nothing", 404, body={})
    door.refused("DELETE", "/api/data-product/nothing", 404)


def test_deleting_a_product_takes_its_members_with_it(door: Door) -> None:
    assert door.done("DELETE", PRODUCT) is None
    door.refused("GET", PRODUCT, 404)
    door.done("POST", "/api/data-product", 201, body=new_product(name="Orders and Items", id=CHOSEN))
    assert door.done("GET", f"/api/data-product/{CHOSEN}/members")["data"] == []
    assert {product for product, _, _ in door.store.access_pairs()} == {w.LEDGER}


def test_a_body_that_is_no_json_is_refused(door: Door) -> None:
    response = door.wire.send("PUT", PRODUCT, (), None, {"Authorization": "Bearer sandbox"})
    assert (response.status_code, response.json()["error"]) == (400, "Bad Request")


# -- forms and agreements --------------------------------------------------------------------------------------------


def new_form(**changes: Any) -> dict[str, Any]:
    fields = [
        {**w.FIELD},
        {
            "id": "f0000000-0000-4000-8000-000000000002",
            "type": "DROPDOWN",
            "label": "Which region?",
            "options": [{"value": "EMEA"}, {"value": "APAC"}],
        },
        {
            "id": "f0000000-0000-4000-8000-000000000003",
            "type": "ACCESS_DURATION",
            "label": "How long do you need access to this data?",
            "required": True,
        },
    ]
    body: dict[str, Any] = {"name": "Strict", "fields": fields, "policy": w.TWO_STAGES}
    return {name: value for name, value in (body | changes).items() if value is not ...}


def test_a_form_is_created_read_and_listed(door: Door) -> None:
    body = new_form(id=CHOSEN, dataUseAgreementIds=[w.TERMS])
    created = door.done("POST", "/api/request-form", 201, body=body)
    assert created["id"] == CHOSEN
    assert [field["required"] for field in created["fields"]] == [True, True, True]
    assert created["dataUseAgreements"] == [{"id": w.TERMS, "name": "Terms of Use", "body": "Be careful."}]
    assert door.done("GET", f"/api/request-form/{CHOSEN}") == created
    found = door.done("GET", "/api/request-form", query={"nameFilter": "Strict", "exactMatch": True})
    assert found["data"] == [{**created, "associatedDomains": []}]
    assert door.done("GET", "/api/request-form", query={"nameFilter": "stric"})["meta"]["totalCount"] == 1
    missing = {"nameFilter": "stric", "exactMatch": True}
    assert door.done("GET", "/api/request-form", query=missing)["data"] == []


def test_forms_are_sorted_and_know_their_domains(door: Door) -> None:
    query = {"sortBy": "name", "sortOrder": "desc", "limit": 2, "offset": 1}
    page = door.done("GET", "/api/request-form", query=query)
    assert [form["name"] for form in page["data"]] == ["Delegating", "Closed"]
    assert page["data"][0]["associatedDomains"] == [w.SALES]
    assert page["meta"]["totalPages"] == 2
    door.refused("GET", "/api/request-form", 422, query={"sortBy": "id"})


def test_every_update_of_a_form_is_a_new_version(door: Door) -> None:
    path = f"/api/request-form/{w.DELEGATING}"
    before = door.done("GET", path)
    updated = door.done("PUT", path, 201, body={"name": "Delegates", "dataUseAgreementIds": []})
    assert updated["version"] != before["version"]
    assert (updated["name"], updated["dataUseAgreements"]) == ("Delegates", [])
    assert updated["fields"] == before["fields"]
    assert door.done("GET", f"/api/request-form/version/{before['version']}") == before
    assert door.done("GET", f"/api/request-form/version/{updated['version']}") == updated
    door.refused("GET", "/api/request-form/version/c00000000000", 404)


def test_what_a_form_must_not_say(door: Door) -> None:
    def message(**changes: Any) -> str:
        return door.refused("POST", "/api/request-form", 422, body=new_form(**changes))

    assert "name" in message(name=...)
    assert "policy" in message(policy=...)
    assert "fields" in message(fields=...)
    assert "fields.0" in message(fields=[{**w.FIELD, "type": "LONG_ANSWER"}])
    assert "fields.0" in message(fields=[{**w.FIELD, "id": "one"}])
    duration = {**w.FIELD, "type": "ACCESS_DURATION", "label": "For how long?"}
    assert "label" in message(fields=[duration])
    conditions = {"conditions": {"all": [], "any": []}, "event": {"type": "dataProductPolicy"}}
    assert "policy.rules.0" in message(policy={**w.DELEGATE, "rules": [conditions]})
    assert w.ORDERS in door.refused(
        "POST", "/api/request-form", 422, body=new_form(dataUseAgreementIds=[w.ORDERS])
    ) or "dataUseAgreementIds" in message(dataUseAgreementIds=[w.ORDERS])
    assert CHOSEN in door.refused(
        "POST", "/api/request-form", 400, body=new_form(dataUseAgreementIds=[CHOSEN])
    )
    door.refused("POST", "/api/request-form", 409, body=new_form(name="Delegating"))
    door.refused("POST", "/api/request-form", 409, body=new_form(id=w.DELEGATING))
    door.refused("PUT", f"/api/request-form/{w.DELEGATING}", 409, body={"name": "Closed"})


def test_rules_are_kept_as_they_are(door: Door) -> None:
    rule = {
        "conditions": {"any": [{"fact": "f", "operator": "equal", "value": {"deep": [1]}}]},
        "event": {"type": "approve", "params": {"comment": "ok", "duration": 2, "durationUnit": "WEEKS"}},
    }
    created = door.done(
        "POST", "/api/request-form", 201, body=new_form(policy={**w.DELEGATE, "rules": [rule]})
    )
    assert created["policy"]["rules"] == [rule]


def test_the_built_in_form_stays_as_it_is(door: Door) -> None:
    path = f"/api/request-form/{w.STANDARD}"
    door.refused("PUT", path, 403, body={"name": "Mine"})
    door.refused("DELETE", path, 403)


def test_a_form_in_use_is_not_deleted(door: Door) -> None:
    path = f"/api/request-form/{w.DELEGATING}"
    assert door.done("GET", f"{path}/data-products") == [
        {
            "id": w.ORDERS,
            "name": "Orders and Items",
            "requestTypes": ["DATA_ACCESS", "MASKING_EXCEPTION"],
        }
    ]
    door.refused("DELETE", path, 409)
    door.done("DELETE", PRODUCT)
    door.refused("DELETE", path, 403, token="consumer")
    assert door.done("DELETE", path, 204) is None
    door.refused("GET", path, 404)
    door.refused("PUT", path, 404, body={})
    door.refused("GET", f"{path}/data-products", 404)


def test_who_may_write_forms(door: Door) -> None:
    door.refused("POST", "/api/request-form", 403, body=new_form(), token="consumer")
    door.done("POST", "/api/request-form", 201, body=new_form(), token="steward")
    door.refused("PUT", f"/api/request-form/{w.DENYING}", 403, body={}, token="consumer")


def test_an_agreement_lives_and_dies(door: Door) -> None:
    body = {"id": CHOSEN, "name": "Privacy", "body": "Nobody else."}
    created = door.done("POST", "/api/data-use-agreement", 201, body=body)
    path = f"/api/data-use-agreement/{CHOSEN}"
    assert door.done("GET", path) == created
    assert created["createdBy"] == {"globalUserId": w.GOVERNOR, "name": "Grace Governor"}
    assert door.done("PUT", path, 201, body={"body": "Really nobody."})["name"] == "Privacy"
    page = door.done("GET", "/api/data-use-agreement", query={"nameFilter": "priv", "sortBy": "updatedAt"})
    assert [each["body"] for each in page["data"]] == ["Really nobody."]
    assert door.done("DELETE", path, 204) is None
    door.refused("GET", path, 404)
    door.refused("PUT", path, 404, body={})
    door.refused("DELETE", path, 404)


def test_an_agreement_in_use_is_not_deleted(door: Door) -> None:
    path = f"/api/data-use-agreement/{w.TERMS}"
    assert door.done("GET", f"{path}/request-forms") == [{"id": w.DELEGATING, "name": "Delegating"}]
    door.refused("DELETE", path, 409)
    door.done("PUT", f"/api/request-form/{w.DELEGATING}", 201, body={"dataUseAgreementIds": []})
    door.done("DELETE", path, 204)


def test_what_an_agreement_must_not_say(door: Door) -> None:
    path = "/api/data-use-agreement"
    assert "body" in door.refused("POST", path, 422, body={"name": "Privacy"})
    assert "name" in door.refused("POST", path, 422, body={"name": 1, "body": ""})
    door.refused("POST", path, 409, body={"name": "Terms of Use", "body": ""})
    door.refused("POST", path, 409, body={"name": "Privacy", "body": "", "id": w.TERMS})
    door.refused("POST", path, 403, body={"name": "Privacy", "body": ""}, token="consumer")
    door.done("POST", path, 201, body={"name": "Privacy", "body": ""})
    door.refused("PUT", f"{path}/{w.TERMS}", 409, body={"name": "Privacy"})
    door.refused("PUT", f"{path}/{w.TERMS}", 403, body={"name": "Mine"}, token="consumer")
    door.refused("GET", f"{path}/{CHOSEN}/request-forms", 404)


# -- access ----------------------------------------------------------------------------------------------------------


def test_members_are_those_whose_approval_still_holds(door: Door) -> None:
    def ids(path: str, **query: Any) -> set[str]:
        return {each["id"][-1] for each in door.done("GET", path, query=query)["data"]}

    assert ids(f"{PRODUCT}/members") == {"1", "3"}
    assert ids(f"{PRODUCT}/members", type=["DATA_ACCESS"]) == {"1"}
    assert ids(f"{LEDGER}/members") == {"5"}
    assert ids(f"{LEDGER}/members", expiration=False) == set()
    assert ids(f"{PRODUCT}/members", userIds=[w.OTHER]) == {"3"}
    assert ids(f"{PRODUCT}/request") == {"1", "2", "3"}
    assert ids(f"{PRODUCT}/request", status=["PENDING"], searchText="otto") == {"2"}
    assert ids(f"{LEDGER}/request") == set()
    assert ids(f"{LEDGER}/request", includeTemporary=True, sortBy="expiration") == {"4", "5"}
    assert ids(f"{PRODUCT}/request", assetType=["DATA_OBJECT"], reviewStatus=["noReviews"]) == set()
    for path in (f"{PRODUCT}/members", f"{PRODUCT}/request"):
        door.refused("GET", path, 403, token="consumer")
        door.refused("GET", path, 422, query={"status": ["GOOD"]})
        door.refused("GET", path, 422, query={"limit": 0})


def test_a_request_waits_for_the_stages_of_the_flow(door: Door) -> None:
    made = door.done(
        "POST", f"{PRODUCT}/request", 201, body={"user": w.STEWARD, "form": w.ANSWERS}, token="steward"
    )
    assert (made["status"], made["user"]["name"], made["form"]) == ("PENDING", "Stan Steward", w.ANSWERS)
    assert made["dataProduct"]["id"] == w.ORDERS
    path = f"/api/access-request/{made['id']}"
    assert door.done("GET", path) == made
    records = door.done("GET", f"{path}/records")["approvalRecords"]
    assert [record["status"] for record in records] == ["PENDING", "BLOCKED"]
    assert records[1]["prerequisites"] == [records[0]["id"]]
    again = {"user": w.STEWARD, "form": w.ANSWERS}
    assert "PENDING" in door.refused("POST", f"{PRODUCT}/request", 409, body=again, token="steward")
    door.refused("DELETE", f"{PRODUCT}/request/{made['id']}", 400)
    door.refused("DELETE", path, 403)
    assert door.done("DELETE", path, 204, token="steward") is None
    assert door.done("GET", path)["status"] == "CANCELED"
    statuses = [each["status"] for each in door.done("GET", f"{path}/records")["approvalRecords"]]
    assert statuses == ["CANCELED", "CANCELED"]
    door.refused("DELETE", path, 400, token="steward")
    door.refused("GET", path, 403, token="consumer")
    door.refused("GET", "/api/access-request/c00000000000", 404)


def test_a_form_that_approves_makes_members_for_a_time(door: Door) -> None:
    made = door.done("POST", f"{LEDGER}/request", 201, body={"user": w.CONSUMER}, token="consumer")
    assert made["status"] == "APPROVED"
    assert made["expiration"] > made["createdAt"]
    assert (w.LEDGER, w.CONSUMER, "5") in door.store.access_pairs()
    path = f"{LEDGER}/request/{made['id']}"
    door.refused("DELETE", path, 403, token="consumer")
    door.refused("DELETE", f"{PRODUCT}/request/{made['id']}", 404)
    assert door.done("DELETE", path, 204) is None
    assert (w.LEDGER, w.CONSUMER, "5") not in door.store.access_pairs()
    assert door.done("GET", LEDGER, token="consumer")["status"] == "REVOKED"
    door.refused("DELETE", path, 400)


def test_a_form_that_denies_denies(door: Door) -> None:
    door.done("PUT", LEDGER, body={"requestFormId": w.DENYING})
    made = door.done("POST", f"{LEDGER}/request", 201, body={"user": w.GOVERNOR})
    assert made["status"] == "DENIED"


def test_what_a_request_must_not_say(door: Door) -> None:
    path = f"{PRODUCT}/request"
    assert "user" in door.refused("POST", path, 422, body={})
    assert "What is it for?" in door.refused("POST", path, 422, body={"user": w.GOVERNOR})
    assert "form" in door.refused("POST", path, 422, body={"user": w.GOVERNOR, "form": [w.ANSWERS]})
    assert CHOSEN in door.refused("POST", path, 400, body={"user": CHOSEN})
    door.refused("POST", path, 403, body={"user": w.OTHER}, token="consumer")
    door.refused("POST", "/api/data-product/nothing/request", 404, body={"user": w.OTHER})


def test_a_masking_exception_names_masked_columns(door: Door) -> None:
    path = f"{PRODUCT}/request/masking-exception"
    column = {"columnName": "email", "sourceId": "1"}
    body = {"user": w.CONSUMER, "form": w.ANSWERS, "columns": [column]}
    made = door.done("POST", path, 201, body=body, token="consumer")
    assert (made["type"], made["status"]) == ("MASKING_EXCEPTION", "PENDING")
    door.refused("POST", path, 409, body=body, token="consumer")
    for wrong in ({"columnName": "id", "sourceId": "1"}, {"columnName": "email", "sourceId": "2"}):
        door.refused("POST", path, 400, body={"user": w.CONSUMER, "columns": [wrong]})
    door.refused("POST", path, 400, body={"user": w.CONSUMER, "columns": []})
    assert "columns" in door.refused("POST", path, 422, body={"user": w.CONSUMER})


def test_recent_determinations_are_what_people_decided(door: Door) -> None:
    path = f"{PRODUCT}/recent-determinations"
    found = door.done("GET", path)["determinations"]
    assert [(each["status"], each["user"]["globalUserId"]) for each in found] == [("APPROVED", w.CONSUMER)]
    assert len(door.done("GET", path, query={"type": "MASKING_EXCEPTION"})["determinations"]) == 1
    door.refused("GET", path, 422, query={"type": "OTHER"})


def test_requests_are_searched_by_role(door: Door) -> None:
    def ids(token: str = "sandbox", **query: Any) -> set[str]:
        page = door.done("GET", "/api/access-request", query=query, token=token)
        return {each["id"][-1] for each in page["data"]}

    assert ids() == {"1", "2", "3"}
    assert ids(includeTemporary=True) == {"1", "2", "3", "4", "5"}
    assert ids("consumer") == {"1"}
    assert ids("steward", role=["manager"], includeTemporary=True) == {"4", "5"}
    assert ids(dataProductId=w.ORDERS, sortBy="dataProduct", sortOrder="asc", limit=1) == {"1"}
    door.refused("GET", "/api/access-request", 422, query={"role": ["king"]})


# -- what differs between the vintages -------------------------------------------------------------------------------


@pytest.mark.parametrize("vintage", ["v1"], indirect=True)
def test_the_older_vintage_needs_a_form_and_knows_no_pair(door: Door) -> None:
    pair = {"dataAccessRequestFormId": w.AUTOMATIC, "maskingExceptionRequestFormId": w.DENYING}
    assert "requestFormId" in door.refused(
        "POST", "/api/data-product", 422, body=new_product(requestFormId=..., **pair)
    )
    door.done("PUT", PRODUCT, body={**pair, "dataAccessReviewFlow": w.APPROVE})
    forms = door.done("GET", f"{PRODUCT}/request-forms")
    assert [form["id"] for form in forms] == [w.DELEGATING, w.DELEGATING]
    assert door.done("GET", PRODUCT)["dataAccessPolicy"]["defaultEvent"]["type"] == "review"
    assert "name" in door.refused("POST", "/api/data-product", 422, body=new_product(name="Umsätze"))


@pytest.mark.parametrize("vintage", ["v2"], indirect=True)
def test_the_newer_vintage_has_a_pair_of_forms(door: Door) -> None:
    def forms(identity: str) -> dict[str, str]:
        rows = door.done("GET", f"/api/data-product/{identity}/request-forms")
        return {row["requestType"]: row["id"] for row in rows}

    pair = {"dataAccessRequestFormId": w.AUTOMATIC, "maskingExceptionRequestFormId": w.DENYING}
    body = new_product(requestFormId=..., name="Umsätze 日本", **pair)
    created = door.done("POST", "/api/data-product", 201, body=body)
    assert forms(created["id"]) == {"DATA_ACCESS": w.AUTOMATIC, "MASKING_EXCEPTION": w.DENYING}
    path = f"/api/data-product/{created['id']}"
    door.done("PUT", path, body={"maskingExceptionRequestFormId": w.AUTOMATIC})
    assert forms(created["id"]) == {"DATA_ACCESS": w.AUTOMATIC, "MASKING_EXCEPTION": w.AUTOMATIC}
    door.done("PUT", path, body={"requestFormId": w.DENYING})
    assert set(forms(created["id"]).values()) == {w.DENYING}
    bare = door.done("POST", "/api/data-product", 201, body=new_product(requestFormId=..., name="Bare"))
    assert forms(bare["id"]) == {}
    made = door.done("POST", f"/api/data-product/{bare['id']}/request", 201, body={"user": w.OTHER})
    assert made["status"] == "PENDING"


@pytest.mark.parametrize("vintage", ["v2"], indirect=True)
def test_the_newer_vintage_refuses_both_styles_at_once(door: Door) -> None:
    both = {"requestFormId": w.AUTOMATIC, "dataAccessRequestFormId": w.AUTOMATIC}
    assert "requestFormId" in door.refused("PUT", PRODUCT, 422, body=both)
    flows = {"dataAccessPolicy": w.APPROVE, "dataAccessReviewFlow": w.APPROVE}
    assert "dataAccessReviewFlow" in door.refused("PUT", PRODUCT, 422, body=flows)


# -- the contract itself ---------------------------------------------------------------------------------------------

SERVED = {
    "data-product": 17,
    "request-form": 8,
    "data-use-agreement": 6,
    "metadata": 8,
    "access-request": 6,
    "approval-record": 1,
    "auth": 3,
    "health": 3,
}


def test_every_operation_that_is_served_is_in_the_contract(contract: OpenApi | None) -> None:
    from dpsync.sandbox import routes

    if contract is None:
        pytest.skip("the OpenAPI document is not beside this repository; set DPSYNC_OPENAPI")
    served = {
        f"{operation.method} /marketplace{operation.path.replace(':path', '')}"
        for operation in (*routes.OPERATIONS, *routes.PUBLIC)
    }
    assert served <= contract.titles
    for group, number in SERVED.items():
        assert sum(f"/{group}" in title.split("{")[0] for title in served) == number

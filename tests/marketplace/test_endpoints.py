from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsync.errors import BadAnswer
from dpsync.kinds.data_product import DataProductSpec, ReviewFlows
from dpsync.kinds.review_flow import DEFAULT_FLOW
from dpsync.kinds.shared import both
from dpsync.marketplace import assumptions
from dpsync.marketplace.endpoints import ENDPOINTS, data_product, data_source, domain, people, review_flow
from dpsync.marketplace.endpoints.endpoint import FormPair, Parts
from dpsync.model.base import Spec
from dpsync.model.call import Action, Call
from dpsync.model.compare import mismatches
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource
from dpsync.model.state import Source
from marketplace import specs
from marketplace.doorways import VINTAGES, creation, deletion, update

PRODUCT, FORM, AGREEMENT = "DataProduct", "RequestForm", "DataUseAgreement"
ID = "4c8f6d82-e4c6-4478-92eb-d9342500f006"
DEFAULT = {
    "version": "3",
    "rules": [],
    "defaultEvent": {
        "type": "review",
        "params": {
            "stages": [
                {
                    "any": [
                        {"type": "PERMISSION", "permission": "GOVERNANCE"},
                        {"type": "DOMAIN PERMISSION", "permission": "Manage Data Products"},
                    ]
                }
            ]
        },
    },
}


def sources(*numbers: int) -> tuple[SourceReference, ...]:
    return tuple(SourceReference("id", str(each), id=str(each)) for each in numbers)


def payload(**more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "name": "Orders",
        "description": "All orders",
        "domains": ["d1"],
        "suspended": False,
        "createdBy": "11111111-1111-4111-8111-111111111111",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        "metadata": None,
        "somethingNew": {"a": 1},
        **more,
    }


PARTS = Parts(
    ("1", "2"), FormPair(Reference("Form", "id", "f1"), Reference("Form", "id", "f1")), {"d1": "Sales"}
)


def live(**more: Any) -> LiveResource:
    return data_product.read(payload(**more), PARTS)


def spec_of(one: LiveResource) -> DataProductSpec:
    assert isinstance(one.spec, DataProductSpec)
    return one.spec


def calls(change: Any, vintage: str = "v2") -> tuple[Call, ...]:
    return ENDPOINTS[change.kind].calls(change, change.before, vintage)


def shown(made: tuple[Call, ...]) -> list[tuple[str, str, Any]]:
    return [(call.method, call.path, call.body) for call in made]


# -- laws ------------------------------------------------------------------------------------------------------------


@given(flow=specs.form_flows)
def test_a_review_flow_reads_back_as_it_was_written(flow: Spec) -> None:
    written = review_flow.written(flow)
    assert "version" not in written
    assert flow.matches(review_flow.read(written, {}, "It"))


@given(flow=specs.form_flows, name=specs.texts)
def test_what_the_server_adds_to_a_flow_does_not_matter(flow: Spec, name: str) -> None:
    def decorated(value: Any) -> Any:
        if isinstance(value, dict):
            more: dict[str, Any] = {"displayName": name} if value.get("type") == "USER" else {}
            more |= {"id": 7.0} if value.get("type") == "GROUP" else {}
            return {key: decorated(entry) for key, entry in value.items()} | more
        if isinstance(value, list):
            return [decorated(entry) for entry in value]
        return float(value) if type(value) is int and abs(value) < 2**50 else value

    assert flow.matches(review_flow.read(decorated(review_flow.written(flow)), {}, "It"))


@given(form=specs.forms)
def test_a_form_reads_back_as_it_was_written(form: Spec) -> None:
    (call,) = calls(creation(FORM, ID, form))
    body = dict(call.body or {})
    body["dataUseAgreements"] = [
        {"id": each, "name": "A", "body": "B"} for each in body.pop("dataUseAgreementIds")
    ]
    read = ENDPOINTS[FORM].read(body, Parts())
    assert not mismatches(form, read.spec)


@given(product=specs.products, vintage=st.sampled_from(VINTAGES))
def test_a_product_reads_back_as_it_was_written(product: DataProductSpec, vintage: str) -> None:
    assert product.request_forms is not None
    if vintage == "v1":
        product = product.with_values(request_forms=both(product.request_forms.data_access))
    state: dict[str, Any] = payload(name="", description="")
    for call in calls(creation(PRODUCT, ID, product), vintage):
        state |= call.body or {}
    for wire in ("dataAccess", "maskingException"):
        state[f"{wire}Policy"] = state.pop(f"{wire}{'ReviewFlow' if vintage == 'v2' else 'Policy'}")
    ids = ("dataAccessRequestFormId", "maskingExceptionRequestFormId")
    pair = [state[name if vintage == "v2" else "requestFormId"] for name in ids]
    forms = FormPair(*(Reference("F", "id", each) for each in pair))
    read = data_product.read(state, Parts(data_product.sources(state), forms))
    assert not mismatches(product, read.spec)


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_product_is_read_in_a_manifests_words() -> None:
    expert = {"subjectMatterExpert": {"id": "u1", "username": "jane", "name": "Jane"}, "other": 1}
    stats = {"approvedRequestCount": 3, "pendingRequestCount": 1, "dataSourceCount": 2}
    read = live(metadata=expert, stats=stats, suspended=True)
    spec = spec_of(read)
    assert (read.id, read.revision, read.accesses.approved, read.accesses.pending) == (
        ID,
        "2026-01-02T00:00:00Z",
        3,
        1,
    )
    assert read.parts == {"fields", "sources", "forms"}
    assert (spec.name, spec.description, spec.lifecycle) == ("Orders", "All orders", "suspended")
    assert (spec.domain.text, spec.domain.id) == ("Sales", "d1")
    assert spec.subject_matter_expert is not None
    assert (spec.subject_matter_expert.text, spec.subject_matter_expert.id) == ("jane", "u1")
    assert [each.id for each in spec.sources] == ["1", "2"]
    assert spec.request_forms is not None
    assert spec.request_forms.data_access.id == "f1"


def test_what_was_not_read_is_not_managed_and_unknown_is_not_zero() -> None:
    read = data_product.read(payload(), Parts())
    assert read.parts == {"fields"}
    assert not read.spec.manages("sources")
    assert not read.spec.manages("request_forms")
    assert read.accesses.may_exist
    assert spec_of(read).sources == ()


@pytest.mark.parametrize("policy", [None, DEFAULT, {**DEFAULT, "version": None}])
def test_a_flow_that_is_absent_null_or_the_default_is_the_default(policy: Any) -> None:
    flows = spec_of(live(dataAccessPolicy=policy)).review_flows
    assert flows is not None
    assert flows.data_access is DEFAULT_FLOW
    assert flows.masking_exception is DEFAULT_FLOW


def test_a_product_of_several_domains_equals_none_of_one() -> None:
    several = spec_of(live(domains=["d1", "d2"])).domain
    assert several.text == "Sales, d2"
    assert several != Reference("Sales", "id", "d1")
    assert several != Reference("d2", "id", "d2")


def test_a_product_without_a_form_has_none() -> None:
    read = data_product.read(payload(), Parts((), FormPair()))
    assert spec_of(read).request_forms is None
    assert read.spec.manages("request_forms")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"domains": []}, "domains"),
        ({"domains": None}, "domains"),
        ({"name": None}, "name"),
        ({"suspended": "perhaps"}, "suspended"),
        ({"dataAccessPolicy": {"rules": [], "defaultEvent": {"type": "vote"}}}, "'vote'"),
        ({"dataAccessPolicy": {"rules": []}}, "published shape"),
        ({"dataAccessPolicy": []}, "published shape"),
        ({"dataAccessPolicy": "approve"}, "published shape"),
        (
            {
                "dataAccessPolicy": {
                    "rules": [],
                    "defaultEvent": {"type": "review", "params": {"stages": [{}]}},
                }
            },
            "one list",
        ),
        (
            {
                "dataAccessPolicy": {
                    "rules": [],
                    "defaultEvent": {
                        "type": "review",
                        "params": {"stages": [{"any": [{"type": "ROBOT"}]}]},
                    },
                }
            },
            "'ROBOT'",
        ),
        ({"metadata": {"subjectMatterExpert": {}}}, "id"),
    ],
)
def test_a_product_that_cannot_be_understood_is_an_error_that_names_it(
    broken: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadAnswer) as caught:
        live(**broken)
    assert ID in caught.value.message
    assert told in caught.value.message


def test_source_ids_are_texts_whatever_the_wire_has() -> None:
    numbers = {"dataSources": [{"sourceId": "10"}, {"sourceId": 9}, {"sourceId": 7.0}, {"sourceId": "10"}]}
    assert data_product.sources(numbers) == ("7", "9", "10")
    entry = {"dataSourceId": 12.0, "name": "S", "platform": "S3", "prefix": "p/", "table": ""}
    (source,) = data_source.read([entry])
    assert isinstance(source, Source)
    assert (source.id, source.path.prefix, source.path.table) == ("12", "p/", None)


def test_two_forms_for_one_request_type_are_not_understood() -> None:
    rows = [{"id": each, "name": each, "requestType": "DATA_ACCESS"} for each in ("a", "b")]
    with pytest.raises(BadAnswer):
        data_product.forms(rows)
    assert data_product.forms(rows[:1]) == FormPair(Reference("a", "id", "a"), None)
    assert data_product.forms([{"id": "a", "name": "A"}]).masking_exception == Reference("A", "id", "a")


def test_domains_are_listed_by_name() -> None:
    listing = {"domains": [{"id": "2", "name": "B", "description": None}, {"id": "1", "name": "A"}]}
    assert [each.name for each in domain.read(listing)] == ["A", "B"]
    with pytest.raises(BadAnswer):
        domain.read({"domains": None})


@pytest.mark.parametrize(
    ("expiration", "seconds"), [(1_800_000_000, 1.8e9), (1_800_000_000_000, 1.8e9), (0, None), (None, None)]
)
def test_the_caller_has_an_end_and_rights(expiration: float | None, seconds: float | None) -> None:
    granted = {"d1": [{"permission": "Manage Data Products"}], "d2": [{"permission": "Audit Activity"}]}
    user = {
        "globalUserId": "u",
        "displayName": "Jane",
        "username": "jane",
        "expiration": expiration,
        "tenantInfo": {"id": "t"},
        "collectionPermissions": granted,
    }
    caller = people.caller(user)
    assert (caller.name, caller.tenant, caller.expires) == ("Jane", "t", seconds)
    assert caller.may_manage("d1")
    assert not caller.may_manage("d2")
    assert not caller.governance


# -- writing ---------------------------------------------------------------------------------------------------------


def wanted(**more: Any) -> DataProductSpec:
    values: dict[str, Any] = {
        "name": "Orders",
        "domain": Reference("Sales", "name", "d1"),
        "sources": sources(10, 9),
        "request_forms": both(Reference("f", "key", "f1")),
    }
    return DataProductSpec.of(**values | more)


def test_a_create_is_one_call_with_everything_that_is_managed() -> None:
    assert shown(calls(creation(PRODUCT, ID, wanted()))) == [
        (
            "POST",
            "/api/data-product",
            {
                "id": ID,
                "name": "Orders",
                "description": None,
                "metadata": None,
                "domains": ["d1"],
                "dataSources": [{"sourceId": "9"}, {"sourceId": "10"}],
                "dataAccessRequestFormId": "f1",
                "maskingExceptionRequestFormId": "f1",
            },
        )
    ]


def test_the_older_vintage_has_one_form_and_policies() -> None:
    spec = wanted(review_flows=ReviewFlows.of(data_access=DEFAULT_FLOW))
    body = calls(creation(PRODUCT, ID, spec), "v1")[0].body or {}
    assert body["requestFormId"] == "f1"
    assert "dataAccessPolicy" in body
    assert not {"dataAccessRequestFormId", "dataAccessReviewFlow", "maskingExceptionPolicy"} & set(body)


def test_a_suspended_product_is_created_empty_then_suspended_then_filled() -> None:
    made = calls(creation(PRODUCT, ID, wanted(lifecycle="suspended")))
    assert [call.action for call in made] == [Action.CREATE, Action.UPDATE, Action.REPLACE_SOURCES]
    assert (made[0].body or {})["dataSources"] == []
    assert made[1].body == {"suspended": True}
    assert made[2].body == {"dataSources": [{"sourceId": "9"}, {"sourceId": "10"}]}
    assert len(calls(creation(PRODUCT, ID, wanted(lifecycle="suspended", sources=())))) == 2


def test_an_update_sends_what_changes_and_nothing_else() -> None:
    change = update(live(), name="Orders 2", description=None)
    assert shown(calls(change)) == [
        ("PUT", f"/api/data-product/{ID}", {"name": "Orders 2", "description": None})
    ]


def test_the_expert_is_merged_into_the_metadata_that_was_read() -> None:
    before = live(metadata={"subjectMatterExpert": {"id": "u1"}, "other": [1]})
    (call,) = calls(update(before, subject_matter_expert=Reference("j", "name", "u2")))
    assert call.body == {"metadata": {"other": [1], "subjectMatterExpert": {"id": "u2"}}}
    (call,) = calls(update(before, subject_matter_expert=None))
    assert call.body == {"metadata": {"other": [1]}}
    (call,) = calls(update(live(metadata={"subjectMatterExpert": {"id": "u1"}}), subject_matter_expert=None))
    assert call.body == {"metadata": None}


def test_what_restricts_comes_before_what_grants() -> None:
    suspending = calls(update(live(), lifecycle="suspended", sources=sources(1, 2, 3)))
    assert [call.body for call in suspending] == [
        {"suspended": True},
        {"dataSources": [{"sourceId": "1"}, {"sourceId": "2"}, {"sourceId": "3"}]},
    ]
    resuming = calls(update(live(suspended=True), lifecycle="active", sources=sources(1), name="N"))
    assert [call.body for call in resuming] == [
        {"name": "N"},
        {"dataSources": [{"sourceId": "1"}]},
        {"suspended": False},
    ]
    together = calls(
        update(live(suspended=True), lifecycle="active", request_forms=both(Reference("g", "id", "f2")))
    )
    assert [call.body for call in together] == [
        {"dataAccessRequestFormId": "f2", "maskingExceptionRequestFormId": "f2", "suspended": False}
    ]


def test_a_domain_move_sends_the_domain_then_the_sources() -> None:
    made = calls(update(live(), domain=Reference("Finance", "name", "d2"), sources=sources(5)))
    assert [call.body for call in made] == [{"domains": ["d2"]}, {"dataSources": [{"sourceId": "5"}]}]


def test_sources_alone_are_one_call() -> None:
    assert shown(calls(update(live(), sources=()))) == [
        ("PUT", f"/api/data-product/{ID}/datasources", {"dataSources": []})
    ]


def test_a_delete_is_one_call() -> None:
    assert shown(calls(deletion(live()))) == [("DELETE", f"/api/data-product/{ID}", None)]


def test_one_constant_sends_the_whole_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "SEND_WHOLE_OBJECT", True)
    before = live(suspended=True, metadata={"subjectMatterExpert": {"id": "u1"}})
    first, _sources, last = calls(update(before, lifecycle="active", sources=sources(1), name="N"))
    whole = {
        "name",
        "description",
        "metadata",
        "domains",
        "dataAccessRequestFormId",
        "maskingExceptionRequestFormId",
        "dataAccessReviewFlow",
        "maskingExceptionReviewFlow",
        "suspended",
    }
    assert set(first.body or {}) == set(last.body or {}) == whole
    assert ((first.body or {})["suspended"], (last.body or {})["suspended"]) == (True, False)
    assert (first.body or {})["name"] == (last.body or {})["name"] == "N"


def test_a_form_sends_what_changes_by_the_wires_names() -> None:
    form = {
        "id": ID,
        "name": "F",
        "fields": [],
        "policy": {"version": "1", "rules": [], "defaultEvent": {"type": "dataProductPolicy"}},
        "dataUseAgreements": [{"id": "a1", "name": "Terms", "body": "B"}],
        "version": "c1",
    }
    before = ENDPOINTS[FORM].read(form, Parts())
    change = update(before, review_flow=DEFAULT_FLOW, agreements=(), name="G")
    (call,) = calls(change)
    assert (call.method, call.path) == ("PUT", f"/api/request-form/{ID}")
    assert set(call.body or {}) == {"name", "policy", "dataUseAgreementIds"}
    assert (call.body or {})["dataUseAgreementIds"] == []


def test_an_agreement_is_written_and_read() -> None:
    before = ENDPOINTS[AGREEMENT].read({"id": ID, "name": "A", "body": "B"}, Parts())
    assert shown(calls(creation(AGREEMENT, ID, before.spec))) == [
        ("POST", "/api/data-use-agreement", {"id": ID, "name": "A", "body": "B"})
    ]
    assert shown(calls(update(before, body="C"))) == [("PUT", f"/api/data-use-agreement/{ID}", {"body": "C"})]

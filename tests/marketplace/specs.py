"""Specs of every kind, at random, resolved as a plan would have them."""

from __future__ import annotations

from hypothesis import strategies as st

from dpsync.kinds.data_product import DataProductSpec, ReviewFlows
from dpsync.kinds.request_form import AccessDurationField, ChoiceField, RequestFormSpec, ShortAnswerField
from dpsync.kinds.review_flow import (
    Approve,
    AttributeReviewer,
    CatalogPermissionReviewer,
    Delegate,
    Deny,
    DomainPermissionReviewer,
    GroupReviewer,
    PermissionReviewer,
    Review,
    Stage,
    UserReviewer,
)
from dpsync.kinds.shared import RequestForms
from dpsync.model.reference import Reference, SourceReference

texts = st.text(min_size=1, max_size=12)
ids = st.uuids().map(str)


def references(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Reference]:
    return st.builds(lambda name, live_id: Reference(name, "name", live_id), text, ids)


reviewers = st.one_of(
    st.builds(lambda user: UserReviewer.of(user=user), references()),
    st.builds(lambda name, iam: GroupReviewer.of(group=Reference(name), iam=iam), texts, st.none() | texts),
    st.sampled_from(["GOVERNANCE", "USER_ADMIN", "AUDIT"]).map(
        lambda one: PermissionReviewer.of(permission=one)
    ),
    st.builds(
        lambda permission, domain: DomainPermissionReviewer.of(domain_permission=permission, domain=domain),
        st.sampled_from(["Manage Policies", "Manage Data Products"]),
        st.none() | references(),
    ),
    st.builds(lambda key, value: AttributeReviewer.of(attribute=key, value=value), texts, texts),
    st.just(CatalogPermissionReviewer.of(catalog_permission=True)),
)
stages = st.builds(
    lambda mode, people: Stage.of(**{mode: tuple(people)}),
    st.sampled_from(["any", "all"]),
    st.lists(reviewers, min_size=1, max_size=3),
)
leaves = st.fixed_dictionaries({"fact": texts, "operator": texts, "value": st.integers() | texts})
rules = st.lists(
    st.builds(
        lambda mode, conditions: {
            "conditions": {mode: conditions},
            "event": {"type": "deny", "params": {"comment": "no"}},
        },
        st.sampled_from(["any", "all"]),
        st.lists(leaves, max_size=2),
    ),
    max_size=2,
).map(tuple)
comments = st.none() | texts
approvals = st.builds(
    lambda comment, time, rules: Approve.of(
        decision="approve", comment=comment, duration=time[0], duration_unit=time[1], rules=rules
    ),
    comments,
    st.just((None, None)) | st.tuples(st.integers(1, 99), st.sampled_from(["DAYS", "YEARS"])),
    rules,
)
reviews = st.builds(
    lambda stages, rules: Review.of(decision="review", stages=tuple(stages), rules=rules),
    st.lists(stages, min_size=1, max_size=3),
    rules,
)
denials = st.builds(
    lambda comment, rules: Deny.of(decision="deny", comment=comment, rules=rules), comments, rules
)
delegations = st.builds(lambda rules: Delegate.of(decision="delegate", rules=rules), rules)
form_flows = st.one_of(approvals, reviews, denials, delegations)
product_flows = st.one_of(approvals, reviews)

fields = st.one_of(
    st.builds(
        lambda live_id, kind, label, required, options: ChoiceField.of(
            id=live_id, type=kind, label=label, required=required, options=tuple(options)
        ),
        ids,
        st.sampled_from(["DROPDOWN", "CHECKBOXES"]),
        texts,
        st.booleans(),
        st.lists(texts, min_size=1, max_size=3),
    ),
    st.builds(
        lambda live_id, label, required: ShortAnswerField.of(
            id=live_id, type="SHORT_ANSWER", label=label, required=required
        ),
        ids,
        texts,
        st.booleans(),
    ),
    ids.map(lambda live_id: AccessDurationField.of(id=live_id, type="ACCESS_DURATION")),
)
forms = st.builds(
    lambda name, fields, flow, agreements: RequestFormSpec.of(
        name=name, fields=tuple(fields), review_flow=flow, agreements=tuple(agreements)
    ),
    texts,
    st.lists(fields, max_size=3),
    form_flows,
    st.lists(references(), max_size=2),
)
products = st.builds(
    lambda name, description, domain, expert, sources, pair, flows, lifecycle: DataProductSpec.of(
        name=name,
        description=description,
        domain=domain,
        subject_matter_expert=expert,
        sources=tuple(SourceReference("id", str(each), id=str(each)) for each in sources),
        request_forms=RequestForms.of(data_access=pair[0], masking_exception=pair[1]),
        review_flows=ReviewFlows.of(data_access=flows[0], masking_exception=flows[1]),
        lifecycle=lifecycle,
    ),
    texts,
    st.none() | texts,
    references(),
    st.none() | references(),
    st.sets(st.integers(1, 2000), max_size=4),
    st.tuples(references(), references()),
    st.tuples(product_flows, product_flows),
    st.sampled_from(["active", "suspended"]),
)

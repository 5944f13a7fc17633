"""Desired and live states made by hand, as small as a test needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dpsync.kinds.data_product import DataProductSpec
from dpsync.kinds.data_source import DataSourceSpec
from dpsync.kinds.data_use_agreement import DataUseAgreementSpec
from dpsync.kinds.domain import DomainSpec
from dpsync.kinds.request_form import RequestFormSpec
from dpsync.kinds.review_flow import Approve
from dpsync.kinds.shared import RequestForms
from dpsync.model.access import Accesses
from dpsync.model.base import FieldPath, Spec
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.identity import computed_id
from dpsync.model.place import Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, Reference, SourcePath, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import Caller, Catalog, DesiredState, Domain, Gap, LiveState, Person, Source
from dpsync.planner import keeping_plan, pruning_plan, resolve

WORKSPACE = "planner-tests-1"
TARGET = Target("tests", WORKSPACE, "sandbox", "sandbox:", "acme")
SALES, FINANCE = Domain("d-sales", "Sales"), Domain("d-finance", "Finance")
JANE = Person("u-jane", "jane", "Jane Doe", "jane.doe@acme.example")
GOVERNOR = Caller("u-gov", "Grace", "acme", governance=True)
APPROVES = Approve.of(decision="approve", rules=())


@dataclass(frozen=True)
class Line:
    """Origins of a resource that stands in one line."""

    number: int = 1

    def of(self, _path: FieldPath) -> Origin:
        return Origin("products/a.yaml", self.number, 1)


def source(number: int, name: str, table: str, schema: str = "SALES") -> Source:
    return Source(str(number), name, SourcePath("Snowflake", "acme", "ANALYTICS", schema, table))


ORDERS = source(1, "Orders", "ORDERS")
ITEMS = source(2, "Order Items", "ORDER_ITEMS")
LEDGER = source(3, "Ledger", "LEDGER", "FINANCE")
CATALOG = Catalog(
    domains=(SALES, FINANCE), sources={SALES.id: (ORDERS, ITEMS), FINANCE.id: (LEDGER,)}, people=(JANE,)
)


def declared(kind: str, key: str, spec: Spec, *, pinned: str = "") -> Resource:
    return Resource(
        Address(kind, key),
        pinned or computed_id(WORKSPACE, kind, key),
        bool(pinned),
        spec.normalised(),
        Line(),
    )


def product(key: str, *, pinned: str = "", **values: Any) -> Resource:
    given = {"name": key.title(), "domain": Reference("Sales"), "sources": ()} | values
    return declared("DataProduct", key, DataProductSpec.of(**given), pinned=pinned)


def form(key: str, *, pinned: str = "", **values: Any) -> Resource:
    given = {"name": key.title(), "fields": (), "review_flow": APPROVES} | values
    return declared("RequestForm", key, RequestFormSpec.of(**given), pinned=pinned)


def agreement(key: str, **values: Any) -> Resource:
    given = {"name": key.title(), "body": "Be careful."} | values
    return declared("DataUseAgreement", key, DataUseAgreementSpec.of(**given))


def domain(key: str, name: str, *, pinned: str = "") -> Resource:
    return declared("Domain", key, DomainSpec.of(name=name), pinned=pinned)


def data_source(key: str, **values: Any) -> Resource:
    return declared("DataSource", key, DataSourceSpec.of(domain=Reference("Sales"), **values))


def live_product(live_id: str, name: str, **values: Any) -> LiveResource:
    given = {
        "name": name,
        "description": None,
        "domain": Reference(SALES.name, "id", SALES.id),
        "subject_matter_expert": None,
        "sources": (),
        "lifecycle": "active",
    }
    spec = DataProductSpec.of(**(given | values))
    return LiveResource("DataProduct", live_id, spec, "2026-01-01", Accesses(0, 0))


def live_form(live_id: str, name: str, **values: Any) -> LiveResource:
    given = {"name": name, "fields": (), "review_flow": APPROVES, "agreements": (), "lifecycle": "active"}
    return LiveResource("RequestForm", live_id, RequestFormSpec.of(**(given | values)))


def live_agreement(live_id: str, name: str, body: str = "Be careful.") -> LiveResource:
    return LiveResource(
        "DataUseAgreement", live_id, DataUseAgreementSpec.of(name=name, body=body, lifecycle="active")
    )


def as_live(resource: Resource, **values: Any) -> LiveResource:
    """The live object of a declared product, named otherwise where the test says so."""
    return live_product(resource.id, **({"name": resource.title} | values))


def at(*sources: Source) -> tuple[SourceReference, ...]:
    """Sources as a live product has them."""
    return tuple(SourceReference("id", one.id, id=one.id) for one in sources)


def table(path: str) -> SourceReference:
    database, schema, name = path.split(".")
    return SourceReference("path", path, SourcePath(database=database, schema=schema, table=name))


def both(form: str) -> RequestForms:
    reference = Reference(form, "key")
    return RequestForms.of(data_access=reference, masking_exception=reference)


def desired(*resources: Resource) -> DesiredState:
    return DesiredState(WORKSPACE, "sandbox", resources)


def live(*resources: LiveResource, catalog: Catalog = CATALOG, gaps: tuple[Gap, ...] = ()) -> LiveState:
    return LiveState(GOVERNOR, resources, catalog, gaps)


def pruning(*resources: Resource, on: LiveState) -> Plan:
    return pruning_plan(resolve(desired(*resources), on), on, TARGET)


def keeping(*resources: Resource, on: LiveState) -> Plan:
    return keeping_plan(resolve(desired(*resources), on), on, TARGET)


def change(key: str, action: Action = Action.UPDATE, *, needs: str = "", follows: str = "") -> Change:
    """A change of a product, waiting for the products with these keys."""
    resource = product(key)
    return Change(
        resource.address,
        resource.id,
        resource.title,
        (action,),
        None if action is Action.CREATE else as_live(resource),
        None if action is Action.DELETE else resource,
        needs=tuple(Address("DataProduct", one) for one in needs.split()),
        follows=tuple(Address("DataProduct", one) for one in follows.split()),
    )


def rules(found: Change) -> list[str]:
    """The rules that block a change."""
    return [finding.rule for finding in found.blocked]


def one_change(plan: Plan) -> Change:
    (only,) = plan.changes
    return only

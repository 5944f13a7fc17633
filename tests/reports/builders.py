"""Small builders of reports, made by hand from the model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from dpsync.kinds.data_product import DataProductSpec
from dpsync.kinds.data_use_agreement import DataUseAgreementSpec
from dpsync.kinds.request_form import ChoiceField, RequestFormSpec, ShortAnswerField
from dpsync.kinds.review_flow import (
    Approve,
    Delegate,
    GroupReviewer,
    PermissionReviewer,
    Review,
    Stage,
    UserReviewer,
)
from dpsync.kinds.shared import RequestForms
from dpsync.model.access import Accesses
from dpsync.model.base import FieldPath, Spec
from dpsync.model.call import Action, Call
from dpsync.model.change import Change, FieldChange, Provenance, SourceChange
from dpsync.model.compare import mismatches
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact, SourceImpact
from dpsync.model.outcome import Outcome, Result
from dpsync.model.part import Part
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address, Reference, SourceReference
from dpsync.model.report import Report
from dpsync.model.resource import LiveResource, Resource

TARGET = Target("acme-data", "w-7f3k2m", "sandbox", "http://127.0.0.1:8765", "acme")


@dataclass(frozen=True)
class Written:
    """Where the fields of a resource stand."""

    file: str
    line: int
    defaults: dict[str, Origin] = field(default_factory=dict)

    def of(self, path: FieldPath) -> Origin:
        default = self.defaults.get(str(path[0])) if path else None
        return default or Origin(self.file, self.line, 1)


def named(text: str) -> Reference:
    return Reference(text, "name", f"id-of-{text}")


def sources(*texts: str, by_match: bool = False) -> tuple[SourceReference, ...]:
    return tuple(
        SourceReference("name", text, id=str(len(text)), by_match=by_match) for text in sorted(texts)
    )


def product(**values: Any) -> DataProductSpec:
    first: dict[str, Any] = {"name": "North American Sales", "domain": named("Sales"), "sources": ()}
    return DataProductSpec.of(**(first | values))


def forms(access: str, masking: str) -> RequestForms:
    return RequestForms.of(data_access=named(access), masking_exception=named(masking))


def updated(
    address: Address,
    before: Spec,
    after: Spec,
    *,
    approved: int | None = None,
    origin: Origin | None = None,
    changed_sources: SourceChange | None = None,
    **rest: Any,
) -> Change:
    origin = origin or Origin(f"products/{address.key}.yaml", 4, 1)
    fields = tuple(
        FieldChange(
            found.dotted, found.before, found.after, found.rule.effects(found.before, found.after), origin
        )
        for found in mismatches(after, before)
        if found.dotted != "sources"
    )
    return Change(
        address,
        f"id-of-{address.key}",
        after.title,
        (Action.UPDATE,) if fields else (Action.REPLACE_SOURCES,),
        LiveResource(address.kind, f"id-of-{address.key}", before, accesses=Accesses(approved)),
        Resource(address, f"id-of-{address.key}", False, after, Written(origin.file, origin.line)),
        fields=fields,
        sources=changed_sources or SourceChange(),
        origin=origin,
        **rest,
    )


def created(address: Address, after: Spec, *, origins: Written | None = None, **rest: Any) -> Change:
    origins = origins or Written(f"products/{address.key}.yaml", 1)
    return Change(
        address,
        f"id-of-{address.key}",
        after.title,
        (Action.CREATE,),
        None,
        Resource(address, f"id-of-{address.key}", False, after, origins),
        sources=SourceChange(tuple(getattr(after, "sources", ()))),
        origin=origins.of(()),
        **rest,
    )


def deleted(address: Address, before: Spec, *, approved: int | None = None, **rest: Any) -> Change:
    return Change(
        address,
        f"id-of-{address.key}",
        before.title,
        (Action.DELETE,),
        LiveResource(address.kind, f"id-of-{address.key}", before, accesses=Accesses(approved)),
        None,
        reason="owned by this workspace and in no manifest",
        **rest,
    )


def report(*changes: Change, **plan: Any) -> Report:
    return Report("plan", "0.1.0", Plan(TARGET, changes, **plan))


SALES = updated(
    Address("DataProduct", "na-sales"),
    product(description="All sales", subject_matter_expert=named("jane.doe@acme.example")),
    product(
        description="All sales records from the current fiscal year",
        subject_matter_expert=None,
        sources=sources("ANALYTICS.SALES.ORDER_ITEMS"),
    ),
    approved=38,
    changed_sources=SourceChange(
        sources("ANALYTICS.SALES.ORDER_ITEMS"), sources("ANALYTICS.SALES.LEGACY_ORDERS"), 12
    ),
    origin=Origin("products/sales/na-sales.yaml", 4, 1),
    wave=2,
    calls=(
        Call(
            Action.UPDATE,
            "PUT",
            "/api/data-product/id-of-na-sales",
            {
                "description": "All sales records from the current fiscal year",
                "metadata": {"subjectMatterExpert": None, "source": "migration"},
            },
        ),
        Call(
            Action.REPLACE_SOURCES,
            "PUT",
            "/api/data-product/id-of-na-sales/datasources",
            {"dataSources": ["27", "31"]},
        ),
    ),
)

CLICKS = created(
    Address("DataProduct", "web-clicks"),
    product(
        name="Web Clicks",
        domain=named("Marketing"),
        description="Every click on the web shop.\nBots are taken out.\nKept for two years.",
        request_forms=forms("standard", "strict"),
        sources=sources(*(f"main.web.clicks_{number:02}" for number in range(1, 25)), by_match=True),
        lifecycle="active",
    ),
    origins=Written(
        "products/web/clicks.yaml",
        1,
        {"requestForms": Origin("products/_shared/domains.yaml", 8, 5, Layer.DEFAULT)},
    ),
    wave=2,
    needs=(Address("RequestForm", "strict"),),
)

STRICT = updated(
    Address("RequestForm", "strict"),
    RequestFormSpec.of(
        name="Strict",
        fields=(
            ChoiceField.of(type="DROPDOWN", label="Purpose", required=True, options=("Research",), id="f1"),
            ShortAnswerField.of(type="SHORT_ANSWER", label="Ticket", required=True, id="f2"),
        ),
        review_flow=Approve.of(decision="approve", comment="ok", duration=30, duration_unit="DAYS"),
        agreements=(named("Terms of 2024"),),
    ),
    RequestFormSpec.of(
        name="Strict",
        fields=(
            ShortAnswerField.of(key="project", type="SHORT_ANSWER", label="Project", required=False, id="f3"),
            ChoiceField.of(
                key="purpose", type="DROPDOWN", label="Purpose", options=("Research", "Fraud"), id="f1"
            ),
        ),
        review_flow=Review.of(
            decision="review",
            stages=(
                Stage.of(
                    any=(
                        UserReviewer.of(user=named("jane.doe@acme.example")),
                        GroupReviewer.of(group=named("stewards")),
                    )
                ),
                Stage.of(all=(PermissionReviewer.of(permission="GOVERNANCE"),)),
            ),
            rules=({"conditions": {"all": []}, "event": {"type": "approve"}},),
        ),
        agreements=(named("Terms of 2025"),),
    ),
    origin=Origin("forms/strict.yaml", 1, 1),
    wave=1,
)

TERMS = updated(
    Address("DataUseAgreement", "terms"),
    DataUseAgreementSpec.of(name="Terms", body="One.\nUse it for research only.\nThree.\nFour.\n"),
    DataUseAgreementSpec.of(name="Terms", body="One.\nUse it for research and fraud.\nThree.\nFour.\n"),
    origin=Origin("agreements/terms.yaml", 1, 1),
)

RENAME = updated(
    Address("DataProduct", "returns"), product(name="Returns"), product(name="Returned Goods"), approved=4
)
SUSPENSION = updated(
    Address("DataProduct", "payroll"),
    product(name="Payroll", lifecycle="active"),
    product(name="Payroll", lifecycle="suspended"),
    approved=1,
)
MOVE = updated(
    Address("DataProduct", "stores"),
    product(name="Stores", domain=named("Sales")),
    product(name="Stores", domain=named("Retail")),
)
OLD = deleted(Address("DataProduct", "old-thing"), product(name="Old Thing"), approved=0, needs=(), wave=3)
BLOCKED = deleted(
    Address("DataProduct", "customers"),
    product(name="Customers"),
    approved=212,
    blocked=(
        Finding(
            "delete-with-members",
            Severity.ERROR,
            "212 approved accesses would end with Customers.",
            "Set `lifecycle: suspended` first and delete it once nobody asks for it any more.",
            address=Address("DataProduct", "customers"),
        ),
    ),
    wave=3,
)
OLD_FORM = deleted(
    Address("RequestForm", "old-form"),
    RequestFormSpec.of(name="Old Form", fields=(), review_flow=Delegate.of(decision="delegate")),
    wave=4,
)

WARNING = Finding(
    "no-request-form",
    Severity.WARNING,
    "The product names no request form, so dpsync does not manage it.",
    "Add `requestForm:` here, or to the defaults of its Domain.",
    Origin("products/stores.yaml", 3, 5),
)
ABOUT_SALES = Finding(
    "source-removed",
    Severity.WARNING,
    "38 approved accesses lose ANALYTICS.SALES.LEGACY_ORDERS.",
    "Tell the consumers before you merge.",
    Origin("products/sales/na-sales.yaml", 9, 5),
    SALES.address,
)

KEPT = (
    LiveResource("DataProduct", "5f0c3a52-0000-8000-8000-000000000001", product(name="Pilot")),
    LiveResource(
        "DataUseAgreement",
        "5f0c3a52-0000-8000-8000-000000000002",
        DataUseAgreementSpec.of(name="Draft", body="x"),
    ),
)

NAMES = {
    **{f"u{number}": f"Person {number}" for number in range(1, 13)},
    "u1": "Jane Doe",
    "u2": "Zoë Ångström",
    "u3": "abel Adams",
}


def users(first: int, last: int) -> frozenset[str]:
    return frozenset(f"u{number}" for number in range(first, last + 1))


def touched(source: str, who: frozenset[str] | None = frozenset(), **rest: Any) -> SourceImpact:
    return SourceImpact(sources(source)[0], who, **rest)


WEIGHED_SALES = replace(
    SALES,
    impact=Impact(
        gained=(
            touched(
                "ANALYTICS.SALES.ORDER_ITEMS",
                users(1, 12),
                tags=("Discovered.PII.Email", "Discovered.PII.Phone", "Owner.HR"),
                column_tags=("Discovered.PII.Email", "Discovered.PII.Phone"),
                columns=("EMAIL", "PHONE"),
            ),
        ),
        lost=(
            touched(
                "ANALYTICS.SALES.LEGACY_ORDERS", users(1, 9), keepers=users(10, 12), through=("EU Sales",)
            ),
        ),
        members=users(1, 12),
        exceptions=1,
        pending=2,
        names=NAMES,
    ),
    provenance=Provenance.DECLARED,
)
WEIGHED_CLICKS = replace(
    CLICKS,
    impact=Impact(
        gained=tuple(
            touched(
                f"main.web.clicks_{number:02}",
                is_new=number > 2,
                tags=None if number == 24 else ("Discovered.PII.IP",) if number < 3 else (),
                column_tags=("Discovered.PII.IP",) if number < 3 else (),
            )
            for number in range(1, 25)
        )
    ),
    provenance=Provenance.DECLARED,
)
WEIGHED_STRICT = replace(STRICT, impact=Impact(products=14, pending=3), provenance=Provenance.DECLARED)
WEIGHED_TERMS = replace(TERMS, impact=Impact(products=None, pending=None), provenance=Provenance.LEFT_OVER)
WEIGHED_RENAME = replace(RENAME, impact=Impact(), provenance=Provenance.DECLARED)
WEIGHED_SUSPENSION = replace(
    SUSPENSION,
    impact=Impact(
        lost=tuple(touched(f"HR.PAY.TABLE_{number}", users(12, 12)) for number in range(1, 7)),
        members=users(12, 12),
        exceptions=None,
        everywhere=True,
    ),
    provenance=Provenance.DRIFTED,
)
WEIGHED_MOVE = replace(
    MOVE,
    impact=Impact(
        members=users(11, 14),
        uncertain="whether members keep access when a product moves to another domain is not known",
    ),
    provenance=Provenance.DECLARED,
)
WEIGHED_OLD = replace(
    OLD,
    impact=Impact(
        lost=(
            touched("A.B.ORDERS", keepers=users(1, 12), through=("EU Sales", "US Sales")),
            touched("A.B.ITEMS", keepers=users(1, 12), through=("EU Sales", "US Sales")),
            touched("A.B.CLICKS", None),
        ),
        members=users(1, 12),
        ended=12,
        exceptions=2,
        pending=3,
    ),
    provenance=Provenance.DECLARED,
)
WEIGHED_OLD_FORM = replace(OLD_FORM, impact=Impact(), provenance=Provenance.DECLARED)
WEIGHED_BLOCKED = replace(
    BLOCKED,
    impact=Impact(
        lost=(touched("A.B.CUSTOMERS", None),), members=None, ended=212, exceptions=None, pending=None
    ),
    provenance=Provenance.DECLARED,
)
BY_MATCH = updated(
    Address("DataProduct", "events"),
    product(name="Events"),
    product(name="Events"),
    changed_sources=SourceChange(sources("main.web.events", by_match=True), (), 3),
    impact=Impact(
        gained=(touched("main.web.events", None, tags=("Discovered.PII.Email",)),), members=None, pending=None
    ),
    provenance=Provenance.BY_MATCH,
)
NOT_REVIEWED = updated(
    Address("DataProduct", "hotels"),
    product(name="Hotels", lifecycle="suspended"),
    product(name="Hotels", lifecycle="active"),
    impact=Impact(gained=(touched("A.B.HOTELS", users(1, 4)),), members=users(1, 4)),
)

UNMANAGED = (
    LiveResource(
        "RequestForm",
        "form-2",
        RequestFormSpec.of(name="By Hand", fields=(), review_flow=Delegate.of(decision="delegate")),
    ),
    LiveResource(
        "DataProduct", "p2", product(name="zebra", domain=named("Retail")), "2026-11-20T14:03:59.1Z"
    ),
    LiveResource("DataProduct", "p1", product(name="Aardvark")),
)

EVERYTHING = replace(
    report(
        WEIGHED_TERMS,
        WEIGHED_STRICT,
        WEIGHED_SALES,
        WEIGHED_CLICKS,
        BY_MATCH,
        WEIGHED_RENAME,
        WEIGHED_SUSPENSION,
        WEIGHED_MOVE,
        WEIGHED_OLD,
        WEIGHED_OLD_FORM,
        WEIGHED_BLOCKED,
        findings=(WARNING, ABOUT_SALES),
        kept=KEPT,
        owned=31,
        unchanged=22,
        unmanaged={"DataProduct": 2, "RequestForm": 1},
    ),
    unmanaged=UNMANAGED,
    unreviewed=(NOT_REVIEWED,),
    owners={
        WEIGHED_SALES.address: ("sales-eng",),
        WEIGHED_MOVE.address: ("sales-eng", "retail"),
        WEIGHED_BLOCKED.address: ("sales-eng",),
    },
)
NOT_WEIGHED = report(
    STRICT,
    SALES,
    CLICKS,
    RENAME,
    SUSPENSION,
    MOVE,
    OLD,
    OLD_FORM,
    BLOCKED,
    findings=(WARNING, ABOUT_SALES),
    owned=31,
    unchanged=22,
    unmanaged={"DataProduct": 12, "RequestForm": 3},
)


def seen(change: Change, revision: str) -> Change:
    assert change.before is not None
    return replace(change, before=replace(change.before, revision=revision), reason="")


DRIFT = Report(
    "drift",
    "0.1.0",
    Plan(
        TARGET,
        (
            seen(RENAME, "2026-11-20T14:03:59.123Z"),
            created(Address("DataProduct", "gone"), product(name="Gone"), reason="not live"),
            seen(OLD, "2026-11-19T01:00:00+02:00"),
            seen(TERMS, "yesterday"),
        ),
    ),
)
PARTIAL = report(
    replace(SALES, impact=replace(SALES.impact, everywhere=False, nearby=True) if SALES.impact else None),
    RENAME,
    owned=None,
    unchanged=1,
    unmanaged=None,
    part=Part(
        since="origin/main",
        commit="4f" * 20,
        targets=("DataProduct/*_[a-z]`*`",),
        excludes=("old-*",),
        selectors=("team in (sales, ops)",),
        covered=(SALES.address, RENAME.address, Address("DataProduct", "same")),
        gone=(Address("DataProduct", "5589b702-24d5-8c43-ad42-947049fdc05b"),),
        declared=1000,
    ),
)
OFFLINE = replace(
    report(
        replace(
            SALES, before=LiveResource("DataProduct", SALES.id, product(description="All sales")), calls=()
        ),
        created(
            Address("DataProduct", "invoices"),
            product(name="Invoices", sources=sources("ANALYTICS.FIN.INVOICES")),
        ),
        replace(
            deleted(
                Address("DataProduct", "returns"), product(name="Returns", sources=sources("SALES.RETURNS"))
            ),
            reason="in no manifest any more",
        ),
        findings=(WARNING,),
        owned=None,
        unchanged=4,
        unmanaged=None,
    ),
    offline="origin/main (9a42271f67ef)",
)
NOTHING_CHANGED = report(owned=None, unmanaged=None, part=Part(since="main", commit="4f" * 20, declared=57))
NOTHING = report(owned=31, unchanged=31, unmanaged={"DataProduct": 1})
ONLY_BLOCKED = report(BLOCKED)
INCOMPLETE = report(
    RENAME,
    complete=False,
    findings=(
        Finding(
            "not-read",
            Severity.ERROR,
            "The data sources of the domain Sales could not be read: 503 after 5 tries.",
            "Run the plan again.",
        ),
    ),
)
APPLIED = Report(
    "apply",
    "0.1.0",
    Plan(TARGET, (SALES, RENAME, OLD)),
    (
        Outcome(SALES, Result.DONE, calls=2),
        Outcome(RENAME, Result.ALREADY),
        Outcome(OLD, Result.DONE, calls=1),
    ),
)
HALF_APPLIED = Report(
    "apply",
    "0.1.0",
    Plan(TARGET, (STRICT, SALES, CLICKS, RENAME, SUSPENSION, BLOCKED)),
    (
        Outcome(SALES, Result.DONE, calls=2),
        Outcome(
            STRICT,
            Result.FAILED,
            "The marketplace refused it: 409 Request form name in use.",
            "Choose another `name` in forms/strict.yaml.",
            1,
        ),
        Outcome(CLICKS, Result.SKIPPED, "RequestForm/strict failed."),
        Outcome(RENAME, Result.STALE, "Its name was changed since the plan was made.", "Plan again."),
    ),
    interrupted=True,
)
VALID = Report("validate", "0.1.0", declared={"RequestForm": 1, "DataProduct": 27})
INVALID = Report(
    "validate",
    "0.1.0",
    findings=(
        WARNING,
        Finding(
            "unknown-field",
            Severity.ERROR,
            "'descripton' is not a field of DataProduct.",
            "Did you mean `description`?",
            Origin("products/sales/na-sales.yaml", 7, 3),
        ),
    ),
)

REPORTS = {
    "everything": EVERYTHING,
    "not-weighed": NOT_WEIGHED,
    "drift": DRIFT,
    "nothing": NOTHING,
    "offline": OFFLINE,
    "part": PARTIAL,
    "nothing-changed": NOTHING_CHANGED,
    "only-blocked": ONLY_BLOCKED,
    "incomplete": INCOMPLETE,
    "applied": APPLIED,
    "half-applied": HALF_APPLIED,
    "valid": VALID,
    "invalid": INVALID,
}


# The same twelve plans for every format: some of the above, and these.

PAGES = {
    "source-removal": "source-removal: Sources do not go while many lose them.\n\nWhy: nobody was asked.\n\nDo this: ask.",
    "delete-with-members": "delete-with-members: A product with members stays.\n\nSuspend it first.",
}

REPLACED = updated(
    Address("DataProduct", "campaigns"),
    product(name="Campaigns"),
    product(name="Campaigns"),
    changed_sources=SourceChange(sources("MKT.ADS.CLICKS_V2", "MKT.ADS.VIEWS"), sources("MKT.ADS.CLICKS"), 3),
    impact=Impact(
        gained=(touched("MKT.ADS.CLICKS_V2", users(1, 4)), touched("MKT.ADS.VIEWS", users(1, 4))),
        lost=(touched("MKT.ADS.CLICKS", users(1, 2), keepers=users(3, 4), through=("Ads",)),),
        members=users(1, 4),
    ),
    provenance=Provenance.DECLARED,
)


def thousand() -> Report:
    """A plan of a thousand changes, of every action and class, in twenty domains."""
    changes = []
    for number in range(1000):
        address = Address("DataProduct", f"product-{number:04}")
        spec = product(
            name=f"Product {number}",
            domain=named(f"Domain {number % 20:02}"),
            description=f"What product {number} is about.",
            sources=sources(f"A.B.TABLE_{number:04}"),
        )
        lost = Impact(
            lost=(touched(f"A.B.TABLE_{number:04}", users(1, 1 + number % 12)),), members=users(1, 12)
        )
        match number % 4:
            case 0:
                changes.append(created(address, spec, impact=Impact()))
            case 1:
                changes.append(updated(address, replaced_title(spec), spec, impact=Impact()))
            case 2:
                other = SourceChange((), sources(f"A.B.TABLE_{number:04}"), 2)
                changes.append(updated(address, spec, spec, changed_sources=other, impact=lost))
            case _:
                changes.append(deleted(address, spec, impact=lost))
    return report(*changes, owned=1200, unchanged=200)


def replaced_title(spec: DataProductSpec) -> DataProductSpec:
    return product(
        name=f"{spec.name} (old)", domain=spec.domain, description=spec.description, sources=spec.sources
    )


REPORTS |= {
    "created": report(WEIGHED_CLICKS, unchanged=3, owned=4),
    "updated": report(WEIGHED_STRICT, unchanged=3, owned=4),
    "sources": report(REPLACED, unchanged=3, owned=4),
    "deleted": report(WEIGHED_OLD, unchanged=3, owned=4),
    "partial": replace(report(WEIGHED_RENAME, unchanged=3, owned=4), others=14),
    "stale": Report(
        "apply",
        "0.1.0",
        Plan(TARGET, (REPLACED, RENAME)),
        (
            Outcome(
                REPLACED, Result.STALE, "Its sources were changed since the plan was made.", "Plan again."
            ),
            Outcome(RENAME, Result.DONE, calls=1),
        ),
    ),
}

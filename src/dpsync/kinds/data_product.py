"""DataProduct: sources of one domain that consumers request as one unit, behind request forms (FACTS 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from dpsync.kinds.review_flow import DEFAULT_FLOW, ProductReviewFlow
from dpsync.kinds.shared import NAME_SCHEMA, SHORT_FOR_BOTH, V1, RequestForms, both, name_notes
from dpsync.kinds.sources import SourceEntry
from dpsync.model.base import Note, Spec, SpecOf, Surroundings
from dpsync.model.fields import Clearable, Effect, Refers, ReplacedWhole, Touches, Unordered, always
from dpsync.model.finding import Severity
from dpsync.model.kind import Kind
from dpsync.model.reference import Reference

_REQUEST_TYPES = ("data_access", "masking_exception")
_FLOW = {"decision": "review", "stages": [{"any": [{"group": "Data Stewards"}]}]}
"""A review flow to show where one is written."""


def _lifecycle_effects(before: Any, after: Any) -> frozenset[Effect]:
    if after == "suspended":
        return frozenset({Effect.REMOVES_ACCESS})
    return frozenset({Effect.GRANTS_ACCESS}) if before == "suspended" else frozenset()


class ReviewFlows(Spec):
    """The product's own review flow of each request type; null is the documented default flow."""

    data_access: Annotated[
        ProductReviewFlow | None,
        Field(description="Who decides about access.", examples=[_FLOW]),
        Clearable(),
        always(Effect.REVIEW),
    ] = None
    masking_exception: Annotated[
        ProductReviewFlow | None,
        Field(description="Who decides about masking exceptions.", examples=[_FLOW]),
        Clearable(),
        always(Effect.REVIEW),
    ] = None


class DataProductSpec(Spec):
    """What a data product is called, what is in it, and how one gets access."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"required": ["requestForm", "requestForms"]},
            "if": {
                "properties": {"lifecycle": {"enum": ["retired", "released"]}},
                "required": ["lifecycle"],
            },
            "else": {"properties": {"name": NAME_SCHEMA, "sources": {"uniqueItems": True}}},
        }
    )

    gives_access = True
    shorthands = SHORT_FOR_BOTH

    name: Annotated[
        str,
        Field(
            min_length=1,
            description="Display name. Changing it is an update in place.",
            examples=["North American Sales"],
        ),
        always(Effect.RENAME),
    ]
    description: Annotated[
        str | None,
        Field(
            description="What consumers read. `null` clears it.",
            examples=["All sales records of the current fiscal year."],
        ),
        Clearable(),
    ] = None
    domain: Annotated[
        Reference,
        Field(description="The domain of its sources, by key, name or id.", examples=["sales"]),
        Refers("Domain", inherits=True),
        always(Effect.REMOVES_ACCESS),
    ]
    subject_matter_expert: Annotated[
        Reference | None,
        Field(
            description="Whom consumers can ask, by e-mail or username. `null` clears it.",
            examples=["jane.doe@acme.example"],
        ),
        Refers("User"),
        Clearable(),
    ] = None
    sources: Annotated[
        tuple[SourceEntry, ...],
        Field(
            description="The data sources. `[]` means none.",
            examples=[
                [
                    "orders",
                    {"table": "ANALYTICS.SALES.RETURNS"},
                    {"match": {"database": "ANALYTICS", "schema": "SALES", "table": "FACT_*"}},
                ]
            ],
        ),
        Unordered(),
        ReplacedWhole(),
    ]
    request_form: Annotated[
        Reference | None,
        Field(description="Short for both `requestForms`.", examples=["standard"]),
        Refers("RequestForm"),
    ] = None
    request_forms: Annotated[
        RequestForms | None,
        Field(
            description="The form of each request type, by key or, made by hand, by name.",
            examples=[{"dataAccess": "standard", "maskingException": "strict"}],
        ),
    ] = None
    review_flows: Annotated[
        ReviewFlows | None,
        Field(
            description="The product's own review flows; active only where the form delegates.",
            examples=[{"dataAccess": _FLOW}],
        ),
    ] = None
    lifecycle: Annotated[
        Literal["active", "suspended", "retired", "released"] | None,
        Field(
            description=(
                "`suspended` takes access away until `active` gives it back; `retired` deletes the live product; "
                "`released` ends its management."
            ),
            examples=["active"],
        ),
        Touches(_lifecycle_effects),
    ] = None

    @field_validator("request_forms")
    @classmethod
    def _one_way_to_name_forms(cls, value: RequestForms | None, given: ValidationInfo) -> RequestForms | None:
        if value is not None and given.data.get("request_form") is not None:
            raise ValueError("`requestForm` is there already, and it is short for both; write one of the two")
        return value

    def normalised(self) -> DataProductSpec:
        if self.request_form is None:
            return self
        return self.without("request_form").with_values(request_forms=both(self.request_form))

    def notes(self, vintage: str) -> Iterator[Note]:
        yield from name_notes(self.name, vintage)
        forms = self.request_forms
        if forms is None:
            severity = Severity.ERROR if vintage == V1 else Severity.WARNING
            yield Note(
                "no-request-form",
                severity,
                "The product names no request form"
                + ("; the v1 API requires one." if vintage == V1 else ", so dpsync does not manage it."),
                "Add `requestForm:` here, or to the defaults of its Domain.",
            )
        elif vintage == V1 and forms.data_access != forms.masking_exception:
            yield Note(
                "one-form-in-v1",
                Severity.ERROR,
                f"The v1 API knows one form per product, not {forms.data_access} and {forms.masking_exception}.",
                "Use the same form for both request types, or `vintage: v2` in dpsync.yaml.",
                ("requestForms",),
            )
        seen: dict[object, int] = {}
        for index, entry in enumerate(self.sources):
            if entry.identity in seen:
                yield Note(
                    "duplicate-source",
                    Severity.ERROR,
                    f"The source {entry} is listed twice.",
                    "Remove one of the two lines.",
                    ("sources", index),
                )
            seen[entry.identity] = index

    def undecided(self, spec_of: SpecOf) -> tuple[str, ...]:
        left = [] if self.manages("lifecycle") else ["lifecycle"]
        for request_type in _REQUEST_TYPES if self.request_forms is not None else ():
            form = spec_of("RequestForm", getattr(self.request_forms, request_type))
            delegates = getattr(getattr(form, "review_flow", None), "delegates", False)
            if delegates and (self.review_flows is None or not self.review_flows.manages(request_type)):
                left.append(f"reviewFlows.{_camel(request_type)}")
        return tuple(left)

    @property
    def looks_at_live(self) -> bool:
        """Whether it has a review flow for a form that it leaves to the marketplace."""
        flows, forms = self.review_flows, self.request_forms
        return flows is not None and any(
            flows.manages(one) and (forms is None or not forms.manages(one)) for one in _REQUEST_TYPES
        )

    def settled(self, around: Surroundings) -> tuple[DataProductSpec, tuple[Note, ...]]:
        """Leave out review flows that cannot become active, and write out the default flow where null asks for it.

        Nothing is said about those that are left out here: that is the guardrail inactive-review-flow.
        """
        if self.review_flows is None:
            return (self.without("review_flows") if self.manages("review_flows") else self), ()
        forms = self.request_forms or (
            around.live.request_forms if isinstance(around.live, DataProductSpec) else None
        )
        kept: dict[str, Any] = {}
        for request_type in _REQUEST_TYPES:
            if not self.review_flows.manages(request_type):
                continue
            form = getattr(forms, request_type, None)
            spec = around.spec_of("RequestForm", form) if form is not None else None
            flow = getattr(spec, "review_flow", None)
            if flow is not None and not flow.delegates:
                continue
            kept[request_type] = getattr(self.review_flows, request_type) or DEFAULT_FLOW
        if not kept:
            return self.without("review_flows"), ()
        return self.with_values(review_flows=ReviewFlows.of(**kept)), ()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


DATA_PRODUCT = Kind(
    name="DataProduct",
    plural="data products",
    noun="data product",
    rank=2,
    written=True,
    spec=DataProductSpec,
    lifecycles=("active", "suspended", "retired", "released"),
    cuids=True,
)

"""Bodies of requests: what clients may send, and the message that names the field when they may not.

A room of its own because the two vintages of the API differ here and almost nowhere else (FACTS 1.8, 1.9): each has
its own model of a product, and both say the same about themselves: `row` is what a body changes in the table, by
column. Unknown fields are tolerated and dropped, except where the published schemas forbid them. Models are strict:
a number is not a text. Must never look at the store.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from dpsync.sandbox import answers
from dpsync.sandbox.store import dump

_UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_PUNCTUATION: Final = frozenset(")(-_/\\")
_SPACES: Final = frozenset(
    "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
)


def _ascii_name(name: str) -> str:
    return _name(name, lambda sign: sign.isascii() and sign.isalnum())


def _unicode_name(name: str) -> str:
    return _name(name, lambda sign: unicodedata.category(sign)[0] in "LMN")


def _name(name: str, allowed: Callable[[str], bool]) -> str:
    wrong = sorted({sign for sign in name if not (sign in _PUNCTUATION or sign in _SPACES or allowed(sign))})
    if wrong:
        raise ValueError("these characters are not allowed: " + " ".join(wrong))
    return name


Uuid = Annotated[str, StringConstraints(pattern=f"^{_UUID}$")]
AnyId = Annotated[str, StringConstraints(pattern=rf"^(?:[cC][^\s-]{{8,}}|{_UUID})$")]
NameV1 = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_ascii_name)]
NameV2 = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_unicode_name)]


class Body(BaseModel):
    """A body, or a part of one: strict about types, patient with unknown fields."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, alias_generator=to_camel)

    @property
    def kept(self) -> dict[str, Any]:
        """The body as the server keeps it: what was sent, less the fields that nobody knows."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def given(self, **columns: Any) -> dict[str, Any]:
        """Those of `columns` (field name -> value) whose field was in the body."""
        return {name: value for name, value in columns.items() if name in self.model_fields_set}


Model = TypeVar("Model", bound=Body)


def parse(model: type[Model], body: Any) -> Model:
    """The body as a model. Raises a refusal with one message per mistake, each naming its field."""
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        messages = [
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
            for each in problem.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise answers.invalid(messages) from None


# -- review flows (FACTS 2.4) ----------------------------------------------------------------------------------------


class ApproveParams(Body):
    """What an approval says; the only parameters that tolerate nothing else."""

    model_config = ConfigDict(extra="forbid")
    comment: str = ""
    duration: int | float = Field(default=1, ge=1)
    duration_unit: Literal["HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"] = "DAYS"


class Approve(Body):
    """The event that approves at once."""

    type: Literal["approve"]
    params: ApproveParams


class DenyParams(Body):
    """What a denial says."""

    comment: str = ""


class Deny(Body):
    """The event that denies at once; on products only in rules."""

    type: Literal["deny"]
    params: DenyParams


class UserReviewer(Body):
    """A person, by the global user id."""

    type: Literal["USER"]
    id: str
    display_name: str = ""


class GroupReviewer(Body):
    """A group, by name."""

    type: Literal["GROUP"]
    name: str
    id: int | float = 0
    iam_id: str = ""


class PermissionReviewer(Body):
    """Everybody with a global permission."""

    type: Literal["PERMISSION"]
    permission: Literal["GOVERNANCE", "USER_ADMIN", "AUDIT"]


class DomainReviewer(Body):
    """Everybody with a permission in a domain, or in the product's own."""

    type: Literal["DOMAIN PERMISSION"]
    permission: Literal["Manage Policies", "Audit Activity", "Manage Data Products", "Manage Identifiers"]
    domain_id: str = ""


class AttributeReviewer(Body):
    """Everybody with an attribute."""

    type: Literal["ATTRIBUTE"]
    key: str
    value: str


class CatalogReviewer(Body):
    """Everybody whom the catalog permits."""

    type: Literal["CATALOG PERMISSION"]


Reviewer = Annotated[
    UserReviewer | GroupReviewer | PermissionReviewer | DomainReviewer | AttributeReviewer | CatalogReviewer,
    Field(discriminator="type"),
]
Reviewers = Annotated[list[Reviewer], Field(min_length=1)]


class _OneOf(Body):
    """A part of which exactly one field must be given."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("exactly one of " + ", ".join(sorted(type(self).model_fields)) + " is needed")
        return self


class Stage(_OneOf):
    """The reviewers of one stage: all of them, or any."""

    all: Reviewers = []
    any: Reviewers = []


class ReviewParams(Body):
    """The stages of a review, in order."""

    stages: list[Stage]


class Review(Body):
    """The event that asks people."""

    type: Literal["review"]
    params: ReviewParams


class Delegate(Body):
    """The event that leaves the decision to the product's flow."""

    type: Literal["dataProductPolicy"]


class Conditions(_OneOf):
    """The root of a rule's conditions; what is inside is not published."""

    model_config = ConfigDict(extra="forbid")
    all: list[Any] = []
    any: list[Any] = []
    not_: Any = Field(default=None, alias="not")


Event = Annotated[Approve | Deny | Review | Delegate, Field(discriminator="type")]


class Rule(Body):
    """Conditions and the event that follows from them."""

    conditions: Conditions
    event: Event


class ProductFlow(Body):
    """The flow of a product: its default approves or asks, and nothing else."""

    version: str = ""
    rules: list[Rule]
    default_event: Annotated[Approve | Review, Field(discriminator="type")]


class FormFlow(Body):
    """The flow of a form: its default may be any event."""

    version: str = ""
    rules: list[Rule]
    default_event: Event


_APPROVES: Final = {"rules": [], "defaultEvent": {"type": "approve", "params": {}}}
_NO_FLOW: Final = ProductFlow.model_validate(_APPROVES)
_NO_FORM_FLOW: Final = FormFlow.model_validate(_APPROVES)


# -- products (FACTS 1.8, 1.9, 2.1) ----------------------------------------------------------------------------------


class Expert(Body):
    """The person whom consumers can ask, by global user id."""

    id: Uuid
    username: str = ""
    name: str = ""


class Metadata(Body):
    """What a product says about itself."""

    subject_matter_expert: Expert


class SourceId(Body):
    """A data source; the id is a text here (FACTS 0.11)."""

    source_id: str


class Sources(Body):
    """The sources of a product, in full."""

    data_sources: list[SourceId]


Domains = Annotated[list[str], Field(min_length=1)]


class ProductFields(Body):
    """What both vintages let clients change. Everything may be left out; only two fields may be null."""

    description: str | None = None
    metadata: Metadata | None = None
    domains: Domains = []
    id: Uuid = ""
    suspended: bool = False

    forms: ClassVar[dict[str, tuple[str, ...]]]
    """Field -> the columns of forms that it sets."""
    flows: ClassVar[dict[str, str]]
    """Field -> the column of a flow that it sets."""
    replaced: ClassVar[dict[str, Any]]
    """What a server that replaces puts into the columns that a body leaves out."""

    @property
    def row(self) -> dict[str, Any]:
        """What the body changes in the table of products, by column."""
        name = getattr(self, "name")  # noqa: B009
        expert = self.metadata.subject_matter_expert.id if self.metadata else None
        row = self.given(name=name, description=self.description, suspended=int(self.suspended))
        if "name" in row:
            row["name_key"] = name.strip()
        if "metadata" in self.model_fields_set:
            row["expert"] = expert
        for field, columns in self.forms.items():
            row |= dict.fromkeys(columns, getattr(self, field)) if field in self.model_fields_set else {}
        for field, column in self.flows.items():
            row |= {column: dump(getattr(self, field).kept)} if field in self.model_fields_set else {}
        return row


class UpdateProductV1(ProductFields):
    """The body of an update in the older vintage: one form for both types of request."""

    name: NameV1 = ""
    request_form_id: AnyId = ""
    data_access_policy: ProductFlow = _NO_FLOW
    masking_exception_policy: ProductFlow = _NO_FLOW

    forms = {"request_form_id": ("access_form", "masking_form")}
    flows = {"data_access_policy": "access_flow", "masking_exception_policy": "masking_flow"}
    replaced = {
        "description": None,
        "expert": None,
        "suspended": 0,
        "access_flow": None,
        "masking_flow": None,
    }


class CreateProductV1(UpdateProductV1):
    """The body of a create in the older vintage: a form is required."""

    name: NameV1
    metadata: Metadata | None
    domains: Domains
    data_sources: list[SourceId]
    request_form_id: AnyId


class UpdateProductV2(ProductFields):
    """The body of an update in the newer vintage: a pair of forms, and the old names beside the new ones."""

    name: NameV2 = ""
    request_form_id: AnyId = ""
    data_access_request_form_id: AnyId = ""
    masking_exception_request_form_id: AnyId = ""
    data_access_policy: ProductFlow = _NO_FLOW
    masking_exception_policy: ProductFlow = _NO_FLOW
    data_access_review_flow: ProductFlow = _NO_FLOW
    masking_exception_review_flow: ProductFlow = _NO_FLOW

    forms = {
        "request_form_id": ("access_form", "masking_form"),
        "data_access_request_form_id": ("access_form",),
        "masking_exception_request_form_id": ("masking_form",),
    }
    flows = {
        "data_access_policy": "access_flow",
        "masking_exception_policy": "masking_flow",
        "data_access_review_flow": "access_flow",
        "masking_exception_review_flow": "masking_flow",
    }
    replaced = {**UpdateProductV1.replaced, "access_form": None, "masking_form": None}

    @model_validator(mode="after")
    def _one_style(self) -> Self:
        contradictions = (
            ("request_form_id", "data_access_request_form_id"),
            ("request_form_id", "masking_exception_request_form_id"),
            ("data_access_policy", "data_access_review_flow"),
            ("masking_exception_policy", "masking_exception_review_flow"),
        )
        for old, new in contradictions:
            if {old, new} <= self.model_fields_set:
                raise ValueError(
                    f"{to_camel(old)} and {to_camel(new)} contradict each other; send one of them"
                )
        return self


class CreateProductV2(UpdateProductV2):
    """The body of a create in the newer vintage."""

    name: NameV2
    metadata: Metadata | None
    domains: Domains
    data_sources: list[SourceId]


# -- forms and agreements (FACTS 2.3, 2.5) ---------------------------------------------------------------------------


class Option(Body):
    """One choice of a field."""

    value: str


class ChoiceField(Body):
    """A question with given answers."""

    id: Uuid
    type: Literal["DROPDOWN", "CHECKBOXES"]
    label: str
    required: bool = True
    options: list[Option]


class TextField(Body):
    """A question that is answered in words."""

    id: Uuid
    type: Literal["SHORT_ANSWER"]
    label: str
    required: bool = True


class DurationField(Body):
    """The question for how long; its words are fixed."""

    id: Uuid
    type: Literal["ACCESS_DURATION"]
    label: Literal["How long do you need access to this data?"]
    required: Literal[True]


FormField = Annotated[ChoiceField | TextField | DurationField, Field(discriminator="type")]


class UpdateForm(Body):
    """The body of an update of a form."""

    name: str = ""
    fields_: list[FormField] = Field(default=[], alias="fields")
    policy: FormFlow = _NO_FORM_FLOW
    id: Uuid = ""
    data_use_agreement_ids: list[Uuid] = []

    @property
    def row(self) -> dict[str, Any]:
        """What the body changes in the table of forms, by column; agreements are in a table of their own."""
        row: dict[str, Any] = {}
        if "name" in self.model_fields_set:
            row |= {"name": self.name, "name_key": self.name.strip()}
        if "fields_" in self.model_fields_set:
            row["fields"] = dump([{"required": True, **each.kept} for each in self.fields_])
        if "policy" in self.model_fields_set:
            row["policy"] = dump(self.policy.kept)
        return row


class CreateForm(UpdateForm):
    """The body of a create of a form."""

    name: str
    fields_: list[FormField] = Field(alias="fields")
    policy: FormFlow


class UpdateAgreement(Body):
    """The body of an update of a data use agreement."""

    name: str = ""
    body: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """What the body changes in the table of agreements, by column."""
        row = self.given(name=self.name, body=self.body)
        return row | ({"name_key": self.name.strip()} if "name" in row else {})


class CreateAgreement(UpdateAgreement):
    """The body of a create of a data use agreement."""

    name: str
    body: str
    id: Uuid = ""


# -- requests and searches (FACTS 1.9, 2.6) --------------------------------------------------------------------------


class AccessRequest(Body):
    """The body of a request for access; what `form` has to say depends on the form (see `filling`)."""

    user: Uuid
    form: Any = None


class RequestedColumn(Body):
    """A column of a source."""

    column_name: str
    source_id: str


class MaskingRequest(AccessRequest):
    """The body of a request to see masked columns."""

    columns: list[RequestedColumn]


class Decision(Body):
    """The body of a decision about an approval record; it tolerates nothing else (FACTS 2.6)."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["APPROVED", "BLOCKED", "CANCELED", "DENIED", "PENDING"]
    reason: str = ""
    duration: int | float = Field(default=0, ge=1, le=2**53 - 1)
    duration_unit: Literal["HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"] = "DAYS"

    @property
    def lasting(self) -> dict[str, Any]:
        """The columns that say for how long; nothing where the body does not."""
        return self.given(duration=self.duration) and {
            "duration": self.duration,
            "duration_unit": self.duration_unit,
        }


TaggedModel = Literal["datasource", "column"]


class TagSearch(Body):
    """The body of the search for applied tags; numbers are integers here (FACTS 0.11)."""

    data_product_id: str = ""
    data_object_id: Uuid = ""
    data_source_ids: list[int] = []
    search_text: str = ""
    fuzzy_search: bool = False
    model_type: TaggedModel | Annotated[list[TaggedModel], Field(min_length=1)] = ["datasource", "column"]
    excluded_hierarchies: list[str] = []
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=10, ge=1)

"""The API's objects as values: one file per group of operations, each with its answers and its request bodies.

A room of its own because these are the API's own words, field by field, for those who call the API through `Client`;
a plan is made of the values of `model/` and `kinds/` and must never be made of these. Answers ignore fields that are
new; bodies refuse fields that are unknown.
"""

from __future__ import annotations

from dpsync.marketplace.models.access_requests import (
    AccessRequest,
    ApprovalRecord,
    ColumnReference,
    Determination,
    MaskedColumn,
    RequestedProduct,
    UpdateApprovalRecord,
)
from dpsync.marketplace.models.agreements import (
    AssociatedRequestForm,
    CreateDataUseAgreement,
    DataUseAgreement,
    UpdateDataUseAgreement,
)
from dpsync.marketplace.models.caller import CurrentUser, DomainPermission, Tenant
from dpsync.marketplace.models.data_products import (
    Column,
    CreateDataProduct,
    DataProduct,
    Expert,
    Masking,
    ProductRequestForm,
    ProductSource,
    Statistics,
    UpdateDataProduct,
)
from dpsync.marketplace.models.metadata import (
    AppliedTag,
    Attribute,
    Domain,
    DomainSource,
    Group,
    Tag,
)
from dpsync.marketplace.models.people import Author, Person
from dpsync.marketplace.models.request_forms import (
    AttachedAgreement,
    CreateRequestForm,
    FieldOption,
    FormField,
    FormFieldBody,
    FormFieldOption,
    LinkedAsset,
    LinkedDataProduct,
    RequestForm,
    UpdateRequestForm,
)
from dpsync.marketplace.models.review import Policy, Reviewer, ReviewEvent, ReviewParameters, Stage

__all__ = [
    "AccessRequest",
    "AppliedTag",
    "ApprovalRecord",
    "AssociatedRequestForm",
    "AttachedAgreement",
    "Attribute",
    "Author",
    "Column",
    "ColumnReference",
    "CreateDataProduct",
    "CreateDataUseAgreement",
    "CreateRequestForm",
    "CurrentUser",
    "DataProduct",
    "DataUseAgreement",
    "Determination",
    "Domain",
    "DomainPermission",
    "DomainSource",
    "Expert",
    "FieldOption",
    "FormField",
    "FormFieldBody",
    "FormFieldOption",
    "Group",
    "LinkedAsset",
    "LinkedDataProduct",
    "MaskedColumn",
    "Masking",
    "Person",
    "Policy",
    "ProductRequestForm",
    "ProductSource",
    "RequestForm",
    "RequestedProduct",
    "ReviewEvent",
    "ReviewParameters",
    "Reviewer",
    "Stage",
    "Statistics",
    "Tag",
    "Tenant",
    "UpdateApprovalRecord",
    "UpdateDataProduct",
    "UpdateDataUseAgreement",
    "UpdateRequestForm",
]

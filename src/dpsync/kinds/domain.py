"""Domain: a live domain given a short key, and defaults for the products in it. Verified, never written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsync.kinds.shared import SHORT_FOR_BOTH, RequestForms, both
from dpsync.model.base import Spec
from dpsync.model.fields import Clearable, Refers
from dpsync.model.kind import Kind
from dpsync.model.reference import Reference


class DomainDefaults(Spec):
    """What products of the domain have where their own manifest does not say."""

    shorthands = SHORT_FOR_BOTH

    subject_matter_expert: Annotated[
        Reference | None,
        Field(description="E-mail or username.", examples=["jane.doe@acme.example"]),
        Refers("User"),
        Clearable(),
    ] = None
    request_form: Annotated[
        Reference | None,
        Field(description="Short for both `requestForms`.", examples=["standard"]),
        Refers("RequestForm"),
    ] = None
    request_forms: Annotated[
        RequestForms | None,
        Field(
            description="The form of each request type.",
            examples=[{"dataAccess": "standard", "maskingException": "strict"}],
        ),
    ] = None

    def normalised(self) -> DomainDefaults:
        if self.request_form is None:
            return self
        return self.without("request_form").with_values(request_forms=both(self.request_form))


class DomainSpec(Spec):
    """Which live domain this is, and what its products have by default."""

    name: Annotated[
        str, Field(min_length=1, description="The domain's name in the marketplace.", examples=["Sales"])
    ]
    defaults: Annotated[
        DomainDefaults | None,
        Field(description="Defaults for the products of the domain.", examples=[{"requestForm": "standard"}]),
    ] = None

    def normalised(self) -> DomainSpec:
        return self.with_values(defaults=self.defaults.normalised()) if self.defaults else self


DOMAIN = Kind(name="Domain", plural="domains", noun="domain", rank=0, written=False, spec=DomainSpec)

"""DataUseAgreement: a text that a consumer acknowledges before asking for access (FACTS 2.5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsync.model.base import Spec
from dpsync.model.fields import Effect, always
from dpsync.model.kind import Kind


class DataUseAgreementSpec(Spec):
    """What a data use agreement says."""

    name: Annotated[
        str,
        Field(min_length=1, description="Display name, unique in the tenant.", examples=["Data Use Terms"]),
        always(Effect.RENAME),
    ]
    body: Annotated[
        str,
        Field(
            min_length=1,
            description="The text. A change does not ask existing members again.",
            examples=["I use this data for the purpose that I state in my request, and for no other.\n"],
        ),
        always(Effect.REVIEW),
    ]
    lifecycle: Annotated[
        Literal["active", "retired", "released"] | None,
        Field(
            description="`retired` deletes the live object; `released` ends its management.",
            examples=["active"],
        ),
    ] = None


DATA_USE_AGREEMENT = Kind(
    name="DataUseAgreement",
    plural="data use agreements",
    noun="data use agreement",
    rank=0,
    written=True,
    spec=DataUseAgreementSpec,
    lifecycles=("active", "retired", "released"),
)

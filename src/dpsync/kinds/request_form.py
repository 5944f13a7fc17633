"""RequestForm: the questions that a consumer answers, and who decides about the request (FACTS 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from dpsync.kinds.review_flow import FormReviewFlow
from dpsync.model.base import Note, Spec, Surroundings
from dpsync.model.fields import Effect, Refers, Unordered, always
from dpsync.model.finding import Severity
from dpsync.model.identity import part_id
from dpsync.model.kind import Kind
from dpsync.model.reference import Reference

_REQUIRED = "Whether it has to be answered."
_FIXED = "Fixed by the marketplace; leave it out."


class _Field(Spec):
    key: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="Names the field in Git.", examples=["purpose"]),
    ] = None
    id: Annotated[
        str | None,
        Field(
            description="The field's live id, only where it is not computed.",
            examples=["6f1f3c1e-5b52-4c6b-9d0e-0d3f5f6f7a10"],
        ),
    ] = None

    @property
    def content(self) -> tuple[object, ...]:
        raise NotImplementedError

    @property
    def signature(self) -> tuple[str, str]:
        """What an existing field is recognised by: its label and its type."""
        return (self.content[1], self.content[0])  # type: ignore[return-value]

    def matches(self, live: Any) -> bool:
        return isinstance(live, _Field) and self.content == live.content and self.id in {None, live.id}

    def __str__(self) -> str:
        return f"{self.content[1]} ({self.content[0]})"


class ChoiceField(_Field):
    """A question with given answers: one of them (DROPDOWN) or several (CHECKBOXES)."""

    type: Annotated[
        Literal["DROPDOWN", "CHECKBOXES"],
        Field(description="`DROPDOWN`: one answer. `CHECKBOXES`: several.", examples=["DROPDOWN"]),
    ]
    label: Annotated[
        str, Field(min_length=1, description="The question.", examples=["Which team is it for?"])
    ]
    required: Annotated[StrictBool, Field(description=_REQUIRED, examples=[False])] = True
    options: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="The answers to choose from, in order; at least one.",
            examples=[["Analytics", "Operations", "Other"]],
        ),
    ]

    @property
    def content(self) -> tuple[object, ...]:
        return (self.type, self.label, self.required, self.options)


class ShortAnswerField(_Field):
    """A question with a free answer."""

    type: Annotated[Literal["SHORT_ANSWER"], Field(description="A free answer.", examples=["SHORT_ANSWER"])]
    label: Annotated[
        str, Field(min_length=1, description="The question.", examples=["What do you need the data for?"])
    ]
    required: Annotated[StrictBool, Field(description=_REQUIRED, examples=[False])] = True

    @property
    def content(self) -> tuple[object, ...]:
        return (self.type, self.label, self.required)


class AccessDurationField(_Field):
    """The question for how long access is needed; its label is fixed and it is always required (FACTS 2.3)."""

    type: Annotated[
        Literal["ACCESS_DURATION"],
        Field(description="For how long access is needed.", examples=["ACCESS_DURATION"]),
    ]
    label: Annotated[
        Literal["How long do you need access to this data?"],
        Field(description=_FIXED, examples=["How long do you need access to this data?"]),
    ] = "How long do you need access to this data?"
    required: Annotated[Literal[True], Field(description=_FIXED, examples=[True])] = True

    @property
    def content(self) -> tuple[object, ...]:
        return (self.type, self.label, self.required)


FormField = Annotated[ChoiceField | ShortAnswerField | AccessDurationField, Field(discriminator="type")]


class RequestFormSpec(Spec):
    """What a request form asks and how requests are decided."""

    name: Annotated[
        str,
        Field(min_length=1, description="Display name, unique in the tenant.", examples=["Steward Review"]),
        always(Effect.RENAME),
    ]
    fields: Annotated[
        tuple[FormField, ...],
        Field(
            description="The questions, in order. May be empty.",
            examples=[
                [{"key": "purpose", "type": "SHORT_ANSWER", "label": "What do you need the data for?"}]
            ],
        ),
        always(Effect.REVIEW),
    ]
    review_flow: Annotated[
        FormReviewFlow,
        Field(
            description="Who decides. `decision: delegate` leaves it to each product's own flow.",
            examples=[{"decision": "review", "stages": [{"any": [{"group": "Data Stewards"}]}]}],
        ),
        always(Effect.REVIEW),
    ]
    agreements: Annotated[
        tuple[Reference, ...],
        Field(
            description="Data use agreements to acknowledge, by key or, made by hand, by name.",
            examples=[["data-use-terms", {"name": "Acceptable Use Policy"}]],
        ),
        Refers("DataUseAgreement"),
        Unordered(),
        always(Effect.REVIEW),
    ] = ()
    lifecycle: Annotated[
        Literal["active", "retired", "released"] | None,
        Field(
            description="`retired` deletes the live object; `released` ends its management.",
            examples=["active"],
        ),
    ] = None

    def notes(self, _vintage: str) -> Iterator[Note]:
        seen: dict[str, int] = {}
        ids: set[str] = set()
        for index, field in enumerate(self.fields):
            if field.id is not None and field.id in ids:
                yield Note(
                    "duplicate-field",
                    Severity.ERROR,
                    f"Two fields of the form have the id {field.id!r}.",
                    "Remove the line from one of the two.",
                    ("fields", index),
                )
            ids.add(field.id or "")
            name = _key_of(field)
            if name in seen:
                yield Note(
                    "duplicate-field",
                    Severity.ERROR,
                    f"Two fields of the form have the key {name!r}.",
                    "Give each field a `key` of its own; answers are kept under it.",
                    ("fields", index),
                )
            seen[name] = index

    def settled(self, around: Surroundings) -> tuple[RequestFormSpec, tuple[Note, ...]]:
        """Give each field its id: the manifest's, that of a live field, or a computed one; no id is given twice.

        A live field is the one that the key made, or else one with the same label and type that no other field claims.
        """
        live = around.live.fields if isinstance(around.live, RequestFormSpec) else ()
        free = {field.id: field.signature for field in live}
        ids: dict[int, str] = {}

        def claim(index: int, live_id: str) -> None:
            ids[index] = live_id
            free.pop(live_id, None)

        for index, field in enumerate(self.fields):
            if field.id is not None:
                claim(index, field.id)
        made = {index: part_id(around.id, _key_of(field)) for index, field in enumerate(self.fields)}
        for index, live_id in made.items():
            if index not in ids and live_id in free:
                claim(index, live_id)
        for index, field in enumerate(self.fields):
            alike = next(
                (live_id for live_id, signature in free.items() if signature == field.signature), None
            )
            if index not in ids:
                claim(index, alike or made[index])
        fields = tuple(field.with_values(id=ids[index]) for index, field in enumerate(self.fields))
        return self.with_values(fields=fields), ()


def _key_of(field: _Field) -> str:
    return field.key or field.signature[0]


REQUEST_FORM = Kind(
    name="RequestForm",
    plural="request forms",
    noun="request form",
    rank=1,
    written=True,
    spec=RequestFormSpec,
    lifecycles=("active", "retired", "released"),
)

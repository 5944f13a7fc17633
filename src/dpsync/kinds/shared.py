"""What more than one kind declares: display names, lifecycles, and the pair of forms of a product."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from dpsync.model.base import Note, Spec
from dpsync.model.fields import Effect, Refers, always
from dpsync.model.finding import Severity
from dpsync.model.reference import Reference

V1 = "v1"
V2 = "v2"
NAME_LIMIT = 255
NAME_SCHEMA: dict[str, Any] = {
    "maxLength": NAME_LIMIT,
    "pattern": r"^(?!\s)(?![\s\S]*\s$)[^!\"#$%&'*+,.:;<=>?@\[\]^`{|}~]*$",
}
"""What JSON Schema can say about the display name of a product: of the signs beyond ASCII it knows none."""


class RequestForms(Spec):
    """The form of each request type."""

    data_access: Annotated[
        Reference,
        Field(description="The form for access to the data.", examples=["standard"]),
        Refers("RequestForm"),
        always(Effect.REVIEW),
    ]
    masking_exception: Annotated[
        Reference,
        Field(description="The form for seeing masked values.", examples=["strict"]),
        Refers("RequestForm"),
        always(Effect.REVIEW),
    ]


SHORT_FOR_BOTH = {"requestForm": ("requestForms", ("dataAccess", "maskingException"))}
"""What `requestForm` is short for, for specs that have both ways."""


def both(form: Reference) -> RequestForms:
    """The same form for both request types."""
    return RequestForms.of(data_access=form, masking_exception=form)


def name_notes(name: str, vintage: str) -> Iterator[Note]:
    """What the API would refuse about the display name of a product (FACTS 0.15)."""
    refused = sorted({character for character in name if not _allowed(character, vintage)})
    if refused:
        shown = " ".join(repr(character)[1:-1] for character in refused)
        letters = "ASCII letters and digits" if vintage == V1 else "letters, digits"
        yield Note(
            "name-pattern",
            Severity.ERROR,
            f"The name {name!r} has characters that the marketplace refuses: {shown}",
            f"Use {letters}, spaces and ( ) - _ / \\ only.",
            ("name",),
        )
    if len(name) > NAME_LIMIT:
        yield Note(
            "name-pattern",
            Severity.ERROR,
            f"The name has {len(name)} characters; the marketplace takes {NAME_LIMIT}.",
            "Shorten it.",
            ("name",),
        )
    if name != name.strip():
        yield Note(
            "name-pattern",
            Severity.ERROR,
            f"The name {name!r} begins or ends with a blank.",
            "Remove the blank.",
            ("name",),
        )


def _allowed(character: str, vintage: str) -> bool:
    if character in ")(-_/\\" or character.isspace():
        return True
    if vintage == V1:
        return character.isascii() and character.isalnum()
    return unicodedata.category(character)[0] in "LMN"

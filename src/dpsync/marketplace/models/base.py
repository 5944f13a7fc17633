"""What all objects of the API share: frozen values with snake_case names, moments with a zone, ids as text.

A room of its own because answers and bodies are read in opposite moods: what comes may have more than is known, what
is sent may not. Must never hold a field of one object.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from dpsync.marketplace.wire import Wire, whole


class Answer(Wire):
    """An object of an answer: frozen, and fields that are new are ignored.

    `model_dump(mode="json", by_alias=True)` gives it with the names of the API.
    """


class Body(BaseModel):
    """The body of a request: made with snake_case names, frozen; an unknown field is a ValidationError.

    A field that is not given is not sent; one that is given as None is sent as null.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        defer_build=True,
    )

    def sent(self) -> dict[str, Any]:
        """The JSON that is sent, with the names of the API."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A moment with its zone; one without a zone is taken to be in UTC."""

Json = Annotated[Any, BeforeValidator(whole)]
"""Any JSON, which is only passed on; numbers that are whole are ints."""

Number = Annotated[int | float, BeforeValidator(whole)]
"""A number; an int where it is whole, whatever JSON says."""

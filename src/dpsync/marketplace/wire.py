"""What all wire models share: tolerant of fields that are new, strict about those that are needed.

A room of its own because the server may add a field on any day, and must not thereby stop anybody, while an answer that
lacks what a plan is made from must. Must never hold a field of one kind.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from dpsync.errors import BadAnswer


class Wire(BaseModel):
    """A part of an answer. Attributes are snake_case, the wire's names camelCase; unknown fields are ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True, defer_build=True
    )


def whole(value: Any) -> Any:
    """A number that is whole, as one: JSON of JavaScript may say 30.0. Anything else, and what is inside, likewise."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(entry) for key, entry in value.items()}
    return [whole(entry) for entry in value] if isinstance(value, list) else value


def _text_of_id(value: Any) -> Any:
    number = whole(value)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else value


Id = Annotated[str, BeforeValidator(_text_of_id)]
"""An id as a string, be it a string or a number on the wire (FACTS 0.11)."""

Model = TypeVar("Model", bound=Wire)


def parsed(model: type[Model], payload: Any, what: str) -> Model:
    """The payload as a model. Raises BadAnswer that names the first field that is not as it should be, never its value."""
    try:
        return model.model_validate(payload)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        raise unreadable(what, f"{place}: {first['msg']}") from None


def parsed_each(model: type[Model], payloads: list[Any], what: str) -> list[Model]:
    """The payloads as models, in one go; they are many. Raises BadAnswer as `parsed` does for the first that is bad."""
    try:
        return _list_of(model).validate_python(payloads)
    except ValidationError:
        return [parsed(model, payload, what) for payload in payloads]


@cache
def _list_of(model: type[Model]) -> TypeAdapter[list[Model]]:
    return TypeAdapter(list[model])  # type: ignore[valid-type]


def unreadable(what: str, why: str) -> BadAnswer:
    """The error for an answer that came, and cannot be understood."""
    return BadAnswer(
        f"{what} could not be understood: {why}.",
        "The marketplace may be newer than this dpsync. Update it, or report this.",
    )


def listing(payload: Any, name: str, what: str) -> list[Any]:
    """The entries of an answer that is one list under a name, or a bare list."""
    entries = payload.get(name) if isinstance(payload, dict) else payload
    if not isinstance(entries, list):
        raise unreadable(what, f"{name}: a list should be here")
    return entries


def named(payload: Any, noun: str) -> str:
    """What to call an object whose payload is not understood yet."""
    identity = payload.get("id") if isinstance(payload, dict) else None
    return f"The {noun} {identity}" if isinstance(identity, str) else f"A {noun}"

"""Answers and refusals: everything that the sandbox can say back.

A room of its own because the shape of an error is one of the few things that every operation shares: a triple of
`message`, `error` and `statusCode` (FACTS 1.4). Operations return an `Answer` or raise a `Refusal`; only the app
turns either into bytes. Must never know a table or a payload.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from dpsync.sandbox import assumptions

PHRASES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
}


class Nothing:
    """The type of the empty body, which is not the same as `null`."""


NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers: a status and a JSON body, or `NOTHING` for an empty one."""

    status: int = 200
    body: Any = field(default=NOTHING)


class Refusal(Exception):
    """An operation that is refused: `status` and a `message` that is a sentence or a list of them."""

    def __init__(self, status: int, message: str | list[str]) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def answer(self) -> Answer:
        """The triple that goes over the wire (FACTS 1.4)."""
        body = {"message": self.message, "error": PHRASES[self.status], "statusCode": self.status}
        return Answer(self.status, body)


def not_authenticated() -> Refusal:
    """The token is missing or unknown; this body is the one that is documented (FACTS 1.4)."""
    return Refusal(401, "Not authenticated.")


def forbidden(what: str) -> Refusal:
    """The caller lacks the permission to do `what`."""
    return Refusal(403, f"You do not have permission to {what}.")


def not_found(kind: str, identity: str) -> Refusal:
    """There is no object of that kind with that id or name."""
    return Refusal(404, f"{kind} {identity} was not found.")


def unknown(what: str, names: list[str]) -> Refusal:
    """A body refers to things that do not exist or may not be used."""
    return Refusal(assumptions.UNKNOWN_REFERENCE, f"{what}: {', '.join(names)}.")


def name_taken(kind: str) -> Refusal:
    """Another object of that kind has the name (FACTS 1.4, 1.7)."""
    return Refusal(409, f"{kind} name in use.")


def id_taken(kind: str) -> Refusal:
    """Another object of that kind has the id that the client chose."""
    return Refusal(assumptions.ID_TAKEN, f"{kind} id in use.")


def invalid(messages: list[str]) -> Refusal:
    """A body or query does not have the published shape; each message names its field."""
    return Refusal(assumptions.INVALID, messages)

"""Who is in a product and who wants to be: access requests, the forms they need, and what became of them.

Values of their own, on the lowest floor, because four rooms speak of them: the marketplace reads them, `access/` judges
them, the journal keeps them and the reports show them. No plan is ever made of these: sync creates, cancels and decides
no request (FACTS 2.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dpsync.model.plan import Target
from dpsync.model.state import Person


class RequestType(StrEnum):
    """What is asked for, as the API calls it (FACTS 0.10)."""

    DATA_ACCESS = "DATA_ACCESS"
    MASKING_EXCEPTION = "MASKING_EXCEPTION"

    @property
    def words(self) -> str:
        return self.value.lower().replace("_", " ")

    @property
    def command(self) -> str:
        """The command that asks for it."""
        return "request" if self is RequestType.DATA_ACCESS else "request-masking-exception"


APPROVED: Final = "APPROVED"
PENDING: Final = "PENDING"
REVOKED: Final = "REVOKED"
DENIED: Final = "DENIED"


@dataclass(frozen=True, slots=True)
class Product:
    """The product that everything here is about."""

    id: str
    name: str
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a form. `type` is the API's; `choices` are the values that may be chosen (FACTS 2.3)."""

    id: str
    type: str
    label: str
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """A data use agreement that is accepted with a form (FACTS 2.5)."""

    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody who asks for access is asked."""

    id: str
    name: str
    questions: tuple[Question, ...] = ()
    agreements: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class MaskedColumn:
    """A column of a source of a product. `source` is its path, or its name where it has none.

    `also` are further names of the source by which the column may be called.
    """

    source_id: str
    source: str
    name: str
    masked: bool = True
    also: tuple[str, ...] = field(default=(), compare=False)

    @property
    def identity(self) -> tuple[str, str]:
        return (self.source_id, self.name)

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"


@dataclass(frozen=True, slots=True)
class Access:
    """An access request; approved, it is a membership. `type` and `status` are the API's words (FACTS 2.6).

    `waits_for` says who decides next, if it is pending and that is told. `until` is when it ends; None: it does not.
    """

    id: str
    person: Person
    type: str
    status: str
    since: datetime
    until: datetime | None = None
    waits_for: str = ""
    columns: tuple[MaskedColumn, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it gives access, or may still come to do so."""
        return self.status in {APPROVED, PENDING}


class Became(StrEnum):
    """What became of what was wanted for one person."""

    APPROVED = "approved"
    PENDING = "pending"
    DENIED = "denied"
    REVOKED = "revoked"
    ALREADY = "already"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it, for one person: the request if there is one, and a sentence where it needs one.

    `lost_contact`: the marketplace could not be reached, as opposed to one that refused.
    """

    person: Person
    became: Became
    access: Access | None = None
    message: str = ""
    remedy: str = ""
    lost_contact: bool = False

    @property
    def is_good(self) -> bool:
        return self.became not in {Became.REFUSED, Became.UNKNOWN}


class Which(StrEnum):
    """Which accesses of a product are listed."""

    OPEN = "members and pending requests"
    MEMBERS = "members"
    PENDING = "pending requests"
    ALL = "requests of every status"


@dataclass(frozen=True, slots=True)
class Listing:
    """The accesses of a product that somebody asked for. `person`, if only those of one; `expiring`, if only such."""

    target: Target
    product: Product
    accesses: tuple[Access, ...]
    which: Which
    person: Person | None = None
    expiring: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """Requests about to be made: one for each of `people`. `settled` are those for whom there is nothing to do.

    `caller` is the global user id of the token's own user. `answers` is what is sent as the form's, by the id of its question; it is empty until it was checked.
    """

    target: Target
    product: Product
    type: RequestType
    form: Form
    caller: str
    people: tuple[Person, ...]
    settled: tuple[Result, ...] = ()
    columns: tuple[MaskedColumn, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Revoking:
    """Accesses about to be revoked, and what they give: the sources of the product, or columns unmasked."""

    target: Target
    product: Product
    accesses: tuple[Access, ...]
    sources: tuple[str, ...]
    settled: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What a command that writes has done, the command being `request`, `request-masking-exception` or `revoke`."""

    command: str
    target: Target
    product: Product
    results: tuple[Result, ...]

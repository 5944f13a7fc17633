"""Calls: what an operation is given, who gives it, and what of the query it may believe.

An operation is a plain function from a `Call` to an `Answer`. Everything that it needs is in the call, so that it
can be read without knowing the web framework; only `app` knows both. Must never answer anything.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from dpsync.sandbox import answers, bodies, moments
from dpsync.sandbox.store import MANAGE, Store

Put = Literal["merge", "replace"]
"""What an update does with fields that it leaves out: keep them, or set them to their defaults [UNK 7.1]."""

LARGEST: Final = 2**53 - 1
"""The largest whole number that JSON can be trusted with."""

_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Vintage:
    """One of the two published states of the API (FACTS 1.8): what a product may be written with."""

    name: str
    create: type[bodies.UpdateProductV1 | bodies.UpdateProductV2]
    update: type[bodies.UpdateProductV1 | bodies.UpdateProductV2]
    masking_form: str
    """The column that holds the form for masking exceptions; the older vintage has one form for both."""


VINTAGES: Final = {
    "v1": Vintage("v1", bodies.CreateProductV1, bodies.UpdateProductV1, "access_form"),
    "v2": Vintage("v2", bodies.CreateProductV2, bodies.UpdateProductV2, "masking_form"),
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace that is being played: its rows, its vintage, how it updates, and its clock."""

    store: Store
    vintage: Vintage
    put: Put
    clock: moments.Clock

    @property
    def now(self) -> str:
        """The time, as the API writes it."""
        return moments.text(self.clock())


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a token, with what that person may do (FACTS 1.3)."""

    user: str
    permissions: frozenset[str]
    managed: frozenset[str]
    """Ids of the domains with the permission to manage data products."""

    @classmethod
    def of(cls, store: Store, user: str) -> Caller:
        """Look up what the user may do."""
        permissions = store.rows("SELECT permission FROM user_permissions WHERE user = ?", (user,))
        domains = store.rows(
            "SELECT domain FROM user_domains WHERE user = ? AND permission = ?", (user, MANAGE)
        )
        return cls(user, frozenset(row[0] for row in permissions), frozenset(row[0] for row in domains))

    @property
    def governs(self) -> bool:
        """May do everything with products and forms."""
        return "GOVERNANCE" in self.permissions

    @property
    def manages_somewhere(self) -> bool:
        """May create forms and agreements."""
        return self.governs or bool(self.managed)

    def manages(self, domains: Iterable[str]) -> bool:
        """May write a product that is in these domains."""
        return self.governs or any(domain in self.managed for domain in domains)

    def may_use(self, domain: str) -> bool:
        """May make a product of this domain's sources."""
        return self.governs or domain in self.managed


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a call. Every question about it raises a refusal that names the parameter if it is wrong."""

    values: Mapping[str, tuple[str, ...]]

    def text(self, name: str, default: str = "") -> str:
        """The last value of the parameter."""
        return self.values.get(name, (default,))[-1]

    def many(self, name: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        """All values of a parameter that may be repeated; `allowed` is the closed list of them, if there is one."""
        found = tuple(value for value in self.values.get(name, ()) if value)
        wrong = [value for value in found if allowed and value not in allowed]
        if wrong:
            raise answers.invalid([f"{name}: must be one of {', '.join(allowed)}"])
        return found

    def numbers(self, name: str) -> tuple[int, ...]:
        """All values of a parameter that is a list of numbers."""
        try:
            return tuple(int(value) for value in self.values.get(name, ()))
        except ValueError:
            raise answers.invalid([f"{name}: must be numbers"]) from None

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """The value of a parameter with a closed list of values."""
        value = self.text(name, default)
        if value not in allowed:
            raise answers.invalid([f"{name}: must be one of {', '.join(allowed)}"])
        return value

    def flag(self, name: str) -> bool | None:
        """The value of a boolean parameter, or None where it is left out."""
        if name not in self.values:
            return None
        value = self.text(name)
        if value not in _FLAGS:
            raise answers.invalid([f"{name}: must be true or false"])
        return _FLAGS[value]

    def number(self, name: str, *, default: int, low: int, high: int = LARGEST) -> int:
        """The value of a whole number between `low` and `high`."""
        try:
            value = int(self.text(name, str(default)))
        except ValueError:
            raise answers.invalid([f"{name}: must be a number"]) from None
        if value < low:
            raise answers.invalid([f"{name}: must not be less than {low}"])
        if value > high:
            raise answers.invalid([f"{name}: must not be greater than {high}"])
        return value

    @property
    def window(self) -> Window:
        """Where in a list the call wants to be, in the style of offset and limit (FACTS 1.5)."""
        return Window(self.number("offset", default=0, low=0), self.number("limit", default=10, low=1))

    @property
    def cursor(self) -> Cursor:
        """Where in a list the call wants to be, in the style of `nextToken` (FACTS 1.5)."""
        limit = self.number("limit", default=10, low=1, high=100)
        return Cursor(self.text("nextToken") or None, limit)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list by position."""

    offset: int
    limit: int

    def meta(self, total: int, shown: int) -> dict[str, int]:
        """What the answer says about itself: `pageCount` is what is on this page (FACTS 1.5)."""
        return {
            "offset": self.offset,
            "limit": self.limit,
            "totalCount": total,
            "pageCount": shown,
            "currentPage": self.offset // self.limit + 1,
            "totalPages": -(-total // self.limit),
        }


@dataclass(frozen=True, slots=True)
class Cursor:
    """A part of a list by the last thing that was seen, so that a change in between skips nothing."""

    token: str | None
    limit: int

    @property
    def after(self) -> tuple[str, str] | None:
        """Name and id of what was seen last, or None at the beginning."""
        if self.token is None:
            return None
        try:
            name, identity = json.loads(base64.urlsafe_b64decode(self.token.encode()))
        except (ValueError, TypeError, binascii.Error):
            raise answers.invalid(["nextToken: is not a token of this list"]) from None
        return str(name), str(identity)

    def meta(self, following: tuple[str, str] | None) -> dict[str, Any]:
        """What the answer says about itself; `following` is what this page ended with, if there is more."""
        token = following and base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
        return {"nextToken": token, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation: by whom, on which marketplace, with which path, query and body."""

    marketplace: Marketplace
    caller: Caller
    path: Mapping[str, str]
    query: Query
    body: Any

    @property
    def store(self) -> Store:
        """The rows of the marketplace."""
        return self.marketplace.store

    @property
    def now(self) -> str:
        """The time, as the API writes it."""
        return self.marketplace.now

    @property
    def moment(self) -> datetime:
        """The time, to count with."""
        return self.marketplace.clock()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the API: its method, its path below `/marketplace`, and what it does."""

    method: str
    path: str
    act: Callable[[Call], answers.Answer]

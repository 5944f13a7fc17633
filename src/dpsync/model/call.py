"""A call: one write request, as a value that can be shown, journaled and sent; and the actions that there are.

Made in `marketplace/endpoints/`, ordered there, carried out one after the other by `apply/`. It never holds a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What the API can do to an object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE_SOURCES = "replace-sources"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Call:
    """One write. `path` is below the environment's url; `body` is JSON, or None for a delete."""

    action: Action
    method: str
    path: str
    body: Mapping[str, Any] | None = None

"""A call: one write request, as a value that can be shown, journaled and sent.

Made in `marketplace/endpoints/`, ordered there, carried out one after the other by `apply/`. It never holds a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dpsync.model.change import Action


@dataclass(frozen=True, slots=True)
class Call:
    """One write. `path` is below the environment's url; `body` is JSON, or None for a delete."""

    action: Action
    method: str
    path: str
    body: Mapping[str, Any] | None = None

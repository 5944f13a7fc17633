"""Health: whether the marketplace is up. The only operations that need no token (FACTS 1.2)."""

from __future__ import annotations

from typing import Final

from dpsync.sandbox.answers import Answer
from dpsync.sandbox.calls import Call, Operation


def health(call: Call) -> Answer:
    """Up, as long as the store answers."""
    call.store.value("SELECT 1")
    parts = {"database": {"status": "up"}}
    return Answer(200, {"status": "ok", "info": parts, "error": {}, "details": parts})


OPERATIONS: Final = (
    Operation("GET", "/health", health),
    Operation("GET", "/health/live", health),
    Operation("GET", "/health/ready", health),
)

"""The sandbox: a marketplace of one's own, over SQLite, to try everything on.

A second, independent reading of the API. It imports nothing else of dpsync, so that a test between the two proves
something, and it must never be used to decide what dpsync sends. A `Store` holds a `World`; `create_app` puts the
API before it; `Fault`s make it misbehave; the ways in are in `dpsync.sandbox.doors`, which is not imported here
because it needs an HTTP client and a server.
"""

from __future__ import annotations

from dpsync.sandbox.app import create_app
from dpsync.sandbox.assumptions import DEFAULT_TOKEN
from dpsync.sandbox.faults import Fault, Faults, Received
from dpsync.sandbox.store import NotASandbox, Store, status
from dpsync.sandbox.world import World

__all__ = [
    "DEFAULT_TOKEN",
    "Fault",
    "Faults",
    "NotASandbox",
    "Received",
    "Store",
    "World",
    "create_app",
    "status",
]

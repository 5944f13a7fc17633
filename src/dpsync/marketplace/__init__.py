"""The marketplace: the only room that speaks to the API, and the only one that knows the API's own words.

Reading (`read_live`) takes a client that cannot write; writing (`MarketplaceWriter`) knows how to be sure. `Client` has
every operation for everybody else. Everything that the vendor's documents leave open is in `assumptions.py`. What goes in
and comes out of a plan are values of `model/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dpsync.marketplace.client import ReadClient, WriteClient
from dpsync.marketplace.live import read_live
from dpsync.marketplace.writer import MarketplaceWriter

if TYPE_CHECKING:
    from dpsync.marketplace.api import Client

__all__ = ["Client", "MarketplaceWriter", "ReadClient", "WriteClient", "read_live"]


def __getattr__(name: str) -> Any:
    """`Client` when it is first asked for, so that a plan does not import its models."""
    if name == "Client":
        from dpsync.marketplace.api import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The marketplace: the only room that speaks to the API, and the only one that knows the API's own words.

Reading (`read_live`) takes a client that cannot write; writing (`MarketplaceWriter`) knows how to be sure. Everything that
the vendor's documents leave open is in `assumptions.py`. What goes in and comes out are values of `model/`.
"""

from __future__ import annotations

from dpsync.marketplace.client import ReadClient, WriteClient
from dpsync.marketplace.live import read_live
from dpsync.marketplace.writer import MarketplaceWriter

__all__ = ["MarketplaceWriter", "ReadClient", "WriteClient", "read_live"]

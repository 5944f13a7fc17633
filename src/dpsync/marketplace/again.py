"""Products read once more, just before access is taken away: whether they are suspended, and what they hold.

A room of its own because it answers for the last moment before a write, where `live.py` answers for a whole plan. What
cannot be read is simply not there; whoever asks must take that for the worst.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dpsync.errors import MarketplaceError
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.marketplace.client import ReadClient
from dpsync.marketplace.endpoints import ENDPOINTS, data_product
from dpsync.marketplace.endpoints.endpoint import Parts
from dpsync.marketplace.live import ends_the_run
from dpsync.marketplace.tasks import together
from dpsync.model.resource import LiveResource


async def read_again(client: ReadClient, products: Iterable[str]) -> Mapping[str, LiveResource]:
    """The products with these ids as they are now, fields and sources; one that cannot be read is missing.

    Raises what ends the run: a token that is refused, and a marketplace that does not answer.
    """
    ids = sorted(products)
    found = await together(*(_product(client, each) for each in ids))
    return {identity: one for identity, one in zip(ids, found, strict=True) if one is not None}


async def _product(client: ReadClient, identity: str) -> LiveResource | None:
    endpoint = ENDPOINTS[DATA_PRODUCT.name]
    try:
        payload, sources = await together(
            client.get(endpoint.path(identity)), client.get(data_product.sources_path(identity))
        )
        return endpoint.read(payload, Parts(data_product.sources(sources)))
    except MarketplaceError as error:
        if ends_the_run(error):
            raise
        return None

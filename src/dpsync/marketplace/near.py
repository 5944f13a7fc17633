"""Products beside a partial plan: read by their ids, to judge what the plan does to the people of others.

A room of its own because it decides nothing about what is changed, where `live.py` reads what a plan is made from: what
cannot be read here holds nothing up. It is then simply not known, and whoever asks must take that for the worst.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dpsync.errors import BadAnswer, MarketplaceError, NotFound
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.marketplace.client import ReadClient
from dpsync.marketplace.endpoints import ENDPOINTS, data_product
from dpsync.marketplace.endpoints.endpoint import Parts
from dpsync.marketplace.live import ends_the_run
from dpsync.marketplace.tasks import together
from dpsync.model.resource import LiveResource


@dataclass(frozen=True, slots=True)
class Near:
    """Products that were read, and the ids of those that are not there. What is in neither is not known."""

    resources: tuple[LiveResource, ...] = ()
    absent: frozenset[str] = frozenset()


async def read_near(
    client: ReadClient, ids: Mapping[str, Collection[str]], counted: Mapping[str, Collection[str]]
) -> Near:
    """Those of `ids` (by kind) that are products, with their sources; those of `counted` without.

    Raises what ends the run: a token that is refused, and a marketplace that does not answer.
    """
    kind = DATA_PRODUCT.name
    whole = sorted(ids.get(kind, ()))
    bare = sorted(set(counted.get(kind, ())) - set(whole))
    found = await together(
        *(_product(client, one, with_sources=True) for one in whole),
        *(_product(client, one, with_sources=False) for one in bare),
    )
    pairs = tuple(zip((*whole, *bare), found, strict=True))
    return Near(
        tuple(one for _, one in pairs if isinstance(one, LiveResource)),
        frozenset(identity for identity, one in pairs if isinstance(one, NotFound)),
    )


async def _product(
    client: ReadClient, identity: str, *, with_sources: bool
) -> LiveResource | NotFound | None:
    """The product, the answer that there is none, or None if that is not known."""
    endpoint = ENDPOINTS[DATA_PRODUCT.name]
    try:
        payload = await client.get(endpoint.path(identity))
        if not isinstance(payload, dict) or payload.get("id") != identity:
            raise BadAnswer(f"Another object than {identity} was answered when asked for it by id.")
        if not with_sources:
            return endpoint.read(payload, Parts())
        sources = data_product.sources(await client.get(data_product.sources_path(identity)))
        return endpoint.read(payload, Parts(sources))
    except NotFound as absent:
        return absent
    except MarketplaceError as error:
        if ends_the_run(error):
            raise
        return None

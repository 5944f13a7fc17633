"""The typed client: every operation of the Data Product API, and of what belongs to it, as one documented method.

A room of its own, and not imported with `dpsync.marketplace`, because its models cost what a plan need not pay. It is
for those who ask about or act on single objects: other programs, `dpsync show`, `dpsync access`. A plan must never be
read through it, for it can write.
"""

from __future__ import annotations

from dpsync.marketplace.operations.access_requests import AccessRequests
from dpsync.marketplace.operations.agreements import Agreements
from dpsync.marketplace.operations.caller import CallerOperations
from dpsync.marketplace.operations.data_products import DataProducts
from dpsync.marketplace.operations.metadata import Metadata
from dpsync.marketplace.operations.request_forms import RequestForms


class Client(DataProducts, AccessRequests, RequestForms, Agreements, Metadata, CallerOperations):
    """Speaks to a marketplace, operation by operation. An async context manager; see docs/client.md.

    Arguments as for `ReadClient`: the `url` of an environment and a `Token`; then `allowed_hosts`, `transport`,
    `parallelism` and timeouts in seconds. Methods are named as the API's operation ids; a search gives a listing that is
    read with `async for`. Every method may raise `MarketplaceError`, and says which of its kinds to expect.
    """

"""The wire's own words, one file per kind: what an answer means, and which calls make a change.

Written kinds are in the dict below; `domain`, `data_source` and `people` are read only and have no calls. Nothing here
sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpsync.marketplace.endpoints import data_product, data_use_agreement, request_form
from dpsync.marketplace.endpoints.endpoint import Endpoint

ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.kind.name: endpoint
    for endpoint in (data_product.ENDPOINT, request_form.ENDPOINT, data_use_agreement.ENDPOINT)
}
"""Every written kind on the wire, by its name."""

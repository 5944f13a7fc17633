"""The wire's own words, one file per kind: what an answer means, and which calls make a change.

Written kinds are in the dict below; `domain`, `data_source` and `people` are read only and have no calls. Nothing here
sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpsync.marketplace.endpoints import data_product, data_use_agreement, request_form
from dpsync.marketplace.endpoints.endpoint import Endpoint
from dpsync.model.call import Action, Call
from dpsync.model.change import Change

ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.kind.name: endpoint
    for endpoint in (data_product.ENDPOINT, request_form.ENDPOINT, data_use_agreement.ENDPOINT)
}
"""Every written kind on the wire, by its name."""


def calls_of(change: Change, vintage: str) -> tuple[Call, ...]:
    """The calls that would be sent if the object stays as it was read; none where there is nothing that could be sent.

    That is so for a kind that is never written, and for a change that could not be worked out: it is blocked, its `after`
    holds references without an id, and it is known by saying nothing about what would change. Every other create has at
    least its name among its fields, and every other update a field or a source.
    """
    is_worked_out = change.action is Action.DELETE or change.fields or not change.sources.is_empty
    if change.kind not in ENDPOINTS or not is_worked_out:
        return ()
    return ENDPOINTS[change.kind].calls(change, change.before, vintage)

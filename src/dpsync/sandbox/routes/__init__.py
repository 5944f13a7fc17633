"""The operations of the API, one file for each group, all alike: `OPERATIONS` lists what a group can do.

The order matters in one place only: a path that ends in a fixed word stands before one that does not. Whatever is
in `PUBLIC` is answered without a token (FACTS 1.2).
"""

from __future__ import annotations

from typing import Final

from dpsync.sandbox.routes import (
    access_request,
    approval_record,
    auth,
    data_product,
    data_use_agreement,
    health,
    metadata,
    request_form,
)

OPERATIONS: Final = (
    *data_product.OPERATIONS,
    *request_form.OPERATIONS,
    *data_use_agreement.OPERATIONS,
    *metadata.OPERATIONS,
    *access_request.OPERATIONS,
    *approval_record.OPERATIONS,
    *auth.OPERATIONS,
)

PUBLIC: Final = health.OPERATIONS

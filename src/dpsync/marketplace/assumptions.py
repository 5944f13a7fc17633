"""What the marketplace's documents do not say, and what dpsync takes it to be: one constant each.

A room of its own so that one line changes when a live tenant says otherwise. Nothing that is documented belongs here.
"""

from __future__ import annotations

from typing import Final

SEND_WHOLE_OBJECT: Final = False
"""Whether an update of a product sends every writable field that is known, not only the changed ones.

Needed where PUT sets omitted fields to their defaults (FACTS 7.1). All fields of the update are optional in the contract,
so omitted is taken to mean unchanged.
"""

PAGE: Final = 100
"""Entries asked for per page. 100 is the maximum of the lists with a `nextToken`; the others state none (FACTS 0.13)."""

DIRECTORY_LIMIT: Final = 100
"""Entries asked for in a search for people or groups, which has no second page (FACTS 0.13)."""

BOTH_REQUEST_TYPES_UNLESS_SAID: Final = ("DATA_ACCESS", "MASKING_EXCEPTION")
"""What a linked form is for, where the answer does not say (vintage v1 knows one form per product, FACTS 1.8)."""

MILLISECONDS_FROM: Final = 1e11
"""A token's `expiration` from here on is taken to be in milliseconds since 1970, otherwise in seconds (FACTS 1.2)."""

MANAGE_PRODUCTS: Final = "Manage Data Products"
"""The permission in a domain that allows writing its products (FACTS 1.3)."""

GOVERNANCE: Final = "GOVERNANCE"
"""The global permission that allows writing everywhere (FACTS 1.3)."""

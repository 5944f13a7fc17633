"""What a token says about itself: a JWT is readable by everybody who holds it (FACTS 1.2), and nothing here trusts it.

It verifies no signature, which only the marketplace can, and answers a time and nothing else: no text of a token goes on.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

_MOST = 1e12


@dataclass(frozen=True, slots=True)
class Claims:
    """When a token ends and from when on it holds, in seconds since 1970; None where it does not say."""

    expires: float | None
    not_before: float | None


def claims_of(token: str) -> Claims | None:
    """What the token says of itself, or None if it is no JWT. Never raises, whatever the text is."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(payload, dict):
        return None
    return Claims(_moment(payload.get("exp")), _moment(payload.get("nbf")))


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST:
        return None
    return float(value)

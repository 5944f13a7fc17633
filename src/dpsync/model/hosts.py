"""Which hosts may get the token: the one rule, asked where a url is read and once more where it is used.

On the lowest floor because two rooms ask: the settings, to say it with a place, and the client, which does not rely on
anybody else having asked. It never reads the environment; further hosts arrive from where only the person who runs dpsync
can set them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

VENDOR_HOSTS = ".api.immutacloud.com"
"""What the names of the vendor's hosts end with (FACTS 1.1)."""


def may_get_token(host: str, allowed: Collection[str]) -> bool:
    """Whether a token may be sent to the host: the vendor's, this machine, or one that is allowed by name."""
    name = host.casefold()
    return is_loopback(name) or name.endswith(VENDOR_HOSTS) or name in {one.casefold() for one in allowed}


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

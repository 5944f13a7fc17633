"""Which hosts may get the token: the one place that a workspace, and so a pull request, cannot talk round.

A room of its own because it is a wall and not a convenience (DESIGN 10). Must never read the environment or a file;
further hosts arrive as an argument from where only the person who runs dpsync can set them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from dpsync.errors import UsageError

_VENDOR = ".api.immutacloud.com"


def checked(url: str, allowed_hosts: Collection[str]) -> str:
    """The url without a trailing slash. Raises UsageError if the token must not be sent there."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").casefold(), parts.port
    except ValueError:
        raise UsageError(f"{url!r} is not a url.", _HOW_TO) from None
    if parts.scheme not in {"https", "http"} or not host or _has_more(parts):
        raise UsageError(f"{url!r} is not the url of a marketplace.", _HOW_TO)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"{url!r} is plain http, over which everybody in between could read the token.", "Use https."
        )
    allowed = {name.casefold() for name in allowed_hosts}
    if not (is_loopback(host) or host.endswith(_VENDOR) or host in allowed or f"{host}:{port}" in allowed):
        raise UsageError(
            f"The token is not sent to {host}, which is not a host of the marketplace.",
            f"If it is yours, name it in the environment variable DPSYNC_ALLOWED_HOSTS: {host}",
        )
    return url.rstrip("/")


def checked_in_process(url: str, allowed_hosts: Collection[str]) -> str:
    """The same for a door within this program, where no name is looked up: names below `.localhost` are this machine."""
    try:
        host = (urlsplit(url).hostname or "").casefold()
    except ValueError:
        host = ""
    return url.rstrip("/") if host.endswith(".localhost") else checked(url, allowed_hosts)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.query or parts.fragment or parts.username is not None or parts.password is not None)


_HOW_TO = "A url is like https://na.api.immutacloud.com/marketplace, with no user, query or fragment."

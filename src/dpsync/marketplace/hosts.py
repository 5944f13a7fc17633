"""The url of a client, checked before a token is sent anywhere: a wall that no caller can talk round.

A room of its own because it is a wall and not a convenience (DESIGN 10). The rule is in `model/hosts.py`; here it is kept,
whoever opens the client.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from dpsync.errors import UsageError
from dpsync.model.hosts import is_loopback, may_get_token


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
    if not (may_get_token(host, allowed_hosts) or may_get_token(f"{host}:{port}", allowed_hosts)):
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


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.query or parts.fragment or parts.username is not None or parts.password is not None)


_HOW_TO = "A url is like https://na.api.immutacloud.com/marketplace, with no user, query or fragment."

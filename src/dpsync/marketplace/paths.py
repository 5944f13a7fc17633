"""Paths below an environment's url: made of segments that are encoded one by one, and named for counting.

A room of its own because an id comes from a manifest or from the wire, and neither may reach another operation than the
one that is meant.
"""

from __future__ import annotations

from urllib.parse import quote

from dpsync.errors import UsageError

_WORDS = frozenset(
    {
        "api",
        "auth",
        "user",
        "data-product",
        "datasources",
        "all",
        "request-forms",
        "request-form",
        "data-products",
        "data-use-agreement",
        "members",
        "byName",
        "columns",
        "recent-determinations",
        "request",
        "masking-exception",
        "access-request",
        "records",
        "masking-exception-columns",
        "approved-masking-exception-columns",
        "approval-record",
        "version",
        "assets",
        "attributes",
        "metadata",
        "domain",
        "users",
        "groups",
        "tags",
        "applied",
        "search",
    }
)


def below(collection: str, *segments: str) -> str:
    """The path of something in a collection. Each segment is percent-encoded; an empty one or a dot is refused."""
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise UsageError(
                f"{segment!r} is not an id.", "Look for the `id` of a metadata block or a reference."
            )
    return "/".join((collection, *(quote(segment, safe="") for segment in segments)))


def operation(method: str, path: str) -> str:
    """What a request is counted as: `GET /api/data-product/{id}`."""
    segments = path.split("/")[1:]
    return f"{method} /" + "/".join(segment if segment in _WORDS else "{id}" for segment in segments)

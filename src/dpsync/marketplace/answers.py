"""Answers: what a response says, as JSON or as one of our errors.

A room of its own because every text that a server sends passes through here before a person sees it: shortened, control
characters escaped, the token removed. Must never send anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from httpx2 import Response

from dpsync.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    MarketplaceError,
    NotAuthenticated,
    NotFound,
    Refused,
    Unreachable,
)

LONGEST_WAIT = 60.0
"""The most seconds that a `Retry-After` is obeyed."""

PASSING = frozenset({502, 503, 504})
"""Statuses of a marketplace that is not there for the moment; 500 is one that stumbled over this very request."""

NOT_THE_API = "Check that the url of the environment is the API's, and that no proxy answers in its place."

_LONGEST_TEXT = 300
_LEAST_SECRET = 16
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_REFUSALS: dict[int, type[Refused]] = {403: Forbidden, 404: NotFound, 409: Conflict}
_REMEDIES = {
    401: (
        "Check that the token is set, has not expired, and belongs to the segment (na, eu, ap) in the url of the "
        "environment: the marketplace answers the same to a token of another segment."
    ),
    403: "Ask for Manage Data Products in the domain, or for GOVERNANCE.",
    404: "It may have been deleted meanwhile, or the url of the environment may be wrong.",
    409: "The name or the id is taken, or the object is in use; `dpsync plan` shows the state as it is now.",
    429: "The marketplace limits how often it may be asked. Try again later, or with a smaller parallelism.",
    **dict.fromkeys(PASSING, "The marketplace is not there for the moment. Run again in some minutes."),
}


def shown(text: str, secret: str = "") -> str:
    """A server's text, fit for a message: without the secret, control characters escaped, at most 300 long."""
    clean = text.replace(secret, "(the token)") if secret else text
    escaped = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in clean[: 2 * _LONGEST_TEXT]
    )
    return escaped if len(escaped) <= _LONGEST_TEXT else escaped[: _LONGEST_TEXT - 1] + "…"


def echo_of(secret: str) -> bytes:
    """What to look for in answers, so that a token which is sent back goes no further; empty for a short one.

    A token that is shorter than any real one, such as the sandbox's, would be found in ordinary words.
    """
    return secret.encode("ascii") if len(secret) >= _LEAST_SECRET else b""


def without_echo(response: Response, echo: bytes) -> Response:
    """The answer, with the token that it sends back taken out."""
    return Response(response.status_code, content=response.content.replace(echo, b"(the token)"))


def content_of(response: Response, method: str, path: str) -> Any:
    """The JSON of a good answer to a read. Raises BadAnswer for anything else than JSON."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise BadAnswer(
            f"{method} {path} was answered with {_looks_like(response)}, not with JSON.",
            NOT_THE_API,
            method=method,
            path=path,
            status=response.status_code,
        ) from None


def confirmation_of(response: Response, method: str, path: str) -> Any:
    """The JSON of a good answer to a write, or None where there is none (FACTS 1.6)."""
    return content_of(response, method, path) if response.content.strip() else None


def error_of(response: Response, method: str, path: str, secret: str) -> MarketplaceError:
    """The error that an answer other than 2xx means."""
    status = response.status_code
    said = _message(response, secret)
    call = f"{method} {path}"
    kind: type[MarketplaceError]
    remedy = _REMEDIES.get(status, "")
    if status == 401:
        kind, text = NotAuthenticated, f"The marketplace does not accept the token (401{said})."
    elif 300 <= status < 400:
        kind = BadAnswer
        text = f"{call} was answered with a redirect ({status}), which is not followed, so that the token goes nowhere else."
        remedy = "Correct the url of the environment in dpsync.yaml."
    elif status == 429 or status in PASSING:
        kind, text = Unreachable, f"{call} was not answered: status {status}{said}"
    elif status >= 500:
        kind, text = BadAnswer, f"{call} failed inside the marketplace ({status}){said}"
        remedy = "Run again; if it stays so, tell the vendor. A write may have taken effect all the same."
    elif 400 <= status < 500:
        kind, text = _REFUSALS.get(status, Refused), f"{call} was refused ({status}){said}"
    else:
        kind, text = BadAnswer, f"{call} was answered with status {status}, which is not in the contract."
    return kind(text, remedy, method=method, path=path, status=status)


def wait_of(response: Response, now: float) -> float | None:
    """The seconds that `Retry-After` asks to wait, as a number or until a date; None if it does not say.

    A date is compared with the server's own `Date` where there is one, so that a clock that is wrong here does no harm.
    """
    text = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    until = moment_of(text)
    if until is None:
        return None
    since = moment_of(response.headers.get("date", ""))
    return min(max(until - (now if since is None else since), 0.0), LONGEST_WAIT)


def moment_of(text: str) -> float | None:
    """An HTTP date in seconds since 1970; None if it is not one. A date without a zone is in UTC."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _message(response: Response, secret: str) -> str:
    try:
        body = json.loads(response.content)
        texts = list(_texts(body)) if isinstance(body, dict) else []
    except (ValueError, RecursionError):
        return ""
    return ": " + shown("; ".join(texts), secret) if texts else ""


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """`message` is a text or a list of texts or issues; some answers have `errors` or `error` in its place."""
    for name in ("message", "errors", "error"):
        found = body.get(name)
        entries = found if isinstance(found, list) else [found] if found else []
        texts = [_text(entry) for entry in entries]
        if any(texts):
            yield from filter(None, texts)
            return


def _text(entry: Any) -> str:
    if isinstance(entry, dict):
        where = entry.get("path") or entry.get("property") or ""
        place = ".".join(map(str, where)) if isinstance(where, list) else str(where)
        said = str(entry.get("message") or entry.get("constraints") or "")
        return f"{place}: {said}" if place and said else said
    return str(entry or "").strip()


def _looks_like(response: Response) -> str:
    start = response.content[:200].lstrip().lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "a web page"
    return "a text that is not complete" if start[:1] in (b"{", b"[") else "something else"

"""How a code host is asked: one connection, one token, no redirects, and a little patience.

A room of its own because both hosts fail alike. A request that was certainly not carried out is sent again; a write whose
answer is lost is not: `Lost` says so, and `host.py` looks before anything is sent twice. The token is in no message.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self

import httpx2

from dpsync import __version__
from dpsync.errors import HostError, Lost, UsageError
from dpsync.hosts.host import MOST_PAGES, PAGE
from dpsync.model.secret import Token

ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 60.0
"""The seconds that a host may ask to wait; for one that asks for more, the run ends."""

_PASSING: Final = frozenset({500, 502, 503, 504})
_FIRST_DELAY: Final = 1.0
_SHOWN: Final = 300

Params = Mapping[str, str | int]


class Wire:
    """Asks one API. `url` was checked by `host.checked`; `authorization` is the header that carries the token."""

    def __init__(
        self,
        url: str,
        token: Token,
        headers: Callable[[str], Mapping[str, str]],
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._secret = _usable(token)
        self._url = url
        self._sleep = sleep
        self._jitter = jitter
        self._client = httpx2.Client(
            follow_redirects=False,
            timeout=httpx2.Timeout(30.0, connect=10.0),
            headers={"User-Agent": f"dpsync/{__version__}", **headers(self._secret)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __repr__(self) -> str:
        return f"Wire({self._url})"

    def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON of an answer."""
        return self._sent("GET", path, params, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a write is answered with. Raises Lost where it may have taken effect all the same."""
        return self._sent(method, path, None, body)

    def every(self, path: str, params: Params | None = None) -> Iterator[Mapping[str, Any]]:
        """The entries of a list, page after page, until one is not full. Raises HostError for a list without an end."""
        for page in range(1, MOST_PAGES + 1):
            entries = self.get(path, {**(params or {}), "per_page": PAGE, "page": page})
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                raise HostError(f"GET {path} was not answered with a list.", _NOT_THE_API)
            yield from entries
            if len(entries) < PAGE:
                return
        raise HostError(f"GET {path} has more than {PAGE * MOST_PAGES} entries.", "Close some of them.")

    def _sent(self, method: str, path: str, params: Params | None, body: Mapping[str, Any] | None) -> Any:
        attempt = 1
        while True:
            wait = self._jitter() * _FIRST_DELAY * 2 ** (attempt - 1)
            try:
                answer = self._client.request(method, self._url + path, params=params, json=body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as problem:
                failure = HostError(f"{self._url} cannot be reached: {self._said(str(problem))}.", _LATER)
            except httpx2.TransportError as problem:
                failure = self._lost(method, path, type(problem).__name__)
            else:
                if answer.is_success:
                    return self._content(answer, method, path)
                failure, asked = self._refused(answer, method, path)
                wait = wait if asked is None else asked
            may_repeat = not isinstance(failure, Lost) or method == "GET"
            is_passing = failure.status in {0, 429, *_PASSING} or _is_limited(failure)
            if attempt == ATTEMPTS or not may_repeat or not is_passing or wait > LONGEST_WAIT:
                raise failure
            self._sleep(wait)
            attempt += 1

    def _content(self, answer: httpx2.Response, method: str, path: str) -> Any:
        try:
            return answer.json()
        except ValueError:
            text = f"{method} {path} was answered with {answer.status_code} and something that is no JSON."
            raise (HostError if method == "GET" else Lost)(text, _NOT_THE_API) from None

    def _lost(self, method: str, path: str, why: str, status: int = 0) -> Lost:
        return Lost(f"{method} {self._url}{path} was not answered ({why}).", _LATER, status=status)

    def _refused(self, answer: httpx2.Response, method: str, path: str) -> tuple[HostError, float | None]:
        """The error that an answer is, and how many seconds it asks to wait."""
        status = answer.status_code
        if status in _PASSING:
            return self._lost(method, path, str(status), status), _wait_of(answer)
        if 300 <= status < 400:
            text = (
                f"{method} {self._url}{path} is answered with a redirect ({status}), which is not followed."
            )
            return HostError(
                text, "Was the project renamed or moved? Use its present name.", status=status
            ), None
        text = f"{method} {self._url}{path} is refused: {status} {self._message(answer)}".rstrip() + "."
        wait = _wait_of(answer)
        if status == 429 or (status == 403 and (wait is not None or _is_used_up(answer))):
            limited = HostError(text, _LATER, status=429)
            return limited, wait
        return HostError(text, _REMEDIES.get(status, ""), status=status), None

    def _message(self, answer: httpx2.Response) -> str:
        try:
            payload = answer.json()
        except ValueError:
            return ""
        said = payload.get("message") or payload.get("error") if isinstance(payload, dict) else None
        return self._said(said if isinstance(said, str) else str(said or ""))

    def _said(self, text: str) -> str:
        """Foreign words for a message: without the token, on one line, and not too many."""
        clean = " ".join(text.replace(self._secret, "(the token)").split()).rstrip(".")
        return f"{clean[:_SHOWN]}…" if len(clean) > _SHOWN else clean


_LATER = "Run it again later."
_NOT_THE_API = "Is this the address of the host's API?"
_REMEDIES = {
    401: "The token is wrong or has expired.",
    403: (
        "The token may not do this. On GitHub the job needs `permissions: pull-requests: write` (`issues: write` for "
        "--issue), which a pull request from a fork never has; on GitLab a token with the scope `api`."
    ),
    404: "There is no such pull request or project, or the token may not see it.",
    422: "The host does not take this text.",
}


def _is_limited(failure: HostError) -> bool:
    return failure.status == 429


def _is_used_up(answer: httpx2.Response) -> bool:
    return answer.headers.get("x-ratelimit-remaining") == "0"


def _wait_of(answer: httpx2.Response) -> float | None:
    """The seconds that a host asks to wait, if it asks in seconds."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _usable(token: Token) -> str:
    text = token.reveal().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(
            "The token of the code host is empty, or has characters that no token has.", "Copy it again."
        )
    return text

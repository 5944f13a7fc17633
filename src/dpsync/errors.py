"""The error tree: everything that ends a run early, and the exit code it ends with.

    DpsyncError                1
    ├── UsageError             1   the command line, the workspace file or the environment is wrong
    ├── InvalidManifests       1   the manifests are wrong; carries every finding
    ├── Declined               1   somebody, or the absence of somebody, said no at the prompt
    ├── HostError              1   the code host did not take a comment
    │   └── Lost               1   whether it did is not known
    └── MarketplaceError       6   the marketplace did not do what was asked
        ├── Unreachable        6   no answer, after all retries
        ├── NotAuthenticated   6   the token is missing, wrong, expired, or of another segment
        ├── BadAnswer          6   an answer that is not what the contract says
        └── Refused            6   a 4xx that says why
            ├── Forbidden      6
            ├── NotFound       6
            └── Conflict       6

Problems that are expected and can be collected are not errors but `Finding` values (`model/finding.py`). An error is
for what makes going on pointless. The message is a sentence for the person who reads it; `remedy` says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dpsync.model.finding import Finding


class DpsyncError(Exception):
    """An expected reason to stop. `remedy` is what the reader should do next, or empty."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(DpsyncError):
    """The command line, `dpsync.yaml` or the environment does not say what to do."""


class InvalidManifests(DpsyncError):
    """At least one manifest is wrong, so nothing was read from the marketplace and nothing sent."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("The manifests are not valid.")
        self.findings = findings


class Declined(DpsyncError):
    """Nobody said 'yes'."""


class HostError(DpsyncError):
    """The code host, such as GitHub, did not do what was asked. `status` is that of its answer, 0 if there was none."""

    def __init__(self, message: str, remedy: str = "", *, status: int = 0) -> None:
        super().__init__(message, remedy)
        self.status = status


class Lost(HostError):
    """Something was sent and no usable answer came, so that whether it took effect is not known."""


class MarketplaceError(DpsyncError):
    """The marketplace did not do what was asked. `method` and `path` name the call, never its headers."""

    exit_code = 6

    def __init__(
        self, message: str, remedy: str = "", *, method: str = "", path: str = "", status: int = 0
    ) -> None:
        super().__init__(message, remedy)
        self.method = method
        self.path = path
        self.status = status


class Unreachable(MarketplaceError):
    """No usable answer came, after all retries. Whether a write took effect is not known."""


class NotAuthenticated(MarketplaceError):
    """401: the token is missing, wrong, expired, or belongs to another segment (FACTS 1.1, 1.4)."""


class BadAnswer(MarketplaceError):
    """An answer came, but it is not what the contract says."""


class Refused(MarketplaceError):
    """A 4xx answer; the server's own message is part of the text."""


class Forbidden(Refused):
    """403: the token may not do this."""


class NotFound(Refused):
    """404: the only answer that means 'absent'."""


class Conflict(Refused):
    """409: a name or an id is taken, or the object is in use."""

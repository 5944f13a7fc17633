"""What became of a change: done, already so, failed, skipped, or left because the live side had moved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dpsync.model.change import Change


class Result(StrEnum):
    """How a change ended."""

    DONE = "done"
    ALREADY = "already"
    FAILED = "failed"
    SKIPPED = "skipped"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one change. `message` says why it is not DONE; `calls` is how many writes were answered.

    `lost_contact`: it failed because the marketplace could not be reached any more, or no longer took the token.
    """

    change: Change
    result: Result
    message: str = ""
    remedy: str = ""
    calls: int = 0
    lost_contact: bool = False

    @property
    def is_good(self) -> bool:
        return self.result in {Result.DONE, Result.ALREADY}

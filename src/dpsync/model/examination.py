"""What `dpsync doctor` looked at, and what it found: one line each, good or bad.

A value of its own because it is about the machine, the token and the way to the marketplace, and not about a manifest:
a finding has a place in a file, this has none. What is good is said as well, so that nobody has to guess what was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands with one thing, best first. What could not be looked at is `unknown`."""

    GOOD = "good"
    NOTICE = "notice"
    UNKNOWN = "unknown"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at. `topic` is a stable code; `remedy` says what to do, or is empty."""

    topic: str
    verdict: Verdict
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was looked at, in the order in which it builds on each other."""

    environment: str
    url: str
    entries: tuple[Examined, ...]

    def all(self, verdict: Verdict) -> tuple[Examined, ...]:
        """The entries with one verdict."""
        return tuple(one for one in self.entries if one.verdict is verdict)

    @property
    def can_work(self) -> bool:
        """Whether nothing was found that keeps dpsync from working."""
        return not self.all(Verdict.ERROR)


def good(topic: str, message: str) -> Examined:
    """Something that is as it should be."""
    return Examined(topic, Verdict.GOOD, message)


def notice(topic: str, message: str, remedy: str = "") -> Examined:
    """Something that is good to know."""
    return Examined(topic, Verdict.NOTICE, message, remedy)


def unknown(topic: str, message: str, remedy: str = "") -> Examined:
    """Something that could not be looked at."""
    return Examined(topic, Verdict.UNKNOWN, message, remedy)


def warning(topic: str, message: str, remedy: str) -> Examined:
    """Something that works, and not as it should."""
    return Examined(topic, Verdict.WARNING, message, remedy)


def error(topic: str, message: str, remedy: str) -> Examined:
    """Something that keeps dpsync from working."""
    return Examined(topic, Verdict.ERROR, message, remedy)

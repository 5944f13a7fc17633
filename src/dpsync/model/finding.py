"""A finding: one thing that somebody should know, with its place and the way out.

Problems are collected as findings, never raised one at a time. A finding says what happened, where, and what to do; how
it is printed is the business of `reports/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dpsync.model.place import Origin
from dpsync.model.reference import Address


class Severity(IntEnum):
    """How bad it is. An error blocks: offline it ends the run, on a plan it holds back what it is about."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem or notice. `rule` is a stable code; `remedy` is the next step, or empty."""

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
    origin: Origin | None = None
    address: Address | None = None

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str, str]:
        """By place, then worst first, then by text: the same findings always stand in the same order."""
        place = self.origin or Origin("\uffff")
        address = str(self.address) if self.address else ""
        return (place.file, place.line, place.column, -self.severity, address, self.rule, self.message)


def in_order(findings: list[Finding] | tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings without repetitions, in the order in which they are shown."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key))

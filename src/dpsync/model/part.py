"""A part: which of the declared resources a plan is about, where it is not about all of them.

A value of its own because four rooms speak of it: the planner chooses and keeps to it, guardrails must know what was not
looked at, reports say so, and a plan file keeps it, so that a saved plan is applied with the same part. It is made by
`planner/part.py`. It must never be used to say that something does not exist: what is not in it was not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from dpsync.model.reference import Address


@dataclass(frozen=True)
class Part:
    """What a partial plan covers, and how that was said.

    `since` is the revision as it was written and `commit` the commit that it was compared with; `targets`, `excludes` and
    `selectors` are the texts of the command line. `covered` are the declared resources that are planned, sorted. `gone` are
    objects, by kind and live id, that no manifest names any more and that may be deleted; None means all of them.
    `declared` is how many resources there are in all.
    """

    since: str = ""
    commit: str = ""
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    covered: tuple[Address, ...] = ()
    gone: tuple[Address, ...] | None = ()
    declared: int = 0

    @property
    def is_narrow(self) -> bool:
        """Whether it was said what is planned, and not only what is not: then little is read."""
        return bool(self.since or self.targets or self.selectors)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to plan."""
        return not self.covered and self.gone == ()

    def covers(self, address: Address) -> bool:
        """Whether a declared resource is planned."""
        return address in self._covered

    def prunes(self, kind: str, live_id: str) -> bool:
        """Whether an object that no manifest names may be deleted."""
        return self._gone is None or (kind, live_id.casefold()) in self._gone

    @cached_property
    def _covered(self) -> frozenset[Address]:
        return frozenset(self.covered)

    @cached_property
    def _gone(self) -> frozenset[tuple[str, str]] | None:
        return None if self.gone is None else frozenset((one.kind, one.key.casefold()) for one in self.gone)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about which resources are planned. Nothing said means all."""

    since: str = ""
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        return not (self.since or self.targets or self.excludes or self.selectors)

    @property
    def options(self) -> Mapping[str, bool]:
        """The options by name, and whether each was given."""
        return {
            "--changed-since": bool(self.since),
            "--target": bool(self.targets),
            "--exclude": bool(self.excludes),
            "--select": bool(self.selectors),
        }

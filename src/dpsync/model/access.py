"""Who can use an object, as far as it was read. An unknown number is None, which is risky, never zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accesses:
    """Numbers of access requests of a product by state; None where the marketplace did not say (`stats` is optional)."""

    approved: int | None = None
    pending: int | None = None

    @property
    def may_exist(self) -> bool:
        """Whether somebody may have access: an unknown number counts as yes."""
        return self.approved is None or self.approved > 0

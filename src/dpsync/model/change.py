"""A change: what would be done to one object, from what to what, and why it may not be done.

A change holds the actions of the API (create, update, replace-sources, delete), the differences field by field, and
answers who could be affected (`removes_access`). Its calls are made in `marketplace/endpoints/`; it only carries them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dpsync.model.call import Action, Call
from dpsync.model.fields import Effect
from dpsync.model.finding import Finding
from dpsync.model.impact import Impact
from dpsync.model.place import Origin
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import LiveResource, Resource


class Provenance(StrEnum):
    """Where a change comes from, compared with a base: the manifests, the live side, an apply that broke off, a pattern."""

    DECLARED = "declared"
    DRIFTED = "drifted"
    LEFT_OVER = "left-over"
    BY_MATCH = "by-match"


@dataclass(frozen=True, slots=True)
class Detail:
    """What differs inside a structured field: a path in manifest words, and the plain values (None for absent)."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `path` is dotted; the values are specs, references, texts, numbers or tuples of them.

    `details` say what differs inside a value that has parts, such as a review flow or the questions of a form.
    """

    path: str
    before: Any
    after: Any
    effects: frozenset[Effect] = frozenset()
    origin: Origin | None = None
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceChange:
    """The sources that come and go, each sorted by text; `kept` is how many stay."""

    added: tuple[SourceReference, ...] = ()
    removed: tuple[SourceReference, ...] = ()
    kept: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.added and not self.removed


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to one object. `before` is None for a create, `after` for a delete of what no manifest names.

    `needs` are changes without which this one cannot be made; `follows` are those that only go first. `blocked` holds
    the findings that forbid it: such a change is shown and never applied. `impact` is None until it was worked out, and
    `provenance` without a base to compare with. `calls` are those that would be sent if the object stays as it was read.
    """

    address: Address
    id: str
    title: str
    actions: tuple[Action, ...]
    before: LiveResource | None
    after: Resource | None
    fields: tuple[FieldChange, ...] = ()
    sources: SourceChange = SourceChange()
    reason: str = ""
    origin: Origin | None = None
    needs: tuple[Address, ...] = ()
    follows: tuple[Address, ...] = ()
    wave: int = 0
    blocked: tuple[Finding, ...] = ()
    impact: Impact | None = None
    provenance: Provenance | None = None
    calls: tuple[Call, ...] = ()

    @property
    def kind(self) -> str:
        return self.address.kind

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocked)

    @property
    def action(self) -> Action:
        """The action that names the change in a summary: create, delete, or update for everything else."""
        return self.actions[0] if self.actions[0] in {Action.CREATE, Action.DELETE} else Action.UPDATE

    @property
    def effects(self) -> frozenset[Effect]:
        """What the change does to people, from its actions, its fields and its sources."""
        found: set[Effect] = set()
        for change in self.fields:
            found |= change.effects
        if self.sources.added and self.action is not Action.CREATE:
            found.add(Effect.GRANTS_ACCESS)
        if self.sources.removed:
            found.add(Effect.REMOVES_ACCESS)
        if self.action is Action.DELETE and self.before is not None:
            found.add(Effect.REMOVES_ACCESS if self.before.spec.gives_access else Effect.REVIEW)
        if self.action is Action.CREATE and self.after is not None:
            found.add(Effect.REVIEW if self.after.spec.gives_access else Effect.DESCRIPTIVE)
        return frozenset(found)

    @property
    def removes_access(self) -> bool:
        return Effect.REMOVES_ACCESS in self.effects

    @property
    def grants_access(self) -> bool:
        return Effect.GRANTS_ACCESS in self.effects

    @property
    def effect(self) -> Effect:
        """The class of the change: the gravest of its effects."""
        return next((effect for effect in Effect if effect in self.effects), Effect.DESCRIPTIVE)

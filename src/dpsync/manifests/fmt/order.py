"""Which field comes first: the order of declaration in the models, which is that of the manifest page.

It knows no kind from another, and what it does not know keeps its place after what it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from dpsync.kinds import KINDS
from dpsync.manifests.exceptions import GuardrailException
from dpsync.manifests.files import EXCEPTION_KIND, WORKSPACE_KIND
from dpsync.manifests.load import Manifest
from dpsync.manifests.patches import ADD, REMOVE
from dpsync.model.outline import outline


@dataclass(frozen=True, slots=True)
class Order:
    """The order of the fields of a mapping. A list has that of its entries; under names of one's own there is none."""

    models: tuple[type[BaseModel], ...] = ()
    parts: tuple[str, ...] = ()
    by_name: bool = False
    spec: tuple[type[BaseModel], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        if self.by_name:
            return ()
        return self.parts or tuple(dict.fromkeys(one.name for model in self.models for one in outline(model)))

    def inside(self, name: str) -> Order:
        """The order of what stands in a field."""
        if self.by_name:
            return replace(self, by_name=False)
        if self.parts:
            return self
        if self.spec and name == "spec":
            return Order(self.spec)
        found = [one for model in self.models for one in outline(model) if one.name == name]
        if not found:
            return self if name in {ADD, REMOVE} else Order()  # of a list, in a patch
        models = tuple(dict.fromkeys(model for one in found for model in one.models))
        return Order(models, found[0].parts, found[0].by_name)

    def sorted(self, names: Sequence[str]) -> list[int]:
        """The indexes of names in the order in which they are written."""
        known = {name: index for index, name in enumerate(self.names)}
        return sorted(range(len(names)), key=lambda index: known.get(names[index], len(known)))


@dataclass(frozen=True, slots=True)
class Orders:
    """The order of each document, by its kind."""

    workspace: type[BaseModel]

    def of(self, kind: Any) -> Order:
        if kind == WORKSPACE_KIND:
            return Order((self.workspace,))
        if kind == EXCEPTION_KIND:
            return Order((GuardrailException,))
        found = KINDS.get(kind)
        return Order((Manifest,), spec=(found.spec,) if found else ())

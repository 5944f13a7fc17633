"""Where a value came from: a file, a line, a column, and the layer that had the last word.

A value of its own because every message about a manifest carries one. It never opens the file it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Layer(StrEnum):
    """Which layer a value was written in."""

    DOCUMENT = "document"
    DEFAULT = "default"
    PATCH = "patch"


Place = tuple[int, int] | tuple[int, int, str]
"""A line and a column of a document; and the file, where that is another one: that of a patch."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in a file of the workspace. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0
    layer: Layer = Layer.DOCUMENT

    @classmethod
    def at(cls, file: str, place: Place) -> Origin:
        """The place of a document that stands in `file`; one that knows its file itself is that of a patch."""
        if len(place) == 2:
            return cls(file, place[0], place[1])
        return cls(place[2], place[0], place[1], Layer.PATCH)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Places(Protocol):
    """A document that knows where its values stand. Paths are field names and list indexes."""

    def at(self, path: Sequence[str | int]) -> Place: ...

    def key_at(self, path: Sequence[str | int]) -> Place: ...

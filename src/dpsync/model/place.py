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


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in a file of the workspace. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0
    layer: Layer = Layer.DOCUMENT

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Places(Protocol):
    """A document that knows where its values stand. Paths are field names and list indexes."""

    def at(self, path: Sequence[str | int]) -> tuple[int, int]: ...

    def key_at(self, path: Sequence[str | int]) -> tuple[int, int]: ...

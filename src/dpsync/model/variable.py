"""A variable of an environment: its value, and where it was given.

Manifests name variables as `${name}`; dpsync.yaml gives them values, for all environments or for one. Nothing else does:
they are never read from the process's own environment, so that the same commit means the same everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dpsync.model.place import Origin

VariableValue = str | int | float | bool | None
"""A variable keeps its type where it is the whole of a value."""

VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """The value of a variable in one environment, where it stands, and whether it is that of all that give no other."""

    value: VariableValue
    origin: Origin
    everywhere: bool = False

"""Live objects become the manifests that a person would have written: as values, each a path and its documents.

A room of its own because it is the street walked the other way: what a plan resolves is named again here, by the shortest
name that a plan would understand. `words.py` says a live spec in a manifest's words, `names.py` makes keys of display names,
`choose.py` says which objects are meant, `compose.py` puts the files together,
`back.py` says single fields anew. It reads nothing and writes nothing; what cannot
be said is listed and never guessed. It must never be used to decide what a manifest means: that is the planner's.
"""

from __future__ import annotations

from dpsync.imports.back import both_said, said_now
from dpsync.imports.choose import Chosen, Wish, chosen
from dpsync.imports.compose import Composed, NewFile, Surroundings, composed, keys_of
from dpsync.imports.words import Unsayable, Words, sources_in_order

__all__ = [
    "Chosen",
    "Composed",
    "NewFile",
    "Surroundings",
    "Unsayable",
    "Wish",
    "Words",
    "both_said",
    "chosen",
    "composed",
    "keys_of",
    "said_now",
    "sources_in_order",
]

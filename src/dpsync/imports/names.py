"""Keys and folders of display names: short, legal, and each given once.

A display name may hold every letter there is, a key may not. What is left of a name is its key; where nothing is left, the
kind and a few digits of the id are. The same objects get the same keys, whatever the order in which they came.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from dpsync.model.reference import is_key

LONGEST = 60
"""Keys are typed by people; the part of a name that is longer than this tells nobody anything."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{one}" for one in range(10)), *(f"lpt{one}" for one in range(10))}
)
"""What no file may be called on Windows."""

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ð": "d", "ı": "i"})
"""Letters that are no base letter with a mark."""


def slug(name: str) -> str:
    """What is left of a display name in a key; empty where nothing is."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_LETTERS)
    letters = "".join(one for one in folded if not unicodedata.combining(one))
    if not any(one.isascii() and one.isalnum() for one in letters):
        return ""
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:LONGEST].strip("-")


class Keys:
    """The keys of one kind, or the names of one folder: what is taken, and what is given next."""

    def __init__(self, noun: str, taken: Iterable[str] = ()) -> None:
        self._noun = noun.replace(" ", "-")
        self._taken = set(taken)

    def new(self, name: str, identity: str) -> str:
        """A key that is free, for the object of this name and id."""
        found = slug(name)
        if not found or found in _RESERVED or not is_key(found):
            digest = hashlib.blake2b(identity.encode(), digest_size=4).hexdigest()
            found = f"{self._noun}-{found or digest}"
        free, number = found, 1
        while free in self._taken:
            number += 1
            free = f"{found}-{number}"
        self._taken.add(free)
        return free

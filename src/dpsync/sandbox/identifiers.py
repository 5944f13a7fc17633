"""Identifiers as the server makes them: cuids and UUIDs, from a name instead of from chance.

A sandbox that is given the same calls makes the same ids, so that two runs can be compared byte by byte. Must never
be taken for a way of making ids that nobody can guess.
"""

from __future__ import annotations

import hashlib
from uuid import UUID


def cuid(*parts: object) -> str:
    """A cuid (`c` and 24 signs) that depends on `parts` and nothing else."""
    return "c" + _digest(parts).hex()[:24]


def uuid(*parts: object) -> str:
    """A UUID that depends on `parts` and nothing else; it looks like one of version 4."""
    return str(UUID(bytes=_digest(parts), version=4))


def _digest(parts: tuple[object, ...]) -> bytes:
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()

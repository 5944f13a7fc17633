"""Self-certifying ids: from a live id alone, whether this workspace made it, and for which key (DESIGN 4, ADR 0001).

A module of its own because it is the whole of dpsync's memory: there is no state file. Of the 122 free bits of the uuid,
the first 60 are a keyed hash of (workspace id, kind, key), the last 62 a keyed hash of (workspace id, kind, those 60).
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cache

from dpsync.model.reference import is_uuid

VERSION = 8
"""The uuid version written: 8, 'custom' (RFC 9562). Recognising ignores it, so that this constant may change."""

_FIRST = (1 << 60) - 1
_LAST = (1 << 62) - 1


def computed_id(workspace_id: str, kind: str, key: str) -> str:
    """The live id of the resource with this key."""
    first = _hash(workspace_id, b"dpsync key", kind, key) & _FIRST
    return str(_assembled(first, _certificate(workspace_id, kind, first)))


def is_of_workspace(workspace_id: str, kind: str, live_id: str) -> bool:
    """Whether an object of this kind with this id was made by the workspace."""
    if not is_uuid(live_id):
        return False
    value = uuid.UUID(live_id).int
    first = ((value >> 80) << 12) | ((value >> 64) & 0xFFF)
    return value & _LAST == _certificate(workspace_id, kind, first)


def part_id(owner_id: str, key: str) -> str:
    """The id of a part of an object, such as a field of a form: uuid5 of the owner's id and the part's key."""
    return str(uuid.uuid5(uuid.UUID(owner_id), key))


def _certificate(workspace_id: str, kind: str, first: int) -> int:
    return _hash(workspace_id, b"dpsync own", kind, f"{first:015x}") & _LAST


def _hash(workspace_id: str, person: bytes, kind: str, text: str) -> int:
    message = f"{kind}\x00{text}".encode()
    digest = hashlib.blake2b(message, key=_key(workspace_id), person=person, digest_size=8).digest()
    return int.from_bytes(digest, "big")


@cache
def _key(workspace_id: str) -> bytes:
    return hashlib.blake2b(workspace_id.encode(), digest_size=32).digest()


def _assembled(first: int, last: int) -> uuid.UUID:
    value = (first >> 12) << 80 | VERSION << 76 | (first & 0xFFF) << 64 | 0b10 << 62 | last
    return uuid.UUID(int=value)

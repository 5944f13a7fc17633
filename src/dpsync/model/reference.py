"""How one thing names another: addresses of resources, references to live objects, and paths of sources.

A reference is written in a manifest as text and resolved at plan time to exactly one live id. Both states are the same
value, so that desired and live state can be compared: two resolved references are equal when their ids are. Nothing
here looks anything up; that is `planner/resolve.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

KEY = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")
"""A key: lower-case letters, digits, `-`, `.` and `_`, at most 100, beginning and ending with a letter or digit."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CUID = re.compile(r"[cC][a-z0-9]{24}")

# The same for JSON Schema, whose patterns are looked for anywhere in a text.
UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
CUID_PATTERN = "[cC][a-z0-9]{24}"
KEY_PATTERN = f"^(?!{UUID_PATTERN}$)[a-z0-9](?:[a-z0-9._-]{{0,98}}[a-z0-9])?$"
FILLED: dict[str, Any] = {"type": "string", "pattern": r"\S"}
"""A text with more in it than blanks."""

REFERENCE_SCHEMA: dict[str, Any] = {
    "description": "A key, or an id; what has no manifest by `{name: …}`.",
    "anyOf": [
        FILLED,
        {
            "type": "object",
            "properties": {
                "key": {"description": "The key of a manifest.", **FILLED},
                "name": {"description": "The name in the marketplace.", **FILLED},
                "id": {"description": "The live id.", **FILLED},
            },
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
    ],
}
"""The JSON Schema of a reference as it is written."""


def is_key(text: str) -> bool:
    """Whether the text has the shape of a key."""
    return KEY.fullmatch(text) is not None and not is_uuid(text)


def is_live_id(text: str) -> bool:
    """Whether the text has the shape of an id that the server makes or takes: a uuid, or a cuid of 25 characters."""
    return is_uuid(text) or _CUID.fullmatch(text) is not None


def is_uuid(text: object) -> bool:
    """Whether this is a text with the shape of a uuid. No key has it, so that the two are never taken for each other."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A resource of a workspace: its kind and its key, printed `DataProduct/na-sales`."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"


How = Literal["key", "name", "id"]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A named object: `text` is what was written or what it is called, `id` its live id once it is resolved.

    `within` narrows where a name is looked up, such as one identity provider's groups.
    """

    text: str
    how: How = "name"
    id: str | None = None
    within: str | None = None

    @classmethod
    def of(cls, text: str) -> Reference:
        """A reference as a plain text is understood: a uuid is a live id; otherwise it is a key, or else a name."""
        if is_uuid(text):
            return cls(text, "id")
        return cls(text, "key" if is_key(text) else "name")

    def resolved(self, live_id: str, text: str) -> Reference:
        """The same reference, now known to be the live object with this id, called `text`."""
        return Reference(text, self.how, live_id, self.within)

    @property
    def identity(self) -> tuple[str, str]:
        return ("", self.id) if self.id is not None else (self.how, self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_reference)

    @classmethod
    def __get_pydantic_json_schema__(cls, _source: object, _handler: object) -> dict[str, Any]:
        return {"format": "dpsync:reference"}


def _reference(value: object) -> Reference:
    if isinstance(value, Reference):
        return value
    if isinstance(value, str) and value.strip():
        return Reference.of(value)
    if isinstance(value, dict) and len(value) == 1:
        how, text = next(iter(value.items()))
        if how in {"key", "name", "id"} and isinstance(text, str) and text.strip():
            return Reference(text, how)
    raise ValueError("a reference is a key, or one of {key: …}, {name: …}, {id: …}")


@dataclass(frozen=True, slots=True)
class SourcePath:
    """Where a data source stands on its platform; None means 'not said'. S3 objects have a `prefix`."""

    platform: str | None = None
    hostname: str | None = None
    database: str | None = None
    schema: str | None = None
    table: str | None = None
    prefix: str | None = None

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The parts that are said, with their names, in the order they are read."""
        names = ("platform", "hostname", "database", "schema", "table", "prefix")
        return tuple((name, value) for name in names if (value := getattr(self, name)) is not None)

    def __str__(self) -> str:
        if self.prefix is not None and self.table is None:
            return self.prefix
        dotted = ".".join(
            _quoted(part) for part in (self.database, self.schema, self.table) if part is not None
        )
        return dotted or ", ".join(f"{name} {value}" for name, value in self.parts)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part


SourceHow = Literal["key", "name", "id", "path", "match"]


@dataclass(frozen=True, slots=True, eq=False)
class SourceReference:
    """One entry of `sources`: a key, a display name, an id, a path or a pattern; resolved, exactly one live source.

    `id` is the source's id as a string (FACTS 0.11). `pattern` holds the parts of a `match` with their globs; `by_match`
    says that one brought this source. `index` is its place in the manifest's list, for messages.
    """

    how: SourceHow
    text: str
    path: SourcePath | None = None
    pattern: tuple[tuple[str, str], ...] = ()
    id: str | None = None
    by_match: bool = False
    index: int = 0

    @property
    def identity(self) -> tuple[object, ...]:
        return ("", self.id) if self.id is not None else (self.how, self.text, self.path, self.pattern)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceReference) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        return self.text

"""The entries of a product's `sources`, as a person writes them: keys, tables, paths, names, ids and patterns."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from dpsync.model.reference import FILLED, KEY_PATTERN, SourcePath, SourceReference, is_key

_PATH = ("platform", "hostname", "database", "schema", "table", "prefix")
_MATCHED = ("platform", "database", "schema", "table", "name", "prefix")
_HOW_TO = "Write a DataSource's key, or one of table:, name:, id:, match:, or a path with database, schema and table."
_QUOTES = "Write database.schema.table; a part with a dot stands in double quotes, as in SQL."


def _refused(message: str, remedy: str) -> PydanticCustomError:
    # Braces would be placeholders, so the whole text is one.
    return PydanticCustomError("source", "{text}", {"text": message, "remedy": remedy})


def _not_a_part(name: str, of: str, known: tuple[str, ...]) -> PydanticCustomError:
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"Did you mean `{close[0]}`?" if close else f"It knows {', '.join(known)}."
    return _refused(f"`{name}` is not a part of {of}.", remedy)


def split_table(text: str) -> tuple[str, ...]:
    """The parts of `database.schema.table`; a part with a dot stands in double quotes, doubled inside, as in SQL."""
    parts: list[str] = []
    rest = text
    while True:
        if rest.startswith('"'):
            end = 1
            while True:
                end = rest.find('"', end)
                if end < 0:
                    raise _refused(f"{text!r} has a double quote that is not closed.", _QUOTES)
                if rest[end : end + 2] != '""':
                    break
                end += 2
            parts.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :]
            if rest and not rest.startswith("."):
                raise _refused(f"{text!r} has text after a closing double quote.", _QUOTES)
        else:
            part, dot, tail = rest.partition(".")
            parts.append(part)
            rest = dot + tail
        if not rest:
            return tuple(parts)
        rest = rest[1:]


def _table(text: str) -> SourceReference:
    parts = split_table(text)
    if len(parts) != 3 or not all(parts):
        raise _refused(f"{text!r} is not database.schema.table.", _QUOTES)
    path = SourcePath(database=parts[0], schema=parts[1], table=parts[2])
    return SourceReference("path", str(path), path)


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry[name]
    if isinstance(value, str) and value.strip():
        return value
    quoted = f'Put it in quotes: "{value}".' if isinstance(value, int | float) else "Write a text."
    raise _refused(f"`{name}` is a text, not {value!r}.", quoted)


def source_reference(value: Any) -> SourceReference:
    """One entry of `sources` from what stands in the manifest. Raises PydanticCustomError with the way out."""
    if isinstance(value, SourceReference):
        return value
    if isinstance(value, str):
        if is_key(value):
            return SourceReference("key", value)
        raise _refused(f"{value!r} is not a key.", _HOW_TO)
    if not isinstance(value, dict) or not value:
        raise _refused(f"{value!r} names no source.", _HOW_TO)
    single = next(iter(value)) if len(value) == 1 else ""
    if single in _SINGLE:
        return _SINGLE[single](value)
    unknown = sorted(set(value) - set(_PATH))
    if unknown:
        known = _PATH if len(value) > 1 else (*_SINGLE, *_PATH)
        raise _not_a_part(unknown[0], "a source's path" if len(value) > 1 else "an entry of sources", known)
    path = SourcePath(**{name: _text(value, name) for name in value})
    if path.table is None and path.prefix is None:
        raise _refused(
            "A path ends with a table or a prefix.",
            "Add `table:`, or write match: for every table of a schema.",
        )
    return SourceReference("path", str(path), path)


def _id(entry: dict[str, Any]) -> SourceReference:
    number = entry["id"]
    if isinstance(number, bool) or not str(number).isdigit():
        raise _refused(
            f"`id` of a source is a whole number, not {number!r}.", "The marketplace shows it in the url."
        )
    return SourceReference("id", str(number))


def _match(entry: dict[str, Any]) -> SourceReference:
    pattern = entry["match"]
    if not isinstance(pattern, dict) or not pattern:
        raise _refused(
            "`match` says nothing.",
            f"Write at least one of {', '.join(_MATCHED)}, each a text or a pattern with * and ?.",
        )
    unknown = sorted(set(pattern) - set(_MATCHED))
    if unknown:
        raise _not_a_part(unknown[0], "match", _MATCHED)
    texts = tuple((name, _text(pattern, name)) for name in _MATCHED if name in pattern)
    return SourceReference("match", ", ".join(f"{name} {text}" for name, text in texts), pattern=texts)


_SINGLE: Mapping[str, Callable[[dict[str, Any]], SourceReference]] = {
    "table": lambda entry: _table(_text(entry, "table")),
    "name": lambda entry: SourceReference("name", _text(entry, "name")),
    "key": lambda entry: SourceReference("key", _text(entry, "key")),
    "id": _id,
    "match": _match,
}
"""The short forms: a mapping with one of these names and nothing else."""

_PART = r'(?:"(?:[^"]|"")+"|[^".][^.]*)'


def _path(name: str, meaning: str) -> dict[str, dict[str, Any]]:
    return {name: {"description": meaning, **FILLED}}


_PATHS = {
    **_path("platform", "Snowflake, Databricks, …"),
    **_path("hostname", "The platform's host."),
    **_path("database", "Database or catalog."),
    **_path("schema", "Schema."),
    **_path("table", "Table or view."),
    **_path("prefix", "Prefix of S3 objects."),
}
SOURCE_SCHEMA: Mapping[str, Any] = {
    "description": "A DataSource's key, or one of table:, name:, id:, match:, or a path with database, schema and table.",
    "anyOf": [
        {"type": "string", "pattern": KEY_PATTERN},
        {
            "type": "object",
            "properties": {
                "table": {
                    "description": "database.schema.table; a part with a dot stands in double quotes.",
                    "type": "string",
                    "pattern": rf"^{_PART}(?:\.{_PART}){{2}}$",
                },
                **_path("name", "Its display name in the marketplace."),
                **_path("key", "The key of a DataSource."),
                "id": {
                    "description": "Its id, a whole number.",
                    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}],
                },
                "match": {
                    "description": "Every source of the domain that matches, with * and ?.",
                    "type": "object",
                    "properties": {
                        name: {"description": "A text, or a pattern with * and ?.", **FILLED}
                        for name in _MATCHED
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            },
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        {
            "type": "object",
            "properties": _PATHS,
            "additionalProperties": False,
            "anyOf": [{"required": ["table"], "minProperties": 2}, {"required": ["prefix"]}],
        },
    ],
}
"""The JSON Schema of an entry as it is written."""

SourceEntry = Annotated[
    SourceReference,
    BeforeValidator(source_reference),
    WithJsonSchema({"format": "dpsync:source"}, mode="validation"),
]

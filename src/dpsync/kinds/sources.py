"""The entries of a product's `sources`, as a person writes them: keys, tables, paths, names, ids and patterns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from dpsync.model.reference import SourcePath, SourceReference, is_key

_PATH = ("platform", "hostname", "database", "schema", "table", "prefix")
_MATCHED = ("platform", "database", "schema", "table", "name", "prefix")
_HOW_TO = "write a DataSource's key, or one of table:, name:, id:, match:, or a path with database, schema and table"


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
                    raise ValueError(f"{text!r} has a double quote that is not closed")
                if rest[end : end + 2] != '""':
                    break
                end += 2
            parts.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :]
            if rest and not rest.startswith("."):
                raise ValueError(f"{text!r} has text after a closing double quote; a dot must follow")
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
        raise ValueError(f"{text!r} is not database.schema.table; write all three parts, one that has a dot in double quotes")
    path = SourcePath(database=parts[0], schema=parts[1], table=parts[2])
    return SourceReference("path", str(path), path)


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is a text, not {value!r}")
    return value


def source_reference(value: Any) -> SourceReference:
    """One entry of `sources` from what stands in the manifest. Raises ValueError with the way out."""
    if isinstance(value, SourceReference):
        return value
    if isinstance(value, str):
        if is_key(value):
            return SourceReference("key", value)
        raise ValueError(f"{value!r} is not a key; {_HOW_TO}")
    if not isinstance(value, dict) or not value:
        raise ValueError(_HOW_TO)
    if set(value) == {"table"}:
        return _table(_text(value, "table"))
    if set(value) == {"name"}:
        return SourceReference("name", _text(value, "name"))
    if set(value) == {"key"}:
        return SourceReference("key", _text(value, "key"))
    if set(value) == {"id"}:
        number = value["id"]
        if isinstance(number, bool) or not str(number).isdigit():
            raise ValueError(f"id is a whole number, not {number!r}")
        return SourceReference("id", str(number))
    if set(value) == {"match"}:
        return _match(value["match"])
    unknown = sorted(set(value) - set(_PATH))
    if unknown:
        raise ValueError(f"{unknown[0]!r} does not belong here; {_HOW_TO}")
    path = SourcePath(**{name: _text(value, name) for name in value})
    if path.table is None and path.prefix is None:
        raise ValueError("a path ends with a table or a prefix; use match: for every table of a schema")
    return SourceReference("path", str(path), path)


def _match(pattern: Any) -> SourceReference:
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError(
            f"match has at least one of {', '.join(_MATCHED)}, each a text or a pattern with * and ?"
        )
    unknown = sorted(set(pattern) - set(_MATCHED))
    if unknown:
        raise ValueError(f"match knows {', '.join(_MATCHED)}, not {unknown[0]!r}")
    texts = tuple((name, _text(pattern, name)) for name in _MATCHED if name in pattern)
    return SourceReference("match", ", ".join(f"{name} {text}" for name, text in texts), pattern=texts)


SourceEntry = Annotated[SourceReference, BeforeValidator(source_reference)]

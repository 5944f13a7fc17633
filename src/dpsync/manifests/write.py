"""Values become YAML that our own reader, and every other one, understands as exactly these values.

A room of its own because writing has its own trap: a text that looks like something else. What is written plainly here is
text by YAML 1.1, by 1.2 and by our reader (`scalars.py`); everything else is quoted. One value has one spelling, so that
the same manifests are the same bytes. It writes no comments: what a person wrote is edited elsewhere (`rename.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dpsync.manifests.scalars import WORDS, number

_PLAIN = re.compile(r"[^\W\d_](?:[\w ./@+()&;=~^$-]|,(?=[ ])|:(?=[^\s]))*(?<! )")
_ANSWERS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 takes for something else than text."""
_FEW, _SHORT = 3, 72
"""How many parts a mapping has at most that is written on one line, and how long that is."""
_SEPARATES = frozenset(",:")
"""What means something in braces that it does not mean elsewhere."""
_UNSEEN = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def documents_text(documents: Iterable[Mapping[str, Any]]) -> str:
    """The documents as one YAML text, separated by `---`."""
    return "---\n".join("\n".join(_mapping(document, 0)) + "\n" for document in documents)


def tidy_text(documents: Iterable[Mapping[str, Any]]) -> str:
    """The same, as a person would write it: what has few short parts stands on one line, `{name: Standard Request Form}`."""
    return documents_text({name: _tidy(entry, 0) for name, entry in one.items()} for one in documents)


def field_lines(name: str, value: Any, column: int) -> list[str]:
    """The lines of one field of a mapping that stands at a column, for who puts it into a text."""
    return _indented(_entry(f"{inline(name)}:", _tidy(value, 1), 0), column)


def item_lines(value: Any, column: int) -> list[str]:
    """The lines of one entry of a list that stands at a column."""
    return _indented(_list(_tidy([value], 0), 0), column)


def _indented(lines: Iterable[str], column: int) -> list[str]:
    return [" " * column + line if line else "" for line in lines]


class _OneLine(dict[str, Any]):
    """A mapping that is written in braces, on one line."""


def _tidy(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        inner = {name: _tidy(entry, depth + 1) for name, entry in value.items()}
        is_short = 0 < len(inner) <= _FEW and not any(
            isinstance(one, Mapping | list) for one in inner.values()
        )
        return _OneLine(inner) if depth and is_short and len(flow(inner)) <= _SHORT else inner
    # An entry of a list begins beside its dash, which is as short.
    return (
        [dict(_tidy(entry, 0)) if isinstance(entry, Mapping) else entry for entry in value]
        if isinstance(value, list)
        else value
    )


def _mapping(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, entry in value.items():
        yield from _entry(f"{indent}{inline(name)}:", entry, depth)


def _entry(start: str, value: Any, depth: int) -> Iterator[str]:
    """What stands after a key: on its line, or below it."""
    if isinstance(value, _OneLine):
        yield f"{start} {flow(value)}"
    elif isinstance(value, Mapping) and value:
        yield start
        yield from _mapping(value, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield start
        yield from _list(value, depth + 1)
    elif isinstance(value, str) and _is_block(value):
        yield from _block(start, value, depth)
    else:
        yield f"{start} {inline(value)}"


def _list(value: Sequence[Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for entry in value:
        if isinstance(entry, Mapping | list) and entry:
            # An entry with parts starts beside its dash: two columns are exactly one level.
            lines = _mapping(entry, depth + 1) if isinstance(entry, Mapping) else _list(entry, depth + 1)
            first = True
            for line in lines:
                yield f"{indent}- {line[len(indent) + 2 :]}" if first else line
                first = False
        else:
            yield from _entry(f"{indent}-", entry, depth)


def _is_block(text: str) -> bool:
    """Whether a text is written over several lines as it is: one that ends plainly and begins with no blank."""
    return (
        "\n" in text
        and not _UNSEEN.search(text)
        and text[0] not in " \t\n"
        and not text.endswith(("\n\n", " \n", "\t\n"))
        and text.strip() != ""  # a blank text is one, too
    )


def _block(start: str, text: str, depth: int) -> Iterator[str]:
    yield f"{start} |" if text.endswith("\n") else f"{start} |-"
    indent = "  " * (depth + 1)
    for line in text.removesuffix("\n").split("\n"):
        yield f"{indent}{line}" if line else ""


def inline(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) else repr(value).replace("e", ".0e")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def flow(value: Any) -> str:
    """A value in one line, in braces and brackets where it has parts."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(name)}: {flow(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _SEPARATES.intersection(value):
        return quoted(value)
    return inline(value)


def _text(text: str) -> str:
    if (
        _PLAIN.fullmatch(text)
        and text.casefold() not in _ANSWERS
        and text not in WORDS
        and number(text) is text
    ):
        return text
    if "\n" not in text and "\t" not in text and not _UNSEEN.search(text) and '"' in text:
        return "'" + text.replace("'", "''") + "'"
    return quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, whatever is in it."""
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: _escape(found[0]), escaped)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

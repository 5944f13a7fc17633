"""YAML that knows its lines: the bytes of a file become documents, each value with its place, or problems.

It is a room of its own because reading is where a hostile or mistyped file meets the program. PyYAML is
asked for its events only (its loaders crash on deep nesting, follow aliases and read `no` as false), and a
small builder with a stack of its own makes the values: dicts, lists, text, numbers, booleans and null.
Duplicate keys, keys that are not text, merge keys, tags and aliases are problems with a line, a column
and a way out; nothing a file contains is an exception. It must never be used to write YAML, to decide what a
field may hold, or to open a file: it is given bytes and knows neither paths nor kinds.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.scanner import ScannerError

from dpsync.manifests.scalars import WORDS, number
from dpsync.model.place import Place

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_DEPTH: Final = 64
# A file with more is not a slip but another kind of file, or an attack; reading stops there and says so.
MOST_PROBLEMS: Final = 1_000

_SHOWN: Final = 40

# libyaml where PyYAML was built with it; the pure loader is about ten times slower (`doctor` says so).
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HAS_LIBYAML: Final = _LOADER is not yaml.SafeLoader


class YamlMap(dict[str, Any]):
    """A mapping that knows where it starts and where each of its keys and values stands.

    Places are (line, column), both counted from 1; what a patch brought also says in which file. It is filled here, and
    where documents are put together.
    """

    __slots__ = ("keys_at", "place", "values_at")

    place: Place
    keys_at: dict[str, Place]
    values_at: dict[str, Place]


class YamlList(list[Any]):
    """A list that knows where it starts and where each of its items stands (see `YamlMap`)."""

    __slots__ = ("items_at", "place")

    place: Place
    items_at: list[Place]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of a file (`message`), and what to do about it (`remedy`)."""

    line: int
    column: int
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document of a file: its value, the place where that starts, and its number in the file from 0.

    An empty document has the root None and stands where its `---` stands.
    """

    root: YamlMap | YamlList | str | int | float | bool | None
    line: int
    index: int
    column: int = 1

    def at(self, path: Sequence[str | int]) -> Place:
        """The place of the value at a path, or of its deepest ancestor that exists."""
        place: Place = (self.line, self.column)
        node: Any = self.root
        for step in path:
            found = _value_at(node, step)
            if found is None:
                break
            place = found
            node = node[step]
        return place

    def key_at(self, path: Sequence[str | int]) -> Place:
        """The place of the key that a path ends with (of the item, in a list), or as `at` where there is none."""
        node: Any = self.root
        for step in path[:-1]:
            if _value_at(node, step) is None:
                return self.at(path)
            node = node[step]
        last = path[-1] if path else None
        if isinstance(node, YamlMap) and isinstance(last, str) and last in node.keys_at:
            return node.keys_at[last]
        return self.at(path)


def plain(value: Any) -> Any:
    """A value of a document as plain mappings and lists, which do not know where they stand."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value


def read_documents(data: bytes) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """The documents of a file and everything that is wrong with it; never raises, whatever the bytes are.

    A document with structural problems is still among the documents, without the values that were refused,
    so that the rest of it can be judged too; where there are problems, nothing may be planned. After a
    syntax error, the document it stands in and all later ones are missing.
    """
    if len(data) > MOST_BYTES:
        return (), (_too_large(len(data)),)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return (), (_utf16(),)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return (), (_not_utf8(data, error.start),)
    if not text.isascii():
        unseen = _UNSEEN.search(text, 1 if text[0] == _BOM else 0)
        if unseen is not None:
            return (), (_bad_character(text, unseen.start()),)
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        loader = _LOADER(data)
        try:
            _build(_events_of(loader), documents, problems)
        finally:
            loader.dispose()
    except _StopReadingError as stop:
        problems.append(stop.problem)
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax(error, text))
    except yaml.YAMLError:
        bad = _UNPRINTABLE.search(text)
        problems.append(_bad_character(text, bad.start() if bad else 0))
    except (
        ValueError,
        OverflowError,
    ):  # an escape that names no character: `!%FF`, and without libyaml `"\\U99999999"`
        problems.append(_bad_escape(text))
    return tuple(documents), tuple(problems)


# ------------------------------------------------------------------------------------------ the builder


class _StopReadingError(Exception):
    """The rest of the file is not worth reading; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


_DROPPED: Final = object()  # stands for a key that was refused: its value is read and not kept
_MERGED: Final = object()  # the same for `<<`, whose alias is not worth a second problem


def _build(  # noqa: PLR0915  # the hot loop: calls are what it saves
    next_event: Callable[[], Any], documents: list[Document], problems: list[Problem]
) -> None:
    """Fill `documents` and `problems` from a stream of events.

    `node` is the collection being filled; the root of a document is the one item of a list (`top`), so that
    it needs no case of its own. In a mapping, `keys_at` is the dict of that name and `key` the key whose
    value comes next (None: a key comes next); in a list, `keys_at` is None and `items_at` counts.
    """

    def report(problem: Problem) -> None:
        problems.append(problem)
        if len(problems) == MOST_PROBLEMS - 1:
            raise _StopReadingError(_too_many(problem))

    node: Any
    keys_at: dict[str, Place] | None
    values_at: dict[str, Place]
    items_at: list[Place]
    node, key, keys_at, values_at, items_at = None, None, None, {}, []
    top: list[Any] = []
    start = (1, 1)
    stack: list[tuple[Any, Any]] = []
    while True:
        event = next_event()
        kind = event.__class__
        if kind is ScalarEvent:
            mark = event.start_mark
            place = (mark.line + 1, mark.column + 1)
            value = event.value
            if event.tag is not None:
                report(_tag(place, event.tag))
            if not event.style:
                if value > ":":  # starts with a letter or `~`; digits, signs and the point sort before
                    if value in WORDS:
                        value = WORDS[value]
                elif value:
                    value = number(value)
                    if value is None:
                        value = event.value
                        report(_huge_number(place, value))
                else:
                    value = None
            if keys_at is None:
                node.append(value)
                items_at.append(place)
            elif key is None:
                if value.__class__ is not str:
                    key = _DROPPED
                    report(_not_text(place, event.value))
                elif value in keys_at:
                    key = _DROPPED
                    report(_twice(place, value, keys_at[value]))
                elif value == "<<" and not event.style:
                    key = _MERGED
                    report(_merge(place))
                else:
                    key = intern(value)
                    keys_at[key] = place
            else:
                if key.__class__ is str:
                    node[key] = value
                    values_at[key] = place
                key = None
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            mark = event.start_mark
            place = (mark.line + 1, mark.column + 1)
            if event.tag is not None:
                report(_tag(place, event.tag))
            if len(stack) == MOST_DEPTH:
                raise _StopReadingError(_too_deep(place))
            fresh: Any = YamlMap() if kind is MappingStartEvent else YamlList()
            fresh.place = place
            if keys_at is None:
                node.append(fresh)
                items_at.append(place)
            elif key is None:
                report(_collection_as_key(place))
            elif key.__class__ is str:
                node[key] = fresh
                values_at[key] = place
            stack.append((node, _DROPPED if key is None else None))
            node = fresh
            key = None
            if kind is MappingStartEvent:
                keys_at = fresh.keys_at = {}
                values_at = fresh.values_at = {}
            else:
                keys_at = None
                items_at = fresh.items_at = []
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            node, key = stack.pop()
            if node.__class__ is YamlMap:
                keys_at = node.keys_at
                values_at = node.values_at
            else:
                keys_at = None
                items_at = node.items_at
        elif kind is AliasEvent:
            mark = event.start_mark
            if key is not _MERGED:
                report(_alias((mark.line + 1, mark.column + 1), event.anchor))
            key = _DROPPED if key is None else None
        elif kind is DocumentStartEvent:
            mark = event.start_mark
            start = (mark.line + 1, mark.column + 1)
            node = top = YamlList()
            items_at = node.items_at = []
            keys_at = key = None
        elif kind is DocumentEndEvent:
            root = top[0] if top else None
            line, column = start if root is None else items_at[0][:2]
            documents.append(Document(root, line, len(documents), column))
        elif kind is StreamEndEvent:
            break
    if not documents:
        documents.append(Document(None, 1, 0))


def _events_of(loader: Any) -> Callable[[], Any]:
    """The loader's events, one a call; the pure loader is kept from making text that no UTF-8 can hold."""
    get_event: Callable[[], Any] = loader.get_event
    if not isinstance(loader, yaml.SafeLoader):
        return get_event

    def careful() -> Any:
        event = get_event()
        if event.__class__ is ScalarEvent and _SURROGATE.search(event.value):
            problem = "found invalid Unicode character escape code"
            mark: Any = event.start_mark
            raise ScannerError("while parsing a quoted scalar", mark, problem, mark)
        return event

    return careful


def _value_at(node: Any, step: str | int) -> Place | None:
    if isinstance(node, YamlMap) and isinstance(step, str):
        return node.values_at.get(step)
    if isinstance(node, YamlList) and isinstance(step, int) and 0 <= step < len(node):
        return node.items_at[step]
    return None


# ------------------------------------------------------------------------------- problems of structure


def _shown(text: str) -> str:
    """A piece of the file as a message may quote it: one short line, nothing in it that a terminal obeys."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _twice(place: tuple[int, int], key: str, first: Place) -> Problem:
    return Problem(
        *place,
        f"the key {_shown(key)} stands twice in one mapping: here and at {first[0]}:{first[1]}",
        "keep one of the two",
    )


_NO_KEY: Final = ("a key is empty", "write the key before the `:`, or quote text that starts with `:`")


def _not_text(place: tuple[int, int], key: str) -> Problem:
    if not key:
        return Problem(*place, *_NO_KEY)
    if len(key) > _SHOWN:
        return Problem(*place, f"the key {key[:_SHOWN]}… is not text", "write it in quotes")
    return Problem(*place, f"the key {key} is not text", f'write it in quotes: "{key}"')


def _collection_as_key(place: tuple[int, int]) -> Problem:
    return Problem(
        *place,
        "a mapping or a list stands where a key is expected",
        "use text as the key; text that starts with `{` or `[` must be quoted",
    )


def _merge(place: tuple[int, int]) -> Problem:
    return Problem(
        *place, "'<<' (a merge key) is not supported", "write the fields out where they are needed"
    )


def _tag(place: tuple[int, int], tag: str) -> Problem:
    word = tag.replace("tag:yaml.org,2002:", "!!", 1)
    return Problem(
        *place,
        f"the tag {_shown(word)} is not supported: manifests hold plain values",
        "remove the tag; text that starts with `!` must be quoted",
    )


def _alias(place: tuple[int, int], name: str) -> Problem:
    return Problem(
        *place,
        f"the alias {_shown('*' + name)} is not supported",
        "write the value out; text that starts with `*` must be quoted",
    )


def _huge_number(place: tuple[int, int], word: str) -> Problem:
    return Problem(*place, f"the number {_shown(word)} is too large", "if it is meant as text, quote it")


def _too_deep(place: tuple[int, int]) -> Problem:
    return Problem(
        *place,
        f"collections are nested more than {MOST_DEPTH} deep; the file was not read further",
        "flatten the value: no manifest needs such depth",
    )


def _too_many(last: Problem) -> Problem:
    return Problem(
        last.line,
        last.column,
        f"the file has {MOST_PROBLEMS - 1:,} problems up to here; it was not read further",
        "solve those above first, or take the file out of the manifests if it is not one",
    )


# ------------------------------------------------------------------------------- problems of the bytes

_BOM: Final = "\ufeff"
_BREAK = re.compile(r"\r\n|\r|\n")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What YAML allows in a file, negated; everything else can be written as an escape in double quotes.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Allowed, and still refused: libyaml takes the first three for line breaks and editors do not, so that every
# later line number would be wrong; a byte order mark inside a file is glued unseen to the next key.
_UNSEEN = re.compile(r"[\x85\u2028\u2029\ufeff]")


def _place_of(text: str, index: int) -> tuple[int, int]:
    line, begin = 1, 1 if text.startswith(_BOM) else 0
    for found in _BREAK.finditer(text, 0, index):
        line, begin = line + 1, found.end()
    return line, index - begin + 1


def _too_large(size: int) -> Problem:
    return Problem(
        1,
        1,
        f"the file has {size:,} bytes; at most {MOST_BYTES:,} are read",
        "split it, or take it out of the manifests if it is not one",
    )


def _utf16() -> Problem:
    return Problem(1, 1, "the file is UTF-16 or UTF-32, by its first bytes", "save it as UTF-8")


def _not_utf8(data: bytes, index: int) -> Problem:
    good = data[:index].decode()
    line, column = _place_of(good, len(good))
    return Problem(line, column, f"the byte 0x{data[index]:02X} is not UTF-8", "save the file as UTF-8")


def _bad_character(text: str, index: int) -> Problem:
    line, column = _place_of(text, index)
    code = ord(text[index]) if index < len(text) else 0
    if code == 0:
        return Problem(
            line, column, "the file holds a NUL character (U+0000)", "remove it, or save the file as UTF-8"
        )
    escape = f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
    return Problem(
        line,
        column,
        f"the character U+{code:04X} cannot be seen and may not stand in a manifest",
        f'remove it; where text needs it, write "{escape}" in double quotes',
    )


def _bad_escape(text: str) -> Problem:
    found = _ESCAPE.search(text)
    line, column = _place_of(text, found.start() if found else 0)
    return Problem(
        line,
        column,
        "an escape from here on stands for no character" + (f": {_shown(found[0])}" if found else ""),
        "correct the escape; in single quotes a backslash is an ordinary character",
    )


_ESCAPE = re.compile(r"\\U[0-9A-Fa-f]{8}|![^\s%]*%[0-9A-Fa-f]{2}|%TAG[^\r\n]*|%YAML[^\r\n]{0,40}")


# ----------------------------------------------------------------------------------- problems of syntax

_QUOTE_IT: Final = "text that starts with {} must be quoted"


@dataclass(frozen=True, slots=True)
class _Slip:
    """A mistake by PyYAML's words (libyaml's or the pure loader's), and ours for it.

    `at_start`: the place is where the thing began (an opening quote, say), not where it became impossible.
    """

    words: tuple[str, ...]
    message: str
    remedy: str
    context: str = ""
    at_start: bool = False


# The first that fits counts. What depends on the text around the place is in `_syntax`.
_SLIPS: Final = (
    _Slip(
        ("found a tab character",),
        "a tab cannot indent YAML",
        "use spaces",
    ),
    _Slip(
        ("unexpected end of stream", "unexpected document separator", "unexpected document indicator"),
        "a quote is opened here and never closed",
        "close it; a quote inside quoted text is doubled ('') or escaped (\\\")",
        context="quoted scalar",
        at_start=True,
    ),
    _Slip(
        ("unknown escape character",),
        "a backslash in double quotes is followed by a character that makes no escape",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Slip(
        ("hexdecimal", "hexadecimal"),
        "an escape in double quotes lacks digits",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Slip(
        ("invalid Unicode character escape",),
        "an escape in double quotes stands for no character (half of a surrogate pair, or beyond U+10FFFF)",
        "write the character itself, or \\U and its eight hexadecimal digits",
    ),
    _Slip(
        ("",),
        "'*' starts an alias, and aliases are not supported",
        _QUOTE_IT.format("`*`"),
        context="scanning an alias",
        at_start=True,
    ),
    _Slip(
        ("",),
        "'&' starts an anchor, and this is none",
        _QUOTE_IT.format("`&`"),
        context="scanning an anchor",
        at_start=True,
    ),
    _Slip(
        ("",),
        "'!' starts a tag, and tags are not supported",
        _QUOTE_IT.format("`!`"),
        context="a tag",
        at_start=True,
    ),
    _Slip(
        ("undefined tag handle",),
        "'!' starts a tag, and tags are not supported",
        _QUOTE_IT.format("`!`"),
    ),
    _Slip(
        ("",),
        "a block of text (`|` or `>`) is not written as one",
        "start the text on the next line, indented with spaces; " + _QUOTE_IT.format("`|` or `>`"),
        context="block scalar",
    ),
    _Slip(
        ("could not find expected ':'",),
        "this line is neither `key: value` nor an item of a list",
        "write `: ` (with the space) after the key, or indent the line if it continues the one above",
        at_start=True,
    ),
    _Slip(
        ("sequence entries are not allowed",),
        "an item of a list cannot start here",
        "put each `- ` on a line of its own below the key, or quote text that starts with `- `",
    ),
    _Slip(
        ("",),
        "the list opened here is not closed, or lacks a comma",
        "close it with `]` and put a comma between items",
        context="flow sequence",
        at_start=True,
    ),
    _Slip(
        ("",),
        "the mapping opened here is not closed, or lacks a comma",
        "close it with `}` and put a comma between entries",
        context="flow mapping",
        at_start=True,
    ),
    _Slip(
        ("",),
        "this line does not fit the list it stands in",
        "start every item with `- ` in the same column",
        context="block collection",
    ),
    _Slip(
        ("",),
        "this line does not fit the list it stands in",
        "start every item with `- ` in the same column",
        context="block sequence",
    ),
    _Slip(
        ("<document start>",),
        "there is more after the end of the document",
        "start another document with a line `---`, or indent this like the lines above",
    ),
    _Slip(
        ("incompatible YAML document", "duplicate %YAML", "duplicate YAML"),
        "this %YAML line is not for a version that can be read",
        "remove the line: nothing needs it",
    ),
    _Slip(
        ("",),
        "a line that starts with '%' is a directive, and this is none",
        "remove the line, or quote the text",
        context="directive",
        at_start=True,
    ),
)


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    """Our words for what PyYAML could not parse."""
    said, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    begun = error.context_mark or mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = _BREAK.split(text.removeprefix(_BOM))
    here = lines[line] if line < len(lines) else ""
    before, sign = here[:column].rstrip(), here[column : column + 1]
    if "cannot start any token" in said:
        return Problem(line + 1, column + 1, *_misplaced(sign))
    if "mapping values are not allowed" in said:
        return Problem(line + 1, column + 1, *_second_colon(before))
    if "block mapping" in context:
        return Problem(line + 1, column + 1, *_no_key(before, sign))
    if "expected node content" in said or "expected the node content" in said:
        return Problem(line + 1, column + 1, *_no_value(sign))
    for slip in _SLIPS:
        if slip.context in context and any(words in said for words in slip.words):
            if slip.at_start and begun:
                line, column = begun.line, begun.column
            return Problem(line + 1, column + 1, slip.message, slip.remedy)
    reason = " ".join(filter(None, (context, said)))
    return Problem(line + 1, column + 1, f"this is not YAML: {reason}", "correct the line, or quote the text")


def _misplaced(sign: str) -> tuple[str, str]:
    if sign == "\t":
        return "a tab cannot indent YAML", "use spaces"
    return f"{_shown(sign)} cannot start a value", _QUOTE_IT.format(f"`{sign}`")


def _second_colon(before: str) -> tuple[str, str]:
    if re.search(r":\s", before):
        return (
            f"a second `: ` stands in one line, after {_shown(before.strip())}",
            "a value with `: ` in it must be quoted; a nested mapping starts on a line of its own",
        )
    return (
        f"the key {_shown(before.strip())} cannot stand here: the line above already holds a value",
        "align it with the keys beside it; if the line is text, quote it",
    )


def _no_key(before: str, sign: str) -> tuple[str, str]:
    if sign == ":" and not before:
        return _NO_KEY
    if sign == "-" and not before:
        return (
            "an item of a list stands where a key is expected",
            "put it below a key that has no value of its own, or align it with the other items",
        )
    if before.endswith(("'", '"')):
        return (
            f"something follows the closing quote of {_shown(before.strip())}",
            "quote the whole value; a quote inside quoted text is doubled ('') or escaped (\\\")",
        )
    if not before:
        return (
            "the indentation of this line fits no line above",
            "indent it like the keys it belongs with",
        )
    return f"{_shown(sign)} cannot stand here", "quote the value, or put the rest on a line of its own"


def _no_value(sign: str) -> tuple[str, str]:
    if not sign:
        return "the file ends where a value is expected", "close what is open with `]` or `}`"
    if sign == ":":
        return _NO_KEY
    return (
        f"{_shown(sign)} stands where a value is expected",
        f"check the brackets and commas before it; {_QUOTE_IT.format(f'`{sign}`')}",
    )

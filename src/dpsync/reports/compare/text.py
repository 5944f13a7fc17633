"""A comparison for a terminal: signs and lines as in a plan, read from the first environment to the second."""

from __future__ import annotations

from collections.abc import Iterator

from dpsync.model.base import Spec
from dpsync.model.comparison import Comparison, FieldDifference, ResourceDifference
from dpsync.model.place import Origin
from dpsync.model.report import Page
from dpsync.model.resource import Resource
from dpsync.reports.layout import Line, wrapped
from dpsync.reports.paper import Row, written
from dpsync.reports.values import changed_lines, quoted, set_lines

_NARROWEST = 40
_BELOW = 6
_STYLES = {"+": "green", "~": "yellow", "-": "red"}


def as_text(comparison: Comparison, page: Page) -> str:
    """The comparison in lines of at most the page's width."""
    width = max(page.width, _NARROWEST)
    rows: list[Row] = []
    for block in _blocks(comparison, width):
        rows += [Row(""), *block] if rows else block
    return written(rows, page)


def _blocks(comparison: Comparison, width: int) -> Iterator[list[Row]]:
    title = f"From {comparison.left} to {comparison.right} (workspace {comparison.workspace})"
    yield [Row(each, "bold") for each in wrapped(title, width)]
    for difference in comparison.differing:
        yield [*_title("~", difference.right, width), *_fields(comparison, difference, width)]
    for resource in comparison.only_left:
        yield [*_title("-", resource, width), *_row(Line(0, f"only in {comparison.left}"), width)]
    for resource in comparison.only_right:
        yield [*_title("+", resource, width), *_row(Line(0, f"only in {comparison.right}"), width)]
    yield [Row(each, "bold") for each in wrapped(_summary(comparison), width)]


def _summary(comparison: Comparison) -> str:
    if comparison.is_empty:
        return f"No differences. {comparison.alike} resources are alike in {comparison.left} and {comparison.right}."
    parts = [
        f"{len(comparison.differing)} differ{'s' if len(comparison.differing) == 1 else ''}",
        f"{len(comparison.only_left)} only in {comparison.left}",
        f"{len(comparison.only_right)} only in {comparison.right}",
        f"{comparison.alike} alike",
    ]
    return f"{', '.join(parts)}."


def _title(sign: str, resource: Resource, width: int) -> Iterator[Row]:
    name = f" {quoted(resource.title)}" if resource.title != resource.key else ""
    places = ", ".join(_place(one) for one in (resource.origin, *resource.patches))
    for each in wrapped(f"{sign} {resource.address}{name}", width, 2, 2):
        yield Row(each, _STYLES[sign])
    yield from _row(Line(0, places), width)


def _fields(comparison: Comparison, difference: ResourceDifference, width: int) -> Iterator[Row]:
    for field in difference.fields:
        for line in _lines(comparison, difference, field):
            yield from _row(line, width)


def _lines(comparison: Comparison, difference: ResourceDifference, field: FieldDifference) -> Iterator[Line]:
    owner: type[Spec] | None = type(difference.right.spec) if "." not in field.path else None
    if field.left.is_managed and field.right.is_managed:
        lines = changed_lines(field.path, field.left.value, field.right.value, owner=owner)
        origin = field.right.origin
        whence = f" ({_place(origin)})" if origin is not None else ""
    else:
        side = field.left if field.left.is_managed else field.right
        other = comparison.right if field.left.is_managed else comparison.left
        lines = set_lines(field.path, side.value, owner=owner)
        where = f"{_place(side.origin)}; " if side.origin is not None else ""
        whence = f" ({where}not managed in {other})"
    for line in lines:
        yield Line(line.depth, line.text + whence, line.sign) if line.depth == 0 else line


def _row(line: Line, width: int) -> Iterator[Row]:
    for each in wrapped(line.signed, width, _BELOW + 2 * line.depth, 2):
        yield Row(each)


def _place(origin: Origin) -> str:
    return f"{origin.file}:{origin.line}"

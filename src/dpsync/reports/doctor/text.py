"""An examination for a terminal: what is good in one line each, and what is not with what to do."""

from __future__ import annotations

from collections.abc import Iterator

from dpsync.model.examination import Examination, Examined, Verdict
from dpsync.model.report import Page
from dpsync.reports.layout import wrapped
from dpsync.reports.paper import Row, written

_NARROWEST = 40
_WIDEST_WORD = max(len(one.value) for one in Verdict)
_STYLES = {
    Verdict.GOOD: "green",
    Verdict.NOTICE: "blue",
    Verdict.UNKNOWN: "dim",
    Verdict.WARNING: "yellow",
    Verdict.ERROR: "bold red",
}


def as_text(examination: Examination, page: Page) -> str:
    """The examination in lines of at most the page's width."""
    return written(_rows(examination, max(page.width, _NARROWEST)), page)


def _rows(examination: Examination, width: int) -> Iterator[Row]:
    title = f"Examined {examination.environment}" if examination.environment else "Examined this machine"
    url = f" ({examination.url})" if examination.url else ""
    yield from (Row(each, "bold") for each in wrapped(f"{title}{url}", width))
    yield Row("")
    for one in examination.entries:
        yield from _entry(one, width)
    yield Row("")
    yield from (Row(each, "bold") for each in wrapped(_verdict(examination), width))


def _entry(one: Examined, width: int) -> Iterator[Row]:
    label = f"{one.verdict.value:<{_WIDEST_WORD}}  {one.topic}: {one.message}"
    for each in wrapped(label, width, 2, _WIDEST_WORD + 2):
        yield Row(each, _STYLES[one.verdict])
    if one.remedy:
        for each in wrapped(f"→ {one.remedy}", width, _WIDEST_WORD + 4, 2):
            yield Row(each)


def _verdict(examination: Examination) -> str:
    errors, warnings = (len(examination.all(one)) for one in (Verdict.ERROR, Verdict.WARNING))
    counts = [
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    if errors:
        return f"dpsync cannot work like that: {', '.join(counts)}."
    if warnings:
        return f"dpsync can work, with {counts[0]}."
    return "Everything is in order."

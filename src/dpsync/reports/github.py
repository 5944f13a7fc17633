"""The GitHub format: what the log of a GitHub Actions job is told, so that findings stand at their lines in the pull request.

First the workflow commands, then the text report in a group that can be opened. Between the two, commands are switched off:
a description of several lines could otherwise be one. GitHub shows ten errors and ten warnings of a step; where there are
more, the tenth says so and the rest stand in the log. The job summary is Markdown and is written by whoever writes reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dpsync.model.finding import Severity
from dpsync.model.report import Page, Report
from dpsync.reports import sentences, text
from dpsync.reports.layout import visible
from dpsync.reports.numbers import counted
from dpsync.reports.remarks import Remark, remarks

SHOWN = 10
"""How many annotations of one level GitHub shows of a step."""

_COMMANDS: Mapping[Severity, str] = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "notice"}
)


def render(report: Report, page: Page) -> str:
    """Workflow commands, and the text report in a group."""
    found = remarks(report, page)
    body = text.render(report, Page(page.width))
    token = "dpsync-" + hashlib.sha256(body.encode("utf-8")).hexdigest()[:32]
    title = f"dpsync {report.command}"
    if report.plan is not None:
        title += f" ({visible(report.plan.target.environment)})"
    return "".join(
        f"{line}\n"
        for line in (
            *_annotations(found),
            _command("notice", sentences.verdict(report), title=title),
            _command("group", f"{title}: the whole report"),
            f"::stop-commands::{token}",
            body.rstrip("\n"),
            f"::{token}::",
            "::endgroup::",
        )
    )


def _annotations(found: tuple[Remark, ...]) -> Iterator[str]:
    for severity, word in _COMMANDS.items():
        mine = [remark for remark in found if remark.severity is severity]
        shown = mine if len(mine) <= SHOWN else mine[: SHOWN - 1]
        for remark in shown:
            yield _command(
                word,
                remark.text,
                file=remark.file,
                line=str(remark.line),
                col=str(remark.column),
                title=f"dpsync {remark.rule}",
            )
        left = len(mine) - len(shown)
        if left:
            yield _command(
                word, f"{counted(left, f'more {word}')}: the report of this step lists all.", title="dpsync"
            )


def _command(name: str, message: str, **properties: str) -> str:
    """A workflow command; nothing in it can end it or begin another."""
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if listed else ''}{listed}::{_message(message)}"


def _message(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _message(words).replace(":", "%3A").replace(",", "%2C")

"""The JUnit format: each change as a test case, for Jenkins and every other host that shows test results.

What may be made passes, what is blocked or was not made fails, what was not come to is skipped, and so is what nobody can say
of because no marketplace was asked. The elements and attributes
are those of Jenkins's own schema (`junit-10.xsd`), which knows no `file`: the place stands in the text. The names of cases
are addresses, so that a host recognises them from run to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dpsync.model.change import Change
from dpsync.model.finding import Finding
from dpsync.model.outcome import Result
from dpsync.model.report import Page, Report
from dpsync.reports import sentences
from dpsync.reports.layout import Line, visible, wrapped

_WIDTH = 100

Mark = Literal["", "failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case. `mark` is empty where it passes; `kind` and `message` say why it does not, `output` everything."""

    name: str
    mark: Mark = ""
    kind: str = ""
    message: str = ""
    output: str = ""


def render(report: Report, _page: Page) -> str:
    """The report as JUnit's XML: a suite for the run, one for the changes, one for findings about no change."""
    suites = {
        "run": (_run(report),),
        "changes": tuple(_changes(report)),
        "findings": tuple(_finding(finding, report) for finding in sentences.loose_findings(report)),
    }
    filled = {name: cases for name, cases in suites.items() if cases}
    every = [case for cases in filled.values() for case in cases]
    root = Element("testsuites", {"name": f"dpsync {report.command}", **_counts(every)})
    for name, cases in filled.items():
        _add_suite(root, name, cases, report)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add_suite(root: Element, name: str, cases: Iterable[_Case], report: Report) -> None:
    cases = tuple(cases)
    classname = f"dpsync.{report.command}.{name}"
    skipped = sum(1 for case in cases if case.mark == "skipped")
    suite = SubElement(root, "testsuite", {"name": classname, **_counts(cases), "skipped": str(skipped)})
    for case in cases:
        element = SubElement(suite, "testcase", {"name": visible(case.name), "classname": classname})
        if case.mark:
            why = SubElement(
                element, case.mark, {"type": visible(case.kind), "message": visible(case.message)}
            )
            why.text = case.output if case.mark != "skipped" else None
        if case.output and case.mark in {"", "skipped"}:
            SubElement(element, "system-out").text = case.output


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    marks = [case.mark for case in cases]
    return {
        "tests": str(len(marks)),
        "failures": str(marks.count("failure")),
        "errors": str(marks.count("error")),
    }


def _run(report: Report) -> _Case:
    """Whether the run as a whole came to its end; in its output, the one line that says how it went."""
    verdict = sentences.verdict(report)
    incomplete = sentences.incomplete(report.plan) if report.plan is not None else ""
    why = incomplete or sentences.interrupted(report)
    if why:
        return _Case("run", "error", "incomplete" if incomplete else "interrupted", why, visible(verdict))
    partial = sentences.partial(report.plan) if report.plan is not None else ""
    said = (sentences.offline(report), partial, verdict)
    return _Case("run", output="\n".join(visible(words) for words in said if words))


def _changes(report: Report) -> Iterator[_Case]:
    outcomes = {outcome.change.address: outcome for outcome in report.outcomes or ()}
    not_started = {change.address for change in sentences.not_started(report)}
    for change in report.plan.changes if report.plan is not None else ():
        name, output = str(change.address), _told(change, report)
        outcome = outcomes.get(change.address)
        if change.blocked:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in change.blocked))
            yield _Case(name, "failure", rules, change.blocked[0].message, output)
        elif outcome is not None and not outcome.is_good:
            mark: Mark = "skipped" if outcome.result is Result.SKIPPED else "failure"
            told = "\n".join(part for part in (visible(outcome.remedy), output) if part)
            yield _Case(name, mark, outcome.result.value, outcome.message, told if mark == "failure" else "")
        elif change.address in not_started:
            yield _Case(name, "skipped", "not-started", "It was not started.")
        elif report.command == sentences.DRIFT:
            yield _Case(name, "failure", "drift", sentences.change_title(change), output)
        elif report.offline:
            yield _Case(name, "skipped", "offline", sentences.NOT_COMPARED, output)
        else:
            yield _Case(name, output=output)
    for change in report.unreviewed:
        yield _Case(str(change.address), "skipped", "not-reviewed", "Nobody reviewed it.")


def _finding(finding: Finding, report: Report) -> _Case:
    """A finding about no change; only an error fails."""
    place = sentences.place(finding.origin)
    subject = place or str(finding.address or report.command)
    output = "\n".join(_lines(sentences.finding_lines(finding)))
    if finding.is_error:
        return _Case(f"{finding.rule} {subject}", "failure", finding.rule, finding.message, output)
    return _Case(f"{finding.rule} {subject}", output=output)


def _told(change: Change, report: Report) -> str:
    """What a terminal is told of the change."""
    head = [
        f"{sentences.sign(change)} {sentences.change_title(change)}",
        sentences.place(change.origin),
        sentences.reason(change, report),
    ]
    lines = (Line(0, text) for text in head if text)
    return "\n".join((*_lines(lines), *_lines(sentences.change_lines(change, report), 2)))


def _lines(lines: Iterable[Line], margin: int = 0) -> Iterator[str]:
    for line in lines:
        yield from wrapped(line.signed, _WIDTH, margin + 2 * line.depth, 2)

from __future__ import annotations

import re

import pytest

from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin
from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import EVERYTHING, INVALID, REPORTS
from reports.test_hostile_text import HOSTILE, hostile_report

COMMAND = re.compile(r"::([\w-]+)(?: ([^:]*))?::(.*)")


def read(written: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands that a runner finds in the text: none while they are switched off, and then the one that ends that."""
    found, token = [], ""
    for line in written.split("\n"):
        command = COMMAND.fullmatch(line.lstrip())
        if token:
            token = "" if command and command[1] == token else token
        elif command and command[1] == "stop-commands":
            token = command[3]
        elif command:
            properties = dict(each.split("=", 1) for each in (command[2] or "").split(",") if each)
            found.append(
                (command[1], {key: plain(value) for key, value in properties.items()}, plain(command[3]))
            )
    assert not token, "commands stay switched off"
    return found


def plain(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def commands(report: Report, folder: str = "") -> list[tuple[str, dict[str, str], str]]:
    return read(FORMATS["github"](report, Page(folder=folder)))


def test_a_finding_becomes_an_annotation_at_its_line() -> None:
    name, properties, message = commands(INVALID, "estate")[0]
    assert name == "error"
    assert properties == {
        "file": "estate/products/sales/na-sales.yaml",
        "line": "7",
        "col": "3",
        "title": "dpsync unknown-field",
    }
    assert message == "'descripton' is not a field of DataProduct.\nDid you mean `description`?"


def test_percent_signs_commas_and_colons_are_escaped_as_github_reads_them() -> None:
    odd = Finding("x-y", Severity.ERROR, "100%0A, done: 5", origin=Origin("a,b:c%.yaml", 1, 1))
    written = FORMATS["github"](Report("validate", "0.1.0", findings=(odd,)), Page())
    assert written.startswith(
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,title=dpsync x-y::100%250A, done: 5\n"
    )
    assert commands(Report("validate", "0.1.0", findings=(odd,)))[0][2] == "100%0A, done: 5"


@pytest.mark.parametrize(
    "text", [*HOSTILE, "a\n::add-mask::x\n  ::error::y\n##[error]z\n::stop-commands::dpsync"]
)
def test_nothing_that_somebody_wrote_is_a_command(text: str) -> None:
    shown = hostile_report(text)
    assert {name for name, _, _ in commands(shown)} == {"error", "notice", "group", "endgroup"}
    assert "add-mask" not in {name for name, _, _ in commands(shown)}


@pytest.mark.parametrize("shown", REPORTS.values())
def test_the_verdict_comes_as_a_notice_and_the_whole_report_in_a_group(shown: Report) -> None:
    written = FORMATS["github"](shown, Page())
    assert FORMATS["text"](shown, Page()).rstrip("\n") in written
    names = [name for name, _, _ in read(written)]
    assert names[-3:] == ["notice", "group", "endgroup"]


def test_more_than_github_shows_are_counted() -> None:
    many = tuple(
        Finding("unknown-field", Severity.ERROR, f"field {number}", origin=Origin("a.yaml", number, 1))
        for number in range(1, 31)
    )
    errors = [one for one in commands(Report("validate", "0.1.0", findings=many)) if one[0] == "error"]
    assert len(errors) == 10
    assert errors[-1][2] == "21 more errors: the report of this step lists all."
    assert "line" not in errors[-1][1]


def test_worse_findings_come_first() -> None:
    names = [name for name, _, _ in commands(EVERYTHING)]
    assert names == sorted(names[:-3], key=("error", "warning", "notice").index) + names[-3:]

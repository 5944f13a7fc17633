"""Whatever a manifest or the marketplace says, it is text: it styles nothing, ends nothing, calls nobody."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dpsync.model.change import Provenance, SourceChange
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan, Target
from dpsync.model.reference import Address
from dpsync.model.report import Page, Report
from dpsync.model.resource import LiveResource
from dpsync.reports import FORMATS
from reports.builders import created, deleted, named, product, sources, touched, updated

HOSTILE = [
    "\x1b[2J\x1b[31mred",
    "[bold red]markup[/] :smile: [link=https://evil.example]x[/link]",
    "right\u202eleft\u2066",
    "</summary></details><script>alert(1)</script>",
    "```\n# heading\n````diff\n~~~",
    "a | b | c\n|---|---|",
    "@everyone @acme/admins #1 owner/repo#2 https://evil.example",
    "![x](https://evil.example/x.png) [y](javascript:alert)",
    "\r\rPlan: 0 to create\x08\x08\x00\x9b31m\u2028\ufeff",
    "lone \ud800 surrogate",
    "\n\n### heading\n\n- [ ] box",
]


def hostile_report(text: str) -> Report:
    finding = Finding(text, Severity.ERROR, text, text)
    key = Address("DataProduct", "x")
    people = frozenset({text, f"{text}."})
    told = {"tags": (text,), "columns": (text, text), "keepers": people, "through": (text, f"{text}.")}
    impact = Impact(
        gained=(
            touched(text, people, **told, column_tags=(text,), is_new=True),
            touched(text, None, tags=None),
        ),
        lost=(touched(f"{text}{text}", people, keepers=people, through=(text,)),),
        members=people,
        pending=None,
        uncertain=text,
        names={text: text},
    )
    changes = (
        updated(
            key,
            product(name=text, description=f"a\n{text}", subject_matter_expert=named(text)),
            product(name=f"{text}!", description=f"b\n{text}\n\n", subject_matter_expert=None),
            changed_sources=SourceChange(sources(text), sources(f"{text}{text}"), 1),
            reason=text,
            blocked=(finding,),
            impact=impact,
        ),
        created(Address("DataProduct", "y"), product(name=text, description=text, sources=sources(text))),
        deleted(Address("DataProduct", "z"), product(name=text), impact=impact),
        updated(
            Address("DataProduct", "u"),
            product(name=text),
            product(name=text, lifecycle="suspended"),
            impact=impact,
            provenance=Provenance.DRIFTED,
        ),
    )
    plan = Plan(
        Target(text, text, text, text, text),
        changes,
        (finding,),
        (LiveResource("DataProduct", text, product(name=text)),),
    )
    unmanaged = (LiveResource("DataProduct", text, product(name=text, domain=named(text)), text),)
    return Report("plan", "0.1.0", plan, unmanaged=unmanaged, unreviewed=changes[:1])


def drifted(text: str) -> Report:
    """The same as a drift, with times that are none."""
    report = hostile_report(text)
    assert report.plan is not None
    changes = tuple(
        replace(change, before=replace(change.before, revision=text)) if change.before else change
        for change in report.plan.changes
    )
    return Report("drift", "0.1.0", replace(report.plan, changes=changes))


def applied(report: Report, text: str) -> Report:
    assert report.plan is not None
    outcomes = tuple(Outcome(change, Result.FAILED, text, text) for change in report.plan.changes)
    return Report("apply", "0.1.0", report.plan, outcomes)


def outside_fences(markdown: str) -> str:
    """The Markdown less its fenced blocks and code spans, found as CommonMark finds them."""
    kept, marks = [], ""
    for line in markdown.split("\n"):
        opening = re.fullmatch(r"(`{3,})[a-z]*", line)
        if not marks and opening:
            marks = opening[1]
        elif marks and re.fullmatch(r" {0,3}`+ *", line) and line.strip().count("`") >= len(marks):
            marks = ""
        elif not marks:
            kept.append(line)
    assert not marks, "a fence is left open"
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", "\n".join(kept))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_no_control_or_format_character_is_written(name: str, text: str) -> None:
    report = hostile_report(text)
    for shown in (report, applied(report, text), drifted(text)):
        written = FORMATS[name](shown, Page()).replace("\n", "").replace("@\u200b", "@")
        # The sign of a warning is followed by a variation selector, which is a mark and not a control.
        assert not {character for character in written if unicodedata.category(character)[0] == "C"}
        written.encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_in_colour_only_our_own_escape_sequences_are_written(text: str) -> None:
    written = FORMATS["text"](hostile_report(text), Page(colour=True))
    assert set(re.findall("\x1b[^m]*m", written)) <= {
        f"\x1b[{code}m" for code in ("0", "1", "2", "31", "32", "33", "34", "36", "1;31", "1;33")
    }
    assert re.sub("\x1b[^m]*m", "", written) == FORMATS["text"](hostile_report(text), Page())


def test_markup_of_rich_is_shown_as_it_was_written() -> None:
    assert "[bold red]markup[/] :smile:" in FORMATS["text"](hostile_report(HOSTILE[1]), Page(200, True))


@pytest.mark.parametrize("text", HOSTILE)
def test_outside_fences_markdown_holds_our_own_markup_only(text: str) -> None:
    report = hostile_report(text)
    for shown in (report, applied(report, text), drifted(text)):
        rest = outside_fences(FORMATS["markdown"](shown, Page()))
        assert set(re.findall(r"<[^>]*>", rest)) <= {
            "<details>",
            "<details open>",
            "</details>",
            "<b>",
            "</b>",
            "<summary>",
            "</summary>",
            "<code>",
            "</code>",
        }
        assert not re.search(r"@\w", rest)
        assert rest.count("<summary>") == rest.count("</summary>") == len(re.findall("<details[ >]", rest))
        for line in rest.split("\n"):
            if line.startswith("|"):
                assert re.fullmatch(r"\| (Class|[a-z-]+) (\| (\S* ?[a-z]*) )+\||\|---(\|---:)+\|", line), line
            if line.startswith("#"):
                assert re.fullmatch(
                    r"### dpsync (plan|apply|drift): |#### \d+ findings?"
                    r"|#### Blocked: 1 change|#### Not reviewed, and left: 1 change",
                    line,
                )
        foreign = re.sub(r"<code>.*?</code>", "", rest)
        assert "evil" not in foreign


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("`~<>|@#[]*_\\\n\r\x1b\u202e ab-+!\"'&"), min_size=1, max_size=30))
def test_nothing_written_can_end_a_fence(text: str) -> None:
    report = hostile_report(text)
    rest = outside_fences(FORMATS["markdown"](report, Page()))
    assert len(re.findall("<details[ >]", rest)) == rest.count("</details>") == 6
    json.loads(FORMATS["json"](report, Page()))

"""A report: what one run has to say, before anybody decides how it looks.

Every format is made from this one value, so that the terminal, a pull request and a machine are told the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource


@dataclass(frozen=True)
class Report:
    """What `command` found. `plan` is None for validate; `outcomes` is None unless something was applied.

    `declared` counts the resources of the manifests by kind. `unmanaged` are the live objects of no manifest, where they
    were asked for. Of a plan that was reviewed: `unreviewed` are the changes that were found and left because nobody
    reviewed them, `gone` those that were reviewed and are not needed any more, `others` how many are about something
    else, and `unmet` those that are not true and not asked for either. `with_calls` says that whoever asked wants to read the calls, too; a report for machines always has them. `offline` names the base where manifests were held against
    those of another revision, and no marketplace was asked: then nothing is known about people. `owners` are the names of
    who owns what a change is about, as far as dpsync.yaml says it.
    """

    command: str
    version: str
    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] | None = None
    findings: tuple[Finding, ...] = ()
    declared: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    unmanaged: tuple[LiveResource, ...] | None = None
    unreviewed: tuple[Change, ...] = ()
    gone: tuple[Address, ...] = ()
    others: int = 0
    unmet: tuple[Address, ...] = ()
    with_calls: bool = False
    offline: str = ""
    owners: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    """What each guardrail looks for and why, by its name, for formats that explain a rule beside what it found."""

    @cached_property
    def findings_by_address(self) -> Mapping[Address, tuple[Finding, ...]]:
        """The findings of the run and of its plan by what they are about, each once and in order."""
        found: dict[Address, list[Finding]] = {}
        for finding in in_order((*self.findings, *(self.plan.findings if self.plan is not None else ()))):
            if finding.address is not None:
                found.setdefault(finding.address, []).append(finding)
        return {address: tuple(findings) for address, findings in found.items()}

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.WARNING)

    def results(self, *wanted: Result) -> tuple[Outcome, ...]:
        """The outcomes with one of these results."""
        return tuple(outcome for outcome in self.outcomes or () if outcome.result in wanted)


@dataclass(frozen=True, slots=True)
class Page:
    """What a report is written on: how wide it is, and whether it can show colour. Formats without either ignore it.

    `limit` is how many characters a comment may have, and `link` leads to the run that wrote it, where one is known.
    `folder` is where the workspace stands below the top of its repository, such as `estate`, and empty if it is the top:
    a host that marks lines of files knows them from there.
    """

    width: int = 80
    colour: bool = False
    limit: int = 65_536
    link: str = ""
    folder: str = ""

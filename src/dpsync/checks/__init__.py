"""Guardrails: checks on a plan. One rule, one file; the docstring of the file is the rule's page; here is the list.

A guardrail sees everything and changes nothing: it answers with findings. One that is an error holds the change back,
with what needs it and nothing else. `dpsync.yaml` may change a rule's thresholds and severity, and an exemption lets one
rule pass for one resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from dpsync.checks import (
    approved_without_review,
    delete_with_members,
    display_name_pattern,
    exclusive_domain,
    exemptions,
    foreign_id,
    inactive_review_flow,
    outside_ownership,
    probable_rename,
    protected,
    retire_before_delete,
    source_removal,
    sources_by_match,
    sources_outside_domain,
    too_many_deletes,
    undocumented_product,
    wide_reach,
)
from dpsync.checks.outside_ownership import owners_by_path, owners_of
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin, Places
from dpsync.model.policy import Exemption
from dpsync.model.validation import closest, shown

__all__ = [
    "GUARDRAILS",
    "NAMES",
    "allowance",
    "exemption_problems",
    "findings",
    "findings_about_people",
    "owners_by_path",
    "owners_of",
    "problems",
    "problems_of",
]

GUARDRAILS: tuple[Rule, ...] = (
    approved_without_review.RULE,
    delete_with_members.RULE,
    display_name_pattern.RULE,
    exclusive_domain.RULE,
    foreign_id.RULE,
    inactive_review_flow.RULE,
    outside_ownership.RULE,
    probable_rename.RULE,
    protected.RULE,
    retire_before_delete.RULE,
    source_removal.RULE,
    sources_by_match.RULE,
    sources_outside_domain.RULE,
    too_many_deletes.RULE,
    undocumented_product.RULE,
    wide_reach.RULE,
)
"""Every guardrail, by name in alphabetical order."""

ABOUT_PEOPLE: frozenset[str] = frozenset(rule.name for rule in GUARDRAILS if rule.about_people)
"""The names of the guardrails that judge by who gains and who loses."""

NAMES: tuple[str, ...] = tuple(rule.name for rule in GUARDRAILS)

Chosen = Mapping[str, Mapping[str, object]]
"""What dpsync.yaml says about rules: by rule, `severity` and thresholds."""


# Asking.


def found(planned: Planned) -> tuple[Finding, ...]:
    """What every guardrail that is not off has to say about the plan; nothing is exempted yet."""
    return tuple(_found(planned, GUARDRAILS))


def found_about_people(planned: Planned) -> tuple[Finding, ...]:
    """The same of the guardrails about people, which judge each change by itself: the plan may hold only some."""
    return tuple(_found(planned, (rule for rule in GUARDRAILS if rule.about_people)))


def findings(planned: Planned) -> tuple[Finding, ...]:
    """What every guardrail that is not off has to say about the plan, less what is exempted."""
    return exemptions.exempted(found(planned), planned)


def findings_about_people(planned: Planned) -> tuple[Finding, ...]:
    """What the guardrails about people have to say; about exemptions themselves nothing is said again."""
    return exemptions.allowing(found_about_people(planned), planned)


def owned_wanted(planned: Planned) -> int:
    """How many live objects that the workspace owns a guardrail has to know of, to judge the plan of a part."""
    rule = too_many_deletes.RULE
    mine = planned.policy.guardrails.get(rule.name, {})
    return 0 if mine.get("severity") == "off" else too_many_deletes.wanted(planned, _numbers(rule, mine))


def _found(planned: Planned, rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        mine = planned.policy.guardrails.get(rule.name, {})
        word = mine.get("severity")
        if word == "off" or (word is None and not rule.severities):
            continue
        for finding in rule.check(planned, _numbers(rule, mine)):
            is_said = word is None or finding.severity is Severity.NOTICE
            yield finding if is_said else replace(finding, severity=_SEVERITIES[str(word)])


_SEVERITIES: Mapping[str, Severity] = {"error": Severity.ERROR, "warning": Severity.WARNING}


def _numbers(rule: Rule, mine: Mapping[str, object]) -> Numbers:
    """The thresholds of a rule: what was chosen over the defaults."""
    numbers: dict[str, float] = {}
    for name, default in rule.defaults.items():
        value = mine.get(name, default)
        assert isinstance(value, int | float)
        numbers[name] = value
    return numbers


# What is written about guardrails.


def problems(
    chosen: Chosen, path: tuple[str, ...] = ("spec", "guardrails")
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What is wrong in what dpsync.yaml says about rules at a path: the path in it, the message and the way out."""
    rules = {rule.name: rule for rule in GUARDRAILS}
    for name, mine in chosen.items():
        here = (*path, name)
        if name not in rules:
            yield here, f"There is no guardrail `{name}`.", _meant(name, rules)
            continue
        numbers = rules[name].defaults
        for threshold, value in mine.items():
            if threshold == "severity":
                continue
            if threshold not in numbers:
                message = f"The guardrail {name} has no threshold `{threshold}`."
                yield (*here, threshold), message, _meant(threshold, (*numbers, "severity"))
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _ENDLESS:
                remedy = "Write a number that is not negative."
                yield (*here, threshold), f"`{threshold}` cannot be {shown(value)}.", remedy


_ENDLESS = float("inf")


class Written(Places, Protocol):
    """The document of dpsync.yaml: its value, and where in it everything stands."""

    @property
    def root(self) -> Any: ...


def problems_of(document: Written, file: str) -> Iterator[Finding]:
    """The same as errors with places, for the workspace and each of its environments. The document is a valid one."""
    spec = document.root["spec"]
    environments = spec["environments"]
    everywhere: list[tuple[tuple[str, ...], Chosen]] = [(("spec", "guardrails"), spec.get("guardrails", {}))]
    everywhere += [
        (("spec", "environments", name, "guardrails"), environments[name].get("guardrails", {}))
        for name in environments
    ]
    for path, chosen in everywhere:
        for spot, message, remedy in problems(chosen, path):
            yield Finding(
                "unknown-guardrail", Severity.ERROR, message, remedy, Origin.at(file, document.at(spot))
            )


def exemption_problems(granted: Iterable[Exemption]) -> tuple[Finding, ...]:
    """An error for each exemption that names a guardrail or a kind that does not exist, at its place."""
    return exemptions.problems(granted, NAMES)


def allowance(text: str) -> Exemption:
    """The exemption that `--allow RULE:RESOURCE` asks for. Raises UsageError."""
    return exemptions.allowance(text, NAMES)


def _meant(word: str, known: Iterable[str]) -> str:
    listed = sorted(known)
    close = closest(word, listed)
    if close is not None:
        return f"Did you mean `{close}`?"
    return (
        f"There are: {', '.join(listed)}."
        if listed != ["severity"]
        else "It has none; only `severity` can be set."
    )

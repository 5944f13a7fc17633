"""Guardrails: checks on a plan. One rule, one file; the docstring of the file is the rule's page; here is the list.

A guardrail sees everything and changes nothing: it answers with findings. One that is an error holds the change back,
with what needs it and nothing else. `dpsync.yaml` may change a rule's thresholds and severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dpsync.checks import delete_with_members, probable_rename, too_many_deletes
from dpsync.checks.rule import Planned, Rule
from dpsync.errors import UsageError
from dpsync.model.finding import Finding, Severity

GUARDRAILS: tuple[Rule, ...] = (
    delete_with_members.RULE,
    probable_rename.RULE,
    too_many_deletes.RULE,
)
"""Every guardrail, by name in alphabetical order."""

Chosen = Mapping[str, Mapping[str, object]]
"""What dpsync.yaml says about rules: by rule, `severity` and thresholds."""


def must_be_known(chosen: Chosen) -> None:
    """Raise UsageError for a rule, or a threshold of a rule, that does not exist, or is not a number."""
    rules = {rule.name: rule for rule in GUARDRAILS}
    for name, mine in chosen.items():
        if name not in rules:
            raise UsageError(f"dpsync.yaml names a guardrail {name!r}, which does not exist.", _one_of(rules))
        numbers = rules[name].defaults
        for threshold, value in mine.items():
            if threshold == "severity":
                continue
            if threshold not in numbers:
                raise UsageError(
                    f"The guardrail {name} in dpsync.yaml has no threshold {threshold!r}.", _one_of(numbers)
                )
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise UsageError(
                    f"{threshold} of the guardrail {name} in dpsync.yaml is {value!r}.",
                    "Write a number that is not negative.",
                )


def _one_of(names: Iterable[str]) -> str:
    listed = ", ".join(sorted(names))
    return f"There are: {listed}." if listed else "It has none; only `severity` can be set."


def findings(planned: Planned, chosen: Chosen) -> Iterator[Finding]:
    """What every guardrail that is not off has to say about the plan."""
    for rule in GUARDRAILS:
        mine = chosen.get(rule.name, {})
        severity = _SEVERITIES[str(mine.get("severity", "error"))]
        if severity is None:
            continue
        numbers = {name: _number(mine.get(name, default)) for name, default in rule.defaults.items()}
        for finding in rule.check(planned, numbers):
            yield replace(finding, severity=severity)


_SEVERITIES: Mapping[str, Severity | None] = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "off": None,
}


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value

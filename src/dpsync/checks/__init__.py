"""Guardrails: checks on a plan. One rule, one file; the docstring of the file is the rule's page; here is the list.

A guardrail sees everything and changes nothing: it answers with findings. One that is an error holds the change back,
with what needs it and nothing else. `dpsync.yaml` may change a rule's thresholds and severity.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dpsync.checks import delete_with_members, probable_rename, too_many_deletes
from dpsync.checks.rule import Planned, Rule
from dpsync.model.finding import Finding, Severity

GUARDRAILS: tuple[Rule, ...] = (
    delete_with_members.RULE,
    probable_rename.RULE,
    too_many_deletes.RULE,
)
"""Every guardrail, by name in alphabetical order."""

Chosen = Mapping[str, Mapping[str, object]]
"""What dpsync.yaml says about rules: by rule, `severity` and thresholds."""


def problems(chosen: Chosen) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What is wrong in what dpsync.yaml says about rules: the path in it, the message and the way out."""
    rules = {rule.name: rule for rule in GUARDRAILS}
    for name, mine in chosen.items():
        path = ("spec", "guardrails", name)
        if name not in rules:
            yield path, f"There is no guardrail `{name}`.", _meant(name, rules)
            continue
        numbers = rules[name].defaults
        for threshold, value in mine.items():
            if threshold == "severity":
                continue
            here = (*path, threshold)
            if threshold not in numbers:
                yield (
                    here,
                    f"The guardrail {name} has no threshold `{threshold}`.",
                    _meant(threshold, numbers),
                )
            elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                yield here, f"`{threshold}` cannot be {value!r}.", "Write a number that is not negative."


def _meant(word: str, known: Iterable[str]) -> str:
    listed = sorted(known)
    close = difflib.get_close_matches(word, listed, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"There are: {', '.join(listed)}." if listed else "It has none; only `severity` can be set."


def findings(planned: Planned) -> Iterator[Finding]:
    """What every guardrail that is not off has to say about the plan."""
    for rule in GUARDRAILS:
        mine = planned.policy.guardrails.get(rule.name, {})
        severity = _SEVERITIES[str(mine.get("severity") or "error")]
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

"""`dpsync explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dpsync.cli.shared import page_for
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.checks.rule import Rule


@click.command()
@click.argument("rule", required=False)
def command(rule: str | None) -> None:
    """Say what a guardrail looks for.

    Without RULE, lists every guardrail with its default severity and thresholds. With RULE, prints its page: what it
    holds back, why, and what to do. Needs no workspace and no connection. Exit 1: there is no such guardrail.
    """
    from dpsync.checks import GUARDRAILS

    width = page_for(sys.stdout).width
    if rule is None:
        lines = _list(GUARDRAILS, width)
    else:
        lines = _page(_found(rule, {one.name: one for one in GUARDRAILS}), width)
    for line in lines:
        click.echo(line)


def _found(name: str, rules: dict[str, Rule]) -> Rule:
    from dpsync.model.validation import closest

    if name in rules:
        return rules[name]
    meant = closest(name, rules)
    if meant is not None:
        hint = f"Did you mean {meant!r}?"
    else:
        hint = f"Only guardrails have a page: {', '.join(rules)}."
    raise UsageError(f"There is no page about {name!r}.", hint)


def _list(rules: tuple[Rule, ...], width: int) -> Iterator[str]:
    for rule in rules:
        yield f"{rule.name}  ({_defaults(rule)})"
        yield _wrapped(rule.summary, width, "    ")
        yield ""
    yield _wrapped("`dpsync explain RULE` prints the page of one.", width)


def _page(rule: Rule, width: int) -> Iterator[str]:
    for paragraph in rule.page.split("\n\n"):
        yield _wrapped(paragraph, width)
        yield ""
    yield f"Severity: {rule.severity_text}."
    if rule.defaults:
        yield f"Thresholds: {_thresholds(rule)}."
    yield _wrapped(
        f"Both are set in dpsync.yaml, under `guardrails`, `{rule.name}`: for the workspace, or for one environment.",
        width,
    )


def _defaults(rule: Rule) -> str:
    return f"{rule.severity_text}; {_thresholds(rule)}" if rule.defaults else rule.severity_text


def _thresholds(rule: Rule) -> str:
    return ", ".join(f"{name}: {number:g}" for name, number in rule.defaults.items())


def _wrapped(paragraph: str, width: int, indent: str = "") -> str:
    """The paragraph in lines that fit; what stands between backticks or has hyphens is not broken apart."""
    import textwrap

    text = " ".join(paragraph.split())
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )

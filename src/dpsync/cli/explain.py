"""`dpsync explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from dpsync.cli.keys import complete_pages
from dpsync.cli.shared import page_for
from dpsync.errors import UsageError

if TYPE_CHECKING:
    from dpsync.checks.rule import Rule
    from dpsync.manifests.fields import Described
    from dpsync.model.outline import Field


@click.command()
@click.argument("what", metavar="[RULE|KIND|FIELD]", required=False, shell_complete=complete_pages)
def command(what: str | None) -> None:
    """Say what a guardrail looks for, or what a field means.

    Without anything, lists every guardrail and every kind. With RULE, prints the page of a guardrail: what it holds back,
    why, and what to do. With KIND, the fields of a kind; with FIELD, such as DataProduct.spec.sources, what may stand in
    it and what happens when it is left out. dpsync.yaml is the kind Workspace. Needs no workspace and no connection.
    Exit 1: there is no such guardrail, kind or field.
    """
    from dpsync.checks import GUARDRAILS

    width = page_for(sys.stdout).width
    rules = {one.name: one for one in GUARDRAILS}
    if what is None:
        lines = _list(GUARDRAILS, width)
    elif what in rules:
        lines = _page(rules[what], width)
    else:
        lines = _about(what, rules, width)
    for line in lines:
        click.echo(line)


def _about(what: str, rules: dict[str, Rule], width: int) -> Iterator[str]:
    from dpsync.manifests import fields
    from dpsync.model.validation import closest
    from dpsync.settings import Workspace

    kinds = fields.documents(Workspace)
    first = what.partition(".")[0]
    if first.casefold() not in map(str.casefold, kinds) and not what.startswith("dpsync.yaml"):
        meant = closest(first, (*kinds, *rules))
        rest = what[len(first) :] if meant in kinds else ""
        hint = (
            f"Did you mean {meant + rest!r}?"
            if meant
            else f"Guardrails have a page: {', '.join(rules)}. So have kinds and their fields: {', '.join(kinds)}."
        )
        raise UsageError(f"There is no page about {what!r}.", hint)
    return _field_page(fields.described(what, Workspace), width)


# Kinds and fields.


def _field_page(found: Described, width: int) -> Iterator[str]:
    from dpsync.model.outline import outline

    field = found.field
    yield _wrapped(f"{found.path}: {found.meaning}", width)
    yield ""
    if field is None:
        if found.kind is not None:
            yield (
                "Written to the marketplace."
                if found.kind.written
                else "Looked up in the marketplace, never written."
            )
            yield ""
    else:
        for sentence in _facts(found, field):
            yield _wrapped(sentence, width)
        if field.examples:
            yield ""
            yield "Example:"
            yield from (f"    {line}" for line in _example(field.name, field.examples[0]))
        if found.variants:
            yield ""
    for variant in found.variants:
        if len(found.variants) > 1:
            yield _wrapped(f"{variant.meaning} Its fields:", width)
        else:
            yield "Fields:"
        yield from _fields(variant.fields, width)
    if found.kind is not None and field is None:
        yield ""
        yield "Fields of `spec`:"
        yield from _fields(outline(found.kind.spec), width)


def _fields(fields: Iterable[Field], width: int) -> Iterator[str]:
    for one in fields:
        yield _wrapped(f"{one.name}: {one.shape}{', required' if one.required else ''}", width, "  ")
        yield _wrapped(one.meaning, width, "      ")


def _facts(found: Described, field: Field) -> Iterator[str]:
    from dpsync.manifests.write import flow

    yield f"Type: {field.shape}." if not field.by_name else f"Type: {field.shape}; the names are yours."
    if field.required:
        yield "Left out: an error."
    elif field.default is not None:
        yield f"Left out: {flow(field.default)}."
    elif field.managed and found.sent and not found.whole:
        yield "Left out: not managed, which is neither sent nor compared."
    else:
        yield "Left out: nothing."
    yield "null: clears it." if field.clearable else "null: an error."
    if field.unordered:
        yield "Order: of no meaning; the list is compared as a set."
    if field.replaced_whole:
        yield "Written: by a call of its own, which replaces the whole list."
    if field.refers:
        inherited = " What is left out here may come from its `defaults`." if field.inherits else ""
        yield f"Refers to: {field.refers}, by key, `{{name: …}}` or `{{id: …}}`.{inherited}"
    if found.kind is not None and found.path != f"{found.kind.name}.spec":
        yield "Marketplace: written to it." if found.sent else "Marketplace: never sent to it."
    if found.path.endswith(".metadata.id"):
        yield "Environments: a map gives each its own id; one that it does not name uses the computed one."
    elif found.path.startswith("Workspace.spec.environments."):
        yield "Environments: each has its own."
    elif found.kind is not None:
        yield "Environments: the same in all of them."


def _example(name: str, value: Any) -> Iterator[str]:
    """A field as YAML: what is deep on lines of its own, what is flat in brackets."""
    from dpsync.manifests.write import flow, inline

    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        yield f"{name}:"
        yield from (f"  - {flow(one)}" for one in value)
    elif isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        yield f"{name}:"
        for inner, one in value.items():
            yield from (f"  {line}" for line in _example(inner, one))
    elif isinstance(value, str) and value.endswith("\n"):
        yield f"{name}: |"
        yield from (f"  {line}" for line in value.splitlines())
    else:
        yield f"{name}: {flow(value) if isinstance(value, dict | list) else inline(value)}"


# Guardrails.


def _list(rules: tuple[Rule, ...], width: int) -> Iterator[str]:
    for rule in rules:
        yield f"{rule.name}  ({_defaults(rule)})"
        yield _wrapped(rule.summary, width, "    ")
        yield ""
    yield _wrapped("`dpsync explain RULE` prints the page of one.", width)
    yield ""
    yield from _kinds(width)


def _kinds(width: int) -> Iterator[str]:
    from dpsync.manifests import fields
    from dpsync.settings import Workspace

    for one in fields.documents(Workspace).values():
        yield one.path
        yield _wrapped(one.meaning, width, "    ")
        yield ""
    yield _wrapped(
        "`dpsync explain KIND` lists the fields of one, `dpsync explain DataProduct.spec.sources` says what may stand in "
        "a field.",
        width,
    )


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

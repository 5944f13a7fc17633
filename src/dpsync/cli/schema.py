"""`dpsync schema`."""

from __future__ import annotations

import click

from dpsync.cli.keys import complete_kinds
from dpsync.errors import UsageError


@click.command()
@click.argument("kind", required=False, shell_complete=complete_kinds)
def command(kind: str | None) -> None:
    """Print the JSON Schema of manifests, for editors.

    Without KIND, that of a document of any kind, which holds for each document of a file: manifests, exceptions from
    guardrails and dpsync.yaml alike. With KIND, that of one kind: DataProduct, RequestForm, DataUseAgreement, Domain,
    DataSource, Workspace or GuardrailException. It is JSON Schema 2020-12. Needs no workspace and no connection.
    """
    click.echo(schema_text(kind), nl=False)


def schema_text(kind: str | None = None) -> str:
    """The schema of one kind, or of documents of any, as JSON. Raises UsageError where there is no such kind."""
    import json

    from dpsync import checks
    from dpsync.manifests import schema
    from dpsync.model.validation import closest
    from dpsync.settings import Workspace

    limits = [schema.Limit(rule.name, rule.summary, rule.defaults) for rule in checks.GUARDRAILS]
    named = None if kind is None else schema.kind_named(kind)
    if kind is not None and named is None:
        meant = closest(kind, schema.names())
        hint = f"Did you mean {meant!r}?" if meant else f"Kinds are {', '.join(schema.names())}."
        raise UsageError(f"There is no kind {kind!r}.", hint)
    made = (
        schema.schema_of_any(Workspace, limits)
        if named is None
        else schema.schema_of(named, Workspace, limits)
    )
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"

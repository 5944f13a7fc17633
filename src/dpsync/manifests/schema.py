"""JSON Schema (2020-12) of every document of a workspace, made from the models, for editors and other validators.

A room of its own because the models say more than pydantic's own schema does: null is allowed only where it clears a field,
a reference and a source have shapes of their own, and what a field of a spec is when it is left out is no default. A schema
knows less than `validate`: nothing of other documents, and of one document only what can be said field by field. It must
never refuse what `validate` accepts, and never be used to validate here: its messages are not ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from dpsync.kinds import API_VERSION, KINDS
from dpsync.kinds.sources import SOURCE_SCHEMA
from dpsync.manifests.exceptions import GuardrailException
from dpsync.manifests.files import EXCEPTION_KIND, WORKSPACE_KIND
from dpsync.manifests.load import Manifest, Metadata
from dpsync.model.base import Spec
from dpsync.model.fields import Clearable
from dpsync.model.kind import Kind
from dpsync.model.outline import models_of, names_of
from dpsync.model.reference import CUID_PATTERN, KEY_PATTERN, REFERENCE_SCHEMA, UUID_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


class Limit(NamedTuple):
    """What `dpsync.yaml` may say about one guardrail: its name, a sentence about it, and its thresholds."""

    name: str
    meaning: str
    thresholds: Mapping[str, float]


def schema_of_any(workspace: type[BaseModel], limits: Sequence[Limit]) -> Schema:
    """The schema of a document of whatever kind, which is that of a whole file: each of its documents is held to it."""
    parts = _documents(workspace, limits)
    kinds = {
        "description": f"One of {', '.join(KINDS)}; in files of their own {WORKSPACE_KIND} and {EXCEPTION_KIND}.",
        "enum": list(parts),
    }
    return {
        "$schema": DIALECT,
        "title": "A document of dpsync",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"description": f"It is {API_VERSION}.", "const": API_VERSION},
            "kind": kinds,
            "metadata": {"type": "object"},
            "spec": {"type": "object"},
        },
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in parts
        ],
        "$defs": {**_shared(), **{inner: one for part in parts.values() for inner, one in part.defs.items()}}
        | {name: part.root for name, part in parts.items()},
    }


def schema_of(name: str, workspace: type[BaseModel], limits: Sequence[Limit]) -> Schema:
    """The schema of a document of one kind. Raises KeyError for a kind that there is not."""
    part = _documents(workspace, limits)[name]
    definitions = {**_shared(), **part.defs}
    used = _reached(part.root, definitions)
    return {
        "$schema": DIALECT,
        **part.root,
        "$defs": {inner: one for inner, one in definitions.items() if inner in used},
    }


def names() -> tuple[str, ...]:
    """What a document of a workspace may be: the kinds, the workspace itself, and an exception."""
    return (*KINDS, WORKSPACE_KIND, EXCEPTION_KIND)


def kind_named(text: str) -> str | None:
    """The kind of document that somebody typed, in upper or lower case; None where there is none."""
    return next((name for name in names() if name.casefold() == text.casefold()), None)


class _Part(NamedTuple):
    root: Schema
    defs: dict[str, Schema]


def _documents(workspace: type[BaseModel], limits: Sequence[Limit]) -> dict[str, _Part]:
    parts = {kind.name: _manifest(kind) for kind in KINDS.values()}
    settings = _of(workspace)
    _with_limits(settings, limits)
    parts[WORKSPACE_KIND] = settings
    exceptions = _of(GuardrailException)
    exceptions.defs["ExceptionSpec"]["properties"]["rule"]["enum"] = [limit.name for limit in limits]
    parts[EXCEPTION_KIND] = exceptions
    return parts


def _shared() -> dict[str, Schema]:
    return {"Reference": dict(REFERENCE_SCHEMA), "Source": dict(SOURCE_SCHEMA)}


# ---------------------------------------------------------------------------------------- one document


def _manifest(kind: Kind) -> _Part:
    """The schema of a manifest: the outermost fields, which all kinds have, and the spec of this one."""
    outer, spec = _of(Manifest), _of(kind.spec)
    metadata = outer.defs.pop(Metadata.__name__)
    metadata["properties"]["name"]["pattern"] = KEY_PATTERN
    if kind.pinned_by == "metadata.id":
        live_id = {
            "type": "string",
            "pattern": f"^(?:{UUID_PATTERN}{'|' + CUID_PATTERN if kind.cuids else ''})$",
        }
        metadata["properties"]["id"] |= {
            "anyOf": [live_id, {"type": "object", "additionalProperties": live_id}]
        }
    else:
        del metadata["properties"]["id"]
    name = f"{kind.name}Metadata"
    properties = outer.root["properties"]
    properties["apiVersion"] = _constant(properties["apiVersion"], API_VERSION)
    properties["kind"] = _constant(properties["kind"], kind.name)
    properties["metadata"]["$ref"] = f"#/$defs/{name}"
    properties["spec"] = {
        "description": properties["spec"]["description"],
        "$ref": f"#/$defs/{kind.spec.__name__}",
    }
    outer.root["title"] = kind.name
    outer.root["description"] = f"A {kind.noun}."
    return _Part(outer.root, {name: metadata, kind.spec.__name__: spec.root, **spec.defs})


def _constant(field: Schema, value: str) -> Schema:
    return {"description": field["description"], "const": value}


class _Generated(GenerateJsonSchema):
    """Pydantic's own schema; unions that a field tells apart are plain ones, as editors know them."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> Schema:
        made = super().generate(schema, mode)
        made.pop("$schema", None)
        return made

    def tagged_union_schema(self, schema: Any) -> Schema:
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return {"anyOf": made.pop("oneOf"), **made} if "oneOf" in made else made


def _of(model: type[BaseModel]) -> _Part:
    """The schema of a model and those that it leads to, each with what its marks say."""
    made = model.model_json_schema(schema_generator=_Generated)
    definitions: dict[str, Schema] = made.pop("$defs", {})
    for one in models_of(model):
        schema = made if one is model else definitions[one.__name__]
        _marked(one, schema)
    return _Part(_referring(made), {name: _referring(one) for name, one in definitions.items()})


def _marked(model: type[BaseModel], schema: Schema) -> None:
    """Say of each field what pydantic does not know: whether null means something, and that omitted is not empty."""
    if model.__doc__:
        schema["description"] = " ".join(model.__doc__.split())
    for name, field in names_of(model).items():
        found = schema["properties"][name]
        found.pop("title", None)
        if not any(isinstance(mark, Clearable) for mark in field.metadata):
            _without_null(found)
        if issubclass(model, Spec) or found.get("default", ...) is None:
            found.pop("default", None)


def _without_null(field: Schema) -> None:
    others = [one for one in field.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) == len(field.get("anyOf", ())):
        return
    del field["anyOf"]
    field.update(others[0] if len(others) == 1 else {"anyOf": others})


_HOISTED = {"dpsync:reference": "Reference", "dpsync:source": "Source"}


def _referring(schema: Any) -> Any:
    """The schema with a `$ref` where a shape stands that many fields have."""
    if isinstance(schema, dict):
        if schema.get("format") in _HOISTED:
            rest = {name: value for name, value in schema.items() if name != "format"}
            return {"$ref": f"#/$defs/{_HOISTED[schema['format']]}", **rest}
        return {name: _referring(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_referring(value) for value in schema]
    return schema


def _with_limits(settings: _Part, limits: Sequence[Limit]) -> None:
    """Name every guardrail with its thresholds wherever guardrails are set."""
    severity = settings.defs.pop("Guardrail")["properties"]["severity"]
    rules = {
        limit.name: {
            "description": limit.meaning,
            "type": "object",
            "properties": {
                "severity": severity,
                **{
                    name: {"description": f"Without the line, {default:g}.", "type": "number", "minimum": 0}
                    for name, default in limit.thresholds.items()
                },
            },
            "additionalProperties": False,
        }
        for limit in limits
    }
    settings.defs["Guardrails"] = {"type": "object", "properties": rules, "additionalProperties": False}
    for owner in ("WorkspaceSpec", "Environment"):
        field = settings.defs[owner]["properties"]["guardrails"]
        for name in ("type", "additionalProperties", "default"):
            field.pop(name, None)
        field["$ref"] = "#/$defs/Guardrails"


def _reached(schema: Any, definitions: Mapping[str, Schema]) -> set[str]:
    """The names of the definitions that a schema leads to."""
    reached: set[str] = set()
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(_references(definitions[name]))
    return reached


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/$defs/")
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)

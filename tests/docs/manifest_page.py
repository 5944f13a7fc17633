"""The tables of `docs/manifests.md`, made from the models, so that the page cannot say anything else than the code.

A table stands between `<!-- fields: Model -->` (or another name of `TABLES`) and `<!-- end -->`; everything else on the
page is written by hand. `DPSYNC_GOLDEN=write python -m pytest tests/test_docs.py` writes the tables anew.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dpsync.kinds import KINDS
from dpsync.manifests.exceptions import ExceptionMetadata, ExceptionSpec, GuardrailException
from dpsync.manifests.load import Manifest, Metadata
from dpsync.model.base import Spec
from dpsync.model.fields import Clearable, Refers, ReplacedWhole, Unordered
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.variable import VariableValue
from dpsync.settings import (
    Environment,
    EnvironmentDeadlines,
    Guardrail,
    OwnerRule,
    ProtectedObjects,
    Workspace,
    WorkspaceMetadata,
    WorkspaceSpec,
)

LINKS: Mapping[str, str] = {
    "Metadata": "[metadata](#metadata)",
    "RequestForms": "[pair of forms](#the-pair-of-forms)",
    "ReviewFlows": "[review flows](#the-review-flows-of-a-product)",
    "ProductReviewFlow": "[review flow](#review-flows): `approve` or `review`",
    "FormReviewFlow": "[review flow](#review-flows)",
    "DomainDefaults": "[defaults](#defaults-of-a-domain)",
    "Stage": "[stages](#stages)",
    "Reviewer": "[reviewers](#reviewers)",
    "FormField": "[questions](#questions)",
    "WorkspaceMetadata": "metadata",
    "WorkspaceSpec": "spec",
    "Environment": "[environments](#environments)",
    "EnvironmentDeadlines": "[deadlines](#deadlines)",
    "Guardrail": "[guardrails](#guardrails)",
    "OwnerRule": "[owners](#owners)",
    "ProtectedObjects": "[protected](#protected)",
    "ExceptionMetadata": "metadata",
    "ExceptionSpec": "spec",
}
"""How a field's type is called where it is a model of its own, and where it is described."""

NOUNS: Mapping[str, str] = {
    **{name: kind.noun for name, kind in KINDS.items()},
    "User": "person",
    "Group": "group",
}

OUTER: tuple[type[BaseModel], ...] = (Manifest, Metadata)
SETTINGS: tuple[type[BaseModel], ...] = (
    Workspace,
    WorkspaceMetadata,
    WorkspaceSpec,
    Environment,
    EnvironmentDeadlines,
    Guardrail,
    OwnerRule,
    ProtectedObjects,
)
EXCEPTIONS: tuple[type[BaseModel], ...] = (GuardrailException, ExceptionMetadata, ExceptionSpec)

EMPTY: Mapping[str, str] = {"sources": "no sources", "fields": "no questions", "agreements": "no agreements"}
"""What an empty list means, by field."""

MANAGED = ("DataProductSpec", "RequestForms", "ReviewFlows", "RequestFormSpec", "DataUseAgreementSpec")
"""Models in which a field that is left out is not managed; elsewhere it has its default, or nothing."""


def models_of(spec: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """A model and all that its fields lead to, each once."""
    found: dict[type[BaseModel], None] = {spec: None}
    for field in spec.model_fields.values():
        for inner in _models_in(field.annotation):
            found.update(dict.fromkeys(models_of(inner)))
    return tuple(found)


def all_models() -> Mapping[str, type[BaseModel]]:
    """Every model that a manifest or `dpsync.yaml` is made of, by its name."""
    roots = [kind.spec for kind in KINDS.values()]
    listed = (*OUTER, *(model for root in roots for model in models_of(root)), *SETTINGS, *EXCEPTIONS)
    return {model.__name__: model for model in listed}


def fields_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by the names that they have in a manifest."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def rewritten(page: str) -> str:
    """The page with every table made anew. Raises KeyError for a table that nobody can make."""

    def made(found: re.Match[str]) -> str:
        return f"{found[1]}\n{TABLES[found[2]]()}\n<!-- end -->"

    return re.sub(r"(<!-- ([a-z]+(?:: \w+)?) -->)\n.*?<!-- end -->", made, page, flags=re.DOTALL)


def tables_in(page: str) -> set[str]:
    """The names of the tables that a page has."""
    return set(re.findall(r"<!-- ([a-z]+(?:: \w+)?) -->\n", page)) - {"end"}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


# Tables


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _fields(model: type[BaseModel]) -> str:
    rows = []
    for name, field in fields_of(model).items():
        rows.append(
            (
                f"`{name}`",
                _type(field),
                "yes" if field.is_required() else "no",
                _default(model, field),
                "clears it" if _is_clearable(field) else "error",
                _meaning(model, name, field),
            )
        )
    return _table(("Field", "Type", "Required", "Default", "`null`", "Meaning"), rows)


def _is_clearable(field: FieldInfo) -> bool:
    return any(isinstance(mark, Clearable) for mark in field.metadata)


def _meaning(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    assert field.description, f"{model.__name__}.{name} has no description"
    return field.description


def _default(model: type[BaseModel], field: FieldInfo) -> str:
    if field.is_required():
        return ""
    if model.__name__ in MANAGED:
        return "not managed"
    value = field.get_default()
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ((), {}):
        return "none"
    return "none" if value is None else f"`{value}`"


def _type(field: FieldInfo) -> str:
    refers = next((mark for mark in field.metadata if isinstance(mark, Refers)), None)
    bounds = {
        name: getattr(mark, name) for mark in field.metadata for name in ("ge", "le") if hasattr(mark, name)
    }
    limits = f" from {bounds['ge']}" if "ge" in bounds else ""
    limits += f" to {bounds['le']}" if "le" in bounds else ""
    return _words(field.annotation, refers) + limits


def _words(annotation: Any, refers: Refers | None) -> str:
    """A type in words."""
    if get_origin(annotation) is Annotated:
        return _words(get_args(annotation)[0], refers)
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _words(members[0], refers)
        if annotation == VariableValue:
            return "[value](environments.md#variables)"
        return LINKS[_UNIONS[frozenset(model.__name__ for member in members for model in _models_in(member))]]
    if get_origin(annotation) is Literal:
        *others, last = [_written(value) for value in get_args(annotation)]
        return f"{', '.join(others)} or {last}" if others else last
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        if inner is SourceReference or SourceReference in get_args(inner):
            return "list of [sources](#sources)"
        if inner is Reference:
            assert refers is not None
            return f"list of [references](#references) to {KINDS[refers.to].plural}"
        return "list of texts" if _words(inner, None) == "text" else f"list of {_words(inner, None)}"
    if get_origin(annotation) is dict:
        inner = get_args(annotation)[1]
        if inner is Any:
            return "JSON objects"
        return "texts by name" if inner is str else f"{_words(inner, refers)} by name"
    if annotation is Reference:
        assert refers is not None
        return f"[reference](#references) to a {NOUNS[refers.to]}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return LINKS[annotation.__name__]
    return _PLAIN[annotation]


_PLAIN: Mapping[Any, str] = {str: "text", int: "whole number", bool: "`true` or `false`", Any: "see below"}
_UNIONS: Mapping[frozenset[str], str] = {
    frozenset({"Approve", "Review"}): "ProductReviewFlow",
    frozenset({"Approve", "Deny", "Review", "Delegate"}): "FormReviewFlow",
    frozenset({"ChoiceField", "ShortAnswerField", "AccessDurationField"}): "FormField",
    frozenset(
        {
            "UserReviewer",
            "GroupReviewer",
            "PermissionReviewer",
            "DomainPermissionReviewer",
            "AttributeReviewer",
            "CatalogPermissionReviewer",
        }
    ): "Reviewer",
}


def _written(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# The one table about what is left out


def _omissions() -> str:
    rows = []
    for kind in KINDS.values():
        if not kind.written:
            continue
        for path, model, name, field in _paths(kind.spec):
            rows.append(
                (
                    f"`{kind.name}`",
                    f"`{path}`",
                    _omitted(kind.spec, model, name, field),
                    _null(field),
                    EMPTY.get(name, "error") if get_origin(field.annotation) is tuple else "error",
                    _value(path, field),
                )
            )
    return _table(("Kind", "Field", "Omitted", "`null`", "`[]`", "A value"), rows)


def _paths(spec: type[Spec]) -> Iterator[tuple[str, type[BaseModel], str, FieldInfo]]:
    """The fields that are compared one by one, with their dotted names."""
    for name, field in fields_of(spec).items():
        inner = [model for model in _models_in(field.annotation) if model.__name__ in MANAGED]
        yield name, spec, name, field
        for model in inner:
            for other, below in fields_of(model).items():
                yield f"{name}.{other}", model, other, below


def _omitted(spec: type[BaseModel], model: type[BaseModel], name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "error" if model is spec else "error, if the other one is there"
    gives = KINDS["Domain"].spec.model_fields["defaults"].annotation
    inherited = {other for giver in _models_in(gives) for other in fields_of(giver)}
    if spec is KINDS["DataProduct"].spec and model is spec and name in inherited:
        return "the domain's default; without one, not managed"
    return "not managed"


def _null(field: FieldInfo) -> str:
    if not _is_clearable(field):
        return "error"
    return "the default flow, written out" if list(_models_in(field.annotation)) else "clears it"


def _value(path: str, field: FieldInfo) -> str:
    if path == "lifecycle":
        return "see [lifecycle](#lifecycle)"
    if path == "requestForm":
        return "as both `requestForms`"
    if any(isinstance(mark, Unordered | ReplacedWhole) for mark in field.metadata):
        return "the whole list; its order does not count"
    if get_origin(field.annotation) is tuple:
        return "the whole list; its order counts"
    inner = list(_models_in(field.annotation))
    if any(model.__name__ in MANAGED for model in inner):
        return "field by field"
    return "the whole flow" if inner else "compared, and sent where it differs"


TABLES: Mapping[str, Callable[[], str]] = {
    **{f"fields: {name}": partial(_fields, model) for name, model in all_models().items()},
    "omissions": _omissions,
}
"""What makes each table."""

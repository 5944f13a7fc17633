"""A field by what a person calls it: `DataProduct.spec.sources`, and everything that may be called so.

A room of its own because a kind's fields are in models of several places (what is around every manifest, the kind, the
workspace), and a person knows one document. It answers what there is, and must never be used to read a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from dpsync.errors import UsageError
from dpsync.kinds import KINDS
from dpsync.manifests.exceptions import GuardrailException
from dpsync.manifests.files import EXCEPTION_KIND, WORKSPACE_FILE, WORKSPACE_KIND
from dpsync.manifests.load import Manifest
from dpsync.model.kind import Kind
from dpsync.model.outline import Field, outline
from dpsync.model.validation import closest

MOST_DEEP = 8


@dataclass(frozen=True, slots=True)
class Described:
    """What there is to say about a document or a field of one. `field` is None for a document; `kind`, where it has one.

    `variants` are what may stand in it: usually one, several where a field of it tells them apart. `sent`: the
    marketplace gets it. `whole`: it is a part of something that is compared as one.
    """

    path: str
    meaning: str
    kind: Kind | None
    field: Field | None
    variants: tuple[Variant, ...] = ()
    sent: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to fill a mapping: a sentence about it, and its fields."""

    meaning: str
    fields: tuple[Field, ...]


def documents(workspace: type[BaseModel]) -> Mapping[str, Described]:
    """Every kind of document, by name."""
    made = {
        kind.name: Described(kind.name, _sentence(kind.spec), kind, None, (Variant("", _around(kind)),))
        for kind in KINDS.values()
    }
    for name, model in ((WORKSPACE_KIND, workspace), (EXCEPTION_KIND, GuardrailException)):
        made[name] = Described(name, _sentence(model), None, None, _variants((model,)))
    return made


def described(path: str, workspace: type[BaseModel]) -> Described:
    """What a dotted path means, such as `DataProduct.spec.sources`. Raises UsageError with the closest name."""
    found = documents(workspace)
    name, *steps = re.sub(r"\[\w*\]", "", path.replace(WORKSPACE_FILE, WORKSPACE_KIND, 1)).split(".")
    named = next((one for one in found if one.casefold() == name.casefold()), None)
    if named is None:
        raise _unknown(name, "kind", found)
    here = found[named]
    for step in filter(None, steps):
        here = _inside(here, step)
    return here


def paths(workspace: type[BaseModel]) -> Iterator[str]:
    """Every path that means something, from the documents down."""
    for one in documents(workspace).values():
        yield from _paths(one, 0)


def _paths(here: Described, depth: int) -> Iterator[str]:
    yield here.path
    names = dict.fromkeys(field.name for variant in here.variants for field in variant.fields)
    for name in names if depth < MOST_DEEP else ():
        yield from _paths(_inside(here, name), depth + 1)


def _inside(here: Described, step: str) -> Described:
    fields = [field for variant in here.variants for field in variant.fields if field.name == step]
    if not fields:
        if (
            here.field is not None and here.field.by_name
        ):  # a name of one's own, such as that of an environment
            return replace(here, field=replace(here.field, by_name=False))
        known = [field.name for variant in here.variants for field in variant.fields]
        raise _unknown(f"{here.path}.{step}", "field", [f"{here.path}.{name}" for name in known])
    field = fields[0]
    models = dict.fromkeys(model for one in fields for model in one.models)
    spec = here.kind.spec if here.kind is not None and here.field is None and step == "spec" else None
    variants = _variants((spec,) if spec is not None else tuple(models))
    sent = here.sent or (spec is not None and here.kind is not None and here.kind.written)
    meaning = " ".join(dict.fromkeys(one.meaning for one in fields))
    whole = here.whole or (here.field is not None and here.field.whole)
    return Described(f"{here.path}.{step}", meaning, here.kind, field, variants, sent, whole)


def _around(kind: Kind) -> tuple[Field, ...]:
    """The outermost fields of a manifest; those of `spec` are a kind's own."""
    return tuple(
        replace(field, shape="mapping", examples=()) if field.name == "spec" else _of_kind(field, kind)
        for field in outline(Manifest)
    )


def _of_kind(field: Field, kind: Kind) -> Field:
    return replace(field, examples=(kind.name,)) if field.name == "kind" else field


def _variants(models: Sequence[type[BaseModel]]) -> tuple[Variant, ...]:
    return tuple(Variant(_sentence(model), outline(model)) for model in models)


def _sentence(model: type[BaseModel]) -> str:
    text = " ".join((model.__doc__ or "").split())
    return re.sub(r"\s\(FACTS [^)]*\)", "", text)


def _unknown(name: str, noun: str, known: Sequence[str] | Mapping[str, Described]) -> UsageError:
    meant = closest(name, known)
    if meant is not None:
        return UsageError(f"There is no {noun} {name!r}.", f"Did you mean {meant!r}?")
    owner = name.rpartition(".")[0]
    listed = ", ".join(dict.fromkeys(one.rpartition(".")[2] for one in known))
    return UsageError(
        f"There is no {noun} {name!r}.",
        f"{owner or 'It'} has: {listed}." if listed else f"{owner} has no fields.",
    )

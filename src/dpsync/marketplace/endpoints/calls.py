"""What the endpoints share when they turn a change into calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dpsync.marketplace.paths import below
from dpsync.model.base import Spec
from dpsync.model.call import Action, Call
from dpsync.model.change import Change

Wanted = TypeVar("Wanted", bound=Spec)


def changed_fields(change: Change) -> tuple[str, ...]:
    """The manifest names of the fields that change, each once, whatever is inside them."""
    return tuple(dict.fromkeys(field.path.split(".")[0] for field in change.fields))


def desired(change: Change, spec: type[Wanted]) -> Wanted:
    """The spec that the object shall have."""
    assert change.after is not None
    assert isinstance(change.after.spec, spec)
    return change.after.spec


def deleted(change: Change, collection: str) -> Call:
    """The call that deletes the object."""
    return Call(Action.DELETE, "DELETE", below(collection, change.id))


def one_object_calls(
    change: Change,
    collection: str,
    created: Callable[[Change], dict[str, Any]],
    updated: Callable[[Change], dict[str, Any]],
) -> tuple[Call, ...]:
    """The calls for a kind whose every change is one call; none if nothing that is written changes."""
    if change.action is Action.DELETE:
        return (deleted(change, collection),)
    if change.action is Action.CREATE:
        return (Call(Action.CREATE, "POST", collection, created(change)),)
    body = updated(change)
    return (Call(Action.UPDATE, "PUT", below(collection, change.id), body),) if body else ()

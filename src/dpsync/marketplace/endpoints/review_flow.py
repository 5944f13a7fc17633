"""Review flows on the wire, where they are called policies (FACTS 2.4): shared by products and forms.

Reading is the inverse of writing. The order of reviewers is kept, whole numbers become integers, and `version` is
neither sent nor kept. Rules are passed through, less the display names that the server adds to people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dpsync.kinds.review_flow import (
    DEFAULT_FLOW,
    Approve,
    AttributeReviewer,
    CatalogPermissionReviewer,
    Delegate,
    Deny,
    DomainPermissionReviewer,
    GroupReviewer,
    PermissionReviewer,
    Review,
    Stage,
    UserReviewer,
)
from dpsync.marketplace.wire import unreadable, whole
from dpsync.model.base import Spec
from dpsync.model.reference import Reference

Names = Mapping[str, str]
"""Names of domains by id."""


# -- reading ---------------------------------------------------------------------------------------------------------


def read_or_default(payload: Any, domains: Names, what: str) -> Spec:
    """A product's flow; absent and null are the documented default."""
    if payload is None or _is_default(payload):
        return DEFAULT_FLOW
    return read(payload, domains, what)


def _is_default(payload: Any) -> bool:
    """Whether this is the default flow as it is documented: that of most products, and then one value for all."""
    return (
        isinstance(payload, dict)
        and payload.get("rules") == []
        and payload.get("defaultEvent") == _DEFAULT_EVENT
    )


def read(payload: Any, domains: Names, what: str) -> Spec:
    """The flow that a payload describes. Raises BadAnswer for what this dpsync does not know."""
    try:
        rules = tuple(_rule(rule) for rule in payload["rules"])
        event = payload["defaultEvent"]
        made = _EVENTS.get(event["type"])
        if made is None:
            raise unreadable(what, f"its review flow ends in an event of the type {event['type']!r}")
        return made(event.get("params") or {}, rules, domains)
    except _Unknown as unknown:
        raise unreadable(what, str(unknown)) from None
    except (KeyError, TypeError, AttributeError):
        raise unreadable(what, "its review flow does not have the published shape") from None


class _Unknown(Exception):
    """A part of a flow that this dpsync does not know."""


def _rule(rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict):
        raise TypeError
    plain: dict[str, Any] = whole(rule)
    return {**plain, "event": _undecorated(plain.get("event"))}


def _undecorated(value: Any) -> Any:
    if isinstance(value, dict):
        person = value.get("type") == "USER"
        return {
            name: _undecorated(entry)
            for name, entry in value.items()
            if not (person and name == "displayName")
        }
    return [_undecorated(entry) for entry in value] if isinstance(value, list) else value


def _approve(params: dict[str, Any], rules: tuple[dict[str, Any], ...], _domains: Names) -> Spec:
    return Approve.of(
        decision="approve",
        comment=params.get("comment"),
        duration=whole(params.get("duration")),
        duration_unit=params.get("durationUnit"),
        rules=rules,
    )


def _deny(params: dict[str, Any], rules: tuple[dict[str, Any], ...], _domains: Names) -> Spec:
    return Deny.of(decision="deny", comment=params.get("comment"), rules=rules)


def _review(params: dict[str, Any], rules: tuple[dict[str, Any], ...], domains: Names) -> Spec:
    stages = tuple(_stage(stage, domains) for stage in params["stages"])
    return Review.of(decision="review", stages=stages, rules=rules)


def _delegate(_params: dict[str, Any], rules: tuple[dict[str, Any], ...], _domains: Names) -> Spec:
    return Delegate.of(decision="delegate", rules=rules)


_EVENTS: Mapping[str, Callable[[dict[str, Any], tuple[dict[str, Any], ...], Names], Spec]] = {
    "approve": _approve,
    "deny": _deny,
    "review": _review,
    "dataProductPolicy": _delegate,
}


def _stage(stage: Any, domains: Names) -> Stage:
    modes = [mode for mode in ("any", "all") if stage.get(mode)]
    if len(modes) != 1:
        raise _Unknown("a stage of its review flow has not one list of reviewers")
    return Stage.of(**{modes[0]: tuple(_reviewer(each, domains) for each in stage[modes[0]])})


def _reviewer(reviewer: Any, domains: Names) -> Spec:
    made = _REVIEWERS.get(reviewer["type"])
    if made is None:
        raise _Unknown(f"its review flow has a reviewer of the type {reviewer['type']!r}")
    return made(reviewer, domains)


def _user(reviewer: dict[str, Any], _domains: Names) -> Spec:
    identity = str(whole(reviewer["id"]))
    return UserReviewer.of(user=Reference(reviewer.get("displayName") or identity, "id", identity))


def _group(reviewer: dict[str, Any], _domains: Names) -> Spec:
    identity, name = whole(reviewer.get("id")), reviewer["name"]
    group = Reference(name) if identity is None else Reference(name, "id", str(identity))
    return GroupReviewer.of(group=group, iam=reviewer.get("iamId"))


def _domain_permission(reviewer: dict[str, Any], domains: Names) -> Spec:
    identity = reviewer.get("domainId")
    domain = Reference(domains.get(identity, identity), "id", identity) if identity else None
    return DomainPermissionReviewer.of(domain_permission=reviewer["permission"], domain=domain)


_REVIEWERS: Mapping[str, Callable[[dict[str, Any], Names], Spec]] = {
    "USER": _user,
    "GROUP": _group,
    "PERMISSION": lambda reviewer, _domains: PermissionReviewer.of(permission=reviewer["permission"]),
    "DOMAIN PERMISSION": _domain_permission,
    "ATTRIBUTE": lambda reviewer, _domains: AttributeReviewer.of(
        attribute=reviewer["key"], value=reviewer["value"]
    ),
    "CATALOG PERMISSION": lambda _reviewer, _domains: CatalogPermissionReviewer.of(catalog_permission=True),
}


# -- writing ---------------------------------------------------------------------------------------------------------


def written(flow: Spec) -> dict[str, Any]:
    """The flow as the API takes it. No `version` is sent: the server makes it."""
    return {"rules": [dict(rule) for rule in getattr(flow, "rules", ())], "defaultEvent": _event(flow)}


def _event(flow: Spec) -> dict[str, Any]:
    if isinstance(flow, Approve):
        params = {"comment": flow.comment, "duration": flow.duration, "durationUnit": flow.duration_unit}
        return {"type": "approve", "params": _said(params)}
    if isinstance(flow, Deny):
        return {"type": "deny", "params": _said({"comment": flow.comment})}
    if isinstance(flow, Review):
        return {"type": "review", "params": {"stages": [_written_stage(stage) for stage in flow.stages]}}
    return {"type": "dataProductPolicy"}


def _written_stage(stage: Stage) -> dict[str, Any]:
    return {
        "any" if stage.any is not None else "all": [
            _WRITTEN[type(reviewer)](reviewer) for reviewer in stage.reviewers
        ]
    }


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


_WRITTEN: Mapping[type[Spec], Callable[[Any], dict[str, Any]]] = {
    UserReviewer: lambda reviewer: {"type": "USER", "id": reviewer.user.id},
    GroupReviewer: lambda reviewer: _said(
        {"type": "GROUP", "name": reviewer.group.text, "iamId": reviewer.iam}
    ),
    PermissionReviewer: lambda reviewer: {"type": "PERMISSION", "permission": reviewer.permission},
    DomainPermissionReviewer: lambda reviewer: _said(
        {
            "type": "DOMAIN PERMISSION",
            "permission": reviewer.domain_permission,
            "domainId": reviewer.domain.id if reviewer.domain is not None else None,
        }
    ),
    AttributeReviewer: lambda reviewer: {
        "type": "ATTRIBUTE",
        "key": reviewer.attribute,
        "value": reviewer.value,
    },
    CatalogPermissionReviewer: lambda _reviewer: {"type": "CATALOG PERMISSION"},
}

_DEFAULT_EVENT = _event(DEFAULT_FLOW)

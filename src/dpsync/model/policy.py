"""The policy of a workspace: how strict its guardrails are, what is protected, who owns what, and what is allowed for once.

A value of its own because it may come from another Git revision than the manifests (`--policy-from`). It is read by
`settings.py` and `manifests/`, and asked by `checks/`. It must never say where a token goes; that is in the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dpsync.model.place import Origin


@dataclass(frozen=True, slots=True)
class Exemption:
    """A guardrail that is not asked about one resource, for a reason and until a day (inclusive).

    `resource` is an address (`DataProduct/na-sales`; of what no manifest names, `DataProduct/<live id>`). `origin` is its
    document; None: it was allowed on the command line.
    """

    rule: str
    resource: str
    reason: str = ""
    until: date | None = None
    origin: Origin | None = None

    def is_over(self, today: date) -> bool:
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the manifests below some paths, and what they may declare there; empty means anything.

    `paths` are globs relative to the workspace. `domains` are keys or names, `kinds` names of kinds, `labels` what a
    manifest has to carry.
    """

    name: str
    paths: tuple[str, ...]
    domains: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Protection:
    """What must not be deleted or suspended: addresses, patterns of live names, domains by key, name or id."""

    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that guardrails go by.

    `guardrails`: by rule, `severity` and thresholds, those of the environment over those of the workspace.
    `sensitive_tags` are patterns (`Discovered.PII*`), `names` a regular expression for display names by domain,
    `exclusive` the domains in which nobody else may have products.
    """

    guardrails: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    sensitive_tags: tuple[str, ...] = ()
    owners: tuple[Owner, ...] = ()
    protected: Protection = Protection()
    names: Mapping[str, str] = field(default_factory=dict)
    exclusive: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """What the command line lets pass, as `RULE:RESOURCE`."""
        return tuple(f"{one.rule}:{one.resource}" for one in self.exemptions if one.origin is None)

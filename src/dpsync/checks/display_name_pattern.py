"""display-name-pattern: products of a domain are called as the domain has agreed to.

The display name is what consumers search for, and what reports and other catalogs link by. `displayNames` in dpsync.yaml
gives a regular expression for each domain, by its key, name or id. The whole name of a product must match it where the
product is made, gets another name, or comes to the domain. Products that are there already under other names are left in
peace.

What to do: choose a name that matches. If the agreement has changed, change the expression in dpsync.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dpsync.checks.domains import domain_name, domains_of, every_domain
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.finding import Finding, Severity

NAME = "display-name-pattern"
KIND = "DataProduct"


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each product that gets a name, or comes to a domain, where its name does not match the domain's pattern."""
    wanted = [(every_domain(planned, text), pattern) for text, pattern in planned.policy.names.items()]
    for change in planned.plan.changes:
        if change.kind != KIND or change.after is None or not _names(change):
            continue
        title = change.after.title
        mine = domains_of(change.after.spec)
        for domains, pattern in wanted:
            here = mine & domains
            if here and not re.fullmatch(pattern, title):
                yield Finding(
                    NAME,
                    Severity.ERROR,
                    f"The name {title!r} does not match `{pattern}`, "
                    f"as display names in the domain {domain_name(planned, min(here))} must.",
                    "Choose a name that matches, or change the expression under `displayNames` in dpsync.yaml.",
                    change.after.origins.of(("name",)),
                    change.address,
                )


def _names(change: Change) -> bool:
    """Whether the change gives its object a name, or takes it to a domain."""
    if change.action is Action.CREATE:
        return True
    return change.action is not Action.DELETE and any(
        field.path in {"name", "domain"} for field in change.fields
    )


RULE = Rule(NAME, check)

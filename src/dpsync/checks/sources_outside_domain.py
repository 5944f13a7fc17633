"""sources-outside-domain: a product has sources of its own domain only.

A domain is whose data it is: its stewards decide who gets it, and the marketplace offers the sources of a product's own
domain only (FACTS 0.6). A source that the domain does not list is looked for in the other domains that the plan reads. If
exactly one source is meant there, the plan shows it and this rule holds the change back, and says which domain has it. A
pattern (`match`) never leaves the domain. Where such a source is in the product already there is nothing to hold back;
then it is a warning.

What to do: have the source assigned to the product's domain, or leave it out and list it in a product of the domain that
has it. Only if your marketplace takes it all the same, grant an exception, or set the rule's `severity: warning`; a
marketplace that does not take it answers with an error, and the change fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dpsync.checks.domains import domain_name, domains_of
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.model.finding import Finding, Severity
from dpsync.model.resource import Resource

NAME = "sources-outside-domain"
KIND = "DataProduct"


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Block each change of a product that is to have a source of another domain."""
    for resource in planned.resolved:
        if resource.kind == KIND and resource.lifecycle not in {"retired", "released"}:
            yield from _outside(planned, resource)


def _outside(planned: Planned, resource: Resource) -> Iterator[Finding]:
    listings = planned.live.catalog.sources
    mine = domains_of(resource.spec)
    if not mine or not all(domain in listings for domain in mine):
        return
    listed = planned.live.catalog.domains_by_source
    own = domain_name(planned, min(mine))
    for source in getattr(resource.spec, "sources", ()):
        others = listed.get(source.id or "", ())
        if not others or not mine.isdisjoint(others):
            continue
        where = " and ".join(sorted(domain_name(planned, domain) for domain in others))
        yield Finding(
            NAME,
            Severity.ERROR if resource.address in planned.plan.by_address else Severity.WARNING,
            f"{source} is not in the domain {own}. It is in {where}: a product has sources of its own domain only.",
            f"Have it assigned to {own}, or list it in a product of {where} instead.",
            resource.origins.of(("sources", source.index)),
            resource.address,
        )


RULE = Rule(NAME, check, severities=(Severity.WARNING, Severity.ERROR))

"""exclusive-domain: in a domain that is to be kept in Git alone, products made by hand are reported.

`exclusiveDomains` in dpsync.yaml lists domains, by key, name or id, in which every product should stand in a manifest of
this workspace. What somebody makes there by hand, or another workspace, is reviewed by nobody, and dpsync never touches it.
The rule reports such products, a finding for each domain, whenever a plan reads the domain. It holds nothing back. A plan
of a part does not read all products of a domain, and a notice says that it does not know.

What to do: adopt each of them: write a manifest that pins its id as `metadata.id`. Or have it deleted, or moved to a
domain that is not exclusive. `dpsync plan --unmanaged` lists them with their ids.
"""

from __future__ import annotations

from collections.abc import Iterable

from dpsync.checks.domains import domain_name, domains_of, every_domain
from dpsync.checks.rule import Numbers, Planned, Rule
from dpsync.kinds.catalog import DOMAINS, SOURCE_KIND
from dpsync.model.finding import Finding, Severity
from dpsync.model.identity import is_of_workspace
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource

NAME = "exclusive-domain"
KIND = "DataProduct"

_LISTED = 5


def check(planned: Planned, _numbers: Numbers) -> Iterable[Finding]:
    """Report the unmanaged products of each exclusive domain that the plan reads."""
    exclusive = {domain for text in planned.policy.exclusive for domain in every_domain(planned, text)}
    read = {domain for domain in exclusive if _is_read(planned, domain)}
    if not read:
        return
    if planned.plan.unmanaged is None:
        yield _unknown(planned, read)
        return
    unmanaged = _unmanaged(planned)
    for domain in sorted(read, key=lambda one: (domain_name(planned, one), one)):
        found = [one for one in unmanaged if domain in domains_of(one.spec)]
        if found:
            yield _finding(planned, domain, found)


def _unknown(planned: Planned, read: set[str]) -> Finding:
    names = ", ".join(sorted(domain_name(planned, one) for one in read))
    return Finding(
        NAME,
        Severity.NOTICE,
        f"Not all products were read for this partial plan, so whether all of them in {names} are in a manifest is not known.",
        "A plan of everything says it.",
    )


def _is_read(planned: Planned, domain: str) -> bool:
    """Whether the plan asks for the sources of the domain, be it in vain."""
    return domain in planned.live.catalog.sources or planned.live.gap(SOURCE_KIND, domain) is not None


def _unmanaged(planned: Planned) -> list[LiveResource]:
    declared = {one.id.casefold() for one in planned.desired.of_kind(KIND)}
    workspace = planned.desired.workspace_id
    return sorted(
        (
            one
            for one in planned.live.of_kind(KIND)
            if one.id.casefold() not in declared and not is_of_workspace(workspace, KIND, one.id)
        ),
        key=lambda one: (one.title, one.id),
    )


def _finding(planned: Planned, domain: str, found: list[LiveResource]) -> Finding:
    name = domain_name(planned, domain)
    count = f"{len(found)} data product{'s' if len(found) != 1 else ''}"
    if planned.live.gap(KIND) is not None:
        count = f"at least {count}"
    listed = [repr(one.title) for one in found[:_LISTED]]
    if len(found) > _LISTED:
        listed.append(f"{len(found) - _LISTED} more")
    return Finding(
        NAME,
        Severity.WARNING,
        f"The domain {name} is to be kept by this workspace alone, and {count} in it "
        f"{'is' if len(found) == 1 else 'are'} in no manifest: {', '.join(listed)}.",
        "Adopt what is to stay, with a manifest that pins its `metadata.id`, and have the rest moved or deleted. "
        "`dpsync plan --unmanaged` lists all.",
        address=_address(planned, domain),
    )


def _address(planned: Planned, domain: str) -> Address | None:
    """The address under which the workspace declares the domain, if it does."""
    name = domain_name(planned, domain)
    return next(
        (
            one.address
            for one in planned.desired.of_kind(DOMAINS)
            if domain == one.id or (not one.pinned and one.title == name)
        ),
        None,
    )


RULE = Rule(NAME, check, severities=(Severity.WARNING,))

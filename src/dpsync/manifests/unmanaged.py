"""What the manifests leave to the marketplace although it decides about access.

Omitted is not empty (ADR 2): a field that no manifest names is not managed, and that is often what is wanted. It is said
once per field, so that nobody believes that what is not written is not there. Not a check: nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from dpsync.kinds import KINDS
from dpsync.model.base import Spec
from dpsync.model.finding import Finding, Severity
from dpsync.model.kind import Kind
from dpsync.model.reference import Address, Reference
from dpsync.model.resource import Resource

_ENDED = {"retired", "released"}
_NAMED = 3


def left_to_the_marketplace(resources: Sequence[Resource]) -> tuple[Finding, ...]:
    """One notice per field that decides about access and that some resources do not manage."""
    declared = {one.address: one for one in resources}

    def spec_of(kind: str, reference: Reference) -> Spec | None:
        one = declared.get(Address(kind, reference.text)) if reference.how == "key" else None
        return one.spec if one is not None else None

    left: dict[tuple[str, str], list[str]] = {}
    for one in resources:
        if one.lifecycle not in _ENDED:
            for field in one.spec.undecided(spec_of):
                left.setdefault((one.kind, field), []).append(str(one.address))
    return tuple(_notice(KINDS[kind], field, addresses) for (kind, field), addresses in left.items())


def _notice(kind: Kind, field: str, without: list[str]) -> Finding:
    noun = kind.noun if len(without) == 1 else kind.plural
    named = ", ".join(without[:_NAMED]) + (", …" if len(without) > _NAMED else "")
    return Finding(
        "unmanaged-field",
        Severity.NOTICE,
        f"`{field}` of {len(without)} {noun} is left to the marketplace: {named}.",
        "That is as it should be where people set it by hand; otherwise write it.",
    )

"""Review flows: who decides about a request, in a manifest's words.

Shared by request forms and data products. `rules` stay opaque JSON, because the facts that conditions may name are not
documented (FACTS 2.4); everything else is modelled, so that two flows that mean the same compare as equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StrictInt, Tag, model_validator

from dpsync.model.base import Spec
from dpsync.model.fields import Refers
from dpsync.model.reference import Reference

DurationUnit = Literal["HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"]
GlobalPermission = Literal["GOVERNANCE", "USER_ADMIN", "AUDIT"]
DomainPermission = Literal["Manage Policies", "Audit Activity", "Manage Data Products", "Manage Identifiers"]


class UserReviewer(Spec):
    """One person, by e-mail or username."""

    user: Annotated[
        Reference,
        Field(description="This person, by e-mail or username.", examples=["jane.doe@acme.example"]),
        Refers("User"),
    ]

    def __str__(self) -> str:
        return str(self.user)


class GroupReviewer(Spec):
    """Anybody in a group, by its name. The identity provider (`iam`) counts only where it is stated (FACTS 7.7)."""

    group: Annotated[
        Reference,
        Field(description="Anybody in this group, by its name.", examples=["Data Stewards"]),
        Refers("Group", within="iam"),
    ]
    iam: Annotated[
        str | None,
        Field(
            description="The identity provider of the group. Compared only where it is written.",
            examples=["okta"],
        ),
    ] = None

    def matches(self, live: Any) -> bool:
        return (
            isinstance(live, GroupReviewer)
            and self.group.text == live.group.text
            and (self.iam is None or self.iam == live.iam)
        )

    def __str__(self) -> str:
        return f"group {self.group}"


class PermissionReviewer(Spec):
    """Anybody who holds a global permission."""

    permission: Annotated[
        GlobalPermission,
        Field(description="Anybody who holds this global permission.", examples=["GOVERNANCE"]),
    ]

    def __str__(self) -> str:
        return self.permission


class DomainPermissionReviewer(Spec):
    """Anybody who holds a permission in a domain; without `domain`, in the product's own (FACTS 2.4)."""

    domain_permission: Annotated[
        DomainPermission,
        Field(
            description="Anybody who holds this permission in a domain.", examples=["Manage Data Products"]
        ),
    ]
    domain: Annotated[
        Reference | None,
        Field(
            description="That domain; without it, the domain of the product that is asked for.",
            examples=["sales"],
        ),
        Refers("Domain"),
    ] = None

    def matches(self, live: Any) -> bool:
        return (
            isinstance(live, DomainPermissionReviewer)
            and self.domain_permission == live.domain_permission
            and self.domain == live.domain
        )

    def __str__(self) -> str:
        return f"{self.domain_permission} in {self.domain}" if self.domain else self.domain_permission


class AttributeReviewer(Spec):
    """Anybody with an attribute of this key and value."""

    attribute: Annotated[
        str,
        Field(
            min_length=1, description="Anybody who has an attribute with this key …", examples=["Department"]
        ),
    ]
    value: Annotated[str, Field(description="… and this value.", examples=["Finance"])]

    def __str__(self) -> str:
        return f"anyone with {self.attribute} = {self.value}"


class CatalogPermissionReviewer(Spec):
    """Anybody whom the connected catalog lets decide."""

    catalog_permission: Annotated[
        Literal[True], Field(description="Anybody whom the connected catalog lets decide.", examples=[True])
    ]

    def __str__(self) -> str:
        return "anyone whom the catalog lets decide"


_REVIEWERS = {
    "user": UserReviewer,
    "group": GroupReviewer,
    "permission": PermissionReviewer,
    "domainPermission": DomainPermissionReviewer,
    "attribute": AttributeReviewer,
    "catalogPermission": CatalogPermissionReviewer,
}


def _which_reviewer(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((name for name in _REVIEWERS if name in value), None)
    return next((name for name, reviewer in _REVIEWERS.items() if isinstance(value, reviewer)), None)


Reviewer = Annotated[
    Annotated[UserReviewer, Tag("user")]
    | Annotated[GroupReviewer, Tag("group")]
    | Annotated[PermissionReviewer, Tag("permission")]
    | Annotated[DomainPermissionReviewer, Tag("domainPermission")]
    | Annotated[AttributeReviewer, Tag("attribute")]
    | Annotated[CatalogPermissionReviewer, Tag("catalogPermission")],
    Discriminator(
        _which_reviewer,
        custom_error_type="reviewer",
        custom_error_message=(
            "a reviewer is one of user, group, permission, domainPermission, attribute or catalogPermission"
        ),
    ),
]


class Stage(Spec):
    """One stage of a review: `any` of these reviewers decides, or `all` of them must approve."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    any: Annotated[
        tuple[Reviewer, ...] | None,
        Field(
            min_length=1,
            description="One of these reviewers is enough. Exactly one of `any` and `all`.",
            examples=[[{"group": "Data Stewards"}, {"permission": "GOVERNANCE"}]],
        ),
    ] = None
    all: Annotated[
        tuple[Reviewer, ...] | None,
        Field(
            min_length=1,
            description="Every one of these reviewers has to approve. Exactly one of `any` and `all`.",
            examples=[[{"user": "jane.doe@acme.example"}, {"group": "Privacy Office"}]],
        ),
    ] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Stage:
        if (self.any is None) == (self.all is None):
            raise ValueError("a stage has either `any` or `all`")
        return self

    @property
    def reviewers(self) -> tuple[Spec, ...]:
        return self.any or self.all or ()

    def matches(self, live: Any) -> bool:
        """Reviewers of a stage are a set: order and repetition have no meaning."""
        if not isinstance(live, Stage) or (self.any is None) != (live.any is None):
            return False
        return all(any(mine.matches(other) for other in live.reviewers) for mine in self.reviewers) and all(
            any(mine.matches(other) for mine in self.reviewers) for other in live.reviewers
        )

    def __str__(self) -> str:
        names = sorted(str(reviewer) for reviewer in self.reviewers)
        if len(names) == 1:
            return names[0]
        if self.all is not None:
            return f"all of {', '.join(names[:-1])} and {names[-1]}"
        permissions = (PermissionReviewer, DomainPermissionReviewer)
        are_holders = all(isinstance(reviewer, permissions) for reviewer in self.reviewers)
        return f"{'any holder of ' if are_holders else ''}{', '.join(names[:-1])} or {names[-1]}"


_ADDED = frozenset({"id", "iamId", "displayName"})
"""What the server may add to a reviewer of an opaque rule (FACTS 7.7)."""


def _covers(mine: Any, live: Any) -> bool:
    """Whether opaque JSON is the same, but for what the server adds to people and groups, and for display names."""
    if isinstance(mine, dict) and isinstance(live, dict):
        if mine.get("type") in {"USER", "GROUP"} and mine.get("type") == live.get("type"):
            stated = set(mine) - {"displayName"}
            return set(live) - stated <= _ADDED and all(
                _covers(mine[name], live.get(name)) for name in stated
            )
        return mine.keys() == live.keys() and all(_covers(mine[name], live[name]) for name in mine)
    if isinstance(mine, list | tuple) and isinstance(live, list | tuple):
        return len(mine) == len(live) and all(
            _covers(one, other) for one, other in zip(mine, live, strict=True)
        )
    return bool(mine == live)


Rules = Annotated[
    tuple[dict[str, Any], ...],
    Field(
        description=(
            "Rules that are asked before the decision, as the API has them. "
            "Passed on as they are; their order counts."
        ),
        examples=[[{"conditions": {"all": []}, "event": {"type": "dataProductPolicy", "params": {}}}]],
    ),
]


class _Flow(Spec):
    if TYPE_CHECKING:  # declared by each flow, as the last of its fields
        rules: tuple[dict[str, Any], ...] = ()

    @property
    def delegates(self) -> bool:
        """Whether a request can reach the product's own flow: by default, or by a rule."""
        events = (rule.get("event") for rule in self.rules)
        return any(isinstance(event, dict) and event.get("type") == "dataProductPolicy" for event in events)

    def _same_rules(self, live: _Flow) -> bool:
        return _covers(list(self.rules), list(live.rules))

    def _with_rules(self, sentence: str) -> str:
        if not self.rules:
            return sentence
        count = len(self.rules)
        return f"{count} rule{'s' if count > 1 else ''}, otherwise {sentence}"


class Approve(_Flow):
    """Every request is approved at once, with a comment, for ever or for a time."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"duration": ["durationUnit"], "durationUnit": ["duration"]},
        }
    )

    decision: Annotated[
        Literal["approve"], Field(description="Every request is approved at once.", examples=["approve"])
    ]
    comment: Annotated[
        str | None,
        Field(
            description="The justification that is recorded with the approval.",
            examples=["Reference data is open to everybody."],
        ),
    ] = None
    duration: Annotated[
        StrictInt | None,
        Field(
            ge=1,
            description="How long the access lasts; without it, for ever. Needs `durationUnit`.",
            examples=[30],
        ),
    ] = None
    duration_unit: Annotated[
        DurationUnit | None, Field(description="The unit of `duration`.", examples=["DAYS"])
    ] = None
    rules: Rules = ()

    @model_validator(mode="after")
    def _duration_has_a_unit(self) -> Approve:
        if (self.duration is None) != (self.duration_unit is None):
            raise ValueError("duration and durationUnit go together")
        return self

    def matches(self, live: Any) -> bool:
        return isinstance(live, Approve) and self.content == live.content and self._same_rules(live)

    @property
    def content(self) -> tuple[object, ...]:
        return (self.comment or None, self.duration, self.duration_unit)

    def __str__(self) -> str:
        time = ""
        if self.duration:
            unit = str(self.duration_unit).lower()
            time = f" for {self.duration} {unit.removesuffix('s') if self.duration == 1 else unit}"
        return self._with_rules(f"approved at once{time}")


class Deny(_Flow):
    """Every request is denied."""

    decision: Annotated[
        Literal["deny"], Field(description="Every request is denied at once.", examples=["deny"])
    ]
    comment: Annotated[
        str | None,
        Field(
            description="The justification that is recorded with the denial.",
            examples=["Closed for the audit."],
        ),
    ] = None
    rules: Rules = ()

    def matches(self, live: Any) -> bool:
        return (
            isinstance(live, Deny)
            and (self.comment or None) == (live.comment or None)
            and self._same_rules(live)
        )

    def __str__(self) -> str:
        return self._with_rules("denied at once")


class Review(_Flow):
    """People decide, stage after stage."""

    decision: Annotated[
        Literal["review"], Field(description="People decide, stage after stage.", examples=["review"])
    ]
    stages: Annotated[
        tuple[Stage, ...],
        Field(
            min_length=1,
            description="The stages, in order; at least one.",
            examples=[[{"any": [{"group": "Data Stewards"}]}]],
        ),
    ]
    rules: Rules = ()

    def matches(self, live: Any) -> bool:
        return (
            isinstance(live, Review)
            and len(self.stages) == len(live.stages)
            and all(mine.matches(other) for mine, other in zip(self.stages, live.stages, strict=True))
            and self._same_rules(live)
        )

    def __str__(self) -> str:
        return self._with_rules(", then ".join(str(stage) for stage in self.stages))


class Delegate(_Flow):
    """The data product's own review flow decides."""

    decision: Annotated[
        Literal["delegate"],
        Field(description="The data product's own review flow decides.", examples=["delegate"]),
    ]
    rules: Rules = ()

    @property
    def delegates(self) -> bool:
        return True

    def matches(self, live: Any) -> bool:
        return isinstance(live, Delegate) and self._same_rules(live)

    def __str__(self) -> str:
        return self._with_rules("decided by the product's own review flow")


FormReviewFlow = Annotated[Approve | Deny | Review | Delegate, Field(discriminator="decision")]
ProductReviewFlow = Annotated[Approve | Review, Field(discriminator="decision")]

DEFAULT_FLOW = Review.of(
    decision="review",
    stages=(
        Stage.of(
            any=(
                PermissionReviewer.of(permission="GOVERNANCE"),
                DomainPermissionReviewer.of(domain_permission="Manage Data Products"),
            )
        ),
    ),
)
"""The flow that a product has when none was ever set (FACTS 2.4)."""

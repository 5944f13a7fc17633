"""Review flows as the API shows them, where they are called policies (FACTS 2.4).

A room of its own because products, forms and approval records have them in common. Conditions of rules are not
documented and are passed on as they are. Must never be used to decide who approves; the marketplace does.
"""

from __future__ import annotations

from pydantic import Field

from dpsync.marketplace.models.base import Answer, Json, Number
from dpsync.marketplace.wire import Id


class Reviewer(Answer):
    """Who may review; which fields there are depends on `type`.

    USER: `id`, `display_name`. GROUP: `name`, `id`, `iam_id`. PERMISSION: `permission`. DOMAIN PERMISSION: `permission`,
    and `domain_id`, without which the product's own domain is meant. ATTRIBUTE: `key`, `value`. CATALOG PERMISSION: none.
    """

    type: str
    id: Id | None = None
    display_name: str | None = None
    name: str | None = None
    iam_id: Id | None = None
    permission: str | None = None
    domain_id: Id | None = None
    key: str | None = None
    value: str | None = None


class Stage(Answer):
    """One stage of a review: `all_of` must approve, or one of `any_of`."""

    all_of: tuple[Reviewer, ...] | None = Field(None, alias="all")
    any_of: tuple[Reviewer, ...] | None = Field(None, alias="any")


class ReviewParameters(Answer):
    """What an event says more: a comment, how long an approval lasts (in `duration_unit`s), or the stages."""

    comment: str | None = None
    duration: Number | None = None
    duration_unit: str | None = None
    stages: tuple[Stage, ...] = ()


class ReviewEvent(Answer):
    """What happens with a request. `type` is approve, deny, review, or dataProductPolicy, which delegates."""

    type: str
    params: ReviewParameters = ReviewParameters()


class Policy(Answer):
    """A review flow: the event of the first of `rules` that holds, else `default_event`."""

    version: str | None = None
    rules: tuple[Json, ...] = ()
    default_event: ReviewEvent

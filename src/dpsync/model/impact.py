"""Impact: who gains and who loses access by a change, and what it was worked out from.

A member is a distinct user with an approved, unexpired `DATA_ACCESS` request. What could not be read is None, which
counts as risky and never as zero. The values stand here because four rooms speak of them: `marketplace/` reads the
`Evidence`, `impact/` works out the `Impact`, `checks/` and `reports/` ask it. Nothing here reads or decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dpsync.model.reference import SourceReference
from dpsync.model.state import Person

People = frozenset[str] | None
"""Ids of users, or None where they are not known."""


class Reach(StrEnum):
    """How far the question goes who keeps a source through another product: `--impact`."""

    COUNTS = (
        "counts"  # nobody's members are read; only a product without approved requests is known to have none
    )
    MANAGED = "managed"  # members of changed products, and of the workspace's others that have a source that comes or goes
    FULL = "full"  # of every product that has a source that comes or goes


@dataclass(frozen=True, slots=True)
class Questions:
    """What has to be read for the impact of a plan.

    `products` are ids of products whose members are asked for; `forms` ids of forms whose products are. `added` are ids of
    sources that come, whose tags are asked for, and `sensitive` the patterns of tags that are called out; `shown` says
    which product has an added source already and so shows its columns, by source id. `touched` are ids of sources that
    members gain or lose: of the products in `elsewhere`, whose sources were not read, those that have one are asked for
    their members, too. `everywhere`: with these, every product that may give a touched source is asked.
    """

    products: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    sensitive: tuple[str, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is in a product: its members, by user id, and how many masking exceptions are approved."""

    members: frozenset[str] = frozenset()
    exceptions: int = 0


@dataclass(frozen=True)
class Evidence:
    """What was read for the impact of a plan. What is missing from a mapping is not known.

    `audiences` by product id; `contents` are the sources of products that the live state does not tell; `reached` are the
    ids of the products of a form, by form id. By source id: `tags` are the sensitive tags on an added source or its
    columns, `column_tags` those of them that are on at least one column, and `columns` the names of these columns, if a
    product shows them. `everywhere`: everything that was asked of products outside the workspace was answered.
    """

    audiences: Mapping[str, Audience] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    column_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class SourceImpact:
    """One source that people gain or lose at once. `people` are those who do; None: not known who.

    `keepers` neither gain nor lose it, because a product of `through` (titles, one for each keeper, each once) gives it to
    them as well. `tags` are the sensitive ones on the source or on a column of it; None: not known. Those in `column_tags`
    are on at least one column, and `columns` names these columns; empty: no product shows them. `is_new`: it is in no known
    product yet (FACTS 0.5).
    """

    source: SourceReference
    people: People = None
    keepers: frozenset[str] = frozenset()
    through: tuple[str, ...] = ()
    tags: tuple[str, ...] | None = ()
    column_tags: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a change touches. Numbers that are None are not known.

    `gained` and `lost` have every source that comes or goes, also where that is nothing to anybody: `people` is then empty.
    `members` are those of the product now, if the change touches what it gives, and otherwise nobody. `ended` is how many
    approvals a delete ends for good: as many as members, or, if these were not read, as the product says it has, which
    counts masking exceptions, too. `exceptions` is how many masking exceptions end, `pending` how many requests wait that
    the change ends or concerns, `products` how many products a form or agreement reaches. `uncertain` says why what people
    keep is not known (a move to another domain); empty if it is. `everywhere`: products outside the workspace were looked
    at, too. `nearby`: not even all of the workspace's were, only those of a partial plan and those whose manifests name
    the same sources.
    """

    gained: tuple[SourceImpact, ...] = ()
    lost: tuple[SourceImpact, ...] = ()
    members: People = frozenset()
    ended: int | None = 0
    exceptions: int | None = 0
    pending: int | None = 0
    products: int | None = 0
    uncertain: str = ""
    everywhere: bool = False
    nearby: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    """What the people in it are called, by user id; empty unless names were asked for (`--show-members`)."""

    @property
    def gainers(self) -> People:
        """Everybody who gains a source."""
        return _together(one.people for one in self.gained)

    @property
    def losers(self) -> People:
        """Everybody who loses a source, or may."""
        return self.members if self.uncertain else _together(one.people for one in self.lost)

    @property
    def takes_access(self) -> bool:
        """Whether somebody loses something, or may: what is not known counts as yes."""
        return self.losers is None or bool(self.losers) or self.ended is None or self.ended > 0

    @property
    def gives_access(self) -> bool:
        """Whether somebody gains something at once, or may."""
        return self.gainers is None or bool(self.gainers)


def _together(groups: Iterable[People]) -> People:
    found: set[str] = set()
    for people in groups:
        if people is None:
            return None
        found |= people
    return frozenset(found)

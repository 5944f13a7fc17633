"""Everything that is said about people: who gains and who loses access, what ends, and what nobody could find out.

A room of its own because it is what a reviewer has to understand first. The words come from a change's impact; for a
change without one, from the number of its approved requests, where one person may hold two. What is not known is said to
be unknown, never left out and never taken for zero. Access by other policies of the platform is never claimed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dpsync.model.base import Spec, rules_of
from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.fields import Effect
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.reference import SourceReference
from dpsync.reports.layout import Line
from dpsync.reports.numbers import counted, joined, named, people, verb
from dpsync.reports.values import quoted

GROUPS = 8
"""Of how many groups of sources with the same people each has a line of its own."""

_FAR = ", as far as managed products show"
_NEAR = ", as far as this partial plan has read"
_UNREAD = "the members were not read"


# One change, in full


def access_lines(change: Change) -> tuple[Line, ...]:
    """Who is given access, from whom it is taken, what ends, and what a reader should know about the sources."""
    if change.impact is None:
        return tuple(_by_requests(change))
    return tuple(_by_impact(change, change.impact))


def _by_impact(change: Change, impact: Impact) -> Iterator[Line]:
    yield from _nobody(change, impact)
    yield from _losses(change, impact)
    yield from _endings(change, impact)
    yield from _gains(change, impact)
    yield from _tags(change, impact)
    yield from _first_publishing(change, impact)
    yield from _review(change, impact)


@dataclass(frozen=True, slots=True)
class _Group:
    """Sources of which the same is said; `when` is when it holds."""

    sources: tuple[SourceReference, ...]
    people: People
    keepers: frozenset[str]
    through: tuple[str, ...]
    when: str

    @property
    def them(self) -> str:
        return "it" if len(self.sources) == 1 else "them"

    @property
    def other_products(self) -> str:
        return named([quoted(title) for title in self.through]) or "another product"


def _groups(sources: Iterable[SourceImpact], when: Callable[[SourceReference], str]) -> tuple[_Group, ...]:
    """The sources with the same people, together."""
    found: dict[tuple[People, frozenset[str], tuple[str, ...], str], list[SourceReference]] = {}
    for one in sources:
        key = (one.people, one.keepers, one.through, when(one.source))
        found.setdefault(key, []).append(one.source)
    return tuple(_Group(tuple(members), *key) for key, members in found.items())


def _telling(groups: tuple[_Group, ...]) -> tuple[_Group, ...]:
    """The groups that are something to somebody; of many, the largest first."""
    telling = tuple(group for group in groups if group.people is None or group.people or group.keepers)
    if len(telling) > GROUPS:
        telling = tuple(
            sorted(telling, key=lambda group: (group.people is not None, -len(group.people or ())))
        )
    return telling


def _more(word: str, groups: tuple[_Group, ...]) -> Iterator[Line]:
    """What is left of more groups than a reader can follow."""
    if groups:
        number = sum(len(group.sources) for group in groups)
        yield Line(0, f"{word} access: … and {counted(number, 'more source')} (the JSON report lists all)")


def _losses(change: Change, impact: Impact) -> Iterator[Line]:
    removed = set(change.sources.removed)
    is_suspended = _lifecycle_after(change) == "suspended" and _lifecycle_before(change) != "suspended"

    def when(source: SourceReference) -> str:
        return "until it is active again" if is_suspended and source not in removed else "at once"

    groups = _telling(_groups(impact.lost, when))
    for place, group in enumerate(groups[:GROUPS]):
        far = "" if place else _far(impact)
        yield Line(0, _lost(change, impact, group, far))
        yield from _names(impact, "loses", group.people)
        yield from _names(impact, "keeps", group.keepers)
    yield from _more("takes", groups[GROUPS:])
    if impact.uncertain and impact.members != frozenset():
        number = _number(impact.members)
        yield Line(0, f"takes access: {people(number)} may lose it ({impact.uncertain})")
        yield from _names(impact, "may lose access", impact.members)


def _far(impact: Impact) -> str:
    """How far was looked for other products that give people the same."""
    if impact.everywhere:
        return ""
    return _NEAR if impact.nearby else _FAR


def _lost(change: Change, impact: Impact, group: _Group, far: str) -> str:
    sources = _sources(change, group.sources)
    if group.people is None and impact.members:
        number = len(impact.members)
        some = f"up to {people(number)} {verb(number, 'loses', 'lose')}"
        return f"takes access: {some} {sources} {group.when} (who keeps {group.them} elsewhere is not known)"
    if group.people is None:
        return f"takes access: {people(None)} lose {sources} {group.when} ({_unread(change)})"
    if not group.people:
        everybody = _everybody(impact, group.keepers, "keeps", "keep")
        return f"nobody loses {sources}: {everybody} {group.them} through {group.other_products}{far}"
    number, kept = len(group.people), len(group.keepers)
    keep = verb(kept, "keeps", "keep")
    aside = f" ({kept} {keep} {group.them} through {group.other_products})" if kept else ""
    return (
        f"takes access: {people(number)} {verb(number, 'loses', 'lose')} {sources} {group.when}{far}{aside}"
    )


def _endings(change: Change, impact: Impact) -> Iterator[Line]:
    """What ends with the change, apart from access to sources."""
    is_gone = _is_gone(change)
    ending = [
        (number, counted(number, noun))
        for number, noun in (
            (impact.ended, "approval"),
            (impact.exceptions if is_gone else impact.exceptions or 0, "masking exception"),
            (impact.pending if is_gone else 0, "pending request"),
        )
        if number != 0
    ]
    if ending:
        ends = verb(ending[0][0] if len(ending) == 1 else 2, "ends", "end")
        yield Line(0, f"{joined([words for _, words in ending])} {ends}{' for good' if is_gone else ''}")
    if impact.exceptions is None and not is_gone:
        yield Line(0, "masking exceptions may end; how many is not known")
    waits = impact.pending and not is_gone and not _is_review(change)
    if waits and (impact.lost or impact.gained or impact.uncertain):
        yield Line(0, f"{counted(impact.pending, 'request')} {verb(impact.pending, 'is', 'are')} pending")


def _is_gone(change: Change) -> bool:
    """Whether something by which people have access is deleted."""
    return change.action is Action.DELETE and change.before is not None and change.before.spec.gives_access


def _gains(change: Change, impact: Impact) -> Iterator[Line]:
    added = set(change.sources.added)

    def when(source: SourceReference) -> str:
        return "at once" if source in added else "again at once"

    groups = _telling(_groups(impact.gained, when))
    for place, group in enumerate(groups[:GROUPS]):
        near = _NEAR if impact.nearby and not place else ""
        yield Line(0, _gained(change, impact, group, near))
        yield from _names(impact, "gets", group.people)
    yield from _more("gives", groups[GROUPS:])


def _gained(change: Change, impact: Impact, group: _Group, near: str) -> str:
    sources = _sources(change, group.sources)
    if group.people is None and impact.members:
        number = len(impact.members)
        some = f"up to {people(number)} {verb(number, 'gets', 'get')}"
        return f"gives access: {some} {sources} {group.when} (who has {group.them} already is not known)"
    if group.people is None:
        return f"gives access: {people(None)} get {sources} {group.when} ({_unread(change)})"
    if not group.people:
        everybody = _everybody(impact, group.keepers, "has", "have")
        return (
            f"nobody gains {sources}: {everybody} {group.them} already through {group.other_products}{near}"
        )
    number, kept = len(group.people), len(group.keepers)
    have = verb(kept, "has", "have")
    aside = f" ({kept} {have} {group.them} already through {group.other_products})" if kept else ""
    return f"gives access: {people(number)} {verb(number, 'gets', 'get')} {sources} {group.when}{near}{aside}"


def _everybody(impact: Impact, keepers: frozenset[str], one: str, several: str) -> str:
    number = len(keepers)
    if number > 1 and impact.members is not None and keepers >= impact.members:
        return f"all {number} members {several}"
    return f"{people(number)} {verb(number, one, several)}"


def _nobody(change: Change, impact: Impact) -> Iterator[Line]:
    """That nobody gains or loses, where sources come or go all the same, and why."""
    if change.action is Action.CREATE:
        return
    loses = bool(impact.lost or impact.uncertain or _is_gone(change)) and not _somebody(impact.lost)
    gains = bool(impact.gained) and not _somebody(impact.gained)
    loses = loses and not (impact.uncertain and impact.members != frozenset())
    words = " or ".join(word for word, holds in (("gains", gains), ("loses", loses)) if holds)
    if not words:
        return
    if impact.members == frozenset():
        why = ": the product has no members"
    elif _lifecycle_before(change) == "suspended":
        why = ": the product is suspended"
    elif _lifecycle_after(change) == "suspended" and not loses:
        why = " until it is active again"
    elif _is_gone(change) and not impact.lost:
        why = ": the product has no sources"
    else:
        why = " at once"
    yield Line(0, f"nobody {words} access{why}")


def _somebody(sources: Iterable[SourceImpact]) -> bool:
    """Whether at least one of them is something to somebody, or may be."""
    return any(one.people is None or one.people or one.keepers for one in sources)


def _unread(change: Change) -> str:
    """What is known where the members are not."""
    approved = change.before.accesses.approved if change.before is not None else None
    if approved is None:
        return _UNREAD
    return f"{counted(approved, 'approved request')}; {_UNREAD}"


def _tags(change: Change, impact: Impact) -> Iterator[Line]:
    """The sensitive tags of sources that come: on columns, by name where a product shows them, or on the whole."""
    unknown = [one.source for one in impact.gained if one.tags is None]
    found: dict[tuple[str, tuple[str, ...]], list[SourceReference]] = {}
    for one in impact.gained:
        columns = (
            f"{verb(len(one.columns), 'column', 'columns')} {joined(one.columns)}" if one.columns else ""
        )
        on_columns = tuple(tag for tag in one.tags or () if tag in one.column_tags)
        on_source = tuple(tag for tag in one.tags or () if tag not in one.column_tags)
        for where, tags in ((f"{columns or 'at least one column'} of ", on_columns), ("", on_source)):
            if tags:
                found.setdefault((where, tags), []).append(one.source)
    for (where, tags), members in found.items():
        yield Line(0, f"sensitive tags on {where}{_sources(change, members)}: {', '.join(tags)}")
    if unknown:
        has = verb(len(unknown), "has", "have")
        yield Line(0, f"whether {_sources(change, unknown)} {has} sensitive tags is not known")


def _first_publishing(change: Change, impact: Impact) -> Iterator[Line]:
    """The warning that publishing a source can take access away from people who are no members (FACTS 0.5)."""
    new = [one.source for one in impact.gained if one.is_new]
    if not new:
        return
    is_all = len(new) > 1 and len(new) == len(impact.gained)
    what = f"all {len(new)} sources" if is_all else _sources(change, new)
    yield Line(
        0,
        f'published for the first time, as far as is known: {what}; who has access by an "Always Required" policy can lose it',
    )


def _review(change: Change, impact: Impact) -> Iterator[Line]:
    if change.before is None or not _is_review(change):
        return
    parts = ["applies to new requests"]
    if not change.before.spec.gives_access:
        parts.append(
            f"reaches {'no product' if impact.products == 0 else counted(impact.products, 'product')}"
        )
    if any(getattr(field.after, "decision", None) == "approve" for field in change.fields):
        parts.insert(0, "from now on, whoever asks is let in without review")
    if impact.pending != 0:
        parts.append(counted(impact.pending, "pending request"))
    if not impact.takes_access and not any(one.is_new for one in impact.gained):
        parts.append("nobody who has access loses it")
    yield Line(0, "; ".join(parts))


def _is_review(change: Change) -> bool:
    """Whether it changes how requests to an existing object are made or decided."""
    return change.before is not None and change.action is Action.UPDATE and Effect.REVIEW in change.effects


def _sources(change: Change, sources: Iterable[SourceReference]) -> str:
    """The sources by name, with the id where two of the change have the same."""
    impact = change.impact
    every = {*change.sources.added, *change.sources.removed}
    every |= {one.source for one in (*impact.gained, *impact.lost)} if impact is not None else set()
    texts = Counter(str(one) for one in every)
    names = [
        f"{one} (id {one.id})" if texts[str(one)] > 1 and one.id is not None else str(one) for one in sources
    ]
    return named(names, "source")


def _names(impact: Impact, word: str, who: People) -> Iterator[Line]:
    """The names of people, where they were asked for."""
    if impact.names and who:
        names = sorted(
            (impact.names.get(each, each) for each in who), key=lambda name: (name.casefold(), name)
        )
        yield Line(1, f"{word}: {', '.join(names)}")


# One change, in a few words


def brief(change: Change) -> str:
    """Who gains and who loses, in numbers alone: no text of anybody else is in it."""
    impact = change.impact
    if impact is None:
        lines = access_lines(change) if touches_somebody(change) else ()
        return "; ".join(line.text for line in lines if line.text.startswith(("takes", "gives")))
    parts = []
    if impact.losers is None or impact.losers:
        number = _number(impact.losers)
        loses = (
            "may lose access"
            if impact.uncertain
            else f"{verb(number, 'loses', 'lose')} {_touched(impact.lost)}"
        )
        parts.append(f"takes access: {people(number)} {loses}")
    elif impact.takes_access:
        parts.append(f"takes access: {counted(impact.ended, 'approval')} {verb(impact.ended, 'ends', 'end')}")
    if impact.gives_access:
        number = _number(impact.gainers)
        parts.append(
            f"gives access: {people(number)} {verb(number, 'gets', 'get')} {_touched(impact.gained)}"
        )
    if any(one.tags for one in impact.gained):
        parts.append("sensitive tags")
    return "; ".join(parts)


def _number(who: People) -> int | None:
    return None if who is None else len(who)


def _touched(sources: Iterable[SourceImpact]) -> str:
    """How many of the sources come or go for somebody."""
    return counted(sum(1 for one in sources if one.people is None or one.people), "source")


def touches_somebody(change: Change) -> bool:
    """Whether somebody gains or loses by it, or may."""
    if change.impact is not None:
        return change.impact.takes_access or change.impact.gives_access
    return change.before is not None and change.before.accesses.may_exist


def takes_access(change: Change) -> bool:
    """Whether somebody who has access may lose it; deleting what nobody has access to takes none."""
    if change.impact is not None:
        return change.impact.takes_access
    if change.before is None or not touches_somebody(change):
        return False
    return any(_taken(change, change.before.accesses.approved))


def gives_access(change: Change) -> bool:
    """Whether somebody may gain access by it."""
    if change.impact is not None:
        return change.impact.gives_access
    if change.before is None or change.action is Action.CREATE or not touches_somebody(change):
        return False
    return any(_given(change, change.before.accesses.approved))


# Without an impact: in the numbers of approved requests


def _by_requests(change: Change) -> Iterator[Line]:
    if change.before is None or change.action is Action.CREATE:
        return
    number = change.before.accesses.approved
    taken, given = tuple(_taken(change, number)), tuple(_given(change, number))
    if not taken and not given and _is_review(change):
        yield Line(0, "applies to new requests; access that is already approved stays")
    if number == 0:
        taken = ("from nobody, there is no approved access",) if taken else ()
        given = ("to nobody yet, there is no approved access",) if given else ()
    yield from (Line(0, f"takes access: {sentence}") for sentence in taken)
    yield from (Line(0, f"gives access: {sentence}") for sentence in given)


def _taken(change: Change, number: int | None) -> Iterator[str]:
    if change.action is Action.DELETE:
        if change.before is not None and _holds_sources(change.before.spec):
            yield _who(number, "ends with it", "end with it")
        return
    for field in change.fields:
        if Effect.REMOVES_ACCESS in field.effects:
            yield _TAKEN.get(field.path, _taken_somehow)(number)
    if change.sources.removed:
        sources = counted(len(change.sources.removed), "source")
        yield _who(number, f"loses {sources}", f"lose {sources}")


def _given(change: Change, number: int | None) -> Iterator[str]:
    if change.action is Action.DELETE:
        return
    for field in change.fields:
        if Effect.GRANTS_ACCESS in field.effects:
            yield _who(number, "works again", "work again")
    if change.sources.added:
        sources = f"{len(change.sources.added)} more source{'s' if len(change.sources.added) > 1 else ''}"
        when = "once it is active again" if _stays_suspended(change) else "at once"
        yield _who(number, f"gets {sources} {when}", f"get {sources} {when}")


def _suspended(number: int | None) -> str:
    return _who(number, "is suspended until it is active again", "are suspended until it is active again")


def _moved(number: int | None) -> str:
    return _who(number, "may end", "may end") + " (what a move to another domain keeps is not known)"


def _taken_somehow(number: int | None) -> str:
    return _who(number, "may end", "may end") + " (what this change keeps is not known)"


_TAKEN: Mapping[str, Callable[[int | None], str]] = MappingProxyType(
    {"lifecycle": _suspended, "domain": _moved}
)
"""What is said of a field that takes access away, by its path; of any other, that it is not known."""


def _who(number: int | None, one: str, several: str) -> str:
    return f"{counted(number, 'approved access', 'approved accesses')} {verb(number, one, several)}"


def _holds_sources(spec: Spec) -> bool:
    """Whether it is something that people have access to."""
    return any(rule.name == "sources" for rule in rules_of(type(spec)))


# Whether it is suspended


def _lifecycle_before(change: Change) -> str:
    return str(getattr(change.before and change.before.spec, "lifecycle", None) or "")


def _lifecycle_after(change: Change) -> str:
    after = next((field.after for field in change.fields if field.path == "lifecycle"), None)
    return str(after or _lifecycle_before(change))


def _stays_suspended(change: Change) -> bool:
    return _lifecycle_after(change) == "suspended"

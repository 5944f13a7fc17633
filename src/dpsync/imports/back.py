"""What is live, field by field, as the manifest that has the field would say it: for edits that are brought back into files.

Where a manifest has a list, what is still true of it stays as somebody wrote it and where it stands; what is new comes after
it. A source that a pattern brought cannot be taken out of a list, and a default is not the manifest's own: what is not said by
the manifest itself is `Unsayable` here, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dpsync.imports.words import Unsayable, Words, sources_in_order
from dpsync.kinds.request_form import RequestFormSpec
from dpsync.model.base import FieldRule, Spec, rules_of
from dpsync.model.reference import Reference, SourceReference


def said_now(words: Words, path: Sequence[str], written: Any, settled: Spec, live: Spec) -> Any:
    """What a field of a manifest has to say for it to be what is live. Raises Unsayable.

    `written` is what it says, `settled` the spec with every reference resolved.
    """
    *groups, last = path
    for name in groups:
        settled, live = (getattr(one, _rule(type(one), name).attribute) for one in (settled, live))
        if not isinstance(live, Spec):
            raise Unsayable(f"no {name} at all, which a manifest cannot ask for")
    rule = _rule(type(live), last)
    before, now = getattr(settled, rule.attribute), getattr(live, rule.attribute)
    if now is None and not rule.clearable:
        raise Unsayable(f"no {last} at all, which a manifest cannot ask for")
    if rule.replaced_whole:
        return _sources(words, written, before, live, now)
    if isinstance(settled, RequestFormSpec) and rule.attribute == "fields":
        return _questions(words, written, before, now)
    if rule.refers is not None and isinstance(now, tuple):
        kept = {one.id: entry for one, entry in zip(before, written, strict=True)}
        stays = [entry for identity, entry in kept.items() if identity in {one.id for one in now}]
        return [*stays, *(words.reference(one, rule.refers.to) for one in now if one.id not in kept)]
    return words.field(live, rule.attribute)


def both_said(words: Words, names: Sequence[str], live: Spec) -> tuple[Any, ...]:
    """The fields of a group, for which a manifest has a short way. Raises Unsayable."""
    said = []
    for name in names:
        rule = _rule(type(live), name)
        value = getattr(live, rule.attribute)
        if not isinstance(value, Reference) or rule.refers is None:
            raise Unsayable(f"no {name}, which a manifest cannot ask for")
        said.append(words.reference(value, rule.refers.to))
    return tuple(said)


def _rule(spec: type[Spec], name: str) -> FieldRule:
    return next(rule for rule in rules_of(spec) if rule.name == name)


def _sources(
    words: Words,
    written: Sequence[Any],
    before: Sequence[SourceReference],
    live: Spec,
    now: Sequence[SourceReference],
) -> list[Any]:
    """The entries that still mean what is live, and one for each source that came."""
    ids = {one.id for one in now}
    gone = [one for one in before if one.by_match and one.id not in ids]
    if gone:
        raise Unsayable(f"no source {gone[0]}, and a pattern brings it")
    left = {one.index for one in before if one.id not in ids}
    kept = [entry for index, entry in enumerate(written) if index not in left]
    known = {one.id for one in before}
    catalog = words.live.catalog
    new = [one.id or "" for one in now if one.id not in known]
    lost = [identity for identity in new if identity not in catalog.source_by_id]
    if lost:
        raise Unsayable(f"the source {lost[0]}, which is in no domain that can be read")
    domain = getattr(getattr(live, "domain", None), "id", "") or ""
    found = sources_in_order(catalog.source_by_id[identity] for identity in new)
    return [*kept, *(words.source(one, domain) for one in found)]


def _questions(
    words: Words, written: Sequence[Mapping[str, Any]], before: Sequence[Any], now: Sequence[Any]
) -> list[Any]:
    """The questions as they are asked now; one that is asked as before stays as it is written, with its key in any case."""
    known = {one.id: (one, entry) for one, entry in zip(before, written, strict=True)}
    said: list[Any] = []
    for one in now:
        settled, entry = known.get(one.id, (None, {}))
        if settled is not None and settled.content == one.content:
            said.append(dict(entry))
            continue
        spelled = words.of(one.without("id"))
        if type(one).model_fields["label"].default == one.label:
            spelled.pop("label", None)
        said.append({**{name: entry[name] for name in ("key", "id") if name in entry}, **spelled})
    return said

"""The differences between a declared resource and its live counterpart, as changes of fields and of sources.

`mismatches` (model/compare.py) decides *whether* a field differs; this module says *what* differs in it. The only place
that knows deepdiff, which is imported when a structured value differs and not before: it costs a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dpsync.kinds.catalog import find_sources, source_text
from dpsync.model.base import Spec, map_references, references_in, rules_of
from dpsync.model.change import Detail, FieldChange, SourceChange
from dpsync.model.compare import Mismatch, mismatches
from dpsync.model.plain import plain
from dpsync.model.reference import Reference, SourceReference
from dpsync.model.resource import LiveResource, Resource
from dpsync.model.state import Source


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of one resource consists of; empty when the live object is what the manifest asks for."""

    fields: tuple[FieldChange, ...] = ()
    sources: SourceChange = SourceChange()

    @property
    def is_empty(self) -> bool:
        return not self.fields and self.sources.is_empty


def difference(
    resource: Resource,
    live: LiveResource,
    sources: Mapping[str, Source],
    patterns: tuple[SourceReference, ...] = (),
) -> Difference:
    """What has to change for the live object to be as declared.

    `sources` names those that are live by their id. `patterns` are the `match` entries of the manifest: a source that one
    of them means and that goes all the same has left the listing of the domain; it goes by match.
    """
    found = mismatches(resource.spec, live.spec)
    fields = tuple(_field_change(resource, one) for one in found if not one.rule.replaced_whole)
    replaced = next((one for one in found if one.rule.replaced_whole), None)
    if replaced is None:
        return Difference(fields)
    change = _source_change(replaced.before, replaced.after, sources)
    if patterns and not _moves(found):
        removed = tuple(_by_match(one, patterns, sources) for one in change.removed)
        change = replace(change, removed=removed)
    return Difference(fields, change)


def _moves(found: Iterable[Mismatch]) -> bool:
    """Whether the object gets another listing to choose from, so that all that it has goes with the old one."""
    return any(one.rule.refers is not None and one.rule.refers.inherits for one in found)


def _by_match(
    removed: SourceReference, patterns: Iterable[SourceReference], sources: Mapping[str, Source]
) -> SourceReference:
    """The source, marked if a pattern means it. Of one that nothing is known about, any pattern may have brought it."""
    source = sources.get(removed.id or "")
    if source is not None and not any(find_sources(pattern, (source,)) for pattern in patterns):
        return removed
    return replace(removed, by_match=True)


def creation(resource: Resource) -> Difference:
    """Everything that a create would write, as changes from nothing."""
    fields: list[FieldChange] = []
    for path, rule_effects, value in _leaves(resource.spec):
        if value is not None:
            fields.append(FieldChange(".".join(path), None, value, rule_effects, resource.origins.of(path)))
    return Difference(tuple(fields), SourceChange(added=_sources_of(resource.spec)))


def removal(live: LiveResource, sources: Mapping[str, Source]) -> Difference:
    """Everything that a delete would take away: the sources by their names."""
    return Difference((), SourceChange(removed=_named(_sources_of(live.spec), sources)))


def _sources_of(spec: Spec) -> tuple[SourceReference, ...]:
    for rule in rules_of(type(spec)):
        if rule.replaced_whole and spec.manages(rule.attribute):
            return tuple(getattr(spec, rule.attribute))
    return ()


def _leaves(spec: Spec, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], frozenset[Any], Any]]:
    for rule in rules_of(type(spec)):
        if not spec.manages(rule.attribute) or rule.replaced_whole:
            continue
        value = getattr(spec, rule.attribute)
        here = (*path, rule.name)
        if isinstance(value, Spec) and rule.touches is None:
            yield from _leaves(value, here)
        else:
            yield here, frozenset(), value


def _field_change(resource: Resource, one: Mismatch) -> FieldChange:
    return FieldChange(
        one.dotted,
        _in_the_words_of(one.after, one.before),
        one.after,
        one.rule.effects(one.before, one.after),
        resource.origins.of(one.path),
        _details(one.before, one.after),
    )


def _in_the_words_of(after: Any, before: Any) -> Any:
    """The live value, calling what both refer to as the declared one does: a person has a username and a full name."""
    if not isinstance(before, Spec):
        return before
    called = {(refers.to, one.id or ""): one for _path, one, refers in references_in(after)}
    called = {identity: one for identity, one in called.items() if one.id is not None}
    return map_references(before, lambda _path, one, refers: called.get((refers.to, one.id or ""), one))


def _source_change(before: Any, after: Any, sources: Mapping[str, Source]) -> SourceChange:
    live = {one.id: one for one in before or ()}
    wanted = {one.id: one for one in after or ()}
    return SourceChange(
        added=tuple(one for one in after or () if one.id not in live),
        removed=_named((one for one in before or () if one.id not in wanted), sources),
        kept=len(live.keys() & wanted.keys()),
    )


def _named(
    references: Iterable[SourceReference], sources: Mapping[str, Source]
) -> tuple[SourceReference, ...]:
    named = (
        one
        if (source := sources.get(one.id or "")) is None
        else replace(one, text=source_text(source), path=source.path)
        for one in references
    )
    return tuple(sorted(named, key=lambda one: (one.text, one.id or "")))


def _details(before: Any, after: Any) -> tuple[Detail, ...]:
    """What differs inside two structured values; nothing for texts, numbers and references."""
    if not (_is_structured(before) and _is_structured(after)):
        return ()
    from deepdiff import DeepDiff

    found = DeepDiff(plain(before), plain(after), view="tree", verbose_level=2)
    details = [
        Detail(
            ".".join(str(part) for part in level.path(output_format="list")),
            _present(level.t1),
            _present(level.t2),
        )
        for levels in found.values()
        for level in levels
    ]
    return tuple(sorted(details, key=lambda detail: detail.path))


def _present(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value


def _is_structured(value: Any) -> bool:
    return isinstance(value, Spec) or (
        isinstance(value, tuple)
        and not any(isinstance(entry, Reference | SourceReference) for entry in value)
    )

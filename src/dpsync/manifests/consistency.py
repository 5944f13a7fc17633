"""What can only be wrong between documents: keys, ids and names that stand twice, and references that lead nowhere.

All of it is decided offline. What only the marketplace knows (people, groups, names of what is made by hand) is not
looked at here. It treats all kinds alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from dpsync.kinds import KINDS
from dpsync.kinds.catalog import SOURCE_KIND
from dpsync.model.base import FieldPath, references_in
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin
from dpsync.model.reference import Address, SourceReference
from dpsync.model.resource import Resource
from dpsync.model.validation import closest

RETIRED = "retired"
RELEASED = "released"

MOST_COMPARISONS = 20_000
"""How many keys are compared in all to guess what was meant; guessing is slow, and a slip is rarely alone."""


def twice(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Keys, live ids and display names that two documents claim."""
    yield from _claimed_twice(resources, lambda one: one.address, _same_key)
    with_id = [one for one in resources if one.pinned or KINDS[one.kind].written]
    yield from _claimed_twice(with_id, lambda one: (one.kind, one.id.casefold()), _same_id)
    named = [
        one
        for one in resources
        if one.spec.title and KINDS[one.kind].written and one.lifecycle not in {RETIRED, RELEASED}
    ]
    yield from _claimed_twice(named, lambda one: (one.kind, _folded(one.spec.title)), _same_name)


def dangling(
    resources: Sequence[Resource],
    uncertain: Callable[[Address], bool],
    left_out: Mapping[Address, Origin] | None = None,
) -> Iterator[Finding]:
    """References to keys that no document declares, or that a tombstone does.

    `uncertain` says of an address that a document which could not be read may declare it: then nothing is said.
    `left_out` are those that manifests declare and a patch leaves out, with the place that does so.
    """
    declared: dict[Address, Resource] = {one.address: one for one in resources}
    keys: dict[str, list[str]] = {}
    for address in declared:
        keys.setdefault(address.kind, []).append(address.key)
    guess = _Guess(keys)
    for one in resources:
        if one.lifecycle in {RETIRED, RELEASED}:
            continue
        for path, target in _targets(one):
            found = declared.get(target)
            if found is None:
                if left_out and target in left_out:
                    yield _left_out(one, path, target, left_out[target])
                elif not uncertain(target):
                    yield _dangling(one, path, target, guess.at(target))
            elif found.lifecycle == RETIRED:
                yield _retired(one, path, found)


def _targets(resource: Resource) -> Iterator[tuple[FieldPath, Address]]:
    """The addresses that the managed fields of a resource name by key."""
    for path, reference, refers in references_in(resource.spec):
        if reference.how == "key" and refers.to in KINDS:
            yield path, Address(refers.to, reference.text)
    sources = getattr(resource.spec, "sources", ())
    for index, entry in enumerate(sources):
        if isinstance(entry, SourceReference) and entry.how == "key":
            yield ("sources", index), Address(SOURCE_KIND, entry.text)


class _Guess:
    """The closest key of a kind, looked for once per address and not without end."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = keys
        self._found: dict[Address, str | None] = {}
        self._left = MOST_COMPARISONS

    def at(self, target: Address) -> str | None:
        if target not in self._found:
            keys = self._keys.get(target.kind, ())
            self._found[target] = closest(target.key, keys) if self._left > 0 else None
            self._left -= len(keys)
        return self._found[target]


def _claimed_twice(
    resources: Iterable[Resource],
    claim: Callable[[Resource], Hashable],
    finding: Callable[[Resource, Resource], Finding],
) -> Iterator[Finding]:
    first: dict[Hashable, Resource] = {}
    for one in resources:
        earlier = first.setdefault(claim(one), one)
        if earlier is not one and (finding is _same_key or earlier.address != one.address):
            yield finding(one, earlier)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


# ------------------------------------------------------------------------------------------- findings


def _error(rule: str, one: Resource, path: FieldPath, message: str, remedy: str) -> Finding:
    return Finding(rule, Severity.ERROR, message, remedy, one.origins.of(path), one.address)


def _same_key(one: Resource, earlier: Resource) -> Finding:
    return _error(
        "duplicate-key",
        one,
        (),
        f"{one.address} is declared twice: here and at {earlier.origin}.",
        "Give one of the two another metadata.name, or remove it.",
    )


def _same_id(one: Resource, earlier: Resource) -> Finding:
    if not (one.pinned and earlier.pinned):
        pins, computes = (one, earlier) if one.pinned else (earlier, one)
        return _error(
            "duplicate-id",
            one,
            (),
            f"{pins.address} pins the id that belongs to the key {computes.key!r}, which {computes.address} at "
            f"{computes.origin} has: {pins.id}",
            f"One live object has one manifest: give {computes.address} another metadata.name, or correct the pin.",
        )
    return _error(
        "duplicate-id",
        one,
        (),
        f"{one.address} has the same metadata.id as {earlier.address} at {earlier.origin}: {one.id}",
        "One live object has one manifest: remove one of the two, or correct its metadata.id.",
    )


def _same_name(one: Resource, earlier: Resource) -> Finding:
    noun = KINDS[one.kind].noun
    return _error(
        "duplicate-name",
        one,
        ("name",),
        f"Two {KINDS[one.kind].plural} are called {one.spec.title!r}: "
        f"{one.address} and {earlier.address} at {earlier.origins.of(('name',))}.",
        f"Give each {noun} a name of its own; case and blanks make no difference.",
    )


def _dangling(one: Resource, path: FieldPath, target: Address, guess: str | None) -> Finding:
    hint = f"Did you mean `{guess}`? " if guess is not None else ""
    noun = KINDS[target.kind].noun
    return _error(
        "dangling-reference",
        one,
        path,
        f"{one.address} refers to the {noun} {target.key!r}, which no manifest declares.",
        f"{hint}Declare {target}, or write `{{name: …}}` for a {noun} that has no manifest.",
    )


def _left_out(one: Resource, path: FieldPath, target: Address, by: Origin) -> Finding:
    return _error(
        "dangling-reference",
        one,
        path,
        f"{one.address} refers to {target}, which this environment leaves out: {by}.",
        f"Refer to another one in a patch of {one.address}, leave that out as well, or keep {target}.",
    )


def _retired(one: Resource, path: FieldPath, target: Resource) -> Finding:
    return _error(
        "retired-reference",
        one,
        path,
        f"{one.address} refers to {target.address}, which is retired at {target.origin}.",
        "Refer to another one, or remove `lifecycle: retired` there.",
    )

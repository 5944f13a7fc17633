"""Where each field of a resource was written, answered only when somebody asks.

Of thousands of resources few are ever mentioned in a message, so nothing is worked out beforehand: the document is kept,
and a path is looked up in it. It must never be used to read a value; that is what the spec is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dpsync.manifests.document import Document
from dpsync.model.base import FieldPath, Spec, rules_of
from dpsync.model.place import Layer, Origin

NOTHING: Mapping[FieldPath, FieldPath] = {}


@dataclass(frozen=True, slots=True, eq=False)
class DocumentOrigins:
    """The places of one document's spec.

    `renamed` leads from a path of the spec to the one that was written instead (`requestForms` to `requestForm`);
    `inherited` from a field to the document, and the path in it, whose default it is. `written` is the document as it stands
    in the file, where variables and patches made another one of it.
    """

    file: str
    document: Document
    renamed: Mapping[FieldPath, FieldPath] = field(default_factory=lambda: NOTHING)
    inherited: Mapping[str, tuple[DocumentOrigins, FieldPath]] = field(default_factory=dict)
    written: Document | None = None

    def of(self, path: FieldPath) -> Origin:
        """The place of a field of the spec, or of what it was derived from; () is the document itself."""
        if not path:
            return Origin(self.file, self.document.line, self.document.column)
        if path[0] in self.inherited:
            owner, prefix = self.inherited[str(path[0])]
            return replace(owner.of((*prefix, *path)), layer=Layer.DEFAULT)
        for end in range(1, len(path) + 1):
            if path[:end] in self.renamed:
                path = self.renamed[path[:end]]
                break
        return Origin.at(self.file, self.document.at(("spec", *path)))


def renamed(written: Spec, normalised: Spec, path: FieldPath = ()) -> Mapping[FieldPath, FieldPath]:
    """Which field was written where normalising put another: found where exactly one went and one came."""
    if normalised is written:
        return NOTHING
    found: dict[FieldPath, FieldPath] = {}
    names = {rule.attribute: rule.name for rule in rules_of(type(written))}
    gone = written.model_fields_set - normalised.model_fields_set
    come = normalised.model_fields_set - written.model_fields_set
    if len(gone) == len(come) == 1:
        found[(*path, names[min(come)])] = (*path, names[min(gone)])
    for attribute in written.model_fields_set & normalised.model_fields_set:
        before, after = getattr(written, attribute), getattr(normalised, attribute)
        if isinstance(before, Spec) and isinstance(after, Spec):
            found.update(renamed(before, after, (*path, names[attribute])))
    return found

"""Variables: `${name}` in a manifest becomes the value that the environment gives it.

A room of its own because it is the only thing that changes what a person wrote before it is understood. It walks over the
values of a document and keeps every place. A value that is exactly one variable keeps the variable's type; inside a longer
text a variable has to be a text, a number or a switch. `$${` is a plain `${`. Names by which documents find each other are
left alone. It never reads the process's environment, and what a variable holds is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dpsync.manifests.document import Document, YamlList, YamlMap
from dpsync.model.base import FieldPath
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin, Place
from dpsync.model.validation import closest, shown
from dpsync.model.variable import VARIABLE_NAME, Variable, VariableValue

SIGN = "${"
_PIECE = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)(?P<end>\}?)")
_LEFT_ALONE = frozenset({("apiVersion",), ("kind",), ("metadata", "name")})


@dataclass(slots=True)
class Filling:
    """The variables of one environment, which of them were asked for, and what is wrong with how they are."""

    environment: str
    variables: Mapping[str, Variable]
    used: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    unfilled: set[Origin] = field(default_factory=set)
    """Places whose value could not be told: what is said about it besides is an echo."""

    def filled(self, document: Document, file: str) -> Document:
        """The document with a value for each variable; the same one where it names none."""
        root = self._value(document.root, file, (), (document.line, document.column))
        return document if root is document.root else replace(document, root=root)

    def mentioned(self, value: Any) -> None:
        """Count the variables that something names as used, also where the environment leaves it out."""
        if isinstance(value, YamlMap):
            for entry in value.values():
                self.mentioned(entry)
        elif isinstance(value, YamlList):
            for entry in value:
                self.mentioned(entry)
        elif isinstance(value, str):
            self.used.update(found["name"] for found in _PIECE.finditer(value) if found["end"])

    def _value(self, value: Any, file: str, path: FieldPath, place: Place) -> Any:
        if isinstance(value, YamlMap):
            changed = {
                name: new
                for name, old in value.items()
                if (new := self._value(old, file, (*path, name), value.values_at[name])) is not old
            }
            if not changed:
                return value
            mapping = YamlMap({**value, **changed})
            mapping.place, mapping.keys_at, mapping.values_at = value.place, value.keys_at, value.values_at
            return mapping
        if isinstance(value, YamlList):
            entries = [
                self._value(old, file, (*path, index), value.items_at[index])
                for index, old in enumerate(value)
            ]
            if all(new is old for new, old in zip(entries, value, strict=True)):
                return value
            listed = YamlList(entries)
            listed.place, listed.items_at = value.place, value.items_at
            return listed
        if isinstance(value, str) and SIGN in value:
            return self._text(value, path, Origin.at(file, place))
        return value

    def _text(self, text: str, path: FieldPath, origin: Origin) -> VariableValue:
        if path in _LEFT_ALONE:
            self._wrong(origin, _not_here(path, origin))
            return text
        whole = _PIECE.fullmatch(text)
        if whole is not None and whole["name"] is not None:
            return self._of(whole, text, origin)
        pieces: list[VariableValue] = []
        done = 0
        for found in _PIECE.finditer(text):
            pieces.append(text[done : found.start()])
            pieces.append(SIGN if found["name"] is None else self._of(found, text, origin))
            done = found.end()
        pieces.append(text[done:])
        return "".join(_spelled(piece) for piece in pieces)

    def _of(self, found: re.Match[str], text: str, origin: Origin) -> VariableValue:
        """The value of one variable in a text; what was written where it has none."""
        name = found["name"]
        if not found["end"] or not VARIABLE_NAME.fullmatch(name):
            self._wrong(origin, _not_a_variable(found[0], origin))
            return found[0]
        variable = self.variables.get(name)
        if variable is None:
            self._wrong(origin, self._undefined(name, origin))
            return found[0]
        self.used.add(name)
        if variable.value is None and found[0] != text:
            self._wrong(origin, _null_inside(name, variable, origin))
        return variable.value

    def _wrong(self, origin: Origin, finding: Finding) -> None:
        self.findings.append(finding)
        self.unfilled.add(origin)

    def _undefined(self, name: str, origin: Origin) -> Finding:
        meant = closest(name, self.variables)
        hint = f"Did you mean `${{{meant}}}`? " if meant is not None else ""
        where = f"`variables` of the environment {self.environment}, or under `spec.variables`"
        return Finding(
            "undefined-variable",
            Severity.ERROR,
            f"The variable {name} has no value in {self.environment}.",
            f"{hint}Give it one in dpsync.yaml, under {where}. A text with `${{` in it is written `$${{`.",
            origin,
        )

    def unused(self) -> tuple[Finding, ...]:
        """One warning for each variable of the environment's own that nothing names: it may be misspelled."""
        return tuple(
            Finding(
                "unused-variable",
                Severity.WARNING,
                f"No manifest or patch of {self.environment} names the variable {name}.",
                f"Write `${{{name}}}` where it is meant, or remove the line.",
                variable.origin,
            )
            for name, variable in self.variables.items()
            if name not in self.used and not variable.everywhere
        )


def escaped(value: Any) -> Any:
    """The value with every `${` written so that it stays what it is."""
    if isinstance(value, dict):
        return {name: escaped(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [escaped(entry) for entry in value]
    return value.replace(SIGN, "$" + SIGN) if isinstance(value, str) else value


def _spelled(value: VariableValue) -> str:
    """A value as it stands inside a longer text."""
    return value if isinstance(value, str) else shown(value)


# ------------------------------------------------------------------------------------------- findings


def _not_here(path: FieldPath, origin: Origin) -> Finding:
    where = ".".join(str(step) for step in path)
    return Finding(
        "not-a-variable",
        Severity.ERROR,
        f"{where} holds no variable: by it, documents are found in every environment.",
        "Write it out; what consumers read is spec.name, which may hold one.",
        origin,
    )


def _not_a_variable(written: str, origin: Origin) -> Finding:
    return Finding(
        "not-a-variable",
        Severity.ERROR,
        f"{shown(written)} names no variable.",
        "Write `${name}` with letters, digits, `_` and `-`; where the text has a `${` of its own, write `$${`.",
        origin,
    )


def _null_inside(name: str, variable: Variable, origin: Origin) -> Finding:
    return Finding(
        "not-a-variable",
        Severity.ERROR,
        f"The variable {name} is null ({variable.origin}), which cannot stand inside a text.",
        "Give it a text, or let it be the whole value.",
        origin,
    )

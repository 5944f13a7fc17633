"""The published contract, as a question that can be asked about any request and any answer.

Reads an OpenAPI 3.0 document that is not part of this repository: its path is in `DPSYNC_OPENAPI`, or it lies in a
folder beside the repository. Without it there is nothing to check against, and tests say so instead of passing.
Used for both sides: what the sandbox answers, and what dpsync's own client sends.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker

BESIDE: Final = "../shared/api/marketplace-openapi.patched.json"
ROOT: Final = Path(__file__).resolve().parents[2]

Values = Mapping[str, Any] | Iterable[tuple[str, Any]]
Check = Callable[[Any], Iterable[str]]

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(UUID(value)) == value.lower()


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_FORMATS.checks("email")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or value.count("@") == 1


class Broken(AssertionError):
    """A request or an answer that the contract does not allow."""


def schema_of(node: Any, components: Mapping[str, Any]) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: references resolved, `nullable` as a type."""
    if isinstance(node, list):
        return [schema_of(each, components) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return schema_of(components[node["$ref"].rsplit("/", 1)[-1]], components)
    left_out = (
        "example",
        "examples",
        "default",
        "description",
        "nullable",
        "deprecated",
        "enum",
        "properties",
    )
    schema = {name: schema_of(each, components) for name, each in node.items() if name not in left_out}
    if "properties" in node:
        schema["properties"] = {
            name: schema_of(each, components) for name, each in node["properties"].items()
        }
    if "enum" in node:
        schema["enum"] = node["enum"]
    return {"anyOf": [{"type": "null"}, schema]} if node.get("nullable") else schema


class Operation:
    """One operation of the document, with its checks compiled when they are first needed."""

    def __init__(
        self, template: str, method: str, node: Mapping[str, Any], components: Mapping[str, Any]
    ) -> None:
        self.title = f"{method} {template}"
        self.method = method
        words = template.split("/")
        self.path = re.compile("/".join(_pattern(word) for word in words))
        self.fixed = sum(not word.startswith("{") for word in words)
        self._node = node
        self._components = components
        self._answers: dict[str, Check | None] = {}

    def _check(self, node: Any) -> Check:
        validator = Draft202012Validator(schema_of(node, self._components), format_checker=_FORMATS)

        def check(value: Any) -> Iterator[str]:
            for problem in sorted(validator.iter_errors(value), key=str):
                yield f"{problem.json_path}: {problem.message[:300]}"

        return check

    @cached_property
    def _parameters(self) -> dict[str, tuple[Mapping[str, Any], Check]]:
        found = self._node.get("parameters", [])
        return {each["name"]: (each, self._check(each["schema"])) for each in found if each["in"] == "query"}

    @cached_property
    def _body(self) -> Check | None:
        body = self._node.get("requestBody")
        return body and self._check(body["content"]["application/json"]["schema"])

    def request_problems(self, query: Values, body: Any) -> Iterator[str]:
        """What is wrong with a request: parameters that are unknown, missing or ill-formed, and the body."""
        given = gathered(query)
        for name, values in given.items():
            if name not in self._parameters:
                yield f"query: {name} is not a parameter"
                continue
            node, check = self._parameters[name]
            yield from (f"query {name} {each}" for each in check(_read(node["schema"], values)))
        for name, (node, _) in self._parameters.items():
            if node.get("required") and name not in given:
                yield f"query: {name} is required"
        if self._body is not None:
            yield from (f"body {each}" for each in self._body(body))
        elif body is not None:
            yield "body: there must be none"

    def answer_problems(self, status: int, body: Any) -> Iterator[str]:
        """What is wrong with an answer: its status, or its body. An empty body is None."""
        declared = self._node["responses"]
        name = str(status) if str(status) in declared else f"{status // 100}XX"
        if name not in declared:
            yield f"status {status} is not declared"
            return
        if name not in self._answers:
            content = declared[name].get("content", {}).get("application/json")
            self._answers[name] = self._check(content["schema"]) if content else None
        check = self._answers[name]
        if check is not None:
            yield from (f"answer {status} {each}" for each in check(body))
        elif body is not None and status < 400:
            yield f"answer {status}: there must be no body"


def _pattern(word: str) -> str:
    """The part of a path that a word of the template stands for; only names may have slashes in them."""
    if word == "{name}":
        return ".+"
    return "[^/]+" if word.startswith("{") else re.escape(word)


class OpenApi:
    """All operations of the document. Paths begin with `/marketplace`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        components = document["components"]["schemas"]
        self._operations = [
            Operation(path, method.upper(), node, components)
            for path, methods in document["paths"].items()
            for method, node in methods.items()
        ]
        self._operations.sort(key=lambda operation: -operation.fixed)

    @classmethod
    def load_or_none(cls) -> Self | None:
        """The document, or None where it is not to be found."""
        path = Path(os.environ.get("DPSYNC_OPENAPI") or ROOT / BESIDE)
        return cls(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def operation(self, method: str, path: str) -> Operation:
        """The operation that a request is for; raises Broken if there is none."""
        for operation in self._operations:
            if operation.method == method and operation.path.fullmatch(path):
                return operation
        raise Broken(f"{method} {path} is not an operation")

    def check_request(self, method: str, path: str, query: Values = (), body: Any = None) -> None:
        """Raise Broken unless the contract allows the request; `body` is JSON, or None for no body."""
        operation = self.operation(method, path)
        _raise(operation, operation.request_problems(query, body))

    def check_answer(self, method: str, path: str, status: int, body: Any = None) -> None:
        """Raise Broken unless the contract allows the answer; `body` is JSON, or None for an empty one."""
        operation = self.operation(method, path)
        _raise(operation, operation.answer_problems(status, body))

    @property
    def titles(self) -> frozenset[str]:
        """All operations, each as `METHOD /path/{template}`."""
        return frozenset(operation.title for operation in self._operations)


def gathered(query: Values) -> dict[str, list[str]]:
    """A query as lists of texts; values may be texts, numbers, booleans or lists of them."""
    found: dict[str, list[str]] = {}
    for name, value in query.items() if isinstance(query, Mapping) else query:
        values = value if isinstance(value, list | tuple) else [value]
        found.setdefault(name, []).extend(
            str(each).lower() if isinstance(each, bool) else str(each) for each in values
        )
    return found


def _read(schema: Mapping[str, Any], values: list[str]) -> Any:
    """What the texts of a query parameter stand for, by the type that its schema wants."""
    kind = schema.get("type")
    if kind == "array":
        return [_read(schema["items"], [value]) for value in values]
    if kind in {"number", "integer", "boolean"}:
        try:
            return json.loads(values[-1])
        except ValueError:
            return values[-1]
    return values[-1]


def _raise(operation: Operation, problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise Broken(f"{operation.title}\n  " + "\n  ".join(found))

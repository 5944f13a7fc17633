"""Exceptions from guardrails: documents of their own, in a folder of their own, so that code owners decide who grants them.

It reads them into values and refuses what is not well written. Whether a guardrail of that name exists is not its
business: `checks/` knows. It must never read a manifest, nor decide whether an exception is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from dpsync.kinds import API_VERSION
from dpsync.manifests.document import Document, read_documents
from dpsync.manifests.files import EXCEPTION_KIND, File, find_exceptions, read_file
from dpsync.manifests.load import problem_finding
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.place import Origin
from dpsync.model.policy import Exemption
from dpsync.model.reference import KEY_PATTERN, is_key
from dpsync.model.validation import MISSING_FIELD, shown, validated

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_exceptions(root: Path, folder: str) -> tuple[tuple[Exemption, ...], tuple[Finding, ...]]:
    """Every exception below a folder of the workspace, in the order of files, and everything that is wrong.

    A folder that is not there holds none. Where a finding is an error, nothing may be planned with the exceptions.
    """
    files, findings = find_exceptions(str(root), folder)
    found = list(findings)
    exemptions: list[Exemption] = []
    for file in files:
        for outcome in _read(file):
            if isinstance(outcome, Finding):
                found.append(outcome)
            else:
                exemptions.append(outcome)
    return tuple(exemptions), in_order(found)


# ------------------------------------------------------------------------------------- what is written


def _refused(message: str, remedy: str) -> PydanticCustomError:
    # Braces would be placeholders, so the whole text is one.
    return PydanticCustomError("exception", "{text}", {"text": message, "remedy": remedy})


def _key(text: str) -> str:
    if is_key(text):
        return text
    raise _refused(
        f"{shown(text)} is not a name for an exception.",
        "Write a-z, 0-9, `-`, `.` and `_`, at most 100, such as `retire-na-sales`.",
    )


def _reason(text: str) -> str:
    if text.strip():
        return text
    raise _refused("An exception needs a reason.", "Write why it is granted, for those who read the plan.")


def _day(text: str) -> str:
    if _DAY.fullmatch(text):
        try:
            date.fromisoformat(text)
        except ValueError:
            pass
        else:
            return text
    raise _refused(f"{shown(text)} is not a day.", "Write YYYY-MM-DD; it is the last day on which it holds.")


class _Written(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
        defer_build=True,
    )


class ExceptionMetadata(_Written):
    """What an exception is called."""

    name: Annotated[
        str,
        AfterValidator(_key),
        Field(
            description="What the exception is called.",
            examples=["retire-na-sales"],
            json_schema_extra={"pattern": KEY_PATTERN},
        ),
    ]


class ExceptionSpec(_Written):
    """From which guardrail, for which resource, why and until when."""

    rule: Annotated[
        str, Field(min_length=1, description="The guardrail, by name.", examples=["delete-with-members"])
    ]
    resource: Annotated[
        str,
        Field(
            min_length=1,
            description="As a plan shows it, such as DataProduct/na-sales; by key or, of what no manifest names, by live id.",
            examples=["DataProduct/na-sales"],
        ),
    ]
    reason: Annotated[
        str,
        AfterValidator(_reason),
        Field(
            description="Why, for those who read the plan.",
            examples=["Its members were told; they use eu-sales now."],
            json_schema_extra={"pattern": r"\S"},
        ),
    ]
    until: Annotated[
        str,
        AfterValidator(_day),
        Field(
            description="The last day on which it holds: YYYY-MM-DD.",
            examples=["2027-03-31"],
            json_schema_extra={"pattern": f"^{_DAY.pattern}$"},
        ),
    ]


class GuardrailException(_Written):
    """A document of the folder of exceptions."""

    api_version: Annotated[
        Literal["dpsync/v1beta1"], Field(description=f"It is {API_VERSION}.", examples=[API_VERSION])
    ]
    kind: Annotated[
        Literal["GuardrailException"],
        Field(description=f"It is {EXCEPTION_KIND}.", examples=[EXCEPTION_KIND]),
    ]
    metadata: Annotated[
        ExceptionMetadata,
        Field(description="What the exception is called.", examples=[{"name": "retire-na-sales"}]),
    ]
    spec: Annotated[
        ExceptionSpec,
        Field(
            description="From what, for what, why and until when.",
            examples=[
                {
                    "rule": "delete-with-members",
                    "resource": "DataProduct/na-sales",
                    "reason": "Its members were told; they use eu-sales now.",
                    "until": "2027-03-31",
                }
            ],
        ),
    ]


# ---------------------------------------------------------------------------------------- one document


def _read(file: File) -> Iterator[Exemption | Finding]:
    """The exceptions of one file, and what is wrong with it."""
    content = read_file(file)
    if isinstance(content, Finding):
        yield content
        return
    documents, problems = read_documents(content)
    yield from (problem_finding(file.name, problem) for problem in problems)
    for document in documents:
        if document.root is not None:
            yield from _document(file.name, document, whole=not problems)
        elif not problems:
            yield _empty(file.name, document, documents)


def _document(file: str, document: Document, *, whole: bool) -> Iterator[Exemption | Finding]:
    """One exception. If it is not `whole`, what it lacks may be among what was refused: that is not said."""
    root: Any = document.root
    origin = Origin(file, document.line, document.column)
    if not isinstance(root, dict):
        message = f"An exception is a mapping, not {shown(root)}."
        yield Finding("not-a-manifest", Severity.ERROR, message, _BEGIN, origin)
        return
    written, findings = validated(GuardrailException, root, document, file)
    yield from (one for one in findings if whole or one.rule != MISSING_FIELD)
    if written is not None:
        spec = written.spec
        place = Origin.at(file, document.at(("spec", "rule")))
        yield Exemption(spec.rule, spec.resource, spec.reason, date.fromisoformat(spec.until), place)


_BEGIN = f"Begin with `apiVersion: {API_VERSION}` and `kind: {EXCEPTION_KIND}`, or take the file out of the folder."


def _empty(file: str, document: Document, documents: Sequence[Document]) -> Finding:
    origin = Origin(file, document.line, document.column)
    if len(documents) > 1:
        message, remedy = (
            "This document is empty.",
            "Remove the `---` before it, or write an exception below it.",
        )
        return Finding("empty-document", Severity.WARNING, message, remedy, origin)
    message, remedy = f"{file} holds no exception.", "Write one, or remove the file."
    return Finding("empty-file", Severity.ERROR, message, remedy, origin)

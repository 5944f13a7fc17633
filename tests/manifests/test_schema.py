"""The JSON Schema and `validate` agree: what one accepts the other accepts, and what is wrong is wrong for both.

The second only as far as a JSON Schema can know it. What it cannot is listed below, each with its reason; a bad manifest that
is not in the list has to be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from dpsync import checks
from dpsync.errors import DpsyncError
from dpsync.manifests.document import read_documents
from dpsync.manifests.exceptions import read_exceptions
from dpsync.manifests.load import load
from dpsync.manifests.schema import Limit, names, schema_of, schema_of_any
from dpsync.model.finding import Finding
from dpsync.model.outline import models_of, names_of
from dpsync.settings import Workspace, read_settings
from manifests.test_load import CASES, write

ROOT = Path(__file__).parents[2]
LIMITS = [Limit(rule.name, rule.summary, rule.defaults) for rule in checks.GUARDRAILS]
FORMATS = Draft202012Validator.FORMAT_CHECKER
WHOLE = schema_of_any(Workspace, LIMITS)
ANY = Draft202012Validator(WHOLE, format_checker=FORMATS)
EACH = {
    name: Draft202012Validator(schema_of(name, Workspace, LIMITS), format_checker=FORMATS) for name in names()
}

OF_ONE_DOCUMENT = {
    "unknown-field", "missing-field", "wrong-type", "not-allowed", "invalid-value", "not-null",
    "unknown-kind", "unknown-version", "not-a-manifest", "name-pattern", "duplicate-source", "duplicate-field",
    "undefined-variable", "not-a-variable",
}  # fmt: skip
"""The codes of what is wrong with a document whatever else there is. `no-request-form` depends on the vintage and the domain."""

BEYOND_A_SCHEMA = {
    r"The name .* has characters that the marketplace refuses: [^ -~]": "it knows no classes of Unicode characters",
    r"Two fields of the form have the (key|id)": "it compares whole entries of a list, not one part of each",
    r"The source .* is listed twice": "the same source may be written in two ways",
    r"stands in dpsync\.yaml and nowhere else": "it does not know in which file a document stands",
    r"stands in the folder of exceptions and nowhere else": "it does not know in which file a document stands",
    r"(names no variable|has no value in|cannot stand inside a text)": "it knows no environment and no variables",
    r"is not a day": "it knows the shape of a day, and not the calendar",
    r"is the id of an example": "whether that is right depends on the url",
    r"would send the token unencrypted": "it does not know which hosts are this machine",
}
"""What `validate` refuses and a schema cannot know: the message, and why."""


MORE = """
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: Sales – Europe, domain: {name: Sales}, sources: []}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: b}
spec: {name: B, domain: {name: Sales}, sources: [{table: A.B.C}, {database: A, schema: B, table: C}]}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: c}
spec: {name: C, domain: {name: Sales}, sources: [{table: A.B}, {table: A..B}, {prefix: x, name: y}, Orders, {}]}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: d}
spec: {name: D., domain: {name: Sales}, sources: [{id: 4711}, {id: "4712"}, {prefix: x}], lifecycle: retired}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: f}
spec:
  name: F
  fields: [{key: a, type: SHORT_ANSWER, label: A?}, {key: a, type: SHORT_ANSWER, label: B?}]
  reviewFlow: {decision: review, stages: [{any: [{group: A, user: b}]}]}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: g}
spec:
  name: G
  fields: [{key: a, type: SHORT_ANSWER, label: A?}, {key: a, type: SHORT_ANSWER, label: B?}]
  reviewFlow: {decision: approve}
---
apiVersion: dpsync/v1beta1
kind: DataSource
metadata: {name: s, id: 6f1f3c1e-5b52-4c6b-9d0e-0d3f5f6f7a10}
spec: {domain: sales, id: 4711}
"""
"""Manifests that no other test has, right and wrong."""


class Case(NamedTuple):
    """A document of the suite, and what is wrong with it by itself."""

    where: str
    root: Any
    wrong: tuple[str, ...]


def of_a_folder(label: str, root: Path) -> Iterator[Case]:
    """Every document of every manifest below a folder, with the findings about it alone."""
    found = load(root, ["."], workspace_id="acme-4f9d2c", environment="dev", vintage="v2").findings
    for file in sorted(root.rglob("*.y*ml")):
        if file.name != "dpsync.yaml":
            yield from of_a_file(label, file, file.relative_to(root).as_posix(), found)


def of_a_file(label: str, file: Path, name: str, found: tuple[Finding, ...]) -> Iterator[Case]:
    documents, problems = read_documents(file.read_bytes())
    if problems:
        return
    ends = [*(document.line for document in documents[1:]), 10**9]
    for document, end in zip(documents, ends, strict=True):
        mine = tuple(
            f"{one.rule}: {one.message}"
            for one in found
            if one.is_error
            and one.rule in OF_ONE_DOCUMENT
            and one.origin is not None
            and one.origin.file == name
            and document.line <= one.origin.line < end
        )
        if document.root is not None:
            yield Case(f"{label}: {name}:{document.line}", document.root, mine)


def manifests_of_the_suite(folder: Path) -> Iterator[Case]:
    for index, (label, text) in enumerate({**CASES, "more": MORE}.items()):
        place = folder / str(index)
        place.mkdir()
        write(place, text.partition("=== expected")[0])
        yield from of_a_folder(label, place)
    folders = {file.parent for file in (ROOT / "tests").rglob("*.yaml")} | {ROOT / "examples" / "products"}
    for place in sorted(folders):
        if "exceptions" not in place.parts and not any(
            place != one and one in place.parents for one in folders
        ):
            yield from of_a_folder(place.relative_to(ROOT).as_posix(), place)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    return tuple(manifests_of_the_suite(tmp_path_factory.mktemp("suite")))


def refusals(root: Any) -> list[str]:
    """What the schema of a whole file says, which the schema of its kind says as well."""
    said = [f"{error.json_path}: {error.message[:200]}" for error in ANY.iter_errors(root)]
    one = EACH.get(root["kind"]) if isinstance(root, dict) and isinstance(root.get("kind"), str) else None
    if one is not None:
        assert one.is_valid(root) == (not said)
    return said


def is_beyond(problem: str) -> bool:
    return any(re.search(pattern, problem) for pattern in BEYOND_A_SCHEMA)


def test_every_manifest_of_the_suite_that_is_valid_passes_its_schema(cases: tuple[Case, ...]) -> None:
    valid = [case for case in cases if not case.wrong]
    assert len(valid) > 200
    assert {case.where: refusals(case.root) for case in valid if refusals(case.root)} == {}


def test_every_manifest_of_the_suite_that_is_not_valid_is_refused_by_its_schema(
    cases: tuple[Case, ...],
) -> None:
    bad = [case for case in cases if any(not is_beyond(problem) for problem in case.wrong)]
    assert len(bad) > 35
    assert [f"{case.where} {case.wrong}" for case in bad if not refusals(case.root)] == []


def test_every_exception_from_a_schema_is_met_in_the_suite_or_below(cases: tuple[Case, ...]) -> None:
    problems = [problem for case in cases for problem in case.wrong]
    problems += [told for _change, told in (*BAD_SETTINGS, *BAD_EXCEPTIONS)]
    assert [one for one in BEYOND_A_SCHEMA if not any(re.search(one, told) for told in problems)] == []


# dpsync.yaml and exceptions

SETTINGS = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: acme, id: acme-4f9d2c}
spec:
  manifests: [domains, products/all.yaml]
  environments:
    dev: {url: "sandbox:dev.db"}
    prod:
      url: https://na.api.immutacloud.com/marketplace/
      tokenVariable: DPSYNC_TOKEN_PROD
      vintage: v1
      prune: true
      parallelism: 4
      deadlines: {call: 10, change: 20, run: 30}
      guardrails: {source-removal: {severity: off}}
  guardrails:
    too-many-deletes: {severity: warning, limit: 5, share: 0.2}
  exceptions: granted
  sensitiveTags: [Discovered.PII*]
  owners: [{name: sales, paths: [products/**], domains: [sales], kinds: [DataProduct], labels: {team: sales}}]
  protected: {resources: [DataProduct/na-sales], names: [Finance *], domains: [finance]}
  displayNames: {sales: "Sales .*"}
  exclusiveDomains: [sales]
"""
BAD_SETTINGS = (
    (("name: acme, ", ""), "metadata needs `name`"),
    (("acme-4f9d2c", "Acme"), "is not a workspace id"),
    (("acme-4f9d2c", "example-4f9d2c"), "is the id of an example"),
    (("[domains, products/all.yaml]", "[]"), "manifests"),
    (("domains, ", "../domains, "), "is not a path below the workspace"),
    (("domains, ", "a/../../domains, "), "is not a path below the workspace"),
    (("domains, ", "/domains, "), "is not a path below the workspace"),
    (("domains, ", "c:domains, "), "is not a path below the workspace"),
    (("domains, ", "a\\\\b, "), "is not a path below the workspace"),
    (("sandbox:dev.db", "sandbox:dev"), "is not a sandbox"),
    (("https://na.", "ftp://na."), "is not a url of a marketplace"),
    (("https://na.", "https://me:secret@na."), "no user and no password"),
    (("https://na.", "http://na."), "would send the token unencrypted"),
    (("DPSYNC_TOKEN_PROD", "TOKEN"), "name of an environment variable"),
    (("v1\n", "v3\n"), "cannot be 'v3'"),
    (("prune: true", 'prune: "true"'), "true or false"),
    (("parallelism: 4", "parallelism: 33"), "parallelism"),
    (("call: 10", "call: 0"), "call"),
    (("severity: off", "severity: of"), "cannot be 'of'"),
    (("source-removal", "sorce-removal"), "There is no guardrail"),
    (("limit: 5", "limits: 5"), "has no threshold"),
    (("limit: 5", "limit: -5"), "cannot be -5"),
    (("limit: 5", "limit: many"), "cannot be 'many'"),
    (("exceptions: granted", "exceptions: /granted"), "is not a path below the workspace"),
    (("[Discovered.PII*]", '[" "]'), "An empty text means nothing here"),
    (("[DataProduct],", "[DataProducts],"), "There is no kind"),
    (("[DataProduct/na-sales]", "[na-sales]"), "is not a resource"),
    (("[DataProduct/na-sales]", "[Product/na-sales]"), "There is no kind"),
    (('"Sales .*"', '"Sales ("'), "is not a regular expression"),
    (("exclusiveDomains:", "exclusiveDomain:"), "exclusiveDomain"),
)
"""What is changed in the settings, and a part of what is then said."""

EXCEPTION = """\
apiVersion: dpsync/v1beta1
kind: GuardrailException
metadata: {name: retire-na-sales}
spec:
  rule: delete-with-members
  resource: DataProduct/na-sales
  reason: Replaced by all-sales.
  until: 2026-12-31
"""
BAD_EXCEPTIONS = (
    (("retire-na-sales", "Retire it"), "is not a name for an exception"),
    (("delete-with-members", "delete-members"), "delete-members"),
    (("Replaced by all-sales.", '" "'), "An exception needs a reason"),
    (("2026-12-31", "tomorrow"), "'tomorrow' is no"),
    (("2026-12-31", "2026-13-31"), "'2026-13-31' is not a day"),
    (("until", "untill"), "untill"),
)


def changed(text: str, change: tuple[str, str]) -> Any:
    assert change[0] in text
    (document,), problems = read_documents(text.replace(*change, 1).encode())
    assert not problems
    return document


def told_about_settings(document: Any, environment: str) -> str:
    try:
        read_settings(
            document, document.root, "dpsync.yaml", Path("/nowhere"), environment=environment, environ={}
        )
        found = tuple(checks.problems_of(document, "dpsync.yaml"))
    except DpsyncError as error:
        found = getattr(error, "findings", ())
    return " ".join(f"{one.message} {one.remedy}" for one in found)


def test_good_settings_and_a_good_exception_pass_their_schema() -> None:
    for text in (SETTINGS, EXCEPTION):
        assert refusals(changed(text, ("a", "a")).root) == []
    assert told_about_settings(changed(SETTINGS, ("a", "a")), "prod") == ""


@pytest.mark.parametrize(("change", "told"), BAD_SETTINGS, ids=lambda part: str(part)[:40])
def test_bad_settings_are_refused_by_both(change: tuple[str, str], told: str) -> None:
    document = changed(SETTINGS, change)
    said = told_about_settings(document, "prod")
    assert told in said
    assert refusals(document.root) or is_beyond(said)


@pytest.mark.parametrize(("change", "told"), BAD_EXCEPTIONS, ids=lambda part: str(part)[:40])
def test_bad_exceptions_are_refused_by_both(change: tuple[str, str], told: str, tmp_path: Path) -> None:
    (tmp_path / "granted").mkdir()
    (tmp_path / "granted" / "one.yaml").write_text(EXCEPTION.replace(*change), encoding="utf-8")
    exemptions, findings = read_exceptions(tmp_path, "granted")
    said = " ".join(one.message for one in (*findings, *checks.exemption_problems(exemptions)))
    assert told in said
    assert refusals(changed(EXCEPTION, change).root) or is_beyond(said)


# What an editor shows


def every_model() -> Iterator[Any]:
    from dpsync.kinds import KINDS
    from dpsync.manifests.exceptions import GuardrailException
    from dpsync.manifests.load import Manifest

    for root in (Manifest, Workspace, GuardrailException, *(kind.spec for kind in KINDS.values())):
        yield from models_of(root)


@pytest.mark.parametrize("model", sorted(set(every_model()), key=str), ids=lambda model: str(model.__name__))
def test_every_field_has_a_description_and_an_example_that_is_right(model: Any) -> None:
    described = WHOLE["$defs"].get(model.__name__, {"properties": {}})["properties"]
    for name, field in names_of(model).items():
        assert field.description, name
        assert field.examples or name == "spec", name
        shape = Draft202012Validator({"$defs": WHOLE["$defs"], **described.get(name, {})})
        assert all(shape.is_valid(example) for example in field.examples or ()), (name, field.examples)


# Our reading of YAML is that of others


def test_our_reading_of_every_example_is_that_of_ruamel() -> None:
    """YAML 1.2 as ruamel reads it, but for days, which are texts here."""
    reader = YAML(typ="safe", pure=True)
    reader.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _self, node: node.value)
    differing = []
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        documents, problems = read_documents(file.read_bytes())
        assert not problems
        ours = [document.root for document in documents]
        differing += [] if ours == list(reader.load_all(file.read_text(encoding="utf-8"))) else [file.name]
    assert differing == []

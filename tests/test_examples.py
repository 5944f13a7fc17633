"""The examples: what a newcomer copies must be right, and the sandbox must have everything it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dpsync.kinds import API_VERSION, KINDS
from dpsync.kinds.data_product import DataProductSpec
from dpsync.kinds.data_source import DataSourceSpec
from dpsync.kinds.domain import DomainSpec
from dpsync.kinds.request_form import RequestFormSpec
from dpsync.kinds.review_flow import GroupReviewer, Review, _Flow
from dpsync.kinds.shared import RequestForms, both
from dpsync.model.base import Spec, references_in
from dpsync.model.finding import Severity
from dpsync.model.reference import Reference, SourceReference, is_key
from dpsync.sandbox.seed import demo_world
from dpsync.sandbox.world import Agreement, Form, Product, Source

EXAMPLES = Path(__file__).parent.parent / "examples"
WORLD = demo_world()


@dataclass(frozen=True)
class Example:
    file: str
    kind: str
    key: str
    spec: Any

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"


@cache
def examples() -> tuple[Example, ...]:
    found = []
    for file in sorted((EXAMPLES / "products").rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            assert set(document) == {"apiVersion", "kind", "metadata", "spec"}, file
            assert document["apiVersion"] == API_VERSION
            assert set(document["metadata"]) <= {"name", "labels"}
            spec = KINDS[document["kind"]].spec.model_validate(document["spec"])
            name = str(file.relative_to(EXAMPLES))
            found.append(Example(name, document["kind"], document["metadata"]["name"], spec))
    return tuple(found)


def of_kind(kind: str) -> dict[str, Any]:
    return {example.key: example.spec for example in examples() if example.kind == kind}


def domain_name(reference: Reference) -> str:
    spec: DomainSpec = of_kind("Domain")[reference.text]
    return spec.name


def listing(reference: Reference) -> list[Source]:
    """The sources of the domain that a product or source names by key."""
    numbers = next(each.sources for each in WORLD.domains if each.name == domain_name(reference))
    return [source for source in WORLD.sources if source.id in set(numbers)]


def parts(source: Source) -> dict[str, str | None]:
    names = ("platform", "hostname", "database", "schema", "table", "prefix", "name")
    return {name: getattr(source, name) for name in names}


def found_by(entry: SourceReference, sources: list[Source]) -> list[Source]:
    if entry.how == "key":
        declared: DataSourceSpec = of_kind("DataSource")[entry.text]
        return found_by(declared.reference, sources)
    if entry.how == "match":
        wanted = dict(entry.pattern)
        return [s for s in sources if all(fnmatchcase(parts(s)[n] or "", glob) for n, glob in wanted.items())]
    if entry.how == "path":
        assert entry.path is not None
        exact = dict(entry.path.parts)
        return [s for s in sources if all(parts(s)[name] == text for name, text in exact.items())]
    return [s for s in sources if s.name == entry.text]


def sources_of(spec: DataProductSpec) -> list[Source]:
    around = listing(spec.domain)
    return [source for entry in spec.sources for source in found_by(entry, around)]


def forms_of(spec: DataProductSpec) -> RequestForms:
    declared = spec.normalised().request_forms
    defaults = of_kind("Domain")[spec.domain.text].defaults
    forms = declared or (defaults and defaults.normalised().request_forms)
    assert isinstance(forms, RequestForms)
    return forms


def flows() -> list[_Flow]:
    specs: list[RequestFormSpec] = list(of_kind("RequestForm").values())
    products: list[DataProductSpec] = list(of_kind("DataProduct").values())
    own = [spec.review_flows for spec in products if spec.review_flows]
    found = [flow for each in own for flow in (each.data_access, each.masking_exception) if flow]
    return [*(spec.review_flow for spec in specs), *found]


PRODUCTS = sorted(of_kind("DataProduct").items())
each_product = pytest.mark.parametrize(
    "spec", [spec for _, spec in PRODUCTS], ids=[key for key, _ in PRODUCTS]
)
each_example = pytest.mark.parametrize("example", examples(), ids=str)


def test_the_example_estate_is_of_the_size_of_a_company() -> None:
    counts = Counter(example.kind for example in examples())
    assert counts["Domain"] >= 4
    assert counts["DataProduct"] >= 25
    assert counts["RequestForm"] >= 5
    assert counts["DataUseAgreement"] >= 3
    assert counts["DataSource"] >= 3
    used = {source.id: source.platform for _, spec in PRODUCTS for source in sources_of(spec)}
    assert len(used) >= 100
    assert set(used.values()) == {"Snowflake", "Databricks", "S3"}
    assert len({spec.domain.text for _, spec in PRODUCTS}) >= 4


def test_the_workspace_has_an_example_id_and_three_environments() -> None:
    workspace = yaml.safe_load((EXAMPLES / "dpsync.yaml").read_text(encoding="utf-8"))
    assert workspace["kind"] == "Workspace"
    assert workspace["metadata"]["id"].startswith("example-")
    assert sorted(workspace["spec"]["environments"]) == ["local", "production", "sandbox"]
    assert all((EXAMPLES / folder).is_dir() for folder in workspace["spec"]["manifests"])


@each_example
def test_every_document_has_a_key_and_nothing_wrong_with_it(example: Example) -> None:
    spec: Spec = example.spec
    assert is_key(example.key)
    grave = [note.message for note in spec.normalised().notes("v2") if note.severity is Severity.ERROR]
    assert not grave


def test_no_two_documents_have_the_same_address() -> None:
    assert [address for address, number in Counter(map(str, examples())).items() if number > 1] == []


@each_example
def test_every_reference_is_to_a_document_or_to_something_in_the_sandbox(example: Example) -> None:
    live: dict[str, Callable[[str], int]] = {
        "User": lambda text: sum(text in {user.email, user.username} for user in WORLD.users),
        "Domain": lambda text: sum(text == each.name for each in WORLD.domains),
        "Group": lambda text: sum(text == each.name for each in WORLD.groups),
        "RequestForm": lambda text: sum(text == each.name for each in WORLD.forms),
        "DataUseAgreement": lambda text: sum(text == each.name for each in WORLD.agreements),
    }
    for path, reference, refers in references_in(example.spec):
        if reference.how == "key":
            assert reference.text in of_kind(refers.to), path
        else:
            assert reference.how == "name", path
            assert live[refers.to](reference.text) == 1, (path, reference.text)


def test_every_declared_domain_is_live() -> None:
    assert {spec.name for spec in of_kind("Domain").values()} <= {each.name for each in WORLD.domains}


def test_every_declared_source_is_exactly_one_live_source() -> None:
    for key, spec in of_kind("DataSource").items():
        assert len(found_by(spec.reference, listing(spec.domain))) == 1, key


def test_every_group_that_reviews_is_live_and_only_one_has_its_name() -> None:
    stages = [stage for flow in flows() if isinstance(flow, Review) for stage in flow.stages]
    named = {
        each.group.text for stage in stages for each in stage.reviewers if isinstance(each, GroupReviewer)
    }
    counts = Counter(group.name for group in WORLD.groups)
    assert named
    assert all(counts[name] == 1 for name in named)


@each_product
def test_every_source_of_a_product_is_in_its_domain(spec: DataProductSpec) -> None:
    around = listing(spec.domain)
    for entry in spec.sources:
        number = len(found_by(entry, around))
        assert number >= 1 if entry.how == "match" else number == 1, entry
    found = [source.id for source in sources_of(spec)]
    assert len(found) == len(set(found)), "two entries mean the same source"


@each_product
def test_every_product_says_its_forms_and_its_lifecycle(spec: DataProductSpec) -> None:
    assert forms_of(spec)
    assert spec.lifecycle in {"active", "suspended"}


@each_product
def test_review_flows_stand_only_under_forms_that_delegate(spec: DataProductSpec) -> None:
    for request_type in spec.review_flows.model_fields_set if spec.review_flows else ():
        form: RequestFormSpec = of_kind("RequestForm")[getattr(forms_of(spec), request_type).text]
        assert form.review_flow.delegates


@pytest.mark.parametrize("kind", ["DataProduct", "RequestForm", "DataUseAgreement"])
def test_names_are_unique_also_among_what_was_made_by_hand(kind: str) -> None:
    by_hand: dict[str, Sequence[Product | Form | Agreement]] = {
        "DataProduct": WORLD.products,
        "RequestForm": WORLD.forms,
        "DataUseAgreement": WORLD.agreements,
    }
    names = [spec.name for spec in of_kind(kind).values()] + [row.name for row in by_hand[kind]]
    assert [name for name, number in Counter(map(str.casefold, names)).items() if number > 1] == []


def test_the_examples_show_every_way_to_name_a_source_and_a_form() -> None:
    specs: list[DataProductSpec] = [spec for _, spec in PRODUCTS]
    assert {entry.how for spec in specs for entry in spec.sources} == {"key", "path", "name", "match"}
    assert any(entry.path and entry.path.prefix for spec in specs for entry in spec.sources)
    assert any(entry.path and entry.path.platform for spec in specs for entry in spec.sources)
    assert any(spec.request_form == Reference("Standard Request Form") for spec in specs)
    assert any(
        spec.request_forms and spec.request_forms != both(spec.request_forms.data_access) for spec in specs
    )
    assert any(not spec.manages("request_form") and not spec.manages("request_forms") for spec in specs)
    assert any(spec.lifecycle == "suspended" for spec in specs)
    decisions = {getattr(flow, "decision", "") for flow in flows()}
    assert decisions == {"approve", "review", "delegate"}

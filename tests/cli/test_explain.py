"""`dpsync explain`: the pages of the guardrails, without a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.checks import GUARDRAILS
from dpsync.cli import dpsync
from dpsync.manifests.fields import paths
from dpsync.settings import Workspace


def explained(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(dpsync, ["explain", *arguments], prog_name="dpsync")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no workspace here, nor in any folder above."""
    monkeypatch.chdir(tmp_path)


def test_without_a_name_every_guardrail_is_listed_with_its_first_sentence() -> None:
    code, said, _ = explained()
    assert code == 0
    assert [line.partition("  (")[0] for line in said.splitlines() if "  (" in line] == [
        rule.name for rule in GUARDRAILS
    ]
    assert "too-many-deletes  (error; limit: 5, share: 0.2, population: 10)\n    One plan does not" in said
    assert "retire-before-delete  (off; days: 14)\n    A data product is suspended for a while" in said
    assert "source-removal  (warning or error; members: 25)\n" in said


@pytest.mark.parametrize("rule", [rule.name for rule in GUARDRAILS])
def test_the_page_of_a_guardrail_fits_and_ends_with_its_defaults(rule: str) -> None:
    code, said, _ = explained(rule)
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith(f"{rule}: ")
    assert max(map(len, lines)) <= 80
    assert "\n\nWhat to do: " in said
    assert "\n\nSeverity: " in said
    assert "FACTS" not in said


def test_the_thresholds_of_a_page_are_those_of_the_rule() -> None:
    _, said, _ = explained("too-many-deletes")
    assert "Severity: error.\nThresholds: limit: 5, share: 0.2, population: 10.\n" in said
    assert "Thresholds" not in explained("delete-with-members")[1]


def test_a_misspelled_guardrail_names_the_closest() -> None:
    code, said, complained = explained("sorce-removal")
    assert (code, said) == (1, "")
    assert "There is no page about 'sorce-removal'." in complained
    assert "Did you mean 'source-removal'?" in complained


def test_what_is_neither_a_guardrail_nor_a_kind_has_no_page() -> None:
    code, _, complained = explained("name-taken")
    assert code == 1
    assert f"Guardrails have a page: {GUARDRAILS[0].name}, " in complained
    assert "So have kinds and their fields: DataProduct, RequestForm, " in complained


SOURCES = """\
DataProduct.spec.sources: The data sources. `[]` means none.

Type: list of sources.
Left out: an error.
null: an error.
Order: of no meaning; the list is compared as a set.
Written: by a call of its own, which replaces the whole list.
Marketplace: written to it.
Environments: the same in all of them.

Example:
    sources:
      - orders
      - {table: ANALYTICS.SALES.RETURNS}
      - {match: {database: ANALYTICS, schema: SALES, table: "FACT_*"}}
"""
EXPERT = """\
DataProduct.spec.subjectMatterExpert: Whom consumers can ask, by e-mail or
username. `null` clears it.

Type: reference to a person.
Left out: not managed, which is neither sent nor compared.
null: clears it.
Refers to: User, by key, `{name: …}` or `{id: …}`.
Marketplace: written to it.
Environments: the same in all of them.

Example:
    subjectMatterExpert: jane.doe@acme.example
"""
DOMAIN = """\
Domain: Which live domain this is, and what its products have by default.

Looked up in the marketplace, never written.

Fields:
  apiVersion: text, required
      It is dpsync/v1beta1.
  kind: text, required
      One of DataProduct, RequestForm, DataUseAgreement, Domain, DataSource.
  metadata: mapping, required
      What dpsync knows the resource by.
  spec: mapping, required
      What the resource is; its fields depend on the kind.

Fields of `spec`:
  name: text, required
      The domain's name in the marketplace.
  defaults: mapping
      Defaults for the products of the domain.
"""


def test_a_kind_and_a_field_are_explained() -> None:
    assert explained("DataProduct.spec.sources") == (0, SOURCES, "")
    assert explained("DataProduct.spec.subjectMatterExpert") == (0, EXPERT, "")
    assert explained("Domain") == (0, DOMAIN, "")


def test_what_is_compared_as_one_has_no_parts_that_are_not_managed() -> None:
    assert "Left out: not managed" in explained("DataProduct.spec.reviewFlows.dataAccess")[1]
    assert "Left out: nothing." in explained("DataProduct.spec.reviewFlows.dataAccess.comment")[1]


def test_the_workspace_file_is_a_kind_and_names_of_ones_own_are_passed_over() -> None:
    said = explained("dpsync.yaml.spec.environments.production.url")[1]
    assert said.startswith("Workspace.spec.environments.url: ")
    assert "Environments: each has its own." in said
    assert "Left out: 10." in explained("Workspace.spec.environments.parallelism")[1]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("DataProdct.spec", "DataProduct.spec"),
        ("DataProduct.spec.sorces", "DataProduct.spec.sources"),
        ("RequestForm.spec.fields[0].lable", "RequestForm.spec.fields.label"),
        ("domains", "Domain"),
    ],
)
def test_a_misspelled_field_names_the_closest(typed: str, meant: str) -> None:
    code, said, complained = explained(typed)
    assert (code, said) == (1, "")
    assert f"Did you mean {meant!r}?" in complained


def test_a_kind_may_be_typed_in_any_case() -> None:
    assert explained("dataproduct.spec.name") == explained("DataProduct.spec.name")
    assert explained("REQUESTFORM")[1].startswith("RequestForm: ")


def test_every_field_has_a_page_that_fits() -> None:
    every = list(paths(Workspace))
    assert len(every) > 150
    for path in every:
        code, said, complained = explained(path)
        assert (code, complained) == (0, ""), path
        told = said.partition("\nExample:\n")[0]
        assert max(map(len, told.splitlines())) <= 100, path
        assert "Example:" in said or path.count(".") == 0 or path.endswith(".spec"), path

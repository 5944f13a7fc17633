"""Exceptions from guardrails: documents of their own, read strictly, and never taken for manifests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dpsync.manifests.exceptions import read_exceptions
from dpsync.manifests.load import load
from dpsync.model.finding import Finding
from dpsync.model.place import Origin
from dpsync.model.policy import Exemption

GOOD = """\
apiVersion: dpsync/v1beta1
kind: GuardrailException
metadata: {name: retire-na-sales}
spec:
  rule: delete-with-members
  resource: DataProduct/na-sales
  reason: Replaced by all-sales.
  until: 2026-12-31
"""
MANIFEST = """\
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: terms}
spec: {name: Terms, body: Text.}
"""


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path = path.with_name(path.name + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.origin} {one.rule}: {one.message} → {one.remedy}" for one in findings]


def wrong(root: Path, text: str) -> list[str]:
    put(root, exceptions__x=text)
    return told(read_exceptions(root, "exceptions")[1])


def test_every_document_below_the_folder_is_an_exception(tmp_path: Path) -> None:
    second = GOOD.replace("delete-with-members", "source-removal").replace("na-sales}", "b}")
    put(tmp_path, exceptions__sales__retire=f"{GOOD}---\n{second}", exceptions__a=GOOD)
    exemptions, findings = read_exceptions(tmp_path, "exceptions")
    assert findings == ()
    assert [(one.rule, str(one.origin)) for one in exemptions] == [
        ("delete-with-members", "exceptions/a.yaml:5:9"),
        ("delete-with-members", "exceptions/sales/retire.yaml:5:9"),
        ("source-removal", "exceptions/sales/retire.yaml:14:9"),
    ]
    assert exemptions[0] == Exemption(
        "delete-with-members",
        "DataProduct/na-sales",
        "Replaced by all-sales.",
        date(2026, 12, 31),
        Origin("exceptions/a.yaml", 5, 9),
    )


def test_a_folder_that_is_not_there_or_empty_holds_none(tmp_path: Path) -> None:
    assert read_exceptions(tmp_path, "exceptions") == ((), ())
    (tmp_path / "exceptions").mkdir()
    (tmp_path / "exceptions" / "README.md").write_text("Ask governance.", encoding="utf-8")
    assert read_exceptions(tmp_path, "exceptions") == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "  until:",
            "  untill:",
            "8:3 unknown-field: `untill` is not a field of spec. → Did you mean `until`?",
        ),
        ("  until: 2026-12-31\n", "", "5:3 missing-field: spec needs `until`. → Add `until:`. The last day"),
        ("  reason: Replaced by all-sales.\n", "", "5:3 missing-field: spec needs `reason`."),
        ("  rule: delete-with-members\n", "", "5:3 missing-field: spec needs `rule`."),
        ("  resource: DataProduct/na-sales\n", "", "5:3 missing-field: spec needs `resource`."),
        ("2026-12-31", "31.12.2026", "8:10 invalid-value: '31.12.2026' is not a day. → Write YYYY-MM-DD"),
        ("2026-12-31", "2026-02-30", "8:10 invalid-value: '2026-02-30' is not a day."),
        ("2026-12-31", "20261231", "8:10 wrong-type: spec.until has to be a text, not 20261231."),
        ("2026-12-31", "2026-12-31T10:00:00Z", "8:10 invalid-value: '2026-12-31T10:00:00Z' is not a day."),
        ("Replaced by all-sales.", "' '", "7:11 invalid-value: An exception needs a reason."),
        ("retire-na-sales", "Retire It", "3:18 invalid-value: 'Retire It' is not a name for an exception."),
        (
            "GuardrailException",
            "DataProduct",
            "2:7 not-allowed: kind cannot be 'DataProduct'. → Write GuardrailExc",
        ),
        ("v1beta1", "v2", "1:13 not-allowed: apiVersion cannot be 'dpsync/v2'."),
        (
            GOOD,
            "- a\n",
            "1:1 not-a-manifest: An exception is a mapping, not a list. → Begin with `apiVersion",
        ),
        (GOOD, "# nothing\n", "1:1 empty-file: exceptions/x.yaml holds no exception."),
        ("spec:\n", "spec: {\n", "yaml: "),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in " | ".join(wrong(tmp_path, GOOD.replace(old, new)))


def test_one_that_is_wrong_does_not_hide_the_others(tmp_path: Path) -> None:
    put(tmp_path, exceptions__a=GOOD, exceptions__b=GOOD.replace("until", "till"))
    exemptions, findings = read_exceptions(tmp_path, "exceptions")
    assert len(exemptions) == 1
    assert {one.origin.file for one in findings if one.origin} == {"exceptions/b.yaml"}


def test_an_empty_document_beside_others_is_a_warning(tmp_path: Path) -> None:
    put(tmp_path, exceptions__a=f"{GOOD}---\n---\n{GOOD}")
    exemptions, findings = read_exceptions(tmp_path, "exceptions")
    assert len(exemptions) == 2
    assert [(one.rule, one.is_error) for one in findings] == [("empty-document", False)]


def test_a_link_that_leads_out_is_refused_unopened(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    put(elsewhere, x=GOOD)
    (root / "exceptions").mkdir(parents=True)
    (root / "exceptions" / "x.yaml").symlink_to(elsewhere / "x.yaml")
    exemptions, findings = read_exceptions(root, "exceptions")
    assert exemptions == ()
    assert [one.rule for one in findings] == ["outside-workspace"]
    (root / "waivers").symlink_to(elsewhere)
    assert [one.rule for one in read_exceptions(root, "waivers")[1]] == ["outside-workspace"]


def loaded(root: Path, *folders: str, exceptions: str = "exceptions") -> tuple[int, list[str]]:
    found = load(
        root,
        folders,
        workspace_id="acme-4f9d2c",
        environment="dev",
        vintage="v2",
        exceptions=exceptions,
    )
    return len(found.resources), told(found.findings)


def test_the_folder_of_exceptions_is_no_folder_of_manifests(tmp_path: Path) -> None:
    put(tmp_path, terms=MANIFEST, exceptions__x=GOOD, products__waivers__x=GOOD, products__more=MANIFEST)
    assert loaded(tmp_path, "products", exceptions="products/waivers") == (1, [])
    assert loaded(tmp_path, "products", exceptions="./products/waivers/")[0] == 1
    put(tmp_path, products__more=MANIFEST.replace("terms", "more").replace("Terms", "More"))
    (tmp_path / "products" / "waivers" / "x.yaml").unlink()
    assert loaded(tmp_path, ".") == (2, [])


def test_a_folder_of_exceptions_that_is_named_as_manifests_is_refused(tmp_path: Path) -> None:
    put(tmp_path, terms=MANIFEST, exceptions__x=GOOD, exceptions__deep__x=GOOD)
    for folder in ("exceptions", "exceptions/deep", "exceptions/x.yaml"):
        count, findings = loaded(tmp_path, "terms.yaml", folder)
        assert count == 1
        assert f"{folder} is where exceptions from guardrails stand" in findings[0]
    assert "where exceptions from guardrails stand" in loaded(tmp_path, "terms.yaml", exceptions=".")[1][0]


def test_an_exception_among_the_manifests_is_told_where_it_belongs(tmp_path: Path) -> None:
    put(tmp_path, products__terms=MANIFEST, products__x=GOOD)
    findings = loaded(tmp_path, "products")[1]
    assert "A GuardrailException document stands in the folder of exceptions and nowhere else." in findings[0]

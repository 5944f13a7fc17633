"""A rename edits text: these tests read as a person would see it, before and after."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dpsync.errors import InvalidManifests, UsageError
from dpsync.manifests.load import load
from dpsync.manifests.rename import Renaming, renaming, write
from dpsync.model.identity import computed_id
from dpsync.model.place import Origin
from dpsync.model.reference import is_key
from dpsync.model.variable import Variable

WORKSPACE_ID = "acme-4f9d2c"
WORKSPACE = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: acme, id: acme-4f9d2c}
spec:
  manifests: [products]
  environments:
    dev: {url: "sandbox:"}
    prod: {url: "https://na.api.immutacloud.com/marketplace"}
"""
SALES = """\
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, defaults: {requestForm: strict}}
"""
FORM = """\
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata:
  name: strict
spec:
  name: Strict
  fields: []
  reviewFlow: {decision: approve, comment: x}
"""
PRODUCT = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata:
  name: na-sales
spec:
  name: North American Sales
  domain: sales
  sources: []
"""
ID = computed_id(WORKSPACE_ID, "DataProduct", "na-sales")
FORM_ID = computed_id(WORKSPACE_ID, "RequestForm", "strict")


def write_files(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def rename(root: Path, old: str, new: str) -> Renaming:
    """Work the rename out and write it; the workspace has to be valid before."""
    loaded = load(root, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
    assert not [one for one in loaded.findings if one.is_error], loaded.findings
    done = renaming(root, ["products"], loaded.resources, old, new, workspace_id=WORKSPACE_ID)
    write(done.files)
    return done


def renamed(root: Path, old: str, new: str, files: dict[str, str]) -> dict[str, str]:
    """The files that a rename changed, with their new text. What is declared afterwards has to be what it was."""
    write_files(root, {"dpsync.yaml": WORKSPACE} | files)
    before = load(root, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
    done = rename(root, old, new)
    after = load(root, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
    assert not [one for one in after.findings if one.is_error], after.findings
    if done.id:
        assert sorted(one.id for one in after.resources if one.kind == done.new.kind) == sorted(
            one.id for one in before.resources if one.kind == done.new.kind
        )
    return {file.name: file.path.read_bytes().decode() for file in done.files}


def one_product(root: Path, text: str, new: str = "na") -> str:
    """The text of a product's manifest after its key `na-sales` became another."""
    files = renamed(
        root,
        "DataProduct/na-sales",
        new,
        {"products/p.yaml": text, "products/s.yaml": SALES + "---\n" + FORM},
    )
    return files["products/p.yaml"]


def test_the_name_is_another_and_the_id_is_written_below_it(tmp_path: Path) -> None:
    assert one_product(tmp_path, PRODUCT) == PRODUCT.replace(
        "  name: na-sales\n", f"  name: na\n  id: {ID}\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("metadata:\n  name: na-sales # key\n", f"metadata:\n  name: na # key\n  id: {ID}\n"),
        ("metadata:\n  name: na-sales     # key\n", f"metadata:\n  name: na           # key\n  id: {ID}\n"),
        ('metadata:\n    "name":  "na-sales"\n', f'metadata:\n    "name":  "na"\n    id: {ID}\n'),
        ("metadata:\n  name: 'na-sales'\n", f"metadata:\n  name: 'na'\n  id: {ID}\n"),
        ("metadata:\n  name:\n    na-sales\n", f"metadata:\n  name:\n    na\n  id: {ID}\n"),
        (
            "metadata:\n  labels: {a: na-sales}\n  name: na-sales\n\n",
            f"metadata:\n  labels: {{a: na-sales}}\n  name: na\n  id: {ID}\n\n",
        ),
        ("metadata: {name: na-sales}\n", f"metadata: {{name: na, id: {ID}}}\n"),
        ("metadata: { name: na-sales, labels: {} }\n", f"metadata: {{ name: na, id: {ID}, labels: {{}} }}\n"),
        (
            'metadata: {\n    name: "na-sales",  # key\n    labels: {}}\n',
            f'metadata: {{\n    name: "na", id: {ID},  # key\n    labels: {{}}}}\n',
        ),
    ],
)
def test_metadata_may_be_written_in_any_way(tmp_path: Path, before: str, after: str) -> None:
    text = PRODUCT.replace("metadata:\n  name: na-sales\n", before)
    assert one_product(tmp_path, text) == PRODUCT.replace("metadata:\n  name: na-sales\n", after)


def test_a_comment_keeps_its_column_where_there_is_room(tmp_path: Path) -> None:
    text = PRODUCT.replace("name: na-sales\n", "name: na-sales      # the key\n")
    longer = one_product(tmp_path, text, "north-america")
    assert f"  name: north-america # the key\n  id: {ID}\n" not in longer
    assert f"  name: north-america  # the key\n  id: {ID}\n" in longer


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_and_a_byte_order_mark_stay(tmp_path: Path, ending: str) -> None:
    text = "\ufeff# Verkäufe\n" + PRODUCT
    after = one_product(tmp_path, text.replace("\n", ending))
    assert after == text.replace("  name: na-sales\n", f"  name: na\n  id: {ID}\n").replace("\n", ending)


def test_a_file_may_end_with_the_name(tmp_path: Path) -> None:
    head, spec = PRODUCT.partition("metadata:")[0], PRODUCT.partition("spec:")[2]
    text = f"{head}spec:{spec}metadata:\n  name: na-sales"
    assert one_product(tmp_path, text) == f"{head}spec:{spec}metadata:\n  name: na\n  id: {ID}"


def test_a_whole_document_may_stand_in_one_line(tmp_path: Path) -> None:
    text = "--- {apiVersion: dpsync/v1beta1, kind: DataProduct, metadata: {name: na-sales}, spec: {name: A, domain: sales, sources: []}}\n"
    assert one_product(tmp_path, text) == text.replace("name: na-sales", f"name: na, id: {ID}")


@pytest.mark.parametrize("new", ["1", "1.5", "1e5", "014", "null", "true", "no", "y", "2024-01-01", "0x1f"])
def test_a_key_that_would_not_be_text_to_every_reader_is_quoted(tmp_path: Path, new: str) -> None:
    assert is_key(new)
    assert f'  name: "{new}"\n' in one_product(tmp_path, PRODUCT, new)


def test_an_environment_whose_name_has_a_comma_stays_one_name(tmp_path: Path) -> None:
    workspace = WORKSPACE.replace("    dev:", '    "eu, west": {url: "sandbox:"}\n    dev:')
    text = PRODUCT.replace("  name: na-sales\n", f"  name: na-sales\n  id: {{dev: {ID}}}\n")
    files = {"products/p.yaml": text, "products/s.yaml": SALES + "---\n" + FORM}
    write_files(tmp_path, files | {"dpsync.yaml": workspace})
    (file,) = rename(tmp_path, "DataProduct/na-sales", "na").files
    assert f'  id: {{"eu, west": {ID}, prod: {ID}, dev: {ID}}}\n' in file.after.decode()


def test_an_id_that_is_pinned_already_stays(tmp_path: Path) -> None:
    pin = "  id: 5f0c8a52-0000-4000-8000-000000000001\n"
    text = PRODUCT.replace("  name: na-sales\n", f"{pin}  name: na-sales\n")
    assert one_product(tmp_path, text) == text.replace("na-sales", "na")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{prod: X}", "{dev: ID, prod: X}"),
        ("{ dev: X }", "{prod: ID,  dev: X }"),
        ("{}", "{dev: ID, prod: ID}"),
        ("\n    prod: X  # there\n", "\n    dev: ID\n    prod: X  # there\n"),
        ("\n    dev: X\n    prod: Y\n", "\n    dev: X\n    prod: Y\n"),
    ],
)
def test_a_map_by_environment_is_completed(tmp_path: Path, before: str, after: str) -> None:
    live = {
        "X": "5f0c8a52-0000-4000-8000-000000000001",
        "Y": "5f0c8a52-0000-4000-8000-000000000002",
        "ID": ID,
    }

    def text(key: str, ids: str) -> str:
        for sign, live_id in live.items():
            ids = ids.replace(f": {sign}", f": {live_id}")
        return PRODUCT.replace(
            "  name: na-sales\n", f"  name: {key}\n  id: {ids.rstrip()}\n".replace(": \n", ":\n")
        )

    assert one_product(tmp_path, text("na-sales", before)) == text("na", after)


def test_references_to_a_form_are_followed_wherever_they_are_written(tmp_path: Path) -> None:
    product = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: %s}
spec:
  name: %s
  domain: sales
  sources: []
"""
    files = {
        "products/forms.yaml": FORM,
        "products/sales.yaml": SALES,
        "products/plain.yaml": product % ("plain", "Plain") + "  requestForm: strict     # strict\n",
        "products/double.yaml": product % ("double", "Double") + '  requestForm: "strict"\n',
        "products/single.yaml": product % ("single", "Single") + "  requestForm: 'strict'\n",
        "products/long.yaml": product % ("long", "Long") + "  requestForm: {key: strict}\n",
        "products/block.yaml": product % ("block", "Block") + "  requestForm:\n    key: strict\n",
        "products/both.yaml": product % ("both", "Both")
        + "  requestForms: {dataAccess: strict, maskingException: {key: 'strict'}}\n",
        "products/by-name.yaml": product % ("by-name", "strict") + "  requestForm: {name: strict}\n",
        "products/inherits.yaml": product % ("strict", "Inherits"),
    }
    after = renamed(tmp_path, "RequestForm/strict", "hard", files)
    assert {name: text for name, text in after.items() if name != "products/forms.yaml"} == {
        "products/sales.yaml": SALES.replace("strict", "hard"),
        "products/plain.yaml": product % ("plain", "Plain") + "  requestForm: hard       # strict\n",
        "products/double.yaml": product % ("double", "Double") + '  requestForm: "hard"\n',
        "products/single.yaml": product % ("single", "Single") + "  requestForm: 'hard'\n",
        "products/long.yaml": product % ("long", "Long") + "  requestForm: {key: hard}\n",
        "products/block.yaml": product % ("block", "Block") + "  requestForm:\n    key: hard\n",
        "products/both.yaml": product % ("both", "Both")
        + "  requestForms: {dataAccess: hard, maskingException: {key: 'hard'}}\n",
    }
    assert after["products/forms.yaml"] == FORM.replace("name: strict\n", f"name: hard\n  id: {FORM_ID}\n")


def test_agreements_in_a_list_are_followed(tmp_path: Path) -> None:
    terms = "apiVersion: dpsync/v1beta1\nkind: DataUseAgreement\nmetadata: {name: %s}\nspec: {name: %s, body: x}\n"
    form = FORM + "  agreements:\n    - other\n    - {key: terms}\n"
    another = FORM.replace("strict", "calm").replace("Strict", "Calm") + "  agreements: [terms, other]\n"
    files = {
        "products/all.yaml": "---\n".join(
            (terms % ("terms", "Terms"), terms % ("other", "Other"), form, another)
        )
    }
    after = renamed(tmp_path, "DataUseAgreement/terms", "rules", files)["products/all.yaml"]
    live_id = computed_id(WORKSPACE_ID, "DataUseAgreement", "terms")
    assert f"metadata: {{name: rules, id: {live_id}}}" in after
    assert "    - other\n    - {key: rules}\n" in after
    assert "agreements: [rules, other]\n" in after


def test_what_is_never_written_gets_no_id(tmp_path: Path) -> None:
    source = "apiVersion: dpsync/v1beta1\nkind: DataSource\nmetadata: {name: orders}\nspec: {domain: sales, table: ORDERS}\n"
    product = PRODUCT.replace(
        "sources: []", "sources:\n    - orders\n    - key: orders-2\n    - {name: orders}"
    )
    files = {
        "products/d.yaml": SALES + "---\n" + FORM,
        "products/s.yaml": source,
        "products/t.yaml": source.replace("orders", "orders-2"),
        "products/p.yaml": product,
    }
    after = renamed(tmp_path, "DataSource/orders", "sales-orders", files)
    assert after == {
        "products/s.yaml": source.replace("name: orders", "name: sales-orders"),
        "products/p.yaml": product.replace("- orders\n", "- sales-orders\n"),
    }
    after = renamed(tmp_path, "Domain/sales", "emea", {})
    assert after["products/d.yaml"].startswith(SALES.replace("name: sales", "name: emea"))
    assert "{domain: emea, table: ORDERS}" in after["products/s.yaml"]
    assert "  domain: emea\n" in after["products/p.yaml"]


def test_tombstones_are_followed_too(tmp_path: Path) -> None:
    retired = PRODUCT.replace("na-sales", "gone") + "  requestForm: strict\n  lifecycle: retired\n"
    files = {"products/f.yaml": FORM, "products/s.yaml": SALES, "products/p.yaml": retired}
    after = renamed(tmp_path, "RequestForm/strict", "hard", files)
    assert after["products/p.yaml"] == retired.replace("strict", "hard")


def test_exceptions_and_protection_are_followed(tmp_path: Path) -> None:
    exception = """\
apiVersion: dpsync/v1beta1
kind: GuardrailException
metadata: {name: na-sales}
spec: {rule: protected, resource: DataProduct/na-sales, reason: na-sales moves, until: 2027-01-01}
"""
    workspace = (
        WORKSPACE
        + "  protected: {resources: [DataProduct/na-sales, 'DataProduct/na-sales-2'], domains: [sales]}\n"
    )
    files = {
        "dpsync.yaml": workspace,
        "exceptions/one.yaml": exception,
        "products/p.yaml": PRODUCT,
        "products/s.yaml": SALES + "---\n" + FORM,
    }
    after = renamed(tmp_path, "DataProduct/na-sales", "na", files)
    assert after["dpsync.yaml"] == workspace.replace("DataProduct/na-sales,", "DataProduct/na,")
    assert after["exceptions/one.yaml"] == exception.replace("DataProduct/na-sales", "DataProduct/na")


def test_the_policy_about_a_domain_is_followed(tmp_path: Path) -> None:
    workspace = WORKSPACE + (
        "  exclusiveDomains: [sales, finance]\n"
        "  protected: {domains: [sales]}\n"
        "  displayNames: {sales: 'Sales .*'}\n"
        "  owners:\n    - {name: sales, paths: [sales], domains: [finance, sales]}\n"
    )
    files = {"dpsync.yaml": workspace, "products/p.yaml": PRODUCT, "products/s.yaml": SALES + "---\n" + FORM}
    after = renamed(tmp_path, "Domain/sales", "emea", files)
    assert after["dpsync.yaml"] == WORKSPACE + (
        "  exclusiveDomains: [emea, finance]\n"
        "  protected: {domains: [emea]}\n"
        "  displayNames: {emea: 'Sales .*'}\n"
        "  owners:\n    - {name: sales, paths: [sales], domains: [finance, emea]}\n"
    )


def test_each_changed_line_is_told(tmp_path: Path) -> None:
    write_files(tmp_path, {"dpsync.yaml": WORKSPACE, "products/f.yaml": FORM, "products/s.yaml": SALES})
    done = rename(tmp_path, "RequestForm/strict", "hard")
    assert [(file.name, *line) for file in done.files for line in file.lines] == [
        ("products/f.yaml", 4, "name: hard"),
        ("products/f.yaml", 5, f"id: {FORM_ID}"),
        ("products/s.yaml", 4, "spec: {name: Sales, defaults: {requestForm: hard}}"),
    ]
    assert done.id == FORM_ID


# What is refused, with everything as it was.

REFUSED = {
    (
        "DataProduct/na-salse",
        "na",
    ): "No manifest declares DataProduct/na-salse. Did you mean `DataProduct/na-sales`?",
    ("DataProducts/na-sales", "na"): "There is no kind 'DataProducts'. Did you mean `DataProduct`?",
    ("na-sales", "na"): "'na-sales' is no address. Write Kind/key, such as DataProduct/na-sales.",
    ("DataProduct/na-sales", "other"): "DataProduct/other is declared already, at products/o.yaml:1:1.",
    ("DataProduct/na-sales", "na-sales"): "DataProduct/na-sales has this key already.",
    ("DataProduct/na-sales", "NA"): "'NA' is not a key.",
    ("DataProduct/na-sales", "DataProduct/na"): "'DataProduct/na' is not a key.",
    ("DataProduct/na-sales", ID): f"{ID!r} is not a key.",
    ("DataProduct/na-sales", ""): "'' is not a key.",
    ("DataProduct/\x1b[31m", "na"): r"No manifest declares DataProduct/\x1b[31m.",
}


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_what_cannot_be_renamed_is_refused_with_the_way_out(tmp_path: Path, old: str, new: str) -> None:
    files = {"dpsync.yaml": WORKSPACE, "products/s.yaml": SALES + "---\n" + FORM, "products/p.yaml": PRODUCT}
    files["products/o.yaml"] = PRODUCT.replace("na-sales", "other").replace("North", "South")
    write_files(tmp_path, files)
    with pytest.raises(UsageError) as raised:
        rename(tmp_path, old, new)
    assert f"{raised.value.message} {raised.value.remedy}".startswith(REFUSED[old, new])
    assert_as_they_were(tmp_path, files)


def assert_as_they_were(root: Path, files: dict[str, str]) -> None:
    there = {
        file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }
    assert there == {name: text.encode() for name, text in files.items()}


@pytest.mark.parametrize(
    "metadata",
    [
        'metadata: {name: "na\\u002dsales"}\n',
        "metadata:\n  name: >-\n    na-sales\n",
        "metadata: &m {name: na-sales}\n",
        "metadata:\n  name: &key na-sales\n",
    ],
)
def test_what_cannot_be_edited_is_left_alone_and_told_where(tmp_path: Path, metadata: str) -> None:
    text = PRODUCT.replace("metadata:\n  name: na-sales\n", metadata)
    files = {"dpsync.yaml": WORKSPACE, "products/s.yaml": SALES + "---\n" + FORM, "products/p.yaml": text}
    write_files(tmp_path, files)
    with pytest.raises(UsageError, match=r"products/p\.yaml.* written in a way that cannot be edited"):
        rename(tmp_path, "DataProduct/na-sales", "na")
    assert_as_they_were(tmp_path, files)


def test_an_exception_that_cannot_be_read_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    files = {"dpsync.yaml": WORKSPACE, "products/p.yaml": PRODUCT, "products/s.yaml": SALES + "---\n" + FORM}
    files["exceptions/e.yaml"] = "a: b: c"
    write_files(tmp_path, files)
    with pytest.raises(InvalidManifests) as raised:
        rename(tmp_path, "DataProduct/na-sales", "na")
    assert "exceptions/e.yaml" in str(raised.value.findings[0].origin)
    assert_as_they_were(tmp_path, files)


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    files = {"dpsync.yaml": WORKSPACE, "products/a.yaml": SALES, "products/f.yaml": FORM}
    write_files(tmp_path, files)
    loaded = load(tmp_path, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
    done = renaming(
        tmp_path, ["products"], loaded.resources, "RequestForm/strict", "hard", workspace_id=WORKSPACE_ID
    )
    files["products/f.yaml"] += "# by somebody else\n"
    write_files(tmp_path, files)
    with pytest.raises(UsageError, match=r"products/f\.yaml was changed meanwhile"):
        write(done.files)
    files["products/f.yaml"] = FORM.replace("Strict", "Very Strict")
    write_files(tmp_path, files)
    with pytest.raises(UsageError, match=r"products/f\.yaml was changed meanwhile"):
        renaming(
            tmp_path, ["products"], loaded.resources, "RequestForm/strict", "hard", workspace_id=WORKSPACE_ID
        )
    assert_as_they_were(tmp_path, files)


def test_all_files_are_put_back_where_one_cannot_be_written(tmp_path: Path) -> None:
    files = {"dpsync.yaml": WORKSPACE, "products/a.yaml": SALES, "products/f.yaml": FORM}
    write_files(tmp_path, files)
    loaded = load(tmp_path, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
    done = renaming(
        tmp_path, ["products"], loaded.resources, "RequestForm/strict", "hard", workspace_id=WORKSPACE_ID
    )
    (tmp_path / "products" / "f.yaml").unlink()
    (tmp_path / "products" / "f.yaml").mkdir()
    with pytest.raises(UsageError, match="cannot be written, and are as they were"):
        write(done.files)
    (tmp_path / "products" / "f.yaml").rmdir()
    del files["products/f.yaml"]
    assert_as_they_were(tmp_path, files)


def test_the_rights_of_a_file_and_a_link_to_it_stay(tmp_path: Path) -> None:
    write_files(tmp_path, {"dpsync.yaml": WORKSPACE, "shared/f.yaml": FORM, "products/s.yaml": SALES})
    link = tmp_path / "products" / "f.yaml"
    link.symlink_to("../shared/f.yaml")
    (tmp_path / "shared" / "f.yaml").chmod(0o640)
    rename(tmp_path, "RequestForm/strict", "hard")
    assert link.is_symlink()
    assert "name: hard" in link.read_text()
    assert stat.S_IMODE((tmp_path / "shared" / "f.yaml").stat().st_mode) == 0o640
    assert [one.name for one in (tmp_path / "shared").iterdir()] == ["f.yaml"]


# A law: whatever the keys are, a rename there and back declares what it declared before.

KEYS = st.from_regex(r"[a-z0-9](?:[a-z0-9._-]{0,12}[a-z0-9])?", fullmatch=True).filter(is_key)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=KEYS, new=KEYS, quote=st.sampled_from(['"', "'"]))
def test_there_and_back_declares_the_same(tmp_path: Path, old: str, new: str, quote: str) -> None:
    if old == new:
        return
    form = FORM.replace("name: strict", f"name: {quote}{old}{quote}")
    sales = SALES.replace("requestForm: strict", f"requestForm: {quote}{old}{quote}")
    write_files(tmp_path, {"dpsync.yaml": WORKSPACE, "products/f.yaml": form, "products/s.yaml": sales})

    def declares() -> list[object]:
        loaded = load(tmp_path, ["products"], workspace_id=WORKSPACE_ID, environment="dev", vintage="v2")
        assert not [one for one in loaded.findings if one.is_error], loaded.findings
        return [(one.id, one.spec) for one in loaded.resources if one.kind == "RequestForm"]

    before = declares()
    rename(tmp_path, f"RequestForm/{old}", new)
    assert declares() == before
    rename(tmp_path, f"RequestForm/{new}", old)
    assert declares() == before
    assert (tmp_path / "products" / "s.yaml").read_text() == sales


PATCHED = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: na-sales}   # fewer in dev
spec:
  requestForm: strict
  sources: {remove: [orders], add: [{key: orders}]}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata:
  name: strict
spec: {name: Strict in dev}
"""
PATCHED_PRODUCT = PRODUCT.replace("sources: []", "sources: [orders]")
SOURCE = """\
apiVersion: dpsync/v1beta1
kind: DataSource
metadata: {name: orders}
spec: {domain: sales, name: Orders}
"""


def rename_in_every_environment(root: Path, old: str, new: str) -> Renaming:
    resources = [
        one
        for name in ("prod", "dev")
        for one in load(
            root, ["products"], workspace_id=WORKSPACE_ID, environment=name, vintage="v2"
        ).resources
    ]
    done = renaming(root, ["products"], resources, old, new, workspace_id=WORKSPACE_ID)
    write(done.files)
    return done


def patched_files(root: Path) -> dict[str, str]:
    files = {
        "dpsync.yaml": WORKSPACE,
        "products/a.yaml": f"{SALES}---\n{FORM}---\n{SOURCE}",
        "products/p.yaml": PATCHED_PRODUCT,
        "environments/dev/p.yaml": PATCHED,
    }
    write_files(root, files)
    return files


def test_a_rename_finds_the_patches_and_what_they_refer_to(tmp_path: Path) -> None:
    patched_files(tmp_path)
    done = rename_in_every_environment(tmp_path, "RequestForm/strict", "hard")
    text = (tmp_path / "environments/dev/p.yaml").read_text(encoding="utf-8")
    assert text == PATCHED.replace("Form: strict", "Form: hard").replace("name: strict", "name: hard")
    assert [file.name for file in done.files] == ["environments/dev/p.yaml", "products/a.yaml"]
    done = rename_in_every_environment(tmp_path, "DataSource/orders", "bookings")
    assert {file.name for file in done.files} == {
        "environments/dev/p.yaml",
        "products/a.yaml",
        "products/p.yaml",
    }
    text = (tmp_path / "environments/dev/p.yaml").read_text(encoding="utf-8")
    assert "{remove: [bookings], add: [{key: bookings}]}" in text
    rename_in_every_environment(tmp_path, "DataProduct/na-sales", "us-sales")
    text = (tmp_path / "environments/dev/p.yaml").read_text(encoding="utf-8")
    assert "metadata: {name: us-sales}   # fewer in dev" in text
    for name in ("dev", "prod"):
        found = load(tmp_path, ["products"], workspace_id=WORKSPACE_ID, environment=name, vintage="v2")
        assert not any(one.is_error for one in found.findings)
        assert {one.address.key: one.id for one in found.resources}["us-sales"] == ID


def test_a_key_that_a_variable_names_is_not_renamed(tmp_path: Path) -> None:
    files = patched_files(tmp_path)
    files["products/p.yaml"] = PATCHED_PRODUCT.replace("domain: sales", "domain: ${domain}")
    write_files(tmp_path, files)
    found = load(
        tmp_path,
        ["products"],
        workspace_id=WORKSPACE_ID,
        environment="prod",
        vintage="v2",
        variables={"domain": Variable("sales", Origin("dpsync.yaml", 1, 1))},
    )
    with pytest.raises(UsageError, match=r"named by a variable at products/p\.yaml:7:11: '\$\{domain\}'"):
        renaming(tmp_path, ["products"], found.resources, "Domain/sales", "trade", workspace_id=WORKSPACE_ID)
    assert_as_they_were(tmp_path, files)


def test_an_id_that_a_patch_takes_away_is_written_down_by_hand_first(tmp_path: Path) -> None:
    files = patched_files(tmp_path)
    files["products/p.yaml"] = PATCHED_PRODUCT.replace("name: na-sales", f"name: na-sales\n  id: {ID}")
    files["environments/dev/p.yaml"] = PATCHED.replace("{name: na-sales}", "{name: na-sales, $unset: [id]}")
    write_files(tmp_path, files)
    with pytest.raises(UsageError, match="pins an id that a patch takes away"):
        rename_in_every_environment(tmp_path, "DataProduct/na-sales", "us-sales")
    assert_as_they_were(tmp_path, files)

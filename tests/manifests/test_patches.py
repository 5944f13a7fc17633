"""Patches: what an environment has otherwise, laid over the manifests; and manifests rendered with all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dpsync.manifests.document import Document, read_documents
from dpsync.manifests.load import Loaded, load
from dpsync.manifests.origins import DocumentOrigins
from dpsync.manifests.render import rendered
from dpsync.model.finding import Finding
from dpsync.model.place import Layer, Origin
from dpsync.model.plain import plain
from dpsync.model.resource import Resource
from dpsync.model.variable import Variable
from manifests.test_load import told, write

EXAMPLES = Path(__file__).parents[2] / "examples"
BASE = """\
=== products/all.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, defaults: {requestForm: standard, subjectMatterExpert: jane.doe}}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: standard}
spec:
  name: Standard
  fields: [{key: why, type: SHORT_ANSWER, label: Why?}]
  reviewFlow: {decision: review, stages: [{any: [{permission: GOVERNANCE}]}]}
  agreements: [terms]
---
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: terms}
spec: {name: Terms, body: Be good.}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: orders, labels: {team: a, tier: gold}, id: {prod: 4c8f6d82-e4c6-4478-92eb-d9342500f006}}
spec:
  name: Orders
  description: All of them.
  domain: sales
  sources:
    - table: A.B.C
    - {database: A, schema: B, table: D}
    - orders-key
---
apiVersion: dpsync/v1beta1
kind: DataSource
metadata: {name: orders-key}
spec: {domain: sales, name: Orders}
"""
PATCH = "apiVersion: dpsync/v1beta1\nkind: {kind}\nmetadata: {{name: {key}}}\n"


def over(patch: str, kind: str = "DataProduct", key: str = "orders") -> str:
    """A patch of the product, from the line after its metadata on."""
    return f"=== environments/dev/p.yaml\n{PATCH.format(kind=kind, key=key)}{patch}"


def in_dev(root: Path, text: str, environment: str = "dev") -> Loaded:
    write(root, text)
    return load(
        root,
        ["products"],
        workspace_id="acme-4f9d2c",
        environment=environment,
        vintage="v2",
        environments=("dev", "prod"),
    )


def valid(root: Path, text: str, environment: str = "dev") -> dict[str, Resource]:
    found = in_dev(root, text, environment)
    assert told(found.findings) == ""
    return {one.key: one for one in found.resources}


def orders(root: Path, patch: str) -> Resource:
    return valid(root, BASE + over(patch))["orders"]


def test_what_a_patch_names_takes_the_place_of_what_stands_there(tmp_path: Path) -> None:
    one = orders(tmp_path, "spec:\n  name: Orders of Dev\n  lifecycle: suspended\n")
    assert plain(one.spec) | {"sources": []} == {
        "name": "Orders of Dev",
        "description": "All of them.",
        "domain": "sales",
        "subjectMatterExpert": "jane.doe",
        "sources": [],
        "requestForms": {"dataAccess": "standard", "maskingException": "standard"},
        "lifecycle": "suspended",
    }
    assert one.origin == Origin("products/all.yaml", 20, 1)
    assert one.patches == (Origin("environments/dev/p.yaml", 1, 1, Layer.PATCH),)
    assert one.origins.of(("name",)) == Origin("environments/dev/p.yaml", 5, 9, Layer.PATCH)
    assert one.origins.of(("description",)) == Origin("products/all.yaml", 25, 16)


def test_an_environment_sees_only_its_own_patches(tmp_path: Path) -> None:
    text = BASE + over("spec: {name: Orders of Dev}\n")
    assert valid(tmp_path, text, "prod")["orders"].spec.title == "Orders"


def test_null_sets_null_and_unset_makes_unmanaged(tmp_path: Path) -> None:
    patch = "spec:\n  subjectMatterExpert: null\n  $unset: [description]\n"
    spec = orders(tmp_path, patch).spec
    assert spec.manages("subject_matter_expert")
    assert getattr(spec, "subject_matter_expert", "") is None
    assert not spec.manages("description")


def test_a_list_is_replaced_whole(tmp_path: Path) -> None:
    assert [
        str(one)
        for one in getattr(orders(tmp_path, "spec: {sources: [{table: X.Y.Z}]}\n").spec, "sources", ())
    ] == ["X.Y.Z"]


def test_sources_are_added_and_removed_however_they_are_written(tmp_path: Path) -> None:
    patch = """\
spec:
  sources:
    remove:
      - {table: C, schema: B, database: A}
      - table: A.B.D
    add:
      - table: A.B.E
"""
    one = orders(tmp_path, patch)
    assert [str(source) for source in getattr(one.spec, "sources", ())] == ["orders-key", "A.B.E"]
    assert one.origins.of(("sources", 0)) == Origin("products/all.yaml", 30, 7)
    assert one.origins.of(("sources", 1)) == Origin("environments/dev/p.yaml", 10, 9, Layer.PATCH)


def test_agreements_are_a_list_without_order_too(tmp_path: Path) -> None:
    patch = over("spec: {agreements: {remove: [terms]}}\n", "RequestForm", "standard")
    assert getattr(valid(tmp_path, BASE + patch)["standard"].spec, "agreements", None) == ()


def test_a_review_flow_is_replaced_whole_and_not_mixed(tmp_path: Path) -> None:
    patch = over("spec: {reviewFlow: {decision: approve}}\n", "RequestForm", "standard")
    flow = getattr(valid(tmp_path, BASE + patch)["standard"].spec, "review_flow", None)
    assert str(flow) == "approved at once"


def test_defaults_are_merged_field_by_field_and_say_that_a_patch_gave_them(tmp_path: Path) -> None:
    patch = over("spec: {defaults: {requestForms: {maskingException: strict}}}\n", "Domain", "sales")
    strict = (
        PATCH.format(kind="RequestForm", key="strict")
        + "spec: {name: Strict, fields: [], reviewFlow: {decision: approve}}\n"
    )
    found = valid(tmp_path, f"{BASE}---\n{strict}{patch}")
    spec = plain(found["orders"].spec)
    assert spec["requestForms"] == {"dataAccess": "standard", "maskingException": "strict"}
    assert spec["subjectMatterExpert"] == "jane.doe"
    origins = found["orders"].origins
    assert origins.of(("requestForms", "maskingException")) == Origin(
        "environments/dev/p.yaml", 4, 52, Layer.DEFAULT
    )
    assert origins.of(("requestForms", "dataAccess")) == Origin("products/all.yaml", 4, 45, Layer.DEFAULT)


def test_the_short_form_of_a_patch_replaces_the_long_one(tmp_path: Path) -> None:
    base = BASE.replace(
        "  description: All of them.\n", "  requestForms: {dataAccess: x, maskingException: y}\n"
    )
    spec = valid(tmp_path, base + over("spec: {requestForm: standard}\n"))["orders"].spec
    assert plain(spec)["requestForms"] == {"dataAccess": "standard", "maskingException": "standard"}


def test_labels_are_merged_and_the_id_is_the_environments_own(tmp_path: Path) -> None:
    patch = PATCH.format(kind="DataProduct", key="orders").replace(
        "name: orders",
        "name: orders, labels: {team: b, $unset: [tier]}, id: 4c8f6d82-e4c6-4478-92eb-d9342500f009",
    )
    one = valid(tmp_path, f"{BASE}=== environments/dev/p.yaml\n{patch}")["orders"]
    assert (one.labels, one.id, one.pinned) == ({"team": "b"}, "4c8f6d82-e4c6-4478-92eb-d9342500f009", True)


def test_what_an_environment_leaves_out_is_not_there(tmp_path: Path) -> None:
    assert "orders" not in valid(tmp_path, BASE + over("$omit: true\n"))


def test_an_environment_may_leave_out_everything(tmp_path: Path) -> None:
    text = BASE.replace("DataProduct", "Nothing")[: BASE.index("---")]
    found = in_dev(tmp_path, text + over("$omit: true\n", "Domain", "sales"))
    assert found.resources == ()
    assert told(found.findings) == (
        "environments/dev/p.yaml:1:1 notice nothing-declared: The patches of dev leave out everything that the manifests "
        "declare.\n    → If dev is to have something, remove `$omit: true` from its patch.\n"
    )


def test_a_variable_that_only_what_is_left_out_names_is_no_misspelled_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        BASE.replace("All of them.", "${much} of ${many}, $${not}") + over("$omit: true\n"),
    )
    place = Origin("dpsync.yaml", 7, 3)
    found = load(
        tmp_path,
        ["products"],
        workspace_id="acme-4f9d2c",
        environment="dev",
        vintage="v2",
        variables={name: Variable("x", place) for name in ("much", "many", "not")},
    )
    assert [one.message for one in found.findings] == ["No manifest or patch of dev names the variable not."]


def test_what_refers_to_what_is_left_out_is_told_where_that_is_said(tmp_path: Path) -> None:
    found = in_dev(tmp_path, BASE + over("$omit: true\n", "DataUseAgreement", "terms"))
    assert told(found.findings) == (
        "products/all.yaml:13:16 error dangling-reference: RequestForm/standard refers to DataUseAgreement/terms, which this "
        "environment leaves out: environments/dev/p.yaml:1:1.\n"
        "    → Refer to another one in a patch of RequestForm/standard, leave that out as well, or keep DataUseAgreement/terms.\n"
    )


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("spec: {sources: {remove: [{table: A.B.X}]}}", "4:27 error unmatched-patch: spec.sources of the manifest has no such entry to remove."),
        ("spec: {sources: {add: x}}", "4:23 error invalid-value: spec.sources.add has to be a list, not 'x'."),
        ("spec: {sources: {add: [{table: A.B.C}]}}", "4:24 error duplicate-source: The source A.B.C is listed twice."),
        ("spec: {sources: {ad: []}}", "4:17 error wrong-type: spec.sources has to be a list, not a mapping."),
        ("spec: {$unset: [lifecycle]}", "4:17 error unmatched-patch: spec.lifecycle is not in the manifest, so it cannot be unset."),
        ("spec: {$unset: [sources]}", "4:17 error not-allowed: spec.sources is required, so it cannot be left out."),
        ("spec: {$unset: description}", "4:16 error invalid-value: spec.$unset has to be a list of fields, not 'description'."),
        ("spec: {description: x, $unset: [description]}", "4:33 error invalid-value: spec.description is set and unset in one patch."),
        ("spec: {requestForms: {$unset: [dataAccess]}}", "4:31 error unmatched-patch: spec.requestForms is not in the manifest."),
        ("spec: {name: null}", "4:14 error not-null: spec.name cannot be null."),
        ("spec: {domain: sale}", "4:16 error dangling-reference: DataProduct/orders refers to the domain 'sale', which no manifest declares."),
        ("spec: x", "4:7 error wrong-type: spec has to be a mapping, not 'x'."),
        ("$omit: true\nspec: {name: x}", "1:1 error empty-patch: This patch leaves DataProduct/orders out and changes it at the same time."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_patch_is_told_in_the_patch(patch: str, said: str, tmp_path: Path) -> None:
    found = in_dev(tmp_path, BASE + over(f"{patch}\n"))
    assert told(found.findings).partition("\n")[0] == f"environments/dev/p.yaml:{said}"
    assert sum(one.is_error for one in found.findings) == 1


def test_a_patch_of_nothing_is_not_told_where_the_manifest_could_not_be_read(tmp_path: Path) -> None:
    text = (
        BASE
        + over("spec: {name: x}\n", key="retail")
        + "=== products/b.yaml\nmetadata: {name: retail}\nkind: [\n"
    )
    assert [one.rule for one in in_dev(tmp_path, text).findings] == ["yaml"]


def test_patches_are_no_manifests_even_where_everything_is_read(tmp_path: Path) -> None:
    write(tmp_path, BASE + over("spec: {name: x}\n"))

    def read(folder: str, patches: str = "environments") -> tuple[Finding, ...]:
        return load(
            tmp_path,
            [folder],
            workspace_id="acme-4f9d2c",
            environment="dev",
            vintage="v2",
            patches=patches,
        ).findings

    assert told(read(".")) == ""
    (finding,) = read("environments/dev")
    assert (
        finding.message
        == "environments/dev is where patches of environments stand, so nothing in it is a manifest."
    )
    assert read(".", "overlays")


def test_a_patch_outside_the_workspace_is_refused_unopened(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "p.yaml").write_text("secret", encoding="utf-8")
    inside = tmp_path / "workspace"
    write(inside, BASE)
    (inside / "environments").mkdir()
    (inside / "environments" / "dev").symlink_to(tmp_path / "elsewhere")
    found = in_dev(inside, "")
    assert [one.rule for one in found.findings] == ["outside-workspace"]


@pytest.mark.parametrize("name", ["..", "../products", "a/b", "", ".", "C:\\x"])
def test_the_name_of_an_environment_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    write(tmp_path, BASE)
    (tmp_path / "environments").mkdir()
    found = load(tmp_path, ["products"], workspace_id="acme-4f9d2c", environment=name, vintage="v2")
    assert told(found.findings) == ""


# Rendering


def rendered_again(root: Path, resources: tuple[Resource, ...], environment: str) -> tuple[str, Loaded]:
    text = rendered(resources, environment)
    (root / "rendered").mkdir(parents=True)
    (root / "rendered" / "all.yaml").write_text(text, encoding="utf-8")
    return text, load(
        root / "rendered", ["."], workspace_id="acme-4f9d2c", environment=environment, vintage="v2"
    )


def same(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> None:
    assert [(one.address, one.id, one.spec, one.labels) for one in before] == [
        (one.address, one.id, one.spec, one.labels) for one in after
    ]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_rendering_the_render_gives_the_same_bytes_and_declares_the_same(
    environment: str, tmp_path: Path
) -> None:
    text = BASE.replace("Be good.", '"$${x} ${who}: yes\\n"').replace("All of them.", "'${n}'") + over(
        "spec: {description: '$${y}', sources: {add: [{name: '014'}]}, requestForm: standard}\n"
    )
    write(tmp_path, text)
    place = Origin("dpsync.yaml", 1, 1)
    before = load(
        tmp_path,
        ["products"],
        workspace_id="acme-4f9d2c",
        environment=environment,
        vintage="v2",
        variables={"who": Variable("${me}", place), "n": Variable(None, place)},
    )
    assert told(before.findings) == ""
    first, after = rendered_again(tmp_path, before.resources, environment)
    same(before.resources, after.resources)
    assert rendered(after.resources, environment) == first


def test_the_examples_render_to_what_they_declare(tmp_path: Path) -> None:
    before = load(EXAMPLES, ["products"], workspace_id="acme-4f9d2c", environment="sandbox", vintage="v2")
    first, after = rendered_again(tmp_path, before.resources, "sandbox")
    same(before.resources, after.resources)
    assert rendered(after.resources, "sandbox") == first


def test_a_document_that_is_not_patched_is_kept_as_it_was_read(tmp_path: Path) -> None:
    found = valid(tmp_path, BASE + over("spec: {name: x}\n"))
    (raw, *_rest), _ = read_documents((tmp_path / "products" / "all.yaml").read_bytes())
    origins = found["sales"].origins
    assert isinstance(origins, DocumentOrigins)
    assert origins.document.root == raw.root
    assert origins.written is None
    patched = found["orders"].origins
    assert isinstance(patched, DocumentOrigins)
    assert isinstance(patched.written, Document)
    assert os.fspath(patched.file) == "products/all.yaml"

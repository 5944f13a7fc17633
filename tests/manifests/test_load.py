import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpsync.manifests.load import Loaded, load
from dpsync.manifests.workspace import find_workspace, read_workspace
from dpsync.model.base import Spec
from dpsync.model.finding import Finding
from dpsync.model.identity import computed_id
from dpsync.model.place import Layer, Origin
from dpsync.model.resource import Resource

SALES = """\
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, defaults: {requestForm: {name: Standard}}}
"""
PRODUCT = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: {key}}}
spec: {{name: {key}, domain: sales, sources: []}}
"""


def write(root: Path, text: str) -> None:
    """The files of a text in which each begins with a line `=== path`; `(sales)` after it stands for that domain."""
    for part in text.split("=== ")[1:]:
        name, _, content = part.partition("\n")
        file = root / name.removesuffix(" (sales)")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SALES if name.endswith(" (sales)") else content, encoding="utf-8")


def loaded(root: Path, *folders: str, environment: str = "dev", vintage: str = "v2") -> Loaded:
    return load(root, folders or (".",), workspace_id="acme-4f9d2c", environment=environment, vintage=vintage)


def told(findings: tuple[Finding, ...]) -> str:
    return "".join(
        f"{one.origin} {one.severity.word} {one.rule}: {one.message}\n    → {one.remedy}\n"
        for one in findings
    )


def by_key(resources: tuple[Resource, ...]) -> dict[str, Resource]:
    return {str(one.address): one for one in resources}


# Each text: the files, and after `=== expected` everything that is said about them.
CASES = {
    "an unknown field names the closest known one": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a, label: {}}
spec:
  name: A
  domain: sales
  sources: []
  descripton: text
  request_form: {name: x}
=== expected
p.yaml:3:21 error unknown-field: `label` is not a field of metadata.
    → Did you mean `labels`?
p.yaml:8:3 error unknown-field: `descripton` is not a field of spec.
    → Did you mean `description`?
p.yaml:9:3 error unknown-field: `request_form` is not a field of spec.
    → Did you mean `requestForm`?
""",
    "an unknown field that is close to none lists the known ones": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales, colour: red}
=== expected
d.yaml:4:21 error unknown-field: `colour` is not a field of spec.
    → Remove the line, or use one of: name, defaults.
""",
    "an unknown field deep in a review flow is found where it stands": r"""
=== f.yaml
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}
spec:
  name: Strict
  fields: []
  reviewFlow:
    decision: review
    stages:
      - any:
          - {user: jane@acme.example, usr: x}
          - {grup: stewards}
      - {al: []}
=== expected
f.yaml:11:39 error unknown-field: `usr` is not a field of spec.reviewFlow.stages[0].any[0].
    → Did you mean `user`?
f.yaml:12:13 error invalid-value: spec.reviewFlow.stages[0].any[1] is not right.
    → Did you mean `group`? A reviewer is one of user, group, permission, domainPermission, attribute or catalogPermission.
f.yaml:13:10 error unknown-field: `al` is not a field of spec.reviewFlow.stages[1].
    → Did you mean `all`?
""",
    "a key that stands twice in a mapping": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec:
  name: Sales
  name: Sales again
=== expected
d.yaml:6:3 error yaml: The key 'name' stands twice in one mapping: here and at 5:3.
    → Keep one of the two.
""",
    "a key of a kind that is declared twice": r"""
=== a.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales}
=== b/c.yaml
---
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: sales}
spec: {name: Sales, body: text}
---
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Other}
=== expected
b/c.yaml:7:1 error duplicate-key: Domain/sales is declared twice: here and at a.yaml:1:1.
    → Give one of the two another metadata.name, or remove it.
""",
    "a display name that two products have, but for case and blanks": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: North American Sales, domain: sales, sources: []}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: b}
spec: {name: north  american SALES, domain: sales, sources: []}
=== expected
p.yaml:9:14 error duplicate-name: Two data products are called 'north  american SALES': DataProduct/b and DataProduct/a at p.yaml:4:14.
    → Give each data product a name of its own; case and blanks make no difference.
""",
    "two manifests that pin one live id": r"""
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: a, id: 9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11}
spec: {name: A, body: text}
---
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: b, id: 9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11}
spec: {name: B, body: text}
=== expected
p.yaml:6:1 error duplicate-id: DataUseAgreement/b has the same metadata.id as DataUseAgreement/a at p.yaml:1:1: 9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11
    → One live object has one manifest: remove one of the two, or correct its metadata.id.
""",
    "a pinned id that is none": r"""
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: a, id: {dev: cm5x0c8q00000abcdefghijkl, prod: nope}}
spec: {name: A, body: text}
---
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: b, id: 7}
spec: {name: B, body: text}
=== expected
p.yaml:3:31 error invalid-value: 'cm5x0c8q00000abcdefghijkl' is not a live id of a data use agreement.
    → Write a uuid, as the marketplace shows it; without the line, the id is computed from the key.
p.yaml:3:64 error invalid-value: 'nope' is not a live id of a data use agreement.
    → Write a uuid, as the marketplace shows it; without the line, the id is computed from the key.
p.yaml:8:25 error invalid-value: metadata.id has to be a live id, or a mapping from environments to live ids.
    → Write `id: <the id>` or `id: {<environment>: <the id>}`, in quotes if it is a number.
""",
    "references that lead nowhere": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataSource
metadata: {name: orders}
spec: {domain: marketing, table: ORDERS}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec:
  name: A
  domain: slaes
  sources: [ordres, {name: By hand}]
  requestForms: {dataAccess: strict, maskingException: {name: By hand}}
  subjectMatterExpert: jane
=== expected
p.yaml:4:16 error dangling-reference: DataSource/orders refers to the domain 'marketing', which no manifest declares.
    → Declare Domain/marketing, or write `{name: …}` for a domain that has no manifest.
p.yaml:11:11 error dangling-reference: DataProduct/a refers to the domain 'slaes', which no manifest declares.
    → Did you mean `sales`? Declare Domain/slaes, or write `{name: …}` for a domain that has no manifest.
p.yaml:12:13 error dangling-reference: DataProduct/a refers to the data source 'ordres', which no manifest declares.
    → Did you mean `orders`? Declare DataSource/ordres, or write `{name: …}` for a data source that has no manifest.
p.yaml:13:30 error dangling-reference: DataProduct/a refers to the request form 'strict', which no manifest declares.
    → Declare RequestForm/strict, or write `{name: …}` for a request form that has no manifest.
""",
    "a reference to what is retired": r"""
=== d.yaml (sales)
=== f.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: old}
spec: {name: Old, body: text, lifecycle: retired}
=== p.yaml
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}
spec: {name: Strict, fields: [], agreements: [old], reviewFlow: {decision: deny}}
=== expected
p.yaml:4:47 error retired-reference: RequestForm/strict refers to DataUseAgreement/old, which is retired at f.yaml:1:1.
    → Refer to another one, or remove `lifecycle: retired` there.
""",
    "a domain that is empty": r"""
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: A, domain: "", sources: []}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: b}
spec:
  name: B
  domain:
  sources:
=== expected
p.yaml:4:25 error invalid-value: spec.domain cannot be ''.
    → A reference is a key, or one of {key: …}, {name: …}, {id: …}.
p.yaml:11:10 error not-null: spec.domain cannot be null.
    → Write a value after the `:`.
p.yaml:12:11 error not-null: spec.sources cannot be null.
    → Write `[]` for none.
""",
    "a name that the marketplace would refuse": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: "Sales & Marketing, Inc.", domain: sales, sources: []}
=== expected
p.yaml:4:14 error name-pattern: The name 'Sales & Marketing, Inc.' has characters that the marketplace refuses: & , .
    → Use letters, digits, spaces and ( ) - _ / \ only.
""",
    "yes and no, which are texts": r"""
=== f.yaml
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}
spec:
  name: Strict
  fields:
    - {type: SHORT_ANSWER, label: Why?, required: no}
    - {type: SHORT_ANSWER, label: When?, required: "Yes"}
    - {type: SHORT_ANSWER, label: Where?, required: maybe}
  reviewFlow: {decision: approve, duration: "7", durationUnit: DAYS}
=== expected
f.yaml:7:51 error wrong-type: spec.fields[0].required has to be true or false, not 'no'.
    → Write `false`.
f.yaml:8:52 error wrong-type: spec.fields[1].required has to be true or false, not 'Yes'.
    → Write `true`.
f.yaml:9:53 error wrong-type: spec.fields[2].required has to be true or false, not 'maybe'.
    → Write `true` or `false`.
f.yaml:10:45 error wrong-type: spec.reviewFlow.duration has to be a whole number, not '7'.
    → Write it without quotes.
""",
    "numbers and switches where a text is expected": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: 2024, labels: {year: 2024}}
spec: {name: true}
=== expected
d.yaml:3:18 error wrong-type: metadata.name has to be a text, not 2024.
    → Put it in quotes: "2024".
d.yaml:3:39 error wrong-type: metadata.labels.year has to be a text, not 2024.
    → Put it in quotes: "2024".
d.yaml:4:14 error wrong-type: spec.name has to be a text, not true.
    → Put it in quotes: "true".
""",
    "collections where others are expected": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: [sales]
spec: {name: [A], body: {text: x}}
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: strict}
spec: {name: A, fields: none, agreements: {a: b}, reviewFlow: deny}
---
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: Sales
=== expected
d.yaml:3:11 error wrong-type: metadata has to be a mapping, not a list.
    → Write its fields below it, indented, each as `name: value`.
d.yaml:4:14 error wrong-type: spec.name has to be a text, not a list.
    → Write a text.
d.yaml:4:25 error wrong-type: spec.body has to be a text, not a mapping.
    → Write a text.
d.yaml:9:25 error wrong-type: spec.fields has to be a list, not 'none'.
    → Write each entry on a line of its own that begins with `- `.
d.yaml:9:43 error wrong-type: spec.agreements has to be a list, not a mapping.
    → Write each entry on a line of its own that begins with `- `.
d.yaml:9:63 error wrong-type: spec.reviewFlow has to be a mapping, not 'deny'.
    → Write its fields below it, indented, each as `name: value`.
d.yaml:14:7 error wrong-type: spec has to be a mapping, not 'Sales'.
    → Write its fields below it, indented, each as `name: value`.
""",
    "null in fields that cannot be cleared": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a, labels: }
spec:
  name: A
  domain: sales
  description: null
  subjectMatterExpert:
  sources: [null]
  requestForm: null
  lifecycle: ~
  reviewFlows: {dataAccess: null}
=== expected
p.yaml:3:29 error not-null: metadata.labels cannot be null.
    → Write a value, or leave the line out.
p.yaml:9:13 error not-null: spec.sources[0] cannot be null.
    → Write a value after the `-`, or remove the line.
p.yaml:10:16 error not-null: spec.requestForm cannot be null.
    → Write a value, or leave the line out to not manage it.
p.yaml:11:14 error not-null: spec.lifecycle cannot be null.
    → Write a value, or leave the line out to not manage it.
""",
    "values that are not among the allowed ones": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: A, domain: sales, sources: [], lifecycle: retire, reviewFlows: {dataAccess: {decision: deny}}}
=== expected
p.yaml:4:56 error not-allowed: spec.lifecycle cannot be 'retire'.
    → Did you mean `retired`? Write one of: active, suspended, retired, released.
p.yaml:4:101 error not-allowed: spec.reviewFlows.dataAccess.decision cannot be 'deny'.
    → Write one of: approve, review.
""",
    "required fields that are missing": r"""
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {}
spec: {name: A}
---
metadata: {name: a}
---
kind: Domain
spec: {}
=== expected
p.yaml:3:11 error missing-field: metadata needs `name`.
    → Add `name:`. The key that others refer to.
p.yaml:4:7 error missing-field: spec needs `domain`.
    → Add `domain:`. The domain of its sources, by key, name or id.
p.yaml:4:7 error missing-field: spec needs `sources`.
    → Add `sources:`. The data sources. `[]` means none.
p.yaml:6:1 error missing-field: The document needs `apiVersion`.
    → Add `apiVersion:`. It is dpsync/v1beta1.
p.yaml:6:1 error missing-field: The document needs `kind`.
    → Add `kind:`. One of DataProduct, RequestForm, DataUseAgreement, Domain, DataSource.
p.yaml:6:1 error missing-field: The document needs `spec`.
    → Add `spec:`. What the resource is; its fields depend on the kind.
p.yaml:8:1 error missing-field: The document needs `apiVersion`.
    → Add `apiVersion:`. It is dpsync/v1beta1.
p.yaml:8:1 error missing-field: The document needs `metadata`.
    → Add `metadata:`. What dpsync knows the resource by.
p.yaml:9:7 error missing-field: spec needs `name`.
    → Add `name:`. The domain's name in the marketplace.
""",
    "both ways of naming forms": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec:
  name: A
  domain: sales
  sources: []
  requestForm: {name: x}
  requestForms: {dataAccess: {name: x}, maskingException: {name: x}}
=== expected
p.yaml:9:17 error invalid-value: spec.requestForms is not right: `requestForm` is there already, and it is short for both.
    → Write one of the two.
""",
    "sources that cannot be read": r"""
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec:
  name: A
  domain: sales
  sources:
    - Not A Key
    - {table: a.b}
    - {tabel: a.b.c}
    - {database: a, schema: b}
    - {table: a.b.c}
    - {table: a.b.c}
=== expected
p.yaml:8:7 error invalid-value: 'Not A Key' is not a key.
    → Write a DataSource's key, or one of table:, name:, id:, match:, or a path with database, schema and table.
p.yaml:9:7 error invalid-value: 'a.b' is not database.schema.table.
    → Write database.schema.table; a part with a dot stands in double quotes, as in SQL.
p.yaml:10:7 error invalid-value: `tabel` is not a part of an entry of sources.
    → Did you mean `table`?
p.yaml:11:7 error invalid-value: A path ends with a table or a prefix.
    → Add `table:`, or write match: for every table of a schema.
""",
    "a key that is none": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: EMEA Sales}
spec: {name: Sales}
=== expected
d.yaml:3:18 error invalid-value: 'EMEA Sales' is not a key.
    → Write a-z, 0-9, `-`, `.` and `_`, at most 100, such as `emea-sales`; what consumers read is spec.name.
""",
    "kinds and versions that do not exist": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Dataproduct
metadata: {name: sales}
spec: {}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sales, namespace: x}
---
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: sales}
spec: {}
---
just text
=== expected
d.yaml:2:7 error unknown-kind: There is no kind 'Dataproduct'.
    → Did you mean `DataProduct`? Write one of: DataProduct, RequestForm, DataUseAgreement, Domain, DataSource.
d.yaml:6:13 error unknown-version: apiVersion cannot be 'apps/v1'.
    → Write `apiVersion: dpsync/v1beta1`, or take the file out of the manifests if it is not for dpsync.
d.yaml:11:7 error unknown-kind: A Workspace document stands in dpsync.yaml and nowhere else.
    → Remove the document from this file.
d.yaml:15:1 error not-a-manifest: A manifest is a mapping, not 'just text'.
    → Begin with `apiVersion: dpsync/v1beta1` and `kind:`, or take the file out of the manifests.
""",
    "aliases": r"""
=== d.yaml
a: &a [lol, lol]
b: &b [*a, *a]
=== expected
d.yaml:1:1 error unknown-field: `a` is not a field of the document.
    → Remove the line, or use one of: apiVersion, kind, metadata, spec.
d.yaml:2:1 error unknown-field: `b` is not a field of the document.
    → Remove the line, or use one of: apiVersion, kind, metadata, spec.
d.yaml:2:8 error yaml: The alias '*a' is not supported.
    → Write the value out; text that starts with `*` must be quoted.
d.yaml:2:12 error yaml: The alias '*a' is not supported.
    → Write the value out; text that starts with `*` must be quoted.
""",
    "empty files and empty documents": r"""
=== a.yaml
=== b.yaml
# nothing but a comment
=== c.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: Sales}
---
=== expected
a.yaml:1:1 error empty-file: a.yaml holds no manifest.
    → Write one, or remove the file.
b.yaml:1:1 error empty-file: b.yaml holds no manifest.
    → Write one, or remove the file.
c.yaml:5:1 warning empty-document: This document is empty.
    → Remove the `---` before it, or write a manifest below it.
""",
    "a file that cannot be parsed hides no second mistake and makes none up": r"""
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec: {name: "Sales}
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: a}
spec: {name: A!, domain: sales, sources: [ordres]}
=== expected
d.yaml:4:14 error yaml: A quote is opened here and never closed.
    → Close it; a quote inside quoted text is doubled ('') or escaped (\").
p.yaml:4:14 error name-pattern: The name 'A!' has characters that the marketplace refuses: !
    → Use letters, digits, spaces and ( ) - _ / \ only.
p.yaml:4:43 error dangling-reference: DataProduct/a refers to the data source 'ordres', which no manifest declares.
    → Declare DataSource/ordres, or write `{name: …}` for a data source that has no manifest.
""",
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said_with_its_place_and_the_way_out(name: str, tmp_path: Path) -> None:
    files, _, expected = CASES[name].partition("=== expected\n")
    write(tmp_path, files)
    findings = loaded(tmp_path).findings
    assert told(findings) == expected
    for finding in findings:
        assert finding.remedy
        assert finding.origin is not None
        assert finding.origin.line
        assert finding.origin.column


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    for number, text in enumerate(CASES.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, text.partition("=== expected\n")[0])
    apart = {
        (f"{number}/{finding.origin.file}", finding.origin.line, finding.rule)
        for number in range(len(CASES))
        for finding in loaded(tmp_path / str(number)).findings
        if finding.origin is not None and finding.rule not in {"dangling-reference", "duplicate-id"}
    }
    together = {
        (finding.origin.file, finding.origin.line, finding.rule)
        for finding in loaded(tmp_path).findings
        if finding.origin is not None
    }
    assert len(apart) > 50
    assert apart <= together


# ------------------------------------------------------------------------------------ files and folders


def test_bytes_that_are_not_utf8_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"apiVersion: dpsync/v1beta1\nkind: \xff\n")
    assert told(loaded(tmp_path).findings) == (
        "a.yaml:2:7 error yaml: The byte 0xFF is not UTF-8.\n    → Save the file as UTF-8.\n"
    )


def test_a_bomb_of_aliases_is_refused_without_being_unfolded(tmp_path: Path) -> None:
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60)]
    (tmp_path / "a.yaml").write_text("\n".join(lines), encoding="utf-8")
    findings = loaded(tmp_path).findings
    assert any("alias" in finding.message for finding in findings)
    assert loaded(tmp_path).resources == ()


def test_a_missing_folder_a_foreign_file_and_an_empty_folder_are_findings(tmp_path: Path) -> None:
    write(tmp_path, "=== notes.txt\nnothing\n=== empty/readme.md\nnothing\n=== d.yaml (sales)\n")
    assert told(loaded(tmp_path, "products", "notes.txt", "empty", "d.yaml").findings) == (
        "empty:1:1 error no-manifests: The folder empty holds no manifest (*.yaml or *.yml).\n"
        "    → Add one, or take the folder out of `manifests:` in dpsync.yaml.\n"
        "notes.txt:1:1 error not-yaml: notes.txt is not a manifest by its name.\n"
        "    → Give it a name that ends with .yaml or .yml.\n"
        "products:1:1 error missing-file: products does not exist.\n"
        "    → Create it, or correct `manifests:` in dpsync.yaml (or the path on the command line).\n"
    )


def test_what_leads_out_of_the_workspace_is_refused_and_never_quoted(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n", encoding="utf-8")
    root = tmp_path / "workspace"
    write(root, "=== products/d.yaml (sales)\n")
    (tmp_path / "elsewhere").mkdir()
    (root / "products/link.yaml").symlink_to(secret)
    (root / "products/folder").symlink_to(tmp_path / "elsewhere")
    findings = loaded(root, "products", "../secret.yaml", str(secret)).findings
    assert [(finding.rule, finding.origin and finding.origin.file) for finding in findings] == [
        ("outside-workspace", "../secret.yaml"),
        ("outside-workspace", str(secret)),
        ("outside-workspace", "products/folder"),
        ("outside-workspace", "products/link.yaml"),
    ]
    assert "hunter2" not in told(findings)
    assert "password" not in told(findings)


def test_a_link_inside_the_workspace_is_followed_once_and_a_loop_ends(tmp_path: Path) -> None:
    write(tmp_path, "=== products/d.yaml (sales)\n")
    (tmp_path / "products/again.yaml").symlink_to(tmp_path / "products/d.yaml")
    (tmp_path / "products/loop").symlink_to(tmp_path / "products")
    (tmp_path / "products/broken.yaml").symlink_to(tmp_path / "products/gone.yaml")
    result = loaded(tmp_path, "products", "products/d.yaml", "./products")
    assert [str(one.address) for one in result.resources] == ["Domain/sales"]
    assert [finding.rule for finding in result.findings] == ["missing-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_named_like_a_manifest_does_not_make_it_wait(tmp_path: Path) -> None:
    write(tmp_path, "=== d.yaml (sales)\n")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert [finding.rule for finding in loaded(tmp_path).findings] == ["unreadable-file"]
    assert {finding.rule for finding in loaded(tmp_path, "pipe.yaml").findings} == {"unreadable-file"}


def test_hidden_files_the_workspace_file_and_exceptions_are_no_manifests(tmp_path: Path) -> None:
    hidden = "=== .git/x.yaml\n!\n=== .x.yaml\n!\n=== dpsync.yaml\n!\n=== exceptions/x.yaml\n!\n"
    write(tmp_path, f"{hidden}=== domains/d.YML (sales)\n")
    result = loaded(tmp_path)
    assert result.findings == ()
    assert result.resources[0].origin.file == "domains/d.YML"


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as stream:
        stream.truncate(6 * 1024 * 1024)
    assert [finding.rule for finding in loaded(tmp_path).findings] == ["too-large"]


def test_manifests_that_declare_nothing_are_an_error(tmp_path: Path) -> None:
    (finding,) = loaded(tmp_path, *()).findings
    assert finding.rule == "no-manifests"
    (finding,) = load(tmp_path, (), workspace_id="acme-4f9d2c", environment="dev", vintage="v2").findings
    assert finding.rule == "nothing-declared"
    assert "retired" in finding.remedy


# ------------------------------------------------------------------------------------------ resources


def test_an_id_is_computed_from_the_key_unless_it_is_pinned_in_this_environment(tmp_path: Path) -> None:
    pinned = "9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11"
    write(
        tmp_path,
        f"""\
=== d.yaml (sales)
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: a, labels: {{team: x}}, id: {{prod: cm5x0c8q00000abcdefghijkl}}}}
spec: {{name: A, domain: sales, sources: []}}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: b, id: {pinned}}}
spec: {{name: B, domain: sales, sources: []}}
""",
    )
    here = by_key(loaded(tmp_path).resources)
    there = by_key(loaded(tmp_path, environment="prod").resources)
    assert here["DataProduct/a"].id == computed_id("acme-4f9d2c", "DataProduct", "a")
    assert not here["DataProduct/a"].pinned
    assert here["DataProduct/a"].labels == {"team": "x"}
    assert there["DataProduct/a"].id == "cm5x0c8q00000abcdefghijkl"
    assert there["DataProduct/a"].pinned
    assert here["DataProduct/b"].id == there["DataProduct/b"].id == pinned


DEFAULTS = """\
=== d.yaml
apiVersion: dpsync/v1beta1
kind: Domain
metadata: {name: sales}
spec:
  name: Sales Domain
  defaults:
    subjectMatterExpert: jane
    requestForm: {name: Standard}
=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: by-key}
spec: {name: A, domain: sales, sources: []}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: by-name}
spec: {name: B, domain: {name: Sales Domain}, sources: [], subjectMatterExpert: null}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: own}
spec:
  name: C
  domain: sales
  requestForm: {name: Strict}
  sources:
    - {name: One}
---
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: tombstone}
spec: {name: C, domain: gone, sources: [gone], lifecycle: retired}
"""


def test_what_a_product_omits_it_inherits_and_every_value_knows_its_place(tmp_path: Path) -> None:
    write(tmp_path, DEFAULTS)
    result = loaded(tmp_path, vintage="v1")
    assert result.findings == ()
    found = by_key(result.resources)

    def value(key: str, attribute: str) -> object:
        spec: Spec = found[key].spec
        return str(getattr(spec, attribute)) if spec.manages(attribute) else "not managed"

    assert value("DataProduct/by-key", "subject_matter_expert") == "jane"
    assert "Standard" in str(value("DataProduct/by-key", "request_forms"))
    assert "Standard" in str(value("DataProduct/by-name", "request_forms"))
    assert value("DataProduct/by-name", "subject_matter_expert") == "None"
    assert "Strict" in str(value("DataProduct/own", "request_forms"))
    assert value("DataProduct/tombstone", "request_forms") == "not managed"
    origins = found["DataProduct/by-key"].origins
    assert origins.of(()) == Origin("p.yaml", 1, 1)
    assert origins.of(("name",)) == Origin("p.yaml", 4, 14)
    assert origins.of(("requestForms", "dataAccess")) == Origin("d.yaml", 8, 18, Layer.DEFAULT)
    assert origins.of(("subjectMatterExpert",)) == Origin("d.yaml", 7, 26, Layer.DEFAULT)
    origins = found["DataProduct/own"].origins
    assert origins.of(("requestForms",)) == Origin("p.yaml", 17, 16)
    assert origins.of(("requestForms", "maskingException")) == Origin("p.yaml", 17, 16)
    assert origins.of(("sources", 0, "name")) == Origin("p.yaml", 19, 14)
    assert origins.of(("lifecycle",)).line == 15


def test_a_product_without_any_form_is_warned_of_or_refused_by_vintage(tmp_path: Path) -> None:
    write(tmp_path, "=== p.yaml\n" + PRODUCT.format(key="a").replace("sales", "{name: Sales}"))
    assert [one.severity.word for one in loaded(tmp_path, vintage="v2").findings] == ["warning"]
    assert [one.severity.word for one in loaded(tmp_path, vintage="v1").findings] == ["error"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(min_value=0))
def test_the_same_documents_in_other_files_and_another_order_are_the_same_resources(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    documents = [SALES, *(PRODUCT.format(key=f"p{number}") for number in range(8))]
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for number, document in enumerate(documents):
        (first / f"{number}.yaml").write_text(document, encoding="utf-8")
    shuffled = random.Random(seed)
    shuffled.shuffle(documents)
    cut = shuffled.randrange(1, len(documents))
    (second / "a.yaml").write_text("---\n".join(documents[:cut]), encoding="utf-8")
    (second / "b.yaml").write_text("---\n".join(documents[cut:]), encoding="utf-8")
    assert loaded(first).findings == loaded(second).findings == ()
    assert loaded(first).resources == loaded(second).resources


# ------------------------------------------------------------------------------------------ workspace


def test_the_workspace_is_found_from_any_folder_below_it(tmp_path: Path) -> None:
    assert find_workspace(tmp_path / "a") is None
    write(tmp_path, "=== dpsync.yaml\nkind: Workspace\n=== a/b/c.txt\n")
    assert find_workspace(tmp_path / "a/b") == tmp_path / "dpsync.yaml"
    document, findings = read_workspace(tmp_path / "dpsync.yaml")
    assert findings == ()
    assert document is not None
    assert document.root == {"kind": "Workspace"}


def test_a_workspace_file_that_is_missing_broken_double_or_elsewhere_is_a_finding(tmp_path: Path) -> None:
    write(
        tmp_path, "=== broken/dpsync.yaml\na: [\n=== double/dpsync.yaml\na: b\n---\nc: d\n=== x.yaml\na: b\n"
    )
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/dpsync.yaml").symlink_to(tmp_path / "x.yaml")

    def rules(folder: str) -> list[str]:
        return [finding.rule for finding in read_workspace(tmp_path / folder / "dpsync.yaml")[1]]

    assert rules("missing") == ["no-workspace"]
    assert rules("broken") == ["yaml"]
    assert rules("double") == ["one-document"]
    assert rules("elsewhere") == ["outside-workspace"]


def test_thousands_of_dangling_references_are_all_said_and_the_first_of_them_with_a_guess(
    tmp_path: Path,
) -> None:
    declared = "".join(
        "---\napiVersion: dpsync/v1beta1\nkind: DataSource\n"
        f"metadata: {{name: source-{number}}}\nspec: {{domain: sales, table: T{number}}}\n"
        for number in range(300)
    )
    product = PRODUCT.format(key="a").replace("[]", f"[{', '.join(f'sourze-{n}' for n in range(300))}]")
    write(tmp_path, f"=== d.yaml (sales)\n=== s.yaml\n{declared}=== p.yaml\n{product}")
    findings = [one for one in loaded(tmp_path).findings if one.rule == "dangling-reference"]
    assert len(findings) == 300
    guessed = [one for one in findings if "Did you mean" in one.remedy]
    assert 10 < len(guessed) < 300


def test_a_pin_to_the_id_of_another_key_is_refused_also_beside_its_tombstone(tmp_path: Path) -> None:
    taken = computed_id("acme-4f9d2c", "DataUseAgreement", "a")
    for ending in ("", ", lifecycle: retired"):
        write(
            tmp_path,
            f"""=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {{name: a}}
spec: {{name: A, body: text{ending}}}
---
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {{name: b, id: {taken.upper()}}}
spec: {{name: B, body: text}}
""",
        )
        assert [finding.rule for finding in loaded(tmp_path).findings] == ["duplicate-id"]


def test_a_key_never_looks_like_a_live_id(tmp_path: Path) -> None:
    write(
        tmp_path,
        """=== p.yaml
apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: 9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11}
spec: {name: A, body: text}
""",
    )
    assert [finding.rule for finding in loaded(tmp_path).findings] == ["invalid-value"]

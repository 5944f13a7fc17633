"""What an editor makes of our schema and of our YAML: the real yaml-language-server, and the YAML libraries of editors."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from dpsync.manifests.document import read_documents
from external.language_server import Session, session

ROOT = Path(__file__).parents[2]
PACKAGES = ("yaml-language-server@1", "yaml@2", "js-yaml@4")

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(shutil.which("npm") is None, reason="editors' libraries are installed with npm"),
]

PRODUCT = """\
# yaml-language-server: $schema=../dpsync.schema.json
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata:
  name: orders
spec:
  name: Orders
  domain: sales
  descripton: Every order.
  sources:
    - orders
---
apiVersion: dpsync/v1beta1
kind: RequestForm
metadata:
  name: strict
spec:
  name: Strict
  fields: []
  reviewFlow:
    decision: never
"""
UNFINISHED = """\
# yaml-language-server: $schema=../dpsync.schema.json
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata:
  name: orders
spec:
  name: Orders
  domain: sales
  sources: []
  lifecycle:"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that editors use."""
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the schema beside dpsync.yaml, as the page about editors has it."""
    schema = CliRunner().invoke(dpsync, ["schema"]).stdout
    (tmp_path / "dpsync.schema.json").write_text(schema, encoding="utf-8")
    (tmp_path / "products").mkdir()
    return tmp_path


@pytest.fixture
def editor(modules: Path, workspace: Path) -> Iterator[Session]:
    """An editor whose workspace settings name the schema for everything but one folder."""
    server = modules / "yaml-language-server" / "bin" / "yaml-language-server"
    schema = (workspace / "dpsync.schema.json").as_uri()
    settings = {
        "yaml": {
            "validate": True,
            "completion": True,
            "hover": True,
            "schemaStore": {"enable": False},
            "schemas": {schema: ["manifests/**/*.yaml", "dpsync.yaml"]},
        }
    }
    with session(["node", str(server), "--stdio"], workspace, settings) as opened:
        yield opened


def opened(
    editor: Session, workspace: Path, text: str, folder: str = "products"
) -> tuple[str, list[dict[str, Any]]]:
    file = workspace / folder / "orders.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file.as_uri(), editor.open(file)


def labels(answer: Any) -> set[str]:
    return {one["label"] for one in (answer["items"] if isinstance(answer, dict) else answer)}


def lines(found: list[dict[str, Any]]) -> set[int]:
    return {one["range"]["start"]["line"] + 1 for one in found}


def test_an_editor_marks_each_mistake_in_its_line(editor: Session, workspace: Path) -> None:
    _uri, found = opened(editor, workspace, PRODUCT, "manifests")
    assert lines(found) == {9, 21}
    assert any("descripton" in one["message"] for one in found)


def test_the_line_about_the_schema_counts_for_its_own_document_only(editor: Session, workspace: Path) -> None:
    assert lines(opened(editor, workspace, PRODUCT)[1]) == {9}


def test_an_editor_completes_fields_and_values(editor: Session, workspace: Path) -> None:
    uri, _found = opened(editor, workspace, UNFINISHED + " \n  ")
    document = {"uri": uri}
    fields = editor.ask(
        "textDocument/completion", textDocument=document, position={"line": 10, "character": 2}
    )
    assert {"description", "subjectMatterExpert", "requestForm", "reviewFlows"} <= labels(fields)
    assert not {"name", "domain", "reviewFlow", "body"} & labels(fields)
    values = editor.ask(
        "textDocument/completion", textDocument=document, position={"line": 9, "character": 13}
    )
    assert {"active", "suspended", "retired", "released"} <= labels(values)


def test_an_editor_explains_a_field_in_our_words(editor: Session, workspace: Path) -> None:
    uri, _found = opened(editor, workspace, UNFINISHED + " active\n")
    where = {"line": 7, "character": 4}
    hover = editor.ask("textDocument/hover", textDocument={"uri": uri}, position=where)
    assert "The domain of its sources, by key, name or id." in json.dumps(hover)


def test_an_editor_finds_nothing_wrong_with_any_example(editor: Session, workspace: Path) -> None:
    shutil.copytree(ROOT / "examples" / "products", workspace / "manifests")
    shutil.copy(ROOT / "examples" / "dpsync.yaml", workspace)
    for file in (workspace / "dpsync.yaml", *sorted((workspace / "manifests").rglob("*.yaml"))):
        assert editor.open(file) == [], file


READ = """
const fs = require("fs"), yaml = require("yaml"), jsyaml = require("js-yaml");
const days = jsyaml.CORE_SCHEMA;
const read = file => {
  const text = fs.readFileSync(file, "utf8");
  return [yaml.parseAllDocuments(text).map(one => { if (one.errors.length) throw one.errors[0]; return one.toJS(); }),
          jsyaml.loadAll(text, null, {schema: days})];
};
console.log(JSON.stringify(process.argv.slice(1).map(read)));
"""


def test_our_reading_of_every_example_is_that_of_the_libraries_of_editors(modules: Path) -> None:
    files = sorted((ROOT / "examples").rglob("*.yaml"))
    done = subprocess.run(
        ["node", "-e", READ, "--", *map(str, files)],
        cwd=modules.parent, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for file, (one, other) in zip(files, json.loads(done.stdout), strict=True):
        ours = [document.root for document in read_documents(file.read_bytes())[0]]
        assert ours == one == other, file

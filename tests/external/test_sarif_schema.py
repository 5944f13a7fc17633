"""The whole schema of SARIF 2.1.0, from the package that ships it, over every SARIF log that the tests keep."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

PACKAGE = "@microsoft/sarif-multitool-ts@5.7.0"
SCHEMA = "package/assets/sarif-2.1.0.schema.json"
GOLDEN = Path(__file__).parents[1] / "reports" / "golden"

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here"),
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("npm")
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(SCHEMA)
        assert member is not None
        return json.load(member)


def test_the_schema_is_that_of_sarif(schema: Any) -> None:
    assert "SARIF" in schema["title"]
    assert "2.1.0" in schema["title"]
    assert list(validator_for(schema)(schema).iter_errors({"version": "2.1.0"}))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.sarif")), ids=lambda file: file.stem)
def test_every_log_is_valid(file: Path, schema: Any) -> None:
    text = file.read_text(encoding="utf-8")
    errors = list(validator_for(schema)(schema).iter_errors(json.loads(text)))
    assert not errors

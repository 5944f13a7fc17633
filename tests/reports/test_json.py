from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dpsync.model.report import Page
from dpsync.reports import FORMATS
from reports.builders import EVERYTHING, REPORTS

PAGE = Path(__file__).parents[2] / "docs" / "report-json.md"
OPAQUE = frozenset({"before", "after", "declared", "unmanaged"})
"""Fields whose keys are kinds or fields of a manifest."""


def keys(value: Any, path: str = "") -> set[str]:
    if path.rpartition(".")[2] in OPAQUE:
        return set()
    if isinstance(value, list):
        return set().union(*(keys(entry, f"{path}[]") for entry in value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        found |= {here} | keys(inner, here)
    return found


def emitted() -> set[str]:
    return set().union(*(keys(json.loads(FORMATS["json"](each, Page()))) for each in REPORTS.values()))


def documented() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def resolved(key: str) -> str:
    """Findings look the same wherever they stand, and are documented once."""
    return re.sub(r"^(changes\[\]\.blocked|findings)\[\]\.", "finding.", key)


def test_every_field_is_documented_and_every_documented_field_exists() -> None:
    assert {resolved(key) for key in emitted()} == documented()


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_the_same_fields_at_the_top(name: str) -> None:
    written = json.loads(FORMATS["json"](REPORTS[name], Page()))
    assert list(written) == list(json.loads(FORMATS["json"](EVERYTHING, Page())))


def test_all_sources_are_there_where_the_text_only_counts() -> None:
    changes = {each["key"]: each for each in json.loads(FORMATS["json"](EVERYTHING, Page()))["changes"]}
    assert len(changes["web-clicks"]["sources"]["added"]) == 24


def test_values_have_the_names_of_the_manifest() -> None:
    changes = {each["key"]: each for each in json.loads(FORMATS["json"](EVERYTHING, Page()))["changes"]}
    assert changes["web-clicks"]["after"]["requestForms"] == {
        "dataAccess": {"id": "id-of-standard", "text": "standard"},
        "maskingException": {"id": "id-of-strict", "text": "strict"},
    }

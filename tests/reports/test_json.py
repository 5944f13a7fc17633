from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dpsync.model.fingerprint import fingerprint, plan_fingerprint
from dpsync.model.report import Page
from dpsync.reports import FORMATS
from reports.builders import EVERYTHING, REPORTS

PAGE = Path(__file__).parents[2] / "docs" / "report-json.md"
OPAQUE = re.compile(r"(.*\.)?(before|after|names|body)|declared|summary\.unmanaged")
"""Fields whose keys are kinds, fields of a manifest or of the API, or ids of people."""


def keys(value: Any, path: str = "") -> set[str]:
    if OPAQUE.fullmatch(path):
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
    """Changes and findings look the same wherever they stand, and are documented once."""
    key = re.sub(r"^unreviewed\[\]\.", "changes[].", key)
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


def changes_of(name: str) -> dict[str, Any]:
    return {each["key"]: each for each in json.loads(FORMATS["json"](REPORTS[name], Page()))["changes"]}


def test_what_is_not_known_is_null_and_never_zero() -> None:
    customers, terms = changes_of("everything")["customers"], changes_of("everything")["terms"]
    assert customers["impact"]["losers"] is None
    assert customers["impact"]["lost"][0]["people"] is None
    assert customers["impact"]["exceptions"] is None
    assert terms["impact"]["products"] is None
    assert changes_of("not-weighed")["na-sales"]["impact"] is None
    assert json.loads(FORMATS["json"](EVERYTHING, Page()))["summary"]["losers"] is None


def test_without_a_marketplace_what_only_it_knows_is_null() -> None:
    found = json.loads(FORMATS["json"](REPORTS["offline"], Page()))
    summary = found["summary"]
    for name in ("losers", "gainers", "blocked", "owned", "unmanaged"):
        assert summary[name] is None
    assert found["applyable"] is False


def test_names_of_people_are_there_only_where_they_were_asked_for() -> None:
    changes = changes_of("everything")
    assert changes["na-sales"]["impact"]["names"]["u1"] == "Jane Doe"
    assert [key for key, change in changes.items() if "names" in change["impact"]] == ["na-sales"]


def test_fingerprints_are_those_that_apply_goes_by() -> None:
    written = json.loads(FORMATS["json"](EVERYTHING, Page()))
    plan = EVERYTHING.plan
    assert plan is not None
    assert written["fingerprint"] == plan_fingerprint(plan)
    assert [each["fingerprint"] for each in written["changes"]] == [
        fingerprint(change, plan.target) for change in plan.changes
    ]


def test_a_change_keeps_its_place_whatever_it_comes_from() -> None:
    changes = changes_of("everything")
    assert next(iter(changes)) == "terms"
    assert {key: changes[key]["origin"] for key in ("terms", "events", "payroll", "na-sales")} == {
        "terms": "left-over",
        "events": "by-match",
        "payroll": "drifted",
        "na-sales": "declared",
    }
    assert changes_of("not-weighed")["na-sales"]["origin"] is None

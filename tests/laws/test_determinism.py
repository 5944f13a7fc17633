"""Same input, same bytes: whatever the order of files, documents, resources and answers, and of hashes."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dpsync import pipeline
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Page, Report
from dpsync.model.state import DesiredState, LiveState
from dpsync.planner import pruning_plan, resolve, scope_of
from dpsync.reports import FORMATS
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import Market, as_yaml, declared, market

WIDE = Page(width=10_000)
PLACE = re.compile(r"products/\d+\.yaml(:\d+)*|\(line \d+\)")
OF_PLACES = {"github", "sarif", "gitlab-codequality"}
"""The formats that are about places, and made of them: what a host marks at a line."""


def told(found: pipeline.Declared, plan: Plan) -> dict[str, str]:
    """The plan in every format but those that are about places."""
    report = pipeline.report_of_plan(found, plan)
    return {name: render(report, WIDE) for name, render in FORMATS.items() if name not in OF_PLACES}


def placeless(texts: dict[str, str]) -> dict[str, Any]:
    """The texts without the places (in which file and line something stands), nor what is only in the order of places.

    Places break lines elsewhere and findings stand in their order; so of the texts for people only the words are compared.
    """
    words: dict[str, Any] = {
        name: sorted(PLACE.sub(" ", text).split()) for name, text in texts.items() if name != "json"
    }
    return words | {"json": _without_places(json.loads(texts["json"]))}


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        rest = {name: _without_places(entry) for name, entry in value.items() if name not in _PLACES}
        lists = [name for name in _IN_ORDER_OF_PLACES if isinstance(rest.get(name), list)]
        return rest | {name: sorted(rest[name], key=json.dumps) for name in lists}
    return [_without_places(entry) for entry in value] if isinstance(value, list) else value


_PLACES = {"file", "line", "column"}
_IN_ORDER_OF_PLACES = {"findings", "blocked"}
"""Lists of findings. A summary has a number of the same name."""


def plan_and_tell(one: Market, estate: Estate, seed: int) -> dict[str, str]:
    settings = replace(one.settings, prune=estate.prune)
    found = declared(in_files(estate.second, seed), settings)
    return told(found, one.plan_of(found, settings))


@law(0.75)
@given(estates(), st.integers(1, 99))
def test_a_plan_is_the_same_for_shuffled_files_and_documents(estate: Estate, seed: int) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        estate.by_hand(one.store)
        assert placeless(plan_and_tell(one, estate, seed)) == placeless(plan_and_tell(one, estate, 0))


@law(0.75)
@given(estates())
def test_a_plan_made_twice_has_the_same_bytes(estate: Estate) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        estate.by_hand(one.store)
        assert plan_and_tell(one, estate, 5) == plan_and_tell(one, estate, 5)


@law(0.75)
@given(estates(), st.integers(0, 99))
def test_the_planner_does_not_care_in_which_order_it_is_given_what_there_is(
    estate: Estate, seed: int
) -> None:
    with market(estate.world) as one:
        one.apply(one.plan(in_files(estate.first), prune=estate.prune))
        estate.by_hand(one.store)
        found = declared(in_files(estate.second))
        live = one.read(scope_of(found.desired))
        chance = random.Random(seed)
        assert _planned(found.desired, live) == _planned(
            _shuffled(found.desired, chance), _mixed(live, chance)
        )


def _planned(desired: DesiredState, live: LiveState) -> dict[str, str]:
    plan = pruning_plan(
        resolve(desired, live), live, Target("laws", desired.workspace_id, "sandbox", "sandbox:")
    )
    return {name: render(Report("plan", "0", plan=plan), WIDE) for name, render in FORMATS.items()}


def _shuffled(desired: DesiredState, chance: random.Random) -> DesiredState:
    return replace(desired, resources=tuple(chance.sample(desired.resources, len(desired.resources))))


def _mixed(live: LiveState, chance: random.Random) -> LiveState:
    catalog = live.catalog
    return replace(
        live,
        resources=tuple(chance.sample(live.resources, len(live.resources))),
        catalog=replace(
            catalog,
            domains=tuple(chance.sample(catalog.domains, len(catalog.domains))),
            people=tuple(chance.sample(catalog.people, len(catalog.people))),
            sources={
                domain: tuple(chance.sample(sources, len(sources)))
                for domain, sources in reversed(tuple(catalog.sources.items()))
            },
        ),
    )


WORKSPACE = {
    "apiVersion": "dpsync/v1beta1",
    "kind": "Workspace",
    "metadata": {"name": "laws", "id": "example-laws-0000"},
    "spec": {"manifests": ["products"], "environments": {"sandbox": {"url": "sandbox:"}}},
}


def _product(name: str, domain: str, *paths: str) -> dict[str, Any]:
    spec = {
        "name": name,
        "domain": {"name": domain},
        "sources": [{"table": path} for path in paths],
        "requestForms": {
            "dataAccess": {"name": "Standard Request Form"},
            "maskingException": {"name": "Unmask Columns"},
        },
        "subjectMatterExpert": "nobody@acme.example" if name == "Lost" else "jane.doe@acme.example",
    }
    return {
        "apiVersion": "dpsync/v1beta1",
        "kind": "DataProduct",
        "metadata": {"name": name.casefold().replace(" ", "-")},
        "spec": spec,
    }


def test_a_plan_has_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "products").mkdir()
    (tmp_path / "dpsync.yaml").write_text(as_yaml([WORKSPACE]), encoding="utf-8")
    retail = ("ANALYTICS.RETAIL.STORE", "ANALYTICS.RETAIL.STORE_SALES", "ANALYTICS.RETAIL.DATE_DIM")
    documents = [
        _product("Shops", "Sales", *retail),
        _product("Lost", "Sales", *retail[:1]),
        _product("Nothing There", "Sales", "ANALYTICS.RETAIL.STORES"),
        _product("Customer Voice", "Customer Care"),
    ]
    (tmp_path / "products" / "all.yaml").write_text(as_yaml(documents), encoding="utf-8")
    first, second = (_plan_in_a_process(tmp_path, seed) for seed in ("1", "2"))
    assert first == second
    assert json.loads(first)["changes"]


def _plan_in_a_process(workspace: Path, seed: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DPSYNC_")}
    found = subprocess.run(
        [sys.executable, "-m", "dpsync", "plan", "--workspace", str(workspace), "--json"],
        env={**environment, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert found.returncode in {0, 3}, found.stderr
    return found.stdout

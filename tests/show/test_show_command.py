from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dpsync.cli import dpsync
from dpsync.kinds.data_product import DataProductSpec
from dpsync.model.identity import computed_id
from dpsync.model.place import Origin
from dpsync.model.reference import Address
from dpsync.model.resource import Resource
from dpsync.model.showing import Belonging, Declarations
from marketplace.doorways import Nowhere
from telling import WORKSPACE, WORKSPACE_ID, forget_the_surroundings, run

LIVE = "c18880a73b376644692398cec"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_surroundings(monkeypatch)
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    return tmp_path


def test_a_workspace_without_manifests_can_be_looked_at(workspace: Path) -> None:
    said = run(workspace, "show products --name classic")
    assert said[1].startswith("Store Sales Classic")
    assert said[-1] == "[exit 0]"


def test_json_stands_alone_on_stdout_and_holds_the_notices(workspace: Path) -> None:
    said = run(workspace, "show domains --json")
    assert said[0] == "{"
    assert not [line for line in said if line.startswith("stderr:")]


def test_a_marketplace_that_does_not_answer_is_exit_6(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DPSYNC_TOKEN", "sandbox")
    text = WORKSPACE.replace('"sandbox:"', '"http://127.0.0.1:1/marketplace"')
    (workspace / "dpsync.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("dpsync.marketplace.client.ATTEMPTS", 1)
    assert run(workspace, "show domains")[-1] == "[exit 6]"


@pytest.mark.parametrize("thing", ["product", "products", "forms", "agreements", "domains", "sources"])
def test_each_thing_has_its_help(thing: str) -> None:
    result = CliRunner().invoke(dpsync, ["show", thing, "--help"], prog_name="dpsync")
    assert result.exit_code == 0
    assert "--json" in result.stdout


def declared(live_id: str, lifecycle: str = "active") -> Declarations:
    resource = Resource(
        Address("DataProduct", "sales"),
        live_id,
        pinned=True,
        spec=DataProductSpec.of(name="Sales", lifecycle=lifecycle),
        origins=Nowhere(),
    )
    return Declarations(WORKSPACE_ID, (resource,))


OURS = computed_id(WORKSPACE_ID, "DataProduct", "sales")


@pytest.mark.parametrize(
    ("declarations", "live_id", "belonging"),
    [
        (declared(OURS), OURS, Belonging.OWNED),
        (declared(LIVE), LIVE, Belonging.ADOPTED),
        (declared(LIVE, "released"), LIVE, Belonging.UNMANAGED),
        (declared(OURS, "retired"), OURS, Belonging.OWNED),
        (declared(OURS), LIVE, Belonging.UNMANAGED),
        (declared(LIVE), OURS, Belonging.OWNED),
        (Declarations(WORKSPACE_ID, None), OURS, Belonging.OWNED),
        (Declarations(WORKSPACE_ID, None), LIVE, None),
    ],
)
def test_an_object_is_owned_adopted_or_unmanaged_or_that_is_not_known(
    declarations: Declarations, live_id: str, belonging: Belonging | None
) -> None:
    assert declarations.standing("DataProduct", live_id).belonging is belonging


def test_the_place_of_the_manifest_comes_with_it() -> None:
    assert declared(LIVE).standing("DataProduct", LIVE).origin == Origin("test.yaml")

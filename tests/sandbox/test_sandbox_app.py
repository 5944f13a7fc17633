from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dpsync.sandbox
from sandbox import worlds as w
from sandbox.rooms import room

PRODUCT = f"/api/data-product/{w.ORDERS}"


def test_the_other_server_resets_what_an_update_leaves_out() -> None:
    with room(put="replace") as sandbox:
        before = sandbox.store.snapshot()["products"][w.ORDERS]
        sandbox.send("PUT", PRODUCT, json={"name": "Orders"})
        assert sandbox.store.snapshot()["products"][w.ORDERS] == {
            **before,
            "name": "Orders",
            "description": None,
            "expert": None,
            "access_form": None,
            "masking_form": None,
            "access_flow": before["masking_flow"],
        }


def test_the_other_server_keeps_the_form_that_the_older_vintage_requires() -> None:
    with room(put="replace", vintage="v1") as sandbox:
        before = sandbox.store.snapshot()["products"][w.ORDERS]
        sandbox.send("PUT", PRODUCT, json={"suspended": True})
        after = sandbox.store.snapshot()["products"][w.ORDERS]
        assert (after["suspended"], after["description"]) == (True, None)
        assert after["access_form"] == before["access_form"]


def test_replacing_sources_is_not_an_update_of_the_product() -> None:
    with room() as sandbox:
        before = sandbox.get(PRODUCT)["updatedAt"]
        sandbox.send("PUT", f"{PRODUCT}/datasources", json={"dataSources": []})
        assert sandbox.get(PRODUCT)["updatedAt"] == before
        sandbox.send("PUT", PRODUCT, json={})
        assert sandbox.get(PRODUCT)["updatedAt"] == "2026-06-01T12:00:00.000Z"


def test_an_approval_lasts_as_long_as_the_flow_says() -> None:
    with room() as sandbox:
        made = sandbox.send("POST", f"/api/data-product/{w.LEDGER}/request", json={"user": w.STEWARD}).json()
        assert (made["status"], made["expiration"]) == ("APPROVED", "2026-07-01T12:00:00.000Z")


def test_the_same_calls_make_the_same_answers() -> None:
    def answers() -> list[str]:
        with room() as sandbox:
            body = {
                "name": "New",
                "metadata": None,
                "domains": [w.SALES],
                "dataSources": [],
                "requestFormId": w.AUTOMATIC,
            }
            return [
                sandbox.send("POST", "/api/data-product", json=body).text,
                str(sandbox.get("/api/request-form")),
            ]

    assert answers() == answers()


def test_an_edited_agreement_changes_the_form_but_not_its_old_versions() -> None:
    with room() as sandbox:
        form = sandbox.get(f"/api/request-form/{w.DELEGATING}")
        sandbox.send("PUT", f"/api/data-use-agreement/{w.TERMS}", json={"body": "Be very careful."})
        assert (
            sandbox.get(f"/api/request-form/{w.DELEGATING}")["dataUseAgreements"][0]["body"]
            == "Be very careful."
        )
        old = sandbox.get(f"/api/request-form/version/{form['version']}")
        assert old["dataUseAgreements"][0]["body"] == "Be careful."


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 100_000, '{"description": "\\ud800"}'],
    ids=["empty", "cut", "deep", "surrogate"],
)
def test_what_is_no_json_is_refused(content: str) -> None:
    with room() as sandbox:
        assert sandbox.send("PUT", PRODUCT, content=content.encode()).status_code == 400


def test_other_methods_and_paths_are_errors_of_the_same_shape() -> None:
    with room() as sandbox:
        for method, path, status in (
            ("PATCH", PRODUCT, 405),
            ("HEAD", PRODUCT, 405),
            ("GET", "/api/asset", 404),
        ):
            assert sandbox.send(method, path).status_code == status
        assert sandbox.send("GET", "/nothing").json()["statusCode"] == 404
        huge = {"offset": str(10**30)}
        assert sandbox.send("GET", "/api/request-form", params=huge).status_code == 422


def test_the_sandbox_imports_nothing_else_of_dpsync_and_the_client_in_one_place() -> None:
    folder = Path(dpsync.sandbox.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("dpsync") or name.startswith("dpsync.sandbox"), path
                assert "httpx" not in name or path.name == "doors.py", path

"""What a command imports, counted and not timed: a command pays for what it uses, and for nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dpsync import __version__
from dpsync.model.identity import computed_id
from dpsync.sandbox import DEFAULT_TOKEN, Store
from dpsync.sandbox.seed import STANDARD_FORM, large_world

WORKSPACE_ID = "startup-5f0c9d71e2aa"

WATCH = """
import json, sys
from dpsync.__main__ import main
sys.argv = ["dpsync", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

MANIFEST = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: startup, id: %s}
spec:
  manifests: [products]
  environments:
    local: {url: "http://127.0.0.1:1/marketplace"}
"""

PRODUCT = """\
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {name: first}
spec:
  name: Product 00000
  description: %s
  domain: {name: Domain 000}
  sources: [{match: {name: "*"}}]
  requestForm: {name: %s}
  lifecycle: active
"""

HEAVY = {
    "pydantic",
    "pydantic_core",
    "httpx2",
    "httpcore2",
    "aiohttp",
    "anyio",
    "rich",
    "deepdiff",
    "jinja2",
    "yaml",
    "asyncio",
    "importlib.metadata",
    "email",
    "ssl",
    "sqlite3",
    "starlette",
    "uvicorn",
    "dataclasses",
}
SERVER = {"starlette", "uvicorn", "sqlite3", "dpsync.sandbox"}


def imported(arguments: Sequence[str], workspace: Path | None = None) -> tuple[set[str], str]:
    """The modules that a command has imported when it ends well, and what it said."""
    environ = {"DPSYNC_TOKEN": DEFAULT_TOKEN} | ({"DPSYNC_WORKSPACE": str(workspace)} if workspace else {})
    ended = subprocess.run(
        [sys.executable, "-c", WATCH, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return set(json.loads(ended.stderr.splitlines()[-1])), ended.stdout


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "products").mkdir()
    (tmp_path / "dpsync.yaml").write_text(MANIFEST % WORKSPACE_ID, encoding="utf-8")
    write_product(tmp_path, "Records of subject 0.")
    return tmp_path


def write_product(workspace: Path, description: str) -> None:
    text = PRODUCT % (description, STANDARD_FORM)
    (workspace / "products" / "first.yaml").write_text(text, encoding="utf-8")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The url of a sandbox in a process of its own, whose one product is that of the workspace."""
    path = folder / "sandbox.db"
    with Store(path) as store:
        store.load(large_world(1, product_id=lambda _: computed_id(WORKSPACE_ID, "DataProduct", "first")))
    command = [sys.executable, "-m", "dpsync.sandbox.doors", "--db", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().removeprefix("Sandbox marketplace on ").strip()
        finally:
            server.terminate()


def test_the_version_alone_waits_for_nothing_and_is_what_the_command_says() -> None:
    modules, said = imported(("--version",))
    assert {name for name in modules if name.startswith("dpsync.")} == {"dpsync.__main__"}
    assert not modules & {"click", *HEAVY}
    assert said == imported(("version",))[1] == f"dpsync {__version__}\n"


@pytest.mark.parametrize("arguments", [("version",), ("--help",), ("-h",)])
def test_who_asks_for_the_version_or_for_help_waits_for_no_library(arguments: tuple[str, ...]) -> None:
    modules, _said = imported(arguments)
    assert not modules & HEAVY
    assert {name for name in modules if name.startswith("dpsync.") and not name.startswith("dpsync.cli")} == {
        "dpsync.errors",
        "dpsync.__main__",
    }


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_the_help_of_a_command_waits_for_no_library(command: str) -> None:
    modules, _said = imported((command, "--help"))
    assert not modules & {"pydantic", "httpx2", "rich", "deepdiff", "jinja2", "yaml", "starlette", "uvicorn"}


def test_validate_opens_nothing_that_speaks_http(workspace: Path) -> None:
    modules, said = imported(("validate",), workspace)
    assert said.startswith("Valid: 1 data product")
    assert not modules & {"httpx2", "asyncio", "ssl", "deepdiff", "jinja2", *SERVER}
    assert not {name for name in modules if name.startswith(("dpsync.marketplace", "dpsync.planner"))}


def test_a_plan_over_a_url_opens_no_server_and_compares_no_structures_that_are_equal(workspace: Path) -> None:
    with served(workspace) as url:
        modules, said = imported(("plan", "--url", url), workspace)
    assert "No changes." in said
    assert {"httpx2", "aiohttp"} <= modules
    assert not modules & {"deepdiff", *SERVER}


def test_a_plan_over_the_sandbox_within_opens_no_connection(workspace: Path) -> None:
    path = workspace / "sandbox.db"
    with Store(path) as store:
        store.load(large_world(1, product_id=lambda _: computed_id(WORKSPACE_ID, "DataProduct", "first")))
    modules, said = imported(("plan", "--url", f"sandbox:{path}"), workspace)
    assert "No changes." in said
    assert "aiohttp" not in modules


def test_a_plan_that_finds_another_text_needs_no_comparison_of_structures_either(workspace: Path) -> None:
    write_product(workspace, "Another text.")
    with served(workspace) as url:
        modules, said = imported(("plan", "--url", url), workspace)
    assert "1 to update" in said
    assert "deepdiff" not in modules

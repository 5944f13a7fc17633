"""The floors and the walls of the house (docs/architecture.md), read off the imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "dpsync"

FLOORS = {
    "errors": 1,
    "model": 1,
    "kinds": 2,
    "settings": 3,
    "manifests": 3,
    "marketplace": 3,
    "planner": 3,
    "impact": 3,
    "checks": 3,
    "apply": 3,
    "access": 3,
    "hosts": 3,
    "imports": 3,
    "reports": 3,
    "sandbox": 3,
    "pipeline": 4,
    "cli": 5,
    "__main__": 6,
}
MAY_NAME_A_KIND = {"kinds", "marketplace", "impact", "checks", "imports", "sandbox"}

WALLS = {
    "httpx2": ("marketplace/", "hosts/wire.py", "sandbox/doors.py"),
    "aiohttp": ("marketplace/connection.py",),
    "yarl": ("marketplace/connection.py",),
    "deepdiff": ("planner/diff.py",),
    "yaml": ("manifests/",),
    "rich": ("reports/", "cli/"),
    "jinja2": ("reports/", "cli/"),
    "sqlite3": ("sandbox/",),
    "starlette": ("sandbox/",),
    "uvicorn": ("sandbox/",),
    "click": ("cli/",),
}
"""Libraries that only these places may import."""

ASYNC = ("marketplace/", "apply/", "sandbox/", "pipeline/", "cli/")
"""Where `async` may stand: where the wire is, and where what is there is run."""

KIND_NAMES = {"DataProduct", "RequestForm", "DataUseAgreement", "Domain", "DataSource"}


def _modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imports(tree: ast.AST) -> Iterator[str]:
    """Every imported module, also those imported inside functions; those for type checking too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module", params=_modules(), ids=_name)
def module(request: pytest.FixtureRequest) -> tuple[Path, ast.Module]:
    path: Path = request.param
    return path, ast.parse(path.read_text(encoding="utf-8"))


def test_there_are_modules_to_look_at() -> None:
    assert len(_modules()) > 50


def test_imports_go_down_and_never_to_a_neighbour(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    room = _room(path)
    if room == "__init__":
        return
    for imported in _imports(tree):
        parts = imported.split(".")
        if parts[0] != "dpsync" or len(parts) == 1 or parts[1] not in FLOORS or parts[1] == room:
            continue
        ground_floor = FLOORS[parts[1]] == FLOORS[room] == 1
        assert FLOORS[parts[1]] < FLOORS[room] or ground_floor, f"{_name(path)} imports {imported}"


def test_the_sandbox_imports_nothing_of_ours(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if _room(path) == "sandbox":
        ours = [
            one
            for one in _imports(tree)
            if one.startswith("dpsync.") and not one.startswith("dpsync.sandbox")
        ]
        assert not ours


def test_libraries_stay_behind_their_walls(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    for imported in _imports(tree):
        allowed = WALLS.get(imported.split(".")[0])
        if allowed is not None:
            assert _name(path).startswith(allowed), f"{_name(path)} imports {imported}"


def test_async_is_only_where_the_wire_is(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if not _name(path).startswith(ASYNC):
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))


def test_only_some_rooms_may_name_a_kind(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if _room(path) in MAY_NAME_A_KIND:
        return
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not named & KIND_NAMES


def test_every_module_opens_with_a_paragraph(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    assert ast.get_docstring(tree), f"{_name(path)} does not say what it is"


def test_only_the_one_handler_catches_everything(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if _name(path) == "cli/shared.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in {"everything", "Exception", "BaseException"}, f"{_name(path)}:{node.lineno}"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


FAMILIES = {
    "checks": {"domains", "exemptions", "people", "rule"},
    "kinds": {"catalog", "graph", "review_flow", "shared", "sources"},
    "marketplace/endpoints": {"calls", "endpoint", "people", "review_flow", "tags"},
    "hosts": {"host", "wire"},
    "reports": {
        "layout",
        "markup",
        "numbers",
        "paper",
        "people",
        "remarks",
        "sentences",
        "sides",
        "sticky",
        "values",
        "weight",
    },
    "sandbox/routes": set(),
    "cli": {
        "connect",
        "events",
        "journals",
        "keys",
        "lock",
        "progress",
        "prospect",
        "reviews",
        "shared",
        "startup",
        "tokens",
        "wishes",
    },
}
"""Rooms whose files are a family, with those that are what its members share."""


@pytest.mark.parametrize("room", FAMILIES)
def test_a_family_lists_each_of_its_members_in_one_place(room: str) -> None:
    listing = (SOURCE / room / "__init__.py").read_text(encoding="utf-8")
    files = {path.stem for path in (SOURCE / room).glob("*.py")} - {"__init__"}
    assert FAMILIES[room] <= files
    unlisted = [name for name in sorted(files - FAMILIES[room]) if not re.search(rf"\b{name}\b", listing)]
    assert not unlisted


MAY_OPEN_WHAT_WRITES = {"cli/apply.py", "cli/access.py"}
"""The only commands that may open a client that can write."""


def test_only_apply_and_access_open_a_client_that_can_write(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if _room(path) != "cli" or _name(path) in MAY_OPEN_WHAT_WRITES:
        return
    writing = {
        "dpsync.marketplace.client.WriteClient",
        "dpsync.marketplace.api.Client",
        "dpsync.marketplace.Client",
    }
    assert not writing & set(_imports(tree))

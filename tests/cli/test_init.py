"""`dpsync init`: what it writes is valid by the next command, explains itself, and overwrites nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dpsync.cli import dpsync
from dpsync.manifests.start import workspace_id
from telling import forget_the_surroundings, run

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "src" / "dpsync" / "templates"
EXAMPLES = ROOT / "examples" / "ci"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)


def init(folder: Path, *options: str) -> Result:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        return CliRunner().invoke(dpsync, ["init", *options])


def files(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--url", "eu", "--vintage", "v1"),
        ("--url", "sandbox:"),
        ("--url", "http://127.0.0.1:8765/marketplace", "--env", "local"),
        ("--name", "Données: & «x» #1", "--domain", "Kunden: A/B", "--env", "on"),
        ("--ci", "github", "--env", "prod-eu"),
        ("--ci", "gitlab", "--no-editor"),
    ],
)
def test_what_it_writes_is_valid_at_once(options: tuple[str, ...], tmp_path: Path) -> None:
    result = init(tmp_path / "new", *options)
    assert result.exit_code == 0, result.output
    validated = run(tmp_path / "new", "validate")
    assert "Valid: 1 data product." in validated
    assert validated[-1] == "[exit 0]"
    assert run(tmp_path / "new", "fmt --check")[-1] == "[exit 0]"


def test_the_first_plan_in_the_sandbox_makes_the_first_product(tmp_path: Path) -> None:
    assert init(tmp_path, "--url", "sandbox:").exit_code == 0
    assert run(tmp_path, "plan")[-2] == "Plan: 1 to create, 0 to update, 0 to delete."
    assert run(tmp_path, "doctor")[-1] == "[exit 0]"


def test_without_a_terminal_it_takes_the_defaults_and_says_what_is_next(tmp_path: Path) -> None:
    result = init(tmp_path / "Acme Data")
    written = yaml.safe_load((tmp_path / "Acme Data" / "dpsync.yaml").read_text(encoding="utf-8"))
    assert written["metadata"]["name"] == "Acme Data"
    assert re.fullmatch(r"acme-data-[0-9a-f]{12}", written["metadata"]["id"])
    assert list(written["spec"]["environments"]) == ["production"]
    assert (
        written["spec"]["environments"]["production"]["url"] == "https://na.api.immutacloud.com/marketplace"
    )
    assert result.stdout == (
        "Wrote dpsync.yaml\n"
        "Wrote products/first-product.yaml\n"
        "Wrote dpsync.schema.json\n"
        "Wrote .vscode/settings.json\n"
        "\n"
        "Next:\n"
        "  export DPSYNC_TOKEN=…   a personal access token of the marketplace\n"
        "  dpsync doctor           whether everything is in order\n"
        "  dpsync validate         whether the manifests are valid\n"
        "  dpsync plan             what would change; changes nothing\n"
    )


def test_two_workspaces_of_one_name_have_two_ids(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        init(tmp_path / name, "--name", "Same")
        ids.add(
            yaml.safe_load((tmp_path / name / "dpsync.yaml").read_text(encoding="utf-8"))["metadata"]["id"]
        )
    assert len(ids) == 2


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_name_gives_an_id_that_is_one(name: str) -> None:
    found = workspace_id(name, "0123456789ab")
    assert re.fullmatch(r"[a-z0-9-]{8,64}", found)
    assert not found.startswith("example-")


@pytest.mark.parametrize("there", ["dpsync.yaml", "products/first-product.yaml", ".vscode/settings.json"])
def test_it_overwrites_nothing_and_names_what_is_there(there: str, tmp_path: Path) -> None:
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("mine", encoding="utf-8")
    before = files(tmp_path)
    result = init(tmp_path)
    assert result.exit_code == 1
    assert ("--no-editor" in result.stderr) == there.startswith(".vscode")
    assert f"{there} is there already, so nothing was written." in result.stderr
    assert files(tmp_path) == before
    assert (tmp_path / there).read_text(encoding="utf-8") == "mine"


def test_pipelines_are_added_to_a_workspace_and_nothing_else_is_written(tmp_path: Path) -> None:
    init(tmp_path, "--env", "live", "--no-editor")
    own = tmp_path / "dpsync.yaml"
    text = own.read_text(encoding="utf-8").replace("manifests: [products]", "manifests: [a, b/c.yaml]")
    own.write_text(text, encoding="utf-8")
    before = files(tmp_path)
    result = init(tmp_path, "--ci", "github")
    assert result.exit_code == 0, result.output
    added = set(files(tmp_path)) - set(before)
    assert added
    assert all(one.startswith(".github/workflows/") for one in added)
    assert own.read_text(encoding="utf-8") == text
    plan = (tmp_path / ".github" / "workflows" / "dpsync-plan.yml").read_text(encoding="utf-8")
    apply = (tmp_path / ".github" / "workflows" / "dpsync-apply.yml").read_text(encoding="utf-8")
    assert '[dpsync.yaml, "a/**", "b/c.yaml", "exceptions/**"' in apply
    assert " -- dpsync.yaml a b/c.yaml exceptions environments " in plan
    assert "environment: live" in plan
    assert init(tmp_path, "--ci", "github").exit_code == 1


def test_pipelines_that_would_not_run_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    result = init(tmp_path / "below", "--ci", "github")
    assert result.exit_code == 1
    assert "is not the top of its repository" in result.stderr
    assert files(tmp_path) == []
    assert init(tmp_path, "--ci", "github").exit_code == 0


def test_no_workspace_begins_inside_another(tmp_path: Path) -> None:
    init(tmp_path)
    before = files(tmp_path)
    result = init(tmp_path / "products" / "inner")
    assert result.exit_code == 1
    assert "is inside the workspace of" in result.stderr
    assert files(tmp_path) == before


def test_it_follows_no_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "products").symlink_to(tmp_path / "elsewhere")
    result = init(tmp_path / "new")
    assert result.exit_code == 1
    assert "A link leads from products/first-product.yaml out of the folder" in result.stderr
    assert files(tmp_path / "elsewhere") == files(tmp_path / "new") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--url", "ftp://x"), "'ftp://x' is not a url of a marketplace."),
        (
            ("--url", "https://evil.example/marketplace"),
            "evil.example is not a host that dpsync sends a token to.",
        ),
        (("--url", "http://na.api.immutacloud.com"), "would send the token unencrypted"),
        (("--name", ""), "'' is not a name."),
        (("--domain", " "), "spec.domain"),
    ],
)
def test_what_no_workspace_can_be_made_of_is_refused_and_nothing_written(
    options: tuple[str, str], words: str, tmp_path: Path
) -> None:
    result = init(tmp_path / "new", *options)
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())
    assert files(tmp_path / "new") == []


def test_every_field_of_the_workspace_is_explained(tmp_path: Path) -> None:
    init(tmp_path)
    lines = (tmp_path / "dpsync.yaml").read_text(encoding="utf-8").splitlines()
    plain = {"apiVersion", "kind", "metadata", "spec", "environments"}
    for number, line in enumerate(lines):
        field = re.match(r" *([A-Za-z]+):", line)
        if field is not None and field[1] not in plain and not line.lstrip().startswith("too-many"):
            assert lines[number - 1].lstrip().startswith("#"), line


def test_an_editor_finds_the_schema_and_takes_what_was_written(tmp_path: Path) -> None:
    init(tmp_path)
    settings = json.loads((tmp_path / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    (schema,) = settings["yaml.schemas"]
    judge = Draft202012Validator(json.loads((tmp_path / schema).read_text(encoding="utf-8")))
    for name in ("dpsync.yaml", "products/first-product.yaml"):
        judge.validate(yaml.safe_load((tmp_path / name).read_text(encoding="utf-8")))
    assert not [one for one in files(_without_editor(tmp_path / "plain")) if one.endswith(".json")]


def _without_editor(folder: Path) -> Path:
    init(folder, "--no-editor")
    return folder


def test_pipelines_speak_of_the_environment_that_there_is(tmp_path: Path) -> None:
    init(tmp_path, "--ci", "github", "--env", "prod-eu")
    folder = tmp_path / ".github" / "workflows"
    texts = {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir()}
    assert "DPSYNC_ENV: prod-eu" in texts["dpsync-apply.yml"]
    assert "          environment: prod-eu\n" in texts["dpsync-plan.yml"]
    assert "DPSYNC_ENV: production" not in "".join(texts.values())
    for text in texts.values():
        assert yaml.safe_load(text)["jobs"]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="there are no examples of pipelines in this tree")
def test_the_pipelines_are_those_of_the_examples() -> None:
    assert files(TEMPLATES / "ci") == files(EXAMPLES)
    for name in files(EXAMPLES):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        if os.environ.get("DPSYNC_GOLDEN") == "write":
            (TEMPLATES / "ci" / name).write_text(text, encoding="utf-8")
        assert (TEMPLATES / "ci" / name).read_text(encoding="utf-8") == text, f"copy examples/ci/{name}"

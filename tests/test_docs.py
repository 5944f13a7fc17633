"""The documentation is true: what it names exists, what exists is named, its examples validate and its tour is real.

`DPSYNC_GOLDEN=write` writes the tables of `docs/manifests.md` and the output in the README's tour and the tutorial anew.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from click.testing import CliRunner

from docs.manifest_page import TABLES, all_models, fields_of, rewritten, tables_in
from dpsync import checks
from dpsync.cli import COMMANDS, dpsync
from dpsync.kinds import KINDS
from dpsync.manifests.load import Loaded, load
from dpsync.manifests.workspace import read_workspace
from dpsync.reports import FORMATS
from dpsync.settings import read_settings

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "dpsync"
WRITES = os.environ.get("DPSYNC_GOLDEN") == "write"

README = ROOT / "README.md"
MANIFESTS = ROOT / "docs" / "manifests.md"
CLI = ROOT / "docs" / "cli.md"
ENVIRONMENTS = ROOT / "docs" / "environments.md"
TUTORIAL = ROOT / "docs" / "tutorial.md"
PAGES = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
)
PIPELINES = (
    ROOT / "action.yml",
    *sorted((ROOT / "examples" / "ci").rglob("*.yml")),
    *sorted((ROOT / "ci").iterdir()),
)
"""What a page about pipelines names is in these."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def spans(page: Path) -> set[str]:
    """What stands between backticks, outside of blocks."""
    prose = re.sub(r"^ *(`{3,}).*?^ *\1", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([^`\n]+)`", prose))


class Block(NamedTuple):
    """A fenced block: its language, its lines, and where it begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = text_of(page)
    for found in re.finditer(r"^(`{3,})(\w*)\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE):
        yield Block(found[2], found[3], text[: found.start()].count("\n") + 1)


# What exists


@cache
def commands() -> Mapping[str, click.Command]:
    """Every command by what one types, without `dpsync`."""
    context = click.Context(dpsync)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = dpsync.get_command(context, name)
        assert command is not None
        found[name] = command
        if isinstance(command, click.Group):
            found.update({f"{name} {inner}": one for inner, one in command.commands.items()})
    return found


def options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


@cache
def all_options() -> frozenset[str]:
    named = {
        text
        for command in commands().values()
        for one in options(command)
        for text in (*one.opts, *one.secondary_opts)
    }
    return frozenset(named | {text for one in options(dpsync) for text in one.opts} | {"--help", "-h"})


@cache
def trees() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(text_of(file)) for file in sorted(SOURCE.rglob("*.py")))


@cache
def constants() -> frozenset[str]:
    """Every text in the source that is not a docstring, whole and by its words."""
    texts: set[str] = set()
    for tree in trees():
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts.update(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
        )
    return frozenset(texts | {word for text in texts for word in re.findall(r"[\w$-]+", text)})


CODES_MADE_BY = {"Finding", "Note", "_finding", "_error", "_at", "_note", "Wrong"}
CODE = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")


@cache
def codes() -> frozenset[str]:
    """The codes of findings: constants that are handed to what makes one, and the named ones."""
    found = {rule.name for rule in checks.GUARDRAILS} | {"yaml"}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                if name in CODES_MADE_BY:
                    found.update(text for text in texts if isinstance(text, str) and is_code(text))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                named = {
                    "UNKNOWN_FIELD",
                    "MISSING_FIELD",
                    "WRONG_TYPE",
                    "NOT_ALLOWED",
                    "INVALID_VALUE",
                    "NOT_NULL",
                    "UNMATCHED",
                    "UNKNOWN_ENVIRONMENT",
                }
                if {getattr(target, "id", "") for target in node.targets} & named:
                    found.add(str(node.value.value))
    return frozenset(found)


def is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None or text in {"yaml", "unreadable", "incomplete"}


@cache
def words_of_the_code() -> frozenset[str]:
    """Names of fields, classes, functions, modules and values, and the words of examples."""
    names = (
        {name for model in all_models().values() for name in fields_of(model)}
        | set(all_models())
        | set(KINDS)
    )
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Name):
                names.add(node.id)
    for file in (ROOT / "examples").rglob("*.yaml"):
        names.update(re.findall(r"[\w.-]+", text_of(file)))
    for file in PIPELINES:
        names.update(re.findall(r"[\w.-]+", text_of(file)))
    for page in PAGES:
        for block in blocks(page):
            names.update(re.findall(r"[\w.-]+", block.text))
    return frozenset(names) | constants()


# What the docs name exists


RUNTIME = (".dpsync", ".demo", "dpsync-report")
"""Folders that dpsync makes."""


@each_page
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    bases = (ROOT, page.parent, ROOT / "docs", SOURCE, ROOT / "tests", ROOT / "examples")
    for span in spans(page):
        is_path = re.fullmatch(r"[\w.][\w./-]*(?:/|\.(?:py|md|toml|yaml|yml|txt))", span)
        if not is_path or span.startswith((*RUNTIME, ".yaml", ".yml")):
            continue
        tails = {file.relative_to(ROOT).as_posix() for file in SOURCE.rglob("*") if file.is_file()}
        exists = any((base / span).exists() for base in bases) or any(
            f"/{tail}".endswith(f"/{span}") for tail in tails
        )
        assert exists or span in ALLOWED_PATHS, f"{page.name} names {span}"


ALLOWED_PATHS = {
    "PATH.db",
    "bad/",
    "good/",
    "expected.txt",
    "impact/",
    "reports/",
    "environments/",
    "exceptions/",
    "tests/external/",
}
"""Parts of a pattern, and rooms that are said to be empty still."""


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}


@each_page
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    for span in (*spans(page), *(line for block in blocks(page) for line in block.text.splitlines())):
        for found in re.finditer(r"(?:^|\$ |\s)dpsync ([a-z]+)(?: ([a-z]+))?", span):
            first, second = found.groups()
            if first == "sandbox" and second:
                assert f"sandbox {second}" in commands(), f"{page.name}: {span}"
            elif not span.lstrip().startswith(("|", "#", "-")) and found.start() == span.find("dpsync"):
                assert first in commands() or first in {"against", "does"}, f"{page.name}: {span}"
    for span in spans(page):
        if span.startswith(("-", "dpsync ", "plan ", "apply ")):
            for option in re.findall(r"(?:^|\s)(--?[a-z][a-z-]*)", span):
                assert option in all_options(), f"{page.name}: {span}"


@each_page
def test_every_name_of_code_that_a_page_uses_exists(page: Path) -> None:
    known = words_of_the_code() | codes()
    for span in spans(page):
        if re.fullmatch(r"[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Z][A-Z_]{3,}", span) or CODE.fullmatch(span):
            assert span in known or page.name == "0004-libraries.md", f"{page.name} names `{span}`"


@each_page
def test_every_variable_that_a_page_names_is_read(page: Path) -> None:
    for name in re.findall(r"\bDPSYNC_[A-Z_]*[A-Z]", text_of(page)):
        assert name in constants() or name in {"DPSYNC_GOLDEN", "DPSYNC_LAWS"}, f"{page.name} names {name}"


def test_the_codes_of_findings_in_the_page_are_those_of_the_code() -> None:
    section = text_of(CLI).partition("\n## Findings\n")[2]
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", section, re.MULTILINE)
    assert {code for row in rows for code in re.findall(r"`([^`]+)`", row)} == codes()


# What exists is in the docs


def section(page: Path, heading: str) -> str:
    """The text below a heading, as far as the next one of that depth."""
    text = text_of(page)
    depth = heading.partition(" ")[0]
    assert f"\n{heading}\n" in text, heading
    return re.split(rf"\n{depth} ", text.partition(f"\n{heading}\n")[2])[0]


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_its_options_and_variables_in_the_page(name: str) -> None:
    command = commands()[name]
    text = section(CLI, f"## `dpsync {name.partition(' ')[0]}`")
    assert " " not in name or f"`dpsync {name}`" in text
    inherited = {"plan": "validate", "apply": "plan"}
    shared = ""
    while (name := inherited.get(name, "")) != "":
        shared += section(CLI, f"## `dpsync {name}`")
    for option in options(command):
        if option.opts == ["--help"]:
            continue
        row = re.search(rf"^\| `{option.opts[0]}[^\n]*$", text + shared, re.MULTILINE)
        assert row, f"{option.opts[0]} of {command.name} is not in the page"
        if isinstance(option.envvar, str):
            assert f"`{option.envvar}`" in row[0]
        if isinstance(option.type, click.Choice):
            assert all(f"`{option.opts[0]} {choice}`" in row[0] for choice in option.type.choices)
        if isinstance(option.default, int | Path) and not isinstance(option.default, bool):
            assert str(option.default) in row[0]


def test_every_exit_code_of_the_help_and_the_errors_is_in_the_page() -> None:
    listed = set(re.findall(r"^\| (\d+) \|", section(CLI, "## Exit codes"), re.MULTILINE))
    helped = {
        code for command in commands().values() for code in re.findall(r"Exit (\d+)", command.help or "")
    }
    assert helped <= listed
    assert listed == {"0", "1", "2", "3", "4", "5", "6", "130"}


def test_every_report_format_is_in_the_page() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \|", section(CLI, "## Reports"), re.MULTILINE)) == set(FORMATS)


def test_every_line_of_the_journal_is_in_the_page() -> None:
    tree = ast.parse(text_of(SOURCE / "apply" / "journal.py"))
    types = {
        value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    }
    assert set(re.findall(r"^\| `(\w+)` \|", section(CLI, "## The journal"), re.MULTILINE)) == types


def test_every_table_of_the_manifest_page_is_there_and_up_to_date() -> None:
    page = text_of(MANIFESTS)
    assert tables_in(page) == set(TABLES)
    if WRITES:
        MANIFESTS.write_text(rewritten(page), encoding="utf-8")
    assert rewritten(page) == page or WRITES


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    reasons = text_of(ROOT / "docs" / "adr" / "0004-libraries.md")
    for requirement in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None
        if not name[0].startswith("types-"):
            assert name[0].casefold() in reasons.casefold(), name[0]


# Examples validate


def documents(page: Path) -> list[dict[str, Any]]:
    """The whole documents among the YAML blocks of a page."""
    return [
        document
        for block in blocks(page)
        if block.language == "yaml" and block.text.startswith("apiVersion")
        for document in yaml.safe_load_all(block.text)
    ]


def fragments(page: Path) -> list[str]:
    """The YAML blocks of a page that show a part of a manifest."""
    return [
        block.text
        for block in blocks(page)
        if block.language == "yaml" and not block.text.startswith("apiVersion")
    ]


def manifests(page: Path) -> list[dict[str, Any]]:
    return [document for document in documents(page) if document["kind"] != "Workspace"]


def loaded(folder: Path, listed: list[dict[str, Any]]) -> Loaded:
    (folder / "page.yaml").write_text(yaml.safe_dump_all(listed, allow_unicode=True), encoding="utf-8")
    return load(folder, ["page.yaml"], workspace_id="example-docs", environment="sandbox", vintage="v2")


def errors(found: Loaded) -> list[str]:
    return [f"{one.rule}: {one.message}" for one in found.findings if one.is_error]


@each_page
def test_the_documents_of_a_page_are_valid_together(page: Path, tmp_path: Path) -> None:
    text = "---\n".join(
        block.text
        for block in blocks(page)
        if block.language == "yaml"
        and block.text.startswith("apiVersion")
        and "kind: Workspace" not in block.text
        and "${" not in block.text  # see the test of the page about environments
    )
    if text:
        (tmp_path / "page.yaml").write_text(text, encoding="utf-8")
        found = load(tmp_path, ["page.yaml"], workspace_id="example-docs", environment="e", vintage="v2")
        assert [f"{one.origin} {one.message}" for one in found.findings] == []


def test_the_workspace_of_the_page_about_environments_is_valid_in_each(tmp_path: Path) -> None:
    whole = [one.text for one in blocks(ENVIRONMENTS) if one.language == "yaml"]
    for place, text in zip(
        ("dpsync.yaml", "products/p.yaml", "environments/dev/na-sales.yaml"), whole, strict=True
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    for environment in ("dev", "prod"):
        asked = ["validate", "--workspace", str(tmp_path), "--env", environment]
        result = CliRunner().invoke(dpsync, asked)
        assert result.stdout.startswith("Valid") or "\nValid: 1 data product." in result.stdout, result.output
        assert "error" not in result.output


def test_the_manifest_page_has_a_complete_example_of_every_kind() -> None:
    assert {document["kind"] for document in manifests(MANIFESTS)} == set(KINDS)


def test_the_workspace_of_the_manifest_page_is_valid(tmp_path: Path) -> None:
    block = next(block for block in blocks(MANIFESTS) if "kind: Workspace" in block.text)
    (tmp_path / "dpsync.yaml").write_text(block.text, encoding="utf-8")
    document, findings = read_workspace(tmp_path / "dpsync.yaml")
    assert document is not None
    assert not findings
    for environment in ("sandbox", "local"):
        settings = read_settings(
            document, document.root, "dpsync.yaml", tmp_path, environment=environment, environ={}
        )
        assert not list(checks.problems(settings.policy.guardrails))


def test_the_fragments_of_the_manifest_page_are_valid_where_they_belong(tmp_path: Path) -> None:
    assert len(fragments(MANIFESTS)) >= 4
    for text in fragments(MANIFESTS):
        part = yaml.safe_load(text)
        listed = manifests(MANIFESTS)
        homes = {document["kind"]: document for document in listed}
        if set(part) == {"metadata"}:
            homes["DataProduct"]["metadata"] = part["metadata"]
        else:
            kind = next(name for name, one in KINDS.items() if set(part) <= set(fields_of(one.spec)))
            spec = homes[kind]["spec"]
            if "requestForm" in part:
                spec.pop("requestForms")
            spec.update(part)
        assert errors(loaded(tmp_path, listed)) == [], text


def omissions() -> list[tuple[str, ...]]:
    rows = re.findall(r"^\| (.+) \|$", TABLES["omissions"](), re.MULTILINE)[2:]
    return [tuple(cell.strip("`") for cell in row.split(" | ")) for row in rows]


@pytest.mark.parametrize("row", omissions(), ids=lambda row: f"{row[0]}-{row[1]}")
def test_the_table_about_omitted_null_and_empty_is_true(row: tuple[str, ...], tmp_path: Path) -> None:
    kind, path, omitted, null, empty, _value = row
    for said, value in ((omitted, ...), (null, None), (empty, [])):
        listed = manifests(MANIFESTS)
        spec = next(document["spec"] for document in listed if document["kind"] == kind)
        *outer, last = path.split(".")
        for name in outer:
            spec = spec.setdefault(name, {})
        if path == "requestForm":
            spec.pop("requestForms", None)
        if value is ...:
            spec.pop(last, None)
        else:
            spec[last] = value
        assert bool(errors(loaded(tmp_path, listed))) == said.startswith("error"), (said, value)


# The tour


class Step(NamedTuple):
    """A command of the tour as it is shown, what the shell is given, and what it is said to answer."""

    shown: str
    command: str
    answer: str


TOUR = re.compile(
    r"(?P<opens><!-- tour -->\n(?P<fence>`{3,})console\n)(?P<told>.*?)(?P<closes>^(?P=fence)$)",
    re.DOTALL | re.MULTILINE,
)


def steps(block: str) -> list[Step]:
    found = re.findall(r"^(\$ .*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert "".join(shown + answer for shown, answer in found) == block
    return [Step(shown, re.sub(r"^[$>] ", "", shown, flags=re.MULTILINE), answer) for shown, answer in found]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DPSYNC_", "GIT_"))}
    path = os.pathsep.join((sysconfig.get_path("scripts"), kept.get("PATH", "")))
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


def walked(page: str, folder: Path, notes: Path, environ: Mapping[str, str]) -> str:
    """A page whose commands have been run in one shell, one after the other, with what they really answer."""
    listed = [step for found in TOUR.finditer(page) for step in steps(found["told"])]
    script = "code=0\n" + "".join(
        f"{{ (exit $code)\n{step.command}}} < /dev/null > {notes}/{number} 2>&1\ncode=$?\n"
        for number, step in enumerate(listed)
    )
    subprocess.run(["sh", "-c", script], cwd=folder, env=environ, timeout=300, check=False)
    answers = ((notes / str(number)).read_text(encoding="utf-8") for number in range(len(listed)))

    def told(found: re.Match[str]) -> str:
        anew = "".join(step.shown + next(answers) for step in steps(found["told"]))
        return found["opens"] + anew + found["closes"]

    return TOUR.sub(told, page)


needs_a_shell = pytest.mark.skipif(shutil.which("sh") is None, reason="it is written for a POSIX shell")


@needs_a_shell
def test_the_tour_of_the_readme_is_real(tmp_path: Path) -> None:
    workspace, notes = tmp_path / "acme", tmp_path / "notes"
    shutil.copytree(ROOT / "examples", workspace, ignore=shutil.ignore_patterns(".dpsync", "__pycache__"))
    notes.mkdir()
    page = text_of(README)
    assert len(TOUR.findall(page)) >= 5
    real = walked(page, workspace, notes, {**environment(), "DPSYNC_ENV": "sandbox"})
    if WRITES:
        README.write_text(real, encoding="utf-8")
    assert real == page or WRITES


# The tutorial

SERVED = re.compile(r"<!-- server -->\n```console\n\$ (.*)\n(.*\n)```")
PORT = "127.0.0.1:8765"
"""Where the sandbox is in the page. In the test it is wherever there is room."""

PASSING = (
    (r"accepts\s+the\s+token\.", "accepts the\n           token."),  # wrapped by the length of the port
    (r"Python 3[\d.]+\w*, \w+", "Python 3.13.1, Linux"),
    (r"[\d-]{10} \d\d:\d\d UTC, in \d+", "2027-03-01 09:00 UTC, in 89"),
    (r"(?<=manifests at )[0-9a-f]{12}", "3b5f8bdb0579"),
    (r"(?<=sha256:)[0-9a-f]{64}", "bba4c101e41a80cdc060ec3e3661988fbf688f0533ae030cd0b57a6247c9cf09"),
)
"""What another machine or another day has otherwise, and how the page has it."""


@contextmanager
def served(command: str, folder: Path) -> Iterator[str]:
    """What a server says when it is there; it is gone afterwards."""
    with subprocess.Popen(
        [*shlex.split(command), "--port", "0"],
        cwd=folder,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline()
        finally:
            server.kill()


@needs_a_shell
@pytest.mark.skipif(shutil.which("git") is None, reason="it ends in a pull request")
def test_the_tutorial_is_real() -> None:
    page = text_of(TUTORIAL)
    server = SERVED.search(page)
    assert server is not None
    # Messages are wrapped, so the path must be about as long everywhere.
    with tempfile.TemporaryDirectory(prefix="", dir="/tmp") as made:
        home = Path(made).resolve()
        notes = home / "notes"
        notes.mkdir()
        with served(server[1], home) as said:
            place = re.search(r"127\.0\.0\.1:\d+", said)
            assert place is not None
            assert said.replace(place[0], PORT) == server[2]
            person = {f"GIT_{who}_NAME": "Sam" for who in ("AUTHOR", "COMMITTER")}
            person |= {f"GIT_{who}_EMAIL": "sam@acme.example" for who in ("AUTHOR", "COMMITTER")}
            quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
            real = walked(page.replace(PORT, place[0]), home, notes, {**environment(), **person, **quiet})
            real = real.replace(place[0], PORT).replace(str(home), "/home/sam")
    for passing, shown in PASSING:
        real = re.sub(passing, shown, real)
    if WRITES:
        TUTORIAL.write_text(real, encoding="utf-8")
    assert real == page or WRITES


def test_what_the_readme_says_about_the_examples_is_counted() -> None:
    counts = re.search(r"(\d+) data products in (\d+) domains", text_of(README))
    assert counts is not None
    files = (ROOT / "examples" / "products").rglob("*.yaml")
    kinds = [document["kind"] for file in files for document in yaml.safe_load_all(text_of(file))]
    assert (kinds.count("DataProduct"), kinds.count("Domain")) == (int(counts[1]), int(counts[2]))

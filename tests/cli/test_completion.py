"""`dpsync completion`: what a shell completes, asked as a shell asks, and in a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from dpsync.cli import COMMANDS, dpsync
from dpsync.manifests.keys import keys_of
from dpsync.manifests.load import load
from telling import WORKSPACE, forget_the_surroundings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples, one of which is not valid."""
    forget_the_surroundings(monkeypatch)
    shutil.copytree(ROOT / "examples" / "products", tmp_path / "products")
    (tmp_path / "dpsync.yaml").write_text(WORKSPACE)
    (tmp_path / "products" / "broken.yaml").write_text(
        "kind: DataProduct\nmetadata: {name: broken}\nspec: [\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(*words: str) -> list[str]:
    """What is offered for the last of the words."""
    asked = ShellComplete(dpsync, {}, "dpsync", "_DPSYNC_COMPLETE")
    return [one.value for one in asked.get_completions(list(words[:-1]), words[-1])]


def test_commands_and_options_are_completed() -> None:
    assert completed("") == list(COMMANDS)
    assert completed("pl") == ["plan"]
    assert "--of" in completed("graph", "--")
    assert completed("graph", "--format", "m") == ["mermaid"]


@pytest.mark.usefixtures("workspace")
def test_keys_of_the_workspace_are_completed_where_a_key_is_expected() -> None:
    assert completed("rename", "DataProduct/cust") == ["DataProduct/customers"]
    assert completed("rename", "Domain/s") == ["Domain/sales", "Domain/supply-chain"]
    assert completed("show", "product", "head") == ["headcount"]
    assert completed("access", "list", "head") == ["headcount"]
    assert completed("graph", "--of", "two") == ["two-stage"]
    assert completed("graph", "--of", "RequestForm/two") == ["RequestForm/two-stage"]
    assert completed("graph", "--of", "bro") == ["broken"]
    assert completed("plan", "--target", "head") == ["headcount"]
    assert completed("render", "head") == ["headcount"]


def test_kinds_fields_and_guardrails_are_completed() -> None:
    assert completed("schema", "Data") == ["DataProduct", "DataUseAgreement", "DataSource"]
    assert completed("explain", "too") == ["too-many-deletes"]
    assert completed("explain", "DataProduct.spec.so") == ["DataProduct.spec.sources"]
    assert completed("explain", "DataProduct.s") == ["DataProduct.spec"]


def test_completing_never_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    for text in (
        None,
        "",
        "a: [",
        "spec: 7",
        "spec: {manifests: 7}",
        'spec: {manifests: [7, "..", nowhere, "\\0"]}',
        "\xff",
    ):
        if text is not None:
            (tmp_path / "dpsync.yaml").write_text(text, encoding="latin-1")
        assert completed("rename", "D") == []
    assert completed("rename", "--workspace", "nowhere", "D") == []
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert completed("rename", "D") == []


def test_the_keys_that_are_found_fast_are_those_that_are_declared() -> None:
    loaded = load(ROOT / "examples", ["products"], workspace_id="example-x", environment="e", vintage="v2")
    assert keys_of(ROOT / "examples") == tuple(sorted((one.kind, one.key) for one in loaded.resources))


def test_a_manifest_without_a_name_does_not_hold_up_the_shell(workspace: Path) -> None:
    blanks = "  \n \t\n" * 2_000
    for number, metadata in enumerate(
        (f"metadata:\n{blanks}", f"metadata:\n  labels: {{}}\n{blanks}", "metadata: {" + " name " * 2_000)
    ):
        (workspace / "products" / f"{number}.yaml").write_text(f"kind: Domain\n{metadata}\nspec: {{}}\n")
    before = time.process_time()
    assert completed("rename", "Domain/s") == ["Domain/sales", "Domain/supply-chain"]
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    "metadata",
    [
        "metadata:   # what it is\n\n# a remark\n  labels:\n    name: other\n\n  name: 'found'   # the key\n",
        "metadata: {id: x, name: found}\n",
        "metadata: {\n  id: x,\n  name: found\n}\n",
        'metadata:\n  "name" : "found"\n',
        "metadata:\r\n  id: x\r\n  name: found\r\n",
    ],
)
def test_a_key_is_found_however_its_metadata_is_written(workspace: Path, metadata: str) -> None:
    (workspace / "products" / "one.yaml").write_bytes(f"kind: Domain\n{metadata}spec: {{}}\n".encode())
    assert completed("rename", "Domain/fou") == ["Domain/found"]


def test_what_is_completed_opens_nothing_heavy(workspace: Path) -> None:
    asked = {"_DPSYNC_COMPLETE": "bash_complete", "COMP_WORDS": "dpsync rename Domain/sal", "COMP_CWORD": "2"}
    watch = "import sys; sys.argv = ['dpsync']; from dpsync.__main__ import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", watch], cwd=workspace, env=asked, capture_output=True, text=True, check=False
    )
    assert done.stdout == "plain,Domain/sales\n"
    assert not set(done.stderr.split()) & {"pydantic", "httpx2", "rich", "deepdiff", "asyncio", "starlette"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_dpsync(shell: str) -> None:
    result = CliRunner().invoke(dpsync, ["completion", shell], prog_name="dpsync")
    assert result.exit_code == 0
    assert f"_DPSYNC_COMPLETE={shell}_complete" in result.stdout


def test_a_shell_that_is_not_named_is_asked_for_on_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dpsync", "completion"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[0]
        == "Error: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"
    )


BASH = """
eval "$(dpsync completion bash)"
complete -p dpsync >/dev/null || exit 9
asked() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _dpsync_completion dpsync; echo "${{COMPREPLY[*]}}"; }}
asked dpsync pl
asked dpsync rename DataProduct/cust
asked dpsync graph --of Domain/s
cd /
asked dpsync rename DataProduct/cust
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes_what_is_typed(workspace: Path) -> None:
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH.format()],
        cwd=workspace,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "plan",
        "DataProduct/customers",
        "Domain/sales Domain/supply-chain",
        "",
    ]

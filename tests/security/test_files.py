"""What is read and written is in the workspace, and a hostile file is a finding: never a crash, a hang or a way out.

Tested elsewhere: links and paths out of the workspace for manifests (`tests/manifests/test_load.py`) and exceptions
(`tests/manifests/test_exceptions.py`), also at a revision (`tests/manifests/test_revision.py`), each refused unopened and never
quoted; the sandbox's file (`tests/test_settings.py`); bombs, tags, depth, duplicate keys and size, one by one
(`tests/manifests/test_document.py`). Here the same stands in each file that dpsync reads, before whole commands.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dpsync.cli import dpsync
from telling import WORKSPACE, forget_the_surroundings

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "billion-laughs": BOMB,
    "python-object": "spec: !!python/object/apply:os.system ['touch pwned']\n",
    "own-tag": "spec: !include /etc/passwd\n",
    "merge-key": "base: &base {x: 1}\nspec: {<<: *base}\n",
    "depth": f"spec: {'[' * 100_000}\n",
    "depth-of-mappings": f"spec: {'{a: ' * 100_000}\n",
    "duplicate-keys": "kind: Workspace\nkind: DataProduct\n",
    "not-text": "\x00\x01\x02",
    "huge": "#" + "x" * (6 * 1024 * 1024),
    "long-number": f"spec: {'9' * 100_000}\n",
}
FILES = ("dpsync.yaml", "products/all.yaml", "exceptions/one.yaml")
FORM = """apiVersion: dpsync/v1beta1
kind: RequestForm
metadata: {name: calm}
spec: {name: Calm, fields: [], reviewFlow: {decision: approve, comment: Open.}}
"""


@pytest.fixture
def valid(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that is in order."""
    forget_the_surroundings(monkeypatch)
    (workspace / "products").mkdir()
    (workspace / "exceptions").mkdir()
    (workspace / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    (workspace / "products" / "all.yaml").write_text(FORM, encoding="utf-8")
    monkeypatch.chdir(workspace)
    return workspace


def run(*arguments: str) -> Result:
    return CliRunner().invoke(dpsync, arguments, prog_name="dpsync")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_a_finding_wherever_it_stands(valid: Path, name: str, what: str) -> None:
    (valid / name).write_text(HOSTILE[what], encoding="utf-8")
    done = run("plan")
    assert done.exit_code == 1, done.output
    assert "bug in dpsync" not in done.stderr
    assert name in done.stderr
    assert len(done.output) < 200_000
    assert not (valid / "pwned").exists()


def test_a_workspace_file_that_is_a_link_out_of_the_workspace_is_never_quoted(
    valid: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("password: hunter2\n", encoding="utf-8")
    (valid / "dpsync.yaml").unlink()
    (valid / "dpsync.yaml").symlink_to(outside)
    done = run("plan")
    assert done.exit_code == 1
    assert "hunter2" not in done.output


@pytest.mark.parametrize("url", ["sandbox:../outside.db", "sandbox:link/x.db", "sandbox:/tmp/outside.db"])
def test_the_file_of_a_sandbox_is_in_the_workspace(valid: Path, tmp_path: Path, url: str) -> None:
    (valid / "link").symlink_to(tmp_path)
    text = WORKSPACE.replace('"sandbox:"', f'"{url}"')
    (valid / "dpsync.yaml").write_text(text, encoding="utf-8")
    done = run("plan")
    assert done.exit_code == 1, done.output
    assert not [*tmp_path.glob("*.db")]


@pytest.mark.parametrize("option", ["--report=markdown={}", "--report=json={}", "--out={}"])
@pytest.mark.parametrize("where", ["plan.md", "reports/plan.md"])
def test_nothing_is_written_through_a_link_out_of_the_folder(
    valid: Path, tmp_path: Path, option: str, where: str
) -> None:
    """A branch commits a link to a file that matters, by the name that the job writes its report to."""
    (tmp_path / "elsewhere").mkdir()
    precious = tmp_path / "elsewhere" / "plan.md"
    precious.write_text("precious", encoding="utf-8")
    if "/" in where:
        (valid / "reports").symlink_to(precious.parent)
    else:
        (valid / where).symlink_to(precious)
    done = run("plan", option.format(where))
    assert done.exit_code == 1, done.output
    assert "a link leads from there out of this folder" in done.stderr
    assert precious.read_text(encoding="utf-8") == "precious"


def test_a_report_goes_wherever_the_command_line_says_in_so_many_words(valid: Path, tmp_path: Path) -> None:
    (valid / "kept").mkdir()
    (valid / "link").symlink_to(valid / "kept")
    for file in ("plan.json", "link/plan.json", "../plan.json", str(tmp_path / "other.json")):
        assert run("plan", "--report", f"json={file}").exit_code == 0, file
        assert Path(file).is_file()
    if os.name == "posix":
        assert run("plan", "--report", "json=/dev/null").exit_code == 0


def test_variables_in_manifests_never_read_the_environment(
    valid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DPSYNC_TOKEN", "SECRET_THING", "HOME"):
        monkeypatch.setenv(name, "hunter2-hunter2")
    text = "${SECRET_THING} $SECRET_THING {{ env.SECRET_THING }} %(SECRET_THING)s $(env) `env` ${HOME} ~"
    manifest = FORM.replace("name: Calm", f"name: '{text}'")
    (valid / "products" / "all.yaml").write_text(manifest, encoding="utf-8")
    done = run("plan", "--json")
    assert done.exit_code == 1
    assert "The variable SECRET_THING has no value in sandbox." in done.stdout
    assert "hunter2" not in done.output
    (valid / "products" / "all.yaml").write_text(manifest.replace("${", "$${"), encoding="utf-8")
    done = run("plan", "--json")
    assert done.exit_code == 0, done.output
    assert "${SECRET_THING} $SECRET_THING" in done.stdout
    assert "hunter2" not in done.output

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dpsync.errors import UsageError
from dpsync.manifests.load import load
from dpsync.manifests.revision import at_revision, commit_of, merge_base
from manifests.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    return Repository.new(tmp_path / "repository")


def files(root: Path, ref: str, *paths: str) -> dict[str, str]:
    """The names of what a revision has, with the content, or with the target of a link."""
    with at_revision(root, ref, paths) as folder:
        return {
            one.relative_to(folder).as_posix(): f"-> {one.readlink()}"
            if one.is_symlink()
            else one.read_text()
            for one in sorted(folder.rglob("*"))
            if one.is_symlink() or one.is_file()
        }


def refusal(root: Path, ref: str) -> str:
    with pytest.raises(UsageError) as raised:
        merge_base(root, ref)
    with pytest.raises(UsageError), at_revision(root, ref, ["."]):
        pass
    return f"{raised.value.message} {raised.value.remedy}"


def test_the_files_are_those_of_the_revision_and_not_of_the_work_tree(repository: Repository) -> None:
    repository.commit(products__a="first", products__deep__b="b", other__c="c", dpsync="d")
    repository.commit(products__a="second")
    repository.write(products__a="not committed", products__new="not committed")
    found = files(repository.root, "HEAD~1", "products", "dpsync.yaml")
    assert found == {"products/a.yaml": "first", "products/deep/b.yaml": "b", "dpsync.yaml": "d"}
    assert files(repository.root, "HEAD", "products/a.yaml") == {"products/a.yaml": "second"}
    assert len(files(repository.root, "main", ".")) == 4


def test_a_workspace_may_be_a_folder_of_the_repository(repository: Repository) -> None:
    repository.commit(teams__sales__products__a="a", teams__sales2__products__b="b", products__c="c")
    root = repository.root / "teams" / "sales"
    assert files(root, "HEAD", "products") == {"products/a.yaml": "a"}
    assert files(root, "HEAD", ".") == {"products/a.yaml": "a"}


def test_what_the_revision_does_not_have_is_not_there(repository: Repository) -> None:
    repository.commit(products__a="a")
    assert files(repository.root, "HEAD", "manifests", "../products", "/products") == {}


def test_names_are_taken_as_they_are(repository: Repository) -> None:
    repository.root.joinpath("products").mkdir()
    for name in ("ä ö.yaml", "*.yaml", 'quo"te.yaml', "line\nbreak.yaml", ":(top)x.yaml"):
        repository.root.joinpath("products", name).write_text(name)
    repository.commit()
    assert set(files(repository.root, "HEAD", "products").values()) == {
        "ä ö.yaml",
        "*.yaml",
        'quo"te.yaml',
        "line\nbreak.yaml",
        ":(top)x.yaml",
    }


def test_a_link_stays_a_link_and_what_it_leads_to_inside_comes_with_it(repository: Repository) -> None:
    repository.write(products__a="a", shared__b="b", shared__deep__c="c", untouched__d="d")
    products = repository.root / "products"
    (products / "shared").symlink_to("../shared")
    (products / "self.yaml").symlink_to("self.yaml")
    (repository.root / "more").symlink_to("shared/deep")
    repository.commit()
    assert files(repository.root, "HEAD", "products", "more") == {
        "more": "-> shared/deep",
        "products/a.yaml": "a",
        "products/self.yaml": "-> self.yaml",
        "products/shared": "-> ../shared",
        "shared/b.yaml": "b",
        "shared/deep/c.yaml": "c",
    }
    assert files(repository.root, "HEAD", "more/c.yaml") == {
        "more": "-> shared/deep",
        "shared/deep/c.yaml": "c",
    }


def test_a_link_that_leads_out_is_refused_by_the_loader_unopened(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2")
    repository.write(products__a="a")
    (repository.root / "products" / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    repository.commit()
    with at_revision(repository.root, "HEAD", ["products"]) as folder:
        loaded = load(folder, ["products"], workspace_id="acme-4f9d2c", environment="dev", vintage="v2")
    told = [f"{one.origin} {one.message}" for one in loaded.findings if one.rule == "outside-workspace"]
    assert told == [
        "products/out.yaml:1:1 products/out.yaml leads out of the workspace, so it was not opened."
    ]


def test_submodules_are_left_out(repository: Repository, tmp_path: Path) -> None:
    inner = Repository.new(tmp_path / "inner")
    inner.commit(inside="x")
    repository.write(products__a="a")
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "products/sub"
    )
    repository.commit()
    assert files(repository.root, "HEAD", "products") == {"products/a.yaml": "a"}


def test_the_index_and_the_work_tree_stay_as_they_are(repository: Repository) -> None:
    repository.commit(products__a="first")
    repository.commit(products__a="second")
    repository.write(products__a="third", products__b="new")
    index = repository.root / ".git" / "index"
    status = repository.git("status", "--porcelain")
    before = index.read_bytes(), index.stat().st_mtime_ns
    files(repository.root, "HEAD~1", ".")
    merge_base(repository.root, "HEAD~1")
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before
    assert repository.git("status", "--porcelain") == status


def test_the_folder_is_gone_afterwards(repository: Repository) -> None:
    repository.commit(products__a="a")
    with at_revision(repository.root, "HEAD", ["products"]) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_the_base_is_where_a_branch_left_the_other(repository: Repository) -> None:
    left = repository.commit(products__a="a")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.commit(products__a="topic")
    repository.git("switch", "--quiet", "main")
    repository.commit(products__a="main")
    repository.git("switch", "--quiet", "topic")
    assert merge_base(repository.root, "main") == left
    assert commit_of(repository.root) == repository.git("rev-parse", "topic")


@pytest.mark.parametrize("ref", ["--output=x", "-h", "", "mian", "HEAD:products", "main..HEAD", "a b"])
def test_what_is_no_revision_is_refused_and_never_an_option(repository: Repository, ref: str) -> None:
    repository.commit(products__a="a")
    assert refusal(repository.root, ref).startswith(f"Git knows no revision {ref!r}.")
    assert not (repository.root / "x").exists()


def test_a_branch_that_only_the_origin_has_is_suggested(repository: Repository, tmp_path: Path) -> None:
    repository.commit(products__a="a")
    repository.git("branch", "release")
    clone = Repository(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("clone", "--quiet", str(repository.root), ".")
    assert "Did you mean `origin/release`?" in refusal(clone.root, "release")
    assert merge_base(clone.root, "origin/release") == commit_of(clone.root)


def test_a_shallow_clone_is_told_how_to_become_whole(repository: Repository, tmp_path: Path) -> None:
    repository.commit(products__a="a")
    repository.git("branch", "other")
    repository.commit(products__a="b")
    clone = Repository(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), ".")
    assert "`fetch-depth: 0`" in refusal(clone.root, "origin/other")
    clone.git("fetch", "--quiet", "--depth=1", "origin", "other")
    with pytest.raises(UsageError, match="no commit in common") as raised:
        merge_base(clone.root, "FETCH_HEAD")
    assert "`fetch-depth: 0`" in raised.value.remedy


def test_where_there_is_no_repository_and_no_commit_it_is_said(tmp_path: Path) -> None:
    assert "is in no Git repository" in refusal(tmp_path, "main")
    assert commit_of(tmp_path) is None
    empty = Repository.new(tmp_path / "empty")
    assert commit_of(empty.root) is None
    assert refusal(empty.root, "HEAD").startswith("Git knows no revision 'HEAD'.")


def test_where_git_is_not_installed_it_is_said(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(products__a="a")
    monkeypatch.setenv("PATH", "")
    assert "no program `git` is found" in refusal(repository.root, "main")
    assert commit_of(repository.root) is None

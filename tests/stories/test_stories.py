"""Stories: what a person types and what they then read.

A story is a folder with `story.toml` and numbered folders of manifests. Each step either runs dpsync on one of those
folders or does something by hand to the marketplace; the transcript of all runs is `expected.txt`. These files are the
product: read them as a user would. `make golden` writes them anew. A story may bring its own `dpsync.yaml`.

    about = "One sentence: what happens and why it matters."
    [[step]]
    manifests = "1"                       # replaces the workspace's products/ by this folder
    run = "apply --auto-approve"          # shown, unless `quiet = true`: then it must end with 0
    [[step]]
    say = "What the reader should know before the next command."
    api = "PUT /api/data-product/{DataProduct/na-sales}"
    body = '{"suspended": true}'          # {Kind/key} is the id computed from a key; {name:…} is that of a live product,
                                          # and {form:…}, {agreement:…}, {user:…}, {domain:…}, {source:…} likewise
    [[step]]
    assign = "ANALYTICS.SALES.DIM_STORE to Finance"      # what only an administrator's screen can do;
    unassign = "ANALYTICS.SALES.DIM_STORE from Sales"    # see tests/telling.py
    token_of = "jane.doe"
    power_cut = "the machine loses power as the last answer comes"
    [[step]]
    workspace = "with-exception"          # lays this folder over the workspace: dpsync.yaml, exceptions/, …
    branch = "raise-the-limit"            # with Git: a new branch, and a commit of everything that is there
    commit = "Raise the limit"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from telling import forget_the_surroundings, tell, told_as_expected

HERE = Path(__file__).parent
STORIES = sorted(path.parent.name for path in HERE.glob("*/story.toml"))


@pytest.mark.parametrize("name", STORIES)
def test_a_story_reads_as_expected(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    story = tomllib.loads((HERE / name / "story.toml").read_text(encoding="utf-8"))
    told_as_expected(HERE / name / "expected.txt", tell(HERE / name, story, tmp_path))


def test_every_folder_is_a_story_whose_name_is_a_sentence() -> None:
    folders = sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
    assert folders == STORIES
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+){3,}", name) for name in STORIES)

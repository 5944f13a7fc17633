"""Putting files in their places: whole, with the rights of what was there, and without a trace where it fails."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dpsync.manifests.rewriting import Rewritten, put, write


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_file_has_the_rights_of_any_new_file_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    file, other = tmp_path / "one", tmp_path / "other"
    other.touch()
    put(file, b"1\r\n")
    assert (file.read_bytes(), mode(file)) == (b"1\r\n", mode(other))
    file.chmod(0o600)
    put(file, b"2")
    assert (file.read_bytes(), mode(file)) == (b"2", 0o600)
    assert {one.name for one in tmp_path.iterdir()} == {"one", "other"}


def test_what_cannot_be_put_in_its_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(OSError, match="one"):
        put(tmp_path / "one", b"1")
    assert [one.name for one in tmp_path.iterdir()] == ["one"]


def test_several_files_are_written_and_nothing_else_stays(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_bytes(b"old")
    write([Rewritten(file.name, file, b"old", b"new", ()) for file in files])
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a": b"new", "b": b"new"}

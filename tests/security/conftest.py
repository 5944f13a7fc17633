"""The workspace and the marketplace that whole programs are tested with, and a token that nobody else has."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import estate, seeded
from cli.served import Estate
from dpsync.sandbox.files import opened_store
from security.programs import SECRET

__all__ = ["estate", "guarded", "seeded"]


@pytest.fixture
def guarded(estate: Estate) -> Estate:
    """A marketplace that takes the secret for a token, the same person's as the well-known one."""
    with opened_store(estate.db) as store:
        person = store.value("SELECT user FROM tokens WHERE token = 'sandbox'")
        store.insert("tokens", {"token": SECRET, "user": person})
    return estate


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder

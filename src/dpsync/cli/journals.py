"""Opens the journal of a run that writes: below the workspace, in another folder, or none at all.

Here because it is where the settings, the clock and who runs this come together.
"""

from __future__ import annotations

import getpass
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dpsync import __version__
from dpsync.apply.journal import AnyJournal, Journal, NoJournal, Run
from dpsync.cli.shared import keep_out_of_git
from dpsync.manifests.revision import commit_of, is_changed
from dpsync.model.history import APPLY
from dpsync.model.plan import Target
from dpsync.settings import Settings


def journal_at(
    settings: Settings,
    target: Target,
    where: str | None,
    *,
    command: str = APPLY,
    fingerprint: str | None = None,
    undoes: str | None = None,
) -> AnyJournal:
    """The journal in the folder `where`, by default .dpsync in the workspace; none if it is `off`.

    `command` is what was asked for, `fingerprint` that of the plan, and `undoes` the run that is to be undone.
    """
    if where == "off":
        return NoJournal()
    folder = journals_of(settings.root, where)
    with suppress(OSError):  # the journal itself says what is wrong with the folder
        keep_out_of_git(folder)
    commit = commit_of(settings.root)
    dirty = None if commit is None else is_changed(settings.root)
    run = Run(target, _who(), __version__, commit, command, fingerprint, undoes, dirty)
    return Journal.open(folder, run, lambda: datetime.now(UTC), secrets.token_bytes)


def journals_of(root: Path, where: str | None) -> Path:
    """The folder whose `runs` are the journals of the workspace, or of the folder that was named."""
    return root / ".dpsync" if where is None or where == "off" else Path(where)


def _who() -> str:
    """Who runs this; in a container the user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"

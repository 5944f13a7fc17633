"""Opens the journal of a run that writes: below the workspace, in another folder, or none at all.

Here because it is where the settings, the clock and who runs this come together.
"""

from __future__ import annotations

import getpass
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from dpsync import __version__
from dpsync.apply.journal import AnyJournal, Journal, NoJournal, Run
from dpsync.manifests.revision import commit_of
from dpsync.model.plan import Target
from dpsync.settings import Settings


def journal_at(settings: Settings, target: Target, where: str | None) -> AnyJournal:
    """The journal in the folder `where`, by default .dpsync in the workspace; none if it is `off`."""
    if where == "off":
        return NoJournal()
    folder = settings.root / ".dpsync" if where is None else Path(where)
    run = Run(target, _who(), __version__, commit_of(settings.root))
    return Journal.open(folder, run, lambda: datetime.now(UTC), secrets.token_bytes)


def _who() -> str:
    """Who runs this; in a container the user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"

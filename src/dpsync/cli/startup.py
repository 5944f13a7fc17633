"""What the process of a command sets for itself before anything else: two costs that a command has no use for.

A room of its own because both change the whole process, which only the way in (`__main__`) may do; a test or a program
that calls a command within its own process is left as it is. Measured in benchmarks/README.md.
"""

from __future__ import annotations

import gc
import os

_COLLECT_EVERY = (200_000, 50, 100)


def prepare() -> None:
    """Let the collector of cycles rest, and pydantic look for no plugins.

    What is loaded and read stays in use until the command ends: by default the collector walks over all of it again and
    again, for nothing. It is not switched off, for the sandbox's server runs as long as it likes. Searching the installed
    packages for plugins of pydantic takes longer than the manifests of a small workspace, and no plugin is wanted that
    could look at them.
    """
    gc.set_threshold(*_COLLECT_EVERY)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

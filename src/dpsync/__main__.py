"""The way in: `dpsync …` and `python -m dpsync …`."""

from __future__ import annotations

import sys

VERSION = "--version"
INTERRUPTED = 130


def main() -> None:
    if sys.argv[1:] == [VERSION]:  # asked for alone, it needs nothing that understands options
        from dpsync import __version__

        print(f"dpsync {__version__}")  # noqa: T201
        return

    try:
        from dpsync.cli.startup import prepare

        prepare()

        from dpsync.cli import dpsync

        dpsync.main()
    except KeyboardInterrupt:  # while it still loads; later, the command line says so itself
        sys.stderr.write("Error: Interrupted.\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

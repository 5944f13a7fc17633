"""The way in: `dpsync …` and `python -m dpsync …`."""

from __future__ import annotations


def main() -> None:
    from dpsync.cli.startup import prepare

    prepare()

    from dpsync.cli import dpsync

    dpsync.main()


if __name__ == "__main__":
    main()

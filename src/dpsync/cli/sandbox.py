"""`dpsync sandbox …`: a marketplace of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from dpsync.cli.shared import a_sandbox_file
from dpsync.errors import UsageError

DEFAULT_PORT = 8765


@click.group()
def command() -> None:
    """A marketplace of your own, to try everything on.

    It speaks the same API as the real one, keeps what it knows in one SQLite file, and listens on this machine only. An
    environment with `url: sandbox:` uses it without any server.
    """


def _default_file() -> Path:
    """The file that `url: sandbox:` means in the workspace around this folder."""
    from dpsync.manifests.workspace import find_workspace
    from dpsync.settings import SANDBOX_FILE

    workspace = find_workspace(Path.cwd())
    return (workspace.parent if workspace is not None else Path()) / SANDBOX_FILE


_file = click.option(
    "--db",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_default_file,
    envvar="DPSYNC_SANDBOX_DB",
    help="The file of the sandbox. Default: .dpsync/sandbox.db of the workspace, or of this folder.",
)
_products = click.option(
    "--products",
    type=click.IntRange(min=1),
    metavar="N",
    help="Seed a large world with N data products instead of the demo company.",
)


@command.command()
@_file
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--vintage", type=click.Choice(["v1", "v2"]), default="v2", show_default=True, help="Which API to speak."
)
@click.option(
    "--put",
    type=click.Choice(["merge", "replace"]),
    default="merge",
    show_default=True,
    help="Whether an update keeps the fields that it omits.",
)
def serve(file: Path, port: int, vintage: str, put: str) -> None:
    """Serve the sandbox on 127.0.0.1 until Ctrl-C.

    The token is `sandbox`. A file that does not exist yet is seeded first.
    """
    from dpsync.sandbox.doors import serve as serve_store
    from dpsync.sandbox.files import opened_store

    with a_sandbox_file(file), opened_store(file):
        pass
    try:
        serve_store(file, port=port, vintage=vintage, put=put)  # type: ignore[arg-type]
    except OSError as error:
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror}.",
            "Choose another with --port, or --port 0 for any.",
        ) from None


@command.command()
@_file
@_products
def seed(file: Path, products: int | None) -> None:
    """Fill a new sandbox with its world. Refuses one that has content."""
    from dpsync.sandbox.files import seed_file

    if file.exists():
        raise UsageError(f"{file} exists already.", "Use `dpsync sandbox reset` to begin again.")
    with a_sandbox_file(file):
        seed_file(file, products)
    click.echo(f"Seeded {file}.")


@command.command()
@_file
@_products
def reset(file: Path, products: int | None) -> None:
    """Throw the sandbox away and seed it again."""
    from dpsync.sandbox.files import seed_file

    with a_sandbox_file(file):
        seed_file(file, products)
    click.echo(f"Seeded {file} again.")


@command.command()
@_file
def status(file: Path) -> None:
    """Say what is in the sandbox."""
    if not file.exists():
        raise UsageError(f"There is no sandbox in {file}.", "Make one: dpsync sandbox seed")
    from dpsync.sandbox import Store
    from dpsync.sandbox import status as counted

    with a_sandbox_file(file), Store(file) as store:
        for name, count in counted(store).items():
            click.echo(f"{count:>7}  {name}")

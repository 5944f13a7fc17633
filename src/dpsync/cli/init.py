"""`dpsync init`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from dpsync.cli.shared import is_interactive, settings_for

SEGMENTS = ("na", "eu", "ap")
HOSTS = ("github", "gitlab")
_READ_THEM = "Read the pipelines before you commit them: what is yours to fill in stands there in capitals."


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", metavar="NAME", help="What the workspace is called. Default: the name of the folder.")
@click.option(
    "--url",
    metavar="URL",
    help="The marketplace: na, eu or ap, a url, or `sandbox:` for one inside dpsync. Default: na.",
)
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="What its environment is called. Default: production, or sandbox.",
)
@click.option(
    "--vintage",
    type=click.Choice(["v1", "v2"]),
    default="v2",
    help="Which API the marketplace speaks. Default: v2.",
)
@click.option(
    "--domain", metavar="NAME", default="Sales", help="The domain of the first product. Default: Sales."
)
@click.option(
    "--editor/--no-editor",
    default=True,
    help="Whether to write dpsync.schema.json and the settings of Visual Studio Code that name it. Default: yes.",
)
@click.option("--ci", type=click.Choice(HOSTS), help="Write the pipelines of this host, too.")
def command(
    folder: Path,
    *,
    name: str | None,
    url: str | None,
    environment: str | None,
    vintage: str,
    domain: str,
    ci: str | None,
    editor: bool,
) -> None:
    """Begin a workspace: dpsync.yaml and a first product, with every line explained.

    Makes the workspace's id. On a terminal it asks for the name and the marketplace, unless they are given; elsewhere it takes
    the defaults. What it writes is valid. In a workspace that is there, `--ci` writes the pipelines only. It writes nothing where one of the files is there already, and opens no
    connection.
    """
    import secrets

    from dpsync.cli.schema import schema_text
    from dpsync.manifests.start import (
        Beginning,
        editor_files,
        first_files,
        must_be_alone,
        must_be_at_the_top,
        workspace_id,
        write_new,
    )
    from dpsync.model.hosts import VENDOR_HOSTS
    from dpsync.reports.layout import visible

    if ci is not None:
        must_be_at_the_top(folder)
        if (folder / "dpsync.yaml").is_file():
            _add_pipelines(folder, environment, ci)
            return
    must_be_alone(folder)
    asked = is_interactive()
    if name is None:
        usual = folder.resolve().name or "workspace"
        name = click.prompt("What is the workspace called?", default=usual, err=True) if asked else usual
    if url is None:
        question = "Which marketplace: na, eu, ap, a url, or sandbox: to try it out?"
        url = click.prompt(question, default="na", err=True) if asked else "na"
    if url in SEGMENTS:
        url = f"https://{url}{VENDOR_HOSTS}/marketplace"
    elif url == "sandbox":
        url = "sandbox:"
    environment = environment or ("sandbox" if url.startswith("sandbox:") else "production")
    made = Beginning(name, workspace_id(name, secrets.token_hex(6)), environment, url, vintage, domain, ci)
    texts = first_files(made) | (editor_files(schema_text()) if editor else {})
    _must_be_valid(texts)
    folder.mkdir(parents=True, exist_ok=True)
    write_new(folder, texts)
    for path in texts:
        click.echo(visible(f"Wrote {folder / path}"))
    click.echo("")
    for line in _next(folder, url, ci):
        click.echo(visible(line))


def _add_pipelines(folder: Path, environment: str | None, ci: str) -> None:
    """Write the pipelines of a workspace that is there already, and nothing else."""
    from dpsync.manifests.start import pipelines, write_new
    from dpsync.reports.layout import visible

    settings = settings_for(folder, environment)
    folders = {
        "products": settings.manifests,
        "exceptions": (settings.exceptions,),
        "environments": (settings.patches,),
    }
    texts = pipelines(ci, settings.environment, folders)
    write_new(folder, texts)
    for path in texts:
        click.echo(visible(f"Wrote {folder / path}"))
    click.echo(f"\n{_READ_THEM}")


def _must_be_valid(texts: Mapping[str, str]) -> None:
    """Refuse what was asked for where no workspace can be made of it. Raises InvalidManifests or UsageError."""
    from tempfile import TemporaryDirectory

    from dpsync import pipeline
    from dpsync.manifests.start import write_new

    with TemporaryDirectory(prefix="dpsync-") as made:
        write_new(Path(made), texts)
        pipeline.declared(settings_for(Path(made), None))


def _next(folder: Path, url: str, ci: str | None) -> list[str]:
    """What to do after that."""
    lines = ["Next:"] if folder == Path() else [f"Next, in {folder}:"]
    if not url.startswith("sandbox:"):
        lines.append("  export DPSYNC_TOKEN=…   a personal access token of the marketplace")
    lines += [
        "  dpsync doctor           whether everything is in order",
        "  dpsync validate         whether the manifests are valid",
        "  dpsync plan             what would change; changes nothing",
    ]
    if ci is not None:
        lines.append(_READ_THEM)
    return lines
